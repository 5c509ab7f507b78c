"""`%az` and `%%az` in a notebook's kernel."""

import json
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import labkit
from labkit.core.errors import BadInput
from labkit.lab import Lab
from labkit.sdk.az import AzError

HOW_TO = """
# As the how-to prints it.
az extension add -n azure-cli-ml
az ad sp create-for-rbac --sdk-auth --name ml-auth

az ad sp show --id your-client-id
az ml workspace share -w your-workspace-name \\
    -g your-resource-group-name --user your-sp-object-id --role owner
"""


@pytest.fixture
def shell() -> Any:
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    shell.run_line_magic("load_ext", "labkit")
    return shell


def test_a_line_prints_what_az_prints(shell: Any, lab: Lab, capsys: Any) -> None:
    shell.user_ns["lab"] = lab
    assert shell.run_line_magic("az", "account show") is None
    assert json.loads(capsys.readouterr().out)["id"] == "your-sub-id"


def test_names_of_the_notebook_are_filled_in(shell: Any, lab: Lab, capsys: Any) -> None:
    shell.user_ns |= {"lab": lab, "client_id": "your-client-id"}
    shell.run_line_magic("az", "ad sp show --id {client_id} --query objectId -o tsv", 1)
    assert capsys.readouterr().out == "your-sp-object-id\n"


def test_a_cell_holds_several(shell: Any, lab: Lab, capsys: Any) -> None:
    shell.user_ns["lab"] = lab
    shell.run_cell_magic("az", "", HOW_TO)
    out, err = capsys.readouterr()
    assert '"clientSecret": "your-client-secret"' in out
    assert '"objectId": "your-sp-object-id"' in out
    assert "We will patch it" in out
    assert err == ""


def test_the_first_refusal_ends_a_cell(shell: Any, lab: Lab, capsys: Any) -> None:
    shell.user_ns["lab"] = lab
    with pytest.raises(AzError):
        shell.run_cell_magic("az", "account show --query id", "foo\nlogout")
    assert capsys.readouterr().out == '"your-sub-id"\n'
    assert lab.az("account show")


def test_a_refusal_in_a_notebook_has_no_traceback(shell: Any, lab: Lab, capsys: Any) -> None:
    shell.user_ns["lab"] = lab
    done = shell.run_cell("%az foo")
    assert isinstance(done.error_in_exec, AzError)
    out = capsys.readouterr().out
    assert out.startswith("ERROR: az: 'foo' is not in the 'az' command group.")
    assert "Traceback" not in out


def test_a_bad_line_runs_nothing_of_a_cell(shell: Any, lab: Lab, capsys: Any) -> None:
    shell.user_ns["lab"] = lab
    with pytest.raises(AzError, match="no shell here"):
        shell.run_cell_magic("az", "", "account show\naccount show | cat")
    assert capsys.readouterr().out == ""


def test_the_only_lab_is_found_under_any_name(shell: Any, lab: Lab, capsys: Any) -> None:
    shell.user_ns["mine"] = shell.user_ns["_"] = lab
    shell.run_line_magic("az", "account show")
    assert capsys.readouterr().out


def test_of_two_labs_one_has_to_be_called_lab(shell: Any, lab: Lab) -> None:
    with pytest.raises(BadInput, match="no lab in this notebook"):
        shell.run_line_magic("az", "account show")
    shell.user_ns |= {"one": lab, "other": labkit.start()}
    with pytest.raises(BadInput, match="Which lab"):
        shell.run_line_magic("az", "account show")


def test_what_only_looks_like_a_lab_is_none(shell: Any) -> None:
    shell.user_ns["lab"] = "lab"
    with pytest.raises(BadInput):
        shell.run_line_magic("az", "account show")

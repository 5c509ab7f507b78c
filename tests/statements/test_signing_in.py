"""What the how-to says about signing in from a notebook and from a job, attempted in a lab of each release
with its own samples. Each test does what the ledger's `shown_by` says of its statement."""

import json
import re
from functools import partial
from pathlib import Path

import nbformat
import pytest

from labkit.azure import ARM as RESOURCE
from labkit.azure import PARTNER_TENANT
from labkit.checkout import checkout
from labkit.furniture import CLIENT_SECRET
from labkit.identity.token import Token
from labkit.lab import Lab
from labkit.runner.record import record
from tests.sdk import azureml_samples as samples
from tests.sdk.azureml_lab import PROMPT, hops
from tests.statements.conftest import refused, run, sdk, write_config

SIGN_IN = ("Get device code", "Approve device code", "Get token")
VARIABLES = {
    "AML_TENANT_ID": "your-tenant-id",
    "AML_PRINCIPAL_ID": "your-client-id",
    "AML_PRINCIPAL_PASS": "your-client-secret",
}
# In the order in which the how-to prints them.
FIELDS = [
    "tokenType",
    "expiresIn",
    "expiresOn",
    "resource",
    "accessToken",
    "isMRRT",
    "_clientId",
    "_authority",
]
SCOPE = f"{RESOURCE}.default"
# Passwords, secrets and keys of the lab all look like this.
SECRET = re.compile(rf"{CLIENT_SECRET}|\blab-[0-9a-f]{{24}}\b")


@pytest.fixture
def lab(stating: Lab, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    return stating


# ---- interactive


@pytest.mark.proves("authn-interactive")
def test_both_snippets_show_the_prompt_and_give_the_same_workspace(
    lab: Lab, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_config(folder)
    found = []
    for cells in ((samples.FROM_CONFIG,), (samples.FROM_CONFIG.splitlines()[1], samples.EXPLICIT)):
        with lab.activate("carl"):
            lab.trace.clear()
            found.append(run(*cells)["ws"])
            assert hops(lab, *SIGN_IN) == [
                ("carl", "Get device code", "no credential", "ok"),
                ("carl", "Approve device code", "password", "ok"),
                ("carl", "Get token", "device code", "ok"),
            ]
            assert capsys.readouterr().out.count(PROMPT) == 1
    assert found[0] == found[1]
    assert found[0].id == f"{lab.subscription}/resourceGroups/your-resource-group-id/providers/" + (
        "Microsoft.MachineLearningServices/workspaces/your-workspace-name"
    )


@pytest.mark.proves("authn-interactive")
def test_with_too_little_or_another_workspace_in_the_file_the_two_are_not_the_same(
    lab: Lab, folder: Path
) -> None:
    with lab.activate("carl"):
        write_config(folder, workspace_name="")
        refused("UserErrorException", lambda: run(samples.FROM_CONFIG))
        write_config(folder, resource_group="your-resource-group-name")
        names = run(samples.FROM_CONFIG)
        assert names["ws"] != run(samples.EXPLICIT, **names)["ws"]


@pytest.mark.proves("authn-interactive")
def test_the_prompt_lets_in_whoever_answers_it_and_no_further_than_their_role(lab: Lab) -> None:
    lab.hire("nora")
    for person, code in (("rita", ""), ("nora", "AuthorizationFailed")):
        with lab.activate(person):
            try:
                run(samples.FROM_CONFIG.splitlines()[1], samples.EXPLICIT)
                outcome = ""
            except sdk("exceptions", "ProjectSystemException") as error:
                outcome = error.code
        assert outcome == code


@pytest.mark.proves("authn-interactive-tenant")
def test_a_user_of_two_tenants_is_asked_which_and_the_explicit_form_selects_it(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    with lab.activate("gita"):
        imported = run(samples.FROM_CONFIG.splitlines()[1])
        error = refused("AuthenticationException", lambda: run(samples.EXPLICIT, **imported))
        assert error.message.startswith("Which tenant?")
        for tenant in (lab.tenant, PARTNER_TENANT):
            assert f'InteractiveLoginAuthentication(tenant_id="{tenant}")' in error.required
        assert (hops(lab, *SIGN_IN), capsys.readouterr().out) == ([], "")
        auth = run(samples.TENANT)["interactive_auth"]
        assert Token(auth.bearer().token, lab.clock).claims["tid"] == "your-tenant-id"
        assert run(samples.EXPLICIT, **imported)["ws"].name == "your-workspace-name"


@pytest.mark.proves("authn-interactive-tenant")
def test_the_other_tenant_is_selected_likewise_and_its_token_is_worth_nothing_here(lab: Lab) -> None:
    with lab.activate("gita"):
        imported = run(samples.FROM_CONFIG.splitlines()[1])
        there = run(samples.TENANT.replace("your-tenant-id", PARTNER_TENANT))["interactive_auth"]
        assert Token(there.bearer().token, lab.clock).claims["tid"] == PARTNER_TENANT
        error = refused("AuthenticationException", lambda: run(samples.EXPLICIT, **imported))
        assert error.code == "InvalidAuthenticationTokenTenant"
        # Each sign-in stays with its tenant, whichever came last.
        here = run(samples.TENANT)["interactive_auth"]
        tenants = [Token(one.bearer().token, lab.clock).claims["tid"] for one in (there, here)]
        assert tenants == [PARTNER_TENANT, "your-tenant-id"]
    with lab.activate("carl"):
        one_tenant = run(samples.FROM_CONFIG.splitlines()[1], samples.EXPLICIT)
        assert one_tenant["ws"].name == "your-workspace-name"


@pytest.mark.proves("authn-interactive-headless")
def test_with_nobody_there_the_error_names_the_other_way_and_that_one_works(
    lab: Lab, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_config(folder)
    with lab.activate(person=None):
        imported = run(samples.FROM_CONFIG.splitlines()[1])
        for sample in (samples.FROM_CONFIG, samples.EXPLICIT, samples.TENANT):
            error = refused("AuthenticationException", partial(run, sample, **imported))
            assert "ServicePrincipalAuthentication(tenant_id=..." in error.required
        assert hops(lab, *SIGN_IN) == []
        names = run(samples.PRINCIPAL, **imported)
        assert run("ws = Workspace.from_config(auth=sp)", **names)["ws"].name == "your-workspace-name"
    assert PROMPT not in capsys.readouterr().out
    assert hops(lab, *SIGN_IN) == [("automation", "Get token", "client secret", "ok")]


# ---- as a service principal


@pytest.mark.proves("authn-sp-sdk")
def test_the_snippets_run_as_printed_and_the_workspace_answers(lab: Lab) -> None:
    with lab.activate(person=None):
        names = run(samples.PRINCIPAL, samples.GET)
    assert names["details"]["id"] == lab.workspace
    # The sample says nothing of a group: the workspace is looked for, and then asked.
    asked = [hop for hop in lab.trace if hop.operation == "GET" and hop.scope == lab.workspace]
    assert {hop.subject for hop in asked} == {"ml-auth (service principal)"}


@pytest.mark.proves("authn-sp-sdk")
@pytest.mark.parametrize(
    ("right", "wrong", "code"),
    [
        ("your-client-secret", "another-secret", "AADSTS7000215"),
        ("your-client-id", "another-client", "AADSTS700016"),
        ("your-tenant-id", PARTNER_TENANT, "AADSTS700016"),
        ("your-tenant-id", "another-tenant", "AADSTS90002"),
    ],
)
def test_what_is_wrong_in_them_fails_with_its_own_code(lab: Lab, right: str, wrong: str, code: str) -> None:
    with lab.activate(person=None):
        names = run(samples.PRINCIPAL.replace(right, wrong))
        error = refused("AuthenticationException", lambda: run(samples.GET, **names))
    assert error.code == code
    assert code in str(error)
    assert "another-secret" not in f"{error} {error!r}"


@pytest.mark.proves("authn-sp-env")
def test_what_the_environment_holds_is_what_signs_in(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    with lab.activate(person=None):
        names = run(samples.PRINCIPAL, samples.ENVIRONMENT, samples.GET)
        assert names["details"]["id"] == lab.workspace
        monkeypatch.setenv("AML_PRINCIPAL_PASS", "another-secret")
        names = run(samples.PRINCIPAL, samples.ENVIRONMENT)
        assert refused("AuthenticationException", lambda: run(samples.GET, **names)).code == "AADSTS7000215"


@pytest.mark.proves("authn-sp-env")
@pytest.mark.parametrize("missing", VARIABLES)
def test_a_variable_that_is_missing_or_empty_is_a_clear_error(
    lab: Lab, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lab.activate(person=None):
        imported = run(samples.PRINCIPAL)
        monkeypatch.setenv(missing, "")
        error = refused("UserErrorException", lambda: run(samples.ENVIRONMENT, **imported))
        assert "environment variable" in error.advice
        monkeypatch.delenv(missing)
        with pytest.raises(KeyError, match=missing):
            run(samples.ENVIRONMENT, **imported)
    assert len(lab.trace) == 0


def outputs(text: str) -> str:
    """All that a saved notebook shows beside its own code. The text of an exercise quotes the sample, with
    a placeholder where the secret goes: that is taken out."""
    cells = nbformat.reads(text, as_version=4).cells
    shown = {cell.id: json.dumps(cell.outputs) for cell in cells if cell.cell_type == "code"}
    quoting = {cell.id for cell in cells if "= exercise(" in cell.source}
    return "".join(said.replace(CLIENT_SECRET, "") if id in quoting else said for id, said in shown.items())


@pytest.mark.proves("authn-sp-env")
def test_a_notebook_that_does_so_is_saved_without_the_secret(lab: Lab, folder: Path) -> None:
    begin = f"import labkit\nlab = labkit.start({lab.release.name!r})\nlab.activate(person=None)"
    cells = (begin, samples.PRINCIPAL.splitlines()[1], samples.ENVIRONMENT, "sp", samples.GET, "ws")
    more = ("vars(sp)", "details", "lab.trace", "lab.deactivate()")
    made = [nbformat.v4.new_code_cell(cell, id=f"c{n}") for n, cell in enumerate((*cells, *more))]
    nbformat.write(nbformat.v4.new_notebook(cells=made), folder / "job.ipynb")
    saved = outputs(record(folder / "job.ipynb"))
    assert "ServicePrincipalAuthentication(tenant_id='your-tenant-id'" in saved
    assert "client secret" in saved
    assert not SECRET.search(saved)


@pytest.mark.proves("authn-sp-env")
def test_no_notebook_of_the_course_has_a_secret_in_what_it_shows() -> None:
    paths = sorted((checkout() / "notebooks").glob("*.ipynb"))
    assert paths
    assert [path.name for path in paths if SECRET.search(outputs(path.read_text("utf-8")))] == []

"""Statements, the stance of a release, and where they are proved and shown."""

import dataclasses
import json
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import labkit
from labkit.checkout import checkout
from labkit.citations import cells
from labkit.citations import tests as proofs
from labkit.core.errors import BadInput
from labkit.ledger import HOW_TO, Statement, coverage, faults, statement, statements
from labkit.releases import RELEASES

ALL = list(statements().values())


# ---- a statement


def test_a_statement_is_found_by_its_id() -> None:
    found = statement("authn-b2b")
    assert (found.id, found.releases) == ("authn-b2b", ("2020-03",))
    assert "guests" in found.says


def test_the_package_offers_it() -> None:
    assert labkit.statement("authn-b2b") == statement("authn-b2b")


def test_the_text_has_what_is_said_by_whom_and_when() -> None:
    assert repr(statement("enc-aci-none")).splitlines() == [
        "enc-aci-none",
        "  Disk encryption is something ACI does not offer, and whoever needs it is advised to use AKS.",
        "  stated in     2020-01-09  Enterprise security for Azure Machine Learning",
        "  otherwise in  2020-03-13  Enterprise security for Azure Machine Learning",
        "  opposed by    enc-aci-cmk",
    ]


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.id)
def test_every_text_is_complete(one: Statement) -> None:
    shown = " ".join(repr(one).split())
    assert " ".join(one.says.split()) in shown
    assert all(id in shown for id in one.opposed_by)
    for document in one.documents:
        assert f"{document.date} {document.title}" in shown
        assert date.fromisoformat(document.date).strftime("%Y-%m") == document.release


def test_it_is_shown_as_text_and_never_changes() -> None:
    one = statement("authn-b2b")
    assert one._repr_mimebundle_()["text/plain"] == repr(one)
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.says = "otherwise"  # type: ignore[misc]


@pytest.mark.parametrize("typed", ["authn-b2c", "authn_b2b", "authn-b2b "])
def test_an_unknown_id_names_the_nearest(typed: str) -> None:
    with pytest.raises(BadInput, match="no such statement") as caught:
        statement(typed)
    assert "authn-b2b" in caught.value.required


@pytest.mark.parametrize("typed", ["", "zzzzzzzz", None, 7, ["authn-b2b"], {"id": 1}, "x" * 100_000])
def test_what_is_like_no_id_is_refused_briefly(typed: Any) -> None:
    with pytest.raises(BadInput) as caught:
        statement(typed)
    assert len(str(caught.value)) < 400


def test_opposition_names_statements_that_exist() -> None:
    assert {id for one in ALL for id in one.opposed_by} <= statements().keys()


def test_the_documents_table_of_operations_by_role_is_there_row_by_row() -> None:
    tables = {one.id: one.table for one in ALL if one.table}
    assert {id: len(table) for id, table in tables.items()} == {"rbac-matrix": 12, "rbac-upgrade": 1}
    for table in tables.values():
        for roles in table.values():
            # Whoever may do something in it, those above may do as well.
            assert roles in (("Owner",), ("Owner", "Contributor"), ("Owner", "Contributor", "Reader"))


def test_a_row_says_in_the_table_what_it_says_in_words() -> None:
    one = statement("rbac-matrix")
    words = " ".join(one.says.split())
    *_, all_three, two, owner = re.split(
        r"Owner, Contributor and Reader: |Owner and Contributor: |Owner by itself: ", words
    )
    said = {1: owner, 2: two, 3: all_three}
    for operation, roles in one.table.items():
        [found] = [count for count, text in said.items() if operation.lower().removesuffix("s") in text]
        assert found == len(roles), operation


def test_a_table_never_changes() -> None:
    with pytest.raises(TypeError):
        statement("rbac-matrix").table["Fly"] = ("Owner",)  # type: ignore[index]


# ---- the stance of a release


@pytest.mark.parametrize(
    ("id", "release", "stance"),
    [
        ("enc-aci-none", "2020-01", "states"),
        ("enc-aci-none", "2020-03", "says otherwise"),
        ("enc-aci-none", "2019-08", "is silent"),
        ("authn-b2b", "2020-01", "is silent"),
        ("rbac-upgrade", "2019-08", "says otherwise"),
    ],
)
def test_a_release_states_opposes_or_is_silent(id: str, release: str, stance: str) -> None:
    assert statement(id).stance(release) == stance


@pytest.mark.parametrize("release", RELEASES)
def test_the_how_to_goes_with_every_lab(release: str) -> None:
    only_there = [one for one in ALL if one.releases == (HOW_TO,)]
    assert only_there
    assert {one.stance(release) for one in only_there} == {"states"}


@pytest.mark.parametrize("release", RELEASES)
def test_no_release_states_what_it_opposes(release: str) -> None:
    assert [one.id for one in ALL if release in one.releases and one.stance(release) != "states"] == []


@pytest.mark.parametrize("release", ["2018-01", "", None, 2020, ["2020-03"]])
def test_a_stance_needs_a_release(release: Any) -> None:
    with pytest.raises(BadInput, match="no document of this release") as caught:
        ALL[0].stance(release)
    assert '"2020-03"' in caught.value.required


# ---- coverage of a small course


def write_tests(root: Path, name: str, text: str) -> None:
    path = root / "tests" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def write_notebook(root: Path, name: str, *sources: str | list[str], kind: str = "code") -> None:
    code = [{"cell_type": kind, "id": f"c{n}", "metadata": {}, "source": s} for n, s in enumerate(sources, 1)]
    path = root / "notebooks" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": code, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), "utf-8")


def row(root: Path, id: str) -> dict[str, Any]:
    [found] = [one for one in coverage(root) if one["id"] == id]
    return found


def test_a_statement_with_a_test_and_a_cell_is_proved(tmp_path: Path) -> None:
    write_tests(
        tmp_path,
        "statements/test_a.py",
        "import pytest\n@pytest.mark.proves('authn-mfa')\ndef test_one(): ...\n",
    )
    write_notebook(tmp_path, "01-a.ipynb", "lab = 1", 'statement("authn-mfa")')
    one = statement("authn-mfa")
    assert row(tmp_path, "authn-mfa") == {
        "id": "authn-mfa",
        "says": one.says,
        "releases": list(one.releases),
        "tests": ["tests/statements/test_a.py::test_one"],
        "notebooks": ["01-a.ipynb#c2"],
        "proved": True,
    }
    assert faults(tmp_path) == []


@pytest.mark.parametrize("half", ["test", "cell", "neither"])
def test_half_of_it_is_not_enough(tmp_path: Path, half: str) -> None:
    if half == "test":
        write_tests(tmp_path, "test_a.py", "@pytest.mark.proves('authn-mfa')\ndef test_one(): ...\n")
    if half == "cell":
        write_notebook(tmp_path, "01-a.ipynb", 'statement("authn-mfa")')
    assert row(tmp_path, "authn-mfa")["proved"] is False


def test_there_is_a_row_for_each_statement_in_the_order_of_the_ledger(tmp_path: Path) -> None:
    assert [one["id"] for one in coverage(tmp_path)] == list(statements())
    assert json.loads(json.dumps(coverage(tmp_path))) == coverage(tmp_path)


def test_marks_are_found_wherever_pytest_collects(tmp_path: Path) -> None:
    write_tests(
        tmp_path,
        "deep/er/test_a.py",
        "from pytest import mark\n"
        "@mark.parametrize('x', [1])\n@mark.proves('authn-mfa')\n@mark.proves('authn-b2b')\n"
        "def test_two(x): ...\n"
        "class TestGroup:\n    @mark.proves('authn-mfa')\n    def test_in_class(self): ...\n"
        "@mark.slow\ndef test_unmarked(): 'proves authn-mfa'\n",
    )
    assert row(tmp_path, "authn-b2b")["tests"] == ["tests/deep/er/test_a.py::test_two"]
    assert row(tmp_path, "authn-mfa")["tests"] == [
        "tests/deep/er/test_a.py::test_two",
        "tests/deep/er/test_a.py::TestGroup::test_in_class",
    ]


def test_the_ids_are_those_that_pytest_gives(tmp_path: Path) -> None:
    text = (
        "import pytest\n@pytest.mark.proves('authn-mfa')\ndef test_one(): ...\n"
        "class TestGroup:\n    @pytest.mark.proves('authn-mfa')\n    def test_two(self): ...\n"
    )
    write_tests(tmp_path, "test_a.py", text)
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "--rootdir", str(tmp_path), "tests"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert proofs(tmp_path).places["authn-mfa"] == done.stdout.split("\n\n")[0].split()


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("test_a.py", "@pytest.mark.proves('authn-mfa')\ndef helper(): ...\n"),
        ("helpers.py", "@pytest.mark.proves('authn-mfa')\ndef test_one(): ...\n"),
        ("test_a.py", "ID = 'authn-mfa'\n@pytest.mark.proves(ID)\ndef test_one(): ...\n"),
        ("test_a.py", "@pytest.mark.proves('authn-mfa')\ndef test_one(:\n"),
    ],
    ids=["no test", "no test file", "not written out", "no Python"],
)
def test_a_mark_that_proves_nothing_is_a_fault(tmp_path: Path, file: str, text: str) -> None:
    write_tests(tmp_path, file, text)
    assert row(tmp_path, "authn-mfa")["tests"] == []
    assert [f"tests/{file}" in one for one in faults(tmp_path)] == [True]


@pytest.mark.parametrize(
    "source",
    [
        'statement("authn-mfa")',
        'labkit.statement("authn-mfa").stance("2020-01")',
        ["%load_ext labkit\n", "!ls\n", 'x = statement("authn-mfa")\n', "x?"],
        "here = %pwd\nstatement('authn-mfa')",
        'for each in (statement("authn-mfa"),):\n    print(each)',
    ],
)
def test_a_citation_is_found_beside_magics(tmp_path: Path, source: str | list[str]) -> None:
    write_notebook(tmp_path, "a.ipynb", source)
    assert cells(tmp_path).places == {"authn-mfa": ["a.ipynb#c1"]}


@pytest.mark.parametrize(
    "source",
    [
        '# statement("authn-mfa")',
        "text = \"statement('authn-mfa')\"",
        "statement(id)",
        'statement("authn-mfa"',
        '%%html\n<p>statement("authn-mfa")</p>',
        'other("authn-mfa")',
    ],
)
def test_what_is_no_call_is_no_citation(tmp_path: Path, source: str) -> None:
    write_notebook(tmp_path, "a.ipynb", source)
    assert cells(tmp_path).places == {}
    assert faults(tmp_path) == []


def test_prose_is_no_citation(tmp_path: Path) -> None:
    write_notebook(tmp_path, "a.ipynb", 'statement("authn-mfa")', kind="markdown")
    assert cells(tmp_path).places == {}


def test_the_copies_that_jupyter_keeps_do_not_count(tmp_path: Path) -> None:
    write_notebook(tmp_path, ".ipynb_checkpoints/a-checkpoint.ipynb", 'statement("authn-mfa")')
    assert cells(tmp_path).places == {}


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"cells": 3}', '{"cells": [4]}', "\x00"])
def test_what_is_no_notebook_is_a_fault(tmp_path: Path, content: str) -> None:
    write_notebook(tmp_path, "a.ipynb")
    (tmp_path / "notebooks" / "a.ipynb").write_text(content, "utf-8")
    [fault] = faults(tmp_path)
    assert fault.startswith("notebooks/a.ipynb: cannot be read")


def test_a_citation_of_nothing_is_a_fault_that_helps(tmp_path: Path) -> None:
    write_tests(tmp_path, "test_a.py", "@pytest.mark.proves('authn-mfaa')\ndef test_one(): ...\n")
    write_notebook(tmp_path, "a.ipynb", 'statement("qqq")')
    first, second = faults(tmp_path)
    assert first.startswith("tests/test_a.py::test_one: ")
    assert "did you mean authn-mfa" in first
    assert second == "a.ipynb#c1: the ledger has no statement 'qqq'"


# ---- this course


def test_this_course_cites_only_what_there_is() -> None:
    assert faults(checkout()) == []


def test_what_a_notebook_shows_a_test_proves_and_the_other_way_round() -> None:
    rows = coverage(checkout())
    assert [one["id"] for one in rows if bool(one["tests"]) != bool(one["notebooks"])] == []


def test_without_a_checkout_the_message_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="The course is not here") as caught:
        checkout(tmp_path / "site-packages" / "labkit")
    assert "editable" in caught.value.required


def test_the_checkout_is_the_folder_of_the_package() -> None:
    assert (checkout() / "labkit" / "statements.toml").is_file()

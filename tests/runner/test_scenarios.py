"""Reading scenarios: everything that is wrong is said at once, before anything runs."""

from pathlib import Path
from typing import Any

import pytest

from labkit.core.errors import BadInput
from labkit.runner.parameters import defaults, unfit
from labkit.runner.scenarios import choose, read

from .conftest import PARAMETERS, Write

GOOD: dict[str, Any] = {
    "name": "expired-token",
    "notebook": "a.ipynb",
    "says": "What it is about.",
    "parameters": {"release": "2020-01", "age": 61},
    "expect": {"call": "refused"},
}


def said(path: Path) -> str:
    with pytest.raises(BadInput) as caught:
        read(path)
    return str(caught.value)


# ---- scenarios


def test_a_scenario_is_read(notebook: Write, scenarios: Write) -> None:
    path = notebook(PARAMETERS)
    [one] = read(scenarios(GOOD))
    assert (one.name, one.notebook, one.says) == ("expired-token", path, "What it is about.")
    assert (one.parameters, one.expect) == ({"release": "2020-01", "age": 61}, {"call": "refused"})


def test_parameters_may_be_left_out(notebook: Write, scenarios: Write) -> None:
    notebook(PARAMETERS)
    [one] = read(scenarios({key: value for key, value in GOOD.items() if key != "parameters"}))
    assert one.parameters == {}


@pytest.mark.parametrize("key", ["name", "notebook", "says", "expect"])
@pytest.mark.parametrize("value", [None, 3, "", {}, []])
def test_what_is_needed_must_be_there(notebook: Write, scenarios: Write, key: str, value: Any) -> None:
    notebook(PARAMETERS)
    entry = {**GOOD, key: value}
    if value is None:
        del entry[key]
    assert f"{key} must be a t" in said(scenarios(entry))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"expects": 3}, "unknown key 'expects'; known are name, notebook, says, parameters, expect"),
        ({"name": "Expired Token"}, "small letters, digits and hyphens"),
        ({"name": "../../etc"}, "small letters, digits and hyphens"),
        ({"notebook": "b.ipynb"}, "'b.ipynb' is no notebook of this folder"),
        ({"notebook": "../a.ipynb"}, "'../a.ipynb' is no notebook of this folder"),
        ({"notebook": "scenarios.toml"}, "'scenarios.toml' is no notebook of this folder"),
        ({"parameters": 3}, "parameters must be a table"),
        ({"parameters": {"releas": "2020-01"}}, "a.ipynb has no parameter 'releas'; it has release, age, "),
        ({"parameters": {"release": 2020}}, "parameter 'release' is 2020 where the default is '2020-03'"),
        ({"parameters": {"age": "61"}}, "it must be a whole number"),
        ({"parameters": {"age": True}}, "it must be a whole number"),
        ({"parameters": {"mfa": 1}}, "it must be true or false"),
        ({"parameters": {"names": "carl"}}, "it must be a list"),
        ({"expect": {"call": {"code": 3}}}, "expect: 'call' must be a text, a number, true or false"),
    ],
)
def test_a_fault_is_named(notebook: Write, scenarios: Write, change: dict[str, Any], fault: str) -> None:
    notebook(PARAMETERS)
    text = said(scenarios({**GOOD, **change}))
    assert fault in text
    assert "has 1 fault, and nothing was run" in text


def test_all_faults_are_named_at_once(notebook: Write, scenarios: Write) -> None:
    notebook(PARAMETERS)
    wrong = {**GOOD, "name": "second", "notebook": "b.ipynb", "extra": 1}
    text = said(scenarios("colour = 3", GOOD, GOOD, wrong, {"says": "Nothing else."}, "[scenarios]"))
    assert text.splitlines()[0].endswith("has 8 faults, and nothing was run.")
    for fault in (
        "unknown key 'colour'",
        "unknown key 'scenarios'",
        "expired-token: the name stands twice",
        "second: unknown key 'extra'",
        "second: 'b.ipynb' is no notebook",
        "scenario 4: name must be a text",
        "scenario 4: notebook must be a text",
        "scenario 4: expect must be a table",
    ):
        assert fault in text


@pytest.mark.parametrize("text", ["", "scenario = 3", "scenario = []", "[scenario]\nname = 'a'"])
def test_a_file_without_scenarios_is_at_fault(scenarios: Write, text: str) -> None:
    assert "it has no [[scenario]]" in said(scenarios(text))


def test_an_entry_that_is_no_table_is_at_fault(scenarios: Write) -> None:
    assert "scenario 2 is not a table" in said(scenarios("scenario = [{}, 3]"))


def test_what_is_no_toml_is_at_fault_with_its_line(scenarios: Write) -> None:
    assert "line 2" in said(scenarios("[[scenario]]\nname = \n"))


def test_bytes_that_are_no_text_are_at_fault(tmp_path: Path) -> None:
    path = tmp_path / "scenarios.toml"
    path.write_bytes(b"\xff\xfe")
    assert "cannot be read" in said(path)


def test_a_missing_file_is_at_fault(tmp_path: Path) -> None:
    assert "There are no scenarios" in said(tmp_path / "scenarios.toml")


def test_a_folder_is_at_fault(tmp_path: Path) -> None:
    assert "cannot be read" in said(tmp_path)


def test_some_are_chosen_by_name_in_the_order_of_the_file(notebook: Write, scenarios: Write) -> None:
    notebook(PARAMETERS)
    all_of_them = read(scenarios(*({**GOOD, "name": name} for name in "abc")))
    assert [one.name for one in choose(all_of_them, ["c", "a", "c"])] == ["a", "c"]
    assert choose(all_of_them, []) == all_of_them


def test_an_unknown_name_lists_the_known(notebook: Write, scenarios: Write) -> None:
    notebook(PARAMETERS)
    all_of_them = read(scenarios(*({**GOOD, "name": name} for name in "abc")))
    with pytest.raises(BadInput, match="no such scenario") as caught:
        choose(all_of_them, ["a", "x", ""])
    assert (caught.value.presented, caught.value.required) == ("'x', ''", "a, b, c")


# ---- the parameters of a notebook


def test_defaults_are_read_from_the_tagged_cell(notebook: Write) -> None:
    path = notebook(PARAMETERS, "other = 3")
    known = {"release": "2020-03", "age": 59, "share": 0.5, "mfa": False, "names": ["carl"], "any": None}
    assert defaults(path) == known


def test_defaults_that_papermill_misreads_are_read(notebook: Write) -> None:
    source = 'url = "https://x?y=z"\nhash = "a # b"\nminutes: int = 3\nlong = [\n    1,\n]\nnow = f(3)'
    expected = {"url": "https://x?y=z", "hash": "a # b", "minutes": 3, "long": [1], "now": None}
    assert defaults(notebook(source)) == expected


def test_a_notebook_without_the_cell_has_no_parameters(notebook: Write) -> None:
    assert defaults(notebook("a = 3", tags=((),))) == {}


def test_two_such_cells_are_one_too_many(notebook: Write) -> None:
    with pytest.raises(BadInput, match="Several cells"):
        defaults(notebook("a = 3", "b = 3", tags=(("parameters",), ("parameters",))))


def test_a_cell_that_is_no_python_is_named(notebook: Write, scenarios: Write) -> None:
    notebook("a = = 3")
    assert "a.ipynb: Its parameters cell is not Python." in said(scenarios(GOOD))


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"cells": [{}]}', '{"cells": 3}', "null"])
def test_what_is_no_notebook_is_named(tmp_path: Path, scenarios: Write, content: str) -> None:
    (tmp_path / "a.ipynb").write_text(content, "utf-8")
    assert "a.ipynb: This is not a notebook." in said(scenarios(GOOD))


@pytest.mark.parametrize(
    ("value", "default"), [("a", "b"), (1, 2), (1, 0.5), (0.5, 1.5), (True, False), ([1], []), (3, None)]
)
def test_a_value_of_the_default_s_type_fits(value: Any, default: Any) -> None:
    assert unfit(value, default) == ""


@pytest.mark.parametrize(("value", "default"), [(0.5, 1), (True, 1), (1, True), ({}, None), ([], "a")])
def test_a_value_of_another_type_does_not(value: Any, default: Any) -> None:
    assert unfit(value, default)

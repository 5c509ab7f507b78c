"""Grids: what was typed becomes runs, or is refused before anything runs."""

from pathlib import Path
from typing import Any

import pytest

from labkit.checkout import checkout
from labkit.core.errors import BadInput
from labkit.runner.grid import grid
from labkit.runner.parameters import allowed, defaults, unfit
from labkit.runner.scenarios import read

from .conftest import Write

NOTEBOOKS = checkout() / "notebooks"
CELL = """\
release = "2020-03"  # which release of the documents the lab follows
region = "up"  # the workspace's region when the client calls: up or down
# carl, on the internet; carl, in the virtual network
caller = "carl, on the internet"
client = "keeps it"  # or: gets a new one first
store = "blobs"  # files, blobs ...
via = "directly"  # how it is held: directly, group, nested group (in section 7)
who = "carl"  # carl, or "your-client-id" for the application (not: gita)
caches = "cold"  # its caches: cold, or warm, which is after it has happened once
note = "a # b: c or d"
age = 59  # in minutes: 59 or 61
share = 0.5
hbi = False
names = ["carl"]
any = None"""


def made(path: Path, *axes: str) -> list[dict[str, Any]]:
    return [one.parameters for one in grid(path.parent, path.name, axes)]


def test_a_grid_is_the_product_of_its_axes_in_the_order_of_typing(notebook: Write) -> None:
    path = notebook(CELL)
    runs = grid(path.parent, "a.ipynb", ["region=up,down", "hbi=true,false", "age=59,61,63"])
    assert len(runs) == 12
    assert [one.name for one in runs][:2] == ["a-01", "a-02"]
    assert runs[0].parameters == {"region": "up", "hbi": True, "age": 59}
    assert runs[-1].parameters == {"region": "down", "hbi": False, "age": 63}
    assert runs[3].says == "region = 'up', hbi = False, age = 59"
    assert all(one.expect == {} and one.notebook == path for one in runs)


def test_values_are_of_the_type_of_the_default(notebook: Write) -> None:
    path = notebook(CELL)
    assert made(path, "share=0.25, 3") == [{"share": 0.25}, {"share": 3.0}]
    assert made(path, "any=x,3") == [{"any": "x"}, {"any": "3"}]
    assert made(path, 'caller="carl, in the virtual network"') == [{"caller": "carl, in the virtual network"}]


@pytest.mark.parametrize(
    ("axes", "fault"),
    [
        (["regio=up"], "no such parameter"),
        (["region"], "no axis of a grid"),
        (["region="], "no axis of a grid"),
        (["=up"], "no such parameter"),
        (["region=up,sideways"], "'region' is 'sideways'; it may be 'up', 'down'"),
        (["region=up,"], "'region' is ''"),
        (["region=up,up"], "stands twice"),
        (["region=up", "region=down"], "two axes"),
        (["age=59,old"], "must be a whole number"),
        (["age=59.5"], "must be a whole number"),
        (["hbi=yes"], "must be true or false"),
        (["share=half"], "must be a number"),
        (["names=carl"], "list makes no axis"),
    ],
)
def test_what_is_wrong_is_refused(notebook: Write, axes: list[str], fault: str) -> None:
    path = notebook(CELL)
    with pytest.raises(BadInput, match=fault):
        grid(path.parent, path.name, axes)


@pytest.mark.parametrize(
    ("name", "fault"), [("", "of one notebook"), ("b.ipynb", "no such"), ("../a.ipynb", "no such")]
)
def test_a_grid_is_of_a_notebook_of_the_folder(notebook: Write, name: str, fault: str) -> None:
    path = notebook(CELL)
    with pytest.raises(BadInput, match=fault):
        grid(path.parent, name, ["age=1"])


def test_what_a_comment_lists_is_allowed(notebook: Write) -> None:
    assert allowed(notebook(CELL)) == {
        "region": ("up", "down"),
        "caller": ("carl, on the internet", "carl, in the virtual network"),
        "client": ("keeps it", "gets a new one first"),
        "via": ("directly", "group", "nested group"),
        "who": ("carl", "your-client-id"),
        "caches": ("cold", "warm"),
    }


def test_only_a_text_of_the_right_type_is_looked_up() -> None:
    assert unfit("b", "a", ("a", "c")) == "is 'b'; it may be 'a', 'c'"
    assert unfit("c", "a", ("a", "c")) == ""
    assert "must be a text" in unfit(3, "a", ("a", "c"))


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_the_defaults_of_the_course_are_allowed(path: Path) -> None:
    known = defaults(path)
    assert all(known[name] in values for name, values in allowed(path).items())


def test_the_course_s_comments_are_understood() -> None:
    """As far as they list values; every scenario's are among them, or `read` would refuse."""
    assert read(NOTEBOOKS / "scenarios.toml")
    found = {name for path in NOTEBOOKS.glob("*.ipynb") for name in allowed(path)}
    assert found >= {"who", "scope", "via", "target", "region", "whose", "event", "protection", "regenerate"}

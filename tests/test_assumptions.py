"""What the lab assumes is marked in the code and listed, and nothing else is."""

import re
import tomllib
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

import labkit
from labkit.assumptions import Assumption, assumptions

PACKAGE = Path(labkit.__file__).parent
MARK = re.compile(r"assumption: ([a-z0-9-]+)")


def marked() -> set[tuple[str, str]]:
    """(id, module) of every mark in the code."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        module = ".".join(("labkit", *path.relative_to(PACKAGE).with_suffix("").parts))
        found |= {(id, module.removesuffix(".__init__")) for id in MARK.findall(path.read_text("utf-8"))}
    return found


def test_every_mark_is_listed_and_everything_listed_is_marked() -> None:
    assert {(one.id, one.where) for one in assumptions()} == marked()


def test_no_id_is_listed_twice() -> None:
    counts = Counter(one.id for one in assumptions())
    assert [id for id, count in counts.items() if count > 1] == []


def test_the_list_holds_what_its_head_explains_and_nothing_else() -> None:
    content = tomllib.loads((PACKAGE / "assumptions.toml").read_text("utf-8"))
    assert content.keys() == {"assumption"}
    assert {key for entry in content["assumption"] for key in entry} == {"id", "says", "why", "where"}


@pytest.mark.parametrize("one", assumptions(), ids=lambda one: one.id)
def test_each_is_told_in_sentences_and_lives_in_a_module(one: Assumption) -> None:
    assert re.fullmatch(r"[A-Z].+\.", one.says)
    assert re.fullmatch(r"[A-Z].+\.", one.why)
    assert import_module(one.where)


def test_its_text_is_complete() -> None:
    one = assumptions()[0]
    shown = " ".join(repr(one).split())
    assert all(text in shown for text in (one.id, one.says, one.why, one.where))
    assert max(map(len, repr(one).splitlines())) <= 100

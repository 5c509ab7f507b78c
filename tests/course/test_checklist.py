"""The hardening checklist: every line has a statement behind it and an exercise that shows why."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

import labkit
from labkit.course.checklist import Line, checklist
from labkit.display import render
from labkit.ledger import statements

EACH = pytest.mark.parametrize(
    "line", checklist().lines, ids=lambda line: f"{line.statement}/{line.exercise.id}"
)
# What the ledger calls its sections, each with the ids under it.
_HEADING = re.compile(r"^# -{20,} (.+)$", re.MULTILINE)


def families() -> dict[str, set[str]]:
    text = (Path(labkit.__file__).parent / "statements.toml").read_text("utf-8")
    _, *parts = _HEADING.split(text)
    return {
        name: set(re.findall(r'^id = "([a-z0-9-]+)"$', part, re.MULTILINE))
        for name, part in zip(parts[::2], parts[1::2], strict=True)
    }


@EACH
def test_a_line_has_a_statement_behind_it(line: Line) -> None:
    assert line.statement in statements()


@EACH
def test_a_line_is_one_sentence_that_says_what_to_do(line: Line) -> None:
    assert re.fullmatch(r"[A-Z][a-z]+ [^.!?]+\.", line.do)
    assert len(line.do) <= 150


def test_no_line_is_there_twice() -> None:
    for of in ("do", "exercise"):
        counts = Counter(str(getattr(line, of)) for line in checklist().lines)
        assert [one for one, count in counts.items() if count > 1] == []


def test_the_ledger_s_sections_are_read() -> None:
    assert set().union(*families().values()) == set(statements())


@pytest.mark.parametrize("family", families())
def test_every_section_of_the_ledger_has_a_line(family: str) -> None:
    assert families()[family] & {line.statement for line in checklist().lines}


def test_it_goes_by_the_order_of_the_notebooks() -> None:
    order = [line.notebook for line in checklist().lines]
    assert order == sorted(order)


def test_it_is_a_table_and_a_list_with_boxes() -> None:
    listed = checklist()
    text, html, markdown = repr(listed), render(listed)["text/html"], listed.markdown()
    for line in listed.lines:
        assert all(part in text for part in (line.do, line.statement, line.exercise.id, line.notebook))
        assert line.statement in html
        assert f"- [ ] {line.do} (`{line.statement}`; exercise `{line.exercise.id}`" in markdown
    assert markdown.count("\n- [ ] ") == len(listed.lines)
    assert re.findall(r"^## (.+)$", markdown, re.MULTILINE) == list(
        dict.fromkeys(one.notebook for one in listed.lines)
    )

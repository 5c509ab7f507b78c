"""The outcome of a call as a notebook shows it."""

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest

from labkit.core.credential import Anonymous, Bearer
from labkit.core.errors import BadInput, Forbidden, LabError, Refusal
from labkit.core.trace import STAGES
from labkit.core.verdict import Verdict
from labkit.display.text import plain
from labkit.display.verdict_view import html
from labkit.lab import Lab
from labkit.services.machine_learning.runs import Runs
from labkit.services.resource_manager import ResourceManager


def carls_token(lab: Lab) -> Bearer:
    return lab.sign_in("carl").bearer


# One call for each stage that can refuse in a new lab.
REFUSED: dict[str, Callable[[Lab], Verdict[Any]]] = {
    "reach": lambda lab: lab.attempt("carl", ResourceManager.get, "nowhere", Anonymous()),
    "authentication": lambda lab: lab.attempt("carl", ResourceManager.get, lab.workspace, Anonymous()),
    "authorization": lambda lab: lab.attempt(
        "rita", ResourceManager.delete, lab.workspace, lab.sign_in("rita").bearer
    ),
    "parse": lambda lab: lab.attempt("carl", Runs.submit, lab.workspace, carls_token(lab), "", "c", print),
    "operation": lambda lab: lab.attempt("carl", Runs.get, lab.workspace, carls_token(lab), "no such run"),
}


def page(verdict: Verdict[Any]) -> ElementTree.Element:
    return ElementTree.fromstring(html(verdict))


def words(element: ElementTree.Element) -> list[str]:
    return " ".join(element.itertext()).split()


def stages(verdict: Verdict[Any]) -> dict[str, str]:
    """The row of stages: what it says under each name."""
    found = [table for table in page(verdict).iterfind(".//table") if table.find("thead") is not None]
    if not found:
        return {}
    names, states = (
        [cell.text or "" for cell in found[0].iterfind(path)] for path in ("thead/tr/th", "tbody/tr/*")
    )
    return dict(zip(names[1:], states[1:], strict=True))


def told(verdict: Verdict[Any]) -> dict[str, str]:
    """What was presented, what was required, what to do."""
    rows = [
        row
        for table in page(verdict).iterfind(".//table")
        if table.find("thead") is None
        for row in table.iterfind("tbody/tr")
    ]
    return {row[0].text or "": row[1].text or "" for row in rows}


def refused(error: LabError, stage: str = "", service: str = "") -> Verdict[None]:
    if isinstance(error, Refusal):
        error.stage, error.service = stage, service
    return Verdict(False, refusal=error)


@pytest.mark.parametrize("stage", REFUSED)
def test_a_refusal_says_how_far_the_call_got(lab: Lab, stage: str) -> None:
    shown = stages(REFUSED[stage](lab))
    assert list(shown) == list(STAGES)
    got = STAGES.index(stage)
    assert list(shown.values()) == ["✓ passed"] * got + ["✗ refused"] + ["· not reached"] * (5 - got)


@pytest.mark.parametrize("stage", REFUSED)
def test_a_refusal_begins_with_the_word_the_code_and_who_refused_where(lab: Lab, stage: str) -> None:
    verdict = REFUSED[stage](lab)
    refusal = verdict.refusal
    assert isinstance(refusal, Refusal)
    first, second = page(verdict).findall("p")
    status = [str(refusal.status)] if refusal.status else []
    by, kind = ["by", *refusal.service.split(), "at", stage], f"({type(refusal).__name__})"
    assert words(first) == ["REFUSED", *status, refusal.code, *by, kind]
    assert second.text == refusal.message


@pytest.mark.parametrize("stage", REFUSED)
def test_a_refusal_says_all_that_the_text_form_says(lab: Lab, stage: str) -> None:
    verdict = REFUSED[stage](lab)
    refusal = verdict.refusal
    assert refusal is not None
    wanted = {"presented": refusal.presented, "required": refusal.required, "what to do": refusal.advice}
    assert told(verdict) == {name: text for name, text in wanted.items() if text}


def test_the_word_comes_first_of_all(lab: Lab) -> None:
    for verdict in (
        lab.attempt("carl", ResourceManager.get, lab.workspace, carls_token(lab)),
        refused(Forbidden("x")),
    ):
        assert words(page(verdict))[0] == verdict.word.upper()


def test_what_an_accepted_call_returned_is_shown_as_in_the_text_form(lab: Lab) -> None:
    verdict = lab.attempt("carl", ResourceManager.get, lab.workspace, carls_token(lab))
    assert f"ACCEPTED\n{page(verdict).findtext('pre')}" == repr(verdict)


def test_an_accepted_call_that_returned_nothing_is_the_word_alone() -> None:
    assert words(page(Verdict(True))) == ["ACCEPTED"]


def test_an_accepted_verdict_claims_no_stages() -> None:
    assert stages(Verdict(True, value=1)) == {}


def test_what_no_service_refused_is_refused_by_the_lab_and_has_no_stages() -> None:
    verdict = refused(BadInput("No such name.", required="a name"))
    assert words(page(verdict))[:5] == ["REFUSED", "BadInput", "by", "the", "lab"]
    assert stages(verdict) == {}
    assert told(verdict) == {"required": "a name"}


@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", "\"'&quot;", "two\nlines", "\u202e\x00", "漢字", "x" * 10_000]
)
def test_what_a_refusal_says_stays_text(hostile: str) -> None:
    error = Forbidden(hostile, presented=hostile, required=hostile, advice=hostile)
    error.code = hostile
    verdict = refused(error, stage="authorization", service=hostile)
    assert {part.tag for part in page(verdict).iter()} == {
        "div", "p", "strong", "code", "table", "caption", "thead", "tbody", "tr", "th", "td"
    }  # fmt: skip
    assert set(told(verdict).values()) == {plain(hostile)}
    assert page(verdict).findtext("p/code") == plain(hostile)


@pytest.mark.parametrize("hostile", ["</pre><script>", "]]>&", "\x00"])
def test_what_a_call_returned_stays_text(hostile: str) -> None:
    shown = page(Verdict(True, value=hostile))
    assert {part.tag for part in shown.iter()} == {"div", "p", "strong", "pre"}
    assert shown.findtext("pre") == repr(hostile)

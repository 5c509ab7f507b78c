"""What a refusal, a verdict and a credential say, and what they do not."""

import pytest

from labkit.core.credential import Anonymous, Bearer
from labkit.core.errors import BadInput, LabError, Refusal
from labkit.core.verdict import Verdict


def refuse() -> str:
    refusal = Refusal("No.", presented="this", required="that", advice="do it otherwise")
    refusal.status, refusal.code, refusal.service, refusal.stage = 403, "Forbidden", "Box", "authorization"
    raise refusal


def test_an_error_says_what_was_presented_required_and_to_be_done() -> None:
    with pytest.raises(LabError) as caught:
        refuse()
    assert str(caught.value).splitlines() == [
        "403 Forbidden: No.",
        "  presented: this",
        "  required: that",
        "  what to do: do it otherwise",
    ]


def test_rows_that_say_nothing_are_left_out() -> None:
    assert str(BadInput("No.")) == "No."
    assert isinstance(BadInput("No."), ValueError)


def test_a_notebook_shows_the_error_and_no_traceback() -> None:
    assert BadInput("No.", required="yes")._render_traceback_() == ["BadInput: No.\n  required: yes"]


def test_a_verdict_keeps_what_came_back() -> None:
    verdict = Verdict.of(lambda: "gold")
    assert verdict
    assert (verdict.value, verdict.code, verdict.word, verdict.refusal) == ("gold", "", "accepted", None)
    assert repr(verdict) == "ACCEPTED\n'gold'"
    assert repr(Verdict.of(lambda: None)) == "ACCEPTED"


def test_a_verdict_keeps_the_refusal() -> None:
    verdict = Verdict.of(refuse)
    assert not verdict
    assert (verdict.value, verdict.code, verdict.word) == (None, "Forbidden", "refused")
    assert repr(verdict).startswith("REFUSED by Box at authorization\nRefusal: 403 Forbidden: No.")


def test_a_verdict_does_not_swallow_what_is_no_refusal() -> None:
    with pytest.raises(ZeroDivisionError):
        Verdict.of(lambda: 1 // 0)


def test_a_long_value_is_cut() -> None:
    lines = repr(Verdict.of(lambda: "x" * 1000)).splitlines()
    assert len(lines[1]) == 160


def test_credentials_never_print_themselves() -> None:
    assert repr(Bearer("top-secret")) == "<bearer token>"
    assert repr(Anonymous()) == "<no credential>"
    assert "top-secret" not in f"{Bearer('top-secret')} {[Bearer('top-secret')]}"

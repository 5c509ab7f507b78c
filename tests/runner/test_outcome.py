"""What a notebook reports at its end."""

import dataclasses
import json
from typing import Any

import pytest
from IPython.core.formatters import DisplayFormatter

from labkit.core.errors import BadInput
from labkit.course.outcome import MIME, outcome


def test_it_reads_as_lines_in_the_given_order() -> None:
    assert repr(outcome(call="refused", code="X", hops=3)) == "call = refused\ncode = X\nhops = 3"


def test_a_notebook_stores_the_text_and_the_values() -> None:
    shown, _ = DisplayFormatter().format(outcome(call="accepted", code="", share=0.5, mfa=True))
    assert shown["text/plain"] == "call = accepted\ncode = \nshare = 0.5\nmfa = True"
    assert shown[MIME] == {"call": "accepted", "code": "", "share": 0.5, "mfa": True}
    assert json.loads(json.dumps(shown[MIME])) == shown[MIME]


def test_it_never_changes() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        outcome(call="refused").values = ()  # type: ignore[misc]


@pytest.mark.parametrize("value", [None, [], {}, b"refused", object(), float("nan"), float("inf"), 1j, str])
def test_only_plain_values_come_out(value: Any) -> None:
    with pytest.raises(BadInput, match="plain values") as caught:
        outcome(call="refused", code=value)
    assert "code = " in caught.value.presented


def test_an_outcome_says_something() -> None:
    with pytest.raises(BadInput, match="says something"):
        outcome()

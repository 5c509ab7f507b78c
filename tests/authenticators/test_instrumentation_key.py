"""Application Insights' instrumentation key."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.authenticators.instrumentation_key import InstrumentationKey, authenticate
from labkit.core.errors import Unauthenticated


@dataclass
class Component:
    name: str = "insights"
    instrumentation_key: str = "key-1"


def test_the_key_is_nobody_in_particular() -> None:
    who = authenticate(InstrumentationKey("key-1"), Component(), 0)
    assert (who.kind, who.name, who.object_id, who.capability) == ("instrumentation", "insights", "", None)


@given(st.text())
def test_every_other_text_is_refused(key: str) -> None:
    with pytest.raises(Unauthenticated) as caught:
        authenticate(InstrumentationKey(key), Component(), 0)
    assert "key-1" not in str(caught.value)


@pytest.mark.parametrize("key", [None, 5, b"key-1", ["key-1"]])
def test_what_is_no_text_is_refused(key: Any) -> None:
    with pytest.raises(Unauthenticated):
        authenticate(InstrumentationKey(key), Component(), 0)


def test_it_never_shows() -> None:
    assert repr(InstrumentationKey("key-1")) == str(InstrumentationKey("key-1")) == "<instrumentation key>"

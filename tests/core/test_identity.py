"""Scopes and capabilities."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.core.identity import ANONYMOUS, Capability, Identity, within

segments = st.lists(st.sampled_from(["a", "ab", "A", "b", "."]), max_size=4)


def path(parts: list[str]) -> str:
    return "".join(f"/{part}" for part in parts)


@given(segments, segments)
def test_a_scope_inherits_on_whole_segments_in_any_case(inner: list[str], outer: list[str]) -> None:
    lower = [[part.lower() for part in parts] for parts in (inner, outer)]
    assert within(path(inner), path(outer)) is (lower[0][: len(outer)] == lower[1])


@given(segments, segments)
def test_a_slash_at_the_end_changes_nothing(inner: list[str], outer: list[str]) -> None:
    plain = within(path(inner), path(outer))
    assert within(path(inner) + "/", path(outer)) is plain
    assert within(path(inner), path(outer) + "/") is plain


@given(segments, segments, segments)
def test_inheritance_passes_on(inner: list[str], middle: list[str], outer: list[str]) -> None:
    if within(path(inner), path(middle)) and within(path(middle), path(outer)):
        assert within(path(inner), path(outer))


@pytest.mark.parametrize(
    ("action", "scope", "opens"),
    [
        ("things/read", "/box", True),
        ("Things/READ", "/BOX/deep/inside", True),
        ("things/write", "/box", False),
        ("things/read", "/boxes", False),
        ("things/read", "/", False),
        ("more/things/read", "/box", False),
        ("things/read/more", "/box", False),
    ],
)
def test_a_capability_opens_its_actions_on_its_scope_and_below(action: str, scope: str, opens: bool) -> None:
    assert Capability("/box", ("nothing", "things/read")).opens(action, scope) is opens


def test_an_identity_says_who_and_of_what_kind_it_is() -> None:
    assert str(Identity("user", "carl")) == "carl (user)"
    assert str(ANONYMOUS) == "anonymous (anonymous)"
    assert str(Capability("/box", ("a", "b"))) == "opens a, b on /box"

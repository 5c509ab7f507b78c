"""A token as an object: looked at without being given away."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.core.clock import Clock
from labkit.identity.errors import NotAJwt
from labkit.identity.token import Token
from tests.identity.mint import NOW, assemble, claims, header, sign, token

GOOD = token().decode()
SIGNATURE = GOOD.rpartition(".")[2]


def aged(seconds: int, text: str = GOOD) -> Token:
    return Token(text, Clock(NOW + seconds))


def test_it_shows_header_and_claims_decoded() -> None:
    assert (aged(0).header, aged(0).claims) == (header(), claims())
    assert ("claim", "exp", f"{NOW + 3599}  2020-03-13 09:59:59Z") in aged(0).rows()
    assert aged(0).rows()[-1] == ("signature", "", f"{len(SIGNATURE)} characters, not shown")


@pytest.mark.parametrize("show", [repr, str, "{}".format, lambda token: repr([token])])
def test_no_text_of_it_contains_the_signature(show: Any) -> None:
    text = show(aged(0))
    assert all(SIGNATURE[at : at + 12] not in text for at in range(len(SIGNATURE) - 11))
    assert GOOD.rpartition(".")[0] not in text


def test_neither_does_what_a_notebook_gets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Token, "renderer", None)
    assert SIGNATURE not in str(aged(0)._repr_mimebundle_())


def test_it_is_revealed_when_asked_for() -> None:
    assert aged(0).reveal() == aged(0).bearer.token == GOOD
    assert repr(aged(0).bearer) == "<bearer token>"


@pytest.mark.parametrize(
    ("after", "filled", "state"),
    [
        (-1, 0, "not yet valid"),
        (0, 0, "valid"),
        (1800, 20, "valid"),
        (3598, 39, "valid"),
        (3599, 40, "expired"),
        (10**6, 40, "expired"),
    ],
)
def test_the_bar_fills_as_the_clock_goes_on(after: int, filled: int, state: str) -> None:
    bar = "#" * filled + "." * (40 - filled)
    first, second = aged(after).lifetime.splitlines()
    assert first == f"2020-03-13 09:00:00Z [{bar}] 2020-03-13 09:59:59Z"
    assert second.startswith(f"{state} at ")
    assert second.endswith(f", {3599 - after} seconds left")
    assert aged(after).seconds_left == 3599 - after
    assert repr(aged(after)).endswith(aged(after).lifetime)


def test_it_ages_with_the_clock_it_was_given() -> None:
    clock = Clock(NOW)
    shown = Token(GOOD, clock)
    clock.advance("61m")
    assert "expired" in repr(shown)


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c", GOOD + ".x", GOOD[:-1] + "!", None, 5, b"\xff"])
def test_what_is_no_jwt_is_no_token(text: Any) -> None:
    with pytest.raises(NotAJwt):
        Token(text, Clock(NOW))


times = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.integers())
)


@given(st.dictionaries(st.sampled_from(["iat", "nbf", "exp", "oid"]), times))
def test_a_token_that_claims_nonsense_is_shown_as_it_is(body: dict[str, Any]) -> None:
    shown = aged(0, assemble(header(), body, b"x").decode())
    assert repr(shown)
    assert isinstance(shown.seconds_left, int)
    assert [name for part, name, _ in shown.rows() if part == "claim"] == list(body)


def test_two_tokens_are_equal_if_their_text_is() -> None:
    assert aged(0) == aged(100)
    assert aged(0) != aged(0, sign(header(), claims(oid="x")).decode())

"""A token as a notebook shows it."""

import json
from typing import Any
from xml.etree import ElementTree

import pytest
from jwt.utils import base64url_encode

from labkit.core.clock import Clock
from labkit.display.text import plain
from labkit.display.token_view import html
from labkit.furniture import CLIENT_ID
from labkit.identity.token import Token
from labkit.lab import Lab
from labkit.services.machine_learning.runs import Runs

HOUR = {"iat": 0, "nbf": 0, "exp": 3600}


def forged(claims: dict[str, Any], header: dict[str, Any] | None = None, now: int = 0) -> Token:
    parts = [json.dumps(part).encode() for part in (header or {"alg": "none"}, claims)]
    return Token(b".".join(map(base64url_encode, [*parts, b"signature"])).decode(), Clock(now))


def page(token: Token) -> ElementTree.Element:
    return ElementTree.fromstring(f"<div>{html(token)}</div>")


def rows(token: Token) -> list[list[str]]:
    return [[cell.text or "" for cell in row] for row in page(token).iterfind(".//table/tbody/tr")]


def meter(token: Token) -> dict[str, str]:
    [found] = page(token).iter("meter")
    return found.attrib


@pytest.fixture
def tokens(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> list[Token]:
    """All that are made while a user submits a run and an application signs in: of the user, of the
    workspace's managed identity, of the run, of the application."""
    made: list[Token] = []
    monkeypatch.setattr(Token, "__post_init__", lambda token: made.append(token))
    bearer = lab.sign_in("carl").bearer
    lab.ask("carl", Runs.submit, lab.workspace, bearer, "exp", "cpu-cluster", lambda run: None)
    lab.sign_in(CLIENT_ID)
    assert len({token.claims["sub"] for token in made}) == 4
    return made


def test_everything_in_the_token_is_a_row_in_the_order_of_the_text(tokens: list[Token]) -> None:
    for token in tokens:
        wanted = [(name or part, " ".join(value.split())) for part, name, value in token.rows()]
        assert [(row[0], " ".join(row[2].split())) for row in rows(token)] == wanted


def test_everything_in_the_lab_s_own_tokens_is_explained(tokens: list[Token]) -> None:
    unexplained = {row[0] for token in tokens for row in rows(token) if not row[3]}
    assert unexplained == {"signature"}


def test_a_claim_with_the_name_of_a_header_is_not_explained_as_one() -> None:
    shown = {(row[0], row[1]): row[3] for row in rows(forged({"alg": "x", "aud": "y"}))}
    assert shown["alg", "claim"] == ""
    assert shown["alg", "header"] != ""


def test_nothing_shown_can_be_used(tokens: list[Token]) -> None:
    for token in tokens:
        signature = token.reveal().rpartition(".")[2]
        assert len(signature) == 342
        shown = html(token)
        assert token.reveal() not in shown
        assert not any(signature[at : at + 12] in shown for at in range(len(signature) - 11))
        assert rows(token)[-1] == ["signature", "", "342 characters, not shown", ""]


@pytest.mark.parametrize(("now", "used"), [(0, 0), (1800, 20), (3599, 39), (3600, 40), (90_000, 40)])
def test_the_bar_shows_how_much_of_the_lifetime_is_used(now: int, used: int) -> None:
    shown = meter(forged(HOUR, now=now))
    assert (shown["min"], shown["max"], shown["value"]) == ("0", "40", str(used))


def test_the_words_beside_the_bar_are_those_of_the_text_form(lab: Lab) -> None:
    token = lab.sign_in("carl")
    lab.clock.advance("20m")
    bounds, state = token.lifetime.splitlines()
    words = "".join(next(page(token).iter("p")).itertext())
    assert words.endswith(state)
    assert words.split("  ")[0] == bounds.partition(" [")[0]
    assert bounds.rpartition("] ")[2] in words


def test_the_page_follows_the_lab_s_clock(lab: Lab) -> None:
    token = lab.sign_in("carl")
    fresh = html(token)
    assert html(token) == fresh
    lab.clock.advance("2h")
    assert "expired at" in html(token)
    assert "expired at" not in fresh


@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", '"&quot;', "two\nlines", "\u202e\x00", "漢字", "x" * 3_000]
)
def test_claims_of_any_kind_stay_text(hostile: str) -> None:
    token = forged({**HOUR, hostile: hostile, "aud": [hostile]}, {"kid": hostile})
    assert {part.tag for part in page(token).iter()} == {
        "div", "table", "caption", "thead", "tbody", "tr", "th", "td", "p", "meter", "br"
    }  # fmt: skip
    assert plain(hostile, 600) in {row[2] for row in rows(token)}


@pytest.mark.parametrize("times", [{}, {"iat": "soon", "exp": None}, {"iat": 0, "exp": 10**30}], ids=str)
def test_a_token_without_sensible_times_is_shown_all_the_same(times: dict[str, Any]) -> None:
    assert rows(forged({"aud": "somebody", **times}))[1][:3] == ["aud", "claim", "somebody"]

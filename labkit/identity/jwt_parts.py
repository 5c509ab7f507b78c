"""A JWT taken apart, strictly. Nothing here says whether it is genuine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn

from jwt.utils import base64url_decode, base64url_encode

from labkit.identity.errors import NotAJwt

LONGEST = 16 * 1024
MOST_BRACKETS = 64
_REMEMBERED = 1024


@dataclass(frozen=True, slots=True)
class Parts:
    """`signed` is the text that the signature covers; header and claims are decoded JSON objects."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signed: bytes
    signature: bytes


def _not(what: str, presented: str = "") -> NotAJwt:
    return NotAJwt(
        f"This is not a JWT: {what}.",
        presented=presented,
        required="header.payload.signature: JSON, JSON and bytes, each in base64url without padding",
        advice="present the access token exactly as the token endpoint returned it",
    )


def _segment(text: bytes, name: str) -> bytes:
    try:
        raw = base64url_decode(text)
    except ValueError:
        raise _not(f"its {name} is not base64url") from None
    # The decoder skips foreign characters and ignores surplus bits; one token would have many spellings.
    if base64url_encode(raw) != text:
        raise _not(f"its {name} is not canonical base64url")
    return raw


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)


def _object(raw: bytes, name: str) -> dict[str, Any]:
    # How deep a parser goes differs between versions of Python, so it is not left to the parser.
    if raw.count(b"[") + raw.count(b"{") > MOST_BRACKETS:
        raise _not(f"its {name} is nested too deeply")
    try:
        value = _decoder.decode(raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise _not(f"its {name} is not UTF-8") from None
    except ValueError:
        raise _not(f"its {name} is not strict JSON") from None
    if not isinstance(value, dict):
        raise _not(f"its {name} is not a JSON object", type(value).__name__)
    return value


def take_apart(token: object) -> Parts:
    """Header, claims, signed text and signature of a compact JWT (text or bytes). Raises NotAJwt for
    anything else, whatever it is."""
    # The very types: a subclass could be one text here and another one there.
    if type(token) is not str and type(token) is not bytes:
        raise _not("it is not text", type(token).__name__)
    if not 0 < len(token) <= LONGEST:
        raise _not(f"its length is not between 1 and {LONGEST}", f"{len(token)} characters")
    parts = _apart(token)
    return Parts(fresh(parts.header), fresh(parts.claims), parts.signed, parts.signature)


def fresh(value: Any) -> Any:
    """A copy of a JSON value, which nobody else has."""
    if type(value) is dict:
        return {name: fresh(one) for name, one in value.items()}
    return [fresh(one) for one in value] if type(value) is list else value


# Whoever gets a token looks at it, and so does whoever is shown it.
@lru_cache(maxsize=_REMEMBERED)
def _apart(token: str | bytes) -> Parts:
    try:
        text = token.encode("ascii") if isinstance(token, str) else token
    except UnicodeEncodeError:
        raise _not("it has characters outside of ASCII") from None
    segments = text.split(b".")
    if len(segments) != 3:
        raise _not("it does not have three parts", f"{len(segments)} parts")
    header, payload, signature = segments
    return Parts(
        _object(_segment(header, "header"), "header"),
        _object(_segment(payload, "payload"), "payload"),
        text[: -len(signature) - 1],
        _segment(signature, "signature"),
    )

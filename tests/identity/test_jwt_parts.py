"""Taking a JWT apart is strict: one token has one spelling."""

import json
from typing import Any

import pytest

from labkit.identity.errors import NotAJwt
from labkit.identity.jwt_parts import LONGEST, take_apart
from tests.identity.mint import accept, assemble, claims, header, part, sign, token

GOOD = token()
HEAD, BODY, SIGNATURE = GOOD.split(b".")


DEEP = b"[" * 5000 + b"]" * 5000


NOT_TEXT: list[Any] = [
    None,
    5,
    1.5,
    True,
    [],
    [GOOD],
    {},
    (),
    object(),
    bytearray(GOOD),
    memoryview(GOOD),
    type,
]
WRONG_LENGTH: list[Any] = ["", b"", "a" * (LONGEST + 1), GOOD + b"A" * LONGEST, "a" * 10**7]
WRONG_PARTS = [
    *(b"a", b".", b"a.b", b"a.b.c.d", b"....", HEAD, HEAD + b"." + BODY),
    *(GOOD + b"." + SIGNATURE, b"." + GOOD, b"." * LONGEST),
]
NOT_BASE64URL: list[Any] = [
    *(GOOD + b"=", GOOD + b"\n", b" " + GOOD, GOOD + b"\0", HEAD + b"=." + BODY + b"." + SIGNATURE),
    *(
        HEAD + b".+/+/." + SIGNATURE,
        b"\xff.\xff.\xff",
        HEAD + b".A." + SIGNATURE,
        b"a!b." + BODY + b"." + SIGNATURE,
    ),
    *(
        "é.é.é",
        "\ud800.\ud800.\ud800",
        GOOD.decode() + "\u200b",
        "\N{FULLWIDTH LATIN SMALL LETTER E}" + GOOD.decode()[1:],
    ),
]
NOT_AN_OBJECT: list[Any] = [
    *(
        [],
        ["alg"],
        "text",
        5,
        None,
        True,
        b"",
        b"{",
        b"{}{}",
        b"{} x",
        b"alg",
        b"\xef\xbb\xbf{}",
        b"{'alg': 1}",
    ),
    *(
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":1,"a":2}',
        b'{"a":{"b":1,"b":1}}',
        b'{"a":1,}',
    ),
    *(b"\xff\xfe", b'{"a":"\xff"}', b'{"a":"\xc0\x80"}', b'{"a":"\xed\xa0\x80"}', b'{"a":"\n"}'),
    *(json.dumps({"a": 1}).encode("utf-16"), b'{"a":' + b"9" * 5000 + b"}"),
    *(DEEP, b'{"a":%s}' % DEEP, b"[" * 10000),
]


@pytest.mark.parametrize("what", NOT_TEXT, ids=lambda what: type(what).__name__)
def test_what_is_no_text_is_no_jwt(what: object) -> None:
    with pytest.raises(NotAJwt, match="not text"):
        accept(what)


@pytest.mark.parametrize("text", WRONG_LENGTH, ids=len)
def test_nothing_and_too_much_are_no_jwt(text: object) -> None:
    with pytest.raises(NotAJwt, match="length"):
        accept(text)


@pytest.mark.parametrize("text", WRONG_PARTS, ids=lambda text: f"{text.count(b'.') + 1} parts")
def test_a_jwt_has_three_parts(text: bytes) -> None:
    for form in (text, text.decode()):
        with pytest.raises(NotAJwt, match="three parts"):
            accept(form)


@pytest.mark.parametrize("text", NOT_BASE64URL, ids=range(len(NOT_BASE64URL)))
def test_its_parts_are_base64url_without_padding(text: object) -> None:
    with pytest.raises(NotAJwt):
        accept(text)


@pytest.mark.parametrize("content", NOT_AN_OBJECT, ids=range(len(NOT_AN_OBJECT)))
def test_header_and_payload_are_strict_json_objects(content: object) -> None:
    for bad in (assemble(content, claims(), b"x"), assemble(header(), content, b"x")):
        with pytest.raises(NotAJwt):
            accept(bad)


@pytest.mark.parametrize("content", NOT_AN_OBJECT, ids=range(len(NOT_AN_OBJECT)))
def test_a_good_signature_makes_no_json(content: object) -> None:
    bad = sign(header(), content)
    with pytest.raises(NotAJwt):
        accept(bad)


def test_surplus_bits_make_no_second_spelling() -> None:
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(GOOD[-1])
    twins = [GOOD[:-1] + alphabet[value : value + 1] for value in range(last ^ 1, last ^ 1 | 0b1111)]
    for twin in twins:
        if twin != GOOD:
            with pytest.raises(NotAJwt, match="canonical"):
                take_apart(twin)


def test_the_parts_are_what_was_put_together() -> None:
    parts = take_apart(GOOD)
    assert parts == take_apart(GOOD.decode())
    assert (parts.header, parts.claims) == (header(), claims())
    assert parts.signed == HEAD + b"." + BODY
    assert part(parts.signature) == SIGNATURE
    assert list(parts.claims) == list(claims())


def test_taking_apart_says_nothing_about_being_genuine() -> None:
    assert take_apart(assemble({}, {}, b"")).claims == {}


def test_what_was_handed_out_cannot_be_changed_for_the_next_caller() -> None:
    grouped = token(groups=["readers"])
    parts = take_apart(grouped)
    parts.claims["groups"].append("owners")
    parts.header.clear()
    assert take_apart(grouped).claims["groups"] == ["readers"]
    assert take_apart(grouped).header == header()

"""A disk: what is on it is what somebody sees who opens it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.core.errors import BadInput
from labkit.crypto.errors import Damaged
from labkit.crypto.medium import Medium, Sealed, parse

PARTS = st.builds(
    Sealed,
    st.integers(0, 2**96 - 1),
    st.binary(min_size=48, max_size=48),
    st.binary(min_size=12, max_size=12),
    st.binary(min_size=16, max_size=99),
)


@given(PARTS)
def test_an_object_is_the_same_after_it_was_joined_and_parsed(sealed: Sealed) -> None:
    assert parse(sealed.raw) == sealed
    assert parse(sealed.raw).raw == sealed.raw


@given(st.binary(max_size=120))
def test_bytes_that_are_no_object_are_refused(raw: bytes) -> None:
    for bad in (raw, b"LAB1" + raw[:80]):
        if not (bad.startswith(b"LAB1") and len(bad) >= 92):
            with pytest.raises(Damaged):
                parse(bad)


def test_the_bytes_of_a_plain_record_are_found_and_those_of_another_one_are_not() -> None:
    medium = Medium("disk", {"b": b"call it secret", "a": b"x", "c": Sealed(1, b"", b"", b"secret")})
    assert medium.names() == ["a", "b", "c"]
    assert medium.find("secret") == ["b", "c"]
    assert medium.find(b"it ") == ["b"]
    assert medium.find("nowhere") == []
    assert medium.raw("b") == b"call it secret"


def test_it_shows_its_records_with_their_first_bytes() -> None:
    medium = Medium("disk", {"b": b"call it secret, and more", "a": b""})
    assert repr(medium).splitlines() == [
        "disk: 2 records",
        "record  bytes  begins with",
        "------  -----  -------------------",
        "a       0      b''",
        "b       24     b'call it secret, '",
    ]
    assert repr(Medium("disk", {"a": b""})).startswith("disk: 1 record\n")


@pytest.mark.parametrize("name", ["missing", "", None, 5, ["a"]])
def test_what_is_not_there_is_a_clear_error(name: Any) -> None:
    medium = Medium("disk", {"a": b"x"})
    for act in (medium.raw, lambda name: medium.overwrite(name, b"y")):
        with pytest.raises(BadInput, match="Nothing of that name"):
            act(name)


@pytest.mark.parametrize("plaintext", ["", b"", None, 5])
def test_nothing_is_looked_for_by_nothing(plaintext: Any) -> None:
    with pytest.raises(BadInput, match="What is looked for"):
        Medium("disk", {"a": b"x"}).find(plaintext)


def test_only_bytes_can_be_put_in_the_place_of_others() -> None:
    medium = Medium("disk", {"a": b"x"})
    for raw in ("text", None, bytearray(b"x")):
        with pytest.raises(BadInput):
            medium.overwrite("a", raw)  # type: ignore[arg-type]
    medium.overwrite("a", b"other")
    assert medium.raw("a") == b"other"

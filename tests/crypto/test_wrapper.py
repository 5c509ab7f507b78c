"""Keys that are wrapped with a key in hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.crypto.errors import Damaged
from labkit.crypto.wrapper import KeyInHand, WrappedKey

KEYS = st.binary(min_size=32, max_size=32)


@given(KEYS, KEYS)
def test_what_was_wrapped_is_unwrapped(own: bytes, key: bytes) -> None:
    wrapped = KeyInHand("mine", own).wrap(key)
    assert KeyInHand("mine", own).unwrap(wrapped) == key
    assert (wrapped.key_id, wrapped.version, wrapped.algorithm) == ("mine", "1", "A256KW")


@given(KEYS, KEYS, KEYS)
def test_another_key_unwraps_nothing(own: bytes, other: bytes, key: bytes) -> None:
    if own != other:
        with pytest.raises(Damaged):
            KeyInHand("mine", other).unwrap(KeyInHand("mine", own).wrap(key))


@given(KEYS, KEYS, st.data())
def test_no_wrapped_key_that_was_changed_is_unwrapped(own: bytes, key: bytes, data: st.DataObject) -> None:
    wrapped = KeyInHand("mine", own).wrap(key).data
    changed = data.draw(
        st.one_of(
            st.integers(0, len(wrapped) * 8 - 1).map(
                lambda bit: (int.from_bytes(wrapped) ^ 1 << bit).to_bytes(len(wrapped))
            ),
            st.integers(0, len(wrapped) - 1).map(lambda end: wrapped[:end]),
            st.binary(min_size=1, max_size=16).map(lambda more: wrapped + more),
        )
    )
    with pytest.raises(Damaged):
        KeyInHand("mine", own).unwrap(WrappedKey("mine", "1", "A256KW", changed))


def test_neither_the_key_nor_its_wrapped_bytes_are_shown_or_compared() -> None:
    wrapped = KeyInHand("mine", bytes(32)).wrap(b"k" * 32)
    assert repr(wrapped) == "40 bytes wrapped with A256KW by mine, version 1"
    assert wrapped == WrappedKey("mine", "1", "A256KW", b"other")
    assert wrapped != WrappedKey("mine", "2", "A256KW", wrapped.data)

"""Envelope encryption. No ciphertext that was touched in any way is ever accepted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.core.entropy import Entropy
from labkit.crypto.envelope import DataKeys, Envelope
from labkit.crypto.errors import Damaged
from labkit.crypto.medium import Sealed, parse

DRAW = Entropy(7)
NAMES = st.text(max_size=20)  # half characters among them
NUMBERS = st.integers(1, 2**32)


def envelope(account: str = "account/1", key: str = "key") -> Envelope:
    return Envelope(account, DRAW(key), DataKeys(DRAW(f"{account}/data keys")))


def refused(raw: bytes | Sealed, name: str = "a", write: int = 1, by: Envelope | None = None) -> None:
    opening = by or envelope()
    with pytest.raises(Damaged):
        opening.open(name, raw if isinstance(raw, Sealed) else parse(raw), write)


@given(st.binary(max_size=300), NAMES, NUMBERS)
def test_what_was_sealed_is_opened(data: bytes, name: str, write: int) -> None:
    sealed = envelope().seal(name, data, write)
    assert envelope().open(name, sealed, write) == data
    assert envelope().open(name, parse(sealed.raw), write) == data


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 2**20, 2**24 + 1])
def test_an_object_may_have_any_size(size: int) -> None:
    data = bytes(size)
    sealed = envelope().seal("a", data, 1)
    assert envelope().open("a", parse(sealed.raw), 1) == data
    assert len(sealed.body) == size + 16


def test_neither_the_bytes_nor_a_key_lie_in_what_was_sealed() -> None:
    data = b"the plaintext of some object"
    raw = envelope().seal("a", data, 1).raw
    assert data not in raw
    assert DRAW("key") not in raw


@given(st.binary(max_size=64), st.data())
def test_no_flipped_bit_is_accepted(data: bytes, draw: st.DataObject) -> None:
    raw = envelope().seal("a", data, 1).raw
    bit = draw.draw(st.integers(0, len(raw) * 8 - 1))
    refused((int.from_bytes(raw) ^ 1 << bit).to_bytes(len(raw)))


def test_not_one_bit_of_a_small_object_may_be_flipped() -> None:
    raw = envelope().seal("a", b"small", 1).raw
    for bit in range(len(raw) * 8):
        refused((int.from_bytes(raw) ^ 1 << bit).to_bytes(len(raw)))


@given(st.binary(max_size=64), st.data())
def test_no_truncation_and_no_extension_is_accepted(data: bytes, draw: st.DataObject) -> None:
    raw = envelope().seal("a", data, 1).raw
    end = draw.draw(st.integers(0, len(raw) - 1))
    more = draw.draw(st.binary(min_size=1, max_size=40))
    for changed in (raw[:end], raw[end + 1 :], raw[:end] + raw[end + 1 :], raw + more, more + raw):
        refused(changed)


@given(st.binary(max_size=64), st.binary(max_size=64), NAMES, NAMES)
def test_an_object_is_not_accepted_in_the_place_of_another(
    one: bytes, two: bytes, first: str, second: str
) -> None:
    mine = envelope()
    a, b = mine.seal(first, one, 1), mine.seal(second, two, 2)
    if first != second:
        refused(a, second, 1)
        refused(b, first, 2)
    refused(a, second, 2)
    refused(b, first, 1)
    refused(a._replace(write=2), second, 2)


@given(st.binary(max_size=64), st.binary(max_size=64), st.sampled_from(["a", "b"]))
def test_no_mixture_of_two_objects_is_accepted(one: bytes, two: bytes, other: str) -> None:
    """Of two objects, or of two writes of one: an older wrap with a newer body, and every other splice."""
    mine = envelope()
    old, new = mine.seal(other, one, 1), mine.seal("a", two, 2)
    for parts in range(1, 16):
        taken = [old[place] if parts >> place & 1 else new[place] for place in range(4)]
        refused(Sealed(*taken), "a", 2)  # type: ignore[arg-type]


@given(st.binary(max_size=64), st.binary(max_size=64))
def test_an_earlier_write_of_the_same_object_is_not_accepted(one: bytes, two: bytes) -> None:
    mine = envelope()
    old = mine.seal("a", one, 1)
    mine.seal("a", two, 2)
    refused(old, "a", 2)
    refused(old._replace(write=2), "a", 2)


@pytest.mark.parametrize(
    "other",
    [envelope("account/2"), envelope(key="another key"), envelope("account/1/"), envelope("account/")],
    ids=["next life", "other key", "longer name", "shorter name"],
)
def test_another_account_opens_nothing(other: Envelope) -> None:
    refused(envelope().seal("a", b"data", 1), by=other)
    assert not other.proves(envelope().proof)
    assert envelope().proves(envelope().proof)


def test_no_key_and_no_nonce_comes_twice() -> None:
    fresh = DataKeys(DRAW("root")).fresh
    drawn = [part for write in range(2000) for part in fresh(write)]
    assert len(set(drawn)) == len(drawn) == 4000
    assert {len(part) for part in drawn} == {32, 12}
    mine = envelope()
    sealed = [mine.seal("a", b"same", write) for write in range(1, 2000)]
    for part in ("wrap", "nonce", "body"):
        assert len({getattr(one, part) for one in sealed}) == len(sealed)


@given(st.lists(st.integers(0, 300)))
def test_a_data_key_depends_on_the_number_of_its_write_and_not_on_the_order(writes: list[int]) -> None:
    shared = DataKeys(DRAW("root"))
    assert [shared.fresh(one) for one in writes] == [DataKeys(DRAW("root")).fresh(one) for one in writes]


def test_the_same_seed_gives_the_same_bytes_and_another_account_others() -> None:
    assert envelope().seal("a", b"data", 1) == envelope().seal("a", b"data", 1)
    assert envelope().seal("a", b"data", 1).body != envelope("account/2").seal("a", b"data", 1).body


def test_a_refusal_shows_neither_the_name_at_length_nor_a_byte() -> None:
    with pytest.raises(Damaged) as caught:
        envelope().open("n" * 5000, envelope().seal("a", b"secret", 1), 1)
    assert len(str(caught.value)) < 1000
    assert "secret" not in str(caught.value)

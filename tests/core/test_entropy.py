"""Entropy is drawn by label, and one draw knows nothing of another."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.core.entropy import Entropy
from labkit.core.errors import BadInput

# Half characters too: Python has them, and names come from outside.
labels = st.text(st.characters(codec="utf-8") | st.sampled_from("\ud800\udfff"))
seeds = st.integers(0, 2**63 - 1)


@given(seeds, labels, st.lists(labels), st.integers(0, 200))
def test_drawing_other_labels_changes_nothing(seed: int, label: str, others: list[str], length: int) -> None:
    entropy = Entropy(seed)
    for other in others:
        entropy(other)
    assert entropy(label, length) == Entropy(seed)(label, length)


@given(seeds, labels, st.integers(0, 200))
def test_there_are_as_many_bytes_as_asked_for(seed: int, label: str, length: int) -> None:
    assert len(Entropy(seed)(label, length)) == length


@given(seeds, st.lists(labels, min_size=2, unique=True))
def test_other_labels_give_other_bytes(seed: int, names: list[str]) -> None:
    entropy = Entropy(seed)
    assert len({entropy(name) for name in names}) == len(names)


@given(st.lists(seeds, min_size=2, unique=True), labels)
def test_other_seeds_give_other_bytes(roots: list[int], label: str) -> None:
    assert len({Entropy(seed)(label) for seed in roots}) == len(roots)


def test_no_part_of_a_long_draw_is_a_draw_of_another_label() -> None:
    entropy = Entropy(1)
    blocks = {entropy("a", 1024)[at : at + 32] for at in range(0, 1024, 32)}
    others = {entropy(f"{number}/a") for number in range(32)} | {
        entropy(f"{number}/0/a") for number in range(32)
    }
    assert len(blocks) == 32
    assert not blocks & others


def test_without_a_seed_every_root_is_another() -> None:
    first, second = Entropy(None), Entropy(None)
    assert first("a") != second("a")
    assert first("a") == first("a")
    assert not first.seeded
    assert Entropy(0).seeded


@pytest.mark.parametrize(
    "seed",
    [-1, True, False, 2.5, "2020", b"1", [], {}, object(), 2**63, 2**80, 10**5000, -(10**5000), float("nan")],
    ids=lambda seed: type(seed).__name__,
)
def test_what_is_no_seed_is_bad_input(seed: Any) -> None:
    with pytest.raises(BadInput, match="not a seed"):
        Entropy(seed)


def test_a_uuid_is_a_uuid_and_a_text_says_that_it_is_worthless() -> None:
    entropy = Entropy(1)
    assert UUID(entropy.uuid("a")).version == 4
    assert entropy.uuid("a") != entropy.uuid("b")
    assert entropy.text("a").startswith("lab-")
    assert entropy.text("a") != entropy.text("b")

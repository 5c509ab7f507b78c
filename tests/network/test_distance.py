"""How far regions are from one another, and how long a call takes between them."""

from itertools import combinations_with_replacement
from math import acos, cos, radians, sin
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.core.errors import BadInput
from labkit.network.distance import AT_HOME, PLACES, kilometres, latencies, round_trip
from labkit.network.regions import REGIONS

regions = st.sampled_from(REGIONS)


def test_every_region_has_a_place() -> None:
    assert tuple(PLACES) == REGIONS


@given(regions, regions)
def test_distances_are_those_on_a_globe(one: str, other: str) -> None:
    # The angle between two arrows from the middle of the earth, which is another formula.
    arrows = []
    for region in (one, other):
        lat, long = (radians(degrees) for degrees in PLACES[region])
        arrows.append((cos(lat) * cos(long), cos(lat) * sin(long), sin(lat)))
    angle = acos(min(1.0, sumprod(*arrows)))
    assert kilometres(one, other) == pytest.approx(6371 * angle, abs=0.2)


def test_dublin_is_as_far_from_amsterdam_as_it_is() -> None:
    assert kilometres("northeurope", "westeurope") == pytest.approx(756, abs=5)


def sumprod(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


@given(regions, regions)
def test_it_is_as_far_back_as_there(one: str, other: str) -> None:
    assert round_trip(one, other) == round_trip(other, one)
    assert latencies()[one, other] == round_trip(one, other)


@given(regions, regions, regions, regions)
def test_what_is_farther_takes_longer(one: str, two: str, three: str, four: str) -> None:
    near, far = sorted([(one, two), (three, four)], key=lambda pair: kilometres(*pair))
    assert round_trip(*near) <= round_trip(*far)


@given(regions, regions)
def test_the_same_region_is_the_lowest_and_no_other_is_as_low(one: str, other: str) -> None:
    assert round_trip(one, one) == AT_HOME
    assert (round_trip(one, other) == AT_HOME) is (one == other)


def test_no_two_pairs_of_different_regions_are_equally_far() -> None:
    pairs = [pair for pair in combinations_with_replacement(REGIONS, 2) if pair[0] != pair[1]]
    assert len({round_trip(*pair) for pair in pairs}) == len(pairs)
    assert len(latencies()) == len(REGIONS) ** 2


@pytest.mark.parametrize("region", ["", "moon", None, 5, ["eastus"]])
def test_a_region_that_the_lab_does_not_have_is_bad_input(region: Any) -> None:
    with pytest.raises(BadInput):
        round_trip("eastus", region)
    with pytest.raises(BadInput):
        round_trip(region, "eastus")

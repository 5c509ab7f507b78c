"""Regions and the switchboard that takes them down."""

from typing import Any

import pytest

from labkit.core.errors import BadInput
from labkit.network.regions import REGIONS, Switchboard, check_region

WRONG: list[Any] = ["", "EASTUS", "eastus ", "moon", None, 5, [], ["eastus"], {}, 10**5000]


def test_every_region_is_up_at_first() -> None:
    board = Switchboard()
    assert all(board.is_up(region) for region in REGIONS)
    assert "DOWN" not in repr(board)


@pytest.mark.parametrize("region", REGIONS)
def test_one_region_goes_down_and_comes_back(region: str) -> None:
    board = Switchboard()
    assert board.down(region).down(region) is board
    assert [one for one in REGIONS if not board.is_up(one)] == [region]
    assert [line.split() for line in repr(board).splitlines() if "DOWN" in line] == [[region, "DOWN"]]
    assert board.up(region).up(region) is board
    assert board.is_up(region)


@pytest.mark.parametrize("region", WRONG, ids=lambda region: type(region).__name__)
def test_a_region_that_the_lab_does_not_have_is_bad_input(region: Any) -> None:
    for call in (check_region, Switchboard().down, Switchboard().up):
        with pytest.raises(BadInput, match="no such region"):
            call(region)


def test_a_region_that_it_has_is_passed_on() -> None:
    assert check_region("eastus") == "eastus"

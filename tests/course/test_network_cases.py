"""The eight calls on a workspace and its storage account, behind a virtual network and without one."""

import pytest

import labkit
from labkit.course.network_cases import CASES, stops_at, walled
from labkit.lab import Lab

BEHIND = {
    "carl, his token": "answered",
    "carl, his token of two hours ago": "authentication",
    "mallory, carl's token": "network",
    "mallory, carl's token of two hours ago": "network",
    "rita registers": "authorization",
    "mallory at Resource Manager": "answered",
    "carl over http": "reach",
    "mallory with an access key": "network",
}
# From inside, or with no wall to stand behind: what the network does not look at stays as it is.
INSIDE = BEHIND | {
    "mallory, carl's token": "answered",
    "mallory, carl's token of two hours ago": "authentication",
    "mallory with an access key": "answered",
}
each_case = pytest.mark.parametrize("case", CASES)


def test_every_case_is_known_here() -> None:
    assert list(CASES) == list(BEHIND)


@pytest.mark.parametrize("release", ["2019-08", "2020-01", "2020-03"])
@each_case
def test_a_case_stops_where_the_documents_have_it_stop(case: str, release: str) -> None:
    lab = labkit.start(release)
    walled(lab)
    stage, verdict = stops_at(lab, case)
    assert stage == BEHIND[case]
    assert bool(verdict) is (stage == "answered")


@each_case
def test_without_a_wall_the_network_stops_nothing(case: str, lab: Lab) -> None:
    assert stops_at(lab, case)[0] == INSIDE[case]


@each_case
def test_from_inside_the_network_stops_nothing(case: str, lab: Lab) -> None:
    lab.connect("mallory", walled(lab))
    assert stops_at(lab, case)[0] == INSIDE[case]


@each_case
def test_the_people_are_connected_and_shut_out_when_they_are_not(case: str, lab: Lab) -> None:
    walled(lab)
    for name in ("olivia", "carl", "rita"):
        lab.disconnect(name)
    expected = {
        "carl, his token": "network",
        "carl, his token of two hours ago": "network",
        "rita registers": "network",
    }
    assert stops_at(lab, case)[0] == (BEHIND | expected)[case]


@each_case
def test_a_case_shows_the_same_twice_and_no_credential(case: str) -> None:
    shown = []
    for lab in (labkit.start(), labkit.start()):
        walled(lab)
        shown.append(repr(stops_at(lab, case)) + repr(lab.trace))
    assert shown[0] == shown[1]
    assert "eyJ" not in shown[0]

import pytest

from labkit.course.deeds import DEEDS, make_ready, tried
from labkit.furniture import CLIENT_ID
from labkit.lab import Lab

READERS = {"look at the workspace", "look at the compute", "list the web services"}


@pytest.fixture
def ready(lab: Lab) -> Lab:
    make_ready(lab, lab.workspace)
    return lab


@pytest.mark.parametrize("who", ["carl", "olivia", CLIENT_ID])
def test_a_contributor_does_all_of_it_twice(ready: Lab, who: str) -> None:
    last = "delete the workspace"
    for deed in [*(set(DEEDS) - {last}), *(set(DEEDS) - {last}), last]:
        assert tried(ready, who, deed), deed


@pytest.mark.parametrize("deed", DEEDS)
def test_a_reader_looks_and_does_nothing_else(ready: Lab, deed: str) -> None:
    verdict = tried(ready, "rita", deed)
    assert verdict.code == ("" if deed in READERS else "AuthorizationFailed")


def test_a_deed_is_done_in_the_workspace_that_is_named(lab: Lab) -> None:
    make_ready(lab, lab.other_workspace)
    assert not tried(lab, "carl", "deploy to AKS")
    assert tried(lab, "carl", "deploy to AKS", lab.other_workspace)

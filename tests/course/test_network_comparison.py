"""Four callers, with neither a virtual network nor private link, with either, and with both."""

from functools import cache

import pytest

from labkit.core.errors import BadInput, NetworkDenied
from labkit.course.network_comparison import (
    CALLERS,
    INSIDE,
    NODE_INSIDE,
    NODE_OUTSIDE,
    OUTSIDE,
    PROTECTIONS,
    STORAGE,
    TARGETS,
    WORKSPACE,
    network_comparison,
)
from labkit.releases import RELEASES
from tests.course.refusing import said_otherwise

found = cache(lambda release: network_comparison(release))
TEXT = """\
What each of them is answered, by what is protected
who asks                       whom                 neither   virtual network     private link        both
-----------------------------  -------------------  --------  ------------------  ------------------  ------------------
carl, on the internet          the workspace        answered  answered            refused at network  refused at network
carl, on the internet          its storage account  answered  refused at network  answered            refused at network
carl, in the virtual network   the workspace        answered  answered            answered            answered
carl, in the virtual network   its storage account  answered  answered            answered            answered
a node in the virtual network  the workspace        answered  answered            answered            answered
a node in the virtual network  its storage account  answered  answered            answered            answered
a node outside of it           the workspace        answered  answered            refused at network  refused at network
a node outside of it           its storage account  answered  refused at network  answered            refused at network"""  # noqa: E501


@pytest.mark.parametrize("release", RELEASES)
def test_it_is_found_in_every_release(release: str) -> None:
    assert repr(found(release)) == TEXT


def test_each_protects_one_of_the_two_and_both_protect_both() -> None:
    verdicts = found("2020-03").verdicts
    assert len(verdicts) == len(PROTECTIONS) * len(CALLERS) * len(TARGETS)
    for (name, caller, target), verdict in verdicts.items():
        wanted = PROTECTIONS[name]
        closed = wanted.linked if target == WORKSPACE else wanted.storage_inside
        assert verdict.accepted is not (closed and caller in (OUTSIDE, NODE_OUTSIDE))
        assert verdict or isinstance(verdict.refusal, NetworkDenied)


def test_whoever_is_inside_gets_real_answers() -> None:
    here = found("2020-03")
    assert here.verdict("both", INSIDE, STORAGE).value == here.verdict("neither", INSIDE, STORAGE).value
    assert here.verdict("both", NODE_INSIDE, STORAGE).value.endswith("/outputs/model.bin")


def test_a_verdict_explains_itself() -> None:
    here = found("2020-03")
    assert "carl, from internet" in repr(here.verdict("private link", OUTSIDE, WORKSPACE))
    for chosen in (("none", INSIDE, STORAGE), ("both", "carl", STORAGE), ("both", INSIDE, "vault")):
        with pytest.raises(BadInput, match="There is no such"):
            here.verdict(*chosen)


def test_the_release_and_the_seed_are_those_of_a_lab() -> None:
    assert said_otherwise(network_comparison) == []
    assert repr(network_comparison(seed=None)) == TEXT

"""Arrangements of a network, all of them built, and which of the team's wishes each leaves open."""

from itertools import product

import pytest

import labkit
from labkit.course.network_design import CHOICES, WISHES, unmet

EDITION, TOKEN, KEY, RUN, MODEL, SHOP = WISHES
ALL = [dict(zip(CHOICES, chosen, strict=True)) for chosen in product(*CHOICES.values())]
RIGHT = dict(
    zip(CHOICES, ("private link", "firewall", "AzureServices", "in the network", "public"), strict=True)
)


def open_wishes(design: dict[str, str]) -> list[str]:
    """What follows from the documents alone."""
    if design["storage account"] == "private link":
        return [EDITION]
    locked, linked = design["storage account"] == "firewall", design["workspace"] == "private link"
    shut_out = locked and design["bypass"] == "None"
    return [
        *([] if linked else [TOKEN]),
        *([] if locked else [KEY]),
        # Either of the two walls is one that a node outside cannot pass.
        *([RUN] if design["training cluster"] == "outside" and (locked or linked) else []),
        *([MODEL] if shut_out else []),
        # Without a model there is nothing to deploy either.
        *([SHOP] if shut_out or design["load balancer"] == "internal" else []),
    ]


@pytest.mark.parametrize("design", ALL, ids=lambda design: ", ".join(design.values()))
def test_an_arrangement_leaves_open_what_the_documents_say(design: dict[str, str]) -> None:
    found = list(unmet(labkit.start(), design))
    assert [wish for wish, _ in found] == open_wishes(design)
    assert all(happened for _, happened in found)


def test_one_arrangement_alone_leaves_nothing_open() -> None:
    assert [design for design in ALL if not open_wishes(design)] == [RIGHT]


# A choice, and what is told of the wish that it leaves open.
TOLD: list[tuple[dict[str, str], str]] = [
    ({"storage account": "private link"}, "EditionNotSupported"),
    ({"workspace": "open"}, "mallory listed the models with carl's token"),
    ({"storage account": "open"}, "mallory listed the blobs with key1"),
    ({"training cluster": "outside"}, "the run is Queued"),
    ({"bypass": "None"}, "Azure Storage refused at network, AuthorizationFailure"),
    ({"load balancer": "internal"}, "Web service refused at network"),
]


@pytest.mark.parametrize(("choice", "said"), TOLD)
def test_what_happened_is_said(choice: dict[str, str], said: str) -> None:
    told = [next(unmet(labkit.start(), RIGHT | choice)) for _ in range(2)]
    assert said in told[0][1]
    assert told[0] == told[1]


@pytest.mark.parametrize("release", ["2019-08", "2020-01"])
def test_a_release_that_says_nothing_of_private_link_comes_to_the_same(release: str) -> None:
    assert list(unmet(labkit.start(release), RIGHT)) == []
    assert [wish for wish, _ in unmet(labkit.start(release), RIGHT | {"workspace": "open"})] == [TOKEN]

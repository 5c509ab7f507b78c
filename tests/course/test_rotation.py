"""Steps of a rotation, and who is refused after them."""

import pytest

from labkit.course.checking import NotUsable
from labkit.course.rotation import KeyHolders, Step, as_steps
from labkit.course.service_scene import deploy
from labkit.lab import Lab
from tests.hostile import CORPUS, dispose

CLIENTS = ("ann", "ben")


def held(lab: Lab, target: str = "aks") -> KeyHolders:
    return KeyHolders(lab, deploy(lab, "key", target=target), {"ann": "Primary", "ben": "Secondary"})


@pytest.mark.parametrize("target", ["aks", "aci"])
def test_whoever_holds_a_regenerated_key_is_refused_after_that_step(lab: Lab, target: str) -> None:
    holders = held(lab, target)
    found = holders.follow([("switch", "ann", "Secondary"), ("regenerate", "Secondary")])
    assert found is not None
    assert (found.number, found.step, found.client) == (2, ("regenerate", "Secondary"), "ann")
    told = "After step 2, ('regenerate', 'Secondary'), ann was answered 401 Unauthorized."
    assert str(found) == f"{told} It is refused to the end."


def test_a_client_that_takes_the_new_key_too_late_is_answered_again(lab: Lab) -> None:
    late = [("regenerate", "Primary"), ("regenerate", "Secondary"), ("switch", "ann", "Primary")]
    found = held(lab).follow(late)
    assert found is not None
    assert (found.number, found.client, found.back) == (1, "ann", 3)
    assert str(found).endswith("It is answered again after step 3.")


def test_a_client_that_switches_gets_the_key_of_now(lab: Lab) -> None:
    holders = held(lab)
    steps: list[Step] = [
        ("switch", "ann", "Secondary"),
        ("regenerate", "Primary"),
        ("switch", "ann", "Primary"),
    ]
    assert holders.follow(steps) is None
    assert holders.answer("mallory", holders.first["Primary"]) == "401 Unauthorized"
    assert holders.answer("mallory", holders.first["Secondary"]) == "200"


def test_a_step_that_changes_nothing_refuses_nobody(lab: Lab) -> None:
    holders = held(lab)
    assert holders.follow([("switch", "ann", "Primary"), ("switch", "ben", "Secondary")]) is None
    assert {holders.answer("ann", key) for key in holders.first.values()} == {"200"}


def test_steps_are_read_whatever_their_capitals() -> None:
    given = [("Regenerate", "primary"), ["switch", " ann ", "SECONDARY"]]
    assert as_steps(given, CLIENTS) == [("regenerate", "Primary"), ("switch", "ann", "Secondary")]
    assert as_steps((), CLIENTS) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"regenerate": "Primary"}, "list of steps"),
        ("regenerate", "list of steps"),
        ([("regenerate",)], "Step 1"),
        ([("regenerate", "Primary"), ("switch", "ann")], "Step 2"),
        ([()], "Step 1"),
        ([{"regenerate", "Primary"}], "Step 1"),
        ([("delete", "Primary")], "should be"),
        ([("regenerate", "Tertiary")], "Primary and Secondary"),
        ([("switch", "carl", "Primary")], "ann, ben"),
        ([("switch", "ann", None)], "A word of step 1"),
        ([("regenerate", "Primary")] * 41, "more than 40"),
    ],
)
def test_what_is_no_step_is_told_so(given: object, said: str) -> None:
    with pytest.raises(NotUsable, match=said):
        as_steps(given, CLIENTS)


@pytest.mark.parametrize("name", sorted(CORPUS.keys() - {"empty list"}))
def test_hostile_steps_are_not_usable(name: str) -> None:
    for wrap in (lambda one: one, lambda one: [one], lambda one: [("regenerate", one)]):
        hostile = CORPUS[name]()
        with pytest.raises(NotUsable):
            as_steps(wrap(hostile), CLIENTS)
        dispose(hostile)

"""The table in which the door looks resources up."""

import pytest

from labkit.core.errors import UnknownHost
from labkit.core.resource import Resource, Resources, without_query


@pytest.fixture
def resources() -> Resources:
    table = Resources()
    for name in ("one", "two"):
        table.add(Resource(f"/Things/{name}", name, "shared.example"))
    return table


def test_an_id_is_found_in_any_case(resources: Resources) -> None:
    assert resources.find("/things/ONE").name == "one"
    assert resources.get("/things/none") is None


def test_a_shared_host_belongs_to_whoever_came_first(resources: Resources) -> None:
    assert resources.find("https://SHARED.example/x").name == "one"
    resources.remove(resources.find("/things/two"))
    assert resources.find("https://shared.example").name == "one"
    resources.remove(resources.find("/things/one"))
    assert resources.at_host("shared.example") is None


@pytest.mark.parametrize("target", ["", "/", "one", "https://", "https://other.example/", "shared.example"])
def test_what_is_not_there_is_an_unknown_host(resources: Resources, target: str) -> None:
    with pytest.raises(UnknownHost):
        resources.find(target)


def test_taking_out_what_is_not_there_changes_nothing(resources: Resources) -> None:
    resources.remove(Resource("/things/three", "three", "three.example"))
    assert [one.name for one in resources] == ["one", "two"]


def test_it_lists_everything(resources: Resources) -> None:
    assert repr(resources).splitlines() == [
        "Resource: /Things/one  (shared.example)",
        "Resource: /Things/two  (shared.example)",
    ]


@pytest.mark.parametrize(
    "target",
    [
        "https://other.example/path?code=secret",
        "https://other.example/path#secret",
        "https://user:secret@other.example/path",
        "https://secret@x@other.example/path?code=secret#secret",
    ],
)
def test_what_an_address_may_hold_of_a_key_is_not_shown(resources: Resources, target: str) -> None:
    assert without_query(target) == "https://other.example/path"
    with pytest.raises(UnknownHost) as caught:
        resources.find(target)
    assert "secret" not in str(caught.value)


def test_an_id_is_shown_as_it_is() -> None:
    assert without_query("/things/@one") == "/things/@one"
    assert len(without_query("/x" * 100)) == 120

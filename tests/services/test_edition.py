"""Editions: whose business an upgrade is, and what a workspace shows of it."""

from typing import Any

import pytest

from labkit.azure import Editions, ResourceManager
from labkit.core.errors import BadInput, BadRequest, Conflict, Forbidden, GuestNotSupported
from labkit.furniture import workspace_id
from labkit.lab import Lab, start
from labkit.releases import RELEASES
from tests.services.ml import GROUP, ask, refused, share, unchanged, workspace

SPOKEN = [name for name, release in RELEASES.items() if release.editions]


def shown(lab: Lab) -> Any:
    return ask(lab, "rita", ResourceManager.get)["properties"].get("edition")


@pytest.mark.parametrize("release", SPOKEN)
def test_the_owner_upgrades_and_nobody_else(release: str) -> None:
    lab = start(release)
    for who in ("carl", "rita", "your-client-id"):
        refusal = refused(lab, Forbidden, who, Editions.upgrade)
        assert refusal.required.startswith("Microsoft.Authorization/roleAssignments/write on ")
    assert (workspace(lab).edition, shown(lab)) == ("Basic", "Basic")
    assert ask(lab, "olivia", Editions.upgrade) == "Enterprise"
    assert (workspace(lab).edition, shown(lab)) == ("Enterprise", "Enterprise")


def test_twice_is_a_conflict(lab: Lab) -> None:
    ask(lab, "olivia", Editions.upgrade)
    assert refused(lab, Conflict, "olivia", Editions.upgrade).presented == "Enterprise"


def test_one_workspace_s_edition_is_no_other_s(lab: Lab) -> None:
    ask(lab, "olivia", Editions.upgrade)
    other: Any = lab.resources.find(lab.other_workspace)
    assert other.edition == "Basic"


def test_the_right_to_assign_roles_without_the_right_to_write_is_not_enough(lab: Lab) -> None:
    share(lab, lab.people["rita"].object_id, "User Access Administrator", GROUP)
    refusal = refused(lab, Forbidden, "rita", Editions.upgrade)
    assert refusal.required.startswith("Microsoft.MachineLearningServices/workspaces/write on ")
    assert workspace(lab).edition == "Basic"
    assert refusal.service == "Azure Resource Manager"


def test_a_guest_is_turned_away(lab: Lab) -> None:
    refused(lab, GuestNotSupported, "gita", Editions.upgrade)


@pytest.mark.parametrize("who", ["carl", "olivia"])
@pytest.mark.parametrize("edition", ["Enterprise", "basic", "", None, True, ["Basic"]], ids=repr)
def test_no_put_changes_it(lab: Lab, who: str, edition: Any) -> None:
    refusal = refused(lab, BadRequest, who, ResourceManager.put, "eastus", {"edition": edition})
    assert "edition" in refusal.message


def test_a_put_that_says_what_is_so_is_fine(lab: Lab) -> None:
    ask(lab, "carl", ResourceManager.put, "eastus", {"edition": "Basic"})
    ask(lab, "olivia", Editions.upgrade)
    assert ask(lab, "carl", ResourceManager.put, "eastus", {"edition": "Enterprise"})
    refused(lab, BadRequest, "carl", ResourceManager.put, "eastus", {"edition": "Basic"})


@pytest.mark.parametrize("edition", ["enterprise", "", None, True, ["Enterprise"]], ids=repr)
def test_a_new_workspace_has_no_edition_that_there_is_not(lab: Lab, edition: Any) -> None:
    new, owner = workspace_id("your-resource-group-name", "new"), lab.sign_in("olivia").bearer
    with unchanged(lab), pytest.raises(BadRequest, match="edition"):
        lab.ask("olivia", ResourceManager.put, new, owner, "eastus", {"edition": edition})


def test_who_may_not_upgrade_a_workspace_creates_none_of_the_higher_edition(lab: Lab) -> None:
    new = workspace_id("your-resource-group-name", "new")
    owner, carl = (lab.sign_in(who).bearer for who in ("olivia", "carl"))
    with unchanged(lab), pytest.raises(Forbidden):
        lab.ask("carl", ResourceManager.put, new, carl, "eastus", {"edition": "Enterprise"})
    made = lab.ask("olivia", ResourceManager.put, new, owner, "eastus", {"edition": "Enterprise"})
    assert made["properties"]["edition"] == "Enterprise"
    lab.ask("olivia", ResourceManager.delete, new, owner)
    made = lab.ask("carl", ResourceManager.put, new, carl, "eastus", {"edition": "Basic"})
    assert made["properties"]["edition"] == "Basic"


def test_arguments_are_a_bad_request(lab: Lab) -> None:
    refused(lab, BadRequest, "olivia", Editions.upgrade, "Enterprise")


class TestBeforeEditions:
    @pytest.fixture
    def lab(self) -> Lab:
        return start("2019-08")

    def test_there_is_no_such_operation_and_the_lab_says_why(self, lab: Lab) -> None:
        assert SPOKEN == ["2020-01", "2020-03"]
        with unchanged(lab), pytest.raises(BadInput, match="knows no editions"):
            ask(lab, "olivia", Editions.upgrade)
        assert "Upgrade edition" not in {
            one.operation for one in lab.opens(lab.sign_in("olivia").bearer).attempts
        }

    def test_a_workspace_has_none_and_shows_none(self, lab: Lab) -> None:
        assert (workspace(lab).edition, shown(lab)) == ("", None)
        for edition in ("", "Basic", None):
            refused(lab, BadRequest, "olivia", ResourceManager.put, "eastus", {"edition": edition})
            new, owner = workspace_id("your-resource-group-name", "new"), lab.sign_in("olivia").bearer
            with unchanged(lab), pytest.raises(BadRequest, match="no editions"):
                lab.ask("olivia", ResourceManager.put, new, owner, "eastus", {"edition": edition})

"""The applications that Azure ML makes for itself: one for each region of a workspace. Statement app-aml."""

import pytest

from labkit.azure import ResourceManager
from labkit.core.credential import Bearer
from labkit.core.errors import Conflict
from labkit.furniture import GROUPS, SUBSCRIPTION, workspace_id
from labkit.lab import Lab, start
from labkit.services.machine_learning.support_application import PREFIX
from tests.services.state import everything

NAMES = [workspace_id(GROUPS[0], f"new-{number}") for number in range(3)]


@pytest.fixture
def carl(lab: Lab) -> Bearer:
    return lab.sign_in("carl").bearer


def applications(lab: Lab) -> dict[str, set[tuple[str, str]]]:
    """What each of them holds, by name."""
    roles = lab.parts.access.roles
    return {
        name: {
            (lab.access.role(one.role_id).name, one.scope) for one in roles if one.principal_id == object_id
        }
        for object_id, name, _ in lab.directory.principals()
        if name.startswith(PREFIX)
    }


def test_each_region_has_one_with_contributor_on_the_subscription(lab: Lab, carl: Bearer) -> None:
    holds = {("Contributor", SUBSCRIPTION)}
    assert applications(lab) == {f"{PREFIX}eastus": holds}
    lab.ask("carl", ResourceManager.put, NAMES[0], carl, "northeurope")
    two = {f"{PREFIX}eastus": holds, f"{PREFIX}northeurope": holds}
    assert applications(lab) == two
    for id, region in zip(NAMES[1:], ("eastus", "northeurope"), strict=True):
        lab.ask("carl", ResourceManager.put, id, carl, region)
    assert applications(lab) == two


def test_it_stays_when_its_workspaces_go(lab: Lab, carl: Bearer) -> None:
    lab.ask("carl", ResourceManager.put, NAMES[0], carl, "northeurope")
    before = applications(lab)
    lab.ask("carl", ResourceManager.delete, NAMES[0], carl)
    assert applications(lab) == before


def test_a_workspace_that_fails_leaves_none(lab: Lab, carl: Bearer, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise Conflict("This step fails.")

    before = everything(lab)
    monkeypatch.setattr(ResourceManager.post, "function", fail)
    with pytest.raises(Conflict):
        lab.ask("carl", ResourceManager.put, NAMES[0], carl, "northeurope")
    assert everything(lab) == before


def test_nobody_holds_a_secret_of_it(lab: Lab) -> None:
    [client_id] = [id for id, one in lab.directory._applications.items() if one.name.startswith(PREFIX)]
    application = lab.directory.application(client_id)
    assert application is not None
    assert application.secrets == []


def test_the_same_seed_gives_the_same_one() -> None:
    first, second = (sorted(start(seed=7).directory._applications) for _ in range(2))
    assert first == second

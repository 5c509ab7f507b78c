"""What Resource Manager's activity log has, of whom, and what it never has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import labkit
from labkit.azure import (
    AppInsights,
    Authorization,
    ManagementGroups,
    Models,
    Monitor,
    ResourceManager,
    VaultAccess,
    WebServices,
)
from labkit.core.credential import Anonymous, Bearer
from labkit.core.errors import LabError
from labkit.core.operation import Op
from labkit.furniture import CLIENT_ID, GROUPS, SUBSCRIPTION, workspace_id
from labkit.lab import Lab
from labkit.services.activity_log import RETENTION, Events
from labkit.services.machine_learning.runs import Runs
from tests.services.ml import ask, attach_cluster, dependency, workspace

WORKSPACES = "Microsoft.MachineLearningServices/workspaces"


def log(lab: Lab, scope: str = SUBSCRIPTION, who: str = "olivia") -> Events:
    return lab.ask(who, Monitor.activity_log, scope, lab.sign_in(who).bearer)


def arm(lab: Lab, who: str, op: Op[..., Any], target: str, *args: Any) -> bool:
    return bool(lab.attempt(who, op, target, lab.sign_in(who).bearer, *args))


def seen(lab: Lab) -> list[tuple[str, str, str, str]]:
    """All events, in short."""
    return [(one.operation_name, one.caller, one.status, one.sub_status) for one in log(lab)]


def test_it_begins_empty(lab: Lab) -> None:
    assert log(lab).found == ()


def test_an_event_has_azures_fields(lab: Lab) -> None:
    lab.clock.advance("90s")
    assert arm(lab, "carl", ResourceManager.put, f"{lab.workspace}/computes/gpu", "eastus")
    [event] = log(lab)
    correlation = event.documented["correlationId"]
    assert event.documented == {
        "eventTimestamp": "2020-03-13 09:01:30Z",
        "operationName": f"{WORKSPACES}/computes/write",
        "caller": "carl@contoso.example",
        "status": "Succeeded",
        "subStatus": "200 OK",
        "resourceId": f"{lab.workspace}/computes/gpu",
        "correlationId": correlation,
    }
    assert len(correlation) == 36
    assert Events.fields == tuple(event.documented)


# What somebody does, and what the log calls it. Each goes through another service.
CHANGES: dict[str, tuple[Callable[[Lab], bool], str]] = {
    "put": (
        lambda lab: arm(lab, "olivia", ResourceManager.put, f"{lab.workspace}/computes/gpu", "eastus"),
        f"{WORKSPACES}/computes/write",
    ),
    "delete": (
        lambda lab: arm(lab, "olivia", ResourceManager.delete, f"{lab.workspace}/computes/cpu-cluster"),
        f"{WORKSPACES}/computes/delete",
    ),
    "post": (
        lambda lab: arm(lab, "olivia", ResourceManager.post, lab.storage, "listKeys"),
        "Microsoft.Storage/storageAccounts/listKeys/action",
    ),
    "assign": (
        lambda lab: arm(
            lab, "olivia", Authorization.assign, lab.workspace, "Owner", lab.people["rita"].object_id
        ),
        "Microsoft.Authorization/roleAssignments/write",
    ),
    "define": (
        lambda lab: arm(
            lab,
            "olivia",
            Authorization.define,
            SUBSCRIPTION,
            {
                "Name": "Looker",
                "Actions": [f"{WORKSPACES}/read"],
                "AssignableScopes": [SUBSCRIPTION, lab.resource_group],
            },
        ),
        "Microsoft.Authorization/roleDefinitions/write",
    ),
    "policy": (
        lambda lab: arm(
            lab,
            "olivia",
            VaultAccess.set_policy,
            lab.vault,
            lab.people["rita"].object_id,
            {"secrets": ["get"]},
        ),
        "Microsoft.KeyVault/vaults/accessPolicies/write",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_every_change_is_one_event_whichever_service_it_passed(lab: Lab, what: str) -> None:
    change, operation = CHANGES[what]
    assert change(lab)
    [event] = [one for one in log(lab) if one.caller == "olivia@contoso.example"]
    assert (event.operation_name.lower(), event.status) == (operation.lower(), "Succeeded")


def test_a_check_of_somebodys_rights_is_no_change(lab: Lab) -> None:
    """Attaching a cluster asks Resource Manager whether the caller may write it; so do roles with several
    scopes and management groups."""
    attach_cluster(lab)
    names = [(one.operation_name.rpartition("/")[0], one.resource_id) for one in log(lab)]
    assert len(names) == len({*names}) == 2
    lab.trace.clear()
    assert CHANGES["define"][0](lab)
    assert {hop.operation for hop in lab.trace} >= {
        "Create role definition",
        "Change where a role is available",
    }
    assert len(log(lab)) == 3


def test_reads_are_never_there(lab: Lab) -> None:
    for op in (ResourceManager.get, Authorization.assignments, Authorization.definitions):
        assert arm(lab, "rita", op, lab.workspace)
    assert arm(lab, "rita", Monitor.activity_log, lab.workspace)
    assert arm(lab, "rita", Monitor.metrics, lab.workspace)
    assert arm(lab, "rita", VaultAccess.get_policy, lab.vault)
    assert not arm(lab, "rita", ResourceManager.get, f"{lab.workspace}/computes/none")
    assert arm(lab, "rita", AppInsights.query, workspace(lab).depends_on["insights"])
    assert log(lab).found == ()


def test_who_was_refused_is_there_with_status_and_code(lab: Lab) -> None:
    assert not arm(lab, "rita", ResourceManager.delete, lab.workspace)
    assert not arm(
        lab, "carl", ResourceManager.put, f"{lab.workspace}/computes/gpu", "westus2", {"x": object()}
    )
    assert not arm(lab, "carl", ResourceManager.delete, f"{lab.workspace}/computes/none")
    assert seen(lab) == [
        (f"{WORKSPACES}/delete", "rita@contoso.example", "Failed", "403 AuthorizationFailed"),
        (f"{WORKSPACES}/computes/write", "carl@contoso.example", "Failed", "400 BadRequest"),
        (f"{WORKSPACES}/computes/delete", "carl@contoso.example", "Failed", "404 NotFound"),
    ]


def test_who_proved_nothing_is_in_no_log(lab: Lab) -> None:
    late, graph = lab.sign_in("carl").bearer, lab.sign_in("carl", resource="https://vault.azure.net").bearer
    lab.clock.advance("2h")
    for cred in (late, graph, Anonymous(), Bearer("no.such.token")):
        assert not lab.attempt("carl", ResourceManager.delete, lab.workspace, cred)
    assert log(lab).found == ()


def test_the_trace_goes_and_the_log_stays(lab: Lab) -> None:
    assert CHANGES["put"][0](lab)
    before = log(lab)
    lab.trace.clear()
    assert log(lab).found == before.found
    assert len(before) == 1


def test_it_is_kept_for_ninety_days(lab: Lab) -> None:
    assert CHANGES["put"][0](lab)
    lab.clock.advance(RETENTION - 1)
    assert len(log(lab)) == 1
    lab.clock.advance(1)
    assert log(lab).found == ()
    assert RETENTION == 90 * 86400


def test_a_new_workspace_is_there_with_all_that_came_with_it(lab: Lab) -> None:
    new = workspace_id(GROUPS[0], "new")
    assert arm(lab, "olivia", ResourceManager.put, new, "eastus")
    events = log(lab)
    mine = events.where(caller="olivia@contoso.example")
    made = {one.operation_name for one in mine}
    assert made == {
        "Microsoft.KeyVault/vaults/write",
        "Microsoft.Storage/storageAccounts/write",
        "Microsoft.ContainerRegistry/registries/write",
        "Microsoft.Insights/components/write",
        f"{WORKSPACES}/write",
    }
    found = lab.resources.find(new)
    others = {one.caller for one in events} - {"olivia@contoso.example"}
    # The new identity reads the keys of what it was given; Azure ML's own application gave it the roles.
    provider = lab.directory.principal_of("0736f41a-0425-4b46-bdb5-1563eff02385")
    assert provider is not None
    assert others == {getattr(found, "identity_id", ""), provider.object_id}
    assert len({one.correlation_id for one in events}) == 1


def test_an_application_is_there_by_its_object_id(lab: Lab) -> None:
    lab.ask("app", ResourceManager.post, lab.storage, lab.sign_in(CLIENT_ID).bearer, "listKeys")
    [event] = log(lab)
    assert event.caller == "your-sp-object-id"
    assert lab.directory.name_of(event.caller) == "ml-auth"


def test_what_failed_as_a_whole_is_there_once(lab: Lab) -> None:
    """The dependencies are made and unmade again."""
    new = workspace_id(GROUPS[0], "new")
    assert not arm(lab, "olivia", ResourceManager.put, new, "eastus", {"identity": "mine"})
    assert seen(lab) == [(f"{WORKSPACES}/write", "olivia@contoso.example", "Failed", "400 BadRequest")]
    assert lab.resources.get(new) is None


def test_what_was_undone_takes_no_other_event_with_it(lab: Lab) -> None:
    assert CHANGES["post"][0](lab)
    new = workspace_id(GROUPS[0], "new")
    assert not arm(lab, "olivia", ResourceManager.put, new, "eastus", {"identity": "mine"})
    assert CHANGES["post"][0](lab)
    assert [one.status for one in log(lab)] == ["Succeeded", "Failed", "Succeeded"]


def test_calls_have_correlation_ids_of_their_own(lab: Lab) -> None:
    for _ in range(3):
        assert CHANGES["post"][0](lab)
        # Numbers of hops come again, correlation ids do not.
        lab.trace.clear()
    assert len({one.correlation_id for one in log(lab)}) == 3


def test_the_same_seed_gives_the_same_log() -> None:
    def found(seed: int) -> Events:
        lab = labkit.start(seed=seed)
        assert arm(lab, "olivia", ResourceManager.put, workspace_id(GROUPS[0], "new"), "eastus")
        return log(lab)

    assert found(7) == found(7)
    assert {one.correlation_id for one in found(7)} & {one.correlation_id for one in found(8)} == set()


def test_what_does_not_pass_resource_manager_is_not_there(lab: Lab) -> None:
    ask(lab, "carl", Models.register, "churn", b"weights")
    ask(lab, "carl", Runs.submit, "churn", "cpu-cluster", lambda run: None)
    lab.work()
    assert log(lab).found == ()
    # Deploying to ACI does, as the workspace.
    ask(lab, "carl", WebServices.deploy_aci, "svc", "churn")
    [event] = log(lab)
    assert event.operation_name == "Microsoft.ContainerInstance/containerGroups/write"
    assert event.caller == workspace(lab).identity_id


class TestReading:
    def test_a_reader_reads_it_where_the_role_is_and_nowhere_else(self, lab: Lab) -> None:
        assert arm(lab, "olivia", ResourceManager.post, lab.storage, "listKeys")
        assert len(log(lab, lab.resource_group, "rita")) == 1
        assert not arm(lab, "rita", Monitor.activity_log, SUBSCRIPTION)
        lab.hire("hana")
        with pytest.raises(LabError) as caught:
            log(lab, lab.workspace, "hana")
        assert "Microsoft.Insights/eventtypes/values/read" in str(caught.value)

    def test_a_scope_has_what_is_in_it_and_below(self, lab: Lab) -> None:
        assert arm(lab, "olivia", ResourceManager.post, lab.storage, "listKeys")
        assert CHANGES["put"][0](lab)
        other = f"{SUBSCRIPTION}/resourceGroups/{GROUPS[1]}"
        assert [
            len(log(lab, scope)) for scope in (SUBSCRIPTION, lab.resource_group, lab.workspace, other)
        ] == [2, 2, 1, 0]
        assert len(log(lab, lab.workspace.upper().replace("/SUBSCRIPTIONS", "/subscriptions"))) == 1

    def test_of_what_is_gone_too(self, lab: Lab) -> None:
        storage = dependency(lab, "storage")
        assert arm(lab, "olivia", ResourceManager.delete, storage.id)
        [event] = log(lab, storage.id)
        assert event.operation_name.endswith("/delete")

    def test_another_subscription_has_its_own(self, lab: Lab) -> None:
        other = lab.open_subscription("other")
        assert arm(lab, "olivia", ResourceManager.put, f"{other}/resourceGroups/g", "eastus")
        assert CHANGES["post"][0](lab)
        assert [one.resource_id for one in log(lab, other)] == [f"{other}/resourceGroups/g"]
        assert len(log(lab)) == 1

    def test_it_is_a_table(self, lab: Lab) -> None:
        assert CHANGES["post"][0](lab)
        shown = log(lab)
        assert "olivia@contoso.example" in repr(shown)
        assert "<table" in shown._repr_mimebundle_()["text/html"]


def test_management_groups_are_in_no_subscriptions_log(lab: Lab) -> None:
    group = "/providers/Microsoft.Management/managementGroups/ours"
    assert arm(lab, "olivia", ManagementGroups.create, group)
    assert log(lab).found == ()

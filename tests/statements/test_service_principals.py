"""What the how-to says about az and service principals, attempted in a lab of each release. Each test does
what the ledger's `shown_by` says of its statement."""

import json
from typing import Any

import pytest

from labkit.access.errors import PrincipalNotFound
from labkit.azure import (
    CLIENT_ID,
    GRAPH,
    Authorization,
    Bearer,
    DataStores,
    Graph,
    ResourceManager,
    Runs,
    WorkspaceKeys,
)
from labkit.core.verdict import Verdict
from labkit.course.role_matrix import DOCUMENTED_ROLES
from labkit.furniture import CLIENT_SECRET, GROUPS, SUBSCRIPTION, workspace_id
from labkit.identity.errors import WrongClientSecret
from labkit.lab import Lab
from labkit.ledger import statement
from labkit.sdk.az import AzError
from tests.services.ml import share
from tests.services.state import everything
from tests.statements.conftest import signed_in

EXTENSION = "az extension add -n azure-cli-ml"
CREATE = "az ad sp create-for-rbac --sdk-auth --name ml-auth"
SHOW = "az ad sp show --id your-client-id"
PLACE = "-w your-workspace-name -g your-resource-group-name"
WORKSPACES = [
    workspace_id(GROUPS[0], "ml-example"),
    *(workspace_id(group, "your-workspace-name") for group in GROUPS),
]
# What the how-to prints, its secret left open.
PRINTED = {
    "clientId": "your-client-id",
    "subscriptionId": "your-sub-id",
    "tenantId": "your-tenant-id",
    "activeDirectoryEndpointUrl": "https://login.microsoftonline.com",
    "resourceManagerEndpointUrl": "https://management.azure.com",
    "activeDirectoryGraphResourceId": "https://graph.windows.net",
    "sqlManagementEndpointUrl": "https://management.core.windows.net:5555",
    "galleryEndpointUrl": "https://gallery.azure.com/",
    "managementEndpointUrl": "https://management.core.windows.net",
}


@pytest.fixture
def lab(stating: Lab) -> Lab:
    return stating


@pytest.fixture
def az(lab: Lab) -> Lab:
    """A lab with the extension for machine learning."""
    lab.az(EXTENSION)
    return lab


def answered(lab: Lab, line: str) -> Any:
    return json.loads(lab.az(line))


def said(lab: Lab, line: str) -> AzError:
    """How az refuses a command. Nothing has changed by it."""
    before = everything(lab)
    with pytest.raises(AzError) as caught:
        lab.az(line)
    assert everything(lab) == before
    return caught.value


def opened(lab: Lab, token: Bearer) -> list[str]:
    """The workspaces that somebody can both look at and take the keys of."""
    return [
        one
        for one in WORKSPACES
        if lab.attempt("app", ResourceManager.get, one, token)
        and lab.attempt("app", WorkspaceKeys.list_keys, one, token)
    ]


def changes(lab: Lab) -> list[tuple[str, str]]:
    """(service, operation) of what was done so far and was no reading."""
    reading = ("List", "Get", "GET", "Approve")
    return [(hop.service, hop.operation) for hop in lab.trace if not hop.operation.startswith(reading)]


# ---- creating


@pytest.mark.proves("authn-sp-create")
def test_the_command_prints_ten_keys_and_what_it_prints_signs_in(lab: Lab) -> None:
    made = answered(lab, CREATE)
    secret = made.pop("clientSecret")
    assert (made, len(made), type(secret)) == (PRINTED, 9, str)
    token = lab.sign_in(made["clientId"]).claims
    assert (token["appid"], token["app_displayname"]) == ("your-client-id", "ml-auth")
    assert opened(lab, signed_in(lab, secret)) == WORKSPACES


@pytest.mark.proves("authn-sp-create")
def test_of_two_runs_the_second_one_s_secret_is_the_one_that_works(lab: Lab) -> None:
    first, second = (answered(lab, CREATE)["clientSecret"] for _ in range(2))
    assert signed_in(lab, second)
    with pytest.raises(WrongClientSecret):
        signed_in(lab, first)


@pytest.mark.proves("authn-sp-create")
def test_another_name_makes_another_application(lab: Lab) -> None:
    assert "doesn't exist" in said(lab, "az ad sp show --id http://nightly").message
    made = answered(lab, CREATE.replace("ml-auth", "nightly"))
    assert list(made) == ["clientId", "clientSecret", *list(PRINTED)[1:]]
    assert made["clientId"] != CLIENT_ID
    assert answered(lab, "az ad sp show --id http://nightly")["appId"] == made["clientId"]
    assert signed_in(lab, made["clientSecret"], made["clientId"])
    with pytest.raises(WrongClientSecret):
        signed_in(lab, made["clientSecret"])


@pytest.mark.proves("authn-sp-order")
def test_the_application_is_registered_first_and_has_its_role_on_the_workspace_last(az: Lab) -> None:
    az.trace.clear()
    made = answered(az, CREATE.replace("ml-auth", "nightly"))
    object_id = answered(az, f"az ad sp show --id {made['clientId']}")["objectId"]
    az.az(f"az ml workspace share {PLACE} --user {object_id} --role owner")
    assert changes(az) == [
        ("Azure AD Graph", "Create application"),
        ("Azure AD Graph", "Update application"),
        ("Azure AD Graph", "Create service principal"),
        ("Azure Resource Manager", "Create role assignment"),
        ("Azure Resource Manager", "Create role assignment"),
    ]
    scopes = [hop.scope for hop in az.trace if hop.operation == "Create role assignment"]
    assert scopes == [SUBSCRIPTION, az.other_workspace]


@pytest.mark.proves("authn-sp-order")
def test_an_application_that_is_not_registered_gets_no_role(az: Lab) -> None:
    line = f"az ml workspace share {PLACE} --role owner --user "
    for nobody in ("nightly", "http://nightly", "00000000-0000-0000-0000-000000000000"):
        assert said(az, line + nobody).code == "PrincipalNotFound"
    # Registered, and without a service principal in this tenant: still nobody that could have a role.
    graph, token = f"{GRAPH}/{az.tenant}", az.sign_in("olivia", resource=GRAPH).bearer
    made = az.ask("olivia", Graph.register, f"{graph}/applications", token, "nightly", "http://nightly")
    with pytest.raises(PrincipalNotFound):
        share(az, made["appId"], "owner", az.other_workspace)
    new = az.ask("olivia", Graph.add_service_principal, f"{graph}/servicePrincipals", token, made["appId"])
    assert az.az(line + new["objectId"]) == ""


@pytest.mark.proves("authn-sp-admin")
@pytest.mark.parametrize("who", ["carl", "rita"])
def test_who_may_not_assign_roles_gets_as_far_as_the_role_and_leaves_nothing(
    lab: Lab, who: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.az(f"az login -u {who}")
    lab.trace.clear()
    error = said(lab, "az ad sp create-for-rbac --sdk-auth --name carls")
    assert error.code == "AuthorizationFailed"
    assert "'Microsoft.Authorization/roleAssignments/write' over scope" in error.message
    assert f"'{SUBSCRIPTION}'" in error.message
    tried = [(hop.operation, hop.ok) for hop in lab.trace if not hop.operation.startswith(("List", "Get"))]
    assert tried == [
        *(("Create application", True), ("Update application", True), ("Create service principal", True)),
        *(("Create role assignment", False), ("Delete application", True)),
    ]
    shown = "".join(capsys.readouterr())
    assert "  Role assignment creation failed." in shown
    assert "Created until then and deleted again: application " in shown
    assert "and its service principal " in shown
    assert "doesn't exist" in said(lab, "az ad sp show --id http://carls").message


@pytest.mark.proves("authn-sp-admin")
@pytest.mark.parametrize("role", [*DOCUMENTED_ROLES, "User Access Administrator"])
@pytest.mark.parametrize("scope", [SUBSCRIPTION, WORKSPACES[0]], ids=["subscription", "workspace"])
def test_it_takes_the_right_to_assign_roles_and_that_on_the_subscription(
    lab: Lab, role: str, scope: str
) -> None:
    share(lab, lab.hire("nora").object_id, role, scope)
    lab.az("az login -u nora")
    line = "az ad sp create-for-rbac --sdk-auth --name noras"
    if scope == SUBSCRIPTION and role in ("Owner", "User Access Administrator"):
        made = answered(lab, line)
        assert opened(lab, signed_in(lab, made["clientSecret"], made["clientId"])) == WORKSPACES
    else:
        assert said(lab, line).code == "AuthorizationFailed"


# ---- looking, and sharing


@pytest.mark.proves("authn-sp-show")
def test_the_details_have_an_object_id_that_is_not_the_client_id(az: Lab) -> None:
    shown = answered(az, SHOW)
    assert (shown["appId"], shown["appDisplayName"]) == ("your-client-id", "ml-auth")
    assert shown["objectType"] == "ServicePrincipal"
    assert shown["objectId"] != shown["appId"]
    # It is the object id that the token's holder is known by, and the one that the next step takes.
    assert az.sign_in(CLIENT_ID).claims["oid"] == shown["objectId"]
    share_line = f"az ml workspace share {PLACE} --role owner --user "
    assert said(az, share_line + shown["appId"]).code == "PrincipalNotFound"
    assert az.az(share_line + shown["objectId"]) == ""


@pytest.mark.proves("authn-sp-show")
@pytest.mark.parametrize("nobody", ["another-client-id", "ml-auth", "carl@contoso.example"])
def test_who_is_no_service_principal_is_not_shown(lab: Lab, nobody: str) -> None:
    assert "doesn't exist" in said(lab, f"az ad sp show --id {nobody}").message


@pytest.mark.proves("authn-sp-share")
@pytest.mark.parametrize("role", ["owner", "contributor"])
def test_before_it_everything_is_open_without_the_grant_nothing_and_after_it_this_workspace(
    az: Lab, role: str
) -> None:
    secret = answered(az, CREATE)["clientSecret"]
    assert opened(az, signed_in(az, secret)) == WORKSPACES
    az.az("az role assignment delete --assignee your-client-id")
    token = signed_in(az, secret)
    assert opened(az, token) == []
    verdict = az.attempt("app", ResourceManager.get, az.other_workspace, token)
    assert verdict.code == "AuthorizationFailed"
    assert az.az(f"az ml workspace share {PLACE} --user your-sp-object-id --role {role}") == ""
    assert opened(az, signed_in(az, secret)) == [az.other_workspace]
    held = answered(az, "az role assignment list --all --assignee your-client-id")
    assert [(one["roleDefinitionName"], one["scope"]) for one in held] == [
        (role.capitalize(), az.other_workspace)
    ]


@pytest.mark.proves("authn-sp-share")
def test_the_client_id_in_the_place_of_the_object_id_fails_and_says_what_to_do(az: Lab) -> None:
    error = said(az, f"az ml workspace share {PLACE} --user your-client-id --role owner")
    assert error.message == "Principal your-client-id does not exist in the directory your-tenant-id."
    assert error.advice.endswith("az ad sp show --id your-client-id --query objectId")
    assert az.az(error.advice.partition(": ")[2] + " -o tsv") == "your-sp-object-id"


@pytest.mark.proves("authn-sp-share")
def test_an_owner_shares_on_and_a_contributor_does_not(az: Lab) -> None:
    az.az("az role assignment delete --assignee your-client-id")
    friend = az.hire("nora").object_id
    for role, allowed in (("contributor", False), ("owner", True)):
        az.az(f"az ml workspace share {PLACE} --user your-sp-object-id --role {role}")
        token = signed_in(az, CLIENT_SECRET)
        verdict = az.attempt("app", Authorization.assign, az.other_workspace, token, "reader", friend)
        assert verdict.accepted is allowed


@pytest.mark.proves("authn-sp-cli-extension")
@pytest.mark.parametrize(
    "line", [f"az ml workspace show {PLACE}", f"az ml workspace share {PLACE} --user x --role y", "az ml"]
)
def test_without_the_extension_every_ml_command_names_the_one_that_adds_it(lab: Lab, line: str) -> None:
    error = said(lab, line)
    assert "'ml' is not in the 'az' command group" in error.message
    assert error.advice == EXTENSION


@pytest.mark.proves("authn-sp-cli-extension")
def test_once_it_is_added_they_work_until_it_is_taken_away(lab: Lab) -> None:
    line = f"az ml workspace show {PLACE}"
    assert said(lab, line)
    assert lab.az(said(lab, line).advice) == ""
    assert answered(lab, line)["id"] == lab.other_workspace
    lab.az("az extension remove -n azure-cli-ml")
    assert said(lab, line).advice == EXTENSION


# ---- what its role is worth


def tried(lab: Lab, token: Bearer) -> dict[str, bool]:
    """What writes to something that is there, and what provisions something new: does it pass?"""
    there, new = f"{lab.workspace}/computes/{lab.cluster}", f"{lab.workspace}/computes/another"
    store = ("another", "AccountName=another;AccountKey=a2V5")
    verdicts: dict[str, Verdict[Any]] = {
        "Run experiment": lab.attempt("sp", Runs.submit, lab.workspace, token, "train", lab.cluster, print),
        "Write compute target": lab.attempt("sp", ResourceManager.put, there, token, "eastus"),
        "Create compute target": lab.attempt("sp", ResourceManager.put, new, token, "eastus"),
        "Attach data stores": lab.attempt("sp", DataStores.attach, lab.workspace, token, *store),
    }
    assert {one.code for one in verdicts.values()} <= {"", "AuthorizationFailed"}
    return {name: one.accepted for name, one in verdicts.items()}


@pytest.mark.proves("authn-sp-provision-conflict")
@pytest.mark.parametrize("role", DOCUMENTED_ROLES)
def test_a_contributor_provisions_as_the_table_says_and_the_how_to_denies(az: Lab, role: str) -> None:
    az.az("az role assignment delete --assignee your-client-id")
    share_line = "az ml workspace share -w ml-example -g your-resource-group-name --user your-sp-object-id"
    az.az(f"{share_line} --role {role.lower()}")
    found = tried(az, signed_in(az, CLIENT_SECRET))
    writes, provisions = role in ("Owner", "Contributor"), role == "Owner"
    by_the_how_to = dict(zip(found, (writes, writes, provisions, provisions), strict=True))
    table = statement("rbac-matrix").table
    assert {name: role in table[name] for name in found if name in table} == {
        name: passed for name, passed in found.items() if name != "Write compute target"
    }
    contradicted = {name for name, passed in found.items() if passed is not by_the_how_to[name]}
    new = {"Create compute target", "Attach data stores"}
    assert contradicted == (new if role == "Contributor" else set())


@pytest.mark.proves("authn-sp-provision-conflict")
def test_the_ledger_sets_the_two_against_each_other(lab: Lab) -> None:
    one = statement("authn-sp-provision-conflict")
    assert one.opposed_by == ("rbac-matrix",)
    assert {one.stance(lab.release.name), statement("rbac-matrix").stance(lab.release.name)} == {"states"}

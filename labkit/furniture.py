"""The people and resources that every lab starts with. The documents' placeholders are real names here,
so that their code runs as printed."""

from __future__ import annotations

from dataclasses import dataclass, field

from labkit.access.rbac import RoleAssignment
from labkit.access.roles import built_in
from labkit.authenticators.password import AZURE_CLI, Password
from labkit.core.errors import BadInput
from labkit.core.resource import Component
from labkit.identity.directory import Directory
from labkit.identity.totp import totp
from labkit.services.azure_ad import AzureAD
from labkit.services.machine_learning import workspace
from labkit.services.resource_manager import ResourceManager
from labkit.wiring import Parts

TENANT = "your-tenant-id"
PARTNER_TENANT = "partner-tenant-id"
SUBSCRIPTION = "/subscriptions/your-sub-id"
GROUPS = ("your-resource-group-name", "your-resource-group-id")
CLIENT_ID = "your-client-id"
CLIENT_SECRET = "your-client-secret"
REGION = "eastus"
CLUSTER = "cpu-cluster"
ROLES = {"olivia": "owner", "carl": "contributor", "rita": "reader"}
GUEST = "gita"


@dataclass(frozen=True)
class Person:
    """What a person knows and carries: a password, and an authenticator that shows codes. `tenant_id` is
    the tenant that this person is at home in."""

    name: str
    upn: str
    tenant_id: str
    password: str = field(repr=False)
    authenticator: bytes = field(repr=False)

    def code(self, now: int) -> str:
        """What the authenticator shows at this moment (seconds)."""
        return totp(self.authenticator, now)


def workspace_id(group: str, name: str) -> str:
    """The Resource Manager id of a workspace of the lab's subscription."""
    return f"{SUBSCRIPTION}/resourceGroups/{group}/providers/{workspace.TYPE}/{name}"


def move_in(parts: Parts) -> dict[str, Person]:
    """Furnishes a newly built lab; returns the people by name. Resources are created by olivia, through
    the door; the trace is emptied afterwards."""
    people = {name: _hire(parts, parts.home.directory, name) for name in ROLES}
    people[GUEST] = _hire(parts, parts.partner.directory, GUEST)
    _register_application(parts)
    _assign_roles(parts)
    _open_subscription(parts)
    _create_workspaces(parts, people["olivia"])
    parts.trace.clear()
    return people


def _hire(parts: Parts, directory: Directory, name: str) -> Person:
    secret = parts.entropy.text(f"password/{name}")
    authenticator = parts.entropy(f"authenticator/{name}", 20)
    user = directory.add_user(name, secret, authenticator)
    if directory is not parts.home.directory:
        parts.home.directory.invite(user)
    return Person(name, user.upn, directory.tenant_id, secret, authenticator)


def _register_application(parts: Parts) -> None:
    directory = parts.home.directory
    for tenant in (directory, parts.partner.directory):
        tenant.register("Microsoft Azure CLI", AZURE_CLI)
    application = directory.register("ml-auth", CLIENT_ID)
    directory.add_secret(application, CLIENT_SECRET, parts.clock.now)
    directory.add_service_principal(application, "your-sp-object-id")


def _assign_roles(parts: Parts) -> None:
    """Owner of the subscription; the others in both resource groups. The guest is a Contributor too: what
    refuses it is not a missing role."""
    directory, roles = parts.home.directory, built_in()
    for name, role in (*ROLES.items(), (GUEST, "contributor")):
        user = directory.user(f"{GUEST}@{parts.partner.directory.domain}" if name == GUEST else name)
        if user is None:
            raise BadInput("There is no such user.", presented=name)
        scopes = (
            [SUBSCRIPTION]
            if role == "owner"
            else [f"{SUBSCRIPTION}/resourceGroups/{group}" for group in GROUPS]
        )
        for scope in scopes:
            parts.roles.add(RoleAssignment(user.object_id, roles[role], scope))
    # What `az ad sp create-for-rbac` of 2019 did unasked: Contributor of the whole subscription.
    parts.roles.add(RoleAssignment("your-sp-object-id", roles["contributor"], SUBSCRIPTION))


def _open_subscription(parts: Parts) -> None:
    for id in (SUBSCRIPTION, *(f"{SUBSCRIPTION}/resourceGroups/{group}" for group in GROUPS)):
        parts.arm.documents[id.lower()] = {"id": id, "name": id.rpartition("/")[2], "location": REGION}


def _create_workspaces(parts: Parts, owner: Person) -> None:
    here = Component(owner.name)
    password = Password(owner.upn, owner.password)
    token = parts.door.ask(here, AzureAD.token, TENANT, password).access_token.bearer
    names = [
        (GROUPS[0], "ml-example"),
        (GROUPS[0], "your-workspace-name"),
        (GROUPS[1], "your-workspace-name"),
    ]
    for group, name in names:
        parts.door.ask(here, ResourceManager.put, workspace_id(group, name), token, REGION)
    cluster = f"{workspace_id(*names[0])}/computes/{CLUSTER}"
    parts.door.ask(here, ResourceManager.put, cluster, token, REGION)

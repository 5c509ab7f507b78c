"""The people and resources that every lab starts with. The documents' placeholders are real names here,
so that their code runs as printed."""

from __future__ import annotations

from dataclasses import dataclass, field

from labkit.access.assignment import RoleAssignment
from labkit.access.scope import management_group
from labkit.authenticators.password import AZURE_CLI, Password
from labkit.core.resource import Component
from labkit.identity.directory import Directory
from labkit.identity.totp import totp
from labkit.services.azure_ad import AzureAD
from labkit.services.machine_learning import workspace
from labkit.services.machine_learning.permissions import PROVIDER_APP
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
    the tenant that this person is at home in, `object_id` the account in the lab's own, which roles are
    assigned to."""

    name: str
    upn: str
    tenant_id: str
    object_id: str
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
    the door; that was before everybody's time, so the trace and the activity log are emptied afterwards."""
    people = {name: hire(parts, parts.home.directory, name) for name in ROLES}
    people[GUEST] = hire(parts, parts.partner.directory, GUEST)
    _register_application(parts, people["olivia"])
    _assign_roles(parts, people)
    _open(parts, SUBSCRIPTION)
    _create_workspaces(parts, people["olivia"])
    parts.trace.clear()
    parts.arm.activity_log.begin()
    return people


def hire(parts: Parts, directory: Directory, name: str) -> Person:
    """A new person with an account in a tenant, and a guest account here if that is another one."""
    secret = parts.entropy.text(f"password/{name}")
    authenticator = parts.entropy(f"authenticator/{name}", 20)
    user = directory.add_user(name, secret, authenticator)
    here = user if directory is parts.home.directory else parts.home.directory.invite(user)
    return Person(name, user.upn, directory.tenant_id, here.object_id, secret, authenticator)


def _register_application(parts: Parts, owner: Person) -> None:
    directory = parts.home.directory
    for tenant in (directory, parts.partner.directory):
        tenant.register("Microsoft Azure CLI", AZURE_CLI)
    application = directory.register("ml-auth", CLIENT_ID, "http://ml-auth", owner.object_id)
    directory.add_secret(application, CLIENT_SECRET, parts.clock.now)
    directory.add_service_principal(application, "your-sp-object-id")


def _assign_roles(parts: Parts, people: dict[str, Person]) -> None:
    """Owner of the subscription; the others in both resource groups. The guest is a Contributor too: what
    refuses it is not a missing role."""
    directory = parts.home.directory
    groups = [f"{SUBSCRIPTION}/resourceGroups/{group}" for group in GROUPS]
    for name, role in (*ROLES.items(), (GUEST, "contributor")):
        for scope in [SUBSCRIPTION] if role == "owner" else groups:
            _assign(parts, people[name].object_id, role, scope)
    # What `az ad sp create-for-rbac` of 2019 did unasked: Contributor of the whole subscription.
    _assign(parts, "your-sp-object-id", "contributor", SUBSCRIPTION)
    # Azure ML's own service principal comes with the registration of the resource provider.
    # assumption: provider-principal
    provider = directory.add_service_principal(directory.register("Azure Machine Learning", PROVIDER_APP))
    _assign(parts, provider.object_id, "user access administrator", SUBSCRIPTION)


def _assign(parts: Parts, principal_id: str, role: str, scope: str) -> None:
    """The first role assignments of a subscription are there before anybody could be asked."""
    roles, name = parts.access.roles, parts.home.directory.name_of(principal_id)
    id = parts.entropy.uuid(f"first role assignment/{principal_id}/{role}/{scope}")
    roles.add(RoleAssignment(id, principal_id, roles.definitions.find(role).id, scope, name))


def open_subscription(parts: Parts, owner: Person, id: str) -> None:
    """One more subscription, with an owner, where Azure ML is registered."""
    _open(parts, id)
    _assign(parts, owner.object_id, "owner", id)
    provider = parts.home.directory.principal_of(PROVIDER_APP)
    assert provider is not None
    _assign(parts, provider.object_id, "user access administrator", id)


def _open(parts: Parts, id: str) -> None:
    parts.access.roles.hierarchy.place(id, management_group(TENANT))
    document = {"id": id, "name": id.rpartition("/")[2], "location": REGION}
    parts.arm.documents[id.lower()] = document


def _create_workspaces(parts: Parts, owner: Person) -> None:
    here = Component(owner.name)
    password = Password(owner.upn, owner.password)
    token = parts.door.ask(here, AzureAD.token, TENANT, password).access_token.bearer
    for group in GROUPS:
        id = f"{SUBSCRIPTION}/resourceGroups/{group}"
        parts.door.ask(here, ResourceManager.put, id, token, REGION)
    names = [
        (GROUPS[0], "ml-example"),
        (GROUPS[0], "your-workspace-name"),
        (GROUPS[1], "your-workspace-name"),
    ]
    for group, name in names:
        parts.door.ask(here, ResourceManager.put, workspace_id(group, name), token, REGION)
    cluster = f"{workspace_id(*names[0])}/computes/{CLUSTER}"
    parts.door.ask(here, ResourceManager.put, cluster, token, REGION)

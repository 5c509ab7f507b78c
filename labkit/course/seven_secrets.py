"""Scene: a workspace that works with seven secrets, some of which its people gave to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from labkit.authenticators.registry_password import RegistryPassword
from labkit.authenticators.ssh import SshKey
from labkit.core.errors import BadInput, Unauthenticated
from labkit.core.operation import Op, P, R
from labkit.core.show import Shown
from labkit.course.key_scene import OWNER, put
from labkit.course.secret_places import search
from labkit.furniture import GROUPS, SUBSCRIPTION, workspace_id
from labkit.lab import Lab
from labkit.services import virtual_machine
from labkit.services.machine_learning.data_stores import DataStores
from labkit.services.machine_learning.provider import DEFAULT_STORE
from labkit.services.machine_learning.run_secrets import RunSecrets
from labkit.services.machine_learning.workspace import Workspace
from labkit.services.registry import ContainerRegistry
from labkit.services.resource_id import name_of
from labkit.services.storage import StorageAccount
from labkit.services.virtual_machine import VirtualMachines

WORKSPACE = workspace_id(GROUPS[0], "safe")
MACHINE = f"{SUBSCRIPTION}/resourceGroups/{GROUPS[0]}/providers/{virtual_machine.TYPE}/box"
_ACCOUNT, _PASSWORD = "ann", "correct horse battery"
_SALES = "AccountName=sales;AccountKey=c2FsZXM=;EndpointSuffix=core.windows.net"
_API = "a key of a weather service"
_STORY = """\
The workspace safe{hbi} has a storage account, a registry and a vault. olivia has
attached the data store sales with a connection string, and the virtual machine box with the password of ann's
account there. A run secret is set, which scripts ask for."""


@dataclass(frozen=True, repr=False)
class SevenSecrets(Shown):
    """The lab, the ids of the workspace and the machine, and the password that olivia typed."""

    lab: Lab
    workspace: str
    machine: str
    typed: str = field(default=_PASSWORD, repr=False)

    def __repr__(self) -> str:
        hbi = ", one of high business impact," if self.lab.release.hbi else ""
        return _STORY.format(hbi=hbi)


def seven_secrets(lab: Lab) -> SevenSecrets:
    """Sets the scene in a new lab, with high business impact where the release has it. Raises what the door
    raises."""
    put(lab, WORKSPACE, {"hbiWorkspace": True} if lab.release.hbi else None)
    _asked(lab, DataStores.attach, "sales", _SALES)
    _asked(lab, RunSecrets.put, "weather", _API)
    put(lab, MACHINE, {"osProfile": {"adminUsername": _ACCOUNT, "adminPassword": _PASSWORD}})
    account = {"administratorAccount": {"username": _ACCOUNT, "password": _PASSWORD}}
    attached = {"computeType": "VirtualMachine", "resourceId": MACHINE, "properties": account}
    put(lab, f"{WORKSPACE}/computes/box", attached)
    return SevenSecrets(lab, WORKSPACE, MACHINE)


def _asked(lab: Lab, op: Op[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    return lab.ask(OWNER, op, WORKSPACE, lab.sign_in(OWNER).bearer, *args, **kwargs)


Matches = Callable[[bytes], bool]


def _text(text: str) -> Matches:
    return lambda held: text.encode() in held


def _connection(lab: Lab) -> Matches:
    return _text(_asked(lab, DataStores.credential, DEFAULT_STORE).reveal())


def _opening_the_machine(lab: Lab) -> Matches:
    """Nobody is shown Azure ML's own key. It is known by what it opens."""

    def opens(held: bytes) -> bool:
        if b"PRIVATE KEY" not in held:
            return False
        key = SshKey(_ACCOUNT, held.decode())
        return bool(lab.attempt("somebody", VirtualMachines.list_authorized, MACHINE, key))

    return opens


def _opening_the_registry(lab: Lab) -> Matches:
    registry = _workspace(lab).depends_on["registry"]

    def opens(held: bytes) -> bool:
        password = RegistryPassword(name_of(registry), held.decode("utf-8", "replace"))
        said = lab.attempt("somebody", ContainerRegistry.pull, registry, password, "rows:1")
        return not isinstance(said.refusal, Unauthenticated)

    return opens


def _certificate(lab: Lab) -> Matches:
    account = lab.resources.find(_workspace(lab).depends_on["storage"])
    assert isinstance(account, StorageAccount)
    certificate = account.account_key.platform.certificate(_workspace(lab).identity_id)
    return lambda held: certificate.proof in held


def _workspace(lab: Lab) -> Workspace:
    found = lab.resources.find(WORKSPACE)
    assert isinstance(found, Workspace)
    return found


# What there is to look for.
SECRETS: Mapping[str, Callable[[Lab], Matches]] = {
    "storage connection string": _connection,
    "registry password": _opening_the_registry,
    "data store": lambda lab: _text(_SALES),
    "SSH key": _opening_the_machine,
    "machine's password": lambda lab: _text(_PASSWORD),
    "run secret": lambda lab: _text(_API),
    "identity certificate": _certificate,
}


def kept_in(scene: SevenSecrets, name: str) -> tuple[str, ...]:
    """The places where one of SECRETS is kept, by looking everywhere. Raises BadInput."""
    if type(name) is not str or name not in SECRETS:
        raise BadInput("There is no such secret.", required=", ".join(SECRETS))
    return search(scene.lab, SECRETS[name](scene.lab))

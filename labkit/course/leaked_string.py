"""Scene: connection strings of a workspace's storage account were committed to a public repository."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from labkit.core.errors import LabError, NotFound
from labkit.core.operation import Op, P, R
from labkit.core.resource import Component
from labkit.core.secret import Secret
from labkit.core.show import Shown
from labkit.core.verdict import Verdict
from labkit.course.key_scene import OWNER, put
from labkit.course.store_trials import TEXT
from labkit.furniture import GROUPS, workspace_id
from labkit.lab import Lab
from labkit.services.azure_ad import KEY_VAULT
from labkit.services.key_vault import KeyVault
from labkit.services.machine_learning.data_stores import kept_as
from labkit.services.machine_learning.mount import BlobClient
from labkit.services.machine_learning.provider import DEFAULT_STORE
from labkit.services.machine_learning.resync import Resync
from labkit.services.machine_learning.runs import Runs
from labkit.services.machine_learning.workspace import Workspace
from labkit.services.resource_id import name_of
from labkit.services.resource_manager import ResourceManager
from labkit.services.storage import KEY_NAMES, BlobStorage, connection_string
from labkit.services.vault_access import VaultAccess

WORKSPACE = workspace_id(GROUPS[0], "leaky")
_CLUSTER = f"{WORKSPACE}/computes/gpu"
_BLOB = "data/rows.csv"
_STORY = """\
Somebody has committed a connection string of the storage account to a public repository: with key1. In an
older commit there is another one, with key2. Both files are gone by now. Copies are not. Runs of the
workspace leaky mount the account and write their outputs there, with what lies in the workspace's vault."""


@dataclass(frozen=True, repr=False)
class LeakedString(Shown):
    """The lab, the ids of the workspace and its storage account, and what was found, by the key in it
    (`leaked["key1"].reveal()`)."""

    lab: Lab
    workspace: str
    storage: str
    leaked: Mapping[str, Secret] = field(repr=False)

    def take(self, step: str) -> None:
        """Takes one of STEPS. Raises what the door raises."""
        STEPS[step](self)

    def run(self) -> str:
        """How a run fails that reads its data and writes an output, "" for not at all. Raises what the door
        raises."""

        def script(run: Any) -> None:
            run.as_mount(DEFAULT_STORE, "data").read("rows.csv")
            run.upload_file("rows.csv", TEXT.encode())

        submitted = _asked(self, Runs.submit, self.workspace, "nightly", "gpu", script)
        self.lab.work(_CLUSTER)
        ended = _asked(self, Runs.get, self.workspace, submitted.run_id)
        return "" if ended.status == "Completed" else ended.error or ended.status

    def alive(self) -> list[str]:
        """The keys whose leaked string still opens the account for mallory."""
        return [which for which in self.leaked if self._opens(self.leaked[which])]

    def _opens(self, connection: Secret) -> Verdict[bytes]:
        client = BlobClient(self.lab.parts.door, Component("mallory"), connection)
        return Verdict.of(partial(client.ask, BlobStorage.get, _BLOB))

    def __repr__(self) -> str:
        return _STORY


def _asked(scene: LeakedString, op: Op[P, R], target: str, *args: P.args, **kwargs: P.kwargs) -> R:
    return scene.lab.ask(OWNER, op, target, scene.lab.sign_in(OWNER).bearer, *args, **kwargs)


def _workspace(lab: Lab) -> Workspace:
    found = lab.resources.find(WORKSPACE)
    assert isinstance(found, Workspace)
    return found


def _strings(lab: Lab, storage: str) -> dict[str, Secret]:
    """A connection string with each of the keys, as they are now."""
    owner = lab.sign_in(OWNER).bearer
    keys = lab.ask(OWNER, ResourceManager.post, storage, owner, "listKeys")
    account = name_of(storage)
    return {which: Secret(connection_string(account, {"key1": keys[which]})) for which in KEY_NAMES}


def _regenerate(scene: LeakedString, which: str) -> None:
    _asked(scene, ResourceManager.post, scene.storage, "regenerateKey", {"keyName": which})


def _in_the_vault(scene: LeakedString, op: Op[..., Any], *more: Any) -> None:
    workspace = _workspace(scene.lab)
    vault, name = workspace.depends_on["vault"], workspace.own(kept_as(DEFAULT_STORE))
    me = scene.lab.people[OWNER].object_id
    _asked(scene, VaultAccess.set_policy, vault, me, {"secrets": ["set", "delete"]})
    token = scene.lab.sign_in(OWNER, resource=KEY_VAULT).bearer
    scene.lab.ask(OWNER, op, vault, token, name, *more)


def _switch(scene: LeakedString) -> None:
    _in_the_vault(scene, KeyVault.set_secret, _strings(scene.lab, scene.storage)["key2"].reveal())


def _send_people_away(scene: LeakedString) -> None:
    vault = _workspace(scene.lab).depends_on["vault"]
    for person in scene.lab.people.values():
        with suppress(NotFound):
            _asked(scene, VaultAccess.remove_policy, vault, person.object_id)


# What olivia can do. Each raises what the door raises.
STEPS: Mapping[str, Callable[[LeakedString], object]] = {
    "delete the secret": lambda scene: _in_the_vault(scene, KeyVault.delete_secret),
    "people out of the vault": _send_people_away,
    "regenerate key1": lambda scene: _regenerate(scene, "key1"),
    "regenerate key2": lambda scene: _regenerate(scene, "key2"),
    "resync": lambda scene: _asked(scene, Resync.resync, scene.workspace),
    "switch to key2": _switch,
}


def leaked_string(lab: Lab) -> LeakedString:
    """Sets the scene in a new lab. Raises what the door raises."""
    # With high business impact a cluster fetches what it needs from the vault, at each run.
    put(lab, WORKSPACE, {"hbiWorkspace": True})
    put(lab, _CLUSTER)
    storage = _workspace(lab).depends_on["storage"]
    scene = LeakedString(lab, WORKSPACE, storage, _strings(lab, storage))
    owner = BlobClient(lab.parts.door, Component(OWNER), scene.leaked["key1"])
    owner.ask(BlobStorage.put, _BLOB, TEXT.encode())
    return scene


@dataclass(frozen=True)
class Interruption:
    """After which step (from 1) a run failed, or which step was refused; and what was said."""

    number: int
    said: str
    refused: bool = False


def follow(scene: LeakedString, steps: Iterable[str]) -> Interruption | None:
    """Takes the steps, with a run after each of them, until something does not go well."""
    for number, step in enumerate(steps, start=1):
        try:
            scene.take(step)
        except LabError as refusal:
            return Interruption(number, refusal.heading, refused=True)
        failed = Verdict.of(scene.run)
        said = failed.refusal.heading if failed.refusal else failed.value
        if said:
            return Interruption(number, said)
    return None

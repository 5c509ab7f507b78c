"""Which log knows what: a few things happen in a lab, and all logs are read after each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from labkit.authenticators.shared_key import SharedKey
from labkit.core.table import Table
from labkit.core.verdict import Verdict
from labkit.course.drills.service_log import ACTIVITY, KEPT, service_log
from labkit.course.service_scene import deploy, keys_of
from labkit.course.store_trials import account
from labkit.lab import start
from labkit.services.app_insights import AppInsights
from labkit.services.azure_ad import ARM, KEY_VAULT, STORAGE
from labkit.services.key_vault import KeyVault
from labkit.services.machine_learning.runs import Runs
from labkit.services.machine_learning.scoring import Scoring
from labkit.services.machine_learning.workspace import Workspace
from labkit.services.monitor import Monitor
from labkit.services.resource_manager import ResourceManager
from labkit.services.storage import BlobStorage
from labkit.services.vault_access import VaultAccess

_WHO, _READER = "carl", "olivia"
INSIGHTS = "Application Insights"
LOGS = (ACTIVITY, *KEPT, INSIGHTS)
NAMED, NOTED, NOTHING = "that, and who", "that", "-"
_BLOB = "data/rows.csv"


class _Scene:
    """A lab with a web service, and carl with a token for everything."""

    def __init__(self, release: str, seed: int) -> None:
        self.lab = start(release, seed)
        self._service = deploy(self.lab, "key")
        self._key = keys_of(self.lab, self._service)[0]
        audiences = (ARM, KEY_VAULT, STORAGE)
        self._tokens = {one: self.lab.sign_in(_WHO, resource=one).bearer for one in audiences}
        workspace = self.lab.resources.find(self.lab.workspace)
        assert isinstance(workspace, Workspace)
        self._insights = workspace.depends_on["insights"]
        self._known = {log: len(self.read(log)) for log in LOGS}

    def sign_in(self) -> object:
        return self.lab.sign_in(_WHO)

    def list_keys(self) -> object:
        return self.lab.ask(_WHO, ResourceManager.post, self.lab.storage, self._tokens[ARM], "listKeys")

    def change_policy(self) -> object:
        me, keys = self.lab.people[_WHO].object_id, {"keys": ["all"]}
        return self.lab.ask(_WHO, VaultAccess.set_policy, self.lab.vault, self._tokens[ARM], me, keys)

    def use_vault(self) -> object:
        return self.lab.ask(_WHO, KeyVault.list_keys, self.lab.vault, self._tokens[KEY_VAULT])

    def read_with_token(self) -> object:
        return self.lab.ask(_WHO, BlobStorage.get, self.lab.storage, self._tokens[STORAGE], _BLOB)

    def read_with_key(self) -> object:
        at = account(self.lab)
        request = BlobStorage.get.request(at.id, (_BLOB,))
        signed = SharedKey.sign(at.name, at.access_keys["key1"], request, self.lab.clock.now)
        return self.lab.ask(_WHO, BlobStorage.get, at.id, signed, _BLOB)

    def submit(self) -> object:
        lab = self.lab
        return lab.ask(_WHO, Runs.submit, lab.workspace, self._tokens[ARM], "night", lab.cluster, print)

    def score(self) -> object:
        return self.lab.ask("curl/7.68.0", Scoring.score, self._service.address, self._key, "[1]")

    def read(self, log: str) -> list[str]:
        """Whom each entry of a log names."""
        owner = self.lab.sign_in(_READER).bearer
        if log == INSIGHTS:
            found = self.lab.ask(_READER, AppInsights.query, self._insights, owner).found
            return [one.user_agent for one in found]
        if log == ACTIVITY:
            events = self.lab.ask(_READER, Monitor.activity_log, self.lab.subscription, owner)
            return [one.caller for one in events]
        return [one.documented["identity"] for one in service_log(self.lab, log)]

    def knows(self, log: str) -> str:
        """What a log tells of what came since it was read last."""
        found, before = self.read(log), self._known[log]
        self._known[log] = len(found)
        # Whoever reads the logs signs in for it.
        new = [one for one in found[before:] if not one.startswith(_READER)]
        if any(one.startswith(_WHO) for one in new):
            return NAMED
        return NOTED if new else NOTHING


# What carl does, by how a table calls it.
ACTS: Mapping[str, Callable[[_Scene], object]] = {
    "signs in": _Scene.sign_in,
    "lists the keys of a storage account": _Scene.list_keys,
    "changes a vault's access policy": _Scene.change_policy,
    "lists the keys in a vault": _Scene.use_vault,
    "submits a run": _Scene.submit,
    "asks for a blob with a token": _Scene.read_with_token,
    "asks for a blob with the account's key": _Scene.read_with_key,
    "calls a web service with its key": _Scene.score,
}


def which_log_knows(release: str = "2020-03", seed: int = 2020) -> Table:
    """What each log tells of what carl does, found by having him do it: that it happened, and who it was.
    Raises BadInput."""
    scene = _Scene(release, seed)
    rows = []
    for name, act in ACTS.items():
        Verdict.of(partial(act, scene))
        rows.append((name, *map(scene.knows, LOGS)))
    return Table(("carl", *LOGS), rows, caption="what each log tells of it")

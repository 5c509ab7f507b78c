"""Scene: a workspace with one text in every store, and what somebody finds who carries the disks away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labkit.core.show import Shown
from labkit.core.table import Table
from labkit.course.key_scene import OWNER, put
from labkit.course.store_trials import TEXT, account, signed
from labkit.furniture import GROUPS, workspace_id
from labkit.lab import Lab
from labkit.services.machine_learning.models import Models
from labkit.services.machine_learning.runs import Runs
from labkit.services.machine_learning.web_services import WebServices
from labkit.services.machine_learning.workspace import Workspace
from labkit.services.storage import FileStorage
from labkit.stores import (
    BLOBS,
    COMPUTE_OS,
    COMPUTE_TEMPORARY,
    CONTAINERS,
    FILES,
    IMAGES,
    RUN_HISTORY,
    kinds,
)

_SHOWN = 12
# Those that the text goes into.
STORES = tuple(
    kinds("2020-03")[what].name
    for what in (BLOBS, FILES, IMAGES, RUN_HISTORY, COMPUTE_OS, COMPUTE_TEMPORARY, CONTAINERS)
)


@dataclass(frozen=True, repr=False)
class Loot(Shown):
    """What was found: for each store a record and the last bytes of it, `clear` where the text lies in it,
    `sealed` where it does not."""

    clear: Mapping[str, tuple[str, bytes]]
    sealed: Mapping[str, tuple[str, bytes]]

    def __repr__(self) -> str:
        rows = [(store, "the text", name, repr(raw)) for store, (name, raw) in self.clear.items()]
        rows += [(store, "no text", name, raw.hex(" ")) for store, (name, raw) in self.sealed.items()]
        return repr(Table(("store", "found", "record", "its last bytes"), rows))


def carried_away(lab: Lab, name: str, hbi: bool) -> Loot:
    """Sets the scene in a lab: a workspace of this name in which a run has read, staged and written the text,
    a model of it, and a web service on ACI. Then opens every disk. Raises what the door raises."""
    workspace = workspace_id(GROUPS[0], name)
    put(lab, workspace, {"hbiWorkspace": True} if hbi else None)
    _train(lab, workspace)
    _ask(lab, Models.register, workspace, "rows", TEXT.encode())
    _ask(lab, WebServices.deploy_aci, workspace, "rows", "rows")
    _share(lab, workspace)
    return _open(lab)


def _ask(lab: Lab, op: Any, target: str, *args: Any) -> Any:
    return lab.ask(OWNER, op, target, lab.sign_in(OWNER).bearer, *args)


def _script(run: Any) -> None:
    run.stage("rows.csv", TEXT.encode())
    run.upload_file("rows.csv", TEXT.encode())


def _train(lab: Lab, workspace: str) -> None:
    cluster = f"{workspace}/computes/gpu"
    put(lab, cluster)
    # A run is called after its experiment, and its name lies in the history and in the node's log.
    _ask(lab, Runs.submit, workspace, TEXT, "gpu", _script)
    lab.work(cluster)


def _share(lab: Lab, workspace: str) -> None:
    found = lab.resources.find(workspace)
    assert isinstance(found, Workspace)
    storage = account(lab, found.depends_on["storage"])
    signed(lab, storage, FileStorage.put, "share/rows.csv", TEXT.encode())


def _open(lab: Lab) -> Loot:
    media = lab.media
    stores = {str(row[0]): str(row[1]) for row in media.rows}
    clear = {
        stores[str(medium)]: (str(record), media[str(medium)].raw(str(record))[-_SHOWN:])
        for medium, record in media.find(TEXT).rows
    }
    sealed = {
        store: (name, medium.raw(name)[-_SHOWN:])
        for medium in media
        for name in medium.names()[:1]
        if (store := stores[medium.name]) in STORES and store not in clear
    }
    return Loot(clear, sealed)

"""What was done to disks, sets and accounts is taken back when the call around it fails, whatever it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from labkit.azure import ResourceManager
from labkit.core.errors import Conflict
from labkit.core.operation import Op
from labkit.lab import Lab
from tests.services.own_history import KEY as HISTORY_KEY
from tests.services.own_history import OWN, given, own_workspace, owner, prepare
from tests.services.state import everything
from tests.services.stores import ENOUGH, allow, new_version, put
from tests.services.test_cluster_encryption import (
    BYOK,
    CLUSTER,
    SET,
    VERSIONED,
    active,
    encrypted,
    encryption_set,
)
from tests.services.test_cluster_encryption import KEY as DISK_KEY
from tests.services.test_cluster_encryption import let_in as let_set_in
from tests.services.test_databricks import BRICKS, wanted
from tests.services.test_databricks import KEY as DBFS_KEY
from tests.services.test_databricks import prepare as prepare_root
from tests.services.test_undo import Halfway

ACCOUNT = f"{OWN.partition('/providers/')[0]}/providers/Microsoft.DocumentDB/databaseAccounts/mine"
What = tuple[Op[..., Any], str, tuple[Any, ...]]
PUT = ResourceManager.put


def _cluster_encrypted(lab: Lab) -> What:
    put(lab, CLUSTER, VERSIONED)
    encryption_set(lab)
    let_set_in(lab)
    return PUT, CLUSTER, ("eastus", {"diskEncryptionSetID": SET, "kubernetesVersion": "1.18.0"})


def _cluster_created(lab: Lab) -> What:
    encryption_set(lab)
    let_set_in(lab)
    return PUT, CLUSTER, ("eastus", BYOK)


def _set_changed(lab: Lab) -> What:
    encrypted(lab)
    return PUT, SET, ("eastus", active(new_version(lab, DISK_KEY).key_id, lab.vault))


def _set_created(lab: Lab) -> What:
    return PUT, SET, ("eastus", active(new_version(lab, DISK_KEY).key_id, lab.vault))


def _set_deleted(lab: Lab) -> What:
    encryption_set(lab)
    return ResourceManager.delete, SET, ()


def _root_prepared(lab: Lab) -> What:
    put(lab, BRICKS)
    return PUT, BRICKS, ("eastus", {"prepareEncryption": True})


def _root_encrypted(lab: Lab) -> What:
    put(lab, BRICKS)
    allow(lab, prepare_root(lab), *ENOUGH)
    return PUT, BRICKS, ("eastus", wanted(lab, new_version(lab, DBFS_KEY).version))


def _root_deleted(lab: Lab) -> What:
    put(lab, BRICKS)
    prepare_root(lab)
    return ResourceManager.delete, BRICKS, ()


def _account_changed(lab: Lab) -> What:
    uri = prepare(lab)
    put(lab, ACCOUNT, {"keyVaultKeyUri": uri})
    other = new_version(lab, "other").key_id
    return PUT, ACCOUNT, ("eastus", {"throughput": 800, "keyVaultKeyUri": other})


def _workspace_created(lab: Lab) -> What:
    return PUT, OWN, ("eastus", given(lab, prepare(lab)))


def _workspace_deleted(lab: Lab) -> What:
    own_workspace(lab)
    new_version(lab, HISTORY_KEY)
    return ResourceManager.delete, OWN, ()


CASES: list[Callable[[Lab], What]] = [
    *(_cluster_encrypted, _cluster_created, _set_changed, _set_created, _set_deleted, _root_prepared),
    *(_root_encrypted, _root_deleted, _account_changed, _workspace_created, _workspace_deleted),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__.strip("_"))
def test_what_was_done_is_taken_back(lab: Lab, case: Callable[[Lab], What]) -> None:
    lab.parts.door.install(Halfway())
    op, target, arguments = case(lab)
    token, before = lab.sign_in("olivia").bearer, everything(lab)
    with pytest.raises(Conflict, match="Half way"):
        lab.ask("olivia", Halfway.go, lab.workspace, token, op, target, token, arguments)
    assert everything(lab) == before
    # And it would have changed something.
    owner(lab, op, target, *arguments)
    assert everything(lab) != before

"""Eight calls on a workspace and a storage account that stand behind a virtual network."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any

from labkit.authenticators.shared_key import SharedKey
from labkit.core.credential import Bearer
from labkit.core.verdict import Verdict
from labkit.course.network_scene import link, lock, network
from labkit.lab import Lab
from labkit.services.azure_ad import STORAGE
from labkit.services.machine_learning.models import Models
from labkit.services.resource_manager import ResourceManager
from labkit.services.storage import BlobStorage

_EXPIRED_AFTER = "2h"


def walled(lab: Lab) -> str:
    """Puts private link on the workspace and a firewall in front of its storage account, both for one
    virtual network to which olivia, carl and rita are connected. Returns the id of its subnet."""
    subnet = network(lab, "team", "people")
    link(lab, lab.workspace, subnet)
    lock(lab, lab.storage, subnet)
    for name in ("olivia", "carl", "rita"):
        lab.connect(name, subnet)
    return subnet


def _models(who: str, whose: str, *, expired: bool = False) -> Callable[[Lab], Verdict[Any]]:
    def tried(lab: Lab) -> Verdict[Any]:
        token = lab.sign_in(whose).bearer
        if expired:
            lab.clock.advance(_EXPIRED_AFTER)
        return lab.attempt(who, Models.list_models, lab.workspace, token)

    return tried


def _register(lab: Lab) -> Verdict[Any]:
    token = lab.sign_in("rita").bearer
    return lab.attempt("rita", Models.register, lab.workspace, token, "churn", b"weights")


def _manager(lab: Lab) -> Verdict[Any]:
    return lab.attempt("mallory", ResourceManager.get, lab.workspace, lab.sign_in("carl").bearer)


def _in_plain(lab: Lab) -> Verdict[Any]:
    token: Bearer = lab.sign_in("carl", resource=STORAGE).bearer
    host = lab.resources.find(lab.storage).host
    return lab.attempt("carl", BlobStorage.list_blobs, f"http://{host}/", token)


def _with_key(lab: Lab) -> Verdict[Any]:
    owner = lab.sign_in("olivia").bearer
    keys = lab.ask("olivia", ResourceManager.post, lab.storage, owner, "listKeys")
    request = BlobStorage.list_blobs.request(lab.storage, ())
    name = lab.resources.find(lab.storage).name
    signed = SharedKey.sign(name, b64decode(keys["key1"].reveal()), request, lab.clock.now)
    return lab.attempt("mallory", BlobStorage.list_blobs, lab.storage, signed)


CASES: Mapping[str, Callable[[Lab], Verdict[Any]]] = {
    "carl, his token": _models("carl", "carl"),
    "carl, his token of two hours ago": _models("carl", "carl", expired=True),
    "mallory, carl's token": _models("mallory", "carl"),
    "mallory, carl's token of two hours ago": _models("mallory", "carl", expired=True),
    "rita registers": _register,
    "mallory at Resource Manager": _manager,
    "carl over http": _in_plain,
    "mallory with an access key": _with_key,
}


def stops_at(lab: Lab, case: str) -> tuple[str, Verdict[Any]]:
    """The stage that refuses a case in a walled lab, or "answered"; and the verdict."""
    verdict = CASES[case](lab)
    return "answered" if verdict else str(getattr(verdict.refusal, "stage", "")), verdict

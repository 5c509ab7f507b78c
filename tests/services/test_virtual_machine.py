"""Virtual machines: an account, and keys that open it."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from labkit.authenticators.ssh import SshKey, SshPassword, public_line
from labkit.azure import Bearer, ResourceManager
from labkit.core.errors import BadRequest, CredentialNotAccepted, Unauthenticated
from labkit.lab import Lab
from labkit.services.virtual_machine import VirtualMachines
from tests.services.ml import MACHINE, MACHINE_PASSWORD, make_machine
from tests.services.state import everything, refused

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
LINE = f"{public_line(KEY)} ann@home"
PASSWORD = SshPassword("ann", MACHINE_PASSWORD)
BY_KEY = SshKey("ann", KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


@pytest.fixture
def carl(lab: Lab) -> Bearer:
    make_machine(lab)
    return lab.sign_in("carl").bearer


@pytest.mark.usefixtures("carl")
class TestKeys:
    def test_an_authorized_key_opens_the_account_until_it_is_removed(self, lab: Lab) -> None:
        refused(lab, Unauthenticated, VirtualMachines.list_authorized, MACHINE, BY_KEY)
        lab.ask("ann", VirtualMachines.authorize, MACHINE, PASSWORD, LINE)
        assert lab.ask("ann", VirtualMachines.list_authorized, MACHINE, BY_KEY) == [LINE]
        lab.ask("ann", VirtualMachines.remove, MACHINE, BY_KEY, LINE)
        refusal = refused(lab, Unauthenticated, VirtualMachines.list_authorized, MACHINE, BY_KEY)
        assert (refusal.status, refusal.code) == (255, "PermissionDenied")
        assert lab.ask("ann", VirtualMachines.list_authorized, MACHINE, PASSWORD) == []

    def test_no_token_opens_a_machine(self, lab: Lab, carl: Bearer) -> None:
        refused(lab, CredentialNotAccepted, VirtualMachines.list_authorized, MACHINE, carl)

    @pytest.mark.parametrize(
        "line",
        ["", "ssh-ed25519", f"{LINE}\nssh-rsa AAAA", f"command {LINE}", "x" * 500, "\ud800", None, 5, b"x"],
        ids=lambda one: type(one).__name__ + str(one)[:5].encode("ascii", "replace").decode(),
    )
    def test_what_is_no_key_is_refused(self, lab: Lab, line: Any) -> None:
        refused(lab, BadRequest, VirtualMachines.authorize, MACHINE, PASSWORD, line)


class TestCreation:
    def test_the_password_is_shown_and_kept_nowhere(self, lab: Lab, carl: Bearer) -> None:
        shown = lab.ask("carl", ResourceManager.get, MACHINE, carl)
        assert shown["properties"] == {"osProfile": {"adminUsername": "ann"}}
        assert MACHINE_PASSWORD not in repr(everything(lab)) + repr(lab.trace) + repr(lab.resources)

    def test_a_machine_may_have_no_account(self, lab: Lab, carl: Bearer) -> None:
        id = f"{MACHINE}2"
        assert lab.ask("carl", ResourceManager.put, id, carl, "eastus")["properties"] == {}
        refused(lab, Unauthenticated, VirtualMachines.list_authorized, id, PASSWORD)

    @pytest.mark.parametrize(
        "profile",
        [
            *(None, 5, "ann", [], {}, {"adminUsername": "ann"}, {"adminPassword": "hunter2"}),
            *(
                {"adminUsername": name, "adminPassword": "hunter2"}
                for name in ("", "Ann", "a b", "x" * 33, 5)
            ),
            *({"adminUsername": "ann", "adminPassword": word} for word in ("", None, ["hunter2"])),
            {"adminPassword": "hunter2", "no JSON": {1}},
        ],
        ids=repr,
    )
    def test_what_is_no_account_is_refused_and_not_shown(self, lab: Lab, carl: Bearer, profile: Any) -> None:
        refusal = refused(
            lab, BadRequest, ResourceManager.put, f"{MACHINE}2", carl, "eastus", {"osProfile": profile}
        )
        assert "hunter2" not in str(refusal)

    def test_what_was_kept_nowhere_cannot_be_changed(self, lab: Lab, carl: Bearer) -> None:
        another = {"osProfile": {"adminUsername": "ann", "adminPassword": "hunter2"}}
        refusal = refused(lab, BadRequest, ResourceManager.put, MACHINE, carl, "westus2", another)
        assert refusal.presented == "osProfile, not shown"
        shown = lab.ask("carl", ResourceManager.get, MACHINE, carl)["properties"]
        # What is shown may be given again.
        lab.ask("carl", ResourceManager.put, MACHINE, carl, "westus2", shown)

    def test_the_next_machine_of_a_name_is_another(self, lab: Lab, carl: Bearer) -> None:
        lab.ask("ann", VirtualMachines.authorize, MACHINE, PASSWORD, LINE)
        lab.ask("carl", ResourceManager.delete, MACHINE, carl)
        make_machine(lab)
        refused(lab, Unauthenticated, VirtualMachines.list_authorized, MACHINE, BY_KEY)
        assert lab.ask("ann", VirtualMachines.list_authorized, MACHINE, PASSWORD) == []


@pytest.mark.usefixtures("carl")
def test_a_key_that_is_not_there_is_removed_without_a_trace(lab: Lab) -> None:
    before = everything(lab)
    lab.ask("ann", VirtualMachines.remove, MACHINE, PASSWORD, LINE)
    assert everything(lab) == before

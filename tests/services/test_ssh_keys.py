"""Azure ML's own SSH keys: made when a machine is attached, kept in Microsoft's vault, the user's nowhere."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import labkit
from labkit.authenticators.ssh import SshKey, SshPassword, public_line
from labkit.azure import KEY_VAULT, Bearer, DataStores, KeyVault, ResourceManager, VaultAccess
from labkit.core.errors import BadRequest, Conflict, Forbidden, Refusal, RegionDown, Unauthenticated
from labkit.furniture import workspace_id
from labkit.identity.errors import WrongTenant
from labkit.lab import Lab
from labkit.services.key_vault import Vault
from labkit.services.machine_learning.compute import ComputeCluster
from labkit.services.machine_learning.ssh_keys import SshKeys
from labkit.services.virtual_machine import VirtualMachine, VirtualMachines
from tests.services.ml import (
    MACHINE,
    MACHINE_PASSWORD,
    attach,
    dependency,
    machine_account,
    make_machine,
    secret,
    unchanged,
    workspace,
)
from tests.services.state import everything
from tests.services.test_scoring_secrets import is_plain, reachable, texts

NAME = "box"
COMPUTE = "computes/box"


@pytest.fixture
def carl(lab: Lab) -> Bearer:
    make_machine(lab)
    return lab.sign_in("carl").bearer


def machine(lab: Lab) -> VirtualMachine:
    found = lab.resources.find(MACHINE)
    assert isinstance(found, VirtualMachine)
    return found


def microsofts(lab: Lab) -> Vault:
    [found] = [
        one for one in lab.resources if isinstance(one, Vault) and one.boundary == "Microsoft subscription"
    ]
    return found


def own_key(lab: Lab) -> str:
    vault = microsofts(lab)
    [name] = vault.secrets.names()
    return secret(vault, name)


def detach(lab: Lab) -> None:
    lab.ask("carl", ResourceManager.delete, f"{lab.workspace}/{COMPUTE}", lab.sign_in("carl").bearer)


@pytest.mark.usefixtures("carl")
class TestAttaching:
    def test_azure_ml_has_a_key_of_its_own_authorized_and_it_opens_the_machine(self, lab: Lab) -> None:
        attach(lab, "carl", NAME, machine_account())
        [line] = machine(lab).authorized_keys["ann"]
        assert line.startswith("ssh-ed25519 ")
        signed_in = SshKey("ann", own_key(lab))
        assert lab.ask("ml", VirtualMachines.list_authorized, MACHINE, signed_in) == [line]

    def test_the_password_that_the_user_gave_is_found_in_no_store(self, lab: Lab) -> None:
        attach(lab, "carl", NAME, machine_account())
        assert found(lab, MACHINE_PASSWORD) == []
        # The search finds what is kept: a data store's connection string, which the user gave as well.
        lab.ask(
            "carl", DataStores.attach, lab.workspace, lab.sign_in("carl").bearer, "sales", "AccountKey=s3cret"
        )
        assert found(lab, "AccountKey=s3cret") == ["Secret"]
        kept = secret(dependency(lab, "vault"), workspace(lab).own("datastore/sales"))
        assert kept == "AccountKey=s3cret"

    def test_nor_is_the_key_that_the_user_gave(self, lab: Lab) -> None:
        private = Ed25519PrivateKey.from_private_bytes(b"u" * 32)
        text = private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
        password = SshPassword("ann", MACHINE_PASSWORD)
        lab.ask("ann", VirtualMachines.authorize, MACHINE, password, f"{public_line(private)} ann@home")
        attach(lab, "carl", NAME, machine_account(privateKeyData=text))
        assert len(machine(lab).authorized_keys["ann"]) == 2
        assert found(lab, text.splitlines()[2]) == []
        assert own_key(lab) != text

    def test_the_key_lies_in_a_vault_of_microsoft_s_and_not_in_the_customer_s(self, lab: Lab) -> None:
        before = dependency(lab, "vault").secrets.names()
        attach(lab, "carl", NAME, machine_account())
        vault = microsofts(lab)
        assert (vault.region, vault.tenant_id) == ("eastus", "72f988bf-86f1-41af-91ab-2d7cd011db47")
        assert vault.secrets.names() == [workspace(lab).own(NAME)]
        assert dependency(lab, "vault").secrets.names() == before
        assert vault.id.lower() not in lab.parts.arm.documents

    @pytest.mark.parametrize("who", ["olivia", "carl", "rita"])
    def test_nobody_of_the_customer_reads_it(self, lab: Lab, who: str) -> None:
        attach(lab, "carl", NAME, machine_account())
        vault, token = microsofts(lab), lab.sign_in(who, resource=KEY_VAULT).bearer
        for op, args in ((KeyVault.list_secrets, ()), (KeyVault.get_secret, (workspace(lab).own(NAME),))):
            with pytest.raises(WrongTenant):
                lab.ask(who, op, vault.id, token, *args)
        # Nor does anybody let themselves in.
        me, bearer = lab.people[who].object_id, lab.sign_in(who).bearer
        for managed, more in (
            (VaultAccess.set_policy, (me, {"secrets": ["all"]})),
            (ResourceManager.get, ()),
        ):
            with pytest.raises(Forbidden):
                lab.ask(who, managed, vault.id, bearer, *more)

    def test_a_flow_shows_who_asks_whom_and_with_what(self, lab: Lab) -> None:
        lab.trace.clear()
        attach(lab, "carl", NAME, machine_account())
        asked = [
            (hop.caller, hop.operation, hop.credential) for hop in lab.trace if hop.caller == "ml-example"
        ]
        assert asked == [
            ("ml-example", "Authorize SSH key", "SSH password"),
            ("ml-example", "Get token", "managed identity certificate"),
            ("ml-example", "Set secret", "bearer token"),
        ]
        stored = next(hop for hop in lab.trace if hop.operation == "Set secret")
        assert (stored.boundary, stored.subject) == (
            *("Microsoft subscription", "Azure Machine Learning (service principal)"),
        )

    def test_each_machine_and_each_workspace_has_a_key_of_its_own(self, lab: Lab) -> None:
        attach(lab, "carl", NAME, machine_account())
        attach(lab, "carl", "again", machine_account())
        other = f"{workspace_id('your-resource-group-name', 'your-workspace-name')}/{COMPUTE}"
        bearer = lab.sign_in("carl").bearer
        lab.ask("carl", ResourceManager.put, other, bearer, "eastus", machine_account())
        vault = microsofts(lab)
        assert len({secret(vault, name) for name in vault.secrets.names()}) == 3
        assert len(machine(lab).authorized_keys["ann"]) == 3

    def test_in_a_seeded_lab_it_is_the_same_each_time_and_in_another_not(self, lab: Lab) -> None:
        def key(of: Lab) -> str:
            if of is not lab:
                make_machine(of)
            attach(of, "carl", NAME, machine_account())
            return own_key(of)

        assert key(lab) == key(labkit.start())
        assert len({key(labkit.start(seed=None)) for _ in range(2)}) == 2

    def test_the_document_shows_the_account_s_name_alone(self, lab: Lab) -> None:
        shown = attach(lab, "carl", NAME, machine_account())["properties"]
        assert shown["properties"] == {"administratorAccount": {"username": "ann"}}
        # What is shown may be given again.
        assert attach(lab, "carl", NAME, shown)["properties"] == shown


@pytest.mark.usefixtures("carl")
class TestBadInput:
    @pytest.mark.parametrize(
        "login",
        [
            {"password": "wrong"},
            {"password": MACHINE_PASSWORD, "username": "bob"},
            {"privateKeyData": "no key"},
        ],
        ids=str,
    )
    def test_a_login_that_the_machine_does_not_take_attaches_nothing(
        self, lab: Lab, login: dict[str, str]
    ) -> None:
        before = everything(lab)
        with pytest.raises(Unauthenticated) as caught:
            attach(lab, "carl", NAME, machine_account(**login))
        assert (caught.value.service, caught.value.code) == ("Virtual Machine", "PermissionDenied")
        assert "wrong" not in str(caught.value)
        assert everything(lab) == before

    @pytest.mark.parametrize(
        "more",
        [
            *(None, {}, [], "ann", 5, {"administratorAccount": None}, {"administratorAccount": "hunter2"}),
            {"administratorAccount": {}},
            {"administratorAccount": {"username": "ann"}},
            {"administratorAccount": {"password": "hunter2"}},
            {"administratorAccount": {"username": "ann", "password": ""}},
            {"administratorAccount": {"username": "", "password": "hunter2"}},
            {"administratorAccount": {"username": "ann", "password": ["hunter2"]}},
            {"administratorAccount": {"username": "ann", "password": "hunter2", "privateKeyData": "x"}},
        ],
        ids=repr,
    )
    def test_a_virtual_machine_is_attached_with_one_login(self, lab: Lab, more: Any) -> None:
        properties = machine_account() | {"properties": more}
        with unchanged(lab), pytest.raises(BadRequest) as caught:
            attach(lab, "carl", NAME, properties)
        assert "hunter2" not in str(caught.value)

    @pytest.mark.parametrize("kind", ["AmlCompute", "AKS"])
    def test_and_nothing_else_is(self, lab: Lab, kind: str) -> None:
        more = machine_account()["properties"]
        with unchanged(lab), pytest.raises(BadRequest) as caught:
            attach(lab, "carl", "other", {"computeType": kind, "properties": more})
        assert MACHINE_PASSWORD not in str(caught.value)

    def test_another_login_is_not_taken_for_a_change(self, lab: Lab) -> None:
        attach(lab, "carl", NAME, machine_account())
        with unchanged(lab), pytest.raises(BadRequest) as caught:
            attach(lab, "carl", NAME, machine_account(password="hunter2"))
        assert "hunter2" not in str(caught.value)
        assert caught.value.presented == "properties, not shown"

    def test_while_the_machine_s_region_is_down_nothing_is_attached(self, lab: Lab) -> None:
        lab.switchboard.down("westus2")
        before = everything(lab)
        with pytest.raises(RegionDown):
            attach(lab, "carl", NAME, machine_account())
        assert everything(lab) == before
        lab.switchboard.up("westus2")
        attach(lab, "carl", NAME, machine_account())

    def test_what_fails_afterwards_takes_all_of_it_back(
        self, lab: Lab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before, resources = everything(lab), repr(lab.resources)

        def store(*_: Any) -> None:
            raise Conflict("Half way.")

        with monkeypatch.context() as patch:
            patch.setattr(ResourceManager, "_store", store)
            with pytest.raises(Conflict, match="Half way"):
                attach(lab, "carl", NAME, machine_account())
        assert everything(lab) == before
        assert repr(lab.resources) == resources
        other = labkit.start()
        make_machine(other)
        for one in (lab, other):
            attach(one, "carl", NAME, machine_account())
        assert own_key(lab) == own_key(other)

    def test_what_only_resource_manager_may_ask_nobody_else_asks(self, lab: Lab) -> None:
        owner = lab.sign_in("olivia").bearer
        for op in (SshKeys.authorize, SshKeys.withdraw):
            with pytest.raises(Refusal) as caught:
                lab.ask("olivia", op, lab.workspace, owner, NAME, MACHINE, "ann")
            assert caught.value.stage == "authentication"


@pytest.mark.usefixtures("carl")
class TestDetaching:
    def test_its_key_opens_the_machine_no_more_and_is_gone(self, lab: Lab) -> None:
        attach(lab, "carl", NAME, machine_account())
        key = SshKey("ann", own_key(lab))
        detach(lab)
        assert machine(lab).authorized_keys["ann"] == ()
        assert microsofts(lab).secrets.names() == []
        with pytest.raises(Unauthenticated):
            lab.ask("ml", VirtualMachines.list_authorized, MACHINE, key)
        # Attached again, it has another.
        attach(lab, "carl", NAME, machine_account())
        assert own_key(lab) != key.private_key

    @pytest.mark.parametrize("how", ["deleted", "down", "removed"])
    def test_a_machine_that_does_not_answer_is_detached_all_the_same(self, lab: Lab, how: str) -> None:
        attach(lab, "carl", NAME, machine_account())
        if how == "deleted":
            lab.ask("carl", ResourceManager.delete, MACHINE, lab.sign_in("carl").bearer)
        elif how == "down":
            lab.switchboard.down("westus2")
        else:
            machine(lab).authorized_keys.clear()
        detach(lab)
        assert microsofts(lab).secrets.names() == []
        assert NAME not in workspace(lab).computes

    def test_with_the_workspace_its_keys_go(self, lab: Lab) -> None:
        attach(lab, "carl", NAME, machine_account())
        lab.ask("carl", ResourceManager.delete, lab.workspace, lab.sign_in("carl").bearer)
        assert machine(lab).authorized_keys["ann"] == ()
        assert microsofts(lab).secrets.names() == []


def found(lab: Lab, text: str) -> list[str]:
    """The types of what holds a text: a text, bytes or a secret, wherever in the lab it lies."""
    places = []
    for one in reachable([lab, lab.parts, list(lab.resources), list(lab.trace)]):
        held = one.values() if isinstance(one, dict) else one if is_plain(one) else vars_of(one)
        for value in (one, *held):
            raw = value.encode("utf-8", "replace") if type(value) is str else value
            if type(raw) is bytes and text.encode() in raw:
                places.append(type(one).__name__)
        if not is_plain(one):
            assert not any(text in shown for shown in texts(one)), type(one)
    return places


def vars_of(one: Any) -> list[Any]:
    return list(vars(one).values()) if hasattr(one, "__dict__") else []


def test_an_attached_machine_says_which_account_it_is(lab: Lab, carl: Bearer) -> None:
    attach(lab, "carl", NAME, machine_account())
    target = lab.resources.find(f"{lab.workspace}/{COMPUTE}")
    assert isinstance(target, ComputeCluster)
    assert target.username == "ann"

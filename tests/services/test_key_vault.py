"""A vault as a whole: who may do what there, what is taken back, and what shows nowhere."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import labkit
from labkit.access.vault_policy import NotInPolicy
from labkit.authenticators.platform import Forwarded
from labkit.azure import KEY_VAULT, Anonymous, Authorization, KeyVault, ResourceManager, VaultAccess
from labkit.core.errors import BadRequest, Conflict, Forbidden, Refusal
from labkit.core.operation import Call, Op, Service, operation
from labkit.identity.errors import TokenExpired, WrongAudience, WrongTenant
from labkit.lab import Lab
from labkit.services.key_vault.keys import OPERATIONS as OPERATIONS_OF_KEYS
from labkit.services.vault_access import PERMISSIONS
from tests.services.state import everything
from tests.services.test_scoring_secrets import is_plain, reachable, texts
from tests.services.vault import OAEP, SOFT, OwnVault

DIGEST = hashlib.sha256(b"what is signed").digest()
SECRET = "hunter2-secret-value"
PERMISSION = {
    "keys": {
        "get": ("get_key", "list_keys", "list_key_versions", "get_deleted_key", "list_deleted_keys"),
        "create": ("create_key",),
        "update": ("update_key",),
        "import": ("import_key",),
        "delete": ("delete_key",),
        "recover": ("recover_deleted_key",),
        "purge": ("purge_deleted_key",),
        "backup": ("backup_key",),
        "restore": ("restore_key",),
        "encrypt": ("encrypt",),
        "decrypt": ("decrypt",),
        "wrapKey": ("wrap_key",),
        "unwrapKey": ("unwrap_key",),
        "sign": ("sign",),
        "verify": ("verify",),
    },
    "secrets": {
        "get": ("get_secret",),
        "list": ("list_secrets", "list_secret_versions", "get_deleted_secret", "list_deleted_secrets"),
        "set": ("set_secret", "update_secret"),
        "delete": ("delete_secret",),
        "recover": ("recover_deleted_secret",),
        "purge": ("purge_deleted_secret",),
        "backup": ("backup_secret",),
        "restore": ("restore_secret",),
    },
}
PERMISSION["keys"]["list"] = PERMISSION["keys"]["get"]
OPERATIONS = {op.function.__name__: op for op in KeyVault.operations()}


def furnished(lab: Lab) -> OwnVault:
    """A vault in which there is something of everything, live and deleted."""
    own = OwnVault(lab, **SOFT)
    for name in ("master", "gone", "lost", "kept"):
        own.ask(KeyVault.create_key, name)
        own.ask(KeyVault.set_secret, name, SECRET)
    for name in ("gone", "lost"):
        own.ask(KeyVault.delete_key, name)
        own.ask(KeyVault.delete_secret, name)
    return own


def arguments(own: OwnVault) -> dict[str, tuple[Any, ...]]:
    """What each operation is asked with, so that it works once."""
    wrapped, found = own.wrap(), dict.fromkeys(OPERATIONS, ("master",))
    signature = own.ask(KeyVault.sign, "master", "", "RS256", DIGEST)
    # A vault of the same subscription and geography, where the names are free.
    other = OwnVault(own.lab, "source")
    other.ask(KeyVault.create_key, "restored")
    other.ask(KeyVault.set_secret, "restored", SECRET)
    nothing = ("list_keys", "list_secrets", "list_deleted_keys", "list_deleted_secrets")
    pem = labkit.start().parts.lab_keys.rsa("attacker/0")
    return {
        **found,
        **dict.fromkeys(nothing, ()),
        **{name: ("gone",) for name in OPERATIONS if "deleted" in name and name not in nothing},
        "purge_deleted_key": ("lost",),
        "purge_deleted_secret": ("lost",),
        "create_key": ("fresh",),
        "import_key": ("fresh", _pem(pem)),
        "set_secret": ("fresh", SECRET),
        "update_key": ("master", "", False),
        "update_secret": ("master", "", False),
        "restore_key": (other.ask(KeyVault.backup_key, "restored"),),
        "restore_secret": (other.ask(KeyVault.backup_secret, "restored"),),
        "wrap_key": ("master", "", OAEP, b"k"),
        "encrypt": ("master", "", OAEP, b"k"),
        "unwrap_key": ("master", "", OAEP, wrapped),
        "decrypt": ("master", "", OAEP, wrapped),
        "sign": ("master", "", "RS256", DIGEST),
        "verify": ("master", "", "RS256", DIGEST, signature),
    }


def in_order(calls: dict[str, tuple[Any, ...]]) -> list[str]:
    """Those that take something away from others come last."""
    last = ("update", "delete", "purge")
    return sorted(calls, key=lambda name: last.index(name.split("_")[0]) if name.startswith(last) else -1)


def _pem(key: Any) -> bytes:
    made: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return made


class TestPolicy:
    def test_every_permission_of_azure_is_there(self) -> None:
        assert {kind: set(names) - {"all"} for kind, names in PERMISSIONS.items() if kind in PERMISSION} == {
            kind: set(names) for kind, names in PERMISSION.items()
        }
        named = [op for names in PERMISSION.values() for ops in names.values() for op in ops]
        assert set(named) == set(OPERATIONS)

    @pytest.mark.parametrize(
        ("kind", "permission"), [(kind, one) for kind, names in PERMISSION.items() for one in names]
    )
    def test_a_permission_opens_its_own_operations_and_no_others(
        self, lab: Lab, kind: str, permission: str
    ) -> None:
        own = furnished(lab)
        calls = arguments(own)
        own.allow("carl", **{kind: [permission]})
        token = own.token("carl")
        opened = set()
        for name in in_order(calls):
            verdict = lab.attempt("carl", OPERATIONS[name], own.id, token, *calls[name])
            if verdict:
                opened.add(name)
            else:
                assert type(verdict.refusal) is NotInPolicy, (name, verdict)
                assert (verdict.refusal.status, verdict.refusal.code) == (403, "ForbiddenByPolicy")
        assert opened == set(PERMISSION[kind][permission])

    def test_a_token_s_faults_are_refused_whatever_is_asked(self, lab: Lab) -> None:
        own = furnished(lab)
        calls, old = arguments(own), own.token()
        lab.clock.advance("61m")
        shown = {
            TokenExpired: old,
            WrongAudience: lab.sign_in("olivia").bearer,
            WrongTenant: lab.sign_in("gita", resource=KEY_VAULT, tenant="partner-tenant-id").bearer,
        }
        for name, op in OPERATIONS.items():
            for kind, cred in shown.items():
                with pytest.raises(kind):
                    lab.ask("x", op, own.id, cred, *calls[name])
            assert lab.attempt("x", op, own.id, Anonymous(), *calls[name]).code == "AKV10000"


class TestRoles:
    @pytest.fixture
    def own(self, lab: Lab) -> OwnVault:
        own = furnished(lab)
        self.calls = arguments(own)
        own.put(enableRbacAuthorization=True)
        return own

    def opened(self, own: OwnVault, who: str, role: str) -> set[str]:
        lab = own.lab
        them, owner = lab.people[who].object_id, lab.sign_in("olivia").bearer
        if role:
            lab.ask("olivia", Authorization.assign, own.id, owner, role, them)
        token, found = own.token(who), set()
        for name in in_order(self.calls):
            verdict = lab.attempt(who, OPERATIONS[name], own.id, token, *self.calls[name])
            if verdict:
                found.add(name)
            else:
                assert (verdict.refusal.status, verdict.refusal.code) == (403, "ForbiddenByRbac"), name
        return found

    def test_the_policy_counts_for_nothing_any_more(self, own: OwnVault) -> None:
        # olivia is Owner and has all permissions of the policy: neither is a data action.
        assert self.opened(own, "olivia", "") == set()

    @pytest.mark.parametrize(
        ("role", "keys", "secrets"),
        [
            ("Contributor", (), ()),
            ("Key Vault Secrets User", (), ("get", "list")),
            ("Key Vault Reader", ("get",), ("list",)),
            ("Key Vault Crypto Service Encryption User", ("get", "wrapKey", "unwrapKey"), ()),
            (
                "Key Vault Crypto User",
                ("get", "update", "backup", *OPERATIONS_OF_KEYS),
                (),
            ),
            ("Key Vault Administrator", tuple(PERMISSION["keys"]), tuple(PERMISSION["secrets"])),
        ],
    )
    def test_a_role_opens_its_data_actions(
        self, own: OwnVault, role: str, keys: tuple[str, ...], secrets: tuple[str, ...]
    ) -> None:
        wanted = {op for one in keys for op in PERMISSION["keys"][one]}
        wanted |= {op for one in secrets for op in PERMISSION["secrets"][one]}
        assert self.opened(own, "rita", role) == wanted

    def test_a_policy_cannot_be_set_and_is_kept_for_later(self, lab: Lab, own: OwnVault) -> None:
        owner, me = lab.sign_in("olivia").bearer, lab.people["olivia"].object_id
        kept = lab.ask("olivia", VaultAccess.get_policy, own.id, owner)
        assert me in kept
        calls = ((VaultAccess.set_policy, (me, {"keys": ["get"]})), (VaultAccess.remove_policy, (me,)))
        for op, args in calls:
            with pytest.raises(BadRequest, match="follows role assignments"):
                lab.ask("olivia", op, own.id, owner, *args)
        own.put(enableRbacAuthorization=False)
        assert lab.ask("olivia", VaultAccess.get_policy, own.id, owner) == kept
        assert own.ask(KeyVault.list_keys) == ["kept", "master"]

    def test_a_vault_is_made_with_roles_as_well(self, lab: Lab) -> None:
        id = furnished(lab).id.replace("keep", "byroles")
        owner = lab.sign_in("olivia").bearer
        made = lab.ask("olivia", ResourceManager.put, id, owner, "eastus", {"enableRbacAuthorization": True})
        assert made["properties"]["enableRbacAuthorization"] is True
        token = lab.sign_in("olivia", resource=KEY_VAULT).bearer
        assert lab.attempt("olivia", KeyVault.list_keys, id, token).code == "ForbiddenByRbac"
        me = lab.people["olivia"].object_id
        lab.ask("olivia", Authorization.assign, id, owner, "Key Vault Administrator", me)
        token = lab.sign_in("olivia", resource=KEY_VAULT).bearer
        assert lab.ask("olivia", KeyVault.list_keys, id, token) == []
        lab.ask("olivia", ResourceManager.delete, id, owner)
        lab.ask("olivia", ResourceManager.put, id, owner, "eastus")
        # The next vault of the name follows its policy, an empty one.
        assert lab.attempt("olivia", KeyVault.list_keys, id, token).code == "ForbiddenByPolicy"


class Halfway(Service):
    """Has something done in the caller's name, and fails after it."""

    name = "Halfway"

    @operation("Do and fail", accepts=(Forwarded,))
    def go(self, call: Call[Any], op: Op[..., Any], cred: Any, args: tuple[Any, ...]) -> None:
        call.ask(op, call.target.id, cred, *args)
        raise Conflict("Half way.")


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_was_done_is_taken_back_when_the_call_around_it_fails(lab: Lab, name: str) -> None:
    own = furnished(lab)
    calls = arguments(own)
    lab.parts.door.install(Halfway())
    platform = lab.parts.door.services[ResourceManager]._platform  # type: ignore[attr-defined]
    identity = lab.parts.home.identity_of_principal(next(iter(_principals(lab))))
    before = everything(lab)
    with pytest.raises(Conflict, match="Half way"):
        lab.ask(
            "x", Halfway.go, own.id, platform.forward(identity), OPERATIONS[name], own.token(), calls[name]
        )
    assert everything(lab) == before
    # And nothing that is drawn later differs for it.
    other = furnished(labkit.start())
    arguments(other)
    assert own.ask(KeyVault.create_key, "next") == other.ask(KeyVault.create_key, "next")
    assert own.ask(KeyVault.set_secret, "next", "x") == other.ask(KeyVault.set_secret, "next", "x")


def _principals(lab: Lab) -> Any:
    found = (lab.directory.principal(object_id) for object_id, _, _ in lab.directory.principals())
    return (one for one in found if one is not None)


class TestNothingShows:
    def test_no_key_and_no_secret_is_in_any_text(self, lab: Lab) -> None:
        own = furnished(lab)
        calls = arguments(own)
        shown: list[Any] = []
        for name, op in OPERATIONS.items():
            shown.append(lab.attempt("olivia", op, own.id, own.token(), *calls[name]))
            shown.append(lab.attempt("rita", op, own.id, own.token("rita"), *calls[name]))
            # And where it does not belong.
            wrong = [SECRET if type(one) is str else one for one in calls[name]]
            shown.append(lab.attempt("olivia", op, own.id, own.token(), *wrong[1:]))
        private = [
            number
            for held in own.vault.keys.live.values()
            for one in held
            for number in _numbers(one.material)
        ]
        assert len(private) > 6
        looked_at = 0
        for one in reachable([lab, lab.parts, [verdict for verdict in shown if not _handed_out(verdict)]]):
            if is_plain(one):
                continue
            looked_at += 1
            for text in texts(one):
                assert SECRET not in text, type(one)
                assert not any(number in text for number in private), type(one)
                assert "PRIVATE KEY" not in text, type(one)
        assert looked_at > 500

    def test_no_hop_has_a_payload(self, lab: Lab) -> None:
        own = furnished(lab)
        lab.trace.clear()
        own.wrap(data=SECRET.encode())
        own.ask(KeyVault.set_secret, "api", SECRET)
        assert SECRET not in repr(lab.trace) + "".join(map(repr, lab.trace))
        asked = [hop.operation for hop in lab.trace if hop.service == "Key Vault"]
        assert asked == ["Wrap key", "Set secret"]


def _numbers(key: Any) -> list[str]:
    if not hasattr(key, "private_numbers"):
        return []
    numbers = key.private_numbers()
    return [str(numbers.d), str(numbers.p), f"{numbers.d:x}", f"{numbers.p:x}"]


def _handed_out(verdict: Any) -> bool:
    """What is meant to be read: bytes that were opened, and a value with its text."""
    return isinstance(verdict.value, bytes)


@pytest.mark.parametrize("refusal", [Forbidden, BadRequest])
def test_what_a_vault_says_has_codes_of_key_vault(refusal: type[Refusal]) -> None:
    said = KeyVault.dialect[refusal]
    assert said in ((403, "ForbiddenByRbac"), (400, "BadParameter"))

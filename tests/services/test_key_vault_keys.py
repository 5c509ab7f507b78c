"""Keys of a vault: kinds, sizes, versions, attributes, and what is no key."""

from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_public_key,
)

import labkit
from labkit.azure import KeyVault
from labkit.core.errors import BadInput, BadRequest
from labkit.lab import Lab
from labkit.services.key_vault.errors import KeyNotFound
from labkit.services.key_vault.keys import OPERATIONS
from tests.hostile import Text, Yes
from tests.services.vault import SOFT, OwnVault


@pytest.fixture
def own(lab: Lab) -> OwnVault:
    return OwnVault(lab)


def pem(key: Any, password: bytes = b"") -> bytes:
    closed = BestAvailableEncryption(password) if password else NoEncryption()
    made: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, closed)
    return made


def shown(value: object) -> str:
    """The name of a case: what lies about itself is named by its type."""
    return repr(value) if type(value) in (str, int, float, bool, bytes) else type(value).__name__


class TestCreating:
    @pytest.mark.parametrize("size", [2048, 3072, 4096])
    def test_an_rsa_key_has_the_size_that_was_asked_for(self, own: OwnVault, size: int) -> None:
        key = own.ask(KeyVault.create_key, "master", "RSA", size)
        public: Any = load_pem_public_key(key.pem.encode())
        assert (key.size, public.key_size) == (size, size)
        assert key.operations == OPERATIONS
        assert (key.enabled, key.not_before, key.expires) == (True, None, None)

    def test_its_id_is_an_address_with_a_version(self, own: OwnVault) -> None:
        key = own.ask(KeyVault.create_key, "master")
        assert key.key_id == f"https://keep.vault.azure.net/keys/master/{key.version}"
        assert (len(key.version), key.vault) == (32, "keep")
        assert int(key.version, 16)

    def test_it_is_the_same_in_every_seeded_lab(self, own: OwnVault) -> None:
        other = OwnVault(labkit.start())
        # One key more somewhere else changes nothing here.
        other.ask(KeyVault.create_key, "another")
        assert own.ask(KeyVault.create_key, "master") == other.ask(KeyVault.create_key, "master")

    def test_an_unseeded_lab_generates_it(self, own: OwnVault) -> None:
        fresh = [OwnVault(labkit.start(seed=None)).ask(KeyVault.create_key, "master") for _ in range(2)]
        made = [*fresh, own.ask(KeyVault.create_key, "master")]
        assert len({key.pem for key in made}) == len({key.version for key in made}) == 3

    def test_created_again_it_has_another_version_with_another_key(self, own: OwnVault) -> None:
        first = own.ask(KeyVault.create_key, "master")
        own.lab.clock.advance("1h")
        second = own.ask(KeyVault.create_key, "MASTER")
        assert second.created == first.created + 3600
        assert (first.version, first.pem) != (second.version, second.pem)
        assert own.ask(KeyVault.get_key, "Master").version == second.version
        assert own.ask(KeyVault.get_key, "master", first.version) == first
        assert own.ask(KeyVault.list_key_versions, "master") == [first, second]
        assert own.ask(KeyVault.list_keys) == ["MASTER"]

    def test_no_two_keys_of_a_lab_are_the_same(self, own: OwnVault) -> None:
        other = OwnVault(own.lab, "other")
        made = [one.ask(KeyVault.create_key, name) for one in (own, other) for name in ("a", "b", "a", "b")]
        assert len({key.pem for key in made}) == len({key.version for key in made}) == 8

    def test_a_seeded_lab_says_when_its_keys_are_used_up(self, own: OwnVault) -> None:
        for number in range(8):
            own.ask(KeyVault.create_key, f"k{number}", "RSA", 4096)
        refusal = own.refused(BadInput, KeyVault.create_key, "one-more", "RSA", 4096)
        assert "seed=None" in refusal.advice
        assert own.ask(KeyVault.create_key, "one-more", "RSA", 3072).size == 3072

    def test_the_next_vault_of_a_name_has_other_keys(self, own: OwnVault) -> None:
        first = own.ask(KeyVault.create_key, "master")
        own.delete()
        again = OwnVault(own.lab)
        assert again.ask(KeyVault.list_keys) == []
        second = again.ask(KeyVault.create_key, "master")
        assert (first.version, first.pem) != (second.version, second.pem)

    def test_what_is_shown_says_what_a_deletion_would_mean(self, lab: Lab, own: OwnVault) -> None:
        own.ask(KeyVault.create_key, "master")
        assert "final, at once (Purgeable)" in repr(own.ask(KeyVault.get_key, "master"))
        own.put(**SOFT)
        soft = own.ask(KeyVault.get_key, "master")
        assert soft.recovery == "Recoverable+Purgeable"
        assert "can be undone for 90 days, unless somebody purges it before" in repr(soft)
        own.put(enablePurgeProtection=True)
        assert own.ask(KeyVault.list_key_versions, "master")[0].recovery == "Recoverable"
        few = OwnVault(lab, "few", softDeleteRetentionInDays=7, **SOFT)
        assert few.ask(KeyVault.create_key, "master").recovery == "CustomizedRecoverable+Purgeable"


class TestImporting:
    def test_a_key_of_one_s_own_becomes_a_version(self, own: OwnVault) -> None:
        mine = rsa.generate_private_key(65537, 2048)
        key = own.ask(KeyVault.import_key, "mine", pem(mine), ["wrapKey", "unwrapKey"])
        assert load_pem_public_key(key.pem.encode()) == mine.public_key()
        assert key.operations == ("wrapKey", "unwrapKey")
        assert own.unwrap(own.wrap("mine"), "mine") == b"k" * 32

    @pytest.mark.parametrize("what", ["nothing", "text", "half", "password", "curve", "public", "small"])
    def test_what_is_no_rsa_key_of_a_size_is_refused(self, own: OwnVault, what: str) -> None:
        mine = rsa.generate_private_key(65537, 2048)
        given = {
            "nothing": lambda: b"",
            "text": lambda: b"-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n",
            "half": lambda: pem(mine)[:800],
            "password": lambda: pem(mine, b"secret"),
            "curve": lambda: pem(ec.generate_private_key(ec.SECP256R1())),
            "public": lambda: own.ask(KeyVault.create_key, "master").pem.encode(),
            "small": lambda: pem(rsa.generate_private_key(65537, 1024)),
        }[what]()
        refusal = own.refused(BadRequest, KeyVault.import_key, "mine", given)
        assert (refusal.status, refusal.code) == (400, "BadParameter")
        assert given.decode()[40:60] not in str(refusal) or not given


class TestBadInput:
    @pytest.mark.parametrize("kind", ["EC", "EC-HSM", "RSA-HSM", "oct", "rsa", "", None, 5], ids=shown)
    def test_another_kind_is_refused(self, own: OwnVault, kind: Any) -> None:
        own.refused(BadRequest, KeyVault.create_key, "master", kind)

    @pytest.mark.parametrize("size", [0, -1, 1024, 2047, 2048.0, "2048", True, None, 2**70, Yes()], ids=shown)
    def test_another_size_is_refused(self, own: OwnVault, size: Any) -> None:
        refusal = own.refused(BadRequest, KeyVault.create_key, "master", "RSA", size)
        assert "2048 or 3072 or 4096" in refusal.required

    @pytest.mark.parametrize(
        "name",
        ["", " ", "a b", "a/b", "a_b", "../a", "x" * 128, "é", "\ud800", "a\n", None, 5, b"a"],
    )
    @pytest.mark.parametrize("op", [KeyVault.create_key, KeyVault.import_key], ids=str)
    def test_what_is_no_name_is_refused(self, own: OwnVault, op: Any, name: Any) -> None:
        own.refused(BadRequest, op, name, *([b""] if op is KeyVault.import_key else []))

    @pytest.mark.parametrize(
        "operations",
        ["wrapKey", {"wrapKey"}, ["wrapkey"], [None], [["sign"]], 5, [Text("sign")], [Yes()], Yes(), {}],
        ids=shown,
    )
    def test_what_are_no_operations_is_refused(self, own: OwnVault, operations: Any) -> None:
        own.refused(BadRequest, KeyVault.create_key, "master", "RSA", 2048, operations)

    @pytest.mark.parametrize(
        "moment", [-1, 1.5, "tomorrow", True, 10**15, Yes(), datetime.fromtimestamp(0, UTC)], ids=shown
    )
    @pytest.mark.parametrize("place", [5, 6])
    def test_what_is_no_moment_is_refused(self, own: OwnVault, moment: Any, place: int) -> None:
        arguments: list[Any] = ["master", "RSA", 2048, None, True, None, None]
        arguments[place] = moment
        own.refused(BadRequest, KeyVault.create_key, *arguments)

    @pytest.mark.parametrize("enabled", [None, 1, 0, "yes", Yes()], ids=shown)
    def test_a_key_is_made_enabled_or_not(self, own: OwnVault, enabled: Any) -> None:
        own.refused(BadRequest, KeyVault.create_key, "master", "RSA", 2048, None, enabled)

    def test_a_text_that_lies_about_itself_is_no_text(self, own: OwnVault) -> None:
        for arguments in ((Text("a"),), ("a", Text("RSA"))):
            own.refused(BadRequest, KeyVault.create_key, *arguments)
        own.refused(BadRequest, KeyVault.import_key, Text("a"), b"")

    def test_the_end_comes_after_the_beginning(self, own: OwnVault) -> None:
        own.refused(BadRequest, KeyVault.create_key, "master", "RSA", 2048, None, True, 10, 10)
        own.ask(KeyVault.create_key, "master", not_before=10)
        own.refused(BadRequest, KeyVault.update_key, "master", "", None, None, 10)
        assert own.ask(KeyVault.update_key, "master", expires=11).expires == 11

    @pytest.mark.parametrize("version", ["0" * 32, "a", "other", " ", "\ud800", "x" * 5000])
    def test_a_version_of_another_key_is_none_of_this_one(self, own: OwnVault, version: str) -> None:
        other = own.ask(KeyVault.create_key, "other")
        own.ask(KeyVault.create_key, "master")
        given = other.version if version == "other" else version
        for op in (KeyVault.get_key, KeyVault.update_key):
            refusal = own.refused(KeyNotFound, op, "master", given)
            assert (refusal.status, refusal.code) == (404, "KeyNotFound")
            assert "no such version" in refusal.message

    @pytest.mark.parametrize("name", ["nothing", "", "../master", "\ud800", "m" * 5000])
    def test_a_key_that_is_not_there_is_not_found(self, own: OwnVault, name: str) -> None:
        own.ask(KeyVault.create_key, "master")
        for op in (KeyVault.get_key, KeyVault.update_key, KeyVault.list_key_versions, KeyVault.delete_key):
            assert own.refused(KeyNotFound, op, name).message == "The vault has no such key."


class TestUpdating:
    def test_a_version_is_disabled_and_enabled_and_the_others_stay(self, own: OwnVault) -> None:
        first, second = (own.ask(KeyVault.create_key, "master") for _ in range(2))
        own.lab.clock.advance("1m")
        off = own.ask(KeyVault.update_key, "master", first.version, enabled=False)
        assert (off.enabled, off.updated, off.created) == (False, first.created + 60, first.created)
        assert own.ask(KeyVault.get_key, "master") == second
        # A disabled one is shown: it cannot be used.
        assert own.ask(KeyVault.get_key, "master", first.version) == off
        assert own.ask(KeyVault.update_key, "master", first.version, enabled=True).enabled

    def test_what_is_not_named_stays(self, own: OwnVault) -> None:
        key = own.ask(KeyVault.create_key, "master", operations=["sign"], expires=own.lab.clock.now + 60)
        assert own.ask(KeyVault.update_key, "master") == key
        changed = own.ask(KeyVault.update_key, "master", operations=["verify"])
        assert (changed.operations, changed.expires) == (("verify",), key.expires)

    def test_a_key_s_text_is_complete(self, own: OwnVault) -> None:
        now = own.lab.clock.now
        key = own.ask(
            KeyVault.create_key, "master", operations=["sign"], enabled=False, not_before=now, expires=now + 9
        )
        assert repr(key).splitlines() == [
            key.key_id,
            "  disabled, RSA 2048, sign, valid from 2020-03-13 09:00:00Z, expires 2020-03-13 09:00:09Z",
            "  deletion: final, at once (Purgeable)",
        ]

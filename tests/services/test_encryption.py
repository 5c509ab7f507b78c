"""The mechanism that all stores share, shown on blobs: whose key, for how long, and what is refused when."""

from dataclasses import replace
from typing import Any

import pytest

from labkit.azure import KEY_VAULT, BlobStorage, KeyVault, Notebooks, ResourceManager
from labkit.core.credential import Bearer
from labkit.core.errors import BadRequest, Conflict, Refusal
from labkit.core.operation import Call, Service, operation
from labkit.crypto.errors import Damaged
from labkit.lab import Lab, start
from labkit.services.encryption import (
    HOLD,
    KeyRefused,
    KeyUnavailable,
    TokenNotAcquired,
    VaultDown,
    VaultGone,
)
from labkit.services.key_vault.errors import KeyDisabled, KeyNotFound
from tests.services.ml import GROUP, ask, unchanged
from tests.services.stores import (
    ENOUGH,
    KEY,
    MICROSOFT,
    account,
    allow,
    at_vault,
    customer,
    disable,
    enable,
    give_key,
    identify,
    new_version,
    put,
    read,
    with_key,
    write,
)

TEXT = b"What the customer keeps for itself."
HOUR = f"{HOLD}s"


@pytest.fixture
def lab() -> Lab:
    """A lab whose storage account is encrypted with a key of the customer's, of which it follows the newest
    version, and has one blob in it."""
    lab = start()
    new_version(lab)
    write(lab, "c/before", TEXT)
    give_key(lab, lab.storage)
    return lab


class Halfway(Service):
    """Has something created or changed, and fails after it."""

    name = "Halfway"

    @operation("Do and fail")
    def go(self, call: Call[Any], target: str, cred: Bearer, arguments: tuple[Any, ...]) -> None:
        call.ask(ResourceManager.put, target, cred, *arguments)
        raise Conflict("Half way.")


def hops(lab: Lab) -> list[tuple[str, str, str]]:
    """Who asked what, and how it ended, since the trace was cleared."""
    return [(hop.caller, hop.operation, hop.outcome) for hop in lab.trace]


class TestMicrosoftsKey:
    def test_it_is_the_default_and_asks_nobody(self) -> None:
        lab = start()
        lab.trace.clear()
        write(lab, "c/a", TEXT)
        assert read(lab, "c/a") == TEXT
        assert [hop.operation for hop in lab.trace] == ["Put Blob", "Get Blob"]
        key = account(lab).account_key
        assert key.owner == "Microsoft"
        assert repr(key.wrapped) == "40 bytes wrapped with A256KW by Microsoft's key, version 1"

    def test_what_lies_on_the_disk_is_ciphertext(self) -> None:
        lab = start()
        write(lab, "c/a", TEXT)
        medium = account(lab).blobs.medium
        assert medium.names()[-1] == "c/a"
        assert medium.find(TEXT) == []
        assert TEXT not in medium.raw("c/a")

    def test_no_other_account_has_the_same_key(self) -> None:
        lab = start()
        id = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/second"
        put(lab, id)
        write(lab, "c/a", TEXT)
        write(lab, "c/a", TEXT, id=id)
        first, second = account(lab), account(lab, id)
        second.blobs.medium.records["c/a"] = first.blobs.medium.records["c/a"]
        second.blobs.written["c/a"] = first.blobs.written["c/a"]
        with pytest.raises(Damaged):
            read(lab, "c/a", id=id)

    def test_an_account_that_is_created_again_has_another_key(self) -> None:
        lab = start()
        id = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/second"
        raws = []
        for _ in range(2):
            put(lab, id)
            write(lab, "c/a", TEXT, id=id)
            raws.append(account(lab, id).blobs.medium.raw("c/a"))
            lab.ask("olivia", ResourceManager.delete, id, lab.sign_in("olivia").bearer)
        assert raws[0] != raws[1]


class TestCustomersKey:
    def test_the_wrapped_account_key_names_the_vault_s_key_and_version(self, lab: Lab) -> None:
        version = at_vault(lab, KeyVault.get_key, KEY).version
        wrapped = account(lab).account_key.wrapped
        assert (wrapped.version, wrapped.algorithm, len(wrapped.data)) == (version, "RSA-OAEP-256", 256)
        assert wrapped.key_id == f"https://{lab.vault.rpartition('/')[2]}.vault.azure.net/keys/{KEY}"
        assert account(lab).account_key.owner == "customer"

    def test_nothing_that_lay_there_before_was_touched_and_all_of_it_is_read(self) -> None:
        lab = start()
        new_version(lab)
        write(lab, "c/before", TEXT)
        raw = account(lab).blobs.medium.raw("c/before")
        give_key(lab, lab.storage)
        assert account(lab).blobs.medium.raw("c/before") == raw
        assert read(lab, "c/before") == TEXT

    def test_the_store_asks_the_vault_itself_and_the_trace_shows_it(self, lab: Lab) -> None:
        lab.clock.advance(HOUR)
        lab.trace.clear()
        read(lab, "c/before")
        name = account(lab).name
        assert hops(lab) == [
            ("somebody", "Get Blob", "ok"),
            (name, "Get token", "ok"),
            (name, "Unwrap key", "ok"),
            (name, "Get key", "ok"),
        ]
        at = [hop for hop in lab.trace if hop.service == "Key Vault"]
        assert {hop.subject for hop in at} == {f"{name} (managed identity)"}
        assert {hop.initiator for hop in at} == {"somebody"}

    def test_within_the_hour_it_asks_nobody(self, lab: Lab) -> None:
        lab.clock.advance(HOLD - 1)
        lab.trace.clear()
        read(lab, "c/before")
        assert hops(lab) == [("somebody", "Get Blob", "ok")]

    def test_the_same_call_again_is_served_without_asking_again(self, lab: Lab) -> None:
        lab.clock.advance(HOUR)
        read(lab, "c/before")
        lab.trace.clear()
        read(lab, "c/before")
        write(lab, "c/more", TEXT)
        assert len(lab.trace) == 2

    def test_going_back_to_microsofts_key_frees_it_from_the_vault(self, lab: Lab) -> None:
        put(lab, lab.storage, {"encryption": MICROSOFT})
        disable(lab)
        lab.clock.advance("1d")
        assert read(lab, "c/before") == TEXT
        assert account(lab).account_key.owner == "Microsoft"

    def test_a_key_that_was_just_given_is_held_for_an_hour_from_then(self, lab: Lab) -> None:
        lab.clock.advance(HOLD - 1)
        new_version(lab, "second")
        put(lab, lab.storage, {"encryption": customer(lab.vault, "second")})
        disable(lab, name="second")
        lab.clock.advance(HOLD - 1)
        assert read(lab, "c/before") == TEXT
        lab.clock.advance(1)
        with pytest.raises(KeyRefused):
            read(lab, "c/before")

    def test_a_change_that_fails_in_the_end_is_taken_back(self, lab: Lab) -> None:
        """And the store still opens with the key that it had."""
        new_version(lab, "second")
        lab.parts.door.install(Halfway())
        owner = lab.sign_in("olivia").bearer
        for encryption in (customer(lab.vault, "second"), MICROSOFT):
            arguments = ("eastus", {"encryption": encryption})
            with unchanged(lab), pytest.raises(Conflict, match="Half way"):
                lab.ask("olivia", Halfway.go, lab.workspace, owner, lab.storage, owner, arguments)
        lab.clock.advance(HOUR)
        assert read(lab, "c/before") == TEXT
        disable(lab)
        lab.clock.advance(HOUR)
        with pytest.raises(KeyRefused):
            read(lab, "c/before")

    def test_another_key_can_take_its_place(self, lab: Lab) -> None:
        new_version(lab, "second")
        put(lab, lab.storage, {"encryption": customer(lab.vault, "second")})
        disable(lab)
        lab.clock.advance("1d")
        assert read(lab, "c/before") == TEXT
        assert account(lab).account_key.wrapped.key_id.endswith("/second")

    def test_resource_manager_shows_what_was_given_and_who_asks_the_vault(self, lab: Lab) -> None:
        owner = lab.sign_in("olivia").bearer
        shown = lab.ask("olivia", ResourceManager.get, lab.storage, owner)["properties"]
        assert shown["encryption"] == customer(lab.vault)
        assert shown["identity"] == {
            "type": "SystemAssigned",
            "principalId": account(lab).identity_id,
            "tenantId": lab.tenant,
        }
        # What was shown can be put again, and changes nothing.
        with unchanged(lab):
            put(lab, lab.storage, shown)
            put(lab, lab.storage, {"identity": {"type": "SystemAssigned"}})

    def test_what_azure_ml_keeps_there_is_encrypted_with_it_too(self, lab: Lab) -> None:
        ask(lab, "carl", Notebooks.save, "first.ipynb", "# secret thoughts")
        disable(lab)
        lab.clock.advance(HOUR)
        with pytest.raises(KeyRefused) as caught:
            ask(lab, "carl", Notebooks.open, "first.ipynb")
        assert caught.value.service == "Azure Storage"
        enable(lab)
        assert ask(lab, "carl", Notebooks.open, "first.ipynb") == "# secret thoughts"


class TestRotation:
    def test_after_an_hour_the_newest_version_wraps_and_old_data_still_reads(self, lab: Lab) -> None:
        first, raw = account(lab).account_key.wrapped, account(lab).blobs.medium.raw("c/before")
        second = new_version(lab)
        lab.clock.advance(HOUR)
        write(lab, "c/after", TEXT)
        assert account(lab).account_key.wrapped.version == second.version != first.version
        assert read(lab, "c/before") == read(lab, "c/after") == TEXT
        assert account(lab).blobs.medium.raw("c/before") == raw

    def test_until_then_the_old_version_does(self, lab: Lab) -> None:
        first = account(lab).account_key.wrapped.version
        new_version(lab)
        lab.clock.advance(HOLD - 1)
        write(lab, "c/after", TEXT)
        assert account(lab).account_key.wrapped.version == first

    def test_then_the_old_version_is_not_needed_any_more(self, lab: Lab) -> None:
        first = account(lab).account_key.wrapped.version
        new_version(lab)
        lab.clock.advance(HOUR)
        read(lab, "c/before")
        disable(lab, first)
        lab.clock.advance("1d")
        assert read(lab, "c/before") == TEXT

    def test_whoever_disables_the_old_version_too_soon_locks_the_store_until_it_is_back(
        self, lab: Lab
    ) -> None:
        first = account(lab).account_key.wrapped.version
        new_version(lab)
        disable(lab, first)
        lab.clock.advance(HOUR)
        with pytest.raises(KeyRefused):
            read(lab, "c/before")
        enable(lab, first)
        assert read(lab, "c/before") == TEXT
        assert account(lab).account_key.wrapped.version != first

    def test_a_store_with_a_version_stays_with_it(self, lab: Lab) -> None:
        first = account(lab).account_key.wrapped.version
        put(lab, lab.storage, {"encryption": customer(lab.vault, version=first)})
        second = new_version(lab).version
        lab.clock.advance(HOUR)
        read(lab, "c/before")
        assert [hop.operation for hop in lab.trace.last()] == ["Get Blob", "Get token", "Unwrap key"]
        assert account(lab).account_key.wrapped.version == first
        put(lab, lab.storage, {"encryption": customer(lab.vault, version=second)})
        assert account(lab).account_key.wrapped.version == second

    @pytest.mark.parametrize("why", ["disabled", "expired", "may not wrap", "may not get"])
    def test_a_newest_version_that_does_not_do_leaves_the_store_with_the_old_one(
        self, lab: Lab, why: str
    ) -> None:
        first, identity = account(lab).account_key.wrapped.version, account(lab).identity_id
        new_version(lab)
        if why == "disabled":
            disable(lab)
        elif why == "expired":
            at_vault(lab, KeyVault.update_key, KEY, expires=lab.clock.now + 60)
        else:
            allow(lab, identity, "unwrapKey", "get" if why == "may not wrap" else "wrapKey")
        lab.clock.advance(HOUR)
        assert read(lab, "c/before") == TEXT
        asked = [(hop.operation, hop.ok) for hop in lab.trace.last()][3:]
        assert (
            asked
            == {
                "disabled": [("Get key", True)],
                "expired": [("Get key", True), ("Wrap key", False)],
                "may not wrap": [("Get key", True), ("Wrap key", False)],
                "may not get": [("Get key", False)],
            }[why]
        )
        assert account(lab).account_key.wrapped.version == first
        # Once it does, the store goes over to it.
        allow(lab, identity, *ENOUGH)
        at_vault(lab, KeyVault.update_key, KEY, enabled=True, expires=lab.clock.now + 10**8)
        lab.clock.advance(HOUR)
        assert read(lab, "c/before") == TEXT
        assert account(lab).account_key.wrapped.version != first


class TestRevocation:
    def test_it_is_felt_after_an_hour_at_most_and_enabling_brings_every_byte_back(self, lab: Lab) -> None:
        disable(lab)
        lab.clock.advance(HOLD - 1)
        assert read(lab, "c/before") == TEXT
        write(lab, "c/late", TEXT)
        lab.clock.advance(1)
        for attempt in (lambda: read(lab, "c/before"), lambda: write(lab, "c/later", TEXT)):
            with unchanged(lab), pytest.raises(KeyRefused):
                attempt()
        enable(lab)
        assert read(lab, "c/before") == read(lab, "c/late") == TEXT

    def test_the_error_is_the_store_s_own_with_the_vault_s_inside(self, lab: Lab) -> None:
        disable(lab)
        lab.clock.advance(HOUR)
        with pytest.raises(KeyRefused) as caught:
            read(lab, "c/before")
        error = caught.value
        assert (error.service, error.status, error.code, error.stage) == (
            *("Azure Storage", 403, "KeyVaultEncryptionKeyNotFound"),
            "operation",
        )
        inside = error.__cause__
        assert isinstance(inside, KeyDisabled)
        assert (inside.service, inside.code) == ("Key Vault", "KeyDisabled")
        assert "Key Vault says 403 KeyDisabled: Operation unwrapKey is not allowed" in error.presented
        assert "enable it again" in error.advice

    @pytest.mark.parametrize("how", ["policy", "deleted", "vault", "identity", "region"])
    def test_every_way_of_taking_the_key_away_is_a_typed_error(self, lab: Lab, how: str) -> None:
        owner, mine = lab.sign_in("olivia").bearer, account(lab)
        if how == "policy":
            allow(lab, mine.identity_id)
        elif how == "deleted":
            at_vault(lab, KeyVault.delete_key, KEY)
        elif how == "vault":
            lab.ask("olivia", ResourceManager.delete, lab.vault, owner)
        elif how == "identity":
            lab.directory.remove_principal(mine.identity_id)
        else:
            # A region goes down as a whole, and the store lies in that of its vault.
            lab.resources.find(lab.vault).region = "westus2"
            lab.switchboard.down("westus2")
        lab.clock.advance(HOUR)
        kind, code = {
            "policy": (KeyRefused, (403, "KeyVaultEncryptionKeyNotFound")),
            "deleted": (KeyRefused, (403, "KeyVaultEncryptionKeyNotFound")),
            "vault": (VaultGone, (403, "KeyVaultVaultNotFound")),
            "identity": (TokenNotAcquired, (403, "KeyVaultAccessTokenCannotBeAcquired")),
            "region": (VaultDown, (503, "ServerBusy")),
        }[how]
        with unchanged(lab), pytest.raises(KeyUnavailable) as caught:
            read(lab, "c/before")
        assert type(caught.value) is kind
        assert (caught.value.status, caught.value.code) == code
        assert isinstance(caught.value.__cause__, Refusal)

    def test_a_key_that_was_purged_is_loss_and_the_lab_says_so(self, lab: Lab) -> None:
        at_vault(lab, KeyVault.delete_key, KEY)
        lab.clock.advance(HOUR)
        with pytest.raises(KeyRefused) as caught:
            read(lab, "c/before")
        assert isinstance(caught.value.__cause__, KeyNotFound)
        assert "nobody" in caught.value.advice

    def test_names_are_still_listed_and_blobs_deleted(self, lab: Lab) -> None:
        disable(lab)
        lab.clock.advance(HOUR)
        assert "c/before" in with_key(lab, BlobStorage.list_blobs)
        with_key(lab, BlobStorage.delete, "c/before")
        assert "c/before" not in with_key(lab, BlobStorage.list_blobs)

    def test_a_revoked_key_can_be_replaced_while_the_account_key_is_held_and_not_later(
        self, lab: Lab
    ) -> None:
        disable(lab)
        lab.clock.advance(HOLD - 1)
        put(lab, lab.storage, {"encryption": MICROSOFT})
        put(lab, lab.storage, {"encryption": MICROSOFT})
        assert read(lab, "c/before") == TEXT
        enable(lab)
        put(lab, lab.storage, {"encryption": customer(lab.vault)})
        disable(lab)
        lab.clock.advance(HOUR)
        with unchanged(lab), pytest.raises(KeyRefused):
            put(lab, lab.storage, {"encryption": MICROSOFT})


class TestBadInput:
    @pytest.mark.parametrize("missing", ENOUGH)
    def test_no_key_is_taken_that_the_store_could_not_use_later(self, missing: str) -> None:
        lab = start()
        new_version(lab)
        write(lab, "c/before", TEXT)
        allow(lab, identify(lab, lab.storage), *(one for one in ENOUGH if one != missing))
        with unchanged(lab), pytest.raises(KeyRefused) as caught:
            put(lab, lab.storage, {"encryption": customer(lab.vault)})
        assert "ForbiddenByPolicy" in caught.value.presented
        assert read(lab, "c/before") == TEXT

    @pytest.mark.parametrize("state", ["disabled", "expired", "not yet valid", "deleted", "no wrapping"])
    def test_no_key_is_taken_that_cannot_be_used(self, state: str) -> None:
        lab = start()
        new_version(lab)
        changes: dict[str, Any] = {
            "disabled": {"enabled": False},
            "expired": {"expires": lab.clock.now - 1},
            "not yet valid": {"not_before": lab.clock.now + 60},
            "no wrapping": {"operations": ["sign", "verify"]},
        }
        if state == "deleted":
            at_vault(lab, KeyVault.delete_key, KEY)
        else:
            at_vault(lab, KeyVault.update_key, KEY, **changes[state])
        allow(lab, identify(lab, lab.storage), *ENOUGH)
        with unchanged(lab), pytest.raises(KeyRefused):
            put(lab, lab.storage, {"encryption": customer(lab.vault)})

    def test_a_store_without_an_identity_takes_no_key(self) -> None:
        lab = start()
        new_version(lab)
        with unchanged(lab), pytest.raises(BadRequest, match="no identity"):
            put(lab, lab.storage, {"encryption": customer(lab.vault)})

    def test_the_identity_stays_while_the_key_depends_on_it(self, lab: Lab) -> None:
        with unchanged(lab), pytest.raises(Conflict):
            put(lab, lab.storage, {"identity": {"type": "None"}})
        put(lab, lab.storage, {"identity": {"type": "None"}, "encryption": MICROSOFT})
        assert account(lab).identity_id == ""
        assert read(lab, "c/before") == TEXT

    def test_the_vault_lies_in_the_store_s_region(self) -> None:
        lab = start()
        id = f"{GROUP}/providers/Microsoft.KeyVault/vaults/faraway"
        put(lab, id, region="westus2")
        new_version(lab, vault=id)
        allow(lab, identify(lab, lab.storage), *ENOUGH, vault=id)
        with unchanged(lab), pytest.raises(BadRequest, match="another region"):
            put(lab, lab.storage, {"encryption": customer(id)})

    @pytest.mark.parametrize(
        "encryption",
        [
            None,
            "Microsoft.Storage",
            [],
            {},
            {"keySource": "Mine"},
            {"keySource": "Microsoft.Storage", "keySauce": "x"},
            {"keySource": "Microsoft.Keyvault"},
            {"keySource": "Microsoft.Keyvault", "keyvaultproperties": "x"},
            {"keySource": "Microsoft.Keyvault", "keyvaultproperties": {}},
            {"keySource": "Microsoft.Storage", "keyvaultproperties": {"keyname": "x"}},
            *(
                {"keySource": "Microsoft.Keyvault", "keyvaultproperties": {**good, **bad}}
                for good in [{"keyname": KEY, "keyvaulturi": "https://x.vault.azure.net"}]
                for bad in [
                    {"keyname": ""},
                    {"keyname": "a/b"},
                    {"keyname": None},
                    {"keyversion": "latest"},
                    {"keyversion": 5},
                    {"keyvaulturi": "http://x.vault.azure.net"},
                    {"keyvaulturi": "x"},
                    {"keyvaulturi": "https://x.vault.azure.net/keys/a"},
                    {"keyvaulturi": None},
                    {"unknown": "x"},
                ]
            ),
        ],
        ids=str,
    )
    def test_what_is_no_encryption_is_refused(self, encryption: Any) -> None:
        lab = start()
        identify(lab, lab.storage)
        with unchanged(lab), pytest.raises(BadRequest):
            put(lab, lab.storage, {"encryption": encryption})

    def test_a_vault_that_is_not_there_is_refused(self, lab: Lab) -> None:
        with unchanged(lab), pytest.raises(VaultGone):
            put(lab, lab.storage, {"encryption": customer("/nowhere")})

    @pytest.mark.parametrize("identity", [None, {}, {"type": "Mine"}, {"type": None}, "SystemAssigned", []])
    def test_what_is_no_identity_is_refused(self, identity: Any) -> None:
        lab = start()
        with unchanged(lab), pytest.raises(BadRequest):
            put(lab, lab.storage, {"identity": identity})

    def test_somebody_who_may_not_write_the_account_gives_it_no_key(self, lab: Lab) -> None:
        rita = lab.sign_in("rita").bearer
        with unchanged(lab), pytest.raises(Refusal) as caught:
            lab.ask("rita", ResourceManager.put, lab.storage, rita, "eastus", {"encryption": MICROSOFT})
        assert caught.value.code == "AuthorizationFailed"


class TestTheWrappedKeyItself:
    def test_that_of_another_account_is_refused(self, lab: Lab) -> None:
        other = account(start())
        mine = account(lab)
        put(lab, lab.storage, {"encryption": MICROSOFT})
        lab.clock.advance(HOUR)
        mine.account_key.wrapped = next(
            one.account_key.wrapped
            for one in lab.resources
            if isinstance(one, type(other)) and one is not mine
        )
        for attempt in (lambda: read(lab, "c/before"), lambda: write(lab, "c/new", TEXT)):
            with pytest.raises(Damaged) as caught:
                attempt()
            assert (caught.value.status, caught.value.code) == (500, "InternalError")

    def test_one_that_was_changed_is_refused(self, lab: Lab) -> None:
        key = account(lab).account_key
        key.wrapped = replace(key.wrapped, data=bytes(256))
        lab.clock.advance(HOUR)
        with pytest.raises(Damaged):
            read(lab, "c/before")

    @pytest.mark.parametrize("size", [0, 5, 16, 33])
    def test_one_in_which_there_is_another_key_is_refused(self, lab: Lab, size: int) -> None:
        """Whoever may wrap with the vault's key can make one that it opens."""
        key = account(lab).account_key
        version = key.wrapped.version
        data = at_vault(lab, KeyVault.wrap_key, KEY, version, key.wrapped.algorithm, bytes(size))
        key.wrapped = replace(key.wrapped, data=data)
        lab.clock.advance(HOUR)
        with pytest.raises(Damaged):
            read(lab, "c/before")


class Crash(Exception):
    """The machine stops here."""


class TestCrash:
    def test_one_while_rewrapping_loses_nothing(self, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
        def stop(*args: object) -> bytes:
            raise Crash

        first = account(lab).account_key.wrapped.version
        new_version(lab)
        lab.clock.advance(HOUR)
        with monkeypatch.context() as patched:
            patched.setattr(KeyVault.wrap_key, "function", stop)
            with pytest.raises(Crash):
                read(lab, "c/before")
        assert account(lab).account_key.wrapped.version == first
        assert read(lab, "c/before") == TEXT

    @pytest.mark.parametrize("op", [KeyVault.get_key, KeyVault.wrap_key, KeyVault.unwrap_key], ids=str)
    def test_one_while_the_key_is_changed_loses_nothing(
        self, lab: Lab, monkeypatch: pytest.MonkeyPatch, op: Any
    ) -> None:
        def stop(*args: object) -> bytes:
            raise Crash

        new_version(lab, "second")
        with monkeypatch.context() as patched:
            patched.setattr(op, "function", stop)
            with unchanged(lab), pytest.raises(Crash):
                put(lab, lab.storage, {"encryption": customer(lab.vault, "second")})
        lab.clock.advance(HOUR)
        assert read(lab, "c/before") == TEXT

    def test_a_vault_that_unwraps_something_else_than_it_wrapped_is_not_trusted(
        self, lab: Lab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        new_version(lab, "second")
        with monkeypatch.context() as patched:
            patched.setattr(KeyVault.unwrap_key, "function", lambda *args: bytes(32))
            with unchanged(lab), pytest.raises(Damaged):
                put(lab, lab.storage, {"encryption": customer(lab.vault, "second")})
        assert read(lab, "c/before") == TEXT


def test_an_unseeded_lab_does_the_same() -> None:
    lab = start(seed=None)
    new_version(lab)
    write(lab, "c/before", TEXT)
    give_key(lab, lab.storage)
    new_version(lab)
    lab.clock.advance(HOUR)
    assert read(lab, "c/before") == TEXT


def test_revocation_is_felt_after_3600_seconds_and_not_a_second_later(lab: Lab) -> None:
    write(lab, "c/a", b"one")
    disable(lab)
    lab.clock.advance(3599)
    assert read(lab, "c/a") == b"one"
    lab.clock.advance(1)
    with pytest.raises(KeyRefused):
        read(lab, "c/a")


def test_a_key_that_is_held_is_not_shown(lab: Lab) -> None:
    write(lab, "c/a", b"one")
    held = account(lab).account_key._held
    assert held is not None
    assert repr(held.key) not in repr(held)


def test_nobody_else_gets_at_the_vault_through_the_store(lab: Lab) -> None:
    """The store's identity may use the key; whoever reads blobs may not."""
    token = lab.sign_in("rita", resource=KEY_VAULT).bearer
    with pytest.raises(Refusal):
        lab.ask("rita", KeyVault.get_key, lab.vault, token, KEY)

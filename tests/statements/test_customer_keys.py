"""What the documents say about keys of the customer's own: attempted in a lab of each release that states it.
Each test does what the ledger's `shown_by` says of its statement."""

from __future__ import annotations

import pytest

import labkit
from labkit.azure import (
    KeyVault,
    ResourceManager,
)
from labkit.core.verdict import Verdict
from labkit.course.key_scene import KEY, at_vault, enable, new_version
from labkit.course.store_trials import TEXT, InUse
from labkit.lab import Lab
from labkit.services.encryption import RSA_OAEP, KeyRefused
from labkit.services.key_vault.errors import KeyDisabled
from labkit.stores import BLOBS, FILES, IMAGES
from tests.services.ml import GROUP, workspace
from tests.services.own_history import OWN, made
from tests.services.stores import account, put, write
from tests.services.stores import read as get
from tests.services.test_registry_encryption import (
    LAYERS,
    default_registry,
    own_registry,
    pull,
    push,
    registry,
)
from tests.services.test_registry_encryption import OWN as OWN_REGISTRY
from tests.statements.at_rest import (
    HOUR,
    code,
    in_each_release,
    keep,
    plain,
    raws,
    read,
    refusal,
    seen,
    versions,
    window,
)

on_blobs_and_files = pytest.mark.parametrize("what", [BLOBS, FILES])


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    in_each_release(metafunc)


@pytest.fixture
def lab(release: str) -> Lab:
    return labkit.start(release)


# ---- Blob storage


@pytest.mark.proves("enc-blob-cmk")
def test_the_same_bytes_under_a_key_of_ones_own_name_its_vault_and_its_version(lab: Lab) -> None:
    text = TEXT.encode()
    write(lab, "data/before.csv", text)
    before = account(lab).blobs.medium.raw("data/before.csv")
    assert account(lab).account_key.wrapped.key_id == "Microsoft's key"
    store = keep(lab, BLOBS, own=True)
    vault = lab.vault.rpartition("/")[2]
    key = (f"{vault}.vault.azure.net/keys/{KEY}", versions(lab)[-1])
    assert seen(lab, store) == ("Customer subscription", "customer", *key)
    assert (plain(lab, store), read(store)) == ([], text)
    # What was there before is untouched, and is read with a key that only the vault now gives out.
    assert account(lab).blobs.medium.raw("data/before.csv") == before
    assert get(lab, "data/before.csv") == text


@pytest.mark.proves("enc-blob-cmk")
def test_the_vaults_own_key_opens_the_wrapped_one_and_no_other_version_does(lab: Lab) -> None:
    keep(lab, BLOBS, own=True)
    wrapped = account(lab).account_key.wrapped
    assert TEXT.encode() not in wrapped.data

    def unwrap(version: str) -> bytes:
        return at_vault(lab, KeyVault.unwrap_key, lab.vault, KEY, version, RSA_OAEP, wrapped.data)

    assert len(unwrap(wrapped.version)) == 32
    other = new_version(lab).version
    assert Verdict.of(lambda: unwrap(other)).refusal is not None
    # Nor does a key do that the account may not use.
    refused = labkit.start(lab.release.name)
    wish = {"keySource": "Microsoft.Keyvault", "keyvaultproperties": {"keyname": KEY}}
    new_version(refused)
    put(refused, refused.storage, {"identity": {"type": "SystemAssigned"}})
    wish["keyvaultproperties"] |= {
        "keyvaulturi": f"https://{refused.vault.rpartition('/')[2]}.vault.azure.net"
    }  # type: ignore[operator]
    refusal(refused, lambda: put(refused, refused.storage, {"encryption": wish}), KeyRefused)
    assert account(refused).account_key.owner == "Microsoft"


# ---- Rotation and revocation


@pytest.mark.proves("enc-rotate")
@on_blobs_and_files
def test_rotated_the_newest_version_wraps_and_old_data_are_read(lab: Lab, what: str) -> None:
    store = keep(lab, what, own=True)
    old = raws(lab, store)
    # At any time, and more than once.
    for count in (2, 3):
        lab.clock.advance("5h")
        new_version(lab)
        lab.clock.advance(HOUR)
        assert read(store) == TEXT.encode()
        assert len(versions(lab)) == count
        assert seen(lab, store).version == versions(lab)[-1]
    assert raws(lab, store) == old


@pytest.mark.proves("enc-rotate")
def test_once_it_is_rotated_nobody_needs_the_version_before(lab: Lab) -> None:
    store = keep(lab, BLOBS, own=True)
    first = versions(lab)[0]
    new_version(lab)
    lab.clock.advance(HOUR)
    write(lab, "data/after.csv", b"later")
    at_vault(lab, KeyVault.update_key, lab.vault, KEY, first, enabled=False)
    lab.clock.advance("1d")
    assert (read(store), get(lab, "data/after.csv")) == (TEXT.encode(), b"later")
    # The other way round everything would depend on it.
    enable(lab, False)
    at_vault(lab, KeyVault.update_key, lab.vault, KEY, first, enabled=True)
    lab.clock.advance(HOUR)
    assert code(lambda: read(store)) == "403 KeyVaultEncryptionKeyNotFound"


@pytest.mark.proves("enc-revoke")
@on_blobs_and_files
def test_revoked_every_request_fails_and_enabled_again_not_a_byte_is_missing(lab: Lab, what: str) -> None:
    store = keep(lab, what, own=True)
    before = raws(lab, store)
    enable(lab, False)
    lab.clock.advance(HOUR)
    refused = refusal(lab, lambda: read(store), KeyRefused)
    assert (refused.service, refused.status, refused.code) == (
        *("Azure Storage", 403),
        "KeyVaultEncryptionKeyNotFound",
    )
    assert isinstance(refused.__cause__, KeyDisabled)
    refusal(lab, lambda: write(lab, "data/new.csv", b"new"), KeyRefused)
    lab.clock.advance("30d")
    refusal(lab, lambda: read(store), KeyRefused)
    enable(lab, True)
    assert read(store) == TEXT.encode()
    assert raws(lab, store) == before
    write(lab, "data/new.csv", b"new")


@pytest.mark.proves("enc-revoke")
def test_an_account_under_microsofts_key_does_not_care(lab: Lab) -> None:
    other = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/besides"
    put(lab, other)
    write(lab, "c/a", b"besides", id=other)
    store = keep(lab, BLOBS, own=True)
    enable(lab, False)
    lab.clock.advance(HOUR)
    assert (code(lambda: read(store)), get(lab, "c/a", id=other)) == (
        "403 KeyVaultEncryptionKeyNotFound",
        b"besides",
    )


@pytest.mark.proves("enc-delay")
@pytest.mark.parametrize("event", ["disable", "rotate"])
def test_the_former_state_survives_for_up_to_an_hour_and_no_longer(release: str, event: str) -> None:
    # The store asks the vault in minute 0 and in minute 60.
    windows = {at: window(release, BLOBS, event, at) for at in (1, 30, 59, 61)}
    assert windows == {1: 59, 30: 30, 59: 1, 61: 59}


@pytest.mark.proves("enc-delay")
def test_asked_after_a_long_silence_there_is_no_delay(lab: Lab) -> None:
    """It is how long a store may hold what was unwrapped for it, and no rule of its own."""
    store = keep(lab, BLOBS, own=True)
    lab.clock.advance("5h")
    enable(lab, False)
    assert code(lambda: read(store)) == "403 KeyVaultEncryptionKeyNotFound"
    enable(lab, True)
    assert read(store) == TEXT.encode()
    lab.trace.clear()
    read(store)
    assert not [hop for hop in lab.trace if hop.service == "Key Vault"]
    lab.clock.advance(HOUR)
    read(store)
    assert [hop.operation for hop in lab.trace if hop.service == "Key Vault"] == ["Unwrap key", "Get key"]


# ---- Container Registry


@pytest.mark.proves("enc-acr-cmk")
@pytest.mark.parametrize("way", ["own registry", "default registry"])
def test_either_way_the_customers_key_protects_the_images(lab: Lab, way: str) -> None:
    id = OWN_REGISTRY if way == "own registry" else ""
    if id:
        own_registry(lab)
        put(lab, OWN, {"containerRegistry": id})
        assert made(lab).depends_on["registry"] == id
    else:
        push(lab)
        default_registry(lab)
        assert workspace(lab).depends_on["registry"] == registry(lab).id
    push(lab, id=id)
    store = InUse(lambda: pull(lab, id), registry(lab, id).name)
    assert seen(lab, store)[1] == "customer"
    assert seen(lab, store).key.endswith("/keys/images")
    assert lab.media.find(LAYERS).rows == []
    enable(lab, False, name="images")
    lab.clock.advance(HOUR)
    assert code(lambda: read(store)) == "403 DENIED"
    enable(lab, True, name="images")
    assert read(store) == LAYERS


@pytest.mark.proves("enc-acr-cmk")
def test_a_registry_that_nobody_encrypted_is_under_microsofts_key(lab: Lab) -> None:
    store = keep(lab, IMAGES)
    assert seen(lab, store)[1] == "Microsoft"
    new_version(lab)
    enable(lab, False)
    lab.clock.advance(HOUR)
    assert read(store) == TEXT.encode()
    # Who may not write it gives it no key.
    rita, id = lab.sign_in("rita").bearer, registry(lab).id
    status = {"encryption": {"status": "enabled", "keyVaultProperties": {}}}
    asked = lab.attempt("rita", ResourceManager.put, id, rita, "eastus", status)
    assert asked.code == "AuthorizationFailed"

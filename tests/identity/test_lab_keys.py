"""The keys that ship with the package are real keys, and known as public ones."""

from collections import Counter

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from labkit.core.errors import BadInput
from labkit.identity.lab_keys import KEY_BITS, LabKeys, _published, _sign_once

LABELS = list(_published())


@pytest.mark.parametrize("label", LABELS)
def test_a_shipped_key_passes_every_check_of_its_numbers(label: str) -> None:
    # The lab skips these checks when it loads a key, for speed: this is where they are made.
    checked = load_pem_private_key(_published()[label], None, unsafe_skip_rsa_key_validation=False)
    assert isinstance(checked, RSAPrivateKey)
    assert checked.key_size == (int(label.split("/")[0][6:]) if label.startswith("vault-") else KEY_BITS)
    assert checked.public_key().public_numbers().e == 65537
    assert checked.private_numbers() == LabKeys(seeded=True).rsa(label).private_numbers()


def test_all_shipped_keys_are_distinct_and_share_no_prime() -> None:
    numbers = [LabKeys(seeded=True).rsa(label).private_numbers() for label in LABELS]
    assert len({prime for one in numbers for prime in (one.p, one.q)}) == 2 * len(LABELS)


def test_there_are_keys_for_two_issuers_for_the_forger_and_for_vaults() -> None:
    counts = Counter(label.partition("/")[0] for label in LABELS)
    assert {who: count for who, count in counts.items() if who.startswith("vault")} == {
        "vault-2048": 48,
        "vault-3072": 8,
        "vault-4096": 8,
    }
    assert counts.keys() - {"vault-2048", "vault-3072", "vault-4096"} == {
        "azure-ad",
        "machine-learning",
        "attacker",
    }


def test_a_spare_key_is_found_from_any_start_until_all_are_used_up() -> None:
    keys, used = LabKeys(seeded=True), set[str]()
    assert keys.spare(4096, 3, used)[0] == "vault-4096/3"
    for _ in range(8):
        label, key = keys.spare(4096, 10**6 + 5, used)
        assert label not in used
        assert key.key_size == 4096
        used.add(label)
    with pytest.raises(BadInput, match="no further key") as caught:
        keys.spare(4096, 0, used)
    assert "8 RSA keys of 4096 bits" in caught.value.presented


def test_a_spare_key_of_an_unseeded_lab_is_fresh_and_kept_nowhere() -> None:
    fresh = LabKeys(seeded=False)
    made = [fresh.spare(2048, 0, ()) for _ in range(2)]
    assert [label for label, _ in made] == ["", ""]
    assert len({key.public_key().public_numbers().n for _, key in made}) == 2
    assert fresh._fresh == {}


@pytest.mark.parametrize("label", ["azure-ad/99", "", "azure-ad", "other/0"])
def test_a_seeded_lab_has_no_other_keys(label: str) -> None:
    with pytest.raises(BadInput, match="no further key") as caught:
        LabKeys(seeded=True).rsa(label)
    assert "seed=None" in caught.value.advice


def test_an_unseeded_lab_makes_keys_of_its_own() -> None:
    fresh = LabKeys(seeded=False)
    first, second = fresh.rsa("azure-ad/0"), fresh.rsa("azure-ad/99")
    assert fresh.rsa("azure-ad/0") is first
    moduli = {key.public_key().public_numbers().n for key in (first, second)}
    shipped = {LabKeys(seeded=True).rsa(label).public_key().public_numbers().n for label in LABELS}
    assert len(moduli) == 2
    assert not moduli & shipped
    assert first.key_size == KEY_BITS


def test_what_is_signed_twice_has_the_signature_that_its_key_makes() -> None:
    keys = LabKeys(seeded=True)
    first, second = (keys.rsa(f"azure-ad/{number}") for number in range(2))
    for key, text in ((first, b"one"), (first, b"two"), (second, b"one")):
        made = key.sign(text, PKCS1v15(), SHA256())
        assert keys.sign(key, text) == keys.sign(key, text) == made


def test_no_private_key_of_an_unseeded_lab_is_remembered_with_its_signatures() -> None:
    keys, before = LabKeys(seeded=False), _sign_once.cache_info()
    key = keys.rsa("azure-ad/0")
    key.public_key().verify(keys.sign(key, b"text"), b"text", PKCS1v15(), SHA256())
    assert _sign_once.cache_info() == before

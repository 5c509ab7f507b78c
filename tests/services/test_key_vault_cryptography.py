"""What a key of a vault does, and when it does not."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from hypothesis import given, settings
from hypothesis import strategies as st

import labkit
from labkit.azure import KeyVault
from labkit.core.errors import BadRequest
from labkit.lab import Lab
from labkit.services.key_vault.errors import (
    KeyDisabled,
    KeyExpired,
    KeyNotFound,
    KeyNotYetValid,
    KeyOperationForbidden,
    NotDecrypted,
)
from tests.hostile import Text
from tests.services.vault import OAEP as OAEP_256
from tests.services.vault import OwnVault

DIGEST = hashlib.sha256(b"what is signed").digest()
DATA = b"k" * 32


@pytest.fixture
def own(lab: Lab) -> OwnVault:
    own = OwnVault(lab)
    own.ask(KeyVault.create_key, "master")
    return own


def uses(own: OwnVault) -> dict[str, Callable[[], Any]]:
    """Each operation of the key `master`, in a way that works."""
    wrapped = own.ask(KeyVault.wrap_key, "master", "", OAEP_256, DATA)
    signature = own.ask(KeyVault.sign, "master", "", "RS256", DIGEST)
    return {
        "encrypt": lambda: own.ask(KeyVault.encrypt, "master", "", OAEP_256, DATA),
        "decrypt": lambda: own.ask(KeyVault.decrypt, "master", "", OAEP_256, wrapped),
        "wrapKey": lambda: own.ask(KeyVault.wrap_key, "master", "", OAEP_256, DATA),
        "unwrapKey": lambda: own.ask(KeyVault.unwrap_key, "master", "", OAEP_256, wrapped),
        "sign": lambda: own.ask(KeyVault.sign, "master", "", "RS256", DIGEST),
        "verify": lambda: own.ask(KeyVault.verify, "master", "", "RS256", DIGEST, signature),
    }


def working(calls: dict[str, Callable[[], Any]], refusal: type[Exception]) -> set[str]:
    """Those that work; the others have to be refused like this."""
    found = set(calls)
    for name, call in calls.items():
        with suppress(refusal):
            call()
            continue
        found.discard(name)
    return found


class TestWrapping:
    @pytest.mark.parametrize("algorithm", [OAEP_256, "RSA-OAEP"])
    @pytest.mark.parametrize(("close", "open_"), [("wrap_key", "unwrap_key"), ("encrypt", "decrypt")])
    @pytest.mark.parametrize("data", [b"", b"k", b"k" * 32, bytes(190)])
    def test_what_was_closed_opens_again(
        self, own: OwnVault, close: str, open_: str, algorithm: str, data: bytes
    ) -> None:
        closed = own.ask(getattr(KeyVault, close), "master", "", algorithm, data)
        assert len(closed) == 256
        assert own.ask(getattr(KeyVault, open_), "MASTER", "", algorithm, closed) == data

    def test_anybody_with_the_public_part_can_close(self, own: OwnVault) -> None:
        public: Any = load_pem_public_key(own.ask(KeyVault.get_key, "master").pem.encode())
        assert own.unwrap(public.encrypt(DATA, OAEP(MGF1(SHA256()), SHA256(), None))) == DATA

    def test_an_older_version_opens_what_it_closed_and_the_newest_does_not(self, own: OwnVault) -> None:
        first, wrapped = own.ask(KeyVault.get_key, "master"), own.wrap()
        own.ask(KeyVault.create_key, "master")
        assert own.unwrap(wrapped, version=first.version) == DATA
        own.refused(NotDecrypted, KeyVault.unwrap_key, "master", "", OAEP_256, wrapped)

    def test_another_vault_s_key_does_not_open_it(self, own: OwnVault) -> None:
        other = OwnVault(own.lab, "other")
        other.ask(KeyVault.create_key, "master")
        other.refused(NotDecrypted, KeyVault.unwrap_key, "master", "", OAEP_256, own.wrap())

    @pytest.mark.parametrize(("size", "most"), [(2048, 190), (3072, 318), (4096, 446)])
    def test_there_is_room_for_a_key_and_not_for_data(self, own: OwnVault, size: int, most: int) -> None:
        own.ask(KeyVault.create_key, "master", "RSA", size)
        assert own.unwrap(own.wrap(data=bytes(most))) == bytes(most)
        refusal = own.refused(BadRequest, KeyVault.wrap_key, "master", "", OAEP_256, bytes(most + 1))
        assert refusal.presented == f"{most + 1} bytes"
        assert f"at most {most} bytes" in refusal.required

    @pytest.mark.parametrize("algorithm", ["RSA1_5", "RSA-OAEP-512", "rsa-oaep-256", "A256KW", "RS256", ""])
    @pytest.mark.parametrize("op", ["wrap_key", "unwrap_key", "encrypt", "decrypt"])
    def test_an_algorithm_that_the_lab_has_not_is_refused(
        self, own: OwnVault, op: str, algorithm: str
    ) -> None:
        refusal = own.refused(BadRequest, getattr(KeyVault, op), "master", "", algorithm, DATA)
        assert refusal.required == "RSA-OAEP-256 or RSA-OAEP"
        assert ("without an error" in refusal.message) is (algorithm == "RSA1_5")

    @pytest.mark.parametrize(
        "arguments",
        [
            ("master", "", OAEP_256, "k" * 32),
            ("master", "", OAEP_256, bytearray(32)),
            ("master", "", OAEP_256, None),
            ("master", "", OAEP_256, 5),
            ("master", None, OAEP_256, DATA),
            ("master", "", None, DATA),
            ("master", "", Text(OAEP_256), DATA),
            (Text("master"), "", OAEP_256, DATA),
            ("master", Text(""), OAEP_256, DATA),
            (None, "", OAEP_256, DATA),
            ("master",),
            (),
        ],
        ids=lambda one: "-".join(type(each).__name__ for each in one),
    )
    @pytest.mark.parametrize("op", ["wrap_key", "unwrap_key"])
    def test_what_has_another_type_is_refused(self, own: OwnVault, op: str, arguments: Any) -> None:
        assert own.refused(BadRequest, getattr(KeyVault, op), *arguments).stage == "parse"

    def test_what_does_not_fit_the_algorithm_is_not_decrypted(self, own: OwnVault) -> None:
        own.refused(NotDecrypted, KeyVault.unwrap_key, "master", "", "RSA-OAEP", own.wrap())


OWN = OwnVault(labkit.start())
OWN.ask(KeyVault.create_key, "master")
WRAPPED = OWN.wrap()


def unwraps(wrapped: bytes) -> bool:
    verdict = OWN.lab.attempt(
        "olivia", KeyVault.unwrap_key, OWN.id, OWN.token(), "master", "", OAEP_256, wrapped
    )
    if verdict:
        assert verdict.value == DATA
    else:
        assert type(verdict.refusal) is NotDecrypted
        assert (verdict.refusal.status, verdict.refusal.code) == (400, "BadParameter")
    return bool(verdict)


@given(st.integers(0, 8 * len(WRAPPED) - 1))
def test_no_flipped_bit_is_accepted(bit: int) -> None:
    changed = bytearray(WRAPPED)
    changed[bit // 8] ^= 1 << bit % 8
    assert unwraps(WRAPPED)
    assert not unwraps(bytes(changed))


@given(st.binary(max_size=600))
def test_nothing_else_is_accepted(wrapped: bytes) -> None:
    assert not unwraps(wrapped)


@given(st.integers(0, len(WRAPPED) - 1), st.binary(max_size=4))
def test_nothing_cut_off_or_joined_on_is_accepted(length: int, more: bytes) -> None:
    assert not unwraps(WRAPPED[:length] + more)
    assert not unwraps(WRAPPED + b"\0" + more)


@given(st.binary(max_size=190))
@settings(max_examples=50)
def test_whatever_was_wrapped_comes_out(data: bytes) -> None:
    assert OWN.unwrap(OWN.wrap(data=data)) == data


class TestSigning:
    def test_a_signature_is_verified_in_the_vault_and_outside(self, own: OwnVault) -> None:
        key = own.ask(KeyVault.get_key, "master")
        signature = own.ask(KeyVault.sign, "master", key.version, "RS256", DIGEST)
        public: Any = load_pem_public_key(key.pem.encode())
        public.verify(signature, b"what is signed", PKCS1v15(), SHA256())
        assert own.ask(KeyVault.verify, "master", key.version, "RS256", DIGEST, signature) is True

    @pytest.mark.parametrize("what", ["digest", "signature", "short", "empty", "version"])
    def test_what_it_has_not_signed_is_not_verified(self, own: OwnVault, what: str) -> None:
        signature = own.ask(KeyVault.sign, "master", "", "RS256", DIGEST)
        if what == "version":
            own.ask(KeyVault.create_key, "master")
        digest = hashlib.sha256(b"another").digest() if what == "digest" else DIGEST
        shown = {"signature": bytes(256), "short": signature[:-1], "empty": b""}.get(what, signature)
        assert own.ask(KeyVault.verify, "master", "", "RS256", digest, shown) is False

    @pytest.mark.parametrize("digest", [b"", b"what is signed", bytes(31), bytes(33)])
    def test_a_digest_is_signed_and_no_data(self, own: OwnVault, digest: bytes) -> None:
        refusal = own.refused(BadRequest, KeyVault.sign, "master", "", "RS256", digest)
        assert "32 bytes of a SHA-256" in refusal.required
        own.refused(BadRequest, KeyVault.verify, "master", "", "RS256", digest, b"")

    @pytest.mark.parametrize("algorithm", ["", "RS512", "PS256", "ES256", "none", "rs256", OAEP_256])
    def test_another_algorithm_is_refused(self, own: OwnVault, algorithm: str) -> None:
        own.refused(BadRequest, KeyVault.sign, "master", "", algorithm, DIGEST)


class TestState:
    def test_a_disabled_key_does_nothing_and_all_of_it_again_when_enabled(self, own: OwnVault) -> None:
        calls = uses(own)
        own.ask(KeyVault.update_key, "master", enabled=False)
        assert working(calls, KeyDisabled) == set()
        refusal = own.refused(KeyDisabled, KeyVault.wrap_key, "master", "", OAEP_256, DATA)
        assert (refusal.status, refusal.code) == (403, "KeyDisabled")
        assert refusal.message == "Operation wrapKey is not allowed on a disabled key."
        assert "nothing is lost" in refusal.advice
        own.ask(KeyVault.update_key, "master", enabled=True)
        assert working(calls, KeyDisabled) == set(calls)

    def test_a_key_made_disabled_is_enabled_later(self, own: OwnVault) -> None:
        own.ask(KeyVault.create_key, "master", enabled=False)
        own.refused(KeyDisabled, KeyVault.wrap_key, "master", "", OAEP_256, DATA)
        own.ask(KeyVault.update_key, "master", enabled=True)
        assert own.unwrap(own.wrap()) == DATA

    def test_one_version_disabled_leaves_the_others(self, own: OwnVault) -> None:
        first, wrapped = own.ask(KeyVault.get_key, "master"), own.wrap()
        own.ask(KeyVault.create_key, "master")
        own.ask(KeyVault.update_key, "master", enabled=False)
        assert own.unwrap(wrapped, version=first.version) == DATA
        own.refused(KeyDisabled, KeyVault.unwrap_key, "master", "", OAEP_256, wrapped)

    def test_an_expired_key_still_opens_what_it_closed_and_closes_nothing_more(self, own: OwnVault) -> None:
        calls, end = uses(own), own.lab.clock.now + 60
        own.ask(KeyVault.update_key, "master", expires=end)
        own.lab.clock.advance("59s")
        assert working(calls, KeyExpired) == set(calls)
        own.lab.clock.advance("1s")
        assert working(calls, KeyExpired) == {"decrypt", "unwrapKey", "verify"}
        refusal = own.refused(KeyExpired, KeyVault.wrap_key, "master", "", OAEP_256, DATA)
        assert (refusal.status, refusal.code) == (403, "KeyExpired")
        assert refusal.required == "before 2020-03-13 09:01:00Z"
        own.ask(KeyVault.create_key, "master")
        assert own.unwrap(own.wrap()) == DATA

    def test_a_key_of_later_is_tried_before_and_used_from_then_on(self, own: OwnVault) -> None:
        calls = uses(own)
        own.ask(KeyVault.update_key, "master", not_before=own.lab.clock.now + 60)
        assert working(calls, KeyNotYetValid) == {"decrypt", "unwrapKey", "verify"}
        refusal = own.refused(KeyNotYetValid, KeyVault.sign, "master", "", "RS256", DIGEST)
        assert (refusal.status, refusal.code) == (403, "KeyNotYetValid")
        own.lab.clock.advance("60s")
        assert working(calls, KeyNotYetValid) == set(calls)

    def test_a_disabled_key_is_disabled_whatever_its_times_say(self, own: OwnVault) -> None:
        calls = uses(own)
        own.ask(KeyVault.update_key, "master", enabled=False, expires=own.lab.clock.now)
        assert working(calls, KeyDisabled) == set()

    @pytest.mark.parametrize("use", ["encrypt", "decrypt", "wrapKey", "unwrapKey", "sign", "verify"])
    def test_a_key_does_what_it_was_made_for_and_nothing_else(self, own: OwnVault, use: str) -> None:
        calls = uses(own)
        own.ask(KeyVault.update_key, "master", operations=[use])
        assert working(calls, KeyOperationForbidden) == {use}

    def test_the_refusal_of_another_use_is_azure_s(self, own: OwnVault) -> None:
        own.ask(KeyVault.update_key, "master", operations=[])
        refusal = own.refused(KeyOperationForbidden, KeyVault.decrypt, "master", "", OAEP_256, DATA)
        assert (refusal.status, refusal.code) == (403, "KeyOperationForbidden")
        assert refusal.message == "Operation decrypt is not permitted on this key."

    @pytest.mark.parametrize("name", ["nothing", "", "\ud800", "../master"])
    def test_what_is_not_there_does_nothing(self, own: OwnVault, name: str) -> None:
        own.refused(KeyNotFound, KeyVault.wrap_key, name, "", OAEP_256, DATA)
        own.refused(KeyNotFound, KeyVault.sign, name, "", "RS256", DIGEST)

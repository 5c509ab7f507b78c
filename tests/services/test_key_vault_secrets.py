"""Secrets of a vault: values in versions, which come out and are printed nowhere."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import labkit
from labkit.azure import KeyVault
from labkit.core.errors import BadRequest
from labkit.lab import Lab
from labkit.services.key_vault.errors import SecretDisabled, SecretNotFound
from labkit.services.key_vault.secrets import LARGEST
from tests.hostile import Text, Yes
from tests.services.vault import OwnVault


@pytest.fixture
def own(lab: Lab) -> OwnVault:
    return OwnVault(lab)


def get(own: OwnVault, name: str = "api", version: str = "") -> str:
    value: str = own.ask(KeyVault.get_secret, name, version).reveal()
    return value


class TestVersions:
    def test_set_again_it_has_another_version_and_the_first_stays(self, own: OwnVault) -> None:
        first = own.ask(KeyVault.set_secret, "api", "one")
        own.lab.clock.advance("1m")
        second = own.ask(KeyVault.set_secret, "API", "two")
        assert (get(own), get(own, "Api", first.version), get(own, version=second.version)) == (
            *("two", "one", "two"),
        )
        assert second.created == first.created + 60
        assert own.ask(KeyVault.list_secret_versions, "api") == [first, second]
        assert own.ask(KeyVault.list_secrets) == ["API"]

    def test_its_id_is_an_address_with_a_version(self, own: OwnVault) -> None:
        secret = own.ask(KeyVault.set_secret, "api", "one")
        assert secret.id == f"https://keep.vault.azure.net/secrets/api/{secret.version}"
        assert repr(secret).splitlines() == [
            secret.id,
            "  enabled",
            "  deletion: final, at once (Purgeable)",
        ]

    def test_the_same_value_again_is_another_version(self, own: OwnVault) -> None:
        versions = {own.ask(KeyVault.set_secret, "api", "one").version for _ in range(3)}
        assert len(versions) == 3

    def test_keys_and_secrets_of_one_name_are_two_things(self, own: OwnVault) -> None:
        own.ask(KeyVault.set_secret, "both", "one")
        key = own.ask(KeyVault.create_key, "both")
        own.ask(KeyVault.delete_secret, "both")
        assert own.ask(KeyVault.get_key, "both") == key

    @given(st.text(max_size=60))
    def test_whatever_is_set_comes_out(self, value: str) -> None:
        SHARED.ask(KeyVault.set_secret, "api", value)
        assert get(SHARED) == value

    @pytest.mark.parametrize("value", [b"hunter2", ["hunter2"]], ids=repr)
    def test_a_value_of_another_type_is_refused_and_not_shown(self, own: OwnVault, value: Any) -> None:
        assert "hunter2" not in str(own.refused(BadRequest, KeyVault.set_secret, "api", value))

    def test_half_a_character_is_a_name_and_a_value_too(self, own: OwnVault) -> None:
        half = "\ud800"
        own.ask(KeyVault.set_secret, half, half)
        assert own.ask(KeyVault.get_secret, half).reveal() == half

    @pytest.mark.parametrize("version", ["0" * 32, "other", " ", "\ud800"])
    def test_a_version_of_another_secret_is_none_of_this_one(self, own: OwnVault, version: str) -> None:
        other = own.ask(KeyVault.set_secret, "other", "two")
        own.ask(KeyVault.set_secret, "api", "one")
        given = other.version if version == "other" else version
        refusal = own.refused(SecretNotFound, KeyVault.get_secret, "api", given)
        assert (refusal.status, refusal.code) == (404, "SecretNotFound")

    def test_what_is_not_there_is_not_found(self, own: OwnVault) -> None:
        for op in (KeyVault.get_secret, KeyVault.list_secret_versions, KeyVault.delete_secret):
            own.refused(SecretNotFound, op, "api")


SHARED = OwnVault(labkit.start())


class TestAttributes:
    def test_a_disabled_version_is_not_handed_out_and_the_others_are(self, own: OwnVault) -> None:
        first, second = (own.ask(KeyVault.set_secret, "api", value) for value in ("one", "two"))
        own.ask(KeyVault.update_secret, "api", enabled=False)
        refusal = own.refused(SecretDisabled, KeyVault.get_secret, "api")
        assert (refusal.status, refusal.code) == (403, "SecretDisabled")
        assert refusal.message == "Operation get is not allowed on a disabled secret."
        assert get(own, version=first.version) == "one"
        own.ask(KeyVault.update_secret, "api", second.version, enabled=True)
        assert get(own) == "two"

    def test_the_end_of_a_secret_is_information_and_no_refusal(self, own: OwnVault) -> None:
        now = own.lab.clock.now
        secret = own.ask(KeyVault.set_secret, "api", "one", not_before=now - 60, expires=now + 60)
        own.lab.clock.advance("1h")
        assert get(own) == "one"
        assert own.ask(KeyVault.list_secret_versions, "api") == [secret]
        later = own.ask(KeyVault.update_secret, "api", expires=now + 9000)
        assert (later.expires, later.not_before, later.updated) == (now + 9000, now - 60, now + 3600)
        own.refused(BadRequest, KeyVault.update_secret, "api", "", None, None, now - 60)


class TestBadInput:
    @pytest.mark.parametrize("value", [None, 5, b"x", ["x"], "x" * (LARGEST + 1), "é" * LARGEST])
    def test_a_value_is_a_text_of_25_kilobytes_at_most(self, own: OwnVault, value: Any) -> None:
        refusal = own.refused(BadRequest, KeyVault.set_secret, "api", value)
        assert (refusal.code, refusal.stage) == ("BadParameter", "parse")
        own.ask(KeyVault.set_secret, "api", "x" * LARGEST)

    @pytest.mark.parametrize("name", ["", None, 5, b"api"])
    def test_a_secret_has_a_name(self, own: OwnVault, name: Any) -> None:
        own.refused(BadRequest, KeyVault.set_secret, name, "one")

    def test_a_text_that_lies_about_itself_is_no_text(self, own: OwnVault) -> None:
        own.refused(BadRequest, KeyVault.set_secret, Text("api"), "one")
        own.refused(BadRequest, KeyVault.set_secret, "api", Text("one"))
        own.refused(BadRequest, KeyVault.get_secret, Text("api"))

    def test_attributes_are_what_they_are_called(self, own: OwnVault) -> None:
        own.ask(KeyVault.set_secret, "api", "one")
        for enabled in (1, "yes", Yes(), []):
            own.refused(BadRequest, KeyVault.set_secret, "api", "one", enabled)
            own.refused(BadRequest, KeyVault.update_secret, "api", "", enabled)
        own.refused(BadRequest, KeyVault.set_secret, "api", "one", None)
        for moment in (-1, "now", True, Yes()):
            own.refused(BadRequest, KeyVault.set_secret, "api", "one", True, moment)
            own.refused(BadRequest, KeyVault.update_secret, "api", "", None, moment)

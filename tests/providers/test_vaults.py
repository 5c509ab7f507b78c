"""A vault as Resource Manager sees it: its switches, its deletion, its way back."""

from typing import Any

import pytest

import labkit
from labkit.azure import KeyVault, ResourceManager
from labkit.core.errors import BadRequest, Conflict, UnknownHost
from labkit.lab import Lab
from labkit.providers.vaults import VaultAlreadyExists
from tests.services.state import everything, refused
from tests.services.vault import PROTECTED, SOFT, OwnVault

RECOVER = {"createMode": "recover"}


def properties(own: OwnVault) -> Any:
    owner = own.lab.sign_in("olivia").bearer
    return own.lab.ask("olivia", ResourceManager.get, own.id, owner)["properties"]


def put_refused(own: OwnVault, kind: Any, given: Any, id: str = "", region: str = "eastus") -> Any:
    owner = own.lab.sign_in("olivia").bearer
    return refused(own.lab, kind, ResourceManager.put, id or own.id, owner, region, given)


class TestSwitches:
    def test_all_are_off_until_somebody_turns_them_on(self, lab: Lab) -> None:
        own = OwnVault(lab)
        assert properties(own) == {
            "enableRbacAuthorization": False,
            "enableSoftDelete": False,
            "enablePurgeProtection": False,
            "softDeleteRetentionInDays": 90,
        }
        own.put(**PROTECTED)
        assert properties(own)["enableSoftDelete"] is properties(own)["enablePurgeProtection"] is True
        assert (own.vault.soft_delete, own.vault.purge_protection) == (True, True)
        # What it shows can be given again.
        own.put(**properties(own))

    def test_a_workspace_s_vault_is_made_without_soft_delete(self, lab: Lab) -> None:
        vault: Any = lab.resources.find(lab.vault)
        assert vault.recovery == "Purgeable"

    @pytest.mark.parametrize("name", ["enableSoftDelete", "enablePurgeProtection"])
    def test_what_protects_is_not_turned_off_again(self, lab: Lab, name: str) -> None:
        own = OwnVault(lab, **PROTECTED)
        refusal = put_refused(own, BadRequest, {name: False})
        assert refusal.message == f'The property "{name}" cannot be set to false.'

    @pytest.mark.parametrize(
        "given",
        [
            {"enablePurgeProtection": True},
            *(
                {name: value}
                for name in ("enableSoftDelete", "enableRbacAuthorization")
                for value in (1, "true")
            ),
            *({"softDeleteRetentionInDays": days} for days in (6, 91, 0, -7, 7.0, "7", True, None, 2**70)),
            *({"createMode": mode} for mode in ("", "Recover", "purge", None, ["recover"])),
        ],
        ids=repr,
    )
    def test_what_a_vault_cannot_be_is_refused(self, lab: Lab, given: dict[str, Any]) -> None:
        own = OwnVault(lab)
        put_refused(own, BadRequest, {**SOFT, **given} if "softDelete" in str(given) else given, own.id + "2")

    def test_days_are_chosen_once(self, lab: Lab) -> None:
        own = OwnVault(lab, softDeleteRetentionInDays=7, **SOFT)
        put_refused(own, BadRequest, {"softDeleteRetentionInDays": 8})
        own.put(softDeleteRetentionInDays=7)

    def test_a_change_with_one_fault_changes_nothing(self, lab: Lab) -> None:
        own = OwnVault(lab)
        put_refused(own, BadRequest, {"enableSoftDelete": True, "tag": "x"})
        put_refused(own, BadRequest, {"enableRbacAuthorization": True, "enablePurgeProtection": True})
        assert lab.parts.access.policies.governs(own.id)


class TestDeletion:
    def test_without_soft_delete_a_vault_is_lost_and_its_name_free(self, lab: Lab) -> None:
        own = OwnVault(lab)
        own.ask(KeyVault.create_key, "master")
        own.delete()
        put_refused(own, BadRequest, RECOVER)
        assert OwnVault(lab).ask(KeyVault.list_keys) == []

    def test_with_it_the_vault_comes_back_with_all_that_was_in_it(self, lab: Lab) -> None:
        own = OwnVault(lab, softDeleteRetentionInDays=7, **PROTECTED)
        own.ask(KeyVault.create_key, "master")
        own.ask(KeyVault.set_secret, "api", "one")
        wrapped, shown, policy = own.wrap(), properties(own), lab.parts.access.policies.of(own.id)
        own.delete()
        assert not lab.parts.access.policies.knows(own.id)
        with pytest.raises(UnknownHost):
            own.unwrap(wrapped)
        lab.clock.advance("6d")
        own.put(**RECOVER)
        assert own.unwrap(wrapped) == b"k" * 32
        assert own.ask(KeyVault.get_secret, "api").reveal() == "one"
        assert properties(own) == shown | RECOVER
        assert lab.parts.access.policies.of(own.id) == policy

    def test_one_that_follows_roles_does_so_again(self, lab: Lab) -> None:
        own = OwnVault(lab, **SOFT)
        own.put(enableRbacAuthorization=True)
        own.delete()
        own.put(**RECOVER)
        assert not lab.parts.access.policies.governs(own.id)

    def test_its_name_is_taken_in_all_of_azure_until_its_days_are_over(self, lab: Lab) -> None:
        own = OwnVault(lab, softDeleteRetentionInDays=7, **SOFT)
        first = own.ask(KeyVault.create_key, "master")
        own.delete()
        for id in (own.id, own.id.replace("your-resource-group-name", "your-resource-group-id")):
            refusal = put_refused(own, VaultAlreadyExists, {}, id)
            assert (refusal.status, refusal.code) == (409, "ConflictError")
            assert "2020-03-20 09:00:00Z" in refusal.advice
        lab.clock.advance("7d")
        put_refused(own, BadRequest, RECOVER)
        second = OwnVault(lab).ask(KeyVault.create_key, "master")
        assert (first.version, first.pem) != (second.version, second.pem)

    def test_it_comes_back_where_it_was(self, lab: Lab) -> None:
        own = OwnVault(lab, **SOFT)
        own.delete()
        elsewhere = own.id.replace("your-resource-group-name", "your-resource-group-id")
        put_refused(own, BadRequest, RECOVER, elsewhere)
        put_refused(own, BadRequest, RECOVER, "", "westus2")
        put_refused(own, BadRequest, {**RECOVER, "enableSoftDelete": False})
        own.put(**RECOVER)
        assert own.vault.soft_delete

    def test_a_vault_that_is_there_is_not_recovered(self, lab: Lab) -> None:
        own = OwnVault(lab, **SOFT)
        put_refused(own, BadRequest, RECOVER)

    def test_deleted_again_it_comes_back_again(self, lab: Lab) -> None:
        own = OwnVault(lab, **SOFT)
        for name in ("a", "b", "c"):
            own.ask(KeyVault.create_key, name)
            own.delete()
            lab.clock.advance("89d")
            own.put(**RECOVER)
        assert own.ask(KeyVault.list_keys) == ["a", "b", "c"]


class TestTakenBack:
    """A failure after the vault's part was done."""

    def fail(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def store(*_: Any) -> None:
            raise Conflict("Half way.")

        monkeypatch.setattr(ResourceManager, "_store", store)
        monkeypatch.setattr(ResourceManager, "_forget_access", store)

    @pytest.mark.parametrize("what", ["create", "change", "delete", "recover"])
    def test_nothing_of_it_stays(self, lab: Lab, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
        own = OwnVault(lab, **SOFT)
        own.ask(KeyVault.create_key, "master")
        if what == "recover":
            own.delete()
        before = everything(lab)
        steps: dict[str, Any] = {
            "create": lambda: OwnVault(lab, "new", **SOFT),
            "change": lambda: own.put(enableRbacAuthorization=True, enablePurgeProtection=True),
            "delete": own.delete,
            "recover": lambda: own.put(**RECOVER),
        }
        with monkeypatch.context() as patch:
            self.fail(patch)
            with pytest.raises(Conflict, match="Half way"):
                steps[what]()
        assert everything(lab) == before
        if what == "recover":
            own.put(**RECOVER)
        assert own.ask(KeyVault.list_keys) == ["master"]
        again = OwnVault(lab, "new")
        other = OwnVault(labkit.start(), "new")
        assert again.ask(KeyVault.create_key, "x").version == other.ask(KeyVault.create_key, "x").version

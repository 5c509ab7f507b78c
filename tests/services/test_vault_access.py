"""A vault's access policy through Resource Manager: Contributors open it, and roles do not."""

from typing import Any

import pytest

from labkit.access.vault_policy import NotInPolicy
from labkit.azure import KeyVault, ResourceManager, VaultAccess
from labkit.core.credential import Bearer
from labkit.core.errors import BadRequest, Forbidden, NotFound, UnknownHost
from labkit.lab import Lab
from labkit.services.azure_ad import KEY_VAULT
from labkit.services.vault_access import ALL, PERMISSIONS
from tests.services.state import everything, refused

GET = {"secrets": ["get"]}


@pytest.fixture
def carl(lab: Lab) -> Bearer:
    return lab.sign_in("carl").bearer


def vault_token(lab: Lab, who: str) -> Bearer:
    return lab.sign_in(who, resource=KEY_VAULT).bearer


class TestPolicy:
    def test_a_contributor_opens_the_vault_to_itself(self, lab: Lab, carl: Bearer) -> None:
        me = lab.people["carl"].object_id
        refused(lab, NotInPolicy, KeyVault.list_secrets, lab.vault, vault_token(lab, "carl"))
        lab.ask("carl", VaultAccess.set_policy, lab.vault, carl, me, {"secrets": ["list", "get"]})
        assert lab.ask("carl", KeyVault.list_secrets, lab.vault, vault_token(lab, "carl"))
        refused(lab, NotInPolicy, KeyVault.set_secret, lab.vault, vault_token(lab, "carl"), "a", "b")

    @pytest.mark.parametrize("spelling", ["/", "upper", "https"])
    def test_however_the_vault_is_spelled_it_is_the_same(self, lab: Lab, carl: Bearer, spelling: str) -> None:
        target = {
            "/": f"{lab.vault}/",
            "upper": lab.vault.upper(),
            "https": f"https://management.azure.com{lab.vault}?x=y",
        }[spelling]
        lab.ask("carl", VaultAccess.set_policy, target, carl, "somebody", GET)
        policy = lab.ask("carl", VaultAccess.get_policy, lab.vault, carl)
        assert policy["somebody"] == ("Microsoft.KeyVault/vaults/secrets/getSecret/action",)

    def test_setting_replaces_what_was_there_and_leaves_others(self, lab: Lab, carl: Bearer) -> None:
        before = lab.ask("carl", VaultAccess.get_policy, lab.vault, carl)
        for permissions in (ALL, GET):
            lab.ask("carl", VaultAccess.set_policy, lab.vault, carl, "somebody", permissions)
        after = lab.ask("carl", VaultAccess.get_policy, lab.vault, carl)
        assert after == before | {"somebody": ("Microsoft.KeyVault/vaults/secrets/getSecret/action",)}

    def test_every_permission_opens_its_own_operation(self, lab: Lab, carl: Bearer) -> None:
        me, token = lab.people["carl"].object_id, vault_token(lab, "carl")
        calls: dict[str, tuple[Any, ...]] = {
            "list": (KeyVault.list_secrets,),
            "set": (KeyVault.set_secret, "a", "b"),
            "get": (KeyVault.get_secret, "a"),
        }
        lab.ask("carl", VaultAccess.set_policy, lab.vault, carl, me, ALL)
        lab.ask("carl", KeyVault.set_secret, lab.vault, token, "a", "b")
        for name in PERMISSIONS["secrets"]:
            lab.ask("carl", VaultAccess.set_policy, lab.vault, carl, me, {"secrets": [name]})
            opened = {
                call
                for call, (op, *args) in calls.items()
                if lab.attempt("carl", op, lab.vault, token, *args)
            }
            assert opened == (set(calls) if name == "all" else {name} & set(calls))

    def test_what_is_removed_is_closed_at_once(self, lab: Lab, carl: Bearer) -> None:
        me, token = lab.people["carl"].object_id, vault_token(lab, "carl")
        lab.ask("carl", VaultAccess.set_policy, lab.vault, carl, me, ALL)
        assert lab.attempt("carl", KeyVault.list_secrets, lab.vault, token)
        lab.ask("carl", VaultAccess.remove_policy, lab.vault, carl, me)
        refused(lab, NotInPolicy, KeyVault.list_secrets, lab.vault, token)
        refused(lab, NotFound, VaultAccess.remove_policy, lab.vault, carl, me)

    @pytest.mark.parametrize("op", [VaultAccess.set_policy, VaultAccess.remove_policy], ids=str)
    def test_a_reader_reads_the_policy_and_does_not_write_it(self, lab: Lab, op: Any) -> None:
        rita = lab.sign_in("rita").bearer
        assert lab.ask("rita", VaultAccess.get_policy, lab.vault, rita)
        args = (lab.people["rita"].object_id, *([ALL] if op is VaultAccess.set_policy else []))
        refused(lab, Forbidden, op, lab.vault, rita, *args)

    def test_whoever_reads_it_cannot_change_it(self, lab: Lab, carl: Bearer) -> None:
        lab.ask("carl", VaultAccess.get_policy, lab.vault, carl)["mallory"] = ("*",)
        assert "mallory" not in lab.ask("carl", VaultAccess.get_policy, lab.vault, carl)

    @pytest.mark.parametrize("op", [VaultAccess.set_policy, VaultAccess.remove_policy], ids=str)
    def test_a_call_that_fails_around_it_takes_it_back(
        self, lab: Lab, carl: Bearer, op: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lab.ask("carl", VaultAccess.set_policy, lab.vault, carl, "somebody", GET)
        original = op.function

        def fail_afterwards(*args: Any) -> None:
            original(*args)
            raise ZeroDivisionError

        monkeypatch.setattr(op, "function", fail_afterwards)
        before = everything(lab)
        with pytest.raises(ZeroDivisionError):
            lab.ask("carl", op, lab.vault, carl, "somebody", *([ALL] if op is VaultAccess.set_policy else []))
        assert everything(lab) == before


class TestBadInput:
    @pytest.mark.parametrize(
        "permissions",
        [
            *(None, "get", 5, [], {}, ["secrets"], {"secrets": []}, {"secrets": "get"}, {"secrets": None}),
            *({"secrets": ["Get"]}, {"secrets": ["get", None]}, {"storage": ["get"]}, {None: ["get"]}),
            *({"secrets": ["getSecret/action"]}, {"secrets": ["*"]}, {"secrets": [["get"]]}, {"\ud800": []}),
            *({"secrets": {"get"}}, {"keys": [], "secrets": []}, type("Shifty", (dict,), {})(GET)),
        ],
        ids=repr,
    )
    def test_what_is_no_permission_is_refused(self, lab: Lab, carl: Bearer, permissions: Any) -> None:
        refused(lab, BadRequest, VaultAccess.set_policy, lab.vault, carl, "somebody", permissions)

    @pytest.mark.parametrize("principal", ["", " ", "a b", "\ud800", "x" * 65, "*", None, 5, [], b"x"])
    def test_what_is_no_object_id_is_refused(self, lab: Lab, carl: Bearer, principal: Any) -> None:
        refused(lab, BadRequest, VaultAccess.set_policy, lab.vault, carl, principal, GET)

    @pytest.mark.parametrize("target", ["workspace", "secret", "gone"])
    def test_what_is_no_vault_has_no_policy(self, lab: Lab, carl: Bearer, target: str) -> None:
        vault = lab.vault
        if target == "gone":
            lab.ask("carl", ResourceManager.delete, vault, carl)
        id = {"workspace": lab.workspace, "secret": f"{vault}/secrets/x", "gone": vault}[target]
        refused(lab, NotFound, VaultAccess.get_policy, id, carl)
        refused(lab, NotFound, VaultAccess.set_policy, id, carl, "somebody", GET)

    @pytest.mark.parametrize("target", ["", "/", "x", "https://vault.example/"])
    def test_what_is_no_resource_is_not_reached(self, lab: Lab, carl: Bearer, target: str) -> None:
        refused(lab, UnknownHost, VaultAccess.set_policy, target, carl, "somebody", GET)

"""Access policies of vaults, which stand in for roles on a vault's data plane."""

import pytest

from labkit.access.assignment import RoleAssignment
from labkit.access.vault_policy import VaultPolicies
from labkit.core.errors import Forbidden
from labkit.core.identity import Identity
from labkit.lab import Lab
from labkit.services.azure_ad import KEY_VAULT
from labkit.services.key_vault import KeyVault

VAULT, GET, SET = "/Vaults/One", "Vault/secrets/getSecret/action", "Vault/secrets/setSecret/action"


@pytest.fixture
def policies() -> VaultPolicies:
    made = VaultPolicies()
    made.open(VAULT)
    return made


def who(object_id: str = "ann", *groups: str) -> Identity:
    return Identity("user", "ann", object_id=object_id, groups=groups)


def test_an_empty_policy_allows_nothing(policies: VaultPolicies) -> None:
    assert not policies.decide(who(), GET, VAULT).allowed


def test_a_policy_allows_its_actions_to_its_principals_and_their_groups(policies: VaultPolicies) -> None:
    policies.grant(VAULT, "ann", ("Vault/secrets/get*",))
    assert policies.decide(who("ann"), GET.upper(), VAULT.upper()).allowed
    assert policies.decide(who("bob", "ann"), GET, VAULT).allowed
    assert not policies.decide(who("ann"), SET, VAULT).allowed
    assert not policies.decide(who("bob"), GET, VAULT).allowed


def test_granting_again_replaces_what_was_granted(policies: VaultPolicies) -> None:
    policies.grant(VAULT, "ann", ("*",))
    policies.grant(VAULT, "ann", (GET,))
    assert not policies.decide(who(), SET, VAULT).allowed


def test_opening_again_forgets_nothing(policies: VaultPolicies) -> None:
    policies.grant(VAULT, "ann", ("*",))
    policies.open(VAULT.lower())
    assert policies.decide(who(), SET, VAULT).allowed


def test_what_is_revoked_is_gone(policies: VaultPolicies) -> None:
    policies.grant(VAULT, "ann", ("*",))
    policies.revoke(VAULT, "ann")
    policies.revoke(VAULT, "ann")
    assert not policies.decide(who(), GET, VAULT).allowed


def test_only_opened_vaults_are_governed(policies: VaultPolicies) -> None:
    assert policies.governs(VAULT.upper())
    assert not policies.governs("/vaults/two")


def test_what_is_closed_is_forgotten_and_can_be_put_back(policies: VaultPolicies) -> None:
    policies.grant(VAULT, "ann", (GET,))
    policy = policies.close(VAULT.upper())
    assert not policies.governs(VAULT)
    assert policies.close(VAULT) == {}
    policies.open(VAULT)
    assert policies.of(VAULT) == {}
    policies.restore(VAULT, policy)
    assert policies.of(VAULT.lower()) == {"ann": (GET,)}


def test_whoever_looks_at_a_policy_cannot_change_it(policies: VaultPolicies) -> None:
    policies.of(VAULT)["mallory"] = ("*",)
    assert policies.of(VAULT) == {}


def test_a_decision_says_which_pattern_it_was_and_what_to_do(policies: VaultPolicies) -> None:
    policies.grant(VAULT, "ann", (SET, "Vault/secrets/get*"))
    assert policies.decide(who(), GET, VAULT).why == "the vault's access policy grants Vault/secrets/get*"
    refused = policies.decide(who("bob"), GET, VAULT)
    assert (refused.why, refused.advice) == (
        "not in the vault's access policy",
        "have the vault's access policy changed",
    )


@pytest.mark.parametrize(
    "role", ["owner", "contributor", "key vault secrets user", "key vault administrator"]
)
def test_in_the_lab_a_vault_s_policy_beats_every_role(lab: Lab, role: str) -> None:
    olivia = lab.directory.user("olivia")
    assert olivia is not None
    if role != "owner":
        access = lab.parts.access.roles
        access.add(RoleAssignment("id", olivia.object_id, access.definitions.find(role).id, lab.vault))
    token = lab.sign_in("olivia", resource=KEY_VAULT).bearer
    with pytest.raises(Forbidden) as caught:
        lab.ask("olivia", KeyVault.list_secrets, lab.vault, token)
    assert (caught.value.status, caught.value.code) == (403, "ForbiddenByPolicy")

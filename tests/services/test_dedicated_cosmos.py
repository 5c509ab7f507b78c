"""Run history in a Cosmos DB account of the customer's own, under the customer's key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from labkit.azure import Authorization, KeyVault, ProviderRegistration, ResourceManager, Runs, VaultAccess
from labkit.core.errors import BadRequest, Conflict, Forbidden, NotFound, Refusal
from labkit.furniture import SUBSCRIPTION, workspace_id
from labkit.identity.first_party import COSMOS
from labkit.lab import Lab, start
from labkit.services.encryption import HOLD, KeyRefused, TokenNotAcquired, VaultGone
from labkit.services.key_vault import TYPE as VAULTS
from labkit.services.key_vault.errors import KeyDisabled, KeyExpired, KeyNotFound, KeyOperationForbidden
from labkit.services.machine_learning.dedicated_cosmos import NotContributor
from labkit.services.registrations import MissingSubscriptionRegistration, SubscriptionNotRegisteredForFeature
from labkit.services.resource_id import group_of
from tests.services.ml import GROUP, OTHER_GROUP, ask, revoke
from tests.services.own_history import (
    COSMOS_PROVIDER,
    KEY,
    OWN,
    account,
    cluster,
    contributor,
    feature,
    given,
    let_in,
    made,
    own_workspace,
    owner,
    prepare,
    read,
    register,
    submit,
)
from tests.services.state import everything
from tests.services.stores import ENOUGH, allow, at_vault, disable, enable, new_version, put

HISTORY = b"secret-experiment"


def refused(lab: Lab, kind: type[Refusal], properties: dict[str, Any], region: str = "eastus") -> Any:
    """The refusal of a workspace, of this very kind, that leaves nothing behind."""
    before = everything(lab)
    with pytest.raises(kind) as caught:
        put(lab, OWN, properties, region)
    assert type(caught.value) is kind
    assert everything(lab) == before
    assert lab.resources.get(OWN) is None
    return caught.value


class TestWhatItTakes:
    def test_with_all_of_it_an_account_appears_in_a_managed_resource_group(self, lab: Lab) -> None:
        workspace = own_workspace(lab)
        group = group_of(workspace.history)
        assert group.startswith(f"{SUBSCRIPTION}/resourceGroups/own-history_")
        shown = owner(lab, ResourceManager.get, group)
        assert shown["properties"] == {"managedBy": OWN}
        assert account(lab).boundary == "Customer subscription"
        assert account(lab).account_key.owner == "customer"
        assert account(lab).managed_by == OWN

    def test_run_history_lives_there_under_the_customer_s_key(self, lab: Lab) -> None:
        own_workspace(lab)
        cluster(lab)
        run = submit(lab)
        medium = account(lab).documents.medium
        assert [name for name in medium.names() if name.endswith(run.run_id)]
        assert medium.find(HISTORY) == []
        assert account(lab).account_key.wrapped.key_id.endswith(f"/keys/{KEY}")
        assert read(lab, run.run_id) == run
        shared: Any = next(one for one in lab.resources if one.name == "azureml-eastus")
        assert not [name for name in shared.documents.medium.names() if made(lab).identity_id in name]

    def test_a_workspace_that_says_nothing_stays_in_the_shared_account(self, lab: Lab) -> None:
        prepare(lab)
        put(lab, OWN)
        assert made(lab).history.startswith("/subscriptions/azure-machine-learning/")

    def test_without_the_feature(self, lab: Lab) -> None:
        uri = prepare(lab, without="feature")
        refusal = refused(lab, SubscriptionNotRegisteredForFeature, given(lab, uri))
        assert (refusal.status, refusal.code) == (400, "SubscriptionNotRegisteredForFeature")
        assert "Microsoft.DocumentDB/CustomerManagedKeys" in str(refusal)
        feature(lab)
        put(lab, OWN, given(lab, uri))

    def test_without_the_provider_of_cosmos_db(self, lab: Lab) -> None:
        uri = prepare(lab)
        owner(lab, ProviderRegistration.unregister, SUBSCRIPTION, COSMOS_PROVIDER)
        refusal = refused(lab, MissingSubscriptionRegistration, given(lab, uri))
        assert (refusal.status, refusal.code) == (409, "MissingSubscriptionRegistration")
        assert COSMOS_PROVIDER in refusal.message
        register(lab)
        put(lab, OWN, given(lab, uri))

    def test_without_the_provider_of_azure_ml(self, lab: Lab) -> None:
        uri = prepare(lab)
        vault = lab.vault
        for id in [one.id for one in lab.resources if one.service == "Azure Machine Learning"]:
            owner(lab, ResourceManager.delete, id)
        owner(lab, ProviderRegistration.unregister, SUBSCRIPTION, "Microsoft.MachineLearningServices")
        refusal = refused(lab, MissingSubscriptionRegistration, given(lab, uri, vault))
        assert "Microsoft.MachineLearningServices" in refusal.message
        owner(lab, ProviderRegistration.register, SUBSCRIPTION, "Microsoft.MachineLearningServices")
        put(lab, OWN, given(lab, uri, vault))

    def test_without_azure_ml_s_application_as_contributor(self, lab: Lab) -> None:
        uri = prepare(lab, without="contributor")
        refusal = refused(lab, NotContributor, given(lab, uri))
        assert (refusal.status, refusal.code) == (403, "AuthorizationFailed")
        assert "Contributor of the subscription" in refusal.required
        assert isinstance(refusal.__cause__, Forbidden)
        contributor(lab)
        lab.clock.advance("31m")
        put(lab, OWN, given(lab, uri))

    @pytest.mark.parametrize("left", ["resource_cmk_uri", "cmk_keyvault"])
    def test_without_one_of_the_two_parameters(self, lab: Lab, left: str) -> None:
        both = given(lab, prepare(lab))
        [missing] = {"resource_cmk_uri", "cmk_keyvault"} - {left}
        for properties in ({left: both[left]}, {left: both[left], missing: None}):
            refusal = refused(lab, BadRequest, properties)
            assert refusal.message.startswith(f"{missing} is missing")

    def test_without_access_to_the_vault_for_azure_cosmos_db(self, lab: Lab) -> None:
        uri = prepare(lab)
        principal: Any = COSMOS.principal(lab.directory)
        owner(lab, VaultAccess.remove_policy, lab.vault, principal.object_id)
        refusal = refused(lab, KeyRefused, given(lab, uri))
        assert "Azure Cosmos DB may not do this" in refusal.presented
        for short in (ENOUGH[1:2], ENOUGH[:2]):
            allow(lab, principal.object_id, *short)
            refused(lab, KeyRefused, given(lab, uri))
        let_in(lab)
        put(lab, OWN, given(lab, uri))

    def test_without_its_service_principal_it_is_said_how_to_get_it(self, lab: Lab) -> None:
        uri = prepare(lab)
        principal: Any = COSMOS.principal(lab.directory)
        lab.directory.remove_principal(principal.object_id)
        refusal = refused(lab, BadRequest, given(lab, uri))
        assert COSMOS.client_id in refusal.required
        register(lab)
        let_in(lab)
        put(lab, OWN, given(lab, uri))

    def test_the_steps_are_seen_in_the_trace_and_who_took_them(self, lab: Lab) -> None:
        uri = prepare(lab)
        lab.trace.clear()
        put(lab, OWN, given(lab, uri))
        asked = [(hop.operation, hop.subject) for hop in lab.trace if "key" in hop.operation]
        cosmos = "Azure Cosmos DB (service principal)"
        assert asked == [("Wrap key", cosmos), ("Unwrap key", cosmos)]
        groups = [hop for hop in lab.trace if hop.operation == "PUT" and "own-history_" in hop.scope]
        assert {hop.subject for hop in groups} == {"Azure Machine Learning (service principal)"}
        assert len(groups) == 2

    def test_what_fails_after_the_account_was_made_takes_it_away_again(self, lab: Lab) -> None:
        uri = prepare(lab)
        revoke(lab, "Azure Machine Learning", "User Access Administrator", SUBSCRIPTION)
        lab.clock.advance("31m")
        refusal = refused(lab, Forbidden, given(lab, uri))
        assert "roleAssignments/write" in refusal.required
        assert any("own-history_" in hop.scope and hop.ok for hop in lab.trace)


class TestTheKey:
    @pytest.mark.parametrize(
        "change",
        [
            lambda uri: uri.rpartition("/")[0],
            lambda uri: uri.rpartition("/")[0] + "/",
            lambda uri: uri.replace("https:", "http:"),
            lambda uri: uri.replace("/keys/", "/secrets/"),
            lambda uri: uri + "/more",
            lambda uri: uri[:-1],
            lambda uri: uri.upper(),
            lambda uri: uri.partition("/keys/")[0],
            lambda uri: "",
            lambda uri: 5,
            lambda uri: [uri],
        ],
    )
    def test_its_address_is_full_and_has_a_version(self, lab: Lab, change: Callable[[str], Any]) -> None:
        uri = prepare(lab)
        refused(lab, BadRequest, given(lab, change(uri)))

    def test_another_vault_than_that_of_the_key_is_refused(self, lab: Lab) -> None:
        uri = prepare(lab)
        other = f"{GROUP}/providers/{VAULTS}/elsewhere"
        put(lab, other)
        assert "in another vault" in refused(lab, BadRequest, given(lab, uri, other)).message

    @pytest.mark.parametrize("vault", ["", "elsewhere", 5, [], f"{GROUP}/providers/Microsoft.Storage/x/y"])
    def test_what_is_no_id_of_a_vault_is_refused(self, lab: Lab, vault: Any) -> None:
        uri = prepare(lab)
        refused(lab, BadRequest, given(lab, uri) | {"cmk_keyvault": vault})

    def test_a_vault_that_is_not_there_is_not_found(self, lab: Lab) -> None:
        uri = prepare(lab).replace(lab.vault.rpartition("/")[2], "nowhere")
        refused(lab, NotFound, given(lab, uri, f"{GROUP}/providers/{VAULTS}/nowhere"))

    def test_a_vault_in_another_region_is_refused(self, lab: Lab) -> None:
        other = f"{GROUP}/providers/{VAULTS}/far"
        put(lab, other, region="westus2")
        uri = prepare(lab, vault=other)
        refusal = refused(lab, BadRequest, given(lab, uri, other))
        assert (refusal.message, refusal.required) == ("The key vault is in another region.", "eastus")
        put(lab, OWN, given(lab, uri, other), "westus2")

    def test_a_vault_in_another_subscription_is_refused(self, lab: Lab) -> None:
        uri = prepare(lab)
        foreign = "/subscriptions/other-sub"
        vault: Any = lab.resources.find(lab.vault)
        document = lab.parts.arm.documents[lab.vault.lower()]
        moved = lab.vault.replace(SUBSCRIPTION, foreign)
        for id in (foreign, f"{foreign}/resourceGroups/{lab.vault.split('/')[4]}"):
            lab.parts.arm.documents[id.lower()] = {"id": id, "name": "x", "location": "eastus"}
        lab.parts.arm.documents[moved.lower()] = document | {"id": moved}
        roles = lab.parts.access.roles
        held = next(one for one in roles if one.scope == SUBSCRIPTION and "olivia" in one.principal_name)
        roles.add(replace(held, id="theirs", scope=foreign))
        assert vault.region == "eastus"
        refusal = refused(lab, BadRequest, given(lab, uri, moved))
        assert refusal.message == "The key vault is in another subscription."

    def test_the_workspace_s_own_vault_passes(self, lab: Lab) -> None:
        workspace = own_workspace(lab, keyVault=lab.vault)
        assert workspace.depends_on["vault"] == lab.vault
        assert account(lab).account_key.customer is not None

    def test_another_vault_passes(self, lab: Lab) -> None:
        workspace = own_workspace(lab)
        assert workspace.depends_on["vault"] != lab.vault
        assert account(lab).account_key.wrapped.key_id.startswith(
            f"https://{lab.vault.rpartition('/')[2]}.vault"
        )

    @pytest.mark.parametrize(
        ("change", "cause"),
        [
            (lambda lab: disable(lab, name=KEY), KeyDisabled),
            (lambda lab: at_vault(lab, KeyVault.update_key, KEY, expires=lab.clock.now), KeyExpired),
            (lambda lab: at_vault(lab, KeyVault.delete_key, KEY), KeyNotFound),
            (
                lambda lab: at_vault(lab, KeyVault.update_key, KEY, operations=["sign"]),
                KeyOperationForbidden,
            ),
        ],
        ids=["disabled", "expired", "deleted", "of another kind"],
    )
    def test_one_that_cannot_be_used_is_refused_and_the_vault_says_why(
        self, lab: Lab, change: Callable[[Lab], None], cause: type[Refusal]
    ) -> None:
        uri = prepare(lab)
        change(lab)
        refusal = refused(lab, KeyRefused, given(lab, uri))
        assert type(refusal.__cause__) is cause

    def test_a_version_that_is_disabled_is_refused_though_a_newer_one_is_there(self, lab: Lab) -> None:
        uri = prepare(lab)
        new_version(lab, KEY)
        disable(lab, uri.rpartition("/")[2], KEY)
        assert isinstance(refused(lab, KeyRefused, given(lab, uri)).__cause__, KeyDisabled)

    def test_an_unknown_version_is_refused(self, lab: Lab) -> None:
        uri = f"{prepare(lab).rpartition('/')[0]}/{'0' * 32}"
        assert isinstance(refused(lab, KeyRefused, given(lab, uri)).__cause__, KeyNotFound)

    def test_who_may_not_read_the_vault_cannot_have_a_workspace_use_it(self, lab: Lab) -> None:
        # What the Enterprise edition takes.
        carls = lab.people["carl"].object_id
        owner(lab, Authorization.assign, OTHER_GROUP, "User Access Administrator", carls)
        uri = prepare(lab)
        id, carl = workspace_id(OTHER_GROUP.rpartition("/")[2], "carls"), lab.sign_in("carl").bearer
        vault = f"{SUBSCRIPTION}/resourceGroups/hidden/providers/{VAULTS}/hidden"
        put(lab, group_of(vault))
        put(lab, vault)
        uri = prepare_in(lab, vault)
        with pytest.raises(Forbidden) as caught:
            lab.ask("carl", ResourceManager.put, id, carl, "eastus", given(lab, uri, vault))
        assert "vaults/read" in caught.value.required
        assert lab.resources.get(id) is None


def prepare_in(lab: Lab, vault: str) -> str:
    let_in(lab, vault)
    return new_version(lab, KEY, vault).key_id


class TestReleasesAndRegions:
    @pytest.mark.parametrize("region", ["eastus", "westus2", "southcentralus", "northeurope", "westeurope"])
    @pytest.mark.parametrize("release", ["2020-01", "2020-03"])
    def test_in_the_earlier_release_it_is_for_three_regions(self, release: str, region: str) -> None:
        lab = start(release)
        vault = f"{GROUP}/providers/{VAULTS}/near"
        put(lab, vault, region=region)
        uri = prepare(lab, vault=vault)
        if release == "2020-01" and region.endswith("europe"):
            refusal = refused(lab, BadRequest, given(lab, uri, vault), region)
            assert refusal.required == "eastus or westus2 or southcentralus"
        else:
            put(lab, OWN, given(lab, uri, vault), region)
            assert account(lab).region == region

    def test_in_the_first_release_there_is_none(self) -> None:
        lab = start("2019-08")
        refusal = refused(lab, BadRequest, given(lab, prepare(lab)))
        assert refusal.required == "a lab of 2020-01 or 2020-03"
        put(lab, OWN)
        assert made(lab).history.startswith("/subscriptions/azure-machine-learning/")


class TestTheAccount:
    def test_it_has_8000_request_units_and_keeps_them(self, lab: Lab) -> None:
        history = own_workspace(lab).history
        assert owner(lab, ResourceManager.get, history)["properties"]["throughput"] == 8000
        for change in ({"throughput": 400}, {"throughput": 16000}, {"keyVaultKeyUri": "https://x"}):
            before = everything(lab)
            with pytest.raises(BadRequest, match="8000 request units"):
                put(lab, history, change)
            assert everything(lab) == before
        put(lab, history, {"throughput": 8000})

    def test_nobody_deletes_it_or_its_group_not_even_the_owner(self, lab: Lab) -> None:
        history = own_workspace(lab).history
        for id in (history, group_of(history)):
            before = everything(lab)
            with pytest.raises(Forbidden) as caught:
                owner(lab, ResourceManager.delete, id)
            assert caught.value.code == "DenyAssignmentAuthorizationFailed"
            assert "Managed by own-history" in caught.value.presented
            assert everything(lab) == before

    @pytest.mark.parametrize("what", [OWN, GROUP], ids=["workspace", "its group"])
    def test_it_goes_with_the_workspace_and_so_does_its_group(self, lab: Lab, what: str) -> None:
        history = own_workspace(lab).history
        owner(lab, ResourceManager.delete, what)
        assert lab.resources.get(history) is None
        for id in (history, group_of(history)):
            with pytest.raises(NotFound):
                owner(lab, ResourceManager.get, id)
        assert list(lab.parts.access.roles.denies) == []

    def test_a_workspace_that_comes_again_has_another_account_key(self, lab: Lab) -> None:
        own_workspace(lab)
        cluster(lab)
        submit(lab)
        first = account(lab)
        owner(lab, ResourceManager.delete, OWN)
        put(lab, OWN, given(lab, new_version(lab, KEY).key_id))
        assert account(lab) is not first
        assert account(lab).access_keys != first.access_keys
        assert account(lab).documents.names() == []
        assert account(lab).account_key != first.account_key

    def test_while_azure_ml_may_not_delete_it_the_workspace_stays(self, lab: Lab) -> None:
        own_workspace(lab)
        revoke(lab, "Azure Machine Learning", "Contributor", SUBSCRIPTION)
        lab.clock.advance("31m")
        before = everything(lab)
        with pytest.raises(Forbidden):
            owner(lab, ResourceManager.delete, OWN)
        assert everything(lab) == before

    def test_a_customer_s_own_account_is_changed_and_deleted_as_one_likes(self, lab: Lab) -> None:
        uri = prepare(lab)
        id = f"{GROUP}/providers/Microsoft.DocumentDB/databaseAccounts/mine"
        assert put(lab, id)["properties"] == {"throughput": 400}
        assert put(lab, id, {"throughput": 600})["properties"] == {"throughput": 600}
        for wrong in (399, 450, True, "400", -400, None, 10**9):
            with pytest.raises(BadRequest):
                put(lab, id, {"throughput": wrong})
        with pytest.raises(Conflict, match="stays as the account was created"):
            put(lab, id, {"keyVaultKeyUri": uri})
        owner(lab, ResourceManager.delete, id)
        made_with = put(lab, id, {"keyVaultKeyUri": uri.rpartition("/")[0]})
        assert made_with["properties"]["keyVaultKeyUri"] == uri.rpartition("/")[0]
        own: Any = lab.resources.find(id)
        assert own.account_key.wrapped.version == uri.rpartition("/")[2]


class TestRotationAndRevocation:
    @pytest.fixture
    def lab(self) -> Lab:
        """A lab with a run in a history of its own."""
        lab = start()
        own_workspace(lab)
        cluster(lab)
        submit(lab)
        return lab

    def test_rotation_takes_effect_within_the_hour_and_touches_no_document(self, lab: Lab) -> None:
        medium, key = account(lab).documents.medium, account(lab).account_key
        raws, first = {name: medium.raw(name) for name in medium.names()}, key.wrapped.version
        second = new_version(lab, KEY).version
        lab.clock.advance(HOLD - 1)
        read(lab, "secret-experiment_1")
        assert key.wrapped.version == first
        lab.clock.advance(1)
        assert read(lab, "secret-experiment_1").status == "Queued"
        assert key.wrapped.version == second
        assert {name: medium.raw(name) for name in medium.names()} == raws
        disable(lab, first, KEY)
        lab.clock.advance(HOLD)
        assert read(lab, "secret-experiment_1").status == "Queued"

    def test_the_version_it_was_created_with_is_the_first(self, lab: Lab) -> None:
        version = at_vault(lab, KeyVault.get_key, KEY).version
        assert account(lab).account_key.wrapped.version == version
        older = new_version(lab, "second").key_id
        new_version(lab, "second")
        id = f"{GROUP}/providers/Microsoft.DocumentDB/databaseAccounts/mine"
        put(lab, id, {"keyVaultKeyUri": older})
        own: Any = lab.resources.find(id)
        assert own.account_key.wrapped.version == older.rpartition("/")[2]

    @pytest.mark.parametrize("way", ["disabled", "no access"])
    def test_revoked_it_stops_run_history_within_the_hour_and_brings_it_back(
        self, lab: Lab, way: str
    ) -> None:
        principal: Any = COSMOS.principal(lab.directory)
        if way == "disabled":
            disable(lab, name=KEY)
        else:
            owner(lab, VaultAccess.remove_policy, lab.vault, principal.object_id)
        lab.clock.advance(HOLD - 1)
        assert read(lab, "secret-experiment_1").status == "Queued"
        lab.clock.advance(1)
        before = everything(lab)
        for attempt in (
            lambda: read(lab, "secret-experiment_1"),
            lambda: submit(lab, "another"),
            lambda: owner(lab, Runs.log_metric, OWN, "secret-experiment_1", "loss", 0.5),
        ):
            with pytest.raises(KeyRefused) as caught:
                attempt()
            assert (caught.value.service, caught.value.status) == ("Cosmos DB", 403)
            cause: Any = caught.value.__cause__
            assert cause.code == ("KeyDisabled" if way == "disabled" else "ForbiddenByPolicy")
            assert cause.code in caught.value.presented
        assert everything(lab) == before
        if way == "disabled":
            enable(lab, name=KEY)
        else:
            let_in(lab)
        assert read(lab, "secret-experiment_1").status == "Queued"
        assert submit(lab, "another").run_id == "another_2"

    def test_a_service_principal_that_was_lost_is_replaced(self, lab: Lab) -> None:
        """The new one has another object id. Nothing of the account has to be changed, and nothing could."""
        principal: Any = COSMOS.principal(lab.directory)
        lab.directory.remove_principal(principal.object_id)
        lab.clock.advance(HOLD)
        with pytest.raises(TokenNotAcquired):
            read(lab, "secret-experiment_1")
        register(lab)
        with pytest.raises(KeyRefused):
            read(lab, "secret-experiment_1")
        let_in(lab)
        assert read(lab, "secret-experiment_1").status == "Queued"

    def test_other_workspaces_go_on(self, lab: Lab) -> None:
        disable(lab, name=KEY)
        lab.clock.advance(HOLD)
        assert ask(lab, "carl", Runs.submit, "night", lab.cluster, print).status == "Queued"

    def test_the_compute_is_refused_too_and_reports_once_the_key_is_back(self, lab: Lab) -> None:
        disable(lab, name=KEY)
        lab.clock.advance(HOLD)
        assert owner(lab, ResourceManager.get, OWN)["name"] == "own-history"
        with pytest.raises(KeyRefused):
            owner(lab, Runs.complete, OWN, "secret-experiment_1")
        enable(lab, name=KEY)
        owner(lab, Runs.complete, OWN, "secret-experiment_1")
        assert read(lab, "secret-experiment_1").status == "Completed"

    def test_a_vault_that_is_gone_stops_it(self, lab: Lab) -> None:
        owner(lab, ResourceManager.delete, lab.vault)
        lab.clock.advance(HOLD)
        with pytest.raises(VaultGone):
            read(lab, "secret-experiment_1")

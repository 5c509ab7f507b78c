"""What az shows of resources, of a vault, of the directory's applications, and of what a workspace has."""

from __future__ import annotations

import json
from typing import Any

import pytest

from labkit.azure import Models, VaultAccess, WebServices
from labkit.core.operation import Op
from labkit.course.key_scene import new_version, put
from labkit.course.store_trials import TRIALS, Wish
from labkit.lab import Lab
from labkit.services.resource_id import name_of
from labkit.stores import BLOBS, CLUSTER_DATA, CONTAINERS, IMAGES, OWN_RUN_HISTORY
from tests.sdk.az_lab import IN_GROUP, ask, refused
from tests.services.ml import workspace

WS = f"-w ml-example {IN_GROUP}"


@pytest.fixture
def az(lab: Lab) -> Lab:
    lab.az("extension add -n azure-cli-ml")
    lab.az("account show")
    return lab


def olivia(lab: Lab, op: Op[..., Any], *args: Any, **kwargs: Any) -> Any:
    return lab.ask("olivia", op, lab.workspace, lab.sign_in("olivia").bearer, *args, **kwargs)


def under_a_key(lab: Lab, store: str) -> str:
    """A store under a key of olivia's. Returns the key's address."""
    key = new_version(lab)
    TRIALS[store](lab, Wish(key, lab.vault))
    return key.key_id


class TestStores:
    def test_a_storage_account_by_its_name_alone_or_in_its_group(self, az: Lab) -> None:
        name = name_of(az.storage)
        shown = ask(az, f"storage account show -n {name.upper()}")
        assert shown == ask(az, f"storage account show -n {name} {IN_GROUP}")
        assert (shown["id"], shown["resourceGroup"]) == (az.storage, "your-resource-group-name")
        assert shown["encryption"] == {"keySource": "Microsoft.Storage", "keyVaultProperties": None}
        assert shown in ask(az, f"storage account list {IN_GROUP}")
        assert len(ask(az, "storage account list")) == 3

    def test_its_key_is_spelt_as_az_spells_it(self, az: Lab) -> None:
        under_a_key(az, BLOBS)
        shown = ask(az, f"storage account show -n {name_of(az.storage)}")
        vault = f"https://{name_of(az.vault)}.vault.azure.net"
        assert shown["encryption"]["keySource"] == "Microsoft.Keyvault"
        assert shown["encryption"]["keyVaultProperties"] == {"keyName": "at-rest", "keyVaultUri": vault}

    def test_a_registry(self, az: Lab) -> None:
        registry = name_of(workspace(az).depends_on["registry"])
        shown = ask(az, f"acr show -n {registry}")
        assert shown["encryption"] == {"keyVaultProperties": None, "status": "disabled"}
        assert shown["loginServer"] == f"{registry}.azurecr.io"
        under_a_key(az, IMAGES)
        assert ask(az, f"acr show -n {registry} {IN_GROUP}")["encryption"]["status"] == "enabled"
        assert registry in [one["name"] for one in ask(az, f"acr list {IN_GROUP}")]

    def test_cosmos_clusters_and_containers_tell_whose_key_it_is(self, az: Lab) -> None:
        for command in ("cosmosdb", "aks", "container"):
            assert ask(az, f"{command} list") == []
        key = under_a_key(az, OWN_RUN_HISTORY)
        [account] = ask(az, "cosmosdb list")
        assert account["keyVaultKeyUri"] == key
        named = f"-g {account['resourceGroup']} -n {account['name']}"
        assert ask(az, f"cosmosdb show {named}") == account

    def test_a_cluster(self, az: Lab) -> None:
        under_a_key(az, CLUSTER_DATA)
        [cluster] = ask(az, "aks list")
        assert cluster["diskEncryptionSetId"].endswith("/diskEncryptionSets/disks")
        assert cluster["kubernetesVersion"] == "1.17.0"
        assert ask(az, f"aks show {IN_GROUP} -n disks") == cluster

    def test_a_container_group(self, az: Lab) -> None:
        under_a_key(az, CONTAINERS)
        [group] = ask(az, "container list")
        assert group["encryptionProperties"]["keyName"] == "at-rest"
        assert ask(az, f"container show {IN_GROUP} -n {group['name']}") == group

    @pytest.mark.parametrize(
        ("line", "says"),
        [
            ("storage account show -n none", "Storage account 'none' not found."),
            (
                "acr show -n none",
                "type 'Microsoft.ContainerRegistry/registries' could not be found in subscr",
            ),
            ("keyvault show -n none", "The Vault 'none' not found within subscription."),
            (
                f"storage account show -n none {IN_GROUP}",
                "The Resource 'Microsoft.Storage/storageAccounts/none' ",
            ),
            (
                f"aks show -n none {IN_GROUP}",
                "The Resource 'Microsoft.ContainerService/managedClusters/none' under",
            ),
            ("cosmosdb show -n none", "the following arguments are required: --resource-group/-g"),
            ("container show -n none -g none", "under resource group 'none' was not found."),
            ("keyvault show", "the following arguments are required: --name/-n"),
            ("storage account show -n x --subscription y", "Subscription 'y' not found."),
        ],
    )
    def test_what_is_not_there_is_missed_in_the_words_of_az(self, az: Lab, line: str, says: str) -> None:
        assert says in refused(az, line).message

    def test_who_may_read_nothing_sees_nothing(self, az: Lab) -> None:
        az.hire("nora")
        az.az("login -u nora --allow-no-subscriptions")
        assert "No subscription found" in refused(az, "storage account list").message

    def test_no_key_of_an_account_and_no_password_is_shown(self, az: Lab) -> None:
        account, registry = (workspace(az).depends_on[role] for role in ("storage", "registry"))
        found: Any = az.resources.find(registry)
        texts = [az.az(f"{one} list") for one in ("storage account", "acr", "keyvault")]
        texts += [
            az.az(f"storage account show -n {name_of(account)}"),
            az.az(f"acr show -n {name_of(registry)}"),
        ]
        assert not any(secret in text for secret in found.passwords.values() for text in texts)


class TestVault:
    def test_a_vault_tells_who_may_do_what(self, az: Lab) -> None:
        rita = az.people["rita"].object_id
        olivia_asks = az.sign_in("olivia").bearer
        permissions = {"secrets": ["get", "list"], "keys": ["wrapKey"]}
        az.ask("olivia", VaultAccess.set_policy, az.vault, olivia_asks, rita, permissions)
        shown = ask(az, f"keyvault show -n {name_of(az.vault)}")
        policies = {one["objectId"]: one["permissions"] for one in shown["properties"]["accessPolicies"]}
        assert policies[rita] == {"certificates": [], "keys": ["wrapKey"], "secrets": ["get", "list"]}
        assert set(policies) == {rita, workspace(az).identity_id}
        assert set(map(str, policies[workspace(az).identity_id].values())) == {"['all']"}
        assert shown["properties"]["vaultUri"] == f"https://{name_of(az.vault)}.vault.azure.net/"
        assert shown["resourceGroup"] == "your-resource-group-name"

    def test_protection_is_shown_as_it_is(self, az: Lab) -> None:
        line = f"keyvault show -n {name_of(az.vault)} --query properties.enablePurgeProtection"
        assert ask(az, line) is False
        put(az, az.vault, {"enableSoftDelete": True, "enablePurgeProtection": True})
        assert ask(az, line) is True

    def test_a_list_has_neither_policies_nor_settings(self, az: Lab) -> None:
        assert len(ask(az, "keyvault list")) == 3
        [_, *_] = found = ask(az, f"keyvault list {IN_GROUP}")
        assert {name for one in found for name in one} == {"id", "location", "name", "resourceGroup", "type"}

    def test_keys_are_listed_without_being_shown(self, az: Lab) -> None:
        first, second = new_version(az), new_version(az)
        at = f"--vault-name {name_of(az.vault)}"
        [listed] = ask(az, f"keyvault key list {at}")
        assert listed["kid"] == first.id.rpartition("/")[0]
        assert listed["attributes"]["recoveryLevel"] == "Purgeable"
        versions = ask(az, f"keyvault key list-versions {at} --name at-rest")
        assert [one["kid"] for one in versions] == [first.id, second.id]
        shown = ask(az, f"keyvault key show {at} -n at-rest")
        assert shown["key"] == {
            "keyOps": ["encrypt", "decrypt", "wrapKey", "unwrapKey", "sign", "verify"],
            "kid": second.id,
            "kty": "RSA",
        }
        assert shown["attributes"]["created"] == "2020-03-13T09:00:00+00:00"
        assert shown["attributes"]["expires"] is None

    def test_secrets_are_named_and_not_told(self, az: Lab) -> None:
        new_version(az)
        text = az.az(f"keyvault secret list --vault-name {name_of(az.vault)}")
        names = [one["name"].rpartition("/")[2] for one in json.loads(text)]
        assert "workspaceblobstore" in names
        assert "AccountKey" not in text
        assert all(one["attributes"]["enabled"] for one in json.loads(text))

    @pytest.mark.parametrize(
        ("line", "what"),
        [
            ("secret list", "secrets list"),
            ("key list", "keys list"),
            ("key list-versions -n at-rest", "keys list"),
        ],
    )
    def test_who_is_not_in_the_policy_is_told_so_in_the_vault_s_words(
        self, az: Lab, line: str, what: str
    ) -> None:
        error = refused(az, f"keyvault {line} --vault-name {name_of(az.vault)}")
        assert error.code == "ForbiddenByPolicy"
        me, vault = az.people["olivia"].object_id, name_of(az.vault)
        assert error.message.startswith(
            "The user, group or application 'appid=04b07795-8ddb-461a-bbee-02f9e1bf7b46"
        )
        assert f";oid={me};" in error.message
        assert f"does not have {what} permission on key vault '{vault}'." in error.message

    def test_what_is_not_in_the_vault_and_what_is_no_vault(self, az: Lab) -> None:
        new_version(az)
        at = f"--vault-name {name_of(az.vault)}"
        assert refused(az, f"keyvault key show {at} -n none").code == "KeyNotFound"
        assert (
            "Nothing in the lab answers there"
            in refused(az, "keyvault secret list --vault-name none").message
        )


class TestApplications:
    def test_each_ends_and_none_is_told(self, az: Lab) -> None:
        [only] = ask(az, "ad app credential list --id your-client-id")
        assert only == {"endDate": "2021-03-13T09:00:00Z", "value": None}
        assert ask(az, "ad app credential list --id http://ml-auth") == [only]
        assert "does not exist or one of its queried" in refused(az, "ad app credential list --id x").message

    def test_applications_by_the_beginning_of_the_name(self, az: Lab) -> None:
        [found] = ask(az, "ad app list --display-name ml-a")
        assert found == ask(az, "ad app show --id your-client-id")
        assert len(ask(az, "ad app list --all")) > 2

    def test_users_and_guests(self, az: Lab) -> None:
        assert len(ask(az, "ad user list")) == 4
        names = ask(az, """ad user list --filter "userType eq 'guest'" --query [].displayName""")
        assert names == ["gita_fabrikam.example#EXT#"]
        assert ask(az, """ad user list --filter "displayName eq 'rita'" --query [].displayName""") == ["rita"]
        assert len(ask(az, "ad user list --upn rita@contoso.example")) == 1
        assert ask(az, "ad user list --display-name car --query [].displayName") == ["carl"]

    @pytest.mark.parametrize(
        "text", ["x", "age eq '5'", "userType ne 'Guest'", "userType eq Guest", "a eq 'b' or 1"]
    )
    def test_a_filter_that_cannot_be_read_is_refused(self, az: Lab, text: str) -> None:
        assert refused(az, f'ad user list --filter "{text}"').message == "Invalid filter clause"

    def test_a_guest_reads_none_of_it(self, az: Lab) -> None:
        az.az("login -u gita")
        for line in ("ad app list", "ad user list", "ad app credential list --id your-client-id"):
            assert refused(az, line).message == "Insufficient privileges to complete the operation."


class TestParts:
    def test_compute_targets(self, az: Lab) -> None:
        [cluster] = ask(az, f"ml computetarget list {WS}")
        assert cluster["name"] == "cpu-cluster"
        assert cluster["properties"]["computeType"] == "AmlCompute"
        assert cluster["properties"]["isAttachedCompute"] is False
        assert ask(az, f"ml computetarget show {WS} -n cpu-cluster -v") == cluster
        under_a_key(az, CLUSTER_DATA)
        attached = ask(az, f"ml computetarget show {WS} -n aks")
        assert attached["properties"]["isAttachedCompute"] is True
        assert "computes/none' under resource" in refused(az, f"ml computetarget show {WS} -n none").message

    def test_web_services_tell_their_form_and_no_key(self, az: Lab) -> None:
        assert ask(az, f"ml service list {WS}") == []
        olivia(az, Models.register, "churn", b"weights")
        olivia(az, WebServices.deploy_aci, "open", "churn", auth_enabled=False)
        under_a_key(az, CLUSTER_DATA)
        rows = {one["name"]: one for one in ask(az, f"ml service list {WS}")}
        assert (rows["open"]["authEnabled"], rows["rows"]["authEnabled"]) == (False, True)
        assert rows["rows"]["aadAuthEnabled"] is False
        assert "aadAuthEnabled" not in rows["open"]
        assert rows["open"] == ask(az, f"ml service show {WS} -n open")
        primary, _ = olivia(az, WebServices.get_aks_keys, "rows")
        assert primary.reveal() not in az.az(f"ml service list {WS}")
        error = refused(az, f"ml service show {WS} -n none")
        assert (
            error.message == "WebserviceNotFound: Webservice with name 'none' not found in provided workspace"
        )
        assert error.required == "open, rows"

    def test_the_extension_has_to_be_there(self, lab: Lab) -> None:
        for line in ("computetarget list", "service list"):
            assert "az extension add -n azure-cli-ml" in str(refused(lab, f"ml {line} {WS}"))

    def test_a_workspace_tells_its_edition_and_its_flag_where_there_are_such(self, az: Lab) -> None:
        shown = ask(az, f"ml workspace show {WS}")
        assert (shown["sku"], shown["hbiWorkspace"]) == ("Basic", False)

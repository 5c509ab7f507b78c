"""For each audit, a lab in which a setting is right and one in which it is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from labkit.azure import (
    Authorization,
    DataStores,
    Editions,
    Models,
    ResourceManager,
    Runs,
    VaultAccess,
    WebServices,
)
from labkit.core.operation import Op
from labkit.course.key_scene import enable, new_version, put
from labkit.course.scenes import define, give
from labkit.course.store_trials import TRIALS, Wish
from labkit.furniture import CLIENT_ID, hire, workspace_id
from labkit.lab import Lab
from labkit.services.machine_learning.tls import Ssl
from labkit.stores import BLOBS, CLUSTER_DATA, CONTAINERS, IMAGES, OWN_RUN_HISTORY
from labkit.wire.certificates import Authority
from tests.services.ml import GROUP, MACHINE, MACHINE_PASSWORD, workspace

Setting = Callable[[Lab], object]
_CERTIFICATE = Authority("audits").certificate("score.contoso.com")
TLS = Ssl(True, "score.contoso.com", _CERTIFICATE.certificate, _CERTIFICATE.key)


def olivia(lab: Lab, op: Op[..., Any], target: str = "", *args: Any, **kwargs: Any) -> Any:
    """olivia asks, of the lab's workspace unless said otherwise."""
    return lab.ask("olivia", op, target or lab.workspace, lab.sign_in("olivia").bearer, *args, **kwargs)


def as_it_is(lab: Lab) -> None:
    """Nothing is set."""


def _somebody_else(lab: Lab) -> None:
    lab.az("login -u rita")


def _another_workspace(lab: Lab) -> None:
    put(lab, workspace_id("your-resource-group-name", "forgotten"), {})


def _second_factor(lab: Lab) -> None:
    lab.directory.mfa_required = True


def _another_guest(lab: Lab) -> None:
    hire(lab.parts, lab.parts.partner.directory, "greta")


def _person_for_the_night(lab: Lab) -> None:
    lab.hire("nightly")
    give(lab, "nightly", "Contributor", lab.workspace)


def _shared_alone(lab: Lab) -> None:
    lab.az(f"role assignment delete --assignee {CLIENT_ID} --scope {lab.subscription}")
    give(lab, CLIENT_ID, "Contributor", lab.workspace)


def _ten_years(lab: Lab) -> None:
    lab.az("ad sp create-for-rbac --name ml-auth --years 10")


def _forgotten(lab: Lab) -> None:
    lab.az("ad sp create-for-rbac --name forgotten --skip-assignment")


def _owner_above(lab: Lab) -> None:
    give(lab, "rita", "Owner", lab.resource_group)


def _wide_role(lab: Lab) -> None:
    role = {
        "Name": "Nearly everything",
        "IsCustom": True,
        "Description": "",
        "Actions": ["Microsoft.MachineLearningServices/workspaces/*"],
        "NotActions": [],
        "AssignableScopes": [lab.subscription],
    }
    define(lab, role)


def _identity_robbed(lab: Lab) -> None:
    identity = workspace(lab).identity_id
    held = olivia(lab, Authorization.assignments, lab.subscription, True)
    mine = [one for one in held if one["principalId"] == identity and "Blob" in one["roleDefinitionName"]]
    for one in mine:
        olivia(lab, Authorization.unassign, one["id"])


def _another_region(lab: Lab) -> None:
    put(lab, workspace_id("your-resource-group-name", "north"), region="northeurope")


def _service(auth: bool) -> Setting:
    def deploy(lab: Lab) -> None:
        olivia(lab, Models.register, "", "churn", b"weights")
        olivia(lab, WebServices.deploy_aci, "", "churn", "churn", auth_enabled=auth)

    return deploy


def _cluster_in(region: str) -> Setting:
    return lambda lab: put(
        lab, f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/aks", region=region
    )


def _store(kind: str, with_key: bool = True) -> Setting:
    def encrypt(lab: Lab) -> None:
        TRIALS[kind](lab, Wish(new_version(lab) if with_key else None, lab.vault))

    return encrypt


def _disabled(lab: Lab) -> None:
    _store(BLOBS)(lab)
    enable(lab, False)


def _protected(lab: Lab) -> None:
    put(lab, lab.vault, {"enableSoftDelete": True, "enablePurgeProtection": True})


def recreated(**properties: Any) -> Setting:
    """The workspace is made anew, with these properties."""

    def make(lab: Lab) -> None:
        olivia(lab, ResourceManager.delete)
        put(lab, lab.workspace, properties)

    return make


def _let_in(who: str, *secrets: str) -> Setting:
    def policy(lab: Lab) -> None:
        id = lab.people[who].object_id if who in lab.people else workspace(lab).identity_id
        olivia(lab, VaultAccess.set_policy, lab.vault, id, {"secrets": list(secrets)})

    return policy


def _forgotten_store(lab: Lab) -> None:
    _let_in("olivia", "list")(lab)
    olivia(lab, DataStores.attach, "", "forgotten", "AccountName=x;AccountKey=lab-not-a-key")


def _machine(lab: Lab) -> None:
    account = {"username": "ubuntu", "password": MACHINE_PASSWORD}
    put(lab, MACHINE, {"osProfile": {"adminUsername": "ubuntu", "adminPassword": MACHINE_PASSWORD}})
    attached = {"computeType": "VirtualMachine", "resourceId": MACHINE}
    put(lab, f"{lab.workspace}/computes/box", {**attached, "properties": {"administratorAccount": account}})


def _shared_storage(lab: Lab) -> None:
    [other] = [one for one in lab.resources if one.id == lab.other_workspace]
    recreated(storageAccount=vars(other)["depends_on"]["storage"])(lab)


def _model(lab: Lab) -> None:
    olivia(lab, Models.register, "", "nobody-knows", b"weights")


def _another_cluster(lab: Lab) -> None:
    put(lab, f"{lab.workspace}/computes/nobody-knows")


NETWORK = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/team"
SUBNET = f"{NETWORK}/subnets/default"
ENDPOINT = f"{GROUP}/providers/Microsoft.Network/privateEndpoints/ml"


def _network(lab: Lab) -> None:
    put(lab, NETWORK, {"subnets": [{"name": "default"}]})


def _endpoint_to(role: str) -> Setting:
    """A private endpoint of the workspace, or of one of the things that it depends on."""

    def link(lab: Lab) -> None:
        _network(lab)
        id = workspace(lab).depends_on.get(role, lab.workspace)
        put(
            lab,
            ENDPOINT,
            {"subnet": {"id": SUBNET}, "privateLinkServiceConnections": [{"privateLinkServiceId": id}]},
        )

    return link


def _cluster_of_nodes(inside: bool) -> Setting:
    def make(lab: Lab) -> None:
        _network(lab)
        put(lab, f"{lab.workspace}/computes/gpu", {"subnet": {"id": SUBNET}} if inside else {})

    return make


def _closed(role: str, property_: str) -> Setting:
    """A firewall that lets in one subnet."""

    def close(lab: Lab) -> None:
        _network(lab)
        id = workspace(lab).depends_on[role]
        put(lab, id, {property_: {"defaultAction": "Deny", "virtualNetworkRules": [{"id": SUBNET}]}})

    return close


def _enterprise(setting: Setting) -> Setting:
    def upgraded(lab: Lab) -> None:
        olivia(lab, Editions.upgrade)
        setting(lab)

    return upgraded


def _private_cluster(private: bool) -> Setting:
    def make(lab: Lab) -> None:
        _network(lab)
        properties = {
            "agentPoolProfiles": [{"vnetSubnetID": SUBNET}],
            "apiServerAccessProfile": {"enablePrivateCluster": private},
        }
        put(lab, f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/aks", properties)

    return make


def _service_behind(ssl: Ssl | None) -> Setting:
    def deploy(lab: Lab) -> None:
        olivia(lab, Models.register, "", "churn", b"weights")
        olivia(lab, WebServices.deploy_aci, "", "churn", "churn", auth_enabled=True, ssl=ssl)

    return deploy


def _tried(lab: Lab) -> None:
    lab.attempt("rita", ResourceManager.delete, lab.workspace, lab.sign_in("rita").bearer)


def _failing(lab: Lab) -> None:
    def script(run: Any) -> None:
        raise ValueError("no data")

    olivia(lab, Runs.submit, "", "churn", lab.cluster, script)
    lab.work()


def _shared_insights(lab: Lab) -> None:
    [other] = [one for one in lab.resources if one.id == lab.other_workspace]
    recreated(applicationInsights=vars(other)["depends_on"]["insights"])(lab)


def _keys_fetched(lab: Lab) -> None:
    olivia(lab, ResourceManager.post, lab.storage, "listKeys")


def _in_the_vault(setting: Setting) -> Setting:
    """olivia sees the keys of the vault, and this is so besides."""

    def made(lab: Lab) -> None:
        new_version(lab)
        setting(lab)

    return made


# By the audit's id: what is right, and what is wrong.
SCENES: dict[str, tuple[Setting, Setting]] = {
    "start-account": (as_it_is, _somebody_else),
    "start-workspaces": (as_it_is, _another_workspace),
    "auth-factor": (_second_factor, as_it_is),
    "auth-guests": (as_it_is, _another_guest),
    "auth-kinds": (as_it_is, _person_for_the_night),
    "sp-holdings": (_shared_alone, as_it_is),
    "sp-secrets-end": (as_it_is, _ten_years),
    "sp-leftovers": (as_it_is, _forgotten),
    "rbac-who": (as_it_is, _owner_above),
    "rbac-custom-roles": (as_it_is, _wide_role),
    "rbac-identity": (as_it_is, _identity_robbed),
    "rbac-support-apps": (as_it_is, _another_region),
    "svc-forms": (_service(True), _service(False)),
    "svc-forms-python": (_service(True), _service(False)),
    "svc-regions": (_cluster_in("eastus"), _cluster_in("westeurope")),
    "enc-storage": (_store(BLOBS), as_it_is),
    "enc-key-versions": (_store(BLOBS), _disabled),
    "enc-vault-protection": (_protected, as_it_is),
    "enc-registry": (_store(IMAGES), as_it_is),
    "enc-history": (_store(OWN_RUN_HISTORY), as_it_is),
    "enc-clusters": (_store(CLUSTER_DATA), _store(CLUSTER_DATA, False)),
    "enc-containers": (_store(CONTAINERS), _store(CONTAINERS, False)),
    "enc-hbi": (recreated(hbiWorkspace=True), as_it_is),
    "net-networks": (_network, as_it_is),
    "net-endpoints": (_endpoint_to("workspace"), _enterprise(_endpoint_to("storage"))),
    "net-targets": (_cluster_of_nodes(True), _cluster_of_nodes(False)),
    "net-storage": (_closed("storage", "networkAcls"), as_it_is),
    "net-vault": (_closed("vault", "networkAcls"), as_it_is),
    "net-registry": (_enterprise(_closed("registry", "networkRuleSet")), as_it_is),
    "net-clusters": (_private_cluster(False), _private_cluster(True)),
    "tls-services": (_service_behind(TLS), _service_behind(None)),
    "kv-policy": (as_it_is, _let_in("rita", "get", "list")),
    "kv-writers": (as_it_is, lambda lab: give(lab, "rita", "Contributor", lab.resource_group)),
    "kv-names": (as_it_is, _forgotten_store),
    "kv-identity": (as_it_is, _let_in("the workspace", "get")),
    "kv-machines": (as_it_is, _machine),
    "mon-changes": (as_it_is, _owner_above),
    "mon-refused": (as_it_is, _tried),
    "mon-failed-runs": (as_it_is, _failing),
    "mon-insights": (as_it_is, _shared_insights),
    "data-flag": (recreated(hbiWorkspace=True), as_it_is),
    "flow-parts": (as_it_is, _shared_storage),
    "flow-targets": (as_it_is, _another_cluster),
    "flow-models": (as_it_is, _model),
    "drill-callers": (as_it_is, _owner_above),
    "drill-given": (as_it_is, _owner_above),
    "drill-policy": (as_it_is, _let_in("rita", "get")),
    "drill-keys-fetched": (as_it_is, _keys_fetched),
    "drill-holdings": (as_it_is, _owner_above),
    "drill-secrets": (as_it_is, _forgotten),
    "drill-key-state": (_in_the_vault(as_it_is), _in_the_vault(lambda lab: enable(lab, False))),
}

"""The disks of a Kubernetes cluster: under Microsoft's key, or the customer's by a disk encryption set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from labkit.azure import KeyVault, Kubernetes, Models, ResourceManager, Scoring, ScoringScript, WebServices
from labkit.core.credential import Anonymous
from labkit.core.errors import BadRequest, Conflict, Forbidden, NotFound, Refusal
from labkit.lab import Lab, start
from labkit.services.disk_encryption_set import TYPE, DiskEncryptionSet
from labkit.services.encryption import HOLD, KeyRefused
from labkit.services.key_vault import TYPE as VAULTS
from labkit.services.key_vault.errors import KeyDisabled, KeyExpired, KeyNotFound, KeyOperationForbidden
from labkit.services.kubernetes import KubernetesCluster
from tests.services.ml import CLUSTERS, GROUP, OTHER_GROUP, WEIGHTS, ask, attach, unchanged, workspace
from tests.services.own_history import owner
from tests.services.state import everything
from tests.services.stores import ENOUGH, allow, at_vault, disable, enable, new_version, put

KEY = "disk-key"
SET = f"{GROUP}/providers/{TYPE}/disks"
CLUSTER = f"{GROUP}/{CLUSTERS}/prod"
VERSIONED = {"kubernetesVersion": "1.17.0"}
BYOK = {**VERSIONED, "diskEncryptionSetID": SET}


def secret_formula(data: str) -> str:
    return "secret formula: " + data


def active(address: str, vault: str) -> dict[str, Any]:
    """The property of a set that says which key it has."""
    return {"activeKey": {"sourceVault": {"id": vault}, "keyUrl": address}}


def encryption_set(lab: Lab, vault: str = "", region: str = "eastus") -> DiskEncryptionSet:
    """A set with a new key, not let into the vault yet."""
    vault = vault or lab.vault
    put(lab, SET, active(new_version(lab, KEY, vault).key_id, vault), region)
    found = lab.resources.find(SET)
    assert isinstance(found, DiskEncryptionSet)
    return found


def let_in(lab: Lab, vault: str = "") -> None:
    allow(lab, identity(lab), *ENOUGH, vault=vault)


def identity(lab: Lab) -> str:
    """As Resource Manager shows it."""
    return str(owner(lab, ResourceManager.get, SET)["properties"]["identity"]["principalId"])


def cluster(lab: Lab) -> KubernetesCluster:
    found = lab.resources.find(CLUSTER)
    assert isinstance(found, KubernetesCluster)
    return found


def encrypted(lab: Lab) -> KubernetesCluster:
    """A cluster under the customer's key."""
    encryption_set(lab)
    let_in(lab)
    put(lab, CLUSTER, BYOK)
    return cluster(lab)


def run(lab: Lab, name: str = "svc", script: ScoringScript | None = None) -> Any:
    """The cluster is attached, and carl deploys a web service to it."""
    if "prod" not in workspace(lab).computes:
        attach(lab, "olivia", "prod", {"computeType": "AKS", "resourceId": CLUSTER})
    ask(lab, "carl", Models.register, "churn", WEIGHTS)
    return ask(lab, "carl", WebServices.deploy_aks, name, "churn", "prod", False, None, script)


def score(lab: Lab, service: Any) -> Any:
    return lab.ask("somebody", Scoring.score, service.address, Anonymous(), "[1]")


def refused(
    lab: Lab, kind: type[Refusal], id: str, properties: dict[str, Any], region: str = "eastus"
) -> Any:
    """The refusal of a PUT, of this very kind, that leaves everything as it was."""
    before = everything(lab)
    with pytest.raises(kind) as caught:
        put(lab, id, properties, region)
    assert type(caught.value) is kind
    assert everything(lab) == before
    return caught.value


class TestMicrosoftsKey:
    def test_it_is_the_default_on_both_kinds_of_disk(self, lab: Lab) -> None:
        put(lab, CLUSTER)
        service = run(lab, script=ScoringScript(secret_formula))
        key = cluster(lab).account_key
        assert (key.owner, key.wrapped.algorithm) == ("Microsoft", "A256KW")
        for disk in cluster(lab).disks():
            assert disk.medium.names()
            assert disk.medium.find(WEIGHTS) == disk.medium.find("secret formula: ") == []
        assert score(lab, service) == "secret formula: [1]"

    def test_layers_lie_on_the_os_disks_and_model_and_script_on_the_data_disks(self, lab: Lab) -> None:
        put(lab, CLUSTER)
        run(lab, script=ScoringScript(secret_formula))
        on_os, on_data = (disk.medium.names() for disk in cluster(lab).disks())
        assert on_os == [workspace(lab).own("svc:1")]
        assert on_data == [f"{lab.workspace}/svc/{part}" for part in ("model", "score.py")]

    def test_what_a_service_had_there_goes_with_it(self, lab: Lab) -> None:
        put(lab, CLUSTER)
        run(lab)
        other = run(lab, "svc2")
        ask(lab, "carl", WebServices.delete_aks, "svc")
        assert cluster(lab).data_disks.names() == [f"{lab.workspace}/svc2/model"]
        assert score(lab, other)["model"] == "churn:2"

    def test_a_cluster_that_nobody_has_said_a_version_for_has_one(self, lab: Lab) -> None:
        assert put(lab, CLUSTER)["properties"] == {"kubernetesVersion": "1.14.8"}


class TestCustomersKey:
    def test_os_and_data_disks_are_under_it(self, lab: Lab) -> None:
        encrypted(lab)
        service = run(lab, script=ScoringScript(secret_formula))
        for disk in cluster(lab).disks():
            assert disk.key is not None
            assert disk.key.owner == "customer"
            assert disk.key.wrapped.key_id.endswith(f"/keys/{KEY}")
            assert disk.medium.find(WEIGHTS) == []
        assert score(lab, service) == "secret formula: [1]"

    def test_the_identity_of_the_set_asks_the_vault(self, lab: Lab) -> None:
        encryption_set(lab)
        let_in(lab)
        lab.trace.clear()
        put(lab, CLUSTER, BYOK)
        asked = [(hop.caller, hop.operation, hop.subject) for hop in lab.trace if "key" in hop.operation]
        disks = "disks (managed identity)"
        assert asked == [("prod", "Wrap key", disks), ("prod", "Unwrap key", disks)]

    def test_it_can_be_had_at_any_time_and_what_was_there_is_still_read(self, lab: Lab) -> None:
        put(lab, CLUSTER, VERSIONED)
        service = run(lab)
        before, raw = score(lab, service), cluster(lab).data_disks.medium.raw(f"{lab.workspace}/svc/model")
        encryption_set(lab)
        let_in(lab)
        put(lab, CLUSTER, {"diskEncryptionSetID": SET})
        assert cluster(lab).account_key.owner == "customer"
        assert cluster(lab).data_disks.medium.raw(f"{lab.workspace}/svc/model") == raw
        assert score(lab, service) == before

    @pytest.mark.parametrize("version", ["1.16.4", "1.16", "1.9.11", "1.14.8"])
    def test_below_1_17_it_is_refused_with_the_reason(self, lab: Lab, version: str) -> None:
        encryption_set(lab)
        let_in(lab)
        wanted = {"kubernetesVersion": version, "diskEncryptionSetID": SET}
        refusal = refused(lab, BadRequest, CLUSTER, wanted)
        assert "from Kubernetes 1.17 on" in refusal.message
        assert refusal.presented == f"kubernetesVersion: {version}"
        put(lab, CLUSTER, {"kubernetesVersion": version})
        refused(lab, BadRequest, CLUSTER, {"diskEncryptionSetID": SET})
        put(lab, CLUSTER, BYOK)
        assert cluster(lab).account_key.owner == "customer"

    @pytest.mark.parametrize("version", ["1.17", "1.17.3", "1.18.0", "1.20"])
    def test_from_1_17_on_it_passes(self, lab: Lab, version: str) -> None:
        encryption_set(lab)
        let_in(lab)
        put(lab, CLUSTER, {"kubernetesVersion": version, "diskEncryptionSetID": SET})
        assert score(lab, run(lab))["model"] == "churn:1"

    @pytest.mark.parametrize(
        "version", ["", "1", "2.0", "1.17.0.1", "v1.17", 1.17, None, [], "1.171", "1.\n"]
    )
    def test_what_is_no_version_is_refused(self, lab: Lab, version: Any) -> None:
        refused(lab, BadRequest, CLUSTER, {"kubernetesVersion": version})

    def test_a_cluster_goes_to_no_older_version_and_keeps_the_rest(self, lab: Lab) -> None:
        put(lab, CLUSTER, VERSIONED)
        refused(lab, BadRequest, CLUSTER, {"kubernetesVersion": "1.16.4"})
        refused(lab, BadRequest, CLUSTER, {"dnsPrefix": "other"})
        put(lab, CLUSTER, {"kubernetesVersion": "1.18.0"})
        assert cluster(lab).version == "1.18.0"

    def test_without_access_to_the_vault_nothing_is_created(self, lab: Lab) -> None:
        encryption_set(lab)
        assert "disks may not" in refused(lab, KeyRefused, CLUSTER, BYOK).presented
        let_in(lab)
        put(lab, CLUSTER, BYOK)

    @pytest.mark.parametrize(
        ("change", "cause"),
        [
            (lambda lab: disable(lab, name=KEY), KeyDisabled),
            (lambda lab: at_vault(lab, KeyVault.update_key, KEY, expires=lab.clock.now), KeyExpired),
            (lambda lab: at_vault(lab, KeyVault.delete_key, KEY), KeyNotFound),
            (lambda lab: at_vault(lab, KeyVault.update_key, KEY, operations=["sign"]), KeyOperationForbidden),
        ],
        ids=["disabled", "expired", "deleted", "of another kind"],
    )
    def test_a_key_that_cannot_be_used_is_refused_and_the_vault_says_why(
        self, lab: Lab, change: Callable[[Lab], None], cause: type[Refusal]
    ) -> None:
        encryption_set(lab)
        let_in(lab)
        change(lab)
        assert type(refused(lab, KeyRefused, CLUSTER, BYOK).__cause__) is cause

    @pytest.mark.parametrize("id", ["", "disks", 5, None, CLUSTER, f"{GROUP}/providers/{TYPE}"])
    def test_what_is_no_set_is_refused(self, lab: Lab, id: Any) -> None:
        refused(lab, BadRequest, CLUSTER, {**VERSIONED, "diskEncryptionSetID": id})

    def test_one_that_is_not_there_is_not_found(self, lab: Lab) -> None:
        refused(lab, NotFound, CLUSTER, BYOK)

    def test_one_in_another_region_is_refused(self, lab: Lab) -> None:
        encryption_set(lab)
        let_in(lab)
        assert refused(lab, BadRequest, CLUSTER, BYOK, "westus2").required == "westus2"

    def test_revoked_it_stops_the_services_within_the_hour_and_brings_them_back(self, lab: Lab) -> None:
        encrypted(lab)
        service = run(lab)
        before = score(lab, service)
        disable(lab, name=KEY)
        lab.clock.advance(HOLD - 1)
        assert score(lab, service) == before
        lab.clock.advance(1)
        with pytest.raises(KeyRefused) as caught:
            score(lab, service)
        assert (caught.value.service, caught.value.status) == ("Web service", 503)
        assert isinstance(caught.value.__cause__, KeyDisabled)
        with unchanged(lab), pytest.raises(KeyRefused) as at_deploying:
            ask(lab, "carl", WebServices.deploy_aks, "svc2", "churn", "prod")
        assert (at_deploying.value.service, at_deploying.value.code) == (
            "Azure Kubernetes Service",
            "KeyVaultAccessForbidden",
        )
        enable(lab, name=KEY)
        assert score(lab, service) == before


class TestTheSet:
    def test_a_new_version_of_the_key_is_taken_when_the_set_is_told_so(self, lab: Lab) -> None:
        encrypted(lab)
        service = run(lab)
        key, first = cluster(lab).account_key, cluster(lab).account_key.wrapped.version
        second = new_version(lab, KEY)
        lab.clock.advance(HOLD)
        before = score(lab, service)
        assert key.wrapped.version == first
        raw = cluster(lab).data_disks.medium.raw(f"{lab.workspace}/svc/model")
        put(lab, SET, active(second.key_id, lab.vault))
        assert key.wrapped.version == second.version
        assert cluster(lab).data_disks.medium.raw(f"{lab.workspace}/svc/model") == raw
        disable(lab, first, KEY)
        lab.clock.advance(HOLD)
        assert score(lab, service) == before

    def test_a_key_that_the_set_cannot_use_leaves_the_disks_with_the_old_one(self, lab: Lab) -> None:
        encrypted(lab)
        service = run(lab)
        before = score(lab, service)
        second = new_version(lab, KEY)
        disable(lab, second.version, KEY)
        refused(lab, KeyRefused, SET, active(second.key_id, lab.vault))
        lab.clock.advance(HOLD)
        assert score(lab, service) == before

    def test_a_change_is_for_all_of_its_clusters_or_for_none(self, lab: Lab) -> None:
        encrypted(lab)
        other = f"{GROUP}/{CLUSTERS}/second"
        put(lab, other, BYOK)
        second = new_version(lab, KEY)
        put(lab, SET, active(second.key_id, lab.vault))
        both: list[Any] = [lab.resources.find(id) for id in (CLUSTER, other)]
        assert {one.account_key.wrapped.version for one in both} == {second.version}

    def test_one_in_use_is_not_deleted(self, lab: Lab) -> None:
        encrypted(lab)
        with unchanged(lab), pytest.raises(Conflict, match="in use"):
            owner(lab, ResourceManager.delete, SET)
        owner(lab, ResourceManager.delete, CLUSTER)
        principal = identity(lab)
        owner(lab, ResourceManager.delete, SET)
        assert lab.directory.principal(principal) is None

    @pytest.mark.parametrize("name", ["a", "a-set-with-a-name-that-is-very-long-indeed"])
    def test_the_resource_group_takes_it_along_whichever_comes_first(self, lab: Lab, name: str) -> None:
        key = new_version(lab, KEY)
        id = f"{GROUP}/providers/{TYPE}/{name}"
        shown = put(lab, id, active(key.key_id, lab.vault))
        allow(lab, shown["properties"]["identity"]["principalId"], *ENOUGH)
        put(lab, CLUSTER, {**VERSIONED, "diskEncryptionSetID": id})
        owner(lab, ResourceManager.delete, GROUP)
        assert lab.resources.get(id) is None
        assert lab.resources.get(CLUSTER) is None

    def test_a_group_of_which_something_is_used_elsewhere_stays_whole(self, lab: Lab) -> None:
        encrypted(lab)
        elsewhere = f"{OTHER_GROUP}/{CLUSTERS}/elsewhere"
        put(lab, elsewhere, BYOK)
        before = everything(lab)
        with pytest.raises(Conflict, match="in use") as caught:
            owner(lab, ResourceManager.delete, GROUP)
        assert caught.value.presented == "elsewhere"
        assert everything(lab) == before

    @pytest.mark.parametrize(
        "change",
        [
            lambda key: {},
            lambda key: {"activeKey": None},
            lambda key: {"activeKey": "key"},
            lambda key: {"activeKey": {**key, "more": 1}},
            lambda key: {"activeKey": {**key, "keyUrl": key["keyUrl"].rpartition("/")[0]}},
            lambda key: {"activeKey": {**key, "keyUrl": 5}},
            lambda key: {"activeKey": {**key, "sourceVault": {}}},
            lambda key: {"activeKey": {**key, "sourceVault": {"id": CLUSTER}}},
            lambda key: {"activeKey": {"keyUrl": key["keyUrl"]}},
        ],
    )
    def test_it_has_a_vault_and_a_key_with_its_version(
        self, lab: Lab, change: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> None:
        key = active(new_version(lab, KEY).key_id, lab.vault)["activeKey"]
        refused(lab, BadRequest, SET, change(key))

    def test_the_vault_is_in_its_region(self, lab: Lab) -> None:
        vault = f"{GROUP}/providers/{VAULTS}/far"
        put(lab, vault, region="westus2")
        key = new_version(lab, KEY, vault)
        assert "another region" in refused(lab, BadRequest, SET, active(key.key_id, vault)).message
        put(lab, SET, active(key.key_id, vault), "westus2")


class TestOnTheLabsClock:
    """The document of 9 January 2020 announces a support that begins on the 13th."""

    def test_a_lab_of_its_day_refuses_1_17_until_then(self) -> None:
        lab = start("2020-01")
        encryption_set(lab)
        let_in(lab)
        put(lab, CLUSTER, BYOK)
        where = {"computeType": "AKS", "resourceId": CLUSTER}
        for _ in range(2):
            with unchanged(lab), pytest.raises(BadRequest) as caught:
                attach(lab, "olivia", "prod", where)
            assert "does not support this version of Kubernetes yet" in caught.value.message
            assert caught.value.advice == "Azure ML supports 1.17 since 13 January 2020"
            # 9 January, 09:00, to the last second of the 12th.
            lab.clock.advance(f"{3 * 24 * 3600 + 15 * 3600 - 1}s")
            if lab.clock.now == 1578873599:
                break
        with pytest.raises(BadRequest):
            attach(lab, "olivia", "prod", where)
        lab.clock.advance("1s")
        assert score(lab, run(lab))["model"] == "churn:1"

    def test_1_16_is_supported_all_the_time_and_refused_a_customer_s_key(self) -> None:
        lab = start("2020-01")
        encryption_set(lab)
        let_in(lab)
        refused(lab, BadRequest, CLUSTER, {"kubernetesVersion": "1.16.4", "diskEncryptionSetID": SET})
        put(lab, CLUSTER, {"kubernetesVersion": "1.16.4"})
        assert score(lab, run(lab))["model"] == "churn:1"

    def test_a_cluster_that_goes_to_1_17_too_early_takes_no_deployment_until_then(self) -> None:
        lab = start("2020-01")
        put(lab, CLUSTER, {"kubernetesVersion": "1.16.4"})
        service = run(lab)
        put(lab, CLUSTER, VERSIONED)
        assert score(lab, service)["model"] == "churn:1"
        with pytest.raises(BadRequest, match="yet"):
            ask(lab, "carl", WebServices.deploy_aks, "svc2", "churn", "prod")
        lab.clock.advance("4d")
        ask(lab, "carl", WebServices.deploy_aks, "svc2", "churn", "prod")

    def test_the_first_release_is_silent_and_behaves_like_the_next(self) -> None:
        lab = start("2019-08")
        encryption_set(lab)
        let_in(lab)
        put(lab, CLUSTER, BYOK)
        with pytest.raises(BadRequest, match="yet"):
            attach(lab, "olivia", "prod", {"computeType": "AKS", "resourceId": CLUSTER})


@pytest.mark.parametrize("volume", ["x", 5, {"a": "text"}, {5: b"x"}, [("a", b"x")]])
def test_a_volume_is_bytes_by_name(lab: Lab, volume: Any) -> None:
    put(lab, CLUSTER)
    with unchanged(lab), pytest.raises(BadRequest, match="volume"):
        owner(lab, Kubernetes.deploy, CLUSTER, "name", "image:1", b"", volume)


def test_a_reader_may_not_put_a_cluster_under_a_key(lab: Lab) -> None:
    encryption_set(lab)
    put(lab, CLUSTER, VERSIONED)
    with pytest.raises(Forbidden):
        lab.ask("rita", ResourceManager.put, CLUSTER, lab.sign_in("rita").bearer, "eastus", BYOK)

"""What the documents say about the disks of compute: attempted in a lab of each release that states it.
Each test does what the ledger's `shown_by` says of its statement."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

import labkit
from labkit.azure import SCRATCH_DISKS, Anonymous, BlobStorage, ResourceManager, Scoring, Support, WebServices
from labkit.core.errors import BadRequest, Forbidden
from labkit.core.resource import Component
from labkit.course.key_scene import KEY, enable, new_version
from labkit.course.store_trials import TEXT, InUse
from labkit.lab import Lab
from labkit.services.container_instances import DiskNotEncrypted
from labkit.services.machine_learning.compute import Compute, RunContext
from labkit.services.machine_learning.disks import DiskEncryptionNotSupported
from labkit.services.machine_learning.mount import BlobClient
from labkit.services.machine_learning.nodes import IDLE
from labkit.services.machine_learning.workspace import TYPE
from labkit.stores import CLUSTER_DATA, CLUSTER_OS, COMPUTE_OS, COMPUTE_TEMPORARY, CONTAINERS
from tests.services.clusters import (
    SECRET,
    at_work,
    carry_out,
    disks,
    new_cluster,
    new_group,
    new_workspace,
    nodes,
    stage_secret,
    submit,
    temporary,
    workspace_of,
)
from tests.services.container_key import let_in
from tests.services.ml import WEIGHTS, attach
from tests.services.own_history import owner
from tests.services.stores import address, put
from tests.services.test_cluster_encryption import CLUSTER, SET, encryption_set, run, score
from tests.services.test_cluster_encryption import cluster as kubernetes
from tests.services.test_cluster_encryption import let_in as let_disks_in
from tests.services.test_high_business_impact import left
from tests.statements.at_rest import HOUR, code, in_each_release, keep, medium, plain, read, refusal, seen

SINCE = datetime(2020, 1, 13, tzinfo=UTC).timestamp()
THREE = ("cmk_vault_base_url", "cmk_key_name", "cmk_key_version")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    in_each_release(metafunc)


@pytest.fixture
def lab(release: str) -> Lab:
    return labkit.start(release)


def own(lab: Lab) -> str:
    """The cluster that every lab starts with."""
    return f"{lab.workspace}/computes/{lab.cluster}"


def nothing(run: RunContext) -> None:
    """A script that does nothing."""


# ---- Container Instances


@pytest.mark.proves("enc-aci-none")
def test_container_instances_has_no_disk_encryption_and_kubernetes_has(lab: Lab) -> None:
    with pytest.raises(DiskNotEncrypted) as caught:
        keep(lab, CONTAINERS, own=True)
    refused = caught.value
    assert refused.message == "Container Instances does not support disk encryption."
    assert "Azure Kubernetes Service" in refused.advice
    # The advice helps, from the day on which Azure ML supports it.
    lab = labkit.start(lab.release.name)
    lab.clock.advance("4d")
    store = keep(lab, CLUSTER_DATA, own=True)
    assert (seen(lab, store).owner, plain(lab, store)) == ("customer", [])


@pytest.mark.proves("enc-aci-none")
def test_without_it_it_deploys_and_the_model_lies_there_for_all_to_read(lab: Lab) -> None:
    store = keep(lab, CONTAINERS)
    assert read(store)["model"] == "rows:1"
    assert plain(lab, store) == ["model"]
    assert seen(lab, store)[1:3] == ("nobody", "not encrypted")
    before = read(store)
    medium(lab, store).overwrite("model", b"other weights")
    assert read(store) != before


def three(lab: Lab) -> dict[str, Any]:
    """The three parameters, of a key in the workspace's own vault."""
    let_in(lab)
    values = (address(lab.vault), KEY, new_version(lab).version)
    return dict(zip(THREE, values, strict=True))


@pytest.mark.proves("enc-aci-cmk")
def test_with_the_three_parameters_it_is_under_a_key_in_the_workspaces_vault(lab: Lab) -> None:
    store = keep(lab, CONTAINERS, own=True)
    assert plain(lab, store) == []
    vault = f"{address(lab.vault).removeprefix('https://')}/keys/{KEY}"
    assert seen(lab, store)[:3] == ("Customer subscription", "customer", vault)
    before = read(store)
    enable(lab, False)
    lab.clock.advance(HOUR)
    assert code(lambda: read(store)) == "503 ServiceUnavailable"
    enable(lab, True)
    assert read(store) == before


@pytest.mark.proves("enc-aci-cmk")
@pytest.mark.parametrize("missing", THREE)
def test_each_of_the_three_that_is_missing_is_said(lab: Lab, missing: str) -> None:
    keep(lab, CONTAINERS)
    given = {**three(lab), missing: None}
    token = lab.sign_in("carl").bearer

    def deploy() -> None:
        lab.ask("carl", WebServices.deploy_aci, lab.workspace, token, "another", "rows", **given)

    assert refusal(lab, deploy, BadRequest).message == f"{missing} is missing."


@pytest.mark.proves("enc-aci-cmk")
def test_in_the_release_before_the_same_deployment_is_refused() -> None:
    lab = labkit.start("2020-01")
    keep(lab, CONTAINERS)
    given, token = three(lab), lab.sign_in("carl").bearer

    def deploy() -> None:
        lab.ask("carl", WebServices.deploy_aci, lab.workspace, token, "another", "rows", **given)

    refusal(lab, deploy, DiskNotEncrypted)


@pytest.mark.proves("enc-aci-none")
def test_in_the_next_release_a_key_is_taken_and_nothing_is_plain() -> None:
    lab = labkit.start("2020-03")
    store = keep(lab, CONTAINERS)
    assert (plain(lab, store), seen(lab, store).owner) == ([], "Microsoft")
    given, token = three(lab), lab.sign_in("carl").bearer
    deployed = lab.ask("carl", WebServices.deploy_aci, lab.workspace, token, "another", "rows", **given)
    answer = lab.ask("client", Scoring.score, deployed.address, Anonymous(), "[1]")
    assert answer["model"] == "rows:1"


# ---- Kubernetes


@pytest.mark.proves("enc-aks-cmk")
@pytest.mark.parametrize("what", [CLUSTER_OS, CLUSTER_DATA])
def test_both_kinds_of_disk_can_be_under_the_customers_key(lab: Lab, what: str) -> None:
    lab.clock.advance("4d")
    store = keep(lab, what, own=True)
    assert (seen(lab, store).owner, plain(lab, store)) == ("customer", [])
    before = read(store)
    enable(lab, False)
    lab.clock.advance(HOUR)
    assert code(lambda: read(store)) == "503 ServiceUnavailable"
    enable(lab, True)
    assert read(store) == before
    other = labkit.start(lab.release.name)
    assert seen(other, keep(other, what)).owner == "Microsoft"


@pytest.mark.proves("enc-aks-cmk")
@pytest.mark.parametrize("version", ["1.14.8", "1.16", "1.16.15"])
def test_below_1_17_it_is_refused_with_the_reason(lab: Lab, version: str) -> None:
    encryption_set(lab)
    let_disks_in(lab)
    wanted = {"kubernetesVersion": version, "diskEncryptionSetID": SET}
    refused = refusal(lab, lambda: put(lab, CLUSTER, wanted), BadRequest)
    assert "from Kubernetes 1.17 on" in refused.message
    put(lab, CLUSTER, {"kubernetesVersion": version})
    put(lab, CLUSTER, {**wanted, "kubernetesVersion": "1.17.0"})
    assert kubernetes(lab).account_key.owner == "customer"


@pytest.mark.proves("enc-aks-cmk")
def test_azure_ml_supports_1_17_from_the_first_second_of_13_january_2020(lab: Lab) -> None:
    encryption_set(lab)
    let_disks_in(lab)
    put(lab, CLUSTER, {"kubernetesVersion": "1.17.0", "diskEncryptionSetID": SET})
    where = {"computeType": "AKS", "resourceId": CLUSTER}
    before = (lab.clock.now, int(SINCE) - 1) if lab.clock.now < SINCE else ()
    # The document of 9 January announces what begins four days later. That of March looks back on it.
    assert bool(before) is (lab.release.name == "2020-01")
    for moment in before:
        lab.clock.advance(moment - lab.clock.now)
        refused = refusal(lab, lambda: attach(lab, "olivia", "prod", where), BadRequest)
        assert refused.advice == "Azure ML supports 1.17 since 13 January 2020"
    if before:
        lab.clock.advance(1)
    assert score(lab, run(lab))["model"] == "churn:1"
    assert lab.media.find(WEIGHTS).rows == []


# ---- Machine Learning Compute


ASKED: dict[str, dict[str, Any]] = {
    "disk encryption": {"osDisk": {"encryptionSettings": {"enabled": True}}},
    "a set of the customer's": {"osDisk": {"managedDisk": {"diskEncryptionSet": {"id": SET}}}},
    "a key of the customer's": {"encryption": {"keySource": "Microsoft.Keyvault"}},
}


@pytest.mark.proves("enc-amlcompute-os")
def test_an_os_disk_lies_in_an_account_of_azure_mls_under_microsofts_key(lab: Lab) -> None:
    store = keep(lab, COMPUTE_OS)
    assert seen(lab, store)[:3] == ("Microsoft subscription", "Microsoft", "Microsoft's key")
    assert medium(lab, store).find(TEXT) == []
    [account] = [one for one in lab.resources if one.name == "amlnodeseastus"]
    [disk] = account.disks()  # type: ignore[attr-defined]
    assert disk.medium is medium(lab, store)
    assert account.service == "Azure Storage"
    refusal(lab, lambda: owner(lab, ResourceManager.get, account.id), Forbidden)


@pytest.mark.proves("enc-amlcompute-os")
@pytest.mark.parametrize("asked", ASKED)
def test_disk_encryption_cannot_be_had_for_it_nor_a_key_of_ones_own(lab: Lab, asked: str) -> None:
    for name in ("new", lab.cluster):

        def ask(name: str = name) -> None:
            attach(lab, "carl", name, ASKED[asked])

        refused = refusal(lab, ask, DiskEncryptionNotSupported)
        assert (refused.status, refused.code) == (400, "DiskEncryptionNotSupported")
    attach(lab, "carl", "new", {"vmSize": "STANDARD_NC6"})
    assert carry_out(lab, f"{lab.workspace}/computes/new", nothing) == ""
    assert {one.key.owner for one in disks(lab, "OS disk") if one.key} == {"Microsoft"}


@pytest.mark.proves("enc-amlcompute-ephemeral")
def test_when_no_run_waits_the_node_goes_and_its_disk_with_it(lab: Lab) -> None:
    assert (nodes(lab, own(lab)), disks(lab, "OS disk")) == ([], [])
    stage_secret(lab, own(lab))
    lab.clock.advance(IDLE - 1)
    assert len(nodes(lab, own(lab))) == len(disks(lab, "OS disk")) == 1
    lab.clock.advance(1)
    assert (nodes(lab, own(lab)), disks(lab, "OS disk")) == ([], [])
    assert lab.media.find(SECRET).rows == []
    # What comes next is another machine.
    assert left(lab, own(lab)) == []
    assert [one["nodeId"] for one in nodes(lab, own(lab))] == ["node-2"]


@pytest.mark.proves("enc-amlcompute-ephemeral")
def test_as_a_rule_while_a_run_waits_it_stays_and_so_does_one_that_is_to_be_kept(lab: Lab) -> None:
    stage_secret(lab, own(lab))
    submit(lab, own(lab), nothing)
    lab.clock.advance("1d")
    assert [one["nodeId"] for one in nodes(lab, own(lab))] == ["node-1"]
    # The first of two ends while the other waits, and that one takes its time.
    found: list[str] = []

    def at_length(run: RunContext) -> None:
        lab.clock.advance("5h")
        found.extend(one["nodeId"] for one in nodes(lab, own(lab)))

    submit(lab, own(lab), at_length)
    lab.work()
    assert found == ["node-1"]
    lab.clock.advance(IDLE)
    assert nodes(lab, own(lab)) == []
    kept = new_cluster(lab, lab.workspace, "kept", scaleSettings={"minNodeCount": 1, "maxNodeCount": 4})
    stage_secret(lab, kept)
    lab.clock.advance("30d")
    assert temporary(lab).find(SECRET) == ["patients.csv"]


# ---- the temporary disk


@pytest.mark.proves("enc-amlcompute-temp-plain")
def test_what_is_staged_on_the_temporary_disk_lies_there_in_the_clear(lab: Lab) -> None:
    store = keep(lab, COMPUTE_TEMPORARY)
    assert plain(lab, store) == ["rows.csv"]
    assert medium(lab, store).raw("rows.csv") == TEXT.encode()
    assert seen(lab, store)[1:3] == ("nobody", "not encrypted")
    # There is no way to have it otherwise.
    id = f"{new_group(lab)}/providers/{TYPE}/clinic"
    refused = refusal(lab, lambda: put(lab, id, {"hbiWorkspace": True}), BadRequest)
    assert "release" in f"{refused}"


@pytest.mark.proves("enc-amlcompute-temp-plain")
@pytest.mark.parametrize("later", ["2020-01", "2020-03"])
def test_in_the_releases_after_it_there_is_a_way(later: str) -> None:
    lab = labkit.start(later)
    store = keep(lab, COMPUTE_TEMPORARY, hbi=True)
    assert (plain(lab, store), seen(lab, store).owner) == ([], "Microsoft")


@pytest.mark.proves("enc-amlcompute-temp-hbi")
@pytest.mark.parametrize("hbi", [False, True])
def test_with_the_flag_what_is_staged_is_ciphertext_and_without_it_plain_text(lab: Lab, hbi: bool) -> None:
    store: InUse = keep(lab, COMPUTE_TEMPORARY, hbi=hbi)
    assert plain(lab, store) == ([] if hbi else ["rows.csv"])
    assert seen(lab, store).owner == ("Microsoft" if hbi else "nobody")
    # Either way a run reads what it has staged.
    found: list[bytes] = []

    def again(run: RunContext) -> None:
        run.stage("more.csv", SECRET)
        found.append(run.staged("more.csv"))

    [id] = [one.id for one in lab.resources if one.name == "gpu"]
    assert (carry_out(lab, id, again), found) == ("", [SECRET])


@pytest.mark.proves("enc-amlcompute-temp-hbi")
@pytest.mark.parametrize("asked", ASKED)
def test_it_has_the_systems_key_and_no_other(lab: Lab, asked: str) -> None:
    id = new_workspace(lab, True)
    refusal(lab, lambda: new_cluster(lab, id, **ASKED[asked]), DiskEncryptionNotSupported)
    refusal(lab, lambda: new_cluster(lab, id, temporaryDisk=ASKED[asked]), DiskEncryptionNotSupported)
    stage_secret(lab, new_cluster(lab, id))
    assert temporary(lab).find(SECRET) == []


# ---- high business impact


@pytest.mark.proves("enc-hbi-recommended")
def test_the_flag_adds_encryption_in_what_microsoft_manages_and_is_not_changed_later(lab: Lab) -> None:
    group = new_group(lab)
    clusters = {hbi: new_cluster(lab, new_workspace(lab, hbi, f"hbi-{hbi}", group)) for hbi in (True, False)}
    encrypted = {}
    for hbi, id in clusters.items():
        stage_secret(lab, id)
        [node] = nodes(lab, id)
        encrypted[hbi] = [node[disk]["encryptedBy"] for disk in ("osDisk", "temporaryDisk")]
        workspace = workspace_of(lab, id).id
        shown = owner(lab, ResourceManager.get, workspace)["properties"]
        assert shown["hbiWorkspace"] is hbi
        change = {"hbiWorkspace": not hbi}
        refusal(lab, lambda at=workspace, what=change: put(lab, at, what), BadRequest)  # type: ignore[misc]
    assert encrypted == {True: ["Microsoft", "Microsoft"], False: ["Microsoft", "nobody"]}


@pytest.mark.proves("enc-hbi-effects")
@pytest.mark.parametrize("earlier", [False, True])
def test_first_the_scratch_disk_if_there_never_was_a_cluster_or_by_a_ticket(lab: Lab, earlier: bool) -> None:
    group = new_group(lab)
    if earlier:
        before = new_cluster(lab, new_workspace(lab, False, "before", group))
        owner(lab, ResourceManager.delete, before)
    id = new_cluster(lab, new_workspace(lab, True, "clinic", group))
    stage_secret(lab, id)
    assert bool(temporary(lab).find(SECRET)) is earlier
    subscription = group.partition("/resourceGroups")[0]
    owner(lab, Support.create_ticket, subscription, SCRATCH_DISKS)
    lab.clock.advance(IDLE)
    stage_secret(lab, id)
    assert temporary(lab).find(SECRET) == []


@pytest.mark.proves("enc-hbi-effects")
@pytest.mark.parametrize("hbi", [False, True])
def test_second_it_is_cleaned_between_runs(lab: Lab, hbi: bool) -> None:
    id = at_work(lab, hbi)
    stage_secret(lab, id)
    assert left(lab, id) == ([] if hbi else ["patients.csv"])
    assert [one["nodeId"] for one in nodes(lab, id)] == ["node-1"]


@pytest.mark.proves("enc-hbi-effects")
@pytest.mark.parametrize("hbi", [False, True])
def test_third_credentials_come_to_the_cluster_by_key_vault_and_not_in_the_job(lab: Lab, hbi: bool) -> None:
    id = at_work(lab, hbi)
    run_id = submit(lab, id, lambda run: run.upload_file("outputs/m", SECRET))
    [job] = lab.waiting_jobs(id)
    assert set(job.credentials) == {"storage", "registry", "ssh"}
    in_the_job = {one.value is not None for one in job.credentials.values()}
    assert in_the_job == {not hbi}
    stolen = job.credentials["storage"].value
    if stolen is not None:
        # Whoever sees the job has the account.
        thief = BlobClient(lab.parts.door, Component("mallory"), stolen)
        thief.ask(BlobStorage.put, "azureml/stolen", SECRET)
        assert thief.ask(BlobStorage.get, "azureml/stolen") == SECRET
    lab.trace.clear()
    assert lab.work(id) == [run_id]
    at_vault = [hop for hop in lab.trace if (hop.caller, hop.service) == ("gpu", "Key Vault")]
    assert [hop.operation for hop in at_vault] == (["Get secret"] * 3 if hbi else [])
    assert [hop.outcome for hop in lab.trace if hop.operation == "Put Blob"] == ["ok"]


@pytest.mark.proves("enc-hbi-effects")
@pytest.mark.parametrize("hbi", [False, True])
def test_fourth_nobody_outside_gets_to_the_pool_except_azure_ml(lab: Lab, hbi: bool) -> None:
    id = at_work(lab, hbi)
    lab.trace.clear()
    submit(lab, id, nothing)
    [start] = [hop for hop in lab.trace if hop.operation == "Start job"]
    assert (start.caller, start.outcome) == ("clinic", "ok")
    [job] = lab.waiting_jobs(id)
    found = []
    for caller, cred in (("mallory", Anonymous()), ("olivia", lab.sign_in("olivia").bearer)):
        asked = lab.attempt(caller, Compute.start, id, cred, job)
        found.append(getattr(asked.refusal, "stage", "let in"))
    # Without the filter it depends on who somebody is, and with it on where they call from.
    assert found == (["network", "network"] if hbi else ["authentication", "let in"])

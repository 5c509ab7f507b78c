"""What the documents say about the flows of training, attempted in a lab of each release that states it. Each
test does what the ledger's `shown_by` says of its statement."""

from __future__ import annotations

import json
from typing import Any

import pytest

import labkit
from labkit.azure import (
    STORAGE,
    AutomatedML,
    BlobStorage,
    DataStores,
    FileStorage,
    ResourceManager,
    Runs,
    SharedKey,
    Snapshots,
)
from labkit.lab import Lab
from labkit.services.storage import TYPE as STORAGE_TYPE
from labkit.services.storage import connection_string
from tests.services.ml import CLUSTERS, GROUP, ask, attach, dependency, share, workspace
from tests.services.own_history import owner
from tests.services.stores import put, with_key, write
from tests.services.training import (
    FILES,
    attach_hadoop,
    attach_machine,
    below,
    carried_out,
    fileshare_name,
    history,
    only,
    order,
    snapshot,
    submit,
)
from tests.statements.at_rest import in_each_release

STEPS = ("Prepare environment", "Download code", "Set environment variables", "Run script")
MICROSOFT, CUSTOMER = "Microsoft subscription", "Customer subscription"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    in_each_release(metafunc)


@pytest.fixture
def lab(release: str) -> Lab:
    return labkit.start(release)


# ---- the code


@pytest.mark.proves("flow-snapshot")
def test_the_code_goes_from_the_client_into_blob_storage_of_the_subscription(lab: Lab) -> None:
    token = lab.sign_in("carl").bearer
    lab.trace.clear()
    lab.ask("carl", Snapshots.create, lab.workspace, token, FILES)
    crossed = [(hop.origin, hop.operation, hop.boundary) for hop in lab.trace if hop.service != "Azure AD"]
    assert crossed == [("Client", "Create snapshot", MICROSOFT), (MICROSOFT, "Put Blob", CUSTOMER)]
    assert only(lab, "Put Blob").resource == lab.storage.rpartition("/")[2]


@pytest.mark.proves("flow-snapshot")
def test_the_snapshot_of_a_past_run_is_fetched_again_and_is_the_same_byte_for_byte(lab: Lab) -> None:
    local = dict(FILES)
    made = ask(lab, "carl", Snapshots.create, local)
    run = carried_out(lab, snapshot=made.snapshot_id)
    # The local copy goes on, and so does time.
    local["train.py"] = b"def main(run):\n    pass\n"
    carried_out(lab, snapshot=ask(lab, "carl", Snapshots.create, local).snapshot_id)
    lab.clock.advance("90d")
    past = history(lab, run)
    assert past.snapshot_id == made.snapshot_id
    assert ask(lab, "rita", Snapshots.get, past.snapshot_id) == FILES


@pytest.mark.proves("flow-snapshot")
def test_what_runs_is_the_snapshot_and_not_what_the_files_have_become(lab: Lab) -> None:
    local = dict(FILES)
    made = ask(lab, "carl", Snapshots.create, local)
    run = submit(lab, snapshot=made.snapshot_id)
    local.update(dict.fromkeys(FILES, b"1 / 0"))
    lab.work()
    assert history(lab, run).metrics == [("rate", 0.25)]


# ---- the start


@pytest.mark.proves("flow-training-start")
def test_azure_ml_is_called_with_the_snapshot_id_and_makes_a_run_id_and_a_token(lab: Lab) -> None:
    made = snapshot(lab)
    # The id says which: not simply the newest.
    newest = snapshot(lab, {"train.py": b"def main(run):\n    run.log('rate', 1)\n"})
    assert newest.snapshot_id != made.snapshot_id
    lab.trace.clear()
    run = submit(lab, snapshot=made.snapshot_id)
    call = only(lab, "Submit run")
    assert (call.caller, call.service, call.parent) == ("carl", "Azure Machine Learning", 0)
    assert (run.run_id, run.snapshot_id) == ("churn_1", made.snapshot_id)
    [job] = lab.waiting_jobs()
    assert job.token.claims["sub"] == run.run_id
    assert "amr" not in job.token.claims
    lab.trace.clear()
    lab.work()
    back = {(hop.caller, hop.subject) for hop in lab.trace if hop.credential == "ML service token"}
    assert back == {(lab.cluster, "churn_1 (run)")}
    assert history(lab, run).metrics == [("rate", 0.25)]


@pytest.mark.proves("flow-training-start")
def test_a_run_id_that_is_given_is_taken_as_it_is(lab: Lab) -> None:
    run = carried_out(lab, run_id="audit-2020")
    assert (run.run_id, run.status) == ("audit-2020", "Completed")
    assert lab.trace
    assert {hop.subject for hop in lab.trace if hop.credential == "ML service token"} == {"audit-2020 (run)"}


# ---- on machines of the customer's own


@pytest.fixture(params=[attach_machine, attach_hadoop], ids=["VM", "HDInsight"])
def unmanaged(lab: Lab, request: pytest.FixtureRequest) -> str:
    attach_it: Any = request.param
    return str(attach_it(lab))


@pytest.mark.proves("flow-training-unmanaged")
def test_the_ssh_key_comes_from_the_vault_in_the_microsoft_subscription(lab: Lab, unmanaged: str) -> None:
    submit(lab, unmanaged)
    lab.trace.clear()
    lab.work(unmanaged)
    first = [hop for hop in lab.trace if hop.parent == 0][:3]
    assert [hop.operation for hop in first] == ["Get token", "Get secret", "Open SSH session"]
    vault, session = first[1:]
    assert (vault.service, vault.boundary) == ("Key Vault", MICROSOFT)
    assert vault.scope.lower() != lab.vault.lower()
    assert (session.credential, session.origin, session.boundary) == ("SSH key", MICROSOFT, CUSTOMER)


@pytest.mark.proves("flow-training-unmanaged")
@pytest.mark.parametrize("docker", [False, True])
def test_the_management_code_goes_through_its_four_steps_in_this_order(
    lab: Lab, unmanaged: str, docker: bool
) -> None:
    run = submit(lab, unmanaged, docker=docker)
    lab.trace.clear()
    lab.work(unmanaged)
    assert order(lab, *STEPS) == list(STEPS)
    assert {hop.credential for hop in lab.trace if hop.operation in STEPS} == {"SSH key"}
    assert [hop.operation for hop in below(lab, STEPS[0])] == (["Pull image"] if docker else [])
    assert [hop.operation for hop in below(lab, STEPS[1])] == ["Get snapshot"]
    after = history(lab, run)
    assert (after.status, after.metrics) == ("Completed", [("rate", 0.25)])


# ---- on Machine Learning Compute

MANAGED = (
    *("Build image", "Create File", "Start job", "Start container"),
    *("Pull image", "Get File", "Get snapshot", "Log metric", "Complete run"),
)


@pytest.mark.proves("flow-training-managed")
def test_build_then_management_code_then_the_container_with_it(lab: Lab) -> None:
    carried_out(lab)
    assert order(lab, *MANAGED) == list(MANAGED)
    assert only(lab, "Create File").resource == lab.storage.rpartition("/")[2]
    inside = [hop.operation for hop in below(lab, "Start container")]
    # Management code, which the container starts with, is what was written before.
    assert inside.index("Get File") < inside.index("Get snapshot")
    assert only(lab, "Get File").resource == only(lab, "Create File").resource


@pytest.mark.proves("flow-training-managed")
def test_it_is_reached_with_the_managed_identity_and_runs_under_microsoft_s_subscription(lab: Lab) -> None:
    carried_out(lab)
    for name in ("Start job", "Start container"):
        reached = only(lab, name)
        assert reached.subject == "ml-example (managed identity)"
        assert (reached.resource, reached.boundary) == (lab.cluster, MICROSOFT)
    assert only(lab, "Create File").boundary == only(lab, "Build image").boundary == CUSTOMER


@pytest.mark.proves("flow-training-managed")
def test_a_second_run_in_the_same_environment_builds_nothing(lab: Lab) -> None:
    first = carried_out(lab, dependencies=("numpy",))
    lab.trace.clear()
    second = carried_out(lab, snapshot=first.snapshot_id, dependencies=("numpy",))
    assert order(lab, *MANAGED) == list(MANAGED[1:])
    assert second.image == first.image
    for other in ({"dependencies": ("scipy",)}, {"dependencies": ("numpy",), "image": "debian:10"}):
        lab.trace.clear()
        third = carried_out(lab, snapshot=first.snapshot_id, **other)
        assert order(lab, *MANAGED) == list(MANAGED)
        assert third.image != first.image


@pytest.mark.proves("flow-training-managed")
def test_what_the_container_does_is_what_lies_on_the_share(lab: Lab) -> None:
    run = submit(lab)
    other = snapshot(lab, {"other.py": b"def main(run):\n    run.log('of the share', 1)\n"})
    code = {"snapshot": other.snapshot_id, "script": "other.py", "environment_variables": {}}
    with_key(lab, FileStorage.put, fileshare_name(lab, run), json.dumps(code).encode())
    lab.work()
    assert history(lab, run).metrics == [("of the share", 1.0)]


# ---- metrics


@pytest.mark.proves("flow-metrics")
@pytest.mark.parametrize("on", ["cluster", "machine", "function"])
def test_metrics_go_through_azure_ml_into_cosmos_db_while_the_script_runs(lab: Lab, on: str) -> None:
    seen: list[Any] = []

    def script(run: Any) -> None:
        run.log("rate", 0.25)
        seen.append(ask(lab, "carl", Runs.get, "churn_1").metrics)

    target = attach_machine(lab) if on == "machine" else ""
    run = carried_out(lab, target, script if on == "function" else "train.py")
    logged = only(lab, "Log metric")
    assert (logged.credential, logged.service) == ("ML service token", "Azure Machine Learning")
    kept = below(lab, "Log metric")
    assert {(hop.caller, hop.service, hop.boundary) for hop in kept} == {
        ("ml-example", "Cosmos DB", MICROSOFT)
    }
    assert run.metrics == [("rate", 0.25)]
    assert seen == ([[("rate", 0.25)]] if on == "function" else [])


@pytest.mark.proves("flow-metrics")
def test_all_that_is_logged_is_kept_in_its_order(lab: Lab) -> None:
    logged = [("loss", 0.5), ("rate", 2.0), ("loss", 0.25), ("loss", 0.25), ("rate", -1.0)]

    def script(run: Any) -> None:
        for name, value in logged:
            run.log(name, value)

    assert carried_out(lab, script=script).metrics == logged


@pytest.mark.proves("flow-metrics")
def test_a_client_asks_azure_ml_which_pulls_them_and_speaks_to_cosmos_db_never(lab: Lab) -> None:
    run = carried_out(lab)
    lab.trace.clear()
    assert history(lab, run).metrics == [("rate", 0.25)]
    asked = only(lab, "Get run")
    assert (asked.caller, asked.origin, asked.service) == ("rita", "Client", "Azure Machine Learning")
    assert [hop.operation for hop in below(lab, "Get run")] == ["Read document"]
    for _ in range(2):
        carried_out(lab, snapshot=run.snapshot_id)
    to_cosmos = [hop for hop in lab.trace if hop.service == "Cosmos DB"]
    assert len(to_cosmos) > 5
    assert {(hop.caller, hop.origin) for hop in to_cosmos} == {("ml-example", MICROSOFT)}


# ---- other compute


@pytest.mark.proves("flow-other-compute")
def test_other_compute_is_provisioned_and_attached_if_it_is_needed(lab: Lab) -> None:
    assert list(workspace(lab).computes) == [lab.cluster]
    attach_machine(lab)
    machine = f"{GROUP}/{CLUSTERS}/prod"
    put(lab, machine)
    lab.trace.clear()
    attach(lab, "carl", "prod", {"computeType": "AKS", "resourceId": machine})
    assert set(workspace(lab).computes) == {lab.cluster, "vm-target", "prod"}
    assert order(lab, "PUT", "Provision") == ["PUT", "Provision"]
    token = lab.sign_in("carl").bearer
    lab.ask("carl", ResourceManager.delete, f"{lab.workspace}/computes/prod", token)
    assert set(workspace(lab).computes) == {lab.cluster, "vm-target"}


@pytest.mark.proves("flow-other-compute")
def test_without_it_the_flow_is_whole(lab: Lab) -> None:
    assert carried_out(lab).status == "Completed"


# ---- what services generate

WHERE = "training/first.csv"
SALES = f"{GROUP}/providers/{STORAGE_TYPE}/sales"


@pytest.fixture
def intermediate(lab: Lab) -> str:
    """The blob of preprocessed data that an automated ML run has left."""
    # The training data lie elsewhere.
    put(lab, SALES)
    write(lab, WHERE, b"age,churned\n20,yes\n,no\n40,no\n", id=SALES)
    keys = owner(lab, ResourceManager.post, SALES, "listKeys")
    owner(lab, DataStores.attach, lab.workspace, "sales", connection_string("sales", keys))
    args = ("auto", lab.cluster, "sales", WHERE, "churned")
    run = ask(lab, "carl", AutomatedML.submit, *args)
    lab.work()
    [name] = ask(lab, "carl", AutomatedML.intermediate, run.run_id)
    return str(name)


def reads(lab: Lab, who: str, name: str) -> bool:
    token = lab.sign_in(who, resource=STORAGE).bearer
    return bool(lab.attempt(who, BlobStorage.get, lab.storage, token, name))


@pytest.mark.proves("data-generated")
def test_who_reads_it_is_who_may_read_the_data_store(lab: Lab, intermediate: str) -> None:
    people = ("olivia", "carl", "rita", "gita")
    assert [who for who in people if reads(lab, who, intermediate)] == []
    share(lab, lab.people["carl"].object_id, "Storage Blob Data Contributor", lab.storage)
    share(lab, lab.people["rita"].object_id, "Storage Blob Data Reader", lab.storage)
    lab.clock.advance("30m")
    assert [who for who in people if reads(lab, who, intermediate)] == ["carl", "rita"]
    # The key of the account opens it, as everything there.
    account = dependency(lab, "storage")
    request = BlobStorage.get.request(lab.storage, (intermediate,))
    for key, opened in ((account.access_keys["key1"], True), (bytes(64), False)):
        signed = SharedKey.sign(account.name, key, request, lab.clock.now)
        assert bool(lab.attempt("x", BlobStorage.get, lab.storage, signed, intermediate)) is opened


@pytest.mark.proves("data-generated")
def test_it_lies_in_the_workspace_s_data_store_encrypted(lab: Lab, intermediate: str) -> None:
    [disk] = [one for one in lab.media.disks if intermediate in one.medium.names()]
    assert disk is dependency(lab, "storage").blobs
    assert disk.key is not None
    assert lab.media.find("age,churned").rows == []
    share(lab, lab.people["carl"].object_id, "Storage Blob Data Reader", lab.storage)
    lab.clock.advance("30m")
    token = lab.sign_in("carl", resource=STORAGE).bearer
    assert b"age,churned" in lab.ask("carl", BlobStorage.get, lab.storage, token, intermediate)

"""Training on Machine Learning Compute: image, management code on the file share, container, script."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import Any

import pytest

from labkit.azure import (
    ContainerRegistry,
    DataStores,
    FileStorage,
    ResourceManager,
    Runs,
    SharedKey,
    Snapshots,
)
from labkit.core.credential import Anonymous
from labkit.core.errors import BadInput, BadRequest, Conflict, Forbidden, NotFound, Refusal
from labkit.lab import Lab
from labkit.services.machine_learning.environments import BASE_IMAGE, Environment
from labkit.services.machine_learning.high_business_impact import Passed
from labkit.services.machine_learning.node import Containers
from labkit.services.machine_learning.submission import TOKEN_LIFETIME
from labkit.services.machine_learning.workspace import Run
from tests.services.clusters import at_work, cluster, temporary
from tests.services.ml import ask, dependency, unchanged, workspace
from tests.services.training import (
    FILES,
    RATE,
    below,
    calls,
    carried_out,
    fileshare_name,
    history,
    of,
    only,
    order,
    snapshot,
    submit,
)

SKLEARN = ("scikit-learn==0.22.1",)


def builds(lab: Lab) -> int:
    return order(lab, "Build image").count("Build image")


class TestTheOrder:
    def test_before_the_container_image_and_management_code_then_the_job(self, lab: Lab) -> None:
        made = snapshot(lab)
        lab.trace.clear()
        submit(lab, snapshot=made.snapshot_id)
        asked = [
            (hop.operation, hop.resource) for hop in below(lab, "Submit run") if hop.service != "Azure AD"
        ]
        account, registry = workspace(lab).depends_on["storage"], workspace(lab).depends_on["registry"]
        cosmos = "azureml-eastus"
        assert asked[:7] == [
            ("Query documents", cosmos),
            ("List tags", registry.rpartition("/")[2]),
            ("Build image", registry.rpartition("/")[2]),
            ("Get secret", workspace(lab).depends_on["vault"].rpartition("/")[2]),
            ("Create File", account.rpartition("/")[2]),
            ("Start job", "cpu-cluster"),
            ("Upsert document", cosmos),
        ]
        assert only(lab, "Start job").subject == "ml-example (managed identity)"
        assert only(lab, "Build image").subject == "ml-example (managed identity)"
        assert only(lab, "Create File").credential == "account key"

    def test_the_container_pulls_reads_the_management_code_downloads_and_runs(self, lab: Lab) -> None:
        submit(lab)
        lab.trace.clear()
        lab.work()
        assert order(
            lab, "Start container", "Pull image", "Get File", "Get snapshot", "Log metric", "Complete run"
        ) == ["Start container", "Pull image", "Get File", "Get snapshot", "Log metric", "Complete run"]
        inside = [(hop.caller, hop.operation, hop.credential) for hop in below(lab, "Start container")]
        assert inside == [
            ("cpu-cluster", "Pull image", "registry password"),
            ("cpu-cluster", "Get File", "account key"),
            ("cpu-cluster", "Get snapshot", "ML service token"),
            ("cpu-cluster", "Log metric", "ML service token"),
        ]

    def test_azure_ml_starts_the_container_as_the_managed_identity(self, lab: Lab) -> None:
        submit(lab)
        lab.trace.clear()
        lab.work()
        start = only(lab, "Start container")
        assert (start.caller, start.origin, start.boundary) == (
            "ml-example",
            "Microsoft subscription",
            "Microsoft subscription",
        )
        assert (start.credential, start.subject) == ("bearer token", "ml-example (managed identity)")
        boundaries = {hop.operation: hop.boundary for hop in lab.trace}
        assert boundaries["Pull image"] == boundaries["Get File"] == "Customer subscription"
        assert not any("carl" in hop.subject for hop in lab.trace)


class TestTheImage:
    def test_a_second_run_with_the_same_environment_builds_none(self, lab: Lab) -> None:
        made = snapshot(lab).snapshot_id
        lab.trace.clear()
        runs = [carried_out(lab, snapshot=made, dependencies=SKLEARN) for _ in range(2)]
        assert builds(lab) == 1
        assert order(lab, "Pull image") == ["Pull image", "Pull image"]
        assert runs[0].image == runs[1].image

    @pytest.mark.parametrize(
        "other",
        [{"dependencies": ("scikit-learn==0.22.2",)}, {"dependencies": ()}, {"image": "ubuntu:18.04"}],
        ids=str,
    )
    def test_another_environment_is_another_image(self, lab: Lab, other: Any) -> None:
        made = snapshot(lab).snapshot_id
        lab.trace.clear()
        first = submit(lab, snapshot=made, dependencies=SKLEARN)
        second = submit(lab, snapshot=made, **{"dependencies": SKLEARN, **other})
        assert builds(lab) == 2
        assert first.image != second.image

    def test_in_whatever_order_the_packages_are_named_it_is_the_same(self, lab: Lab) -> None:
        made = snapshot(lab).snapshot_id
        lab.trace.clear()
        submit(lab, snapshot=made, dependencies=("a", "b"))
        submit(lab, snapshot=made, dependencies=["b", "a", "a"], image=BASE_IMAGE)
        assert builds(lab) == 1

    def test_another_workspace_builds_its_own(self, lab: Lab) -> None:
        submit(lab)
        token = lab.sign_in("carl").bearer
        id = f"{lab.other_workspace}/computes/gpu"
        lab.ask("carl", ResourceManager.put, id, token, "eastus")
        made = lab.ask("carl", Snapshots.create, lab.other_workspace, token, FILES)
        lab.trace.clear()
        args = ("churn", "gpu", "train.py")
        lab.ask("carl", Runs.submit, lab.other_workspace, token, *args, snapshot=made.snapshot_id)
        assert builds(lab) == 1

    def test_it_lies_in_the_workspace_s_registry_encrypted_and_says_what_is_in_it(self, lab: Lab) -> None:
        run = submit(lab, dependencies=SKLEARN)
        token = lab.sign_in("carl").bearer
        registry = workspace(lab).depends_on["registry"]
        image = json.loads(lab.ask("carl", ContainerRegistry.pull, registry, token, run.image))
        assert image == {"base_image": BASE_IMAGE, "dependencies": ["scikit-learn==0.22.1"]}
        assert lab.media.find("scikit-learn").rows == []

    def test_a_refused_submission_leaves_none(self, lab: Lab) -> None:
        made = snapshot(lab).snapshot_id
        account = dependency(lab, "storage")
        account.access_keys["key1"] = bytes(64)
        with unchanged(lab), pytest.raises(Refusal) as caught:
            submit(lab, snapshot=made)
        assert (caught.value.service, caught.value.code) == ("Azure Storage", "AuthenticationFailed")
        assert lab.waiting_jobs() == ()

    def test_the_registry_builds_for_those_who_may_schedule_a_build(self, lab: Lab) -> None:
        registry, name = workspace(lab).depends_on["registry"], "mine:latest"
        token = lab.sign_in("rita").bearer
        with unchanged(lab), pytest.raises(Forbidden) as caught:
            lab.ask("rita", ContainerRegistry.build, registry, token, name, b"recipe")
        assert "registries/scheduleRun/action" in caught.value.required
        token = lab.sign_in("carl").bearer
        digest = lab.ask("carl", ContainerRegistry.build, registry, token, name, b"recipe")
        assert lab.ask("carl", ContainerRegistry.pull, registry, token, name) == b"recipe"
        assert digest.startswith("sha256:")
        assert lab.ask("carl", ContainerRegistry.tags, registry, token, "mine") == ["latest"]
        assert lab.ask("carl", ContainerRegistry.tags, registry, token, "min") == []
        with pytest.raises(BadRequest):
            lab.ask("carl", ContainerRegistry.tags, registry, token, "No Name")


def key(lab: Lab) -> bytes:
    found = dependency(lab, "storage").access_keys["key1"]
    assert isinstance(found, bytes)
    return found


def at_the_share(lab: Lab, op: Any, *args: Any) -> Any:
    """Somebody who has the account's key."""
    name = lab.storage.rpartition("/")[2]
    signed = SharedKey.sign(name, key(lab), op.request(lab.storage, args), lab.clock.now)
    return lab.ask("mallory", op, lab.storage, signed, *args)


class TestTheManagementCode:
    def test_it_names_the_run_the_snapshot_the_script_and_the_variables(self, lab: Lab) -> None:
        run = submit(lab)
        found = json.loads(at_the_share(lab, FileStorage.get, fileshare_name(lab, run)))
        assert found == {
            "run_id": run.run_id,
            "snapshot": run.snapshot_id,
            "script": "train.py",
            "environment_variables": RATE,
        }

    def test_it_lies_there_encrypted_and_nobody_s_token_reads_it(self, lab: Lab) -> None:
        run = submit(lab)
        name = fileshare_name(lab, run)
        [disk] = [one for one in lab.media.disks if name in one.medium.names()]
        assert (disk.medium.name.endswith(", files"), disk.medium.find("train.py")) == (True, [])
        for who in ("olivia", "carl", "rita"):
            token = lab.sign_in(who, resource="https://storage.azure.com/").bearer
            with pytest.raises(Refusal) as caught:
                lab.ask(who, FileStorage.get, lab.storage, token, name)
            assert caught.value.stage == "authentication"

    def test_the_container_does_what_lies_there_whoever_wrote_it(self, lab: Lab) -> None:
        run = submit(lab)
        other = snapshot(lab, {"evil.py": b"def main(run):\n    run.log('stolen', 1)\n"})
        code = {"snapshot": other.snapshot_id, "script": "evil.py", "environment_variables": {}}
        at_the_share(lab, FileStorage.put, fileshare_name(lab, run), json.dumps(code).encode())
        lab.work()
        after = history(lab, run)
        assert (after.status, after.metrics) == ("Completed", [("stolen", 1.0)])
        # The history still says what was submitted.
        assert after.snapshot_id == run.snapshot_id

    @pytest.mark.parametrize(
        "code",
        [
            *(b"", b"\xff\xfe", b"nonsense", b"null", b"[]", b'"text"', b"5", b"{}", b"[" * 100_000),
            b'{"snapshot": 5, "script": "train.py", "environment_variables": {}}',
            b'{"snapshot": "x", "script": ["train.py"], "environment_variables": {}}',
            b'{"snapshot": "x", "script": "train.py", "environment_variables": {"A": 5}}',
            b'{"snapshot": "x", "script": "train.py", "environment_variables": null}',
        ],
        ids=lambda code: code[:12],
    )
    def test_what_is_no_management_code_is_the_run_s_error(self, lab: Lab, code: bytes) -> None:
        run = submit(lab)
        at_the_share(lab, FileStorage.put, fileshare_name(lab, run), code)
        assert lab.work() == [run.run_id]
        after = history(lab, run)
        assert after.status == "Failed"
        assert after.error == "409 Conflict: What lies on the file share is no management code."

    def test_without_it_the_run_fails(self, lab: Lab) -> None:
        run = submit(lab)
        at_the_share(lab, FileStorage.delete, fileshare_name(lab, run))
        lab.work()
        assert "404 ResourceNotFound" in history(lab, run).error


class TestTheRun:
    def test_it_runs_the_snapshot_s_code_and_keeps_what_was_submitted(self, lab: Lab) -> None:
        made = snapshot(lab)
        run = carried_out(lab, snapshot=made.snapshot_id, data_stores=["workspaceblobstore"])
        assert (run.status, run.error, run.metrics) == ("Completed", "", [("rate", 0.25)])
        assert (run.snapshot_id, run.script) == (made.snapshot_id, "train.py")
        assert (run.environment_variables, run.data_stores) == (RATE, ["workspaceblobstore"])

    def test_what_it_stages_lies_on_the_node_and_what_it_uploads_in_blob_storage(self, lab: Lab) -> None:
        code = b"def main(run):\n    run.stage('a', b'1')\n    run.upload_file('out.txt', run.staged('a'))\n"
        assert of(code, lab).error == ""
        assert temporary(lab).names() == ["a"]
        assert any(
            name.endswith("dcid.churn_1/out.txt") for one in lab.media.disks for name in one.medium.names()
        )

    def test_in_a_workspace_of_high_business_impact_the_node_fetches_its_credentials(self, lab: Lab) -> None:
        id = at_work(lab)
        home, owner = cluster(lab, id).workspace_id, lab.sign_in("olivia").bearer
        made = lab.ask("olivia", Snapshots.create, home, owner, FILES)
        args = ("churn", "gpu", "train.py")
        more: dict[str, Any] = {"snapshot": made.snapshot_id, "environment_variables": RATE}
        run = lab.ask("olivia", Runs.submit, home, owner, *args, **more)
        [job] = lab.waiting_jobs(id)
        assert all(one.value is None for one in job.credentials.values())
        lab.trace.clear()
        lab.work(id)
        after = lab.ask("olivia", Runs.get, home, owner, run.run_id)
        assert (after.status, after.metrics) == ("Completed", [("rate", 0.25)])
        fetched = [hop for hop in below(lab, "Start container") if hop.operation == "Get secret"]
        assert [hop.caller for hop in fetched] == ["gpu"] * 3

    def test_a_token_that_has_expired_fetches_no_code(self, lab: Lab) -> None:
        run = submit(lab)
        lab.clock.advance(TOKEN_LIFETIME)
        lab.trace.clear()
        assert lab.work() == []
        assert only(lab, "Get snapshot").outcome == "401 ExpiredAuthenticationToken"
        assert history(lab, run).status == "Queued"

    def test_an_interrupted_one_waits_again_and_its_metrics_are_not_counted_twice(self, lab: Lab) -> None:
        code = b"def main(run):\n    run.log('loss', 1)\n    raise KeyboardInterrupt\n"
        run = submit(lab, snapshot=snapshot(lab, {"train.py": code}).snapshot_id)
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                lab.work()
            assert [job.run_id for job in lab.waiting_jobs()] == [run.run_id]
        assert history(lab, run).metrics == []

    def test_a_failed_one_keeps_its_metrics_and_the_next_is_carried_out(self, lab: Lab) -> None:
        bad = snapshot(lab, {"train.py": b"def main(run):\n    run.log('loss', 1)\n    1 / 0\n"}).snapshot_id
        first, second = submit(lab, snapshot=bad), submit(lab)
        assert lab.work() == [first.run_id, second.run_id]
        failed = history(lab, first)
        assert (failed.status, failed.metrics) == ("Failed", [("loss", 1.0)])
        assert failed.error == "ZeroDivisionError('division by zero'), train.py, line 3"
        assert history(lab, second).status == "Completed"

    def test_functions_and_snapshots_share_a_cluster_in_order(self, lab: Lab) -> None:
        runs = [submit(lab, script=lambda run: None), submit(lab), submit(lab, script=lambda run: None)]
        assert lab.work() == [one.run_id for one in runs]
        assert {history(lab, one).status for one in runs} == {"Completed"}


class TestAfterTheRun:
    """What a script has kept of its run is of no use any more."""

    @pytest.mark.parametrize("of_a_snapshot", [True, False], ids=["snapshot", "function"])
    def test_it_reaches_nothing(self, lab: Lab, of_a_snapshot: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        kept: list[Any] = []

        def main(run: Any) -> None:
            run.stage("a", b"1")
            kept.extend((run, run.as_mount("workspaceblobstore")))
            assert kept[1].names()

        if of_a_snapshot:
            monkeypatch.setattr("labkit.keeper", main, raising=False)
            assert of(b"import labkit\ndef main(run):\n    labkit.keeper(run)\n", lab).error == ""
        else:
            snapshot(lab)
            assert carried_out(lab, script=main).error == ""
        run, mount = kept
        lab.trace.clear()
        uses: list[Any] = [
            *(
                lambda: run.log("loss", 1),
                lambda: run.secret("x"),
                lambda: run.data_store("workspaceblobstore"),
            ),
            *(lambda: run.as_mount("workspaceblobstore"), lambda: run.upload_file("a", b"1"), mount.names),
            *(
                lambda: run.stage("b", b"2"),
                lambda: run.staged("a"),
                run.list_staged,
                lambda: mount.read("a"),
            ),
        ]
        for use in uses:
            with unchanged(lab), pytest.raises(BadInput, match="The run has ended"):
                use()
        assert len(lab.trace) == 0

    def test_one_run_s_end_is_not_the_next_one_s(self, lab: Lab) -> None:
        runs = [submit(lab, script=lambda run: run.log("loss", 1)) for _ in range(2)]
        lab.work()
        assert [history(lab, one).metrics for one in runs] == [[("loss", 1.0)]] * 2


class TestAFunction:
    def test_its_hops_are_what_they_were(self, lab: Lab) -> None:
        lab.trace.clear()
        submit(lab, script=lambda run: run.log("loss", 1))
        assert [hop.operation for hop in below(lab, "Submit run")][:4] == [
            *("Query documents", "Get token", "Start job", "Upsert document"),
        ]
        lab.trace.clear()
        lab.work()
        assert [hop.operation for hop in lab.trace if hop.parent == 0] == ["Log metric", "Complete run"]

    def test_it_has_environment_variables_and_a_run_id_too(self, lab: Lab) -> None:
        seen: dict[str, str] = {}
        run = carried_out(
            lab,
            script=lambda run: seen.update(run.environment),
            run_id="mine-1",
            environment_variables=RATE,
        )
        assert run.run_id == "mine-1"
        assert seen == {**RATE, "AZUREML_RUN_ID": "mine-1", "AZUREML_ARM_WORKSPACE_NAME": "ml-example"}

    def test_no_run_says_that_it_is_another_one(self, lab: Lab) -> None:
        given, seen = {"AZUREML_RUN_ID": "other", "AZUREML_ARM_WORKSPACE_NAME": "other"}, [""]
        script = lambda run: seen.extend(run.environment.values())  # noqa: E731
        carried_out(lab, script=script, run_id="mine", environment_variables=given)
        assert seen == ["", "mine", "ml-example"]

    def test_nothing_of_a_run_s_environment_reaches_the_kernel(self, lab: Lab) -> None:
        before = dict(os.environ)
        carried_out(lab)
        assert dict(os.environ) == before


class TestRunIds:
    @pytest.mark.parametrize("id", ["a", "A-1_b", "0", "x" * 256])
    def test_one_may_be_given(self, lab: Lab, id: str) -> None:
        assert carried_out(lab, run_id=id).run_id == id

    @pytest.mark.parametrize("id", [" ", "-a", "_a", "a b", "a/b", "a.b", "a\n", "ä", "x" * 257, None, 5])
    def test_another_is_refused(self, lab: Lab, id: Any) -> None:
        made = snapshot(lab).snapshot_id
        with unchanged(lab), pytest.raises(BadRequest):
            submit(lab, snapshot=made, run_id=id)

    def test_that_of_another_run_is_taken(self, lab: Lab) -> None:
        first = carried_out(lab, run_id="mine")
        with unchanged(lab), pytest.raises(Conflict):
            submit(lab, snapshot=first.snapshot_id, run_id="mine")

    def test_one_that_azure_ml_makes_is_never_one_that_was_given(self, lab: Lab) -> None:
        given = submit(lab, run_id="churn_2")
        made = [submit(lab, snapshot=given.snapshot_id).run_id for _ in range(3)]
        assert len({given.run_id, *made}) == 4


class TestBadInput:
    @pytest.mark.parametrize(
        "more",
        [
            *({"environment_variables": []}, {"environment_variables": {"a b": "x"}}),
            *({"environment_variables": {"A": 5}}, {"environment_variables": {5: "x"}}),
            *({"environment_variables": {"A": "x\0"}}, {"environment_variables": {"": "x"}}),
            *({"environment_variables": "RATE"}, {"environment_variables": {"A=B": "x"}}),
            *({"environment_variables": {"A\n": "x"}}, {"environment_variables": {"\u00c4": "x"}}),
            *({"dependencies": "numpy"}, {"dependencies": [5]}, {"dependencies": ["numpy; rm"]}),
            *({"dependencies": None}, {"image": "Not An Image"}, {"image": 5}, {"docker": 1}),
            *({"data_stores": "workspaceblobstore"}, {"data_stores": [5]}, {"snapshot": 5}),
        ],
        ids=str,
    )
    def test_it_is_refused_and_changes_nothing(self, lab: Lab, more: Any) -> None:
        made = snapshot(lab).snapshot_id
        with unchanged(lab), pytest.raises(BadRequest):
            submit(lab, **{"snapshot": made, **more})

    def test_a_value_that_may_be_a_secret_is_not_shown(self, lab: Lab) -> None:
        with pytest.raises(BadRequest) as caught:
            submit(lab, environment_variables={"KEY": "hunter2\0"})
        assert "hunter2" not in str(caught.value)

    @pytest.mark.parametrize("script", ["other.py", "lib.py", "lib/none.py"])
    def test_a_file_that_is_not_in_the_snapshot_is_not_found(self, lab: Lab, script: str) -> None:
        made = snapshot(lab).snapshot_id
        with unchanged(lab), pytest.raises(NotFound):
            submit(lab, script=script, snapshot=made)

    @pytest.mark.parametrize("script", [print, "data/first.bin", "", None, 5])
    def test_what_is_no_python_file_of_it_is_a_bad_request(self, lab: Lab, script: Any) -> None:
        made = snapshot(lab).snapshot_id
        with unchanged(lab), pytest.raises(BadRequest):
            ask_submit(lab, script, snapshot=made)

    def test_a_name_without_a_snapshot_is_a_bad_request(self, lab: Lab) -> None:
        with unchanged(lab), pytest.raises(BadRequest):
            ask_submit(lab, "train.py")

    def test_an_environment_without_a_snapshot_is_a_bad_request(self, lab: Lab) -> None:
        for more in ({"dependencies": SKLEARN}, {"image": "ubuntu"}, {"docker": True}):
            with unchanged(lab), pytest.raises(BadRequest):
                ask_submit(lab, print, **more)

    def test_an_unknown_snapshot_and_an_unknown_data_store_are_not_found(self, lab: Lab) -> None:
        made = snapshot(lab).snapshot_id
        for more in ({"snapshot": "none"}, {"snapshot": made, "data_stores": ["none"]}):
            with unchanged(lab), pytest.raises(NotFound):
                submit(lab, **more)

    def test_nobody_else_starts_a_container(self, lab: Lab) -> None:
        submit(lab)
        [job] = lab.waiting_jobs()
        target = f"{lab.workspace}/computes/cpu-cluster"
        for cred in (Anonymous(), lab.sign_in("rita").bearer):
            with pytest.raises(Refusal):
                lab.ask("somebody", Containers.start, target, cred, job)

    @pytest.mark.parametrize(
        "forged",
        [
            {"target": "/subscriptions/x"},
            {"target": ""},
            {"management": "azureml-filestore/elsewhere/azureml-setup/churn_1/management.json"},
            {"run_id": "churn_2"},
            *({"run_id": 5}, {"run_id": {}}, {"snapshot": 5}, {"token": "text"}, {"variables": {"A": 5}}),
            *({"environment": Environment(5)}, {"environment": Environment(("a b",))}),  # type: ignore[arg-type]
            {"environment": Environment(base_image=5)},  # type: ignore[arg-type]
            {"credentials": {"storage": Passed("x", "text")}},  # type: ignore[arg-type]
            {"credentials": {"storage": Passed(5, None)}},  # type: ignore[arg-type]
        ],
        ids=str,
    )
    def test_a_job_that_somebody_has_changed_starts_none(self, lab: Lab, forged: Any) -> None:
        """Neither with another run's management code, whose environment variables are somebody's, nor on
        another workspace's cluster."""
        submit(lab)
        [job] = lab.waiting_jobs()
        token, target = lab.sign_in("carl").bearer, f"{lab.workspace}/computes/cpu-cluster"
        with unchanged(lab), pytest.raises(BadRequest):
            lab.ask("carl", Containers.start, target, token, replace(job, **forged))

    @pytest.mark.parametrize("missing", ["registry", "storage"])
    def test_a_job_without_a_credential_of_the_node_s_fails_before_its_script(
        self, lab: Lab, missing: str
    ) -> None:
        submit(lab)
        [job] = lab.waiting_jobs()
        token, target = lab.sign_in("carl").bearer, f"{lab.workspace}/computes/cpu-cluster"
        given = {what: one for what, one in job.credentials.items() if what != missing}
        lab.trace.clear()
        with pytest.raises(BadRequest, match="does not bring"):
            lab.ask("carl", Containers.start, target, token, replace(job, credentials=given))
        assert order(lab, "Pull image", "Get File", "Log metric") == []

    @pytest.mark.parametrize("length", [240, 241])
    def test_an_experiment_s_name_leaves_room_for_the_number_of_a_run(self, lab: Lab, length: int) -> None:
        def run() -> Run:
            return ask(lab, "carl", Runs.submit, "x" * length, lab.cluster, print)  # type: ignore[no-any-return]

        if length == 240:
            assert len(run().run_id) == 242
        else:
            with unchanged(lab), pytest.raises(BadRequest) as caught:
                run()
            assert "at most 240" in caught.value.required

    @pytest.mark.parametrize("job", [None, 5, {}, "function"])
    def test_what_is_no_job_with_management_code_starts_none(self, lab: Lab, job: Any) -> None:
        if job == "function":
            submit(lab, script=lambda run: None)
            [job] = lab.waiting_jobs()
        token, target = lab.sign_in("carl").bearer, f"{lab.workspace}/computes/cpu-cluster"
        with pytest.raises(BadRequest):
            lab.ask("carl", Containers.start, target, token, job)


def ask_submit(lab: Lab, script: Any, **more: Any) -> Any:
    token = lab.sign_in("carl").bearer
    return lab.ask("carl", Runs.submit, lab.workspace, token, "churn", lab.cluster, script, **more)


class TestMetrics:
    def test_no_client_s_call_reaches_cosmos_db_and_azure_ml_s_do(self, lab: Lab) -> None:
        run = carried_out(lab)
        ask(lab, "rita", Runs.get, run.run_id)
        asked = {(hop.caller, hop.origin) for hop in lab.trace if hop.service == "Cosmos DB"}
        assert asked == {("ml-example", "Microsoft subscription")}
        assert all(hop.parent for hop in lab.trace if hop.service == "Cosmos DB")
        assert ("cpu-cluster", "Log metric", "ml-example") in calls(lab)

    def test_a_key_that_a_run_asked_for_is_azure_ml_s_to_give(self, lab: Lab) -> None:
        code = b"def main(run):\n    run.data_store('workspaceblobstore')\n"
        assert of(code, lab).error == ""
        assert only(lab, "Get data store credential").caller == "cpu-cluster"
        assert ask(lab, "carl", DataStores.list_stores) == ["workspaceblobstore"]

"""Training on machines that were attached: Azure ML signs in over SSH and goes through its steps."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from labkit.authenticators.run_token import RunToken
from labkit.authenticators.ssh import SshPassword, public_line
from labkit.azure import ResourceManager, Runs, SshKey
from labkit.core.errors import BadInput, BadRequest, Conflict, Refusal, Unauthenticated
from labkit.lab import Lab
from labkit.services.key_vault import Vault
from labkit.services.machine_learning.compute import Compute
from labkit.services.machine_learning.nodes import in_place
from labkit.services.machine_learning.submission import TOKEN_LIFETIME
from labkit.services.machine_learning.unmanaged import ManagementCode
from labkit.services.virtual_machine import HDInsightCluster, RunFolder, VirtualMachine, VirtualMachines
from tests.services.ml import (
    MACHINE,
    MACHINE_PASSWORD,
    OTHER_GROUP,
    attach,
    machine_account,
    make_machine,
    secret,
    unchanged,
    workspace,
)
from tests.services.stores import put
from tests.services.training import (
    FILES,
    HADOOP,
    HADOOP_PASSWORD,
    RATE,
    TARGET,
    attach_hadoop,
    attach_machine,
    below,
    carried_out,
    history,
    of,
    only,
    order,
    snapshot,
    submit,
)

STEPS = ("Prepare environment", "Download code", "Set environment variables", "Run script")


@pytest.fixture
def target(lab: Lab) -> str:
    return attach_machine(lab)


def machine(lab: Lab, id: str = MACHINE) -> VirtualMachine:
    found = lab.resources.find(id)
    assert isinstance(found, VirtualMachine)
    return found


def folder_of(lab: Lab, run_id: str) -> RunFolder:
    return machine(lab).folders[workspace(lab).own(run_id)]


def own_key(lab: Lab) -> SshKey:
    """Azure ML's own key, as it lies in the vault of the Microsoft subscription."""
    [vault] = [one for one in lab.resources if isinstance(one, Vault) and one.name.startswith("ssh-")]
    return SshKey("ann", secret(vault, workspace(lab).own(TARGET)))


class TestTheOrder:
    def test_key_from_microsoft_s_vault_session_and_the_four_steps(self, lab: Lab, target: str) -> None:
        run = submit(lab, target)
        lab.trace.clear()
        assert lab.work(target) == [run.run_id]
        roots = [(hop.caller, hop.operation, hop.resource) for hop in lab.trace if hop.parent == 0]
        assert roots == [
            ("ml-example", "Get token", "Azure AD, microsoft.example"),
            ("ml-example", "Get secret", "ssh-eastus"),
            ("ml-example", "Open SSH session", "box"),
            *(("ml-example", step, "box") for step in STEPS),
            ("box", "Complete run", "ml-example"),
        ]
        assert only(lab, "Get secret").boundary == "Microsoft subscription"

    def test_every_step_on_the_machine_is_asked_for_over_ssh(self, lab: Lab, target: str) -> None:
        carried_out(lab, target)
        there = [hop for hop in lab.trace if hop.resource == "box" and hop.caller == "ml-example"][1:]
        assert [hop.operation for hop in there] == ["Open SSH session", *STEPS]
        assert {(hop.credential, hop.subject, hop.boundary) for hop in there} == {
            ("SSH key", "ann@box (machine account)", "Customer subscription")
        }

    def test_the_machine_calls_back_with_the_run_s_token(self, lab: Lab, target: str) -> None:
        run = submit(lab, target)
        lab.trace.clear()
        lab.work(target)
        back = [hop for hop in lab.trace if hop.caller == "box"]
        assert [hop.operation for hop in back] == ["Get snapshot", "Log metric", "Complete run"]
        assert {(hop.credential, hop.subject) for hop in back} == {
            ("ML service token", f"{run.run_id} (run)")
        }
        assert [hop.operation for hop in below(lab, "Download code")] == ["Get snapshot"]
        assert [hop.operation for hop in below(lab, "Run script")] == ["Log metric"]

    def test_submitting_it_reaches_no_machine_and_writes_no_file(self, lab: Lab, target: str) -> None:
        made = snapshot(lab)
        lab.trace.clear()
        submit(lab, target, snapshot=made.snapshot_id)
        assert order(lab, "Create File", "Build image", "Start job", "Open SSH session") == []

    def test_a_function_has_no_code_to_download(self, lab: Lab, target: str) -> None:
        run = submit(lab, target, lambda run: run.log("loss", 1))
        lab.trace.clear()
        lab.work(target)
        assert order(lab, *STEPS) == [step for step in STEPS if step != "Download code"]
        assert history(lab, run).metrics == [("loss", 1.0)]


class TestTheRun:
    def test_it_runs_the_snapshot_s_code_with_its_variables(self, lab: Lab, target: str) -> None:
        run = carried_out(lab, target, dependencies=("numpy",))
        assert (run.status, run.error, run.metrics) == ("Completed", "", [("rate", 0.25)])
        folder = folder_of(lab, run.run_id)
        assert (folder.environment, folder.code) == ("conda: numpy", FILES)
        variables = {**RATE, "AZUREML_RUN_ID": run.run_id, "AZUREML_ARM_WORKSPACE_NAME": "ml-example"}
        assert folder.variables == variables
        assert run.image == ""

    def test_with_docker_the_image_is_built_and_the_machine_pulls_it(self, lab: Lab, target: str) -> None:
        run = carried_out(lab, target, docker=True)
        assert order(lab, "Build image", *STEPS, "Pull image") == [
            *("Build image", "Prepare environment", "Pull image", *STEPS[1:]),
        ]
        pulled = only(lab, "Pull image")
        assert (pulled.caller, pulled.credential) == ("box", "registry password")
        assert folder_of(lab, run.run_id).environment == f"docker: {run.image}"
        lab.trace.clear()
        carried_out(lab, target, snapshot=run.snapshot_id, docker=True)
        assert order(lab, "Build image", "Pull image") == ["Pull image"]

    def test_without_it_nothing_is_built_or_pulled(self, lab: Lab, target: str) -> None:
        carried_out(lab, target)
        assert order(lab, "Build image", "Pull image") == []

    def test_the_workspace_s_storage_key_is_not_sent_there(self, lab: Lab, target: str) -> None:
        submit(lab, target)
        submit(lab, target, snapshot=snapshot(lab).snapshot_id, docker=True)
        first, second = lab.waiting_jobs(target)
        assert dict(first.credentials) == {}
        assert set(second.credentials) == {"registry"}

    def test_to_upload_it_asks_azure_ml_for_what_opens_the_store(self, lab: Lab, target: str) -> None:
        code = b"def main(run):\n    run.upload_file('a', b'1')\n    run.upload_file('b', b'2')\n"
        assert of(code, lab, target).error == ""
        assert order(lab, "Get data store credential", "Put Blob")[-3:] == [
            *("Get data store credential", "Put Blob", "Put Blob"),
        ]

    def test_what_it_stages_lies_on_the_temporary_disk_in_the_clear_and_stays(
        self, lab: Lab, target: str
    ) -> None:
        assert of(b"def main(run):\n    run.stage('a', b'patient 4711')\n", lab, target).error == ""
        lab.clock.advance("30d")
        [found] = lab.media.find("patient 4711").rows
        assert found[0] == "box, temporary disk"
        again = b"def main(run):\n    assert run.staged('a') == b'patient 4711', run.list_staged()\n"
        assert of(again, lab, target).error == ""

    def test_a_script_that_raises_fails_and_keeps_its_metrics(self, lab: Lab, target: str) -> None:
        run = of(b"def main(run):\n    run.log('loss', 1)\n    raise ValueError('bad')\n", lab, target)
        assert (run.status, run.error) == ("Failed", "ValueError('bad'), train.py, line 3")
        assert run.metrics == [("loss", 1.0)]

    def test_an_interrupted_one_waits_again(self, lab: Lab, target: str) -> None:
        made = snapshot(lab, {"train.py": b"def main(run):\n    raise KeyboardInterrupt\n"})
        run = submit(lab, target, snapshot=made.snapshot_id)
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                lab.work(target)
            assert [job.run_id for job in lab.waiting_jobs(target)] == [run.run_id]

    def test_a_token_that_has_expired_fetches_no_code(self, lab: Lab, target: str) -> None:
        run = submit(lab, target)
        lab.clock.advance(TOKEN_LIFETIME)
        assert lab.work(target) == []
        assert (history(lab, run).status, folder_of(lab, run.run_id).code) == ("Queued", None)

    def test_a_refused_submission_leaves_no_job(
        self, lab: Lab, target: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> None:
            raise Conflict("The history is full.")

        made = snapshot(lab).snapshot_id
        with monkeypatch.context() as patch:
            patch.setattr("labkit.services.machine_learning.run_history.RunHistory.write", refuse)
            with unchanged(lab), pytest.raises(Conflict, match="full"):
                submit(lab, target, snapshot=made, docker=True)
        assert lab.waiting_jobs(target) == ()


class TestAMachineThatDoesNotLetItIn:
    def test_whose_owner_has_taken_the_key_out(self, lab: Lab, target: str) -> None:
        run = submit(lab, target)
        machine(lab).authorized_keys.clear()
        lab.trace.clear()
        assert lab.work(target) == [run.run_id]
        after = history(lab, run)
        assert after.status == "Failed"
        assert after.error == "255 PermissionDenied: Permission denied (publickey,password)."
        # The machine knows nothing of it: Azure ML reports it itself.
        assert only(lab, "Complete run").caller == "ml-example"
        assert order(lab, *STEPS) == []

    @pytest.mark.parametrize("how", ["deleted", "down"])
    def test_that_is_not_there(self, lab: Lab, target: str, how: str) -> None:
        run = submit(lab, target)
        if how == "deleted":
            lab.ask("carl", ResourceManager.delete, MACHINE, lab.sign_in("carl").bearer)
        else:
            lab.switchboard.down("westus2")
        assert lab.work(target) == [run.run_id]
        assert history(lab, run).status == "Failed"

    def test_a_detached_one_has_its_key_in_no_vault(self, lab: Lab, target: str) -> None:
        submit(lab, target)
        [job] = lab.waiting_jobs(target)
        lab.ask(
            "carl",
            ResourceManager.delete,
            f"{lab.workspace}/computes/{target}",
            lab.sign_in("carl").bearer,
        )
        with pytest.raises(BadInput):
            lab.work(target)
        token = RunToken(job.token.reveal())
        assert lab.ask("x", Runs.get, lab.workspace, token, job.run_id).status == "Queued"

    def test_one_that_a_firewall_hides_is_detached_all_the_same(self, lab: Lab, target: str) -> None:
        hidden = SimpleNamespace(admits=lambda _: False, required="nowhere", advice=lambda _: "")
        machine(lab).firewall = hidden
        id, token = f"{lab.workspace}/computes/{target}", lab.sign_in("carl").bearer
        lab.ask("carl", ResourceManager.delete, id, token)
        assert target not in workspace(lab).computes
        assert only(lab, "Remove SSH key").outcome == "255 ConnectionTimedOut"


class TestTheSteps:
    @pytest.fixture
    def job(self, lab: Lab, target: str) -> Any:
        submit(lab, target)
        return lab.waiting_jobs(target)[0]

    def test_only_an_ssh_key_that_the_machine_knows_asks_for_them(self, lab: Lab, job: Any) -> None:
        password = SshPassword("ann", MACHINE_PASSWORD)
        bearer = lab.sign_in("olivia").bearer
        steps: list[Any] = [ManagementCode.prepare, ManagementCode.download, ManagementCode.run]
        for op in steps:
            for cred in (password, bearer, SshKey("ann", "no key"), SshKey("bob", own_key(lab).private_key)):
                with pytest.raises(Unauthenticated):
                    lab.ask("mallory", op, MACHINE, cred, job)
        assert machine(lab).folders == {}

    def test_none_but_the_first_goes_without_the_one_before(self, lab: Lab, job: Any) -> None:
        key = own_key(lab)
        later: list[Any] = [ManagementCode.download, ManagementCode.configure, ManagementCode.run]
        for op in later:
            with pytest.raises(Conflict):
                lab.ask("ml", op, MACHINE, key, job)
        lab.ask("ml", ManagementCode.prepare, MACHINE, key, job)
        failed = lab.ask("ml", ManagementCode.run, MACHINE, key, job)
        assert failed == "The snapshot has no file 'train.py'."

    @pytest.mark.parametrize("wrong", [None, 5, "job", {}, []])
    def test_they_take_a_job(self, lab: Lab, job: Any, wrong: Any) -> None:
        for op in (ManagementCode.prepare, ManagementCode.download, ManagementCode.configure):
            with pytest.raises(BadRequest):
                lab.ask("ml", op, MACHINE, own_key(lab), wrong)

    def test_a_refused_download_changes_nothing(self, lab: Lab, job: Any) -> None:
        key = own_key(lab)
        lab.ask("ml", ManagementCode.prepare, MACHINE, key, job)
        before = dict(machine(lab).folders)
        lab.clock.advance(TOKEN_LIFETIME)
        with pytest.raises(Refusal):
            lab.ask("ml", ManagementCode.download, MACHINE, key, job)
        assert machine(lab).folders == before
        assert list(before.values()) == [RunFolder("conda: no packages")]

    def test_what_a_step_has_done_is_taken_back_with_the_call_around_it(self, lab: Lab, job: Any) -> None:
        undo: list[Any] = []
        call = in_place(machine(lab), lab.clock.now)
        call.undo = undo.append
        service = lab.parts.door.services[ManagementCode]
        states = [dict(machine(lab).folders)]
        for op in (ManagementCode.prepare, ManagementCode.configure):
            op.function(service, call, job)
            states.append(dict(machine(lab).folders))
        for step in reversed(undo):
            assert machine(lab).folders == states.pop()
            step()
        assert machine(lab).folders == states.pop() == {}

    def test_no_job_is_started_there_as_on_a_cluster(self, lab: Lab, job: Any) -> None:
        token = lab.sign_in("carl").bearer
        with pytest.raises(BadRequest, match="in this way"):
            lab.ask("carl", Compute.start, f"{lab.workspace}/computes/{TARGET}", token, job)


EVIL = f"{OTHER_GROUP}/providers/Microsoft.Compute/virtualMachines/evil"


def another_machine(lab: Lab) -> SshKey:
    """Another machine, and a key of somebody who has an account there."""
    profile = {"osProfile": {"adminUsername": "eve", "adminPassword": "apple"}}
    lab.ask("carl", ResourceManager.put, EVIL, lab.sign_in("carl").bearer, "eastus", profile)
    pair = Ed25519PrivateKey.from_private_bytes(bytes(32))
    lab.ask("eve", VirtualMachines.authorize, EVIL, SshPassword("eve", "apple"), public_line(pair))
    pem = pair.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return SshKey("eve", pem.decode())


class TestAnotherMachine:
    """Whoever may sign in to one machine has no business with what lies on another one."""

    def test_a_job_for_the_other_one_is_refused_at_every_step(self, lab: Lab, target: str) -> None:
        assert of(b"def main(run):\n    run.stage('a', b'patient 4711')\n", lab, target).error == ""
        submit(lab, target)
        [job], eve, seen = lab.waiting_jobs(target), another_machine(lab), []
        mine = replace(job, snapshot="", script=lambda run: seen.append(run.list_staged()))
        places = (job.target, lab.workspace, lab.storage, f"{lab.workspace}/computes/cpu-cluster", "x", "")
        steps: list[Any] = [ManagementCode.prepare, ManagementCode.download, ManagementCode.configure]
        for place in places:
            for op in (*steps, ManagementCode.run):
                with unchanged(lab), pytest.raises(BadRequest, match="no job for this machine"):
                    lab.ask("eve", op, EVIL, eve, replace(mine, target=place))
        assert seen == []

    def test_the_temporary_disk_goes_with_its_machine(self, lab: Lab, target: str) -> None:
        assert of(b"def main(run):\n    run.stage('a', b'patient 4711')\n", lab, target).error == ""
        carl = lab.sign_in("carl").bearer
        lab.ask("carl", ResourceManager.delete, MACHINE, carl)
        assert lab.media.find("patient 4711").rows == []
        make_machine(lab)
        lab.ask("carl", ResourceManager.delete, f"{lab.workspace}/computes/{target}", carl)
        attach(lab, "carl", target, machine_account())
        assert of(b"def main(run):\n    assert run.list_staged() == []\n", lab, target).error == ""

    def test_runs_of_one_name_in_two_workspaces_have_folders_of_their_own(
        self, lab: Lab, target: str
    ) -> None:
        first, carl = submit(lab, target), lab.sign_in("carl").bearer
        lab.work(target)
        other = f"{lab.other_workspace}/computes/{target}"
        lab.ask("carl", ResourceManager.put, other, carl, "eastus", machine_account())
        args = ("churn", target, lambda run: None)
        second = lab.ask("carl", Runs.submit, lab.other_workspace, carl, *args)
        assert lab.work(other) == [second.run_id] == [first.run_id]
        assert folder_of(lab, first.run_id).code == FILES
        assert [one.code for one in machine(lab).folders.values()] == [FILES, None]

    @pytest.mark.parametrize("password", ["text", 5, b"x"])
    def test_a_password_is_a_secret(self, lab: Lab, target: str, password: Any) -> None:
        submit(lab, target, docker=True)
        [job] = lab.waiting_jobs(target)
        with unchanged(lab), pytest.raises(BadRequest) as caught:
            lab.ask("ml", ManagementCode.prepare, MACHINE, own_key(lab), job, password)
        assert repr(password) not in str(caught.value)


class TestHDInsight:
    def test_it_runs_in_the_same_steps(self, lab: Lab) -> None:
        target = attach_hadoop(lab)
        run = submit(lab, target)
        lab.trace.clear()
        assert lab.work(target) == [run.run_id]
        assert history(lab, run).metrics == [("rate", 0.25)]
        there = [hop for hop in lab.trace if hop.resource == "spark"]
        assert [hop.operation for hop in there] == ["Open SSH session", *STEPS]
        assert {(hop.service, hop.credential, hop.boundary) for hop in there} == {
            ("HDInsight", "SSH key", "Customer subscription")
        }

    def test_its_password_is_shown_nowhere(self, lab: Lab) -> None:
        attach_hadoop(lab)
        shown = str(lab.parts.arm.documents)
        assert HADOOP_PASSWORD not in shown
        assert "sshuser" in shown
        found = lab.resources.find(HADOOP)
        assert isinstance(found, HDInsightCluster)
        assert HADOOP_PASSWORD not in repr(found)

    def test_somebody_signs_in_to_its_head_node_with_it(self, lab: Lab) -> None:
        attach_hadoop(lab)
        right, wrong = SshPassword("sshuser", HADOOP_PASSWORD), SshPassword("sshuser", "wrong")
        [line] = lab.ask("carl", VirtualMachines.list_authorized, HADOOP, right)
        assert line.endswith(" azureml")
        with pytest.raises(Unauthenticated):
            lab.ask("carl", VirtualMachines.list_authorized, HADOOP, wrong)

    @pytest.mark.parametrize(
        "profile",
        [
            *(None, 5, "x", [], {}, {"roles": None}, {"roles": 5}, {"roles": []}, {"roles": [5]}),
            {"roles": [{"name": "workernode"}]},
            {"roles": [{"name": "headnode"}]},
            {"roles": [{"name": "headnode", "osProfile": 5}]},
            {
                "roles": [
                    {"name": "headnode", "osProfile": {"linuxOperatingSystemProfile": {"username": "a"}}}
                ]
            },
        ],
        ids=str,
    )
    def test_a_profile_without_an_account_is_refused(self, lab: Lab, profile: Any) -> None:
        with unchanged(lab), pytest.raises(BadRequest):
            put(lab, HADOOP, {"computeProfile": profile})

    def test_a_virtual_machine_is_none_and_the_other_way_round(self, lab: Lab) -> None:
        make_machine(lab)
        attach_hadoop(lab)
        token = lab.sign_in("carl").bearer
        for kind, id in (("HDInsight", MACHINE), ("VirtualMachine", HADOOP)):
            given = {"computeType": kind, "resourceId": id}
            with unchanged(lab), pytest.raises(BadRequest, match="not a machine of this type"):
                lab.ask("carl", ResourceManager.put, f"{lab.workspace}/computes/x", token, "eastus", given)


def test_runs_of_other_workspaces_and_clusters_are_not_touched(lab: Lab, target: str) -> None:
    here, there = submit(lab, script=lambda run: None), submit(lab, target)
    assert lab.work(target) == [there.run_id]
    assert history(lab, here).status == "Queued"

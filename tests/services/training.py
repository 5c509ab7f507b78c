"""What the tests of training ask of a lab: code snapshots, runs of them, and the hops of both."""

from __future__ import annotations

from typing import Any

from labkit.azure import Runs, Snapshots
from labkit.core.trace import Hop
from labkit.lab import Lab
from labkit.services.machine_learning.workspace import Run, Snapshot
from tests.services.ml import GROUP, ask, attach, machine_account, make_machine
from tests.services.stores import put

TARGET = "vm-target"
HADOOP = f"{GROUP}/providers/Microsoft.HDInsight/clusters/spark"
HADOOP_PASSWORD = "elephant in the room"
FILES = {
    "train.py": b"from lib.rates import half\n\ndef main(run):\n    run.log('rate', half(run.environment))\n",
    "lib/__init__.py": b"",
    "lib/rates.py": b"def half(environment):\n    return float(environment['RATE']) / 2\n",
    "data/first.bin": bytes(range(256)),
}
RATE = {"RATE": "0.5"}


def snapshot(lab: Lab, files: dict[str, bytes] | None = None, who: str = "carl") -> Snapshot:
    """A code snapshot that somebody makes."""
    made = ask(lab, who, Snapshots.create, dict(files or FILES))
    assert isinstance(made, Snapshot)
    return made


def submit(lab: Lab, compute: str = "", script: Any = "train.py", **more: Any) -> Run:
    """Carl submits a run: of a new snapshot, unless he says which one, or of a function."""
    if type(script) is str:
        more = {"snapshot": more.get("snapshot") or snapshot(lab).snapshot_id, **more}
        more.setdefault("environment_variables", RATE)
    token = lab.sign_in("carl").bearer
    return lab.ask("carl", Runs.submit, lab.workspace, token, "churn", compute or lab.cluster, script, **more)


def history(lab: Lab, run: Run) -> Run:
    """The run as it is now."""
    found = ask(lab, "rita", Runs.get, run.run_id)
    assert isinstance(found, Run)
    return found


def carried_out(lab: Lab, compute: str = "", script: Any = "train.py", **more: Any) -> Run:
    """Submits a run and has it carried out. Returns it as it is then."""
    run = submit(lab, compute, script, **more)
    assert lab.work(compute or lab.cluster) == [run.run_id]
    return history(lab, run)


def of(source: bytes, lab: Lab, compute: str = "", **more: Any) -> Run:
    """Carries out a snapshot of one file, train.py."""
    made = snapshot(lab, {"train.py": source})
    return carried_out(lab, compute, snapshot=made.snapshot_id, **more)


def attach_machine(lab: Lab, name: str = TARGET) -> str:
    """A virtual machine that is attached as a compute target. Returns the target's name."""
    make_machine(lab)
    attach(lab, "carl", name, machine_account())
    return name


def attach_hadoop(lab: Lab, name: str = "spark-target") -> str:
    """The same with an HDInsight cluster."""
    account = {"username": "sshuser", "password": HADOOP_PASSWORD}
    role = {"name": "headnode", "osProfile": {"linuxOperatingSystemProfile": account}}
    put(lab, HADOOP, {"computeProfile": {"roles": [role]}})
    properties = {"administratorAccount": account}
    given = {"computeType": "HDInsight", "resourceId": HADOOP, "properties": properties}
    attach(lab, "carl", name, given)
    return name


def calls(lab: Lab, *operations: str) -> list[tuple[str, str, str]]:
    """Who asked what of whom, with which credential left out, of these operations or of all."""
    hops = [hop for hop in lab.trace if not operations or hop.operation in operations]
    return [(hop.caller, hop.operation, hop.resource) for hop in hops]


def only(lab: Lab, operation: str) -> Hop:
    """The one hop of an operation."""
    [found] = [hop for hop in lab.trace if hop.operation == operation]
    return found


def below(lab: Lab, operation: str) -> list[Hop]:
    """What an operation's hop caused directly."""
    return [hop for hop in lab.trace if hop.parent == only(lab, operation).number]


def order(lab: Lab, *operations: str) -> list[str]:
    """These operations, in the order in which they began."""
    return [hop.operation for hop in lab.trace if hop.operation in operations]


def fileshare_name(lab: Lab, run: Run) -> str:
    """Where the management code of a run lies on the file share."""
    [job] = [one for one in lab.waiting_jobs() if one.run_id == run.run_id]
    return job.management

"""Whichever of the calls that an operation makes fails, and however late: nothing of it stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from labkit.azure import AutomatedML, Models, ResourceManager, Runs, Snapshots, WebServices
from labkit.core.door import Door
from labkit.core.errors import Conflict
from labkit.lab import Lab
from labkit.services.machine_learning.automated_ml import PREPROCESSED
from tests.services.ml import ask, machine_account, make_machine
from tests.services.state import everything
from tests.services.training import FILES, RATE, TARGET, attach_machine, snapshot

# What is prepared, and what somebody does then: operation, target, arguments, and named ones.
What = Callable[[Lab], tuple[Any, str, tuple[Any, ...], dict[str, Any]]]


class Injected(Conflict):
    """The fault."""


class Faults:
    """Counts the calls that services make on one another, and lets one of them fail: before it is carried
    out, or after it, when only its answer is lost."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at, self.late, self.made = 0, False, 0
        plain = Door.enter

        def enter(door: Door, flow: Any, parent: int, depth: int, *args: Any) -> Any:
            mine = 0
            if depth > 1:
                self.made = mine = self.made + 1
            if mine == self.at and mine and not self.late:
                raise Injected("injected")
            answer = plain(door, flow, parent, depth, *args)
            if mine == self.at and mine:
                raise Injected("injected")
            return answer

        monkeypatch.setattr(Door, "enter", enter)


def of_a_snapshot(lab: Lab, compute: str, **more: Any) -> Any:
    made = snapshot(lab).snapshot_id
    named = {"snapshot": made, "environment_variables": RATE, **more}
    return Runs.submit, lab.workspace, ("churn", compute, "train.py"), named


def deployed(lab: Lab) -> Any:
    ask(lab, "carl", Models.register, "churn", b"weights")
    return WebServices.deploy_aci, lab.workspace, ("svc", "churn"), {}


def attached(lab: Lab) -> Any:
    make_machine(lab)
    return ResourceManager.put, f"{lab.workspace}/computes/{TARGET}", ("eastus", machine_account()), {}


def detached(lab: Lab) -> Any:
    return ResourceManager.delete, f"{lab.workspace}/computes/{attach_machine(lab)}", (), {}


CALLS: dict[str, What] = {
    "snapshot": lambda lab: (Snapshots.create, lab.workspace, (dict(FILES),), {}),
    "run": lambda lab: (Runs.submit, lab.workspace, ("churn", lab.cluster, print), {}),
    "run of a snapshot": lambda lab: of_a_snapshot(lab, lab.cluster),
    "run on a machine": lambda lab: of_a_snapshot(lab, attach_machine(lab), docker=True),
    "automated": lambda lab: (
        AutomatedML.submit,
        lab.workspace,
        ("auto", lab.cluster, "workspaceblobstore", f"a/{PREPROCESSED}", "y"),
        {},
    ),
    "attach": attached,
    "detach": detached,
    "deploy": deployed,
}


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("what", CALLS)
def test_a_call_that_fails_leaves_nothing(
    lab: Lab, what: str, late: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    op, target, args, named = CALLS[what](lab)
    token, faults, failed = lab.sign_in("carl").bearer, Faults(monkeypatch), 0
    faults.late, before, succeeded = late, everything(lab), _succeeded(lab)
    while True:
        faults.at, faults.made = faults.at + 1, 0
        try:
            lab.ask("carl", op, target, token, *args, **named)
        except Injected:
            failed += 1
            assert everything(lab) == before, faults.at
            assert _succeeded(lab) == succeeded, faults.at
        else:
            # What is collected for diagnosis is the last of all, and changes nothing for anybody.
            break
    assert failed >= 2
    assert everything(lab) != before


def _succeeded(lab: Lab) -> Any:
    """What logs say was done."""
    workspace: Any = lab.resources.find(lab.workspace)
    activities = [one for one in workspace.watched.activities if one.status == "Succeeded"]
    events = lab.parts.arm.activity_log.at(lab.subscription, lab.clock.now)
    return activities, [one for one in events if one.status == "Succeeded"]

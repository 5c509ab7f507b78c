"""The Activities of a workspace: what is in the list, and what is not known from it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import fields
from typing import Any

import pytest

from labkit.azure import Activities, Models, Runs, WebServices
from labkit.core.credential import Bearer
from labkit.core.errors import Conflict, Forbidden, Refusal
from labkit.core.operation import Call, Op, Service, operation
from labkit.lab import Lab
from labkit.services.machine_learning.watching import Activity, ActivityList
from tests.services.ml import ask

ML = "Microsoft.MachineLearningServices/workspaces"


def listed(lab: Lab, who: str = "rita") -> ActivityList:
    found: ActivityList = ask(lab, who, Activities.list)
    return found


def test_runs_registrations_and_deployments_with_their_time_and_status(lab: Lab) -> None:
    ask(lab, "carl", Models.register, "churn", b"weights")
    lab.clock.advance("10m")
    ask(lab, "carl", Runs.submit, "train", "cpu-cluster", lambda run: None)
    with pytest.raises(Refusal):
        ask(lab, "carl", Runs.submit, "train", "none", lambda run: None)
    ask(lab, "carl", WebServices.deploy_aci, "svc", "churn")
    found = [tuple(one.documented.values()) for one in listed(lab)]
    assert found == [
        ("2020-03-13 09:00:00Z", f"{ML}/models/write", "Succeeded"),
        ("2020-03-13 09:10:00Z", f"{ML}/experiments/runs/submit/action", "Succeeded"),
        ("2020-03-13 09:10:00Z", f"{ML}/experiments/runs/submit/action", "Failed"),
        ("2020-03-13 09:10:00Z", f"{ML}/services/aci/write", "Succeeded"),
    ]


def test_who_it_was_is_nowhere_in_it(lab: Lab) -> None:
    """Not in a field, not in the text, not below: had it been olivia, it would be the same list."""
    assert {one.name for one in fields(Activity)} == {"timestamp", "operation_name", "status"}
    ask(lab, "carl", Models.register, "churn", b"weights")
    by_carl = listed(lab)
    assert "carl" not in f"{by_carl!r} {by_carl.found!r}"
    ask(lab, "olivia", Models.register, "churn", b"weights")
    first, second = listed(lab)
    assert first == second


def test_what_is_done_with_a_run_and_what_is_read_is_not_listed(lab: Lab) -> None:
    ask(lab, "carl", Runs.submit, "train", "cpu-cluster", lambda run: run.log("x", 1))
    lab.work()
    ask(lab, "carl", Runs.get, "train_1")
    ask(lab, "carl", Models.list_models)
    assert len(listed(lab)) == 1
    assert len(listed(lab)) == 1


def test_who_was_turned_away_began_nothing(lab: Lab) -> None:
    with pytest.raises(Forbidden):
        ask(lab, "rita", Models.register, "churn", b"weights")
    assert listed(lab).found == ()
    with pytest.raises(Refusal):
        ask(lab, "carl", Models.register, "no name!", b"weights")
    assert [one.status for one in listed(lab)] == ["Failed"]


def test_whoever_reads_the_workspace_reads_it(lab: Lab) -> None:
    lab.hire("hana")
    with pytest.raises(Forbidden) as caught:
        listed(lab, "hana")
    assert caught.value.required == f"{ML}/read on {lab.workspace}"
    assert {len(listed(lab, who)) for who in ("rita", "carl", "olivia")} == {0}


def test_each_workspace_has_its_own_and_the_trace_may_go(lab: Lab) -> None:
    ask(lab, "carl", Models.register, "churn", b"weights")
    lab.trace.clear()
    assert len(listed(lab)) == 1
    rita = lab.sign_in("rita").bearer
    assert len(lab.ask("rita", Activities.list, lab.other_workspace, rita)) == 0
    assert listed(lab).since("1h").count("operationName").rows == [(f"{ML}/models/write", 1)]


class Halfway(Service):
    """Has something done, and fails after it."""

    name = "Halfway"

    @operation("Do and fail")
    def go(self, call: Call[Any], op: Op[..., Any], cred: Bearer, arguments: tuple[Any, ...]) -> None:
        with suppress(Refusal):
            call.ask(op, call.target.id, cred, *arguments)
        raise Conflict("Half way.")


def test_what_is_taken_back_with_the_call_around_it_was_not_done(lab: Lab) -> None:
    lab.parts.door.install(Halfway())
    ask(lab, "carl", Models.register, "churn", b"weights")
    before, token = listed(lab), lab.sign_in("carl").bearer
    for name, left in (("churn", 1), ("no name!", 2)):
        with pytest.raises(Conflict, match="Half way"):
            lab.ask("carl", Halfway.go, lab.workspace, token, Models.register, token, (name, b"weights"))
        assert len(listed(lab)) == left
    # Of two that are alike the right one is taken back, and what failed has failed all the same.
    assert listed(lab)[0] == before[0]
    assert listed(lab)[1].status == "Failed"

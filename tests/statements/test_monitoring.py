"""What the documents say about metrics, the activity log and Application Insights: attempted in a lab of each
release that states it. Each test does what the ledger's `shown_by` says of its statement."""

from __future__ import annotations

from typing import Any

import pytest

import labkit
from labkit.azure import (
    Activities,
    Anonymous,
    AppInsights,
    Authorization,
    Models,
    Monitor,
    ResourceManager,
    Runs,
    Scoring,
    ScoringScript,
    ServiceKey,
    WebServices,
)
from labkit.course.who_did_this import telling_sources
from labkit.furniture import GROUPS, SUBSCRIPTION, workspace_id
from labkit.lab import Lab
from labkit.services.activity_log import Events
from labkit.services.app_insights import ApplicationInsights
from tests.services.ml import ask, dependency, workspace
from tests.statements.at_rest import in_each_release

SEVEN = {"HTTPMethod", "UserAgent", "ComputeType", "RequestUrl", "StatusCode", "RequestId", "Duration"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    in_each_release(metafunc)


@pytest.fixture
def lab(release: str) -> Lab:
    return labkit.start(release)


def log(lab: Lab) -> Events:
    return lab.ask("olivia", Monitor.activity_log, SUBSCRIPTION, lab.sign_in("olivia").bearer)


def fails(run: Any) -> None:
    raise ValueError("diverged")


@pytest.mark.proves("mon-metrics")
def test_the_metrics_have_runs_deployments_and_registrations(lab: Lab) -> None:
    ask(lab, "carl", Models.register, "churn", b"weights")
    lab.clock.advance("1h")
    for script in (lambda run: None, fails):
        ask(lab, "carl", Runs.submit, "train", "cpu-cluster", script)
    lab.work()
    lab.clock.advance("1h")
    ask(lab, "carl", WebServices.deploy_aci, "svc", "churn")
    found = lab.ask("rita", Monitor.metrics, lab.workspace, lab.sign_in("rita").bearer, timespan="3h")
    assert found.totals["Model Register Succeeded"] == (0, 1, 0, 0)
    assert found.totals["Started Runs"] == (0, 0, 2, 0)
    assert found.totals["Completed Runs"] == found.totals["Failed Runs"] == (0, 0, 1, 0)
    assert found.totals["Model Deploy Started"] == found.totals["Model Deploy Succeeded"] == (0, 0, 0, 1)
    assert found.total("Model Deploy Failed") == found.total("Model Register Failed") == 0
    assert "<img" in found._repr_mimebundle_()["text/html"]


@pytest.mark.proves("mon-activity-log")
def test_each_write_has_one_entry_with_operation_initiator_and_time(lab: Lab) -> None:
    olivia, carl = lab.sign_in("olivia").bearer, lab.sign_in("carl").bearer
    lab.ask("carl", ResourceManager.put, f"{lab.workspace}/computes/gpu", carl, "eastus")
    lab.clock.advance("10m")
    rita = lab.people["rita"].object_id
    made = lab.ask("olivia", Authorization.assign, lab.workspace, olivia, "Owner", rita)
    lab.ask("olivia", Authorization.unassign, made["id"], olivia)
    lab.attempt("rita", ResourceManager.delete, lab.workspace, lab.sign_in("rita").bearer)
    lab.ask("rita", ResourceManager.get, lab.workspace, lab.sign_in("rita").bearer)
    lab.trace.clear()
    shown = [
        (
            one.documented["operationName"],
            one.documented["caller"],
            one.timestamp - lab.release.start,
            one.status,
        )
        for one in log(lab)
    ]
    workspaces, roles = (
        "Microsoft.MachineLearningServices/workspaces",
        "Microsoft.Authorization/roleAssignments",
    )
    assert shown == [
        (f"{workspaces}/computes/write", "carl@contoso.example", 0, "Succeeded"),
        (f"{roles}/write", "olivia@contoso.example", 600, "Succeeded"),
        (f"{roles}/delete", "olivia@contoso.example", 600, "Succeeded"),
        (f"{workspaces}/delete", "rita@contoso.example", 600, "Failed"),
    ]
    assert repr(log(lab)).splitlines()[0] == "4 events"


@pytest.mark.proves("mon-activity-log")
def test_the_writes_of_the_trace_are_the_entries_of_the_log(lab: Lab) -> None:
    """Two ways of telling the same: what reached Resource Manager and changed something."""
    olivia = lab.sign_in("olivia").bearer
    lab.trace.clear()
    lab.ask("olivia", ResourceManager.put, workspace_id(GROUPS[0], "new"), olivia, "eastus")
    lab.ask("olivia", ResourceManager.delete, workspace_id(GROUPS[0], "new"), olivia)
    writes = [
        hop.action
        for hop in lab.trace
        if hop.service == "Azure Resource Manager" and hop.action.endswith(("/write", "/delete", "/action"))
    ]
    assert sorted(writes) == sorted(one.operation_name for one in log(lab))
    assert len(writes) > 5


@pytest.mark.proves("mon-activity-gaps")
def test_a_run_and_a_registration_are_not_in_the_log_and_listed_without_an_initiator(lab: Lab) -> None:
    ask(lab, "carl", Models.register, "churn", b"weights")
    ask(lab, "carl", Runs.submit, "train", "cpu-cluster", lambda run: None)
    assert log(lab).found == ()
    listed = ask(lab, "rita", Activities.list)
    actions = [one.operation_name.partition("/workspaces/")[2] for one in listed]
    assert actions == ["models/write", "experiments/runs/submit/action"]
    kept = repr([(vars(one), one.documented) for one in listed])
    assert not [one for one in ("carl", lab.people["carl"].object_id) if one in repr(listed) + kept]
    assert "caller" not in type(listed).fields
    assert "caller" in Events.fields


@pytest.mark.proves("mon-activity-gaps")
def test_neither_the_log_nor_the_list_tells_who_it_was(release: str) -> None:
    for drill in ("model", "run"):
        assert not {"activity log", "Activities"} & {*telling_sources(drill, release)}
    assert telling_sources("compute target", release) == ("activity log",)


@pytest.mark.proves("mon-app-insights")
def test_a_success_a_refusal_and_a_failure_have_the_seven_fields(lab: Lab) -> None:
    ask(lab, "carl", Models.register, "churn", b"weights")
    script = ScoringScript(lambda raw: 1 // len(raw[2:]))
    service = ask(lab, "carl", WebServices.deploy_aci, "svc", "churn", True, None, script)
    key, _ = ask(lab, "carl", WebServices.get_aci_keys, "svc")
    good = ServiceKey(key.reveal())
    for cred, data in ((good, "[1]"), (Anonymous(), "[1]"), (good, "1 ")):
        lab.attempt("shop", Scoring.score, service.address, cred, data)
    insights = dependency(lab, "insights")
    found = lab.ask("rita", AppInsights.query, insights.id, lab.sign_in("rita").bearer)
    assert [{*one.documented} for one in found] == [SEVEN] * 3
    assert [one.documented["StatusCode"] for one in found] == ["200", "401", "502"]
    for one in found:
        assert all(one.documented.values())
        assert (one.documented["HTTPMethod"], one.documented["UserAgent"]) == ("POST", "shop")
        assert one.documented["RequestUrl"] == service.address


@pytest.mark.proves("mon-app-insights")
def test_the_component_comes_with_the_workspace_into_the_same_subscription(lab: Lab) -> None:
    new, olivia = workspace_id(GROUPS[0], "new"), lab.sign_in("olivia").bearer
    before = {one.id for one in lab.resources if isinstance(one, ApplicationInsights)}
    lab.ask("olivia", ResourceManager.put, new, olivia, "eastus")
    [made] = [one for one in lab.resources if isinstance(one, ApplicationInsights) and one.id not in before]
    assert made.id.startswith(f"{SUBSCRIPTION}/")
    assert made.boundary == "Customer subscription"
    assert getattr(lab.resources.find(new), "depends_on", {})["insights"] == made.id
    assert workspace(lab).depends_on["insights"] in before

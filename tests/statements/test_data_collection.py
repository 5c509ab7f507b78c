"""What the documents say about the data that Microsoft collects: attempted in a lab of each release that
states it. Each test does what the ledger's `shown_by` says of its statement."""

from __future__ import annotations

import json
from typing import Any

import pytest

import labkit
from labkit.azure import (
    Anonymous,
    AppInsights,
    KeyVault,
    Models,
    ResourceManager,
    Runs,
    RunSecrets,
    Scoring,
    ScoringScript,
    WebServices,
)
from labkit.course.secret_places import MICROSOFT_VAULT, WORKSPACE_VAULT, where_is
from labkit.furniture import CLUSTER, GROUPS, REGION, workspace_id
from labkit.lab import Lab
from tests.services.ml import ask, dependency
from tests.statements.at_rest import in_each_release
from tests.statements.conftest import sdk

SECRET, PROJECT, PATIENT = "hunter2-of-the-database", "merger-with-fabrikam", "patient-4711"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    in_each_release(metafunc)


@pytest.fixture
def lab(release: str) -> Lab:
    return labkit.start(release)


def submit(lab: Lab, script: Any = lambda run: None, workspace: str = "", **more: Any) -> None:
    at, token = workspace or lab.workspace, lab.sign_in("olivia").bearer
    lab.ask("olivia", Runs.submit, at, token, "night", CLUSTER, script, **more)


def hbi_workspace(lab: Lab) -> str:
    id, token = workspace_id(GROUPS[0], "ml-clinic"), lab.sign_in("olivia").bearer
    lab.ask("olivia", ResourceManager.put, id, token, REGION, {"hbiWorkspace": True})
    lab.ask("olivia", ResourceManager.put, f"{id}/computes/{CLUSTER}", token, REGION)
    return id


def stores(lab: Lab) -> list[tuple[str, str]]:
    """Where Microsoft's diagnostic stores lie, and whose key encrypts them."""
    return [(str(row[2]), str(row[3])) for row in lab.media.rows if row[1] == "Diagnostic store"]


@pytest.mark.proves("data-collected")
def test_names_and_variables_lie_at_microsoft_under_microsofts_key(lab: Lab) -> None:
    submit(lab, environment_variables={"EPOCHS": "3000"}, data_stores=["workspaceblobstore"])
    fields = {one for record in lab.diagnostics.records for one in record.values.items()}
    assert fields >= {
        ("workspace", "ml-example"),
        ("experiment", "night"),
        ("compute", CLUSTER),
        ("data store: 1", "workspaceblobstore"),
        ("environment variable: EPOCHS", "3000"),
    }
    assert stores(lab) == [("Microsoft subscription", "Microsoft")]
    [disk] = [one for one in lab.media if "diagnostics" in one.name]
    assert disk.find("night") == disk.find("3000") == []
    # Of the person who submitted it nothing is there.
    assert "olivia" not in repr(lab.diagnostics)


@pytest.mark.proves("data-env-vars")
def test_a_secret_in_a_variable_is_found_there_and_through_the_vault_it_is_not(lab: Lab) -> None:
    got: list[str] = []
    ask(lab, "carl", RunSecrets.put, "db", SECRET)
    submit(lab, lambda run: got.append(run.secret("db").reveal()))
    lab.work()
    assert got == [SECRET]
    assert lab.diagnostics.find(SECRET).rows == []
    submit(lab, environment_variables={"DB_PASSWORD": SECRET})
    assert lab.diagnostics.find(SECRET).rows == [(2, "run submitted", "environment variable: DB_PASSWORD")]
    # Encrypted all the same, as the documents say: who carries the disk away finds nothing.
    assert [row for row in lab.media.find(SECRET).rows if "diagnostics" in str(row[0])] == []


@pytest.mark.proves("data-env-vars")
def test_the_vault_keeps_it_for_those_whom_it_knows(lab: Lab) -> None:
    ask(lab, "carl", RunSecrets.put, "db", SECRET)
    submit(lab)
    assert {place for (place,) in where_is(lab, SECRET).rows} == {WORKSPACE_VAULT}
    assert MICROSOFT_VAULT != WORKSPACE_VAULT
    rita = lab.sign_in("rita", resource="https://vault.azure.net").bearer
    assert not lab.attempt("rita", KeyVault.list_secrets, lab.vault, rita)


@pytest.mark.proves("data-run-id")
def test_a_run_id_is_what_support_engineers_see(lab: Lab) -> None:
    submit(lab, run_id=PROJECT)
    assert lab.diagnostics.find(PROJECT).rows == [(1, "run submitted", "run id")]
    submit(lab)
    assert lab.diagnostics.find(PROJECT).caption == "collected: once"
    assert lab.diagnostics.find("night_1").rows or lab.diagnostics.find("night_2").rows


@pytest.mark.proves("data-hbi-optout")
def test_with_the_flag_nothing_is_collected_and_by_the_other_sentence_less(lab: Lab, release: str) -> None:
    found: dict[str, dict[str, str]] = {}
    for reading in ("opts out", "collects less"):
        other = labkit.start(release)
        other.diagnostics.reading = reading
        submit(
            other, workspace=hbi_workspace(other), run_id=PROJECT, environment_variables={"PASSWORD": SECRET}
        )
        assert other.diagnostics.find(SECRET).rows == other.diagnostics.find(PROJECT).rows == []
        found[reading] = {
            name: value for one in other.diagnostics.records for name, value in one.values.items()
        }
    assert found["opts out"] == {}
    assert {*found["collects less"].values()} == {"[redacted]"}
    # The one that the lab follows.
    assert lab.diagnostics.reading == "opts out"
    assert "opts out" in repr(lab.diagnostics)


@pytest.mark.proves("data-hbi-optout")
@pytest.mark.parametrize("way", ["SDK", "Resource Manager"])
def test_the_flag_is_set_when_the_workspace_is_created(lab: Lab, way: str) -> None:
    if way == "SDK":
        with lab.activate("olivia"):
            made = sdk("core", "Workspace").create(
                "ml-clinic",
                subscription_id="your-sub-id",
                resource_group=GROUPS[0],
                location=REGION,
                hbi_workspace=True,
            )
            assert made.name == "ml-clinic"
        id, token = workspace_id(GROUPS[0], "ml-clinic"), lab.sign_in("olivia").bearer
        lab.ask("olivia", ResourceManager.put, f"{id}/computes/{CLUSTER}", token, REGION)
    else:
        id = hbi_workspace(lab)
    submit(lab, workspace=id, environment_variables={"PASSWORD": SECRET})
    assert lab.diagnostics.records == ()
    olivia = lab.sign_in("olivia").bearer
    changed = lab.attempt("olivia", ResourceManager.put, id, olivia, REGION, {"hbiWorkspace": False})
    assert changed.refusal is not None


@pytest.mark.proves("data-endpoint-logs")
def test_what_an_endpoint_logs_is_ciphertext_at_rest(lab: Lab) -> None:
    def run(raw: str) -> int:
        print("scoring", json.loads(raw)[0])
        return 1

    ask(lab, "carl", Models.register, "churn", b"weights")
    token = lab.sign_in("carl").bearer
    more: dict[str, Any] = {"script": ScoringScript(run), "enable_app_insights": True}
    service = lab.ask("carl", WebServices.deploy_aci, lab.workspace, token, "svc", "churn", **more)
    lab.ask("clinic", Scoring.score, service.address, Anonymous(), f'["{PATIENT}"]')
    insights = dependency(lab, "insights")
    [line] = lab.ask("rita", AppInsights.traces, insights.id, lab.sign_in("rita").bearer)
    assert line.content == f"scoring {PATIENT}"
    [row] = [row for row in lab.media.rows if row[1] == "Application Insights"]
    assert row[2:5] == ("Customer subscription", "Microsoft", "Microsoft's key")
    disk = lab.media[str(row[0])]
    assert len(disk.names()) == 1
    assert lab.media.find(PATIENT).rows == lab.media.find("clinic").rows == []

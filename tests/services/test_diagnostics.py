"""What Microsoft collects, where it lies, who sees it, and what becomes of it in a workspace of high business
impact."""

from __future__ import annotations

from typing import Any

import pytest

import labkit
from labkit.authenticators.instrumentation_key import InstrumentationKey
from labkit.azure import (
    Activities,
    Anonymous,
    DataStores,
    Monitor,
    ResourceManager,
    Runs,
    RunSecrets,
    WebServices,
)
from labkit.core.credential import Credential
from labkit.core.errors import BadInput, BadRequest, Conflict, Refusal
from labkit.furniture import GROUPS, workspace_id
from labkit.lab import Lab
from labkit.services.machine_learning.diagnostics import Diagnostics, DiagnosticStore
from tests.services import test_automated_ml as automated
from tests.services.ml import ask, deploy
from tests.services.state import refused
from tests.services.stores import write
from tests.services.test_undo import Halfway

SECRET, PROJECT = "hunter2-of-the-database", "merger-with-fabrikam"


def run(lab: Lab, workspace: str = "", who: str = "olivia", **more: Any) -> None:
    at, token = workspace or lab.workspace, lab.sign_in(who).bearer
    lab.ask(who, Runs.submit, at, token, "night", "cpu-cluster", lambda context: None, **more)


def hbi_workspace(lab: Lab) -> str:
    id, token = workspace_id(GROUPS[0], "ml-clinic"), lab.sign_in("olivia").bearer
    lab.ask("olivia", ResourceManager.put, id, token, "eastus", {"hbiWorkspace": True})
    lab.ask("olivia", ResourceManager.put, f"{id}/computes/cpu-cluster", token, "eastus")
    return id


def store(lab: Lab) -> DiagnosticStore:
    [found] = [one for one in lab.resources if isinstance(one, DiagnosticStore)]
    return found


def test_of_a_run_names_its_id_and_its_variables(lab: Lab) -> None:
    lab.clock.advance("5m")
    run(lab, environment_variables={"DB_PASSWORD": SECRET, "EPOCHS": "3"}, data_stores=["workspaceblobstore"])
    [record] = lab.diagnostics.records
    assert (record.time, record.event, record.region) == (lab.clock.now, "run submitted", "eastus")
    assert record.values == {
        "workspace": "ml-example",
        "experiment": "night",
        "compute": "cpu-cluster",
        "run id": "night_1",
        "data store: 1": "workspaceblobstore",
        "environment variable: DB_PASSWORD": SECRET,
        "environment variable: EPOCHS": "3",
    }


def test_of_a_deployment_names(lab: Lab) -> None:
    service = deploy(lab, "prices", "aci", "none")
    [record] = lab.diagnostics.records
    assert record.event == "service deployed"
    assert set(record.values.values()) >= {"ml-example", service.name, service.model}


def test_nothing_that_somebody_is_called(lab: Lab) -> None:
    """What is collected is no information that identifies a user."""
    run(lab, who="carl")
    deploy(lab, "prices", "aci", "key")
    assert "carl" not in repr(lab.diagnostics)
    assert lab.people["carl"].object_id not in repr(lab.diagnostics)


def test_one_hop_to_the_microsoft_subscription_for_each(lab: Lab) -> None:
    run(lab)
    submission, *_, hop = lab.trace.last()
    assert (hop.operation, hop.caller, hop.boundary) == (
        "Collect diagnostics",
        "ml-example",
        "Microsoft subscription",
    )
    assert (hop.credential, hop.outcome, hop.parent) == ("instrumentation key", "ok", submission.number)
    assert [one.service for one in lab.trace].count("Diagnostic store") == 1


def test_what_is_refused_is_not_collected(lab: Lab) -> None:
    with pytest.raises(Refusal):
        ask(lab, "carl", Runs.submit, PROJECT, "none", lambda context: None)
    with pytest.raises(Refusal):
        ask(lab, "rita", Runs.submit, PROJECT, "cpu-cluster", lambda context: None)
    assert lab.diagnostics.records == ()


def test_a_run_is_submitted_though_nothing_can_be_collected(lab: Lab) -> None:
    run(lab)
    store(lab).region = "westus2"
    lab.switchboard.down("westus2")
    run(lab)
    assert len(lab.diagnostics.records) == 1
    assert ask(lab, "carl", Runs.get, "night_2").status == "Queued"


def test_it_lies_there_as_ciphertext_under_microsofts_key(lab: Lab) -> None:
    run(lab, environment_variables={"DB_PASSWORD": SECRET})
    [row] = [row for row in lab.media.rows if row[1] == "Diagnostic store"]
    assert row[2:4] == ("Microsoft subscription", "Microsoft")
    assert lab.media.find(SECRET).rows == []
    assert lab.diagnostics.find(SECRET).rows == [(1, "run submitted", "environment variable: DB_PASSWORD")]


def test_each_region_has_its_own_store(lab: Lab) -> None:
    run(lab)
    far, token = workspace_id(GROUPS[0], "ml-far"), lab.sign_in("olivia").bearer
    lab.ask("olivia", ResourceManager.put, far, token, "westeurope")
    lab.ask("olivia", ResourceManager.put, f"{far}/computes/cpu-cluster", token, "westeurope")
    run(lab, far)
    assert sorted(one.region for one in lab.diagnostics.records) == ["eastus", "westeurope"]


class TestNobodyElse:
    def test_no_customer_writes_it_or_reads_it(self, lab: Lab) -> None:
        run(lab)
        people: list[Credential] = [lab.sign_in(who).bearer for who in ("olivia", "carl", "rita")]
        for cred in (*people, Anonymous(), InstrumentationKey("guess")):
            kind = lab.attempt("x", Diagnostics.collect, store(lab).id, cred, "e", {}).refusal
            assert kind is not None
            refused(lab, type(kind), Diagnostics.collect, store(lab).id, cred, "e", {})
            assert "Collect diagnostics" not in [one.operation for one in lab.opens(cred).opened]
        assert len(lab.diagnostics.records) == 1
        assert [op.name for op in Diagnostics.operations()] == ["Collect diagnostics"]

    def test_what_opens_it_does_not_print(self, lab: Lab) -> None:
        run(lab)
        key = store(lab).instrumentation_key
        assert key
        assert key not in f"{store(lab)!r} {lab.resources!r} {lab.diagnostics!r} {lab.trace!r}"

    @pytest.mark.parametrize("fields", [None, [], "text"])
    def test_a_record_is_fields_by_name(self, lab: Lab, fields: Any) -> None:
        run(lab)
        cred = InstrumentationKey(store(lab).instrumentation_key)
        refused(lab, BadRequest, Diagnostics.collect, store(lab).id, cred, "event", fields)


class TestSecrets:
    def test_a_run_secret_and_a_data_store_are_not_collected(self, lab: Lab) -> None:
        ask(lab, "carl", RunSecrets.put, "db", SECRET)
        ask(lab, "carl", DataStores.attach, "sales", f"Server=x;Password={SECRET}")
        got: list[str] = []
        token = lab.sign_in("carl").bearer
        more: dict[str, Any] = {"data_stores": ["sales"]}
        lab.ask(
            "carl",
            Runs.submit,
            lab.workspace,
            token,
            "night",
            "cpu-cluster",
            lambda context: got.append(context.secret("db").reveal()),
            **more,
        )
        lab.work()
        assert got == [SECRET]
        assert lab.diagnostics.find(SECRET).rows == []
        assert lab.diagnostics.find("sales").rows == [(1, "run submitted", "data store: 1")]

    def test_a_telling_run_id_is_collected(self, lab: Lab) -> None:
        run(lab, run_id=PROJECT)
        assert lab.diagnostics.find(PROJECT).rows == [(1, "run submitted", "run id")]
        assert lab.diagnostics.find("fabrikam").caption == "collected: once"


class TestHighBusinessImpact:
    def test_by_default_nothing_is_collected_and_no_hop_goes_there(self, lab: Lab) -> None:
        id = hbi_workspace(lab)
        lab.trace.clear()
        run(lab, id, run_id=PROJECT, environment_variables={"DB_PASSWORD": SECRET})
        assert lab.diagnostics.reading == "opts out"
        assert lab.diagnostics.records == ()
        assert not [hop for hop in lab.trace if hop.service == "Diagnostic store"]

    def test_by_the_other_reading_less_is_collected(self, lab: Lab) -> None:
        id = hbi_workspace(lab)
        lab.diagnostics.reading = "collects less"
        run(lab, id, run_id=PROJECT, environment_variables={"DB_PASSWORD": SECRET, "EPOCHS": "3"})
        [record] = lab.diagnostics.records
        assert record.event == "run submitted"
        assert set(record.values.values()) == {"[redacted]"}
        # How many there were is known, and nothing else.
        assert [name for name in record.values if "variable" in name] == [
            "environment variable: 1",
            "environment variable: 2",
        ]
        for text in (SECRET, PROJECT, "DB_PASSWORD", "ml-clinic", "night", "cpu-cluster"):
            assert lab.diagnostics.find(text).rows == []

    def test_the_reading_changes_nothing_for_other_workspaces(self, lab: Lab) -> None:
        found = []
        for reading in ("opts out", "collects less"):
            other = labkit.start()
            other.diagnostics.reading = reading
            run(other, environment_variables={"DB_PASSWORD": SECRET})
            found.append([record.values for record in other.diagnostics.records])
        assert found[0] == found[1] != []

    def test_labs_have_readings_of_their_own(self, lab: Lab) -> None:
        lab.diagnostics.reading = "collects less"
        assert labkit.start().diagnostics.reading == "opts out"

    @pytest.mark.parametrize("reading", ["", "opt out", None, True, 1])
    def test_there_are_two_readings(self, lab: Lab, reading: Any) -> None:
        with pytest.raises(BadInput):
            lab.diagnostics.reading = reading
        assert lab.diagnostics.reading == "opts out"


class TestLooking:
    def test_it_is_a_table_that_says_how_the_flag_is_read(self, lab: Lab) -> None:
        run(lab)
        caption, head, *_ = repr(lab.diagnostics).splitlines()
        assert caption.endswith("opts out")
        assert head.split() == ["record", "time", "event", "field", "value"]
        assert "<table" in lab.diagnostics._repr_mimebundle_()["text/html"]

    def test_finding_says_how_often(self, lab: Lab) -> None:
        for _ in range(2):
            run(lab)
        assert lab.diagnostics.find("nothing of it").caption == "collected: nowhere"
        assert lab.diagnostics.find("night_2").caption == "collected: once"
        assert lab.diagnostics.find("night_").caption == "collected: 2 times"
        assert [row[0] for row in lab.diagnostics.find("night_").rows] == [1, 2]

    @pytest.mark.parametrize("text", ["", None, b"x", 5])
    def test_a_text_is_looked_for(self, lab: Lab, text: Any) -> None:
        with pytest.raises(BadInput):
            lab.diagnostics.find(text)


def test_a_deployment_that_failed_is_not_collected(lab: Lab) -> None:
    with pytest.raises(Refusal):
        ask(lab, "carl", WebServices.deploy_aci, "svc", "no-such-model")
    assert lab.diagnostics.records == ()


def test_automated_ml_is_a_run_like_any_other(lab: Lab) -> None:
    write(lab, automated.WHERE, automated.DATA, id=lab.storage)
    made = automated.submit(lab)
    [record] = lab.diagnostics.records
    assert (record.event, record.values["run id"]) == ("run submitted", made.run_id)
    found = lab.ask("rita", Monitor.metrics, lab.workspace, lab.sign_in("rita").bearer)
    assert found.total("Started Runs") == 1
    assert len(ask(lab, "rita", Activities.list)) == 1


def test_what_is_taken_back_was_not_collected_and_no_nonce_comes_twice(lab: Lab) -> None:
    lab.parts.door.install(Halfway())
    token = lab.sign_in("olivia").bearer
    arguments = ("train", lab.cluster, print)
    seals: list[Any] = []
    stores: list[Any] = []

    def watch(hop: Any, asked: Any) -> None:
        if hop.operation == "Collect diagnostics":
            stores.append(asked.resource)
            seals.append(stores[-1].records.written.copy())

    lab.parts.door.witness = watch
    with pytest.raises(Conflict):
        lab.ask("olivia", Halfway.go, lab.workspace, token, Runs.submit, lab.workspace, token, arguments)
    assert list(lab.diagnostics.records) == []
    assert lab.resources.get(stores[0].id) is None
    run(lab)
    assert len(lab.diagnostics.records) == 1
    assert seals[0] != seals[1]

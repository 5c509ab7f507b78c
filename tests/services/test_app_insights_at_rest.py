"""What was reported to Application Insights as it lies on the disk, and what a scoring script prints."""

from __future__ import annotations

import json
from typing import Any

import pytest

from labkit.authenticators.instrumentation_key import InstrumentationKey
from labkit.azure import Anonymous, AppInsights, Models, Scoring, ScoringScript, WebServices
from labkit.core.errors import BadRequest, Forbidden, Refusal
from labkit.lab import Lab
from labkit.services.app_insights import Request, TraceLines
from labkit.services.machine_learning.deployment import WebService
from tests.services.ml import ask, attach_cluster, dependency, refused, workspace

PATIENT = "patient-4711"


def says(raw: str) -> int:
    print("scored", raw)
    print("twice")
    return 1


def fails(raw: str) -> None:
    print("about to fail", raw)
    raise ValueError


def service(lab: Lab, run: Any = says, enabled: bool | None = True, kind: str = "aci") -> WebService:
    ask(lab, "carl", Models.register, "churn", b"weights")
    script, token = ScoringScript(run), lab.sign_in("carl").bearer
    if kind == "aci":
        return lab.ask(
            "carl",
            WebServices.deploy_aci,
            lab.workspace,
            token,
            "svc",
            "churn",
            script=script,
            enable_app_insights=enabled,
        )
    attach_cluster(lab)
    return lab.ask(
        "carl",
        WebServices.deploy_aks,
        lab.workspace,
        token,
        "svc",
        "churn",
        "prod",
        False,
        script=script,
        enable_app_insights=enabled,
    )


def traces(lab: Lab, who: str = "rita") -> TraceLines:
    return lab.ask(who, AppInsights.traces, workspace(lab).depends_on["insights"], lab.sign_in(who).bearer)


def score(lab: Lab, at: WebService, data: str = f'["{PATIENT}"]') -> bool:
    return bool(lab.attempt("client", Scoring.score, at.address, Anonymous(), data))


def row(lab: Lab) -> tuple[object, ...]:
    [found] = [row for row in lab.media.rows if row[1] == "Application Insights"]
    return tuple(found)


def test_nothing_lies_anywhere_before_the_first_report(lab: Lab) -> None:
    assert [row for row in lab.media.rows if row[1] == "Application Insights"] == []


def test_a_request_is_ciphertext_on_the_disk_at_once(lab: Lab) -> None:
    at = service(lab, enabled=None)
    assert score(lab, at)
    name, _, where, owner, key, *_, records = row(lab)
    assert (where, owner, key, records) == ("Customer subscription", "Microsoft", "Microsoft's key", 1)
    disk = lab.media[str(name)]
    [record] = disk.names()
    # The client's name and the address are in the report, and in nothing that lies there.
    for text in ("client", at.address, "200", "POST"):
        assert disk.find(text) == []
    lab.ask("rita", AppInsights.query, workspace(lab).depends_on["insights"], lab.sign_in("rita").bearer)
    assert len(disk.raw(record)) > 100


def test_what_was_changed_on_the_disk_is_not_shown(lab: Lab) -> None:
    at = service(lab)
    assert score(lab, at)
    disk = lab.media[str(row(lab)[0])]
    [record] = disk.names()
    raw = disk.raw(record)
    disk.overwrite(record, raw[:-1] + bytes([raw[-1] ^ 1]))
    with pytest.raises(Refusal) as caught:
        traces(lab)
    assert (caught.value.status, caught.value.code) == (500, "InternalServerError")
    disk.overwrite(record, raw)
    assert len(traces(lab)) == 2


def test_ids_are_drawn_anew_for_each_and_stay(lab: Lab) -> None:
    at = service(lab)
    for _ in range(3):
        assert score(lab, at)

    def ids() -> list[str]:
        component, token = workspace(lab).depends_on["insights"], lab.sign_in("rita").bearer
        return [one.id for one in lab.ask("rita", AppInsights.query, component, token)]

    first = ids()
    assert len({*first}) == 3
    assert score(lab, at)
    assert ids()[:3] == first


@pytest.mark.parametrize("kind", ["aci", "aks"])
def test_each_line_that_the_script_prints_is_a_trace(
    lab: Lab, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    at = service(lab, kind=kind)
    lab.clock.advance("3m")
    assert score(lab, at)
    found = traces(lab)
    assert [one.content for one in found] == [f'scored ["{PATIENT}"]', "twice"]
    component, token = workspace(lab).depends_on["insights"], lab.sign_in("rita").bearer
    [request] = lab.ask("rita", AppInsights.query, component, token)
    assert {one.operation_id for one in found} == {request.id}
    assert {one.timestamp for one in found} == {lab.clock.now}
    assert {one.documented["message"] for one in found} == {"STDOUT"}
    # In the service it was printed, and not where the learner sits.
    assert capsys.readouterr().out == ""


def test_what_a_failing_script_printed_is_there_too(lab: Lab) -> None:
    at = service(lab, fails)
    assert not score(lab, at)
    assert [one.content for one in traces(lab)] == [f'about to fail ["{PATIENT}"]']
    assert not score(lab, at, "[2]")
    assert [one.content for one in traces(lab)] == [f'about to fail ["{PATIENT}"]', "about to fail [2]"]


@pytest.mark.parametrize("enabled", [None, False])
def test_where_it_is_not_enabled_nothing_printed_is_reported(lab: Lab, enabled: bool | None) -> None:
    at = service(lab, enabled=enabled)
    assert score(lab, at)
    assert traces(lab).found == ()
    assert row(lab)[-1] == 1


def test_personal_data_that_is_printed_lies_there_encrypted(lab: Lab) -> None:
    assert score(lab, service(lab))
    assert len(traces(lab).where(Content=f"*{PATIENT}*")) == 1
    assert lab.media.find(PATIENT).rows == []


def test_a_request_of_one_service_brings_no_lines_of_another_request(lab: Lab) -> None:
    at = service(lab)
    assert score(lab, at)
    assert not score(lab, at, "no json")
    found = traces(lab)
    assert [one.content for one in found] == [f'scored ["{PATIENT}"]', "twice"]


def test_there_is_an_end_to_what_is_kept_of_it(lab: Lab) -> None:
    def talks(raw: str) -> int:
        print("x" * 100_000)
        print("\n" * 5000)
        return 1

    assert score(lab, service(lab, talks))
    found = traces(lab)
    assert len(found) == 1000
    assert len(found[0].content) == 32_768


def test_half_a_character_is_kept_and_shown(lab: Lab) -> None:
    def odd(raw: str) -> int:
        print("\ud800 \x00")
        return 1

    assert score(lab, service(lab, odd))
    [line] = traces(lab)
    assert line.content == "\ud800 \x00"
    assert json.dumps(repr(traces(lab)))
    assert repr(traces(lab)).encode()


def test_who_reads_requests_reads_traces(lab: Lab) -> None:
    lab.hire("hana")
    with pytest.raises(Forbidden) as caught:
        traces(lab, "hana")
    assert caught.value.required.startswith("Microsoft.Insights/components/query/read on ")


@pytest.mark.parametrize("printed", [["a"], "a", (1,), None, (b"a",)], ids=repr)
def test_lines_are_texts(lab: Lab, printed: Any) -> None:
    component = dependency(lab, "insights")
    cred = InstrumentationKey(component.instrumentation_key)
    request = Request(0, "POST /score", "https://x.example/score", "200", 20, "client", "ACI")
    with pytest.raises(BadRequest):
        lab.ask("app", AppInsights.track, component.id, cred, request, printed)
    assert component.reports.names() == []


@pytest.mark.parametrize("enabled", [1, 0, "yes", []], ids=repr)
def test_it_is_enabled_or_not(lab: Lab, enabled: Any) -> None:
    ask(lab, "carl", Models.register, "churn", b"weights")
    more = (*(None,) * 6, None, enabled)
    refused(lab, BadRequest, "carl", WebServices.deploy_aci, "svc", "churn", *more)
    refused(
        lab, BadRequest, "carl", WebServices.deploy_aks, "svc", "churn", "x", None, None, None, None, enabled
    )

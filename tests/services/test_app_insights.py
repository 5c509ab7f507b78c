"""What is reported of scoring requests, by whom, and who reads it."""

from dataclasses import replace
from typing import Any

import pytest

from labkit.authenticators.instrumentation_key import InstrumentationKey
from labkit.azure import AppInsights, ResourceManager, Scoring, ScoringScript, ServiceKey, WebServices
from labkit.core.credential import Anonymous, Credential
from labkit.core.errors import BadRequest, Forbidden, Refusal, RegionDown, Unauthenticated
from labkit.lab import Lab
from labkit.services.app_insights import ApplicationInsights, Request, Requests
from labkit.services.machine_learning.deployment import WebService
from tests.services.ml import ask, attach_cluster, dependency, deploy, workspace

SEVEN = {"HTTPMethod", "UserAgent", "ComputeType", "RequestUrl", "StatusCode", "RequestId", "Duration"}
REQUEST = Request(0, "POST /score", "https://x.example/score", "200", 20, "client", "ACI")


def reported(lab: Lab, who: str = "rita") -> Requests:
    insights = workspace(lab).depends_on["insights"]
    return lab.ask(who, AppInsights.query, insights, lab.sign_in(who).bearer)


def call(lab: Lab, service: WebService, cred: Credential, data: Any = "[1]", caller: str = "client") -> None:
    lab.attempt(caller, Scoring.score, service.address, cred, data)


def key(lab: Lab, service: WebService) -> ServiceKey:
    op = WebServices.get_aci_keys if service.kind == "aci" else WebServices.get_aks_keys
    return ServiceKey(ask(lab, "carl", op, service.name)[0].reveal())


def test_a_success_a_refusal_and_a_failure_with_the_seven_fields(lab: Lab) -> None:
    deploy(lab, "first", "aks", "none")
    script = ScoringScript(lambda raw: 1 // len(raw[2:]), milliseconds=35)
    service = ask(lab, "carl", WebServices.deploy_aks, "one", "churn", "prod", True, None, script)
    cred = key(lab, service)
    lab.clock.advance("90s")
    now = lab.clock.now
    call(lab, service, cred, "[1]", "app")
    lab.clock.advance("1s")
    call(lab, service, Anonymous())
    call(lab, service, cred, "1 ")
    success, refusal, failure = reported(lab).found
    common = {"HTTPMethod": "POST", "ComputeType": "AKS", "RequestUrl": service.address}
    assert success.documented == common | {
        "UserAgent": "app",
        "StatusCode": "200",
        "Duration": "35",
        "RequestId": success.id,
    }
    assert [one.documented["StatusCode"] for one in (refusal, failure)] == ["401", "502"]
    assert [one.documented["Duration"] for one in (refusal, failure)] == ["0", "35"]
    assert success.documented.keys() == SEVEN
    assert [one.success for one in (success, refusal, failure)] == [True, False, False]
    assert [one.timestamp for one in (success, refusal, failure)] == [now, now + 1, now + 1]
    assert success.name == "POST /api/v1/service/one/score"
    assert len({success.id, refusal.id, failure.id}) == 3


def test_every_request_is_there_however_it_ended_and_though_the_trace_was_cleared(lab: Lab) -> None:
    service = deploy(lab, "one", "aci", "key")
    cred = key(lab, service)
    for data in ("[1]", "no json", None, "1" * 10**7):
        call(lab, service, cred, data)
        call(lab, service, ServiceKey("wrong"), data)
        lab.trace.clear()
    assert [one.result_code for one in reported(lab).found] == [
        *("200", "401", "400", "401", "400", "401", "413", "401")
    ]


def test_what_reaches_no_service_is_reported_nowhere(lab: Lab) -> None:
    service = deploy(lab, "one", "aks", "none")
    lab.attempt("client", Scoring.score, service.address.replace("one", "two"), Anonymous(), "[1]")
    lab.attempt("client", Scoring.score, service.address.replace("http", "https"), Anonymous(), "[1]")
    lab.switchboard.down("eastus")
    call(lab, service, Anonymous())
    lab.switchboard.up("eastus")
    assert reported(lab).found == ()


def test_it_is_a_hop_below_the_request_s_own(lab: Lab) -> None:
    service = deploy(lab, "one", "aci", "none")
    lab.trace.clear()
    call(lab, service, Anonymous())
    request, report = lab.trace
    assert (report.parent, report.caller, report.initiator) == (request.number, "one", "client")
    assert (report.service, report.operation) == ("Application Insights", "Track request")
    assert (report.credential, report.ok) == ("instrumentation key", True)


def test_a_service_answers_though_nobody_watches(lab: Lab) -> None:
    deploy(lab, "first", "aks", "none")
    attach_cluster(lab, "far", "westus2")
    service = ask(lab, "carl", WebServices.deploy_aks, "one", "churn", "far", False)
    lab.switchboard.down("eastus")
    assert lab.ask("client", Scoring.score, service.address, Anonymous(), "[1]")
    lab.switchboard.up("eastus")
    assert reported(lab).found == ()
    insights = workspace(lab).depends_on["insights"]
    lab.ask("carl", ResourceManager.delete, insights, lab.sign_in("carl").bearer)
    assert lab.ask("client", Scoring.score, service.address, Anonymous(), "[1]")
    # One that comes after it is another one, with another key.
    lab.ask("carl", ResourceManager.put, insights, lab.sign_in("carl").bearer, "eastus")
    assert lab.ask("client", Scoring.score, service.address, Anonymous(), "[1]")
    assert reported(lab).found == ()
    again = ask(lab, "carl", WebServices.deploy_aks, "two", "churn", "far", False)
    call(lab, again, Anonymous())
    assert len(reported(lab).found) == 1


def test_each_workspace_has_its_own(lab: Lab) -> None:
    call(lab, deploy(lab, "one", "aci", "none"), Anonymous())
    components = [one for one in lab.resources if isinstance(one, ApplicationInsights)]
    assert sorted(len(one.reports.names()) for one in components) == [0, 0, 1]
    assert len({one.instrumentation_key for one in components}) == 3


class TestReading:
    def test_whoever_reads_the_resource_group_reads_it(self, lab: Lab) -> None:
        assert {len(reported(lab, who).found) for who in ("rita", "carl", "olivia")} == {0}

    def test_others_do_not(self, lab: Lab) -> None:
        lab.hire("hana")
        with pytest.raises(Forbidden) as caught:
            reported(lab, "hana")
        assert caught.value.required.startswith("Microsoft.Insights/components/query/read on ")

    def test_not_while_its_region_is_down_and_nothing_is_lost(self, lab: Lab) -> None:
        call(lab, deploy(lab, "one", "aci", "none"), Anonymous())
        rita, insights = lab.sign_in("rita").bearer, workspace(lab).depends_on["insights"]
        lab.switchboard.down("eastus")
        with pytest.raises(RegionDown):
            lab.ask("rita", AppInsights.query, insights, rita)
        lab.switchboard.up("eastus")
        assert len(reported(lab).found) == 1

    def test_it_is_a_table(self, lab: Lab) -> None:
        call(lab, deploy(lab, "one", "aci", "none"), Anonymous())
        found = reported(lab)
        caption, head, _, row = repr(found).splitlines()
        assert caption == "1 request"
        assert set(head.split()) == {"Time", *SEVEN}
        assert {"POST", "200", "20", "ACI", "client", found.found[0].id} <= set(row.split())
        assert found._repr_mimebundle_()["text/plain"] == repr(found)


class TestReporting:
    def test_the_instrumentation_key_reports_and_reads_nothing(self, lab: Lab) -> None:
        component = dependency(lab, "insights")
        cred = InstrumentationKey(component.instrumentation_key)
        lab.ask("app", AppInsights.track, component.id, cred, REQUEST)
        with pytest.raises(Unauthenticated):
            lab.ask("app", AppInsights.query, component.id, cred)
        opened = lab.opens(cred).opened
        assert [(one.operation, one.target) for one in opened] == [("Track request", component.id)]
        [kept] = reported(lab).found
        assert kept == replace(REQUEST, id=kept.id)
        assert kept.id

    def test_nobody_else_reports(self, lab: Lab) -> None:
        component = dependency(lab, "insights")
        other: Any = next(
            one for one in lab.resources if isinstance(one, ApplicationInsights) and one is not component
        )
        wrong: list[Credential] = [InstrumentationKey(other.instrumentation_key), InstrumentationKey("")]
        for cred in (*wrong, Anonymous(), lab.sign_in("olivia").bearer):
            with pytest.raises(Refusal) as caught:
                lab.ask("app", AppInsights.track, component.id, cred, REQUEST)
            assert caught.value.stage == "authentication"
        assert reported(lab).found == ()

    @pytest.mark.parametrize("request_", [None, {}, "POST", object()], ids=lambda x: type(x).__name__)
    def test_what_is_no_request_is_a_bad_request(self, lab: Lab, request_: Any) -> None:
        component = dependency(lab, "insights")
        cred = InstrumentationKey(component.instrumentation_key)
        with pytest.raises(BadRequest):
            lab.ask("app", AppInsights.track, component.id, cred, request_)


def test_what_opens_it_for_reports_does_not_print(lab: Lab) -> None:
    insights = dependency(lab, "insights")
    service = deploy(lab, "one", "aks", "none")
    endpoint = lab.resources.find(service.endpoint)
    assert insights.instrumentation_key
    for one in (insights, endpoint, service, lab.resources, reported(lab)):
        assert insights.instrumentation_key not in f"{one!r} {one}"


def test_what_is_reported_is_a_request_and_nothing_like_one(lab: Lab) -> None:
    class Report(Request):
        """Could say another thing each time it is asked."""

    insights = dependency(lab, "insights")
    cred = InstrumentationKey(insights.instrumentation_key)
    for report in (Report(*vars(REQUEST).values()), vars(REQUEST), None):
        with pytest.raises(BadRequest):
            lab.ask("x", AppInsights.track, insights.id, cred, report)  # type: ignore[arg-type]
    assert insights.reports.names() == []


UNREADABLE: list[Any] = [None, [], b"x", {}, 1.5]


class TestForgedReports:
    """Whoever has the instrumentation key reports what they like. It never keeps others from reading."""

    @pytest.mark.parametrize(
        "more",
        [
            *({name: value} for name in vars(REQUEST) for value in UNREADABLE),
            *({"timestamp": "0"}, {"timestamp": True}, {"timestamp": -1}, {"timestamp": 10**30}),
            *({"duration": "20"}, {"duration": -1}, {"duration": 10**400}, {"url": 5}, {"id": 5}),
        ],
        ids=str,
    )
    def test_what_nobody_could_read_is_refused(self, lab: Lab, more: Any) -> None:
        insights = dependency(lab, "insights")
        cred = InstrumentationKey(insights.instrumentation_key)
        with pytest.raises(BadRequest):
            lab.ask("mallory", AppInsights.track, insights.id, cred, replace(REQUEST, **more))
        assert reported(lab).found == ()

    def test_anything_else_is_shown_and_found(self, lab: Lab) -> None:
        insights = dependency(lab, "insights")
        cred = InstrumentationKey(insights.instrumentation_key)
        for text in ("\ud800", "a\nb", "x" * 10_000, "<b>", ""):
            told = replace(REQUEST, name=text, url=text, user_agent=text, result_code=text)
            lab.ask("mallory", AppInsights.track, insights.id, cred, told, (text,))
        last = replace(REQUEST, timestamp=10**12 - 1, duration=10**12 - 1)
        lab.ask("mallory", AppInsights.track, insights.id, cred, last)
        found = reported(lab)
        assert len(found) == 6
        assert repr(found).encode()
        assert found._repr_mimebundle_()["text/html"].encode()
        assert len(found.where(UserAgent="<b>")) == 1

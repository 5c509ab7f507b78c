"""What a web service answers in which case, and that nothing a client sends stops it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.azure import Models, Scoring, ScoringScript, ServiceKey, ServiceToken, Serving, WebServices
from labkit.core.credential import Anonymous, Credential
from labkit.core.errors import NotFound, RegionDown, UnknownHost
from labkit.core.verdict import Verdict
from labkit.lab import Lab, start
from labkit.services.machine_learning.deployment import WebService
from labkit.services.machine_learning.scoring import ScoringEndpoint, presented
from tests.services.ml import ask, deploy, unchanged

DOUBLE = ScoringScript(lambda raw: [2 * number for number in json.loads(raw)["data"]])
BODY = '{"data": [1, 2]}'


def serve(lab: Lab, script: ScoringScript | None = None, name: str = "one", **settings: int) -> WebService:
    """A service on AKS with a script of its own and no authentication."""
    if not any(one.service == "Azure Kubernetes Service" for one in lab.resources):
        deploy(lab, "first", "aks", "none")
    where = (name, "churn", "prod", False, False)
    return ask(lab, "carl", WebServices.deploy_aks, *where, script, Serving(**settings))  # type: ignore[no-any-return]


def call(
    lab: Lab, service: WebService, cred: Credential | None = None, data: Any = BODY, ahead: int = 0
) -> Verdict[Any]:
    return lab.attempt("client", Scoring.score, service.address, cred or Anonymous(), data, ahead)


def code(answer: Verdict[Any]) -> tuple[int, str]:
    assert answer.refusal is not None
    return answer.refusal.status, answer.refusal.code


def test_a_script_scores(lab: Lab) -> None:
    service = serve(lab, DOUBLE)
    assert call(lab, service).value == [2, 4]
    assert call(lab, service, data=BODY.encode()).value == [2, 4]
    assert lab.trace.last()[0].milliseconds == 20
    on_aci = ask(lab, "carl", WebServices.deploy_aci, "two", "churn", None, None, DOUBLE)
    assert call(lab, on_aci).value == [2, 4]


class TestRefusals:
    def test_401_whatever_is_presented_but_the_right_thing(self, lab: Lab) -> None:
        services = {auth: deploy(lab, f"by-{auth}", "aks", auth) for auth in ("key", "token")}
        other = {auth: deploy(lab, f"other-{auth}", "aks", auth) for auth in ("key", "token")}

        def opener(service: WebService) -> Credential:
            if service.auth == "key":
                return ServiceKey(ask(lab, "carl", WebServices.get_aks_keys, service.name)[0].reveal())
            return ServiceToken(ask(lab, "carl", WebServices.get_token, service.name).token.reveal())

        openers = {one.name: opener(one) for one in (*services.values(), *other.values())}
        wrong = [
            Anonymous(),
            ServiceKey(""),
            ServiceKey("lab-wrong"),
            ServiceToken(""),
            ServiceToken("a.b.c"),
        ]
        wrong += [lab.sign_in("olivia").bearer]
        for service in services.values():
            for cred in (*wrong, *(one for name, one in openers.items() if name != service.name)):
                assert code(call(lab, service, cred)) == (401, "Unauthorized")
            assert call(lab, service, openers[service.name])
        # What is right for one form is not for the other, though it is of the service's own time.
        assert code(call(lab, services["token"], ServiceKey(openers["by-key"].key))) == (401, "Unauthorized")  # type: ignore[attr-defined]

    @pytest.mark.parametrize(
        "path",
        ["api/v1/service/two/score", "api/v1/service/one", "api/v1/service/ONE/score", "", "score", "\ud800"],
    )
    def test_404_where_the_cluster_has_no_such_service(self, lab: Lab, path: str) -> None:
        service = serve(lab)
        host = service.address.split("/")[2]
        for cred in (Anonymous(), ServiceKey("x"), lab.sign_in("olivia").bearer):
            with unchanged(lab), pytest.raises(NotFound) as caught:
                lab.ask("client", Scoring.score, f"http://{host}/{path}", cred, BODY)
            assert (caught.value.status, caught.value.stage) == (404, "authentication")
            assert "one" not in str(caught.value).split()
        assert lab.trace[-1].resource == "azureml-fe"

    def test_404_on_the_host_of_a_service_on_aci_as_well(self, lab: Lab) -> None:
        service = deploy(lab, "one", "aci", "none")
        assert call(lab, service)
        assert lab.ask("client", Scoring.score, f"{service.address}?verbose=1", Anonymous(), BODY)
        with pytest.raises(NotFound):
            lab.ask("client", Scoring.score, f"{service.address}/more", Anonymous(), BODY)

    def test_a_region_that_is_down_answers_no_404(self, lab: Lab) -> None:
        service = serve(lab)
        lab.switchboard.down("eastus")
        with pytest.raises(RegionDown):
            lab.ask("client", Scoring.score, service.address.replace("one", "two"), Anonymous(), BODY)

    @pytest.mark.parametrize(
        "address", ["https://nowhere.example/score", "https://lab-key@x/score?code=lab-key", "x"]
    )
    def test_where_there_is_no_host_nobody_answers(self, lab: Lab, address: str) -> None:
        with pytest.raises(UnknownHost) as caught:
            lab.ask("client", Scoring.score, address, Anonymous(), BODY)
        assert "code=" not in str(caught.value)

    def test_502_where_the_script_raises(self, lab: Lab) -> None:
        service = serve(lab, DOUBLE)
        assert code(call(lab, service, data='{"other": 1}')) == (502, "BadGateway")
        assert call(lab, service).value == [2, 4]

    def test_502_where_the_script_is_itself_refused_something(self, lab: Lab) -> None:
        def asks(raw: str) -> Any:
            return lab.ask("script", Models.list_models, lab.workspace, Anonymous())

        assert code(call(lab, serve(lab, ScoringScript(asks)))) == (502, "BadGateway")

    def test_503_for_more_requests_than_the_replicas_take(self, lab: Lab) -> None:
        service = serve(lab, ScoringScript(str, milliseconds=200), num_replicas=3)
        # Three at once, and two more rounds of three within the half second that a request waits.
        answers = [call(lab, service, ahead=ahead) for ahead in range(20)]
        assert [bool(one) for one in answers] == [True] * 9 + [False] * 11
        assert {code(one) for one in answers if not one} == {(503, "ServiceUnavailable")}
        scored = [hop.milliseconds for hop in lab.trace if hop.operation == "Score"]
        assert scored == [200] * 3 + [400] * 3 + [600] * 3 + [500] * 11
        assert call(lab, service)

    def test_who_waits_as_long_as_one_may_is_served(self, lab: Lab) -> None:
        service = serve(lab, ScoringScript(str, milliseconds=500))
        assert [bool(call(lab, service, ahead=ahead)) for ahead in (1, 2)] == [True, False]

    def test_more_replicas_take_more(self, lab: Lab) -> None:
        few = serve(lab, ScoringScript(str, milliseconds=400), "few")
        many = serve(lab, ScoringScript(str, milliseconds=400), "many", replica_max_concurrent_requests=10)
        assert [bool(call(lab, one, ahead=5)) for one in (few, many)] == [False, True]

    def test_503_where_the_container_did_not_start(self, lab: Lab) -> None:
        service = serve(lab, ScoringScript(str, init=lambda: 1 / 0))
        assert service.state == "Unhealthy"
        assert code(call(lab, service)) == (503, "ServiceUnavailable")
        assert serve(lab, ScoringScript(str, init=dict), "two").state == "Healthy"
        assert [one.state for one in ask(lab, "rita", WebServices.list_services)][-2:] == [
            "Unhealthy",
            "Healthy",
        ]

    def test_504_where_the_script_takes_longer_than_the_service_waits(self, lab: Lab) -> None:
        ran: list[str] = []
        service = serve(lab, ScoringScript(ran.append, milliseconds=lambda body: int(body)))
        before = lab.clock.now
        assert call(lab, service, data="60000")
        assert code(call(lab, service, data="60001")) == (504, "GatewayTimeout")
        assert lab.trace.last()[0].milliseconds == 60_000
        assert (ran, lab.clock.now) == (["60000"], before)
        patient = serve(lab, ScoringScript(str, milliseconds=90_000), "patient", scoring_timeout_ms=100_000)
        assert call(lab, patient)

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ("not json", (400, "BadRequest")),
            ("[" * 100_000 + "]" * 100_000, (400, "BadRequest")),
            ("[" * 100_000, (400, "BadRequest")),
            (b"\xff\xfe", (400, "BadRequest")),
            ("1" * 10_000_000, (413, "RequestEntityTooLarge")),
            (b"[" * 10_000_000, (413, "RequestEntityTooLarge")),
        ],
        ids=["text", "nested", "open", "bytes", "10 MB", "10 MB nested"],
    )
    def test_a_bad_body_is_the_client_s_fault_and_the_service_still_answers(
        self, lab: Lab, body: Any, expected: tuple[int, str]
    ) -> None:
        service = serve(lab, DOUBLE)
        with unchanged(lab):
            assert code(call(lab, service, data=body)) == expected
        assert call(lab, service).value == [2, 4]

    def test_who_is_not_let_in_learns_nothing_of_the_body_or_of_the_load(self, lab: Lab) -> None:
        service = deploy(lab, "one", "aks", "key")
        for data, ahead in (("not json", 0), ("1" * 10**7, 0), ("1", 10**6), (None, -1)):
            assert code(call(lab, service, None, data, ahead)) == (401, "Unauthorized")

    @pytest.mark.parametrize("ahead", [-1, "1", None, 1.5, True])
    def test_how_many_are_there_is_a_number(self, lab: Lab, ahead: Any) -> None:
        assert code(call(lab, serve(lab), ahead=ahead)) == (400, "BadRequest")


class TestHeader:
    @pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic abc", "lab-1", "Bearerlab-1"])
    def test_what_presents_nothing(self, header: str | None) -> None:
        assert presented(header) == Anonymous()

    def test_keys_and_tokens_both_come_as_bearer(self, lab: Lab) -> None:
        assert presented("Bearer lab-1") == presented("bearer   lab-1 ") == ServiceKey("lab-1")
        assert presented("Bearer a.b.c") == ServiceToken("a.b.c")
        for auth in ("key", "token"):
            service = deploy(lab, f"by-{auth}", "aks", auth)
            for text in ("lab-1", "a.b.c"):
                assert code(call(lab, service, presented(f"Bearer {text}"))) == (401, "Unauthorized")


class Tampered:
    """A lab with a service for each form, made once for all examples: a call changes neither."""

    def __init__(self) -> None:
        self.lab = start()
        self.services = {auth: deploy(self.lab, f"by-{auth}", "aks", auth) for auth in ("key", "token")}
        keys = ask(self.lab, "carl", WebServices.get_aks_keys, "by-key")
        self.good = {
            "key": [key.reveal() for key in keys],
            "token": [ask(self.lab, "carl", WebServices.get_token, "by-token").token.reveal()],
        }

    def passes(self, auth: str, text: str) -> bool:
        cred = ServiceKey(text) if auth == "key" else ServiceToken(text)
        answer = call(self.lab, self.services[auth], cred)
        assert answer or code(answer) == (401, "Unauthorized")
        return bool(answer)


@pytest.fixture(scope="module")
def tampered() -> Tampered:
    return Tampered()


EDITS = st.lists(
    st.tuples(
        st.integers(0, 2000), st.sampled_from(["swap", "cut", "insert", "case", "bit"]), st.characters()
    ),
    min_size=1,
    max_size=3,
)


def edited(text: str, edits: list[tuple[int, str, str]]) -> str:
    for place, how, letter in edits:
        at = place % len(text) if text else 0
        one = text[at : at + 1]
        new = {"swap": letter, "cut": "", "insert": one + letter, "case": one.swapcase()}
        text = text[:at] + new.get(how, chr(ord(one or "a") ^ 1)) + text[at + 1 :]
    return text


@given(st.data(), st.sampled_from(["key", "token"]), EDITS)
def test_a_tampered_key_or_token_never_passes(
    tampered: Tampered, data: st.DataObject, auth: str, edits: list[tuple[int, str, str]]
) -> None:
    good = data.draw(st.sampled_from(tampered.good[auth]))
    bad = edited(good, edits)
    assert tampered.passes(auth, good)
    # Two spellings of the last letter of base64 can stand for the same bytes: the other one is refused too.
    assert tampered.passes(auth, bad) is (bad in tampered.good[auth])


@given(st.sampled_from(["key", "token"]), st.text())
def test_any_other_text_never_passes(tampered: Tampered, auth: str, text: str) -> None:
    assert not tampered.passes(auth, text)


def test_the_endpoint_knows_its_address(lab: Lab) -> None:
    service = serve(lab)
    endpoint = lab.resources.find(service.endpoint)
    assert isinstance(endpoint, ScoringEndpoint)
    assert endpoint.address == service.address

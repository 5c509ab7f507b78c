"""What else is right and what is not in the exercises of 06-network-and-transit; its predictions."""

import re
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

import labkit
from labkit.azure import Bearer, BlobStorage, Models, ResourceManager, Scoring
from labkit.course import edition_table, exercise, tls_trials
from labkit.course.client_trials import BODY
from labkit.course.exercise import Bench, Result
from labkit.course.exercises.network_stages import STAGES_OF_CALLS
from labkit.course.exercises.network_wire import readable
from labkit.course.network_cases import CASES, stops_at, walled
from labkit.course.network_design import CHOICES, unmet
from labkit.course.network_scene import cluster, network
from labkit.course.service_scene import deploy, keys_of
from labkit.lab import Lab
from labkit.wire.endpoint import on_loopback
from tests.course.answers import (  # noqa: F401
    test_a_prediction_comes_out_as_azure_would_have_it,
    test_an_answer_that_cannot_be_tried_is_told_why,
    test_an_answer_that_is_nearly_right_does_not_pass,
    test_another_right_answer_passes,
)
from tests.course.test_exercises import complaint
from tests.hostile import CORPUS, FUNCTIONS, dispose

STOPS = {
    "carl, his token": "answered",
    "carl, his token of two hours ago": "authentication",
    "mallory, carl's token": "network",
    "mallory, carl's token of two hours ago": "network",
    "rita registers": "authorization",
    "mallory at Resource Manager": "answered",
    "carl over http": "reach",
    "mallory with an access key": "network",
}
DESIGN = dict(
    zip(CHOICES, ("private link", "firewall", "AzureServices", "in the network", "public"), strict=True)
)
WIRE = ("host name", "authority")
PLACES = ("reach", "network", "authentication", "authorization", "parse", "operation", "answered")

RIGHT: list[tuple[str, object]] = [
    ("net-stages", {case: f" {stage.upper()} " for case, stage in STOPS.items()}),
    ("net-stages", dict(reversed(STOPS.items()))),
    ("net-design", {name: choice.title() for name, choice in DESIGN.items()}),
    ("tls-wire", WIRE),
    ("tls-wire", ["Authority", " HOST NAME", "authority"]),
    ("tls-wire", frozenset(WIRE)),
]
NOT_YET: list[tuple[str, object, str]] = [
    ("net-stages", {}, "nothing of these yet: carl, his token"),
    ("net-stages", STOPS | {"carl over http": "transport"}, "'carl over http' is 'transport'"),
    ("net-stages", STOPS | {"carl over http": ...}, "nothing of these yet: carl over http"),
    ("net-stages", STOPS | {"carl": "reach"}, "Not asked for: 'carl'"),
    ("net-stages", STOPS | {"rita registers": "operation"}, "refused at authorization, with Auth"),
    ("net-stages", [*STOPS.values()], "should be a dict"),
    ("net-design", DESIGN | {"bypass": None}, "'bypass'"),
    ("net-design", DESIGN | {"load balancer": "none"}, "one of these: public, internal"),
    ("net-design", {"workspace": "open"}, "nothing of these yet: storage account"),
    ("net-design", DESIGN | {"edition": "Basic"}, "Not asked for: 'edition'"),
    ("tls-wire", "host name", "a list or a set of some of these"),
    ("tls-wire", {"hostname"}, "one of these: host name, path"),
    ("tls-wire", {"host name": True}, "a list or a set"),
    ("tls-wire", ["authority"] * 41, "more than 40"),
]
WRONG: list[tuple[str, object, str]] = [
    ("tls-wire", [], "tls-hides-everything"),
    ("tls-wire", {"host name"}, "certificates-are-secret"),
    ("tls-wire", {*WIRE, "key"}, "http-headers-stay-open"),
    ("tls-wire", {*WIRE, "body"}, "only-one-way-is-encrypted"),
    ("tls-wire", {"answer"}, "only-one-way-is-encrypted"),
    ("tls-wire", {"path", "body"}, "http-headers-stay-open"),
]


def nothing_private(result: Result) -> bool:
    """No key, no port, no path."""
    return not re.search(r"lab-[0-9a-f]{8}|127\.0|[a-z]:\d{2,5}\b|/tmp|\.pem|eyJ", repr(result))


@pytest.mark.parametrize("case", CASES)
def test_one_stage_alone_is_right_for_each_call(case: str) -> None:
    results = {stage: exercise("net-stages").check(STOPS | {case: stage}) for stage in PLACES}
    assert [stage for stage, result in results.items() if result.passed] == [STOPS[case]]
    for stage, result in results.items():
        assert result.passed or f'"{case}": you say {stage}. The lab tried it, and it was' in result.message
        assert nothing_private(result)


def test_each_call_is_made_in_a_lab_of_its_own() -> None:
    labs = []

    class Counting(Bench):
        def lab(self, release: str = "2020-03", seed: int = 2020) -> Lab:
            labs.append(super().lab(release, seed))
            return labs[-1]

    assert STAGES_OF_CALLS.check(STOPS, Counting()).passed
    assert len({id(one) for one in labs}) == len(STOPS)


@pytest.mark.parametrize("chosen", list(product(*CHOICES.values())), ids=", ".join)
def test_one_design_alone_passes(chosen: tuple[str, ...]) -> None:
    design = dict(zip(CHOICES, chosen, strict=True))
    result = exercise("net-design").check(design)
    assert result.passed is (design == DESIGN)
    assert nothing_private(result)
    if not result.passed:
        wish, happened = next(unmet(labkit.start(), design))
        assert f"Not so: {wish}. The lab tried it: {happened}." in result.message
        assert result.misconception


@pytest.mark.parametrize("chosen", list(product((True, False), repeat=6)))
def test_one_set_of_names_alone_passes(chosen: tuple[bool, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labkit.course.exercises.network_wire.readable", lambda lab: set(WIRE))
    names = ("host name", "path", "key", "body", "answer", "authority")
    said = {name for name, one in zip(names, chosen, strict=True) if one}
    assert exercise("tls-wire").check(said).passed is (said == set(WIRE))


def test_the_wire_is_read_and_not_made_up(lab: Lab) -> None:
    assert readable(lab) == set(WIRE)


@pytest.mark.parametrize("id", ["net-stages", "net-design", "tls-wire"])
def test_whatever_is_said_of_one_thing_gets_a_sentence(id: str) -> None:
    whole: dict[str, Any] = {"net-stages": STOPS, "net-design": DESIGN}.get(id, {})
    # What is large, or runs, is tried as a whole answer.
    for name in CORPUS.keys() - FUNCTIONS.keys():
        shown = []
        for _ in range(2):
            value = CORPUS[name]()
            answer: object = whole | {next(iter(whole)): value} if whole else [*WIRE, value]
            result = exercise(id).check(answer)
            dispose(value)
            shown.append(f"{result.passed} {result!r}")
        assert complaint(*shown) == "", name


def rubbish(lab: Lab) -> str:
    walled(lab)
    verdict = lab.attempt("mallory", Models.list_models, lab.workspace, Bearer("rubbish"))
    return str(getattr(verdict.refusal, "stage", ""))


def manager(lab: Lab) -> str:
    walled(lab)
    token = lab.sign_in("carl").bearer
    return lab.attempt("mallory", ResourceManager.get, lab.workspace, token).word


def account_key(lab: Lab) -> str:
    walled(lab)
    stage, verdict = stops_at(lab, "mallory with an access key")
    assert stage == "network"
    assert BlobStorage.list_blobs.name in {hop.operation for hop in lab.trace}
    return verdict.word


def on_aks(lab: Lab) -> str:
    deploy(lab, "key")
    cluster(lab, "inside", network(lab))
    service = deploy(lab, "key", name="other")
    return lab.attempt("client", Scoring.score, service.address, keys_of(lab, service)[0], BODY).word


def in_plain(lab: Lab) -> str:
    service = deploy(lab, "key", target="aci")
    key = keys_of(lab, service)[0]
    with on_loopback(lab, service) as exposed:
        exposed.post(BODY, key)
        return "yes" if exposed.capture.holds(key) else "no"


def basic_refuses(_: Lab) -> str:
    verdicts = edition_table().verdicts
    return str(sum(not verdict for (_, edition), verdict in verdicts.items() if edition == "Basic"))


OUTCOMES: dict[str, tuple[Callable[[Lab], str], str]] = {
    "net-rubbish": (rubbish, "network"),
    "net-arm": (manager, "accepted"),
    "net-account-key": (account_key, "refused"),
    "net-aks-inside": (on_aks, "accepted"),
    "net-editions": (basic_refuses, "4"),
    "tls-key-visible": (in_plain, "yes"),
    "tls-any-certificate": (lambda _: tls_trials().trials[-1].key_read_by, "whoever shows that certificate"),
}

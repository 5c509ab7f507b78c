"""No key and no token of a web service shows anywhere: not in the trace, not in a log, not in any text that
an object of the lab has, not in an error."""

import io
import logging
import traceback
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from itertools import product
from typing import Any

import pytest

from labkit.azure import AppInsights, Bearer, Scoring, ScoringScript, ServiceKey, ServiceToken, WebServices
from labkit.core.credential import Anonymous, Credential
from labkit.core.errors import LabError
from labkit.core.show import Shown
from labkit.lab import Lab
from labkit.services.machine_learning.scoring import presented
from tests.services.ml import ask, deploy, workspace

# What these hold is what they are for; they say so, and do not print it.
KEEP_THEIR_OWN = (Credential,)


def reachable(start: Any) -> Iterator[Any]:
    """Everything that can be got at from an object by its fields, its attributes and what is in it."""
    seen: set[int] = set()
    ahead = [start]
    while ahead:
        one = ahead.pop()
        if id(one) in seen or isinstance(one, type | str | bytes | int | float | None):
            continue
        seen.add(id(one))
        yield one
        if isinstance(one, dict):
            ahead += [*one.keys(), *one.values()]
        elif isinstance(one, list | tuple | set | frozenset):
            ahead += one
        elif type(one).__module__.startswith("labkit") or isinstance(one, BaseException):
            ahead += vars(one).values() if hasattr(one, "__dict__") else ()
            if is_dataclass(one):
                ahead += [getattr(one, each.name, None) for each in fields(one)]


def texts(one: Any) -> Iterator[str]:
    """All the ways in which an object prints itself."""
    yield from (repr(one), str(one), format(one))
    if isinstance(one, Shown):
        yield from one._repr_mimebundle_().values()
    if isinstance(one, BaseException):
        yield "".join(traceback.format_exception(one))
        yield " ".join(map(str, one.args))


def is_plain(one: Any) -> bool:
    """Containers print what is in them, and what is private to a service is in no text of anybody's."""
    return isinstance(one, dict | list | tuple | set | frozenset)


class Story:
    """Services of both forms, called well and badly, with everything that came back."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.secrets: set[str] = set()
        self.shown: list[Any] = []
        script = ScoringScript(lambda raw: 100 // len(raw[3:]))
        deploy(lab, "first", "aks", "none")
        for name, flags in (("by-key", (True, False)), ("by-token", (False, True))):
            where = (name, "churn", "prod", *flags, script)
            self.shown.append(ask(lab, "carl", WebServices.deploy_aks, *where))
        self._learn()
        ask(lab, "carl", WebServices.regen_aks_key, "by-key", "Primary")
        self._learn()
        for secret in sorted(self.secrets):
            self._call_all(secret)
        lab.clock.advance("2h")
        for secret in sorted(self.secrets):
            self._call_all(secret)
        self._misuse()

    def _learn(self) -> None:
        keys = ask(self.lab, "carl", WebServices.get_aks_keys, "by-key")
        access = ask(self.lab, "carl", WebServices.get_token, "by-token")
        self.shown += [keys, access]
        self.secrets |= {key.reveal() for key in keys} | {access.token.reveal()}

    def _call_all(self, secret: str) -> None:
        addresses = [one.address for one in ask(self.lab, "carl", WebServices.list_services)]
        addresses += [
            addresses[0].replace("by-key", "missing"),
            f"https://nowhere.example/score?key={secret}",
        ]
        creds = [presented(f"Bearer {secret}"), ServiceKey(secret), ServiceToken(secret), Bearer(secret)]
        addresses += [f"{one}{mark}{secret}" for one in addresses[:2] for mark in ("?code=", "#")]
        addresses += [addresses[0].replace("://", f"://user:{secret}@"), f"https://{secret}@nowhere.example"]
        for address in addresses:
            for cred in creds:
                for body in ("[1, 2]", "[1]", "no json"):
                    self.shown.append(self.lab.attempt("client", Scoring.score, address, cred, body))

    def _misuse(self) -> None:
        """Secrets where they do not belong: as the argument of something else."""
        lab, token = self.lab, self.lab.sign_in("carl").bearer
        for secret in sorted(self.secrets):
            body = f'["{secret}"]'
            self.shown.append(lab.attempt("x", Scoring.score, self.shown[0].address, Anonymous(), body))
            self.shown.append(
                lab.attempt("x", Scoring.score, self.shown[0].address, ServiceKey(secret), secret)
            )
            self.shown.append(lab.attempt("x", WebServices.get_token, lab.workspace, token, "by-key"))
        insights = workspace(lab).depends_on["insights"]
        self.shown.append(lab.ask("carl", AppInsights.query, insights, token))
        self.shown.append(lab.trace)
        self.shown.append([lab.opens(ServiceKey(secret)) for secret in sorted(self.secrets)])


@pytest.fixture
def story(lab: Lab) -> Iterator[tuple[Story, io.StringIO]]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield Story(lab), stream
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def leaks(text: str, secrets: set[str]) -> list[str]:
    """Secrets that can be read out of a text. Of a token, the signature is what opens something."""
    return [secret for secret in secrets if secret.rpartition(".")[2] in text]


def test_nothing_that_prints_prints_a_key_or_a_token(
    story: tuple[Story, io.StringIO], capsys: pytest.CaptureFixture[str]
) -> None:
    told, stream = story
    looked_at = 0
    for one in reachable(
        [told.lab, told.lab.parts, told.shown, list(told.lab.resources), list(told.lab.trace)]
    ):
        if is_plain(one):
            continue
        looked_at += 1
        for text in texts(one):
            assert leaks(text, told.secrets) == [], type(one)
    assert looked_at > 1000
    out = capsys.readouterr()
    assert leaks(stream.getvalue() + out.out + out.err, told.secrets) == []


def test_what_came_back_has_both_good_and_bad_answers(story: tuple[Story, io.StringIO]) -> None:
    told, _ = story
    refusals = [one.refusal for one in told.shown if getattr(one, "refusal", None) is not None]
    assert {one.status for one in refusals} >= {401, 404, 400, 502, 409, 0}
    assert any(getattr(one, "value", None) for one in told.shown)
    assert all(isinstance(one, LabError) for one in refusals)
    assert len(told.secrets) == 4


def test_hops_and_reports_have_no_field_with_one_in_it(story: tuple[Story, io.StringIO]) -> None:
    told, _ = story
    records = [*told.lab.trace]
    for one in told.lab.resources:
        records += getattr(one, "requests", [])
    assert len(records) > 200
    for record in records:
        for each in fields(record):
            assert leaks(str(getattr(record, each.name)), told.secrets) == []


def test_the_search_finds_what_it_should(lab: Lab) -> None:
    told = Story(lab)
    told.shown.append(ValueError(f"wrong key {min(told.secrets)}"))
    found = [
        one
        for one in reachable(told.shown)
        if not is_plain(one)
        for text in texts(one)
        if leaks(text, told.secrets)
    ]
    assert set(map(type, found)) == {ValueError}


@pytest.mark.parametrize("path", ["", "/", "/your-tenant-id", "/subscriptions/your-sub-id", "/nowhere"])
@pytest.mark.parametrize("shape", ["://user:{}@{}{}", "://{1}{2}?code={0}", "://{1}{2}#{0}"])
def test_no_service_repeats_what_an_address_may_hold_of_a_secret(lab: Lab, shape: str, path: str) -> None:
    hosts = [*{type(one): one.host for one in lab.resources}.values(), "nowhere.example"]
    first = [next(service.operations()) for service in lab.parts.door.services if any(service.operations())]
    for op, host, scheme in product(first, hosts, ("https", "http")):
        address = scheme + shape.format("hidden", host, path)
        verdict = lab.attempt("somebody", op, address, Anonymous())
        assert "hidden" not in f"{verdict!r} {verdict.refusal!r} {lab.trace[-1]!r}", (op, address)

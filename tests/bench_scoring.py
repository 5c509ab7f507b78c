"""How many scoring requests a second the lab answers, with a key and with a token, beside a bare WSGI
application that gives the same answer and checks nothing."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any
from wsgiref.util import setup_testing_defaults

import labkit
from labkit.azure import Models, ResourceManager, Scoring, ServiceKey, ServiceToken, WebServices
from labkit.core.credential import Credential
from labkit.core.resource import Component
from labkit.furniture import REGION
from labkit.lab import Lab
from labkit.services import kubernetes
from labkit.services.app_insights import ApplicationInsights
from labkit.services.machine_learning.deployment import WebService
from labkit.services.resource_id import group_of
from tests.race import Row, Rows, race

WEIGHTS, BODY = b"weights", b'{"data": [[1.0, 2.0, 3.0]]}'
COUNT = 200


def deployed(lab: Lab) -> dict[str, tuple[WebService, Credential]]:
    """A service for each form of authentication, with what opens it."""
    carl = lab.sign_in("carl").bearer

    def ask(op: Any, *args: Any) -> Any:
        return lab.ask("carl", op, lab.workspace, carl, *args)

    machine = f"{group_of(lab.workspace)}/providers/{kubernetes.TYPE}/bench"
    lab.ask("carl", ResourceManager.put, machine, carl, REGION)
    attached = {"computeType": "AKS", "resourceId": machine}
    lab.ask("carl", ResourceManager.put, f"{lab.workspace}/computes/bench", carl, REGION, attached)
    ask(Models.register, "model", WEIGHTS)
    by_key = ask(WebServices.deploy_aks, "by-key", "model", "bench", True, False)
    by_token = ask(WebServices.deploy_aks, "by-token", "model", "bench", False, True)
    key, _ = ask(WebServices.get_aks_keys, "by-key")
    token, _ = ask(WebServices.get_token, "by-token")
    return {
        "key": (by_key, ServiceKey(key.reveal())),
        "token": (by_token, ServiceToken(token.reveal())),
    }


def bare(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Reads the body, scores it as the lab's services do, and answers whoever asks."""
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    json.loads(body)
    checksum = hashlib.sha256(WEIGHTS)
    checksum.update(hashlib.sha256(body).digest())
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"model": "model:1", "checksum": checksum.hexdigest()[:16]}).encode()]


def ask_bare(count: int) -> list[bytes]:
    """As many requests of the bare application, each with an environment of its own."""
    environ: dict[str, Any] = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(BODY))}
    setup_testing_defaults(environ)
    answers = []
    for _ in range(count):
        fresh = {**environ, "wsgi.input": io.BytesIO(BODY)}
        answers.append(b"".join(bare(fresh, lambda status, headers: None)))
    return answers


def ask_lab(lab: Lab, service: WebService, cred: Credential, count: int) -> list[Any]:
    """As many requests of a web service, which forgets them afterwards."""
    door, caller = lab.parts.door, Component("client")
    answers = [door.ask(caller, Scoring.score, service.address, cred, BODY) for _ in range(count)]
    lab.trace.clear()
    for one in lab.resources:
        if isinstance(one, ApplicationInsights):
            one.reports.medium.records.clear()
            one.reports.written.clear()
    return answers


def scoring(rounds: int, count: int = COUNT) -> Rows:
    """A request of each: through the door, authenticated, checked, answered, and reported."""
    lab = labkit.start()
    for auth, (service, cred) in deployed(lab).items():
        [answer] = ask_lab(lab, service, cred, 1)
        assert answer == json.loads(ask_bare(1)[0]), "they answer otherwise"
        row = Row(f"score with a {auth}", "a bare WSGI application")
        row = race(row, partial(ask_lab, lab, service, cred, count), partial(ask_bare, count), rounds, count)
        assert row.ours
        assert row.other
        yield replace(row, note=f"{1 / row.ours:,.0f} a second, against {1 / row.other:,.0f}")

"""Scoring requests, as they come to a deployed web service."""

from __future__ import annotations

from labkit.core.errors import LabError, brief
from labkit.services.machine_learning.scoring import Scoring, presented
from labkit.wire.message import CALLER, Answer, AnyLab, Request, status_of, told


def answer(lab: AnyLab, request: Request) -> Answer:
    """The model's answer as JSON; a refusal is a text, as a web service gives it."""
    if request.method != "POST":
        return _text(405, f"A web service takes POST, and this is {brief(request.method, 20)}.", Allow="POST")
    credential = presented(request.headers.get("authorization"))
    try:
        scored = lab.ask(
            CALLER, Scoring.score, request.at(request.host, request.path), credential, request.body
        )
    except LabError as error:
        return _text(status_of(error), told(error))
    return Answer.json(200, scored)


def _text(status: int, text: str, **headers: str) -> Answer:
    return Answer(status, text.encode(), {"Content-Type": "text/plain; charset=utf-8", **headers})

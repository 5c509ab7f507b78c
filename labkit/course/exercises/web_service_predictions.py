"""The predictions of 04-web-service-keys-vs-tokens, and its exercises in their order."""

from __future__ import annotations

from labkit.course.exercises.web_service_choose import CHOOSE
from labkit.course.exercises.web_service_keys import PROTECT, ROTATE
from labkit.course.exercises.web_service_leak import LEAK
from labkit.course.exercises.web_service_tokens import CLIENT, OUTAGE
from labkit.course.prediction import asked_in

NOTEBOOK = "04-web-service-keys-vs-tokens.ipynb"
_prediction = asked_in(NOTEBOOK, "accepted", "refused")

PREDICTIONS = (
    _prediction(
        "svc-aci-default",
        "olivia deploys to ACI and says nothing about authentication. Who gets in: anybody, or a caller with a key, or one with a token?",
        *("anybody", "key", "token"),
    ),
    _prediction(
        "svc-both-forms",
        "olivia deploys to AKS and asks for both: auth_enabled=True and token_auth_enabled=True. What does the service take?",
        *("both", "key", "token", "refused"),
    ),
    _prediction(
        "svc-key-after-a-year",
        "A client got a key and calls with it a year later. Nobody has touched the service.",
    ),
    _prediction(
        "svc-regen-other",
        "olivia regenerates the primary key. A client calls with the secondary key that it has had from the beginning.",
    ),
    _prediction(
        "svc-token-at-50",
        "A token of 50 minutes is shown: refresh_by was five minutes ago, and in ten minutes it expires.",
    ),
    _prediction(
        "svc-region-token",
        "A client fetched a token ten minutes ago. The workspace's region goes down, the cluster's stays up. The client calls.",
    ),
    _prediction(
        "svc-region-key",
        "The same with a key: the workspace's region is down, the cluster's is up, and a client calls with the primary key.",
    ),
    _prediction(
        "svc-switch",
        "A service on AKS takes keys. olivia switches it to tokens. A client calls with the key that it has.",
    ),
)

EXERCISES = (PROTECT, ROTATE, CLIENT, OUTAGE, CHOOSE, LEAK)

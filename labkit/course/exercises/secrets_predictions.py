"""The predictions of 07-secrets-and-managed-identity, and its exercises in their order."""

from __future__ import annotations

from labkit.course.exercises.secrets_leak import LEAK
from labkit.course.exercises.secrets_least import LEAST
from labkit.course.exercises.secrets_where import WHERE
from labkit.course.prediction import asked_in
from labkit.course.secret_places import MICROSOFT_VAULT, NOWHERE, WORKSPACE_VAULT

NOTEBOOK = "07-secrets-and-managed-identity.ipynb"
_prediction = asked_in(NOTEBOOK, "accepted", "refused")

PREDICTIONS = (
    _prediction(
        "kv-owner-reads",
        "olivia is Owner of the subscription. The access policy of the workspace's vault does not name her. She lists the secrets in it.",
    ),
    _prediction(
        "kv-contributor-in",
        "carl, a Contributor, puts himself into the access policy of the workspace's vault, and lists the secrets in it.",
    ),
    _prediction(
        "kv-typed-password",
        "olivia attaches a virtual machine with the password of an account there. Later she wants to know where that password is kept.",
        *(WORKSPACE_VAULT, MICROSOFT_VAULT, "virtual machine", NOWHERE),
    ),
    _prediction(
        "kv-key-regenerated",
        "olivia regenerates key1 of the workspace's storage account. Then a run reads from its data store.",
    ),
)

EXERCISES = (WHERE, LEAK, LEAST)

"""The predictions of 10-incident-drills."""

from __future__ import annotations

from labkit.course.prediction import Prediction

NOTEBOOK = "10-incident-drills.ipynb"

PREDICTIONS = (
    Prediction(
        id="drill-blob-by-key",
        notebook=NOTEBOOK,
        question="carl reads a blob, once with a token and once with the access key of the storage account. In which of the two cases does the account's log tell "
        "that it was carl?",
        options=("both", "with the token", "with the key", "neither"),
    ),
    Prediction(
        id="drill-ended-run",
        notebook=NOTEBOOK,
        question="A run has ended hours ago. Somebody has a copy of its service token, and asks Azure ML for the credential of a data store with it.",
        options=("accepted", "refused"),
    ),
    Prediction(
        id="drill-old-records",
        notebook=NOTEBOOK,
        question="A job had a secret in an environment variable. Since yesterday it takes it from a run secret. What do Microsoft's records have?",
        options=("nothing of it", "the secret", "the name of the variable alone"),
    ),
)

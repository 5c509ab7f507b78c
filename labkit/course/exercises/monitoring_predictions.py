"""The predictions of 08-data-collection-and-monitoring."""

from __future__ import annotations

from labkit.course.prediction import asked_in
from labkit.course.who_did_this import SOURCES, UNKNOWN

NOTEBOOK = "08-data-collection-and-monitoring.ipynb"
_prediction = asked_in(NOTEBOOK, "found", "not found")

PREDICTIONS = (
    _prediction(
        "data-variable",
        "carl gives a run the password of a database as an environment variable. Is the password found in the diagnostic store in Microsoft's "
        "subscription?",
    ),
    _prediction(
        "data-hbi",
        "A workspace of high business impact, and the documents read as: the flag controls how much is collected. Is the password of a run's "
        "environment variable found in the diagnostic store?",
    ),
    _prediction(
        "data-print",
        "score.py prints what it is given. A shop sends patient-4711. Is that found in Application Insights?",
    ),
    _prediction(
        "mon-in-log",
        "A cluster was created, deleting it was refused, a key was regenerated, a model was registered, a run was started, and the workspace "
        "was read. How many of these six are in the activity log?",
        *map(str, range(7)),
    ),
    _prediction(
        "mon-who-deleted",
        "Somebody deleted the web service prices. carl, dora and emil may do that. Where does it stand who it was?",
        *(*SOURCES, UNKNOWN),
    ),
)

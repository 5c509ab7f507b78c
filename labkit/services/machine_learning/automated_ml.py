"""Automated machine learning: a run whose script is Azure ML's own, and what it leaves in the data store."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from labkit.authenticators.platform import Platform
from labkit.core.errors import BadInput, BadRequest, brief
from labkit.core.operation import Call, operation
from labkit.services.azure_ad import STORAGE
from labkit.services.machine_learning.compute import RunContext
from labkit.services.machine_learning.runs import check_experiment
from labkit.services.machine_learning.submission import Submission, Wanted
from labkit.services.machine_learning.workspace import TYPE, MachineLearning, Run, Workspace
from labkit.services.storage import BlobStorage

# What the intermediate data are called among the outputs of their run.
PREPROCESSED = "preprocessed/features.csv"
_RUNS = f"{TYPE}/experiments/runs"
_MOST_ROWS, _MOST_FEATURES = 500, 100
Row = tuple[float, ...]


@dataclass(frozen=True)
class _Experiment:
    """What the node does: reads the training data, makes features of them, keeps these, and tries models."""

    data_store: str
    path: str
    label: str

    def __call__(self, run: RunContext) -> None:
        folder, _, name = self.path.rpartition("/")
        header, rows = _table(run.as_mount(self.data_store, folder).read(name))
        if self.label not in header:
            raise BadInput("There is no such column.", presented=self.label, required=", ".join(header)[:200])
        names, features, labels = _features(header, rows, self.label)
        run.upload_file(PREPROCESSED, _as_csv([*names, self.label], features, labels))
        run.log("rows", len(rows))
        run.log("accuracy, majority", _majority(labels))
        run.log("accuracy, nearest neighbour", _nearest(features, labels))


def _table(data: bytes) -> tuple[list[str], list[list[str]]]:
    import csv

    header, *rows = [row for row in csv.reader(io.StringIO(data.decode("utf-8", "replace"))) if row] or [[]]
    whole = [row for row in rows if len(row) == len(header)]
    if not 2 <= len(whole) <= _MOST_ROWS:
        raise BadInput(
            "Those are no training data.",
            presented=f"{len(whole)} rows that fit their header",
            required=f"comma-separated values with a header, and 2 to {_MOST_ROWS} rows",
        )
    return header, whole


def _features(header: list[str], rows: list[list[str]], label: str) -> tuple[list[str], list[Row], list[str]]:
    """Numbers from 0 to 1: columns of numbers scaled, with the mean for what is missing; one column for each
    value of others."""
    names: list[str] = []
    columns: list[list[float]] = []
    for place, name in enumerate(header):
        texts = [row[place].strip() for row in rows]
        if name == label:
            labels = texts
        elif (numbers := _numbers(texts)) is not None:
            names.append(name)
            columns.append(_scaled(numbers))
        else:
            for value in sorted(set(texts)):
                names.append(f"{name}={value}")
                columns.append([float(text == value) for text in texts])
    if len(names) > _MOST_FEATURES:
        raise BadInput(
            "Those data have too many features.",
            presented=f"{len(names)}: each word of a column is one",
            required=f"at most {_MOST_FEATURES}",
            advice="leave out columns of names and ids, from which nothing can be learnt",
        )
    return names, list(zip(*columns, strict=True)) or [() for _ in rows], labels


def _numbers(texts: list[str]) -> list[float] | None:
    try:
        known = [float(text) for text in texts if text]
    except ValueError:
        return None
    if not known or not all(abs(one) < 1e300 for one in known):
        return None
    mean = sum(one / len(known) for one in known)
    return [float(text) if text else mean for text in texts]


def _scaled(numbers: list[float]) -> list[float]:
    least, most = min(numbers), max(numbers)
    return [(one - least) / (most - least) if most > least else 0.0 for one in numbers]


def _as_csv(header: Sequence[str], features: list[Row], labels: list[str]) -> bytes:
    text = io.StringIO()
    import csv

    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    for row, label in zip(features, labels, strict=True):
        writer.writerow([*(f"{one:.6g}" for one in row), label])
    return text.getvalue().encode()


def _majority(labels: list[str]) -> float:
    return Counter(labels).most_common(1)[0][1] / len(labels)


def _nearest(features: list[Row], labels: list[str]) -> float:
    """Each row is given the label of the one that is nearest to it, without itself."""
    right = 0
    for place, row in enumerate(features):
        others = (other for other in range(len(features)) if other != place)
        nearest = min(others, key=lambda other: _distance(row, features[other]))
        right += labels[nearest] == labels[place]
    return right / len(labels)


def _distance(one: Row, other: Row) -> float:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def _check_data(experiment: str, path: str, label: str) -> None:
    check_experiment(experiment)
    if not path or path.endswith("/") or not label:
        raise BadRequest(
            "Which data, and which column?",
            presented=f"{brief(path)}, {brief(label)}",
            required="container/directory/file.csv, and the name of a column",
        )


class AutomatedML(MachineLearning):
    """Finds a model by trying several, none of which somebody has written a script for."""

    def __init__(self, platform: Platform, submission: Submission) -> None:
        super().__init__(platform)
        self._submission = submission

    @operation("Submit automated ML run", action=f"{_RUNS}/submit/action", parse=_check_data)
    def submit(
        self, call: Call[Workspace], experiment: str, compute: str, data_store: str, path: str, label: str
    ) -> Run:
        """Trains on a file of comma-separated values in a data store, for a column of it. What the node makes
        of the data before it trains is kept with the run's outputs, in the workspace's data store. Raises
        what `Runs.submit` raises. Statement data-generated."""
        # assumption: automated-ml
        script = _Experiment(data_store, path, label)
        wanted = Wanted(experiment, compute, script, data_stores=(data_store,))
        return self._submission.submit(self, call, wanted)

    @operation("List intermediate data", action=f"{_RUNS}/read")
    def intermediate(self, call: Call[Workspace], run_id: str) -> list[str]:
        """The names of the blobs that a run has left there: names alone, whoever asks. Raises NotFound for an
        unknown run."""
        self._submission.check_known(call, run_id)
        folder = call.target.own(f"ExperimentRun/dcid.{run_id}/preprocessed/")
        as_identity = self.as_workspace(call, call.target, STORAGE)
        return call.ask(
            BlobStorage.list_blobs, call.target.depends_on["storage"], as_identity, f"azureml/{folder}"
        )

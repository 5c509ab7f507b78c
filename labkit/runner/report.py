"""What is kept of a sweep: `report.json` in the folder of the executed notebooks.

    {"sweep": 1,                                  the version of this format
     "grid": {"notebook": "...", "axes": ["NAME=VALUE,VALUE"]} or null,
     "passed": 74, "failed": 1, "not_run": 1, "seconds": 21.4,
     "runs": [{"name": "expired-token", "notebook": "01-authentication-flow.ipynb", "says": "...",
               "parameters": {...}, "state": "passed" | "failed" | "not run", "seconds": 0.41,
               "outcome": {...},                  what the notebook reported at its end
               "failure": {"cell": "id", "line": "...", "error": "NameError", "message": "..."} or null}]}

`runs` stands in the order of the scenarios. A sweep of only what failed keeps the other runs as they were.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from labkit.core.errors import BadInput
from labkit.runner.execute import Failure, Result
from labkit.runner.scenarios import Scenario

FILE = "report.json"
PASSED, FAILED, NOT_RUN = "passed", "failed", "not run"
_FORMAT = 1


@dataclass(frozen=True)
class Run:
    """A scenario and how it went; `seconds` and `outcome` are of the run, `parameters` of the scenario."""

    name: str
    notebook: str
    says: str
    parameters: dict[str, Any]
    state: str = NOT_RUN
    seconds: float = 0
    outcome: dict[str, Any] = field(default_factory=dict)
    failure: Failure | None = None

    @classmethod
    def of(cls, scenario: Scenario) -> Run:
        """Before it was run."""
        return cls(scenario.name, scenario.notebook.name, scenario.says, scenario.parameters)

    def after(self, result: Result) -> Run:
        """When it was run."""
        state = PASSED if result.failure is None else FAILED
        changed = {"seconds": round(result.seconds, 3), "outcome": result.outcome, "failure": result.failure}
        return replace(self, state=state, **changed)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Grid:
    """What was typed to make a grid."""

    notebook: str
    axes: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """A sweep. `seconds` is how long all of it took."""

    runs: tuple[Run, ...]
    seconds: float = 0
    grid: Grid | None = None

    def count(self, state: str) -> int:
        """How many runs are in this state."""
        return sum(run.state == state for run in self.runs)

    def names(self, *states: str) -> list[str]:
        """The runs in one of these states."""
        return [run.name for run in self.runs if run.state in states]

    def merged(self, newer: Iterable[Run]) -> Report:
        """With these in place of the runs of the same names."""
        by_name = {run.name: run for run in newer}
        return replace(self, runs=tuple(by_name.get(run.name, run) for run in self.runs))

    def as_json(self) -> dict[str, Any]:
        """As it is kept."""
        counts = {"passed": self.count(PASSED), "failed": self.count(FAILED), "not_run": self.count(NOT_RUN)}
        grid = None if self.grid is None else asdict(self.grid)
        head = {"sweep": _FORMAT, "grid": grid, **counts, "seconds": round(self.seconds, 3)}
        return head | {"runs": list(map(asdict, self.runs))}


def write(report: Report, folder: Path) -> None:
    """Into the folder, at once and whole."""
    new = folder / f".{FILE}.new"
    new.write_text(json.dumps(report.as_json(), indent=2) + "\n", "utf-8")
    new.replace(folder / FILE)


def read(folder: Path) -> Report:
    """What the last sweep kept there. Raises BadInput."""
    path = folder / FILE
    try:
        found = json.loads(path.read_text("utf-8"))
        if found["sweep"] != _FORMAT:
            raise ValueError(f"format {found['sweep']}, not {_FORMAT}")
        grid = found["grid"] and Grid(found["grid"]["notebook"], tuple(found["grid"]["axes"]))
        return Report(tuple(map(_run, found["runs"])), found["seconds"], grid)
    except FileNotFoundError:
        raise BadInput(
            "No sweep has been kept there.", presented=str(folder), advice="run it once without --failed"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise BadInput("This is no report of a sweep.", presented=f"{path}: {error!r}"[:200]) from None


def _run(found: dict[str, Any]) -> Run:
    failure = found["failure"] and Failure(**found["failure"])
    if found["state"] not in (PASSED, FAILED, NOT_RUN):
        raise ValueError(found["state"])
    return Run(**{**found, "failure": failure})


def plot(runs: Sequence[Run]) -> str:
    """Outcome by scenario, as text: a line for each notebook, a mark for each of its runs."""
    marks = {PASSED: ".", FAILED: "F", NOT_RUN: "-"}
    notebooks = list(dict.fromkeys(run.notebook for run in runs))
    width = max(map(len, notebooks), default=0)
    lines = []
    for notebook in notebooks:
        own = [run for run in runs if run.notebook == notebook]
        row = "".join(marks[run.state] for run in own)
        passed = sum(run.state == PASSED for run in own)
        lines.append(f"{notebook:<{width}}  {passed:>3} of {len(own):<3}  {row}")
    return "\n".join(lines)

"""Which scenarios a sweep runs: all, some by name, a grid, or what failed the last time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from labkit.core.errors import BadInput
from labkit.runner import report
from labkit.runner.grid import grid
from labkit.runner.report import FAILED, NOT_RUN, Grid, Report, Run
from labkit.runner.scenarios import Scenario, choose, read


@dataclass(frozen=True)
class Choice:
    """What somebody typed."""

    only: Sequence[str] = ()
    notebook: str | None = None
    axes: Sequence[str] = ()
    failed: bool = False


def chosen(file: Path, choice: Choice, out: Path | None) -> tuple[list[Scenario], Report]:
    """The scenarios to run, and the report that they become a part of. Raises BadInput."""
    if choice.failed:
        return _failed(file, choice, out)
    if choice.axes and choice.only:
        raise BadInput("A grid has no names to choose from.", presented=", ".join(choice.only))
    if choice.notebook is not None and not choice.axes:
        raise BadInput("What of this notebook?", presented=choice.notebook, required="--grid NAME=VALUE,...")
    made = Grid(choice.notebook or "", tuple(choice.axes)) if choice.axes else None
    scenarios = choose(_all(file, made), list(choice.only))
    return scenarios, Report(tuple(map(Run.of, scenarios)), grid=made)


def _all(file: Path, made: Grid | None) -> list[Scenario]:
    return read(file) if made is None else grid(file.parent, made.notebook, made.axes)


def _failed(file: Path, choice: Choice, out: Path | None) -> tuple[list[Scenario], Report]:
    if choice.only or choice.axes or choice.notebook:
        raise BadInput(
            "What failed is chosen by the last sweep alone.", required="--failed without names or a grid"
        )
    if out is None:
        raise BadInput("Where did something fail?", required="--out with the folder of the last sweep")
    last = report.read(out)
    names = last.names(FAILED, NOT_RUN)
    now = _all(file, last.grid)
    return choose(now, names) if names else [], last

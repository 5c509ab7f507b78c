"""All scenarios, several at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from labkit.core.errors import BadInput
from labkit.runner.dask_pool import DaskWorkers
from labkit.runner.execute import CELL_TIMEOUT, Result, Task, run
from labkit.runner.out_folder import keep, prepared
from labkit.runner.pool import how_many
from labkit.runner.progress import progress
from labkit.runner.report import FAILED, NOT_RUN, PASSED, Report, Run, plot
from labkit.runner.runs import Choice, chosen
from labkit.runner.scenarios import Scenario
from labkit.runner.workers import Pool, workers


def sweep(
    file: Path,
    choice: Choice = Choice(),  # noqa: B008
    *,
    jobs: int | None = None,
    out: Path | None = None,
    reports: Sequence[str] = (),
    timeout: int = CELL_TIMEOUT,
    plain: bool = False,
    dask: str | None = None,
) -> int:
    """Runs the scenarios of a file, or those of a choice, `jobs` at a time (None: one for each processor),
    and prints what fails as soon as it does and a summary at the end. The executed notebooks and the
    `reports` are kept in `out`; a cell may take `timeout` seconds. With `plain`, every kernel is a process of
    its own, as papermill starts it. With `dask`, the workers of the Dask cluster at this address run them, as
    many at a time as they have threads, or `jobs` of them. Returns how many runs failed. Raises BadInput,
    before anything runs, and ClusterLost where the cluster does not stay to the end."""
    if jobs is not None and (isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1):
        raise BadInput("So many jobs cannot run.", presented=repr(jobs)[:60], required="1 or more")
    if reports and out is None:
        raise BadInput("A report needs a folder.", required="--out DIR")
    scenarios, report = chosen(file, choice, out)
    kept = None if out is None else prepared(out, file.parent, report.names(PASSED, FAILED, NOT_RUN), reports)
    count = how_many(len(scenarios), jobs)
    cluster = _cluster(dask, scenarios, jobs, plain)
    started = perf_counter()
    done: dict[str, Run] = {run.name: run for run in report.runs}
    try:
        with _tasks(scenarios, kept, timeout) as tasks:
            for task, result in _results(tasks, cluster or workers(count, plain)):
                done[task.scenario.name] = Run.of(task.scenario).after(result)
    finally:
        report = replace(report.merged(done.values()), seconds=perf_counter() - started)
        if kept is not None:
            keep(report, kept, reports)
        _say(report, [scenario.name for scenario in scenarios])
    return report.count(FAILED)


@contextmanager
def _tasks(scenarios: list[Scenario], kept: Path | None, timeout: int) -> Iterator[list[Task]]:
    # Something may still write there when the sweep is interrupted.
    with TemporaryDirectory(prefix="labkit-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        yield [
            Task(scenario, (kept or folder) / f"{scenario.name}.ipynb", folder, f"run-{number}", timeout)
            for number, scenario in enumerate(scenarios, 1)
        ]


def _results(tasks: list[Task], way: AbstractContextManager[Pool]) -> Iterator[tuple[Task, Result]]:
    if not tasks:
        return
    with way as pool, progress(len(tasks)) as show:
        for task, outcome in pool.results(run, tasks):
            result = outcome if isinstance(outcome, Result) else Result.broken(task, outcome)
            show(result)
            yield task, result


def _cluster(
    address: str | None, scenarios: list[Scenario], jobs: int | None, plain: bool
) -> DaskWorkers | None:
    if address is None or not scenarios:
        return None
    return DaskWorkers(address, (scenario.notebook for scenario in scenarios), jobs, plain)


def _say(report: Report, run: Iterable[str]) -> None:
    names = set(run)
    if not names:
        print("Nothing failed the last time, so there is nothing to run again.")
        return
    now = Report(tuple(one for one in report.runs if one.name in names))
    print(plot(now.runs))
    missing = f", {now.count(NOT_RUN)} not run" if now.count(NOT_RUN) else ""
    print(f"{now.count(PASSED)} passed, {now.count(FAILED)} failed{missing}", flush=True)

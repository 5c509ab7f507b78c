"""All scenarios, several at a time."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from labkit.core.errors import BadInput
from labkit.runner.execute import CELL_TIMEOUT, Result, Task, run
from labkit.runner.pool import MOST_WORKERS, Workers
from labkit.runner.progress import progress
from labkit.runner.scenarios import choose, read


def sweep(
    file: Path,
    *,
    jobs: int | None = None,
    only: Iterable[str] = (),
    out: Path | None = None,
    timeout: int = CELL_TIMEOUT,
) -> int:
    """Runs the scenarios of a file, or those named in `only`, `jobs` at a time (None: one for each
    processor), and prints what fails and, at the end, how many passed. The executed notebooks are kept in
    `out`; a cell may take `timeout` seconds. Returns how many scenarios failed. Raises BadInput."""
    if jobs is not None and (isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1):
        raise BadInput("So many jobs cannot run.", presented=repr(jobs)[:60], required="1 or more")
    scenarios = choose(read(file), list(only))
    kept = _made(out) if out is not None else None
    # Something may still write there when the sweep is interrupted.
    with TemporaryDirectory(prefix="labkit-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        tasks = [
            Task(scenario, (kept or folder) / f"{scenario.name}.ipynb", folder, f"kernel-{number}", timeout)
            for number, scenario in enumerate(scenarios, 1)
        ]
        count = min(jobs or os.cpu_count() or 1, len(tasks), MOST_WORKERS)
        failed = 0
        with Workers(count) as workers, progress(len(tasks)) as show:
            for task, outcome in workers.results(run, tasks):
                result = outcome if isinstance(outcome, Result) else Result.broken(task, outcome)
                failed += result.failure is not None
                show(result)
    print(f"{len(tasks) - failed} passed, {failed} failed")
    return failed


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput("The executed notebooks cannot be kept there.", presented=str(error)) from None
    return folder.resolve()

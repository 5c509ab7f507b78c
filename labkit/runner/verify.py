"""`labkit verify`: notebooks as a gate. nbval's comparison, determinism, and no secret in anything."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from labkit.core.errors import BadInput
from labkit.runner import comparison, repetition, report
from labkit.runner.findings import Checked, Finding, as_json, junit
from labkit.runner.pool import Workers, how_many
from labkit.runner.readable import has_code, unreadable
from labkit.runner.repetition import Execution
from labkit.runner.scenarios import read
from labkit.runner.secret_scan import leaks_in_file, masked
from labkit.runner.sweep import sweep

READABLE, SECRETS, SCENARIOS = "readable", "secrets", "scenarios"
COMPARED, REPEATED = comparison.CHECK, repetition.CHECK


@dataclass(frozen=True)
class Wanted:
    """What is to be verified.

    notebooks  the folder of the notebooks
    only       file names of those that are; all of them where there are none
    outputs    the folder with what a sweep has kept (None: where all notebooks are verified, the scenarios
               beside them are run for it)
    jobs       how many processes work at a time (None: one for each processor)
    """

    notebooks: Path
    only: Sequence[str] = ()
    outputs: Path | None = None
    jobs: int | None = None


def verify(wanted: Wanted, file: Path | None = None, for_programs: bool = False) -> int:
    """Checks the notebooks, prints a line for each finding and what was checked, and writes a JUnit file.
    Returns 1 where there is a finding, else 0. Raises BadInput for what cannot be checked at all."""
    if file is not None:
        _prepare(file)
    checked = list(verified(wanted))
    if file is not None:
        file.write_bytes(junit(checked))
    if for_programs:
        print(json.dumps(as_json(checked), indent=2))
    else:
        print("\n".join(_lines(checked)))
        if wanted.outputs is None and not any(one.check == SCENARIOS for one in checked):
            print("No outputs of a sweep were searched; --outputs DIR names them.")
    return 1 if any(one.findings for one in checked) else 0


def _prepare(file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("ab"):
            pass
    except OSError as error:
        raise BadInput("The JUnit file cannot be written.", presented=str(error)) from None


def _lines(checked: Sequence[Checked]) -> Iterator[str]:
    yield from (str(finding) for one in checked for finding in one.findings)
    for check in dict.fromkeys(one.check for one in checked):
        ran = [one for one in checked if one.check == check and not one.left_out]
        found = sum(len(one.findings) for one in ran)
        yield f"{check}: {_counted(len(ran), 'files')}, {_counted(found, 'findings')}"


def _counted(number: int, what: str) -> str:
    return f"{number} {what.removesuffix('s') if number == 1 else what}"


def verified(wanted: Wanted) -> Iterator[Checked]:
    """All checks, one after another. Raises BadInput, before the first, for what cannot be checked at all."""
    if wanted.jobs is not None and wanted.jobs < 1:
        raise BadInput("So many jobs cannot run.", presented=f"{wanted.jobs}", required="1 or more")
    paths = _chosen(wanted.notebooks, wanted.only)
    if wanted.outputs is not None:
        _check_outputs(wanted.outputs)
    scenarios = wanted.notebooks / "scenarios.toml"
    run_them = wanted.outputs is None and not wanted.only and scenarios.is_file()
    if run_them:
        read(scenarios)
    reasons = {path: unreadable(path) for path in paths}
    sound = [path for path in paths if not reasons[path]]
    if len(sound) == len(paths) and not any(map(has_code, paths)):
        raise BadInput(
            "Nothing would be checked: there is no code in any notebook.", presented=str(wanted.notebooks)
        )
    for path, reason in reasons.items():
        yield from _readable(path, reason)
    yield from _executed(sound, wanted.jobs)
    beside = (
        [] if wanted.only else [path for path in _regular(wanted.notebooks.iterdir()) if path not in paths]
    )
    yield from (_searched(path, path.name) for path in (*paths, *beside))
    if wanted.outputs is not None:
        yield from _left(wanted.outputs)
    elif run_them:
        yield from _swept(scenarios, wanted.jobs)


def _chosen(folder: Path, only: Sequence[str]) -> list[Path]:
    if not folder.is_dir():
        raise BadInput("There is no such folder.", presented=str(folder), required="a folder with notebooks")
    known = {path.name: path for path in sorted(folder.glob("*.ipynb"))}
    if not known:
        below = sorted({str(path.parent) for path in folder.glob("[!.]*/*.ipynb")})
        raise BadInput(
            "Nothing would be checked: there is no notebook in this folder itself.",
            presented=str(folder),
            required="files that end in .ipynb",
            advice=f"--notebooks {' or '.join(below[:3])}" if below else "",
        )
    unknown = [name for name in only if name not in known]
    if unknown:
        raise BadInput("There is no such notebook.", presented=", ".join(unknown), required=", ".join(known))
    return [path for name, path in known.items() if not only or name in only]


def _check_outputs(folder: Path) -> None:
    if not folder.is_dir():
        raise BadInput(
            "There is no such folder.", presented=str(folder), required="what `labkit sweep --out` keeps"
        )
    if not _regular(folder.rglob("*")):
        raise BadInput("Nothing would be searched: there is no file.", presented=str(folder))


def _regular(paths: Iterator[Path]) -> list[Path]:
    return sorted(path for path in paths if path.is_file())


def _readable(path: Path, reason: str) -> Iterator[Checked]:
    todo = "open it in JupyterLab and store it anew, or move it elsewhere"
    found = (Finding(READABLE, path.name, "", reason, todo),) if reason else ()
    yield Checked(path.name, READABLE, 0, found)
    if reason:
        yield from (Checked(path.name, check, 0, left_out=reason) for check in (COMPARED, REPEATED))


@dataclass(frozen=True)
class Step:
    """What a worker does: a comparison, or one of the two executions."""

    path: Path
    compare: bool


@dataclass(frozen=True)
class Done:
    """What came of a step, and how long it took (seconds)."""

    seconds: float
    came: list[Finding] | Execution


def carry_out(step: Step) -> Done:
    """In a worker process."""
    started = perf_counter()
    came = comparison.compared(step.path) if step.compare else repetition.executed(step.path)
    return Done(perf_counter() - started, came)


def _executed(paths: Sequence[Path], jobs: int | None) -> Iterator[Checked]:
    steps = [Step(path, compare) for path in paths for compare in (True, False, False)]
    if not steps:
        return
    # Forks of one process have their objects at the same addresses: what shows one would look deterministic.
    with Workers(how_many(len(steps), jobs)) as workers:
        results = workers.results(carry_out, steps)
        for path in paths:
            for one in _judged(path, *(_done(outcome) for _, outcome in islice(results, 3))):
                told = f"{one.file} {one.check}: {_state(one)}, {one.seconds:.1f} s"
                print(told, file=sys.stderr, flush=True)
                yield one


def _done(outcome: Done | Exception) -> Done:
    """What a worker has sent, or what is known of one that died."""
    if isinstance(outcome, Done):
        return outcome
    return Done(0, Execution("", f"the worker failed: {type(outcome).__name__}: {outcome}"))


def _judged(path: Path, compared: Done, first: Done, second: Done) -> Iterator[Checked]:
    found = compared.came
    if isinstance(found, Execution):
        found = [Finding(COMPARED, path.name, "", found.failure, "labkit doctor")]
    yield Checked(path.name, COMPARED, compared.seconds, tuple(found))
    assert isinstance(first.came, Execution)
    assert isinstance(second.came, Execution)
    unlike = repetition.repeated(path, first.came, second.came)
    yield Checked(path.name, REPEATED, first.seconds + second.seconds, tuple(unlike))


def _state(one: Checked) -> str:
    return "ok" if not one.findings else _counted(len(one.findings), "findings")


def _searched(path: Path, name: str) -> Checked:
    started = perf_counter()
    try:
        leaks = leaks_in_file(path.read_bytes())
    except OSError as error:
        found = [Finding(SECRETS, name, "", f"it cannot be read: {error.strerror}", "make it readable")]
    else:
        todo = "take it out, and renew it where it opens anything; what is worth nothing may begin with lab-"
        places = [
            ", ".join(part for part in (leak.cell and f"cell {leak.cell}", leak.part) if part)
            for leak in leaks
        ]
        found = [
            Finding(SECRETS, name, place, str(leak.seen), todo)
            for place, leak in zip(places, leaks, strict=True)
        ]
    return Checked(name, SECRETS, perf_counter() - started, tuple(found))


def _swept(scenarios: Path, jobs: int | None) -> Iterator[Checked]:
    """Runs the scenarios, and looks at what they leave."""
    with TemporaryDirectory(prefix="labkit-") as name:
        folder = Path(name)
        # Its summary is of the same findings.
        with redirect_stdout(StringIO()):
            sweep(scenarios, jobs=jobs, out=folder)
        yield from _left(folder, "sweep/")


def _left(folder: Path, prefix: str = "") -> Iterator[Checked]:
    """What a sweep has left in a folder: how the scenarios went, where it says so, and every file."""
    name = prefix + report.FILE
    try:
        runs = report.read(folder).runs if (folder / report.FILE).is_file() else None
    except BadInput as error:
        found = [Finding(SCENARIOS, name, "", error.message, "labkit sweep --out")]
        yield Checked(name, SCENARIOS, 0, tuple(found))
    else:
        if runs is not None:
            failed = (run for run in runs if run.state != report.PASSED)
            found = [Finding(SCENARIOS, run.notebook, f"scenario {run.name}", *_went(run)) for run in failed]
            yield Checked(name, SCENARIOS, sum(run.seconds for run in runs), tuple(found))
    for path in _regular(folder.rglob("*")):
        yield _searched(path, prefix + path.relative_to(folder).as_posix())


def _went(run: report.Run) -> tuple[str, str]:
    """How a scenario went that did not pass, and what to do."""
    if run.failure is None:
        return "it was not run", "labkit sweep"
    return masked(str(run.failure).strip()), "mend the notebook, or what is expected of it"

"""The folder in which a sweep keeps what it made. What somebody else put there stays."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from labkit.core.errors import BadInput
from labkit.runner import report
from labkit.runner.report import Report
from labkit.runner.report_html import html
from labkit.runner.report_junit import junit

# The kinds of report, with their files; JSON is written in any case.
REPORTS: dict[str, tuple[str, Callable[[Report], str]]] = {
    "html": ("report.html", html),
    "junit": ("report.xml", junit),
    "json": (report.FILE, lambda found: ""),
}


def prepared(folder: Path, notebooks: Path, names: Iterable[str], reports: Iterable[str]) -> Path:
    """The full path of the folder, made if need be. Raises BadInput where it cannot be written to, where it
    is that of the notebooks, and where a file would be lost that no sweep has made."""
    for kind in reports:
        if kind not in REPORTS:
            raise BadInput("There is no such report.", presented=kind, required=", ".join(REPORTS))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder = folder.resolve()
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(f"{folder} is not writable")
    except OSError as error:
        raise BadInput("The executed notebooks cannot be kept there.", presented=str(error)) from None
    if folder == notebooks.resolve():
        raise BadInput(
            "The notebooks of the course lie there.", presented=str(folder), required="another folder"
        )
    strange = [f"{name}.ipynb" for name in names if _strange(folder / f"{name}.ipynb", "papermill")]
    strange += [report.FILE] if _strange(folder / report.FILE, "") else []
    if strange:
        raise BadInput(
            "Files lie there that no sweep has made.",
            presented=", ".join(strange),
            required="a folder without them",
        )
    return folder


def _strange(path: Path, key: str) -> bool:
    """Whether it is there and a sweep did not write it: papermill marks a notebook, we the report."""
    if not path.exists():
        return False
    try:
        found = json.loads(path.read_text("utf-8"))
        return key not in found["metadata"] if key else "sweep" not in found
    except (ValueError, OSError, KeyError, TypeError):
        return True


def keep(found: Report, folder: Path, reports: Iterable[str]) -> None:
    """Writes the reports."""
    report.write(found, folder)
    for kind in reports:
        name, made = REPORTS[kind]
        if name != report.FILE:
            (folder / name).write_text(made(found), "utf-8")

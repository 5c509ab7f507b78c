"""Looks at the installation, a line for each thing, and says what to do where something is wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from tempfile import TemporaryDirectory

from labkit.core.errors import LabError

REINSTALL = "in the checkout run `make clean lab`; with conda, make the environment anew"
_PATIENCE = 60


@dataclass(frozen=True)
class Finding:
    """What was looked at and what was found. `advice` says what to do where it is not `ok`; the lab runs
    without what is not `essential`."""

    what: str
    found: str
    ok: bool = True
    advice: str = ""
    essential: bool = True

    def __str__(self) -> str:
        line = f"{'ok' if self.ok else '!!'}  {self.what:<14} {self.found}"
        return line if self.ok else f"{line}\n    {'':<14} what to do: {self.advice}"


Check = Callable[[], Finding]


def examine() -> int:
    """Prints a line for each check as it is made. Returns 1 where something essential is wrong, otherwise
    0."""
    essential_wrong = False
    for name, check in checks():
        finding = look(name, check)
        essential_wrong |= finding.essential and not finding.ok
        print(finding, flush=True)
    print("Something essential is wrong." if essential_wrong else "The lab is ready.")
    return int(essential_wrong)


def checks() -> Iterator[tuple[str, Check]]:
    """Everything that is looked at, by name, in order."""
    yield "Python", python
    yield "labkit", package_itself
    for requirement in requirements():
        yield requirement.partition(" ")[0], partial(package, requirement)
    yield "kernel", kernel
    yield "diagram", diagram
    yield "lab", lab
    yield "notebooks", notebooks
    yield "progress", progress
    yield "fork", fork


def look(name: str, check: Check) -> Finding:
    """What a check finds. One that breaks is a finding as well."""
    try:
        return check()
    except LabError as error:
        return Finding(name, error.message, ok=False, advice=error.advice or REINSTALL)
    except Exception as error:
        # Whatever a broken installation raises: to say so is what the doctor is for.
        said = (str(error) or "no message").splitlines()[0]
        return Finding(name, f"{type(error).__name__}: {said}", ok=False, advice=REINSTALL)


def python() -> Finding:
    """The version of Python."""
    found = ".".join(map(str, sys.version_info[:3]))
    fits = (3, 11) <= sys.version_info[:2] < (3, 14)
    advice = "install Python 3.11, 3.12 or 3.13, then `make clean` and `make PYTHON=/path/to/it lab`"
    return Finding("Python", f"{found}, {sys.executable}", fits, advice)


def requirements() -> list[str]:
    """What labkit needs at run time, as its metadata has it; [] where it is not installed."""
    try:
        return [text for text in requires("labkit") or [] if "extra ==" not in text]
    except PackageNotFoundError:
        return []


def package_itself() -> Finding:
    """Whether labkit is installed and not merely found."""
    import labkit

    folder = Path(labkit.__file__).parent
    try:
        return Finding("labkit", f"{version('labkit')}, {folder}")
    except PackageNotFoundError:
        return Finding("labkit", f"found in {folder}, and not installed", ok=False, advice=REINSTALL)


def package(requirement: str) -> Finding:
    """A package that labkit needs, such as `papermill>=2.7`."""
    from packaging.requirements import Requirement

    wanted = Requirement(requirement)
    try:
        found = version(wanted.name)
    except PackageNotFoundError:
        return Finding(wanted.name, "is missing", ok=False, advice=REINSTALL)
    fits = wanted.specifier.contains(found, prereleases=True)
    return Finding(wanted.name, found if fits else f"{found}; needed is {wanted.specifier}", fits, REINSTALL)


def kernel() -> Finding:
    """Whether the kernel that the notebooks name starts, computes, and has this labkit."""
    import labkit

    found = _ask_kernel({"sum": "1+1", "labkit": "__import__('labkit').__file__"})
    if found["sum"] != "2":
        return Finding("kernel", f"1+1 gave {found['sum']}", ok=False, advice=REINSTALL)
    if found["labkit"] != repr(labkit.__file__):
        advice = "run `python -m ipykernel install --sys-prefix` with the Python of the first line"
        return Finding("kernel", f"python3 has another labkit: {found['labkit']}", ok=False, advice=advice)
    return Finding("kernel", "python3 starts and computes")


def _ask_kernel(expressions: dict[str, str]) -> dict[str, str]:
    """The values of expressions in a kernel of its own, as text; the error where one has no value."""
    from jupyter_client.manager import KernelManager

    from labkit.runner.kernel import connection, environment

    with TemporaryDirectory(prefix="labkit-", ignore_cleanup_errors=True) as folder:
        manager = KernelManager(kernel_name="python3", config=connection(Path(folder), "kernel"))
        manager.start_kernel(env=environment())
        client = manager.client()
        try:
            client.start_channels()
            client.wait_for_ready(timeout=_PATIENCE)
            reply = client.execute("", user_expressions=expressions, reply=True, timeout=_PATIENCE)
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    values = reply["content"]["user_expressions"]
    return {
        name: value["data"]["text/plain"] if value["status"] == "ok" else value["evalue"]
        for name, value in values.items()
    }


def diagram() -> Finding:
    """Whether a diagram is drawn in this process."""
    from labkit.display.graphviz_svg import svg

    drawn = svg("digraph { lab -> diagram }", "A test", "Two boxes")
    fits = drawn.startswith("<svg") and drawn.count("<ellipse") == 2
    return Finding("diagram", "is drawn" if fits else "is drawn wrongly", fits, REINSTALL)


def lab() -> Finding:
    """Whether a lab starts and somebody can sign in and be served."""
    import labkit
    from labkit.services.resource_manager import ResourceManager

    one = labkit.start()
    token = one.sign_in("carl")
    shown = one.ask("carl", ResourceManager.get, one.workspace, token.bearer)
    return Finding("lab", f"starts; carl signs in and reads {shown['name']}")


def notebooks() -> Finding:
    """Whether the course is there."""
    from labkit.checkout import FIRST_NOTEBOOK, checkout

    folder = checkout() / "notebooks"
    if not (folder / FIRST_NOTEBOOK).is_file():
        advice = f"bring it back: `git checkout -- notebooks/{FIRST_NOTEBOOK}`"
        return Finding("notebooks", f"{FIRST_NOTEBOOK} is not in {folder}", ok=False, advice=advice)
    return Finding("notebooks", f"{len(list(folder.glob('*.ipynb')))} in {folder}")


def progress() -> Finding:
    """Whether what a learner does can be kept. The course goes on without."""
    from labkit.course.progress_place import Unkept, progress_file
    from labkit.course.progress_store import Store

    try:
        count = len(Store().try_out().ids)
        where = progress_file()
    except Unkept as error:
        found = " ".join(f"{error.message} {error.presented}".split())
        return Finding("progress", found, ok=False, advice=error.advice, essential=False)
    many = "exercise or prediction" if count == 1 else "exercises and predictions"
    kept = f"of {count} {many}" if count else "of nothing yet"
    return Finding("progress", f"can be kept, and is {kept}, in {where}")


def fork() -> Finding:
    """Whether this system can fork a process. Nothing needs it."""
    there = hasattr(os, "fork")
    found = "available" if there else "not on this system"
    return Finding("fork", found, there, "nothing: the lab works without it", essential=False)

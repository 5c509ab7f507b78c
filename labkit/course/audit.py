"""Carrying it home: the commands with which a reader audits a workspace of their own (`audits.toml`)."""

from __future__ import annotations

import re
import tomllib
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import StringIO
from typing import Any

from labkit.core.errors import BadInput, LabError, brief
from labkit.core.listing import Item, Listing
from labkit.course.audit_places import Places
from labkit.course.registry import pick
from labkit.lab import Lab
from labkit.sdk.az import run as run_az
from labkit.sdk.az_commands import ML_EXTENSION
from labkit.sdk.az_session import session_of

AZ, SDK = "az", "sdk"
_PLACE = re.compile("<[a-z-]+>")
_BEGIN = "from azureml.core import Workspace; ws = Workspace.from_config()"


@dataclass(frozen=True)
class Audit:
    """One command. It reads and changes nothing.

    id         for instance "rbac-who"
    notebook   the notebook whose teaching it audits, without .ipynb
    kind       "az" for a command of az, "sdk" for Python
    command    what to type; <…> stands for a name of one's own
    look_for   what it should say, and what is wrong otherwise
    statement  the statement of the ledger that it checks
    today      where it differs by now, with the address that says so; "" where it does not
    """

    id: str
    notebook: str
    kind: str
    command: str
    look_for: str
    statement: str
    today: str = ""

    @property
    def places(self) -> list[str]:
        """What a reader puts a name of their own for."""
        return list(dict.fromkeys(_PLACE.findall(self.command)))

    def item(self, code: str = "", output: str | None = None) -> Item:
        """As a list shows it: as it is to be typed, or as it was typed, with what came of it."""
        notes = [("look for", self.look_for), ("checks", self.statement)]
        if self.today and output is None:
            notes.append(("today", self.today))
        return Item(code or self.command, tuple(notes), output)


@dataclass(frozen=True)
class _Notebook:
    """A notebook, with an id that can be picked by."""

    id: str


@cache
def _content() -> dict[str, Any]:
    return tomllib.loads(files("labkit.course").joinpath("audits.toml").read_text("utf-8"))


def audits() -> tuple[Audit, ...]:
    """All of them, in the order of the notebooks."""
    return tuple(Audit(**entry) for entry in _content()["audit"])


@dataclass(frozen=True, repr=False)
class Audits(Listing):
    """What to type for one notebook; `run` tries it in a lab."""

    notebook: str
    audits: tuple[Audit, ...]

    @property
    def caption(self) -> str:
        """What stands above the list."""
        return f"{self.notebook}, in a workspace of your own. Nothing here changes anything."

    @property
    def items(self) -> tuple[Item, ...]:
        """The commands with what to look for."""
        return tuple(one.item() for one in self.audits)

    @property
    def closing(self) -> tuple[tuple[str, str], ...]:
        """Where the names of one's own are found, and how Python begins."""
        told: dict[str, str] = _content()["places"]
        used = dict.fromkeys(place for one in self.audits for place in one.places)
        notes = [(place, told[place.strip("<>")]) for place in used]
        if any(one.command.startswith("az ml ") for one in self.audits):
            notes.append(("az ml", f"`az extension add -n {ML_EXTENSION}` comes first"))
        if any(one.kind == SDK for one in self.audits):
            notes.append(("Python", f"`{_BEGIN}` comes first"))
        return tuple(notes)

    def run(self, lab: Lab) -> AuditRun:
        """Types all of it in a lab, for its workspace `lab.workspace`: as whoever is logged in to az there,
        and in Python as the same person (olivia, where an application is logged in). Changes nothing. Raises
        BadInput for what is no lab."""
        if type(lab) is not Lab:
            raise BadInput("That is no lab.", presented=brief(lab), required="lab = labkit.start()")
        session, places = session_of(lab), Places(lab)
        caller = session.account.caller
        installed = set(session.extensions)
        session.extensions.add(ML_EXTENSION)
        try:
            typed = [_typed(one, places) for one in self.audits]
            said = _said(
                lab, caller if caller in lab.people else "olivia", list(zip(self.audits, typed, strict=True))
            )
        finally:
            session.extensions &= installed
        return AuditRun(self.notebook, caller, tuple(zip(self.audits, typed, said, strict=True)))


@dataclass(frozen=True, repr=False)
class AuditRun(Listing):
    """What a lab said: (audit, what was typed, what came of it) for each."""

    notebook: str
    caller: str
    results: tuple[tuple[Audit, str, str], ...]

    @property
    def caption(self) -> str:
        """What stands above the list."""
        return f"{self.notebook}, in this lab, as {self.caller}."

    @property
    def items(self) -> tuple[Item, ...]:
        """The commands, with what they said here."""
        return tuple(one.item(typed, said) for one, typed, said in self.results)

    @property
    def said(self) -> dict[str, str]:
        """What came of each, by the audit's id."""
        return {one.id: said for one, _, said in self.results}


def audit(notebook: str) -> Audits:
    """The commands with which to audit, in a workspace of your own, what a notebook taught. `.run(lab)` tries
    them in a lab. Raises BadInput for a notebook that has none."""
    names = dict.fromkeys(one.notebook for one in audits())
    found = pick("list of commands", map(_Notebook, names), notebook).id
    return Audits(found, tuple(one for one in audits() if one.notebook == found))


def _typed(one: Audit, places: Places) -> str:
    """The command with the lab's names in it, as far as the lab has any."""
    command = one.command
    for place in one.places:
        command = command.replace(place, places.find(place) or place)
    return command


def _said(lab: Lab, person: str, typed: list[tuple[Audit, str]]) -> list[str]:
    """What comes of each. Python runs in one go: an activation is not for every line."""
    python = [snippet for one, snippet in typed if one.kind == SDK]
    printed = iter(_python(lab, person, python) if python else ())
    return [next(printed) if one.kind == SDK else _az(lab, command) for one, command in typed]


def _az(lab: Lab, typed: str) -> str:
    if missing := _PLACE.search(typed):
        return f"(not typed: this lab has no {missing[0]} yet)"
    aside = StringIO()
    try:
        with redirect_stdout(aside):
            answer = run_az(lab, typed)
    except LabError as error:
        return f"ERROR: {error.message}"
    return "\n".join(part for part in (aside.getvalue().rstrip("\n"), answer) if part) or "(nothing)"


def _python(lab: Lab, person: str, snippets: list[str]) -> list[str]:
    _, _, subscription, _, group, *_, name = lab.workspace.split("/")
    opening = f"from azureml.core import Workspace\nws = Workspace({subscription!r}, {group!r}, {name!r})"
    names: dict[str, Any] = {}
    with lab.activate(person):
        opened = _printed(opening, names)
        return [_printed(one, names) if "ws" in names else opened for one in snippets]


def _printed(snippet: str, names: dict[str, Any]) -> str:
    printed = StringIO()
    try:
        with redirect_stdout(printed):
            exec(compile(snippet, "<audit>", "exec"), names)
    except LabError as error:
        return f"{type(error).__name__}: {error.message}"
    except Exception as error:
        # As Python ends what it says of it. What a lab is like decides, and not the reader.
        return f"{type(error).__name__}: {error}"
    return printed.getvalue().rstrip("\n") or "(nothing)"

"""Operations by role, as they were found by trying: the form in which the documents print their table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from labkit.access.decision import Decision
from labkit.access.scope import label
from labkit.core.choice import choice
from labkit.core.show import Shown
from labkit.core.table import Table
from labkit.core.trace import Hop
from labkit.core.verdict import Verdict

YES, NO = "yes", "no"
SYMBOLS = {YES: "✓", NO: "✗"}
DIFFERS = "≠"


@dataclass(frozen=True)
class Way:
    """One way to carry out an operation, tried.

    name      of the way; "" where there is no other
    verdict   what came of it
    calls     the calls that asked for something, by the person or in the person's name, as the trace has them
    decision  what was decided about the person's roles: the refusal, or the first thing that they allowed.
              None where no role was asked, since a credential opened everything by itself
    """

    name: str
    verdict: Verdict[object]
    calls: tuple[Hop, ...]
    decision: Decision | None = field(compare=False)

    @property
    def asks_role(self) -> bool:
        """Whether a role had a say in it."""
        return self.decision is not None

    @property
    def outcome(self) -> str:
        """Accepted, or refused by whom, at which stage and with which code."""
        refusal = self.verdict.refusal
        if refusal is None:
            return "accepted" if self.asks_role else "accepted, no role was asked"
        by, stage = getattr(refusal, "service", ""), getattr(refusal, "stage", "")
        return f"refused by {by} at {stage}: {refusal.code}"

    @property
    def missing(self) -> str:
        """The action that no role allowed, and where; "" where nothing was missing."""
        if self.decision is None or self.decision.allowed:
            return ""
        return f"{self.decision.action} at {label(self.decision.scope)}"

    def details(self) -> list[tuple[str, str]]:
        """What is behind the outcome, as (what, text): each call with the reason why it was let through, or
        with the roles that it was refused in spite of; then what was missing."""
        refusal = self.verdict.refusal
        # Roles are not all that somebody can be refused for: a guest is, whatever the role.
        spite = (
            f"with {self.decision.why}" if self.decision and self.missing else getattr(refusal, "message", "")
        )
        rows = [(_said(call), call.why or f"refused, {spite}") for call in self.calls]
        return [*rows, *([("missing", self.missing)] if self.missing else [])]


def _said(call: Hop) -> str:
    """A call by its operation and the end of what it was about."""
    return f"{call.operation} {'/'.join(call.scope.split('/')[-2:])}"


@dataclass(frozen=True, repr=False)
class Cell(Shown):
    """Whether a role can do an operation. `scope` is where the role was assigned, in words. `documents` is
    the documents' word for it, "" where they do not speak."""

    operation: str
    role: str
    scope: str
    ways: tuple[Way, ...]
    documents: str = ""

    @property
    def allowed(self) -> bool:
        """Whether the role opens one way at least. A way that asks no role says nothing about one."""
        return any(way.verdict.accepted for way in self.ways if way.asks_role)

    @property
    def word(self) -> str:
        """The same as a word, yes or no."""
        return YES if self.allowed else NO

    @property
    def agrees(self) -> bool | None:
        """Whether the documents say so; None where they do not speak."""
        return self.documents == self.word if self.documents else None

    @property
    def found(self) -> str:
        """Symbol and word, and which ways are open where not all are."""
        asked = [way for way in self.ways if way.asks_role]
        opened = [way.name for way in asked if way.verdict.accepted]
        limit = f", {' and '.join(opened)}" if 0 < len(opened) < len(asked) else ""
        return f"{SYMBOLS[self.word]} {self.word}{limit}"

    def __str__(self) -> str:
        return (
            self.found if self.agrees is not False else f"{self.found} {DIFFERS} documents: {self.documents}"
        )

    @property
    def stance(self) -> str:
        """How the documents stand to what was found."""
        if self.agrees is None:
            return "the documents do not speak of it"
        return f"the documents say {self.documents}" + ("" if self.agrees else f" {DIFFERS} found by trying")

    @property
    def question(self) -> str:
        """What was tried."""
        return f"{self.operation}, as {self.role} (assigned at: {self.scope})"

    def __repr__(self) -> str:
        lines = [f"{self.question}: {self.found}", f"  {self.stance}"]
        for way in self.ways:
            lines.append(f"  {way.name or 'tried'}: {way.outcome}")
            rows = way.details()
            width = max((len(name) for name, _ in rows), default=0)
            lines += [f"    {name:<{width}}  {text}" for name, text in rows]
        return "\n".join(lines)


@dataclass(frozen=True, repr=False)
class Matrix(Shown):
    """Cells by operation, one for each of the `roles`. `release` is the one that the lab was set to, `scope`
    where each role was assigned."""

    release: str
    scope: str
    roles: tuple[str, ...]
    rows: Mapping[str, tuple[Cell, ...]]

    @property
    def operations(self) -> tuple[str, ...]:
        """The names of the operations, in the order of the rows."""
        return tuple(self.rows)

    def __iter__(self) -> Iterator[Cell]:
        return (cell for row in self.rows.values() for cell in row)

    def cell(self, operation: str, role: str) -> Cell:
        """One cell, which explains itself when it is shown. Raises BadInput."""
        wanted = (
            choice("operation in this matrix", operation, self.operations),
            choice("role in this matrix", role, self.roles),
        )
        return next(cell for cell in self if (cell.operation, cell.role) == wanted)

    @property
    def disagreements(self) -> tuple[Cell, ...]:
        """The cells that differ from the documents."""
        return tuple(cell for cell in self if cell.agrees is False)

    @property
    def summary(self) -> str:
        """How many cells there are, and how they stand to the documents."""
        cells = list(self)
        agree = sum(cell.agrees is True for cell in cells)
        silent = sum(cell.agrees is None for cell in cells)
        parts = [f"{agree} as the documents say", f"{len(self.disagreements)} otherwise"]
        parts += [f"{silent} of which they do not speak"] if silent else []
        return f"{len(cells)} cells, each found by trying: {', '.join(parts)}"

    @property
    def caption(self) -> str:
        """What this is a table of."""
        return f"Operations by role in a lab of {self.release}; roles assigned at: {self.scope}"

    def __repr__(self) -> str:
        rows = [(operation, *row) for operation, row in self.rows.items()]
        return f"{Table(('operation', *self.roles), rows, caption=self.caption)!r}\n{self.summary}"

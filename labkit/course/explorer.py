"""The explorer: pick a role, an operation and a place, and see what comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.access.decision import Decision
from labkit.access.matrix import Cell
from labkit.core.choice import choice
from labkit.core.show import Shown
from labkit.course.role_matrix import DOCUMENTED_ROLES, HOLDERS, SCOPES, known_roles, operations_of, try_cell
from labkit.course.sample_roles import SAMPLES

if TYPE_CHECKING:
    from labkit.course.widget import Panel


@dataclass(frozen=True, repr=False)
class Exploration(Shown):
    """What came of one try."""

    cell: Cell

    @property
    def allowed(self) -> bool:
        """Whether the role opened one way at least."""
        return self.cell.allowed

    @property
    def decision(self) -> Decision:
        """The decision that settled it: of the first way that was open, or of the first one if none was."""
        decisions = [way.decision for way in self.cell.ways if way.decision is not None]
        return next((one for one in decisions if one.allowed), decisions[0])

    @property
    def reason(self) -> str:
        """The role assignment that allowed it, or those that do not."""
        return self.decision.why

    @property
    def missing(self) -> str:
        """The action that no role assignment allowed, and where; "" where nothing was missing."""
        return "" if self.allowed else next(way.missing for way in self.cell.ways if way.missing)

    @property
    def summary(self) -> str:
        """What was tried, as whom, and whether it went."""
        return repr(self.cell).partition("\n")[0]

    def _rows(self) -> Iterator[tuple[str, str]]:
        yield self.decision.reason, self.reason
        if self.missing:
            yield "missing", self.missing
            yield "what to do", self.decision.advice

    def __repr__(self) -> str:
        return "\n".join([repr(self.cell), *(f"  {name:<10}  {text}" for name, text in self._rows())])

    def _repr_mimebundle_(self, **options: Any) -> dict[str, str]:
        drawn = [one._repr_mimebundle_(**options).get("text/html", "") for one in (self.cell, self.decision)]
        return {"text/plain": repr(self), "text/html": "\n".join(drawn)}


def explore(
    role: str = "Reader",
    operation: str = "Call web service",
    scope: str = "resource group",
    release: str = "2020-03",
    seed: int | None = 2020,
    via: str = "directly",
) -> Exploration:
    """Somebody new in a fresh lab is given this one role at the scope ("subscription", "resource group",
    "workspace", "another workspace", or "none" for no role at all), and tries the operation. `via` is how the
    role is held: "directly", or through a "group" or a "nested group". Raises BadInput for what there is not,
    with what there is."""
    choice("role", role, known_roles())
    choice(f"operation in a lab of {release}", operation, operations_of(release, seed))
    choice("scope", scope, SCOPES)
    choice("way to hold a role", via, HOLDERS)
    return Exploration(try_cell(operation, role, scope, release, seed, via))


def explorer(release: str = "2020-03", seed: int | None = 2020) -> Panel:
    """The same as a widget: three lists to pick from, and what came of it below them. Raises BadInput."""
    from labkit.course.widget import chooser

    return chooser(
        {
            "Role": (*DOCUMENTED_ROLES, *SAMPLES),
            "Operation": operations_of(release, seed),
            "Role assigned at": tuple(SCOPES),
        },
        lambda role, operation, scope: explore(role, operation, scope, release, seed),
    )

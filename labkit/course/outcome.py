"""What came out of a notebook, in a form that a scenario can be compared with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from labkit.core.errors import BadInput
from labkit.core.show import Shown

MIME = "application/vnd.labkit.outcome+json"

Value = str | int | float | bool


@dataclass(frozen=True, repr=False)
class Outcome(Shown):
    """Named values, in the order in which they were given. `labkit sweep` reads the last one that a notebook
    shows."""

    values: tuple[tuple[str, Value], ...]

    def __repr__(self) -> str:
        return "\n".join(f"{name} = {value}" for name, value in self.values)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {"text/plain": repr(self), MIME: dict(self.values)}


def outcome(**values: Value) -> Outcome:
    """What came out, for instance `outcome(call="refused", code="ExpiredAuthenticationToken")`: the last line
    of the last cell. Raises BadInput for a value that is no text, finite number or truth value, and where
    nothing is given."""
    if not values:
        raise BadInput("An outcome says something.", required='for instance outcome(call="accepted")')
    for name, value in values.items():
        if not isinstance(value, Value) or (isinstance(value, float) and not math.isfinite(value)):
            raise BadInput(
                "An outcome is made of plain values.",
                presented=f"{name} = {repr(value)[:60]}",
                required="a text, a finite number, True or False",
            )
    return Outcome(tuple(values.items()))

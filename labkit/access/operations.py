"""The operations that roles are made of, as far as the lab knows Azure's (`operations.json`)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache

from labkit.core.errors import BadInput, brief
from labkit.core.identity import action_pattern
from labkit.core.shipped import shipped


@dataclass(frozen=True)
class Operation:
    """An operation of a resource provider; `data` for one of the data plane."""

    name: str
    data: bool

    def __str__(self) -> str:
        return self.name


@lru_cache(maxsize=1)
def operations() -> dict[str, Operation]:
    """All of them by name in lower case, in the order of their names."""
    found = json.loads(shipped(__file__, "operations.json"))
    known = [
        Operation(name, data)
        for kind, data in (("actions", False), ("dataActions", True))
        for name in found[kind]
    ]
    return {one.name.lower(): one for one in sorted(known, key=lambda one: one.name.lower())}


def find_operation(name: object) -> Operation:
    """The operation of this name. Raises BadInput, with the names that come nearest."""
    found = operations().get(name.lower()) if type(name) is str else None
    if found is None:
        # Few labs ever need it.
        from difflib import get_close_matches

        near = get_close_matches(str(name).lower()[:120], operations(), n=3, cutoff=0.5)
        raise BadInput(
            "The lab knows no such operation.",
            presented=brief(name, 120),
            required=" or ".join(operations()[one].name for one in near) or "an operation of Azure",
            advice="lab.access.operations() lists them",
        )
    return found


def matching(pattern: str, data: bool, one_segment: bool = False) -> list[Operation]:
    """The operations of one plane that a pattern stands for."""
    matches = action_pattern(pattern, one_segment).fullmatch
    return [one for one in operations().values() if one.data is data and matches(one.name)]

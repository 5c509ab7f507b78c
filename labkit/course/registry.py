"""Finds the course's content: whatever the modules in `labkit/course/exercises` define."""

from __future__ import annotations

import difflib
import pkgutil
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, TypeVar

from labkit.core.errors import BadInput
from labkit.course.describing import describe

_PACKAGE = "labkit.course.exercises"


class Named(Protocol):
    """Whatever has an id."""

    @property
    def id(self) -> str:
        """Its id."""


N = TypeVar("N", bound=Named)


@cache
def content(table: str) -> tuple[Any, ...]:
    """The entries of all tables of this name (`EXERCISES`, `PREDICTIONS`), module by module in the order of
    their names. The modules load when somebody first asks."""
    folder = Path(__file__).parent / "exercises"
    modules = [import_module(f"{_PACKAGE}.{found.name}") for found in pkgutil.iter_modules([str(folder)])]
    return tuple(entry for module in modules for entry in getattr(module, table, ()))


def pick(kind: str, entries: Iterable[N], id: object) -> N:
    """The entry with this id. Raises BadInput, which names those that come nearest; `kind` is what they are
    called."""
    known = {entry.id: entry for entry in entries}
    if type(id) is str and id in known:
        return known[id]
    near = difflib.get_close_matches(id[:60], known, n=3, cutoff=0.4) if type(id) is str else []
    raise BadInput(
        f"There is no such {kind}.",
        presented=describe(id),
        required=" or ".join(f'"{each}"' for each in near) or f"one of {', '.join(sorted(known)) or 'none'}",
    )

"""What of the course is core: what every learner does in a day with a class (`schedule.toml`). The rest is
optional."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

FILE = Path(__file__).with_name("schedule.toml")


@lru_cache(maxsize=1)
def core() -> Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """For each notebook (file name) the headings of its core sections and the ids of its core exercises."""
    day = tomllib.loads(FILE.read_text("utf-8"))
    parts = [part for session in day["session"] for part in session["part"]]
    return MappingProxyType(
        {one["notebook"]: (tuple(one["sections"]), tuple(one["exercises"])) for one in parts}
    )


def standing(notebook: str, name: str) -> str:
    """Whether a section (its heading) or an exercise (its id) of a notebook is core or optional."""
    return "core" if any(name in names for names in core().get(notebook, ())) else "optional"

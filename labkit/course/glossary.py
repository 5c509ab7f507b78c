"""The words of the course (`glossary.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType

from labkit.core.errors import BadInput, brief
from labkit.core.table import Table


@dataclass(frozen=True)
class Term:
    """What a term means, the notebook (file name) that teaches it, and the spellings that count as a use."""

    name: str
    says: str
    taught_in: str
    words: tuple[str, ...]


@lru_cache(maxsize=1)
def terms() -> Mapping[str, Term]:
    """All terms by name, in the order in which they are taught."""
    text = files("labkit.course").joinpath("glossary.toml").read_text("utf-8")
    entries = tomllib.loads(text).items()
    return MappingProxyType(
        {name: Term(name, one["says"], one["taught_in"], tuple(one["words"])) for name, one in entries}
    )


def glossary(term: str = "") -> Table:
    """One term of the course, or all of them. A term is found by any of its spellings. Raises BadInput for
    one that the course does not have."""
    known = terms()
    if term == "":
        return _table(sorted(known.values(), key=lambda one: one.name.lower()))
    spellings = {word.lower(): one for one in known.values() for word in (one.name, *one.words)}
    wanted = term.lower() if isinstance(term, str) else ""
    if wanted not in spellings:
        near = " or ".join(get_close_matches(wanted, spellings))
        advice = f"did you mean {near}?" if near else "glossary() lists them all"
        raise BadInput("The course has no such term.", presented=brief(term), advice=advice)
    return _table([spellings[wanted]])


def _table(found: list[Term]) -> Table:
    rows = [(one.name, one.taught_in.removesuffix(".ipynb"), one.says) for one in found]
    return Table(("term", "taught in", "what it means"), rows)

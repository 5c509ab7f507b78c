"""The ledger: what the documents state (`statements.toml`), and where it is proved and shown."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from textwrap import fill
from types import MappingProxyType
from typing import Any

from labkit.core.errors import BadInput
from labkit.core.show import Shown

# The authentication how-to accompanies a lab of any release.
HOW_TO = "2019-12"
_WIDTH = 100


@dataclass(frozen=True)
class Document:
    """One of the documents. `release` is its key in the ledger, `date` the day on which it was published."""

    release: str
    title: str
    date: str

    def __str__(self) -> str:
        return f"{self.date}  {self.title}"


@dataclass(frozen=True, repr=False)
class Statement(Shown):
    """A single thing that the documents say.

    releases    keys of the documents that say it; `documents` are those themselves
    shown_by    what to do to see it
    opposed_by  ids of statements to the contrary
    absent_in   releases whose document says otherwise
    table       rows of the documents' table of operations by role: who has the tick, by operation
    """

    id: str
    says: str
    releases: tuple[str, ...]
    shown_by: str
    opposed_by: tuple[str, ...] = ()
    absent_in: tuple[str, ...] = ()
    documents: tuple[Document, ...] = field(default=(), compare=False)
    table: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)

    def stance(self, release: str) -> str:
        """How the documents that go with a lab of this release stand to it: "states", "says otherwise" or "is
        silent". Silence is not negation. Raises BadInput for an unknown release."""
        known = _documents()
        if not isinstance(release, str) or release not in known:
            raise BadInput(
                "There is no document of this release.",
                presented=repr(release)[:60],
                required=" or ".join(f'"{name}"' for name in known),
            )
        if release in self.absent_in:
            return "says otherwise"
        return "states" if release in self.releases or HOW_TO in self.releases else "is silent"

    @property
    def sources(self) -> list[tuple[str, str]]:
        """Where it is stated, where otherwise, and what opposes it, as (relation, text)."""
        rows = [("stated in", str(document)) for document in self.documents]
        rows += [("otherwise in", str(_documents()[release])) for release in self.absent_in]
        return [*rows, *(("opposed by", id) for id in self.opposed_by)]

    def __repr__(self) -> str:
        said = fill(self.says, _WIDTH, initial_indent="  ", subsequent_indent="  ", break_long_words=False)
        return "\n".join([self.id, said, *(f"  {name:<13} {text}" for name, text in self.sources)])


@lru_cache(maxsize=1)
def _ledger() -> dict[str, Any]:
    return tomllib.loads(files("labkit").joinpath("statements.toml").read_text("utf-8"))


@lru_cache(maxsize=1)
def _documents() -> dict[str, Document]:
    entries = _ledger()["documents"].items()
    return {release: Document(release, entry["title"], entry["date"]) for release, entry in entries}


@lru_cache(maxsize=1)
def statements() -> dict[str, Statement]:
    """Every statement by id, in the order of the ledger."""
    return {entry["id"]: _read(entry) for entry in _ledger()["statement"]}


def _read(entry: dict[str, Any]) -> Statement:
    releases = tuple(entry["releases"])
    return Statement(
        entry["id"],
        entry["says"],
        releases,
        entry["shown_by"],
        tuple(entry.get("opposed_by", ())),
        tuple(entry.get("absent_in", ())),
        tuple(_documents()[release] for release in releases),
        MappingProxyType({row: tuple(roles) for row, roles in entry.get("table", {}).items()}),
    )


def statement(id: str) -> Statement:
    """The statement of this id. Raises BadInput, with the ids that come nearest."""
    found = statements().get(id) if isinstance(id, str) else None
    if found is None:
        raise BadInput(
            "The ledger has no such statement.",
            presented=repr(id)[:60],
            required=nearest(id) or "one of its ids",
            advice="`labkit statements` lists them all",
        )
    return found


def nearest(id: object) -> str:
    """The ids that are spelled most like this one, as text; "" where none is."""
    return " or ".join(difflib.get_close_matches(str(id)[:60], statements(), n=3, cutoff=0.5))


def coverage(root: Path) -> list[dict[str, Any]]:
    """One row for each statement, in the order of the ledger: id, says, releases, tests (ids of those that
    are marked `proves`), notebooks (`file#cell id` of the cells that cite it), and proved, which takes one of
    each. `root` is a checkout of the course."""
    # Loaded here: a notebook that cites a statement needs no parser.
    from labkit.citations import cells, tests

    proofs, shown = tests(root).places, cells(root).places
    return [
        {
            "id": one.id,
            "says": one.says,
            "releases": list(one.releases),
            "tests": proofs.get(one.id, []),
            "notebooks": shown.get(one.id, []),
            "proved": one.id in proofs and one.id in shown,
        }
        for one in statements().values()
    ]


def faults(root: Path) -> list[str]:
    """What stands in the way of coverage: tests and cells that cite what the ledger does not have, and files
    that cannot be read. `root` is a checkout of the course."""
    from labkit.citations import cells, tests

    found = []
    for citations in (tests(root), cells(root)):
        found += citations.unread
        for id, places in citations.places.items():
            if id not in statements():
                hint = f"; did you mean {near}?" if (near := nearest(id)) else ""
                found += [f"{place}: the ledger has no statement {id!r}{hint}" for place in places]
    return found

"""Which version of the Python SDK a project asks for, and whether the documents are about it. Statement
docs-sdk-version."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from labkit.core.errors import BadInput, brief
from labkit.core.table import Table, Tabular
from labkit.sdk.azureml.modules import VERSION

OLDER, MAY_BE_OLDER, NEW_ENOUGH = "older", "may be older", "new enough"
NOT_PINNED, NO_VERSION, UNREADABLE = "not pinned", "no version fits", "cannot be read"

_LONGEST = 100_000
_DOCUMENTS = Version(VERSION)
# These count their versions on their own.
_OTHERS = ("azureml-dataprep", "azureml-designer", "azureml-model-management-sdk", "azureml-inference-server")
# As conda writes it: one = and perhaps a build.
_CONDA = re.compile(r"([A-Za-z0-9._-]+)\s*=\s*([0-9][^=\s]*)(=\S+)?")


@dataclass(frozen=True)
class Pin:
    """One line that asks for a package of the SDK: its number, what stands there, the package's name, and how
    its version compares with that of the documents (one of the texts of this module)."""

    line: int
    text: str
    package: str
    verdict: str


@dataclass(frozen=True, repr=False)
class Pins(Tabular):
    """What a text asks for of the SDK."""

    rows: tuple[Pin, ...]

    @property
    def older(self) -> tuple[Pin, ...]:
        """Those that ask for a version, or are content with one, that the documents are not about."""
        return tuple(one for one in self.rows if one.verdict in (OLDER, MAY_BE_OLDER))

    def as_table(self) -> Table:
        """One row for each."""
        documents = f"the documents apply from {VERSION} on"
        if not self.rows:
            return Table((f"{documents}; no package of the SDK is asked for",), ())
        rows = [(one.line, one.text, one.verdict) for one in self.rows]
        return Table(("line", "asks for", documents), rows)


def pins(text: str) -> Pins:
    """Reads a requirement ("azureml-sdk==1.0.60"), or the text of a requirements.txt or of a conda
    environment. Compares what it asks for of the SDK v1 with the version from which on the documents apply.

    older            no version that it admits is one that the documents are about
    may be older     it admits both
    new enough       it admits none that is older
    not pinned       any version will do: whichever is newest on the day
    no version fits  what it demands contradicts itself
    cannot be read   it names the SDK, and is no requirement

    Raises BadInput for what is no text. Statement docs-sdk-version."""
    if type(text) is not str or len(text) > _LONGEST:
        many = f"{len(text):,} characters" if type(text) is str else brief(text)
        raise BadInput(
            "A requirement is a text.",
            presented=many,
            required=f'"azureml-sdk==1.0.60", or the text of a requirements file, of {_LONGEST:,} characters',
            advice='of a file: pins(Path("requirements.txt").read_text())',
        )
    return Pins(tuple(_read(text)))


def _read(text: str) -> Iterator[Pin]:
    for number, line in _lines(text):
        pin = _pin(number, line)
        if pin is not None:
            yield pin


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines that go together, each with the number of its first, and without what is no part of a
    requirement, such as comments, the dash and the quotes of a list, and hashes."""
    whole, first = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        first = first or number
        whole += line
        if whole.endswith("\\"):
            whole = whole[:-1]
            continue
        bare = re.sub(r"(^|\s)#.*", "", whole).strip()
        bare = re.sub(r"^-\s+", "", bare).rstrip(",")
        bare = re.sub(r"""^(["'])(.*)\1$""", r"\2", bare)
        yield first, re.sub(r"\s+--hash[= ]\S+", "", bare).strip()
        whole, first = "", 0


def _pin(number: int, line: str) -> Pin | None:
    name = re.match(r"[A-Za-z0-9._-]+", line)
    package = canonicalize_name(name[0]) if name else ""
    if not package.startswith("azureml-") or package.startswith(_OTHERS) or line.endswith(":"):
        return None
    try:
        asked = Requirement(_as_pip(line))
    except InvalidRequirement:
        return Pin(number, brief(line, 60), package, UNREADABLE)
    # Somewhere else than in the index: no version is named.
    verdict = UNREADABLE if asked.url else _verdict(asked.specifier)
    return Pin(number, line[:120], package, verdict)


def _as_pip(line: str) -> str:
    found = _CONDA.fullmatch(line)
    if found is None:
        return line
    name, version, build = found.groups()
    exact = build is not None or version.endswith("*")
    return f"{name}=={version}" if exact else f"{name}=={version}.*"


def _verdict(asked: SpecifierSet) -> str:
    if not len(asked):
        return NOT_PINNED
    fits = [one for one in _candidates(asked) if asked.contains(one, prereleases=True)]
    if not fits:
        return NO_VERSION
    older = [one < _DOCUMENTS for one in fits]
    return OLDER if all(older) else MAY_BE_OLDER if any(older) else NEW_ENOUGH


def _candidates(asked: SpecifierSet) -> list[Version]:
    """A version from each stretch that a set of bounds can tell apart: every bound, the documents' version,
    and what lies directly below and above each."""
    bounds = [_DOCUMENTS]
    for one in asked:
        try:
            bounds.append(Version(one.version.removesuffix(".*")))
        except InvalidVersion:
            # === compares texts, whatever they are.
            continue
    around = [near for bound in bounds for near in (bound, *_beside(bound))]
    return [Version("0"), *around, Version("99999")]


def _beside(bound: Version) -> tuple[Version, Version]:
    release = [*bound.release]
    above = ".".join(map(str, [*release, 0, 1]))
    while len(release) > 1 and release[-1] == 0:
        release.pop()
    release[-1] = max(release[-1] - 1, 0)
    below = ".".join(map(str, [*release, 99_999]))
    return Version(f"{bound.epoch}!{below}"), Version(f"{bound.epoch}!{above}")

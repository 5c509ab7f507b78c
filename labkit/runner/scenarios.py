"""Scenarios: a notebook, parameters for it, and what has to come out.

    [[scenario]]
    name = "expired-token"                                # small letters, digits and hyphens
    notebook = "01-authentication-flow.ipynb"             # beside this file
    says = "A token is shown an hour after it was issued."
    parameters = { token_age = "61m" }                    # names of the notebook's parameters cell
    expect = { call = "refused", code = "ExpiredAuthenticationToken" }

`parameters` may be left out; everything else is needed. The notebook ends on a cell that calls
`labkit.course.outcome.outcome`; each expected name must be in that outcome, with an equal value.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.core.errors import BadInput
from labkit.course.outcome import Value
from labkit.runner.parameters import allowed, defaults, unfit

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_KEYS = {"name": str, "notebook": str, "says": str, "parameters": dict, "expect": dict}


@dataclass(frozen=True)
class Scenario:
    """One run of a notebook. `notebook` is its path; `expect` what its outcome must hold."""

    name: str
    notebook: Path
    says: str
    parameters: dict[str, Any]
    expect: dict[str, Any]


def read(path: Path) -> list[Scenario]:
    """The scenarios of a file. Raises BadInput, which lists everything that is wrong in it."""
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise BadInput("There are no scenarios.", presented=str(path), required="this file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise BadInput("The scenarios cannot be read.", presented=f"{path}: {error}") from None
    faults = list(_faults(content, path.parent))
    if faults:
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise BadInput(
            "\n".join([f"{path} has {count}, and nothing was run.", *(f"  - {f}" for f in faults)])
        )
    return [
        Scenario(
            entry["name"],
            path.parent / entry["notebook"],
            entry["says"],
            entry.get("parameters", {}),
            entry["expect"],
        )
        for entry in content["scenario"]
    ]


def choose(scenarios: list[Scenario], names: list[str]) -> list[Scenario]:
    """Those with these names, in the order of the file; all of them where no name is given. Raises BadInput
    for an unknown name."""
    known = [scenario.name for scenario in scenarios]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise BadInput(
            "There is no such scenario.", presented=", ".join(map(repr, unknown)), required=", ".join(known)
        )
    return [scenario for scenario in scenarios if not names or scenario.name in names]


def _faults(content: dict[str, Any], folder: Path) -> Iterator[str]:
    for key in content:
        if key != "scenario":
            yield f"unknown key {key!r}; the file holds [[scenario]] tables alone"
    entries = content.get("scenario")
    if not isinstance(entries, list) or not entries:
        yield "it has no [[scenario]]"
        return
    seen: set[str] = set()
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict):
            yield f"scenario {number} is not a table"
            continue
        name = entry.get("name")
        label = name if isinstance(name, str) and name else f"scenario {number}"
        if label in seen:
            yield f"{label}: the name stands twice"
        seen.add(label)
        yield from (f"{label}: {fault}" for fault in _entry_faults(entry, folder))


def _entry_faults(entry: dict[str, Any], folder: Path) -> Iterator[str]:
    yield from (f"unknown key {key!r}; known are {', '.join(_KEYS)}" for key in entry if key not in _KEYS)
    given = {"parameters": {}, **entry}
    wrong = {key for key, kind in _KEYS.items() if not isinstance(given.get(key), kind)}
    wrong |= {key for key in _KEYS if key != "parameters" and not given.get(key)}
    for key in _KEYS:
        if key in wrong:
            kind = "a table" if _KEYS[key] is dict else "a text"
            yield f"{key} must be {kind}{'' if key == 'parameters' else ' that is not empty'}"
    if "name" not in wrong and not _NAME.fullmatch(entry["name"]):
        yield "a name is made of small letters, digits and hyphens"
    if "expect" not in wrong:
        odd = (name for name, value in entry["expect"].items() if not isinstance(value, Value))
        yield from (f"expect: {name!r} must be a text, a number, true or false" for name in odd)
    if not wrong & {"notebook", "parameters"}:
        yield from _notebook_faults(folder, given["notebook"], given["parameters"])


def _notebook_faults(folder: Path, notebook: str, parameters: dict[str, Any]) -> Iterator[str]:
    path = folder / notebook
    if path.name != notebook or path.suffix != ".ipynb" or not path.is_file():
        yield f"{notebook!r} is no notebook of this folder"
        return
    try:
        known, values = defaults(path), allowed(path)
    except BadInput as error:
        yield f"{notebook}: {error.message} {error.presented}".rstrip()
        return
    for name, value in parameters.items():
        if name not in known:
            yield f"{notebook} has no parameter {name!r}; it has {', '.join(known) or 'none'}"
        elif fault := unfit(value, known[name], values.get(name, ())):
            yield f"parameter {name!r} {fault}"

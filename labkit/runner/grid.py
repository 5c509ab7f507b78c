"""Grids: a notebook, and all combinations of some values for some of its parameters.

    labkit sweep --notebook 05-encryption-at-rest.ipynb --grid release=2019-08,2020-01 --grid hbi=true,false

A value is of the type of the parameter's default. Where the comment beside the parameter lists what may be
said, it must be one of these. A value with a comma in it stands between double quotes.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from labkit.core.errors import BadInput
from labkit.runner.parameters import allowed, defaults, unfit
from labkit.runner.scenarios import Scenario

_YES_OR_NO = {"true": True, "True": True, "false": False, "False": False}
_READ: dict[type, Callable[[str], Any]] = {int: int, float: float, bool: _YES_OR_NO.__getitem__}


def grid(folder: Path, notebook: str, axes: Sequence[str]) -> list[Scenario]:
    """A scenario for each combination, in the order in which the axes and values were typed. Raises
    BadInput, before anything runs, for whatever is wrong."""
    path = _path(folder, notebook)
    known, values = defaults(path), allowed(path)
    chosen: dict[str, list[Any]] = {}
    for axis in axes:
        name, equals, typed = axis.partition("=")
        if not equals or not typed:
            raise BadInput("This is no axis of a grid.", presented=axis, required="NAME=VALUE,VALUE,...")
        if name not in known:
            raise BadInput(
                "The notebook has no such parameter.",
                presented=name,
                required=", ".join(known) or "it has none",
            )
        if name in chosen:
            raise BadInput("A parameter has two axes.", presented=name, required="all of its values in one")
        chosen[name] = _values(name, typed, known[name], values.get(name, ()))
    combinations = list(product(*chosen.values()))
    stem = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")
    width = len(str(len(combinations)))
    return [
        _scenario(f"{stem}-{number:0{width}}", path, dict(zip(chosen, combination, strict=True)))
        for number, combination in enumerate(combinations, 1)
    ]


def _scenario(name: str, path: Path, parameters: dict[str, Any]) -> Scenario:
    says = ", ".join(f"{key} = {value!r}" for key, value in parameters.items())
    return Scenario(name, path, says, parameters, {})


def _path(folder: Path, notebook: str) -> Path:
    there = sorted(path.name for path in folder.glob("*.ipynb"))
    if not notebook:
        raise BadInput("A grid is of one notebook.", required="--notebook NAME", advice=", ".join(there))
    if notebook not in there:
        raise BadInput("There is no such notebook.", presented=notebook, required=", ".join(there))
    return folder / notebook


def _values(name: str, typed: str, default: Any, allowed: Sequence[Any]) -> list[Any]:
    [texts] = csv.reader([typed], skipinitialspace=True)
    values = [_value(name, text.strip(), default) for text in texts]
    for value in values:
        if fault := unfit(value, default, allowed):
            raise BadInput(f"The parameter {name!r} {fault}.", presented=f"{name}={typed}")
        if values.count(value) > 1:
            raise BadInput("A value stands twice.", presented=f"{name}={typed}")
    return values


def _value(name: str, text: str, default: Any) -> Any:
    if isinstance(default, list):
        raise BadInput("A parameter that is a list makes no axis.", presented=name)
    try:
        return _READ.get(type(default), str)(text)
    except (ValueError, KeyError):
        # Not of that type: `unfit` says of which it must be.
        return text

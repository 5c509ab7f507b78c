"""The parameters of a notebook: what its cell with the tag `parameters` assigns.

Read with Python's own parser. `papermill.inspect_notebook` goes by lines and patterns: a default that holds
an equals sign is lost to it, and one that holds a `#` is cut off.
"""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

from labkit.core.errors import BadInput

_KINDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", list: "a list"}


def defaults(path: Path) -> dict[str, Any]:
    """Parameter names with their defaults; None for a default that is computed. {} for a notebook without
    such a cell. Raises BadInput for what is no notebook, and for a cell that is no Python."""
    try:
        cells = json.loads(path.read_text("utf-8"))["cells"]
        tagged = [cell for cell in cells if "parameters" in cell["metadata"].get("tags", ())]
        sources = ["".join(cell["source"]) for cell in tagged]
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise BadInput("This is not a notebook.", presented=f"{path.name}: {error!r}"[:200]) from None
    if len(sources) > 1:
        raise BadInput("Several cells have the tag `parameters`.", required="one, or none")
    try:
        body = ast.parse("".join(sources)).body
    except (SyntaxError, ValueError) as error:
        raise BadInput("Its parameters cell is not Python.", presented=str(error)) from None
    found: dict[str, Any] = {}
    for line in body:
        targets = line.targets if isinstance(line, ast.Assign) else [getattr(line, "target", None)]
        for target in targets:
            if isinstance(target, ast.Name):
                found[target.id] = _literal(getattr(line, "value", None))
    return found


def _literal(value: ast.expr | None) -> Any:
    try:
        return None if value is None else ast.literal_eval(value)
    except ValueError:
        return None


def unfit(value: Any, default: Any) -> str:
    """Why a value cannot stand in for a default, or "". They must be of one type; a whole number also stands
    in for a fraction, and anything for None."""
    if type(value) not in _KINDS:
        return f"is {type(value).__name__}; a parameter is {', '.join(_KINDS.values())}"
    if default is None or type(value) is type(default) or (type(default) is float and type(value) is int):
        return ""
    return (
        f"is {value!r} where the default is {default!r}: it must be {_KINDS.get(type(default), 'left out')}"
    )

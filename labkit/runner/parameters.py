"""The parameters of a notebook: what its cell with the tag `parameters` assigns, and what comments allow.

Read with Python's own parser. `papermill.inspect_notebook` goes by lines and patterns: a default that holds
an equals sign is lost to it, and one that holds a `#` is cut off.
"""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from labkit.core.errors import BadInput

_KINDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", list: "a list"}


def defaults(path: Path) -> dict[str, Any]:
    """Parameter names with their defaults; None for a default that is computed. {} for a notebook without
    such a cell. Raises BadInput for what is no notebook, and for a cell that is no Python."""
    return {name: _literal(value) for name, value, _ in _assigned(_cell(path))}


def allowed(path: Path) -> dict[str, tuple[str, ...]]:
    """The values that a text may have, for parameters whose comment lists them all:

        region = "up"                 # the workspace's region when the client calls: up or down
        client = "keeps what it has"  # or: gets a new one first

    A list stands behind the last colon, or is all of the comment, and the default is in it; a comment that
    does not have it so, or ends in dots, allows any text. The comment may stand on the line above. Raises
    what `defaults` raises."""
    source = _cell(path)
    lines = source.splitlines()
    found = {}
    for name, value, line in _assigned(source):
        default = _literal(value)
        if isinstance(default, str) and (listed := _listed(_comment(lines, line), default)):
            found[name] = listed
    return found


def _comment(lines: list[str], line: int) -> str:
    """Of the line with this number, or else the line above it where that is nothing but a comment."""
    for text, alone in ((lines[line - 1], False), (lines[line - 2] if line > 1 else "", True)):
        marks = [token for token in _tokens(text) if token.type == tokenize.COMMENT]
        if marks and (not alone or text.lstrip().startswith("#")):
            return marks[-1].string.removeprefix("#").strip()
    return ""


def _tokens(line: str) -> list[tokenize.TokenInfo]:
    try:
        return list(tokenize.generate_tokens(io.StringIO(line).readline))
    except (tokenize.TokenError, SyntaxError):
        # A part of something longer.
        return []


def _listed(comment: str, default: str) -> tuple[str, ...]:
    comment = re.sub(r"\s*\([^()]*\)$", "", comment)
    if comment.endswith("..."):
        return ()
    head, colon, said = comment.rpartition(": ")
    between = r";\s*" if ";" in said else r",\s*(?:or\s+)?|\s+or\s+"
    items = tuple(filter(None, map(_item, re.split(between, said))))
    if colon and head.strip() == "or":
        items = (default, *items)
    return items if default in items and len(items) > 1 else ()


def _item(text: str) -> str:
    """What is listed, without what is said about it."""
    if quoted := re.match(r'\s*"([^"]+)"', text):
        return quoted[1]
    return "" if text.strip().startswith("which ") else text.strip()


def _cell(path: Path) -> str:
    """The source of the parameters cell."""
    try:
        cells = json.loads(path.read_text("utf-8"))["cells"]
        tagged = [cell for cell in cells if "parameters" in cell["metadata"].get("tags", ())]
        sources = ["".join(cell["source"]) for cell in tagged]
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise BadInput("This is not a notebook.", presented=f"{path.name}: {error!r}"[:200]) from None
    if len(sources) > 1:
        raise BadInput("Several cells have the tag `parameters`.", required="one, or none")
    return "".join(sources)


def _assigned(source: str) -> Iterator[tuple[str, ast.expr | None, int]]:
    """Names with what is assigned to them, and the number of the line."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError) as error:
        raise BadInput("Its parameters cell is not Python.", presented=str(error)) from None
    for line in body:
        targets = line.targets if isinstance(line, ast.Assign) else [getattr(line, "target", None)]
        for target in targets:
            if isinstance(target, ast.Name):
                yield target.id, getattr(line, "value", None), line.lineno


def _literal(value: ast.expr | None) -> Any:
    try:
        return None if value is None else ast.literal_eval(value)
    except ValueError:
        return None


def unfit(value: Any, default: Any, allowed: Sequence[Any] = ()) -> str:
    """Why a value cannot stand in for a default, or "". They must be of one type; a whole number also stands
    in for a fraction, and anything for None. Where values are allowed by name, it must be one of these."""
    if allowed and value not in allowed and type(value) is type(default):
        return f"is {value!r}; it may be {', '.join(map(repr, allowed))}"
    if type(value) not in _KINDS:
        return f"is {type(value).__name__}; a parameter is {', '.join(_KINDS.values())}"
    if default is None or type(value) is type(default) or (type(default) is float and type(value) is int):
        return ""
    return (
        f"is {value!r} where the default is {default!r}: it must be {_KINDS.get(type(default), 'left out')}"
    )

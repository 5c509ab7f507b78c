"""Finds what a hint gives away: literals and names of the solution that the learner has not seen yet."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator

# Shorter texts and numbers of one digit occur everywhere.
_SHORTEST_TEXT = 3
_SMALLEST_NUMBER = 10


def giveaways(hint: str, solution: str, known: str) -> list[str]:
    """The literals, called names and attribute names of `solution` (source code) that `hint` contains and
    `known`, what the learner has seen by then, does not."""
    tree = ast.parse(solution)
    pieces = dict.fromkeys([*_texts(tree), *_numbers(tree), *_names(tree)])
    return [piece for piece in pieces if _occurs(piece, hint) and not _occurs(piece, known)]


def _texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
            if len(text.strip()) >= _SHORTEST_TEXT:
                yield text.strip()


def _numbers(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        value = node.value if isinstance(node, ast.Constant) else None
        if isinstance(value, int | float) and (abs(value) >= _SMALLEST_NUMBER or value != int(value)):
            yield str(value)


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            # `all`, `next`, `set` are words too: a built-in is given away where it is written as a call.
            name = node.func.id
            yield f"{name}(" if hasattr(builtins, name) else name


def _occurs(piece: str, text: str) -> bool:
    before = r"(?<!\w)" if piece[0].isalnum() or piece[0] == "_" else ""
    after = r"(?!\w)" if piece[-1].isalnum() or piece[-1] == "_" else ""
    return re.search(f"{before}{re.escape(piece)}{after}", text, re.IGNORECASE) is not None

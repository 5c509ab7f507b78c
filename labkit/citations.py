"""Where statements are cited: tests marked `proves`, and notebook cells that call `statement`. Both are read
as text; nothing is run."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Citations:
    """`places` lists for each cited id where; `unread` says which files or citations could not be read."""

    places: dict[str, list[str]] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)

    def add(self, id: str, place: str) -> None:
        """One more place where `id` is cited."""
        places = self.places.setdefault(id, [])
        if place not in places:
            places.append(place)


def tests(root: Path) -> Citations:
    """Tests marked `@pytest.mark.proves("id")` below `root/tests`, by the ids that pytest gives them."""
    found = Citations()
    for path in sorted(root.glob("tests/**/*.py")):
        name = path.relative_to(root).as_posix()
        try:
            text = path.read_text("utf-8")
            # Most files prove nothing, and taking them apart is what takes the time.
            module = ast.parse(text if "proves" in text else "")
        except (SyntaxError, ValueError, OSError) as error:
            found.unread.append(f"{name}: cannot be read: {error}")
            continue
        collected = path.name.startswith("test_") or path.stem.endswith("_test")
        for function, place in _functions(module.body, name):
            for id in _proves(function, place, found):
                if collected and function.name.startswith("test"):
                    found.add(id, place)
                else:
                    found.unread.append(f"{place}: is marked as a proof and is no test that pytest collects")
    return found


def _functions(body: list[ast.stmt], place: str) -> Iterator[tuple[ast.FunctionDef, str]]:
    for node in body:
        if isinstance(node, ast.FunctionDef):
            yield node, f"{place}::{node.name}"
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node.body, f"{place}::{node.name}")


def _proves(function: ast.FunctionDef, place: str, found: Citations) -> Iterator[str]:
    for mark in function.decorator_list:
        if isinstance(mark, ast.Call) and f".{ast.unparse(mark.func)}".endswith(".mark.proves"):
            for argument in mark.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value
                else:
                    found.unread.append(f"{place}: the id in its mark is not written out")


def cells(root: Path) -> Citations:
    """Code cells of `root/notebooks` that call `statement("id")`, as `file#cell id`."""
    found = Citations()
    for path in sorted(root.glob("notebooks/*.ipynb")):
        try:
            notebook = json.loads(path.read_text("utf-8"))
            code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        except (ValueError, KeyError, TypeError, OSError) as error:
            found.unread.append(f"{path.relative_to(root).as_posix()}: cannot be read: {error!r}")
            continue
        for number, cell in enumerate(code, 1):
            for id in _cited(_source(cell)):
                found.add(id, f"{path.name}#{cell.get('id', number)}")
    return found


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def _cited(source: str) -> Iterator[str]:
    if "statement" not in source:
        return
    # Loaded here: few commands read notebooks.
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        tree = ast.parse(TransformerManager().transform_cell(source))  # type: ignore[no-untyped-call]
    except (SyntaxError, ValueError):
        # A cell that a learner has yet to complete cites nothing.
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and len(node.args) == 1:
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            argument = node.args[0]
            if name == "statement" and isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                yield argument.value

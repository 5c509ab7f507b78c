"""Whether a file is a notebook that can be executed here, and if not, why."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any


def unreadable(path: Path) -> str:
    """Why the file cannot be checked as a notebook; "" where it can."""
    try:
        read = json.loads(path.read_bytes())
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    except (ValueError, RecursionError) as error:
        return f"it is no notebook: it is not JSON ({type(error).__name__})"
    if not isinstance(read, dict) or not isinstance(read.get("nbformat"), int):
        return "it is no notebook: it says no nbformat"
    return _format(read) or _shape(read) or _language(read)


def _format(read: dict[str, Any]) -> str:
    import nbformat

    known = (nbformat.current_nbformat, nbformat.current_nbformat_minor)
    minor = read.get("nbformat_minor", 0)
    says = f"it is of nbformat {read['nbformat']}.{minor}, and what is installed knows {known[0]}.{known[1]}"
    if read["nbformat"] != known[0]:
        return says
    return says if not isinstance(minor, int) or minor > known[1] else ""


def _shape(read: dict[str, Any]) -> str:
    import nbformat

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            nbformat.validate(nbformat.from_dict(read))
            nbformat.reads(json.dumps(read), as_version=4)
    except Exception as error:
        # What the validator makes of a broken file has no common base.
        lines = str(error).strip().splitlines()
        return f"it is no valid notebook: {lines[0] if lines else type(error).__name__}"
    return ""


def _language(read: dict[str, Any]) -> str:
    metadata = read["metadata"]
    named = (metadata.get("kernelspec", {}).get("language"), metadata.get("language_info", {}).get("name"))
    other = [
        name for name in named if isinstance(name, str) and name.lower() not in ("python", "ipython", "")
    ]
    return f"it is written in {other[0]}, and labkit executes Python" if other else ""


def has_code(path: Path) -> bool:
    """Whether a readable notebook has a code cell with something in it."""
    cells = json.loads(path.read_bytes())["cells"]
    return any(cell["cell_type"] == "code" and "".join(cell["source"]).strip() for cell in cells)

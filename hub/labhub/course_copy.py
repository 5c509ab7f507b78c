"""The learner's own copy of the notebooks. All of it runs as the learner."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

# What was given, by the name of the notebook: the hash of its bytes.
_RECORD = ".given.json"


def bring_up_to_date(source: Path, target: Path) -> list[str]:
    """Copies each notebook that is missing in `target`, and the newer version of one that was not changed
    since it was given. Beside one that was, the newer version is put under a name of its own. Returns the
    names of what was written. Raises OSError."""
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    given = _read(target / _RECORD)
    written = []
    for notebook in sorted(source.glob("*.ipynb")):
        data = notebook.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        mine = target / notebook.name
        name = mine.name
        if mine.exists() and _digest(mine) not in (digest, given.get(name)):
            if given.get(name) == digest:
                continue
            name = f"{mine.stem}-new-{digest[:6]}.ipynb"
        if _put(target / name, data, digest):
            written.append(name)
        given[mine.name] = digest
    _store(target / _RECORD, json.dumps(given, indent=1).encode())
    return written


def _read(file: Path) -> dict[str, str]:
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        # Then everything counts as changed, and nothing is overwritten.
        return {}
    return found if isinstance(found, dict) else {}


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


def _put(file: Path, data: bytes, digest: str) -> bool:
    if file.exists() and _digest(file) == digest:
        return False
    _store(file, data)
    return True


def _store(file: Path, data: bytes) -> None:
    draft = file.with_name(f".{file.name}.part")
    draft.write_bytes(data)
    os.replace(draft, file)

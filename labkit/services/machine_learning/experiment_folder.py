"""The directory of an experiment on the local computer: what of it goes into a snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from labkit.core.errors import BadInput, BadRequest, brief
from labkit.services.machine_learning.snapshots import check_size

IGNORE = ".amlignore"


def kept_files(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Those of the files, by path, that `.amlignore` among them does not name. It has a pattern on each line:
    `*` and `?` stand for anything, a slash at the end for a directory, `#` begins a comment. Raises BadInput
    for one that is no text."""
    patterns = _patterns(files.get(IGNORE, b""))
    return {path: data for path, data in files.items() if not _named(patterns, path)}


def _patterns(ignore: bytes) -> list[str]:
    # assumption: amlignore-patterns
    try:
        # Editors and shells on Windows put a mark in front, or write two bytes for each letter.
        text = ignore.decode("utf-16" if ignore[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(
            f"{IGNORE} is no text, so what it names would not be left out.",
            presented=brief(ignore),
            required="a text in UTF-8, with a pattern on each line",
            advice="write it anew with an editor",
        ) from error
    return [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _named(patterns: list[str], path: str) -> bool:
    return any(_names(one.removeprefix("**/"), path) for one in patterns)


def _names(pattern: str, path: str) -> bool:
    whole = PurePosixPath(path)
    folders = [str(one) for one in whole.parents][:-1]
    candidates = folders if pattern.endswith("/") else [path, *folders]
    wanted = pattern.strip("/")
    # Without a slash inside it names a file or a directory wherever it is.
    anywhere = "/" not in pattern.rstrip("/")
    names = [PurePosixPath(one).name for one in candidates] if anywhere else candidates
    return any(fnmatchcase(name, wanted) for name in names)


def read_folder(folder: str | Path) -> dict[str, bytes]:
    """The files of a directory, by path, without those that its `.amlignore` names: what
    `Snapshots.create` takes. Raises BadInput for what is no directory, and for one that cannot be read or is
    too large for a snapshot."""
    root = Path(folder) if isinstance(folder, str | Path) else None
    try:
        if root is None or not root.is_dir():
            raise BadInput("There is no such directory.", presented=brief(folder), required="a directory")
        # What is left out is not even looked into: it may be large, and it may be secret.
        found = _walk(root)
        ignore = found[IGNORE].read_bytes() if IGNORE in found else b""
        patterns = _patterns(ignore)
        kept = {path: file for path, file in found.items() if not _named(patterns, path)}
        check_size(len(kept), sum(file.stat().st_size for file in kept.values()))
        return {path: file.read_bytes() for path, file in kept.items()}
    except OSError as error:
        presented = f"{type(error).__name__}: {brief(error.filename)}"
        raise BadInput("Part of the directory cannot be read.", presented=presented) from error
    except BadRequest as error:
        asked = {"presented": error.presented, "required": error.required, "advice": error.advice}
        raise BadInput(error.message, **asked) from error


def _walk(root: Path) -> dict[str, Path]:
    # A link may lead out of the directory, to what nobody meant to give away.
    return {
        path.relative_to(root).as_posix(): path
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }

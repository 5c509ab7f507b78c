"""Where progress is kept: in the folder that this system has for what programs keep for their user."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from labkit.core.errors import LabError

# Names the folder, in place of the system's own.
VARIABLE = "LABKIT_DATA"
FILE = "progress.sqlite"


class Unkept(LabError):
    """Progress cannot be read or kept. `presented` is where, and why."""


def progress_file() -> Path:
    """The file with this user's progress, whether it is there or not. Raises Unkept where LABKIT_DATA is no
    full path and where nobody knows the user's home."""
    return data_folder(os.environ, sys.platform) / FILE


def data_folder(environment: Mapping[str, str], system: str) -> Path:
    """The folder, by the variables of the environment and the name of the system (as `sys.platform` has it):
    LABKIT_DATA, or else `labkit` in the user's data folder. Raises Unkept."""
    try:
        if named := environment.get(VARIABLE):
            return _absolute(Path(named).expanduser())
        folder = _of_the_user(environment, system) / "labkit"
        if not folder.is_absolute():
            raise RuntimeError(f"{folder} is no full path")
        return folder
    except RuntimeError as error:
        raise Unkept(
            "Your progress is not kept: your home folder is not known.",
            presented=str(error),
            advice=f"set the variable {VARIABLE} to a folder, as a full path",
        ) from None


def _absolute(folder: Path) -> Path:
    # A notebook and a terminal work in different folders.
    if not folder.is_absolute():
        raise Unkept(
            f"Your progress is not kept: {VARIABLE} has to be a full path.",
            presented=f"{VARIABLE}={folder}",
            advice="set it to a folder, as a full path, or to nothing",
        )
    return folder


def _of_the_user(environment: Mapping[str, str], system: str) -> Path:
    if system == "win32":
        return Path(environment.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    if system == "darwin":
        return Path.home() / "Library" / "Application Support"
    # A path there that is not a full one is to be ignored, says the XDG Base Directory Specification.
    named = Path(environment.get("XDG_DATA_HOME", ""))
    return named if named.is_absolute() else Path.home() / ".local" / "share"

"""The file with a workspace's connection details: found, read, and written when somebody asks for it."""

from __future__ import annotations

import json
import os
from pathlib import Path

from labkit.core.errors import brief
from labkit.sdk.azureml.exceptions import UserErrorException

_NAMES = ("subscription_id", "resource_group", "workspace_name")
# In this order, each from the folder up to the root before the next one is tried.
_FOLDERS = (".azureml", "aml_config", "")
_FILES = ("config.json", "project.json")
_LARGEST = 100_000

Details = tuple[str, str, str]


def find(path: str | os.PathLike[str] | None, file_name: str | None = None) -> Path:
    """The file itself, or the first that is found from a folder upwards. Raises UserErrorException."""
    try:
        start = Path("." if path is None else path).resolve()
        if start.is_file():
            return start
        names = (file_name,) if file_name else _FILES
        for folder in _FOLDERS:
            for name in names:
                for above in (start, *start.parents):
                    if (above / folder / name).is_file():
                        return above / folder / name
    except (OSError, TypeError, ValueError) as error:
        raise UserErrorException("That is no path.", presented=brief(path)) from error
    raise UserErrorException(
        "The workspace configuration file config.json was not found.",
        presented=f"{start} and its parent directories",
        required=f"config.json there or in a folder .azureml, with {', '.join(_NAMES)}",
        advice="ws.write_config() writes it; or name the workspace: Workspace(subscription_id, ...)",
    )


def read(file: Path) -> Details:
    """Subscription id, resource group and name of the workspace. Raises UserErrorException."""
    try:
        with file.open(encoding="utf-8-sig") as opened:
            content = json.loads(opened.read(_LARGEST))
    except (OSError, ValueError, RecursionError) as error:
        raise UserErrorException(
            "The workspace configuration file cannot be read.",
            presented=f"{file}: {type(error).__name__}",
            required="a JSON object",
        ) from error
    values = [content.get(name) if isinstance(content, dict) else None for name in _NAMES]
    texts = [value for value in values if isinstance(value, str) and value]
    if len(texts) < len(_NAMES):
        raise UserErrorException(
            "The workspace configuration file is not complete.",
            presented=f"{file}",
            required=f"{', '.join(_NAMES)}, each a text",
        )
    subscription, group, name = texts
    return subscription, group, name


def write(details: Details, path: str | os.PathLike[str] | None, file_name: str | None = None) -> Path:
    """Writes the file to the folder .azureml of a folder. Raises UserErrorException."""
    try:
        folder = Path("." if path is None else path) / ".azureml"
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / (file_name or "config.json")
        file.write_text(json.dumps(dict(zip(_NAMES, details, strict=True)), indent=4) + "\n", "utf-8")
    except (OSError, TypeError, ValueError) as error:
        raise UserErrorException(
            "The workspace configuration file cannot be written.", presented=brief(path)
        ) from error
    return file

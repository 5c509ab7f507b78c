"""What is said about a model when it is deployed: the script that scores, and its environment."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Any

from labkit.core.errors import brief
from labkit.sdk.azureml.exceptions import UserErrorException, WebserviceException
from labkit.services.machine_learning.serving import ScoringScript


@dataclass(frozen=True)
class Environment:
    """What a script runs in. The lab runs no script of a web service, so an environment is a name here."""

    name: str


@dataclass(frozen=True)
class InferenceConfig:
    """The script that scores, and its environment. Raises WebserviceException where there is no such
    script."""

    entry_script: str
    _: KW_ONLY
    source_directory: str | None = None
    description: str | None = None
    environment: Environment | None = None

    def __post_init__(self) -> None:
        try:
            found = self._script.is_file()
        except (OSError, TypeError, ValueError) as error:
            raise UserErrorException("That is no path.", presented=brief(self.entry_script)) from error
        if not found:
            raise WebserviceException(
                "There is no such entry script.",
                presented=f"{self._script}",
                required="a file in the current folder, or in source_directory",
                advice='prelude(ws, folder=".") of labkit.sdk writes a score.py',
            )
        if self.environment is not None and not isinstance(self.environment, Environment):
            raise UserErrorException(
                "That is no environment.",
                presented=type(self.environment).__name__,
                required='Environment("myenv")',
            )

    @property
    def _script(self) -> Path:
        return Path(self.source_directory or ".") / self.entry_script

    def scoring_script(self) -> ScoringScript:
        """The script as it is now: its `init` is called when the container starts, its `run` for every
        request. Raises WebserviceException where it cannot be read."""
        try:
            source = self._script.read_text("utf-8")
        except (OSError, ValueError) as error:
            raise WebserviceException(
                "The entry script cannot be read.", presented=f"{self._script}: {type(error).__name__}"
            ) from error
        names: dict[str, Any] = {"__name__": "score", "__file__": str(self._script)}

        def init() -> None:
            exec(compile(source, str(self._script), "exec"), names)
            names["init"]()

        return ScoringScript(lambda data: names["run"](data), init=init, text=source)

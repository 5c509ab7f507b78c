"""What the lab does although no document and no public reference says so (`assumptions.toml`)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from textwrap import fill

from labkit.core.show import Shown

_WIDTH = 100


@dataclass(frozen=True, repr=False)
class Assumption(Shown):
    """One of them: what the lab does, why that and nothing else, and the module that does it (`where`)."""

    id: str
    says: str
    why: str
    where: str

    def __repr__(self) -> str:
        texts = (self.says, f"Why: {self.why}")
        indented = (fill(text, _WIDTH, initial_indent="  ", subsequent_indent="  ") for text in texts)
        return "\n".join([f"{self.id}  ({self.where})", *indented])


def assumptions() -> list[Assumption]:
    """All of them, in the order of the list."""
    text = files("labkit").joinpath("assumptions.toml").read_text("utf-8")
    return [Assumption(**entry) for entry in tomllib.loads(text)["assumption"]]

"""What the instructor is told."""

from __future__ import annotations


class Trouble(Exception):
    """Something that the hub cannot do: what is wrong, what was found, and what to do."""

    def __init__(self, wrong: str, found: str = "", advice: str = "") -> None:
        self.wrong, self.found, self.advice = wrong, found, advice
        super().__init__(wrong)

    def __str__(self) -> str:
        line = f"{self.wrong}: {self.found}" if self.found else self.wrong
        return f"{line}\n  what to do: {self.advice}" if self.advice else line

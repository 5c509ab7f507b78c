"""The outcome of a call that was only tried: what came back, or the refusal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from labkit.core.errors import LabError
from labkit.core.show import Shown

V = TypeVar("V")


@dataclass(frozen=True, repr=False)
class Verdict(Shown, Generic[V]):
    """`accepted`, with the `value` that came back, or the `refusal` that says why not."""

    accepted: bool
    value: V | None = None
    refusal: LabError | None = None

    @classmethod
    def of(cls, call: Callable[[], V]) -> Verdict[V]:
        """Makes the call and keeps what the lab says to it."""
        try:
            return cls(True, value=call())
        except LabError as refusal:
            return cls(False, refusal=refusal)

    @property
    def code(self) -> str:
        """The error code, or "" where the call was accepted."""
        return self.refusal.code if self.refusal else ""

    @property
    def word(self) -> str:
        """The verdict in one word: accepted or refused."""
        return "accepted" if self.accepted else "refused"

    def __bool__(self) -> bool:
        return self.accepted

    def __repr__(self) -> str:
        if self.refusal is None:
            return "ACCEPTED" if self.value is None else f"ACCEPTED\n{_brief(self.value)}"
        where = getattr(self.refusal, "stage", "")
        who = getattr(self.refusal, "service", "")
        heading = f"REFUSED by {who} at {where}" if who else "REFUSED by the lab"
        return f"{heading}\n{type(self.refusal).__name__}: {self.refusal}"


def _brief(value: object) -> str:
    lines = repr(value).splitlines()
    return "\n".join(line if len(line) <= 160 else line[:157] + "..." for line in lines[:12])

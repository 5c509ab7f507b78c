"""What there is to find out about an incident, and what an answer to it gives away of its author's ideas."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from labkit.core.clock import iso
from labkit.core.errors import brief
from labkit.course.checking import NotUsable, as_text
from labkit.course.naming import as_name

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::\d\d)?Z?")


# In place of a wrong answer: any moment after the right one.
LATER = "later"


class Pitfall(NamedTuple):
    """What the lab has to say to a wrong answer, and the idea behind it."""

    found: str
    misconception: str


@dataclass(frozen=True)
class Fact:
    """One thing to find out.

    right     the answer: one of `options` or, where there are none, a moment as `moment` writes it
    pitfalls  wrong answers that people have a reason for
    evidence  what is said to any other wrong answer
    """

    name: str
    right: str
    evidence: str
    options: Sequence[str] = ()
    pitfalls: Mapping[str, Pitfall] = field(default_factory=dict)

    def read(self, given: object) -> str:
        """The answer that is meant. Raises NotUsable."""
        what = f"What you say of {self.name!r}"
        if given == "" and type(given) is str:
            raise NotUsable(f"You have not said anything of {self.name!r} yet.")
        if self.options:
            return as_name(given, self.options, what=what)
        text = as_text(given, longest=60, what=what).strip()
        found = _MOMENT.fullmatch(text)
        if found is None:
            raise NotUsable(
                f"{what} is {brief(text)}. It should be a moment as the logs write it, for instance "
                "'2020-03-16 09:00'."
            )
        return f"{found[1]} {found[2]}"

    def pitfall(self, said: str) -> Pitfall | None:
        """What is wrong with the answer; None where it is right."""
        if said == self.right:
            return None
        later = self.pitfalls.get(LATER) if not self.options and said > self.right else None
        return self.pitfalls.get(said) or later or Pitfall(self.evidence, "")


def moment(at: int) -> str:
    """A moment (seconds) to the minute, as an answer has it."""
    return iso(at)[:16]

"""What an exercise is made of. The learner holds it as a Worksheet (`labkit.course.worksheet`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import labkit
from labkit.core.show import Shown
from labkit.course.stepping import uncounted

if TYPE_CHECKING:
    from labkit.lab import Lab


@dataclass(frozen=True, repr=False)
class Result(Shown):
    """What came of an attempt.

    message        what is wrong, with a counterexample, or what there is to say about an answer that is right
    misconception  the id of the known wrong idea that the answer shows, where it shows one
    then           what comes next: a hint to ask for, or the explanation of an exercise that was passed
    """

    passed: bool
    message: str = ""
    misconception: str | None = None
    then: str = ""

    @classmethod
    def right(cls, message: str = "") -> Result:
        """The answer is right."""
        return cls(True, message)

    @classmethod
    def wrong(cls, message: str, misconception: str) -> Result:
        """The answer shows a known wrong idea. What the exercise's WrongAnswer says to it is added."""
        return cls(False, message, misconception)

    @classmethod
    def not_yet(cls, message: str) -> Result:
        """The answer is unfinished, or of the wrong kind."""
        return cls(False, message)

    def __repr__(self) -> str:
        heading = "Passed." if self.passed else "Not yet."
        return "\n".join(part for part in (f"{heading} {self.message}".rstrip(), self.then) if part)


class Bench:
    """Where an attempt is tried out. It keeps nothing from one attempt to the next."""

    def lab(self, release: str = "2020-03", seed: int = 2020) -> Lab:
        """A fresh lab, the same every time. Raises BadInput."""
        return uncounted(lambda: labkit.start(release=release, seed=seed))


Checker = Callable[[object, Bench], Result]


@dataclass(frozen=True)
class WrongAnswer:
    """An answer that people give. `source` is the code that sets `answer`, `misconception` the id of the idea
    behind it, and `says` what the learner is told about that idea."""

    source: str
    misconception: str
    says: str


@dataclass(frozen=True)
class Exercise:
    """One exercise, as data. An answer is one value: a text, a set, a function.

    id           for instance "auth-fresh"
    notebook     the notebook that it is part of
    minutes      how long it takes
    prompt       what is asked, in Markdown
    starter      source code that sets `answer` to something that does not pass
    solution     source code that sets `answer` to something that does
    hints        three or more, which grow and never give it away
    explanation  shown to who has passed
    check        gets the answer as it was handed in and reads it through `labkit.course.checking` only
    wrong        three or more known wrong answers, each with its own misconception
    """

    id: str
    notebook: str
    title: str
    minutes: int
    prompt: str
    starter: str
    solution: str
    hints: tuple[str, ...]
    explanation: str
    check: Checker
    wrong: tuple[WrongAnswer, ...]

    def says(self, misconception: str | None) -> str:
        """What a learner is told about this wrong idea; "" for one that is not listed."""
        return next((each.says for each in self.wrong if each.misconception == misconception), "")

"""An exercise as the learner holds it: read it, try an answer, ask for a hint."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from labkit.core.errors import LabError
from labkit.core.show import Shown
from labkit.course.checking import NotUsable, text_of
from labkit.course.core_part import standing
from labkit.course.describing import describe
from labkit.course.exercise import Bench, Exercise, Result
from labkit.course.keeper import keep
from labkit.course.progress_state import attempted, explained, hinted
from labkit.course.registry import content, pick
from labkit.course.stepping import run

# What a learner reads where a checker does not use `checking` as it should.
UNREADABLE = "Looking at your answer goes wrong. It is"

# How many hints were shown, by exercise id. A restarted kernel shows them from the first one again.
_taken: dict[str, int] = {}


def first_hint_again(ids: Iterable[str]) -> None:
    """The next hint of these exercises is the first one."""
    for id in ids:
        _taken.pop(id, None)


@dataclass(frozen=True, repr=False)
class Note(Shown):
    """Something to read: a hint or a solution."""

    text: str

    def __repr__(self) -> str:
        return self.text


def attempt(task: Exercise, answer: object) -> Result:
    """What came of an answer, with what there is to say about it. Nothing is kept."""
    result = _judge(task, answer)
    if result.passed:
        return replace(result, then=task.explanation)
    says = task.says(result.misconception)
    return result if says in result.message else replace(result, message=f"{result.message} {says}")


def _judge(task: Exercise, answer: object) -> Result:
    if answer is ...:
        return Result.not_yet("There is no answer yet: put one in place of the three dots.")
    ran = run(task.check, answer, Bench())
    if isinstance(ran.value, Result):
        return ran.value
    # The type decides: a learner's exception could lie about its class, or raise at the question.
    if issubclass(type(ran.error), NotUsable):
        return Result.not_yet(str(ran.error))
    if issubclass(type(ran.error), LabError):
        return Result.not_yet(f"The lab said no to your answer: {text_of(ran.error)}")
    return Result.not_yet(f"{UNREADABLE} {describe(answer)}.")


class Worksheet(Shown):
    """What `exercise(id)` gives. It shows the task; it does not show the solution unless asked."""

    def __init__(self, task: Exercise) -> None:
        self._task = task

    @property
    def id(self) -> str:
        """The id of the exercise."""
        return self._task.id

    @property
    def starter(self) -> str:
        """Source code to begin with."""
        return self._task.starter

    def check(self, answer: object) -> Result:
        """Tries an answer in a fresh lab. Whatever the answer is, what comes back is a Result to read."""
        result = attempt(self._task, answer)
        if not result.passed:
            result = replace(result, then=self._next_step())
        if answer is ...:
            return result
        known = result.misconception if self._task.says(result.misconception) else None
        return replace(result, then=keep(attempted(self.id, result.passed, known), result.then))

    def hint(self) -> Note:
        """The next hint; each call gives one more, until there are no more."""
        number = _taken.get(self.id, 0)
        total = len(self._task.hints)
        if number == total:
            return Note(f"There are no more hints. {self._next_step()}")
        _taken[self.id] = number + 1
        text = f"Hint {number + 1} of {total}: {self._task.hints[number]}"
        return Note(keep(hinted(self.id, number + 1), text))

    def reveal(self) -> Note:
        """A solution. Others are possible."""
        return Note(keep(explained(self.id), self._task.solution))

    def _next_step(self) -> str:
        number, total = _taken.get(self.id, 0), len(self._task.hints)
        if number == total:
            return f'To see a solution: exercise("{self.id}").reveal()'
        return f'Hint {number + 1} of {total}: exercise("{self.id}").hint()'

    def _parts(self) -> tuple[str, str, str]:
        task = self._task
        part = standing(task.notebook, task.id)
        heading = f"Exercise {task.id}: {task.title} ({task.minutes} minutes, {part})"
        return heading, task.prompt.strip(), f'exercise("{task.id}").check(answer)'

    def __repr__(self) -> str:
        heading, prompt, call = self._parts()
        return f"{heading}\n\n{prompt}\n\nTo try an answer: {call}"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        heading, prompt, call = self._parts()
        markdown = f"**{heading}**\n\n{prompt}\n\nTo try an answer: `{call}`"
        return {"text/plain": repr(self), "text/markdown": markdown}


def exercises() -> tuple[Exercise, ...]:
    """All exercises of the course."""
    return content("EXERCISES")


def exercise(id: str) -> Worksheet:
    """The exercise with this id. Raises BadInput, which names those that come nearest."""
    return Worksheet(pick("exercise", exercises(), id))

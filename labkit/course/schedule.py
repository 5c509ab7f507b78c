"""A day with a class: the part of the course that every learner does, session by session."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from labkit.core.errors import BadInput
from labkit.core.noted import Line, Noted
from labkit.core.table import Table
from labkit.course.core_part import FILE
from labkit.course.lessons import Lesson, lessons, source
from labkit.course.worksheet import exercises

_HEADING = re.compile(r"^## (?:\d+\. )?(.+?)\s*$", re.MULTILINE)
# Headings under which nothing is taught: the minutes of a notebook are those of the others.
_FRAME = {"Exercises", "Take it home", "Summary", "What's next", "What’s next", "What has changed at Azure"}


@dataclass(frozen=True)
class Part:
    """What is done of a notebook: headings of sections, ids of exercises, and how long that takes."""

    lesson: Lesson
    sections: tuple[str, ...]
    exercises: tuple[str, ...]
    minutes: int
    left_out: int


@dataclass(frozen=True)
class Session:
    """What is done between two breaks; `target` is how long it may take (minutes)."""

    name: str
    target: int
    parts: tuple[Part, ...]

    @property
    def minutes(self) -> int:
        """How long it takes."""
        return sum(part.minutes for part in self.parts)


@dataclass(frozen=True, repr=False)
class Schedule(Noted):
    """The sessions of a day. `pause` is the break between two of them, and `lunch` the one after the session
    of that number; `target` is for all of it but lunch. All in minutes."""

    sessions: tuple[Session, ...]
    pause: int
    lunch: int
    lunch_after: int
    target: int

    @property
    def minutes(self) -> int:
        """How long the day takes, with its breaks and without lunch."""
        return sum(one.minutes for one in self.sessions) + self.breaks * self.pause

    @property
    def breaks(self) -> int:
        """How many there are beside lunch."""
        between = range(1, len(self.sessions))
        return len(between) - (self.lunch_after in between)

    @property
    def overruns(self) -> list[str]:
        """What takes longer than it may, as sentences."""
        late = [
            f"{one.name} takes {one.minutes} minutes, {one.minutes - one.target} more than its {one.target}."
            for one in self.sessions
            if one.minutes > one.target
        ]
        day = f"The day takes {_hours(self.minutes)}, and {_hours(self.target)} is what there is."
        return [*late, *([day] * (self.minutes > self.target))]

    def tables(self) -> Sequence[Table]:
        """A row for each part, with the minute at which it begins."""
        return (Table(("at", "session", "notebook", "minutes", "what every learner does"), [*self._rows()]),)

    def _rows(self) -> Iterator[tuple[object, ...]]:
        at = 0
        for number, session in enumerate(self.sessions, 1):
            for part in session.parts:
                told = "; ".join((*part.sections, *part.exercises))
                yield _hours(at), session.name, Path(part.lesson.notebook).stem, part.minutes, told
                at += part.minutes
            if number < len(self.sessions):
                lunch = number == self.lunch_after
                length = self.lunch if lunch else self.pause
                yield _hours(at), "", "", length, "lunch" if lunch else "break"
                at += length

    def lines(self) -> Sequence[Line]:
        """How long the sessions and the day take, and what is left for who is faster."""
        held = [f"{one.name}: {one.minutes} of {one.target} minutes." for one in self.sessions]
        day = f"The day: {_hours(self.minutes)} of {_hours(self.target)}, with breaks and without lunch."
        more = sum(part.left_out for session in self.sessions for part in session.parts)
        optional = f"Optional in these notebooks: {_hours(more)} more."
        advice = ["What to do: take something out of labkit/course/schedule.toml, or give it more time."]
        late = [*self.overruns, *(advice if self.overruns else [])]
        return [*map(Line, (*held, day, optional, *late))]


def _hours(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02}"


def headings(notebook: Mapping[str, Any]) -> list[str]:
    """The sections of a notebook in which something is taught, without their numbers."""
    prose = "\n\n".join(source(cell) for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    return [found for found in _HEADING.findall(prose) if found not in _FRAME]


def section_minutes(folder: Path, lesson: Lesson) -> dict[str, int]:
    """About how long each section of a notebook takes: what its exercises leave, spread evenly."""
    known = headings(json.loads((folder / lesson.notebook).read_text("utf-8")))
    own = sum(task.minutes for task in exercises() if task.notebook == lesson.notebook)
    return dict.fromkeys(known, round((lesson.minutes - own) / max(1, len(known))))


def schedule(folder: Path, target: int | None = None, file: Path = FILE) -> Schedule:
    """The schedule of a file for the notebooks of a folder. Another `target` (minutes) for the day changes
    those of its sessions in proportion. Raises BadInput for a heading, an exercise or a notebook that is not
    there, and for what is no schedule."""
    course = {lesson.notebook: lesson for lesson in lessons(folder)}
    try:
        table = tomllib.loads(file.read_text("utf-8"))
        pause, lunch, after = table["break"], table["lunch"], table["lunch_after"]
        sessions = [
            Session(one["name"], one["target"], tuple(_part(each, folder, course) for each in one["part"]))
            for one in table["session"]
        ]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        said = f"{file.name}: {type(error).__name__}: {error}"
        raise BadInput("That is no schedule.", presented=said) from None
    except BadInput as error:
        error.advice = f"correct {file.name}"
        raise
    work = sum(one.target for one in sessions)
    breaks = pause * (len(sessions) - 1 - (0 < after < len(sessions)))
    if target is None:
        return Schedule(tuple(sessions), pause, lunch, after, work + breaks)
    if target <= breaks:
        raise BadInput("A day is longer than its breaks.", presented=f"{target} minutes")
    share = Fraction(target - breaks, work)
    scaled = (Session(one.name, int(one.target * share), one.parts) for one in sessions)
    return Schedule(tuple(scaled), pause, lunch, after, target)


def _part(entry: Mapping[str, Any], folder: Path, course: Mapping[str, Lesson]) -> Part:
    name = entry["notebook"]
    if name not in course:
        raise _missing("notebook", name, course)
    known = headings(json.loads((folder / name).read_text("utf-8")))
    own = {task.id: task.minutes for task in exercises() if task.notebook == name}
    for kind, named, there in (("section", entry["sections"], known), ("exercise", entry["exercises"], own)):
        for one in named:
            if one not in there:
                raise _missing(f"{kind} in {name}", one, there)
    lesson = course[name]
    reading = lesson.minutes - sum(own.values())
    # Rounded up, so that nobody is promised more time than there is.
    minutes = -(-reading * len(entry["sections"]) // max(1, len(known))) + sum(
        own[id] for id in entry["exercises"]
    )
    return Part(
        lesson, tuple(entry["sections"]), tuple(entry["exercises"]), minutes, lesson.minutes - minutes
    )


def _missing(kind: str, presented: object, known: Sequence[str] | Mapping[str, Any]) -> BadInput:
    return BadInput(f"There is no such {kind}.", presented=f"{presented}", required=" or ".join(known))

"""Notes for whoever teaches a notebook: what a person has written (`teaching/`), together with what the
course says of itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from labkit.checkout import checkout
from labkit.core.errors import BadInput
from labkit.core.show import Shown
from labkit.course.core_part import standing
from labkit.course.exercise import Exercise, Result, WrongAnswer
from labkit.course.exercise_faults import counterexample, trials
from labkit.course.glossary import terms
from labkit.course.lessons import Lesson, lessons
from labkit.course.prediction import Prediction
from labkit.course.recorded_answers import recorded_answers
from labkit.course.registry import pick
from labkit.course.schedule import section_minutes
from labkit.course.steps import Chapter, chapters

FOLDER = Path(__file__).with_name("teaching")
# The note that is about no notebook.
DAY = "day"


@dataclass(frozen=True, repr=False)
class TeachingNote(Shown):
    """The note for one notebook, or for the day as a whole, which has no `chapter`. `written` is the part
    that a person wrote."""

    id: str
    written: str
    chapter: Chapter | None = None

    def markdown(self, tried: bool = False, solutions: bool = False) -> str:
        """All of it. With `tried`, what the lab shows for each catalogued wrong answer, which takes seconds;
        with `solutions`, those as well. Raises BadInput for a notebook that was not recorded."""
        if self.chapter is None:
            return self.written
        lesson, steps = self.chapter.lesson, self.chapter.steps
        asked = [step.task for step in steps if isinstance(step.task, Prediction)]
        tasks = [step.task for step in steps if isinstance(step.task, Exercise)]
        parts = [
            f"# {lesson.title}: notes for instructors",
            *_facts(lesson),
            _table(("part", "minutes", "in a day with a class"), [*_parts(lesson, tasks)]),
            self.written.strip(),
            *_predictions(lesson, asked),
            "## Exercises and the wrong ideas behind them",
            *(text for task in tasks for text in _exercise(task, tried, solutions)),
        ]
        return "\n\n".join(part for part in parts if part) + "\n"

    def __repr__(self) -> str:
        return self.markdown()


def names() -> tuple[str, ...]:
    """What there are notes for: the day, then the notebooks in reading order."""
    own = sorted(path.stem for path in FOLDER.glob("*.md"))
    return (*(name for name in own if name == DAY), *(name for name in own if name != DAY))


def note(name: str) -> TeachingNote:
    """The note with this name, of which the number will do ("01"). Raises BadInput."""
    id = next((one for one in names() if one.partition("-")[0] == name or f"{one}.ipynb" == name), name)
    if id not in names():
        raise BadInput("There is no such note.", presented=name, required=" or ".join(names()))
    written = (FOLDER / f"{id}.md").read_text("utf-8")
    if id == DAY:
        return TeachingNote(id, written)
    folder = checkout() / "notebooks"
    return TeachingNote(id, written, pick("notebook", chapters(folder, lessons(folder)), id))


def _facts(lesson: Lesson) -> Iterator[str]:
    taught = [name for name, term in terms().items() if term.taught_in == lesson.notebook]
    first = {term: one.taught_in.removesuffix(".ipynb") for term, one in terms().items()}
    before = sorted({first[term] for term in lesson.requires if term in first})
    yield f"{lesson.minutes} minutes in all. It builds on: {', '.join(before) or 'nothing'}."
    if taught:
        yield f"Terms that it teaches: {', '.join(taught)}."


def _parts(lesson: Lesson, tasks: Sequence[Exercise]) -> Iterator[tuple[object, ...]]:
    for heading, minutes in section_minutes(checkout() / "notebooks", lesson).items():
        yield heading, f"about {minutes}", standing(lesson.notebook, heading)
    for task in tasks:
        yield f"exercise `{task.id}`", task.minutes, standing(lesson.notebook, task.id)


def _predictions(lesson: Lesson, asked: Sequence[Prediction]) -> Iterator[str]:
    if not asked:
        return
    answers = recorded_answers(checkout() / "notebooks" / lesson.notebook)
    yield "## Predictions"
    yield "Have the room vote before the cell runs. The lab's answer is the one that is recorded."
    rows = [
        (
            f"`{one.id}`",
            " ".join(one.question.split()),
            answers[one.id],
            ", ".join(option for option in one.options if option != answers[one.id]),
        )
        for one in asked
    ]
    yield _table(("prediction", "question", "the lab answers", "what else is guessed"), rows)


def _exercise(task: Exercise, try_them: bool, solutions: bool) -> Iterator[str]:
    yield f"### `{task.id}`: {task.title} ({task.minutes} minutes, {standing(task.notebook, task.id)})"
    headers: tuple[str, ...] = ("wrong idea", "what the learner is told")
    rows: list[tuple[object, ...]] = [(f"`{one.misconception}`", one.says) for one in task.wrong]
    if try_them:
        headers = (*headers, "what the lab shows")
        shown = [_shown(wrong, result) for wrong, result in trials(task)]
        rows = [(*row, saw) for row, saw in zip(rows, shown, strict=True)]
    yield _table(headers, rows)
    if solutions:
        yield f"A solution:\n\n```python\n{task.solution.strip()}\n```"
        yield task.explanation


def _shown(wrong: WrongAnswer, result: Result | str) -> str:
    return counterexample(wrong, result) if isinstance(result, Result) else result


def _table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(cell: object) -> str:
    return " ".join(str(cell).replace("|", "\\|").split())

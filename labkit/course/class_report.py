"""How far a class has come, where it is stuck, and which wrong ideas are in the room."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from labkit.checkout import checkout
from labkit.core.noted import Line, Noted
from labkit.core.table import Table
from labkit.core.text import plain
from labkit.course.class_files import HandedIn, Learner
from labkit.course.exercise import Exercise
from labkit.course.lessons import lessons
from labkit.course.overview import Count, next_step
from labkit.course.prediction import Prediction
from labkit.course.steps import Chapter, chapters, tasks
from labkit.display.number_grid import number_grid

# Rows of a table about what went wrong, and names in one of them.
_MOST_ROWS, _MOST_NAMES = 10, 5
DONE = "Done, in percent"


@dataclass(frozen=True)
class Stuck:
    """An exercise, with those who tried it and have not passed (with how often they tried), and how many have
    passed it."""

    exercise: Exercise
    attempts: tuple[tuple[str, int], ...]
    passed: int


@dataclass(frozen=True)
class Idea:
    """A catalogued wrong idea: how many learners have shown it, and how often in all."""

    exercise: Exercise
    misconception: str
    learners: int
    times: int


@dataclass(frozen=True)
class Surprise:
    """A prediction that did not come true for `wrong` of the `made`, and the wrong choice most often made."""

    prediction: Prediction
    wrong: int
    made: int
    choice: str


@dataclass(frozen=True, repr=False)
class ClassReport(Noted):
    """A class, as its exports tell of it."""

    course: tuple[Chapter, ...]
    handed: HandedIn

    @property
    def learners(self) -> tuple[Learner, ...]:
        """All that could be read."""
        return self.handed.learners

    @property
    def stuck(self) -> list[Stuck]:
        """Where most are stuck first, and then where they tried most often."""
        found = []
        for task in (one for one in tasks() if isinstance(one, Exercise)):
            efforts = [(one.name, one.progress.exercises.get(task.id)) for one in self.learners]
            tried = [(name, one.attempts) for name, one in efforts if one and one.attempts and not one.passed]
            passed = sum(one is not None and one.passed for _, one in efforts)
            tried.sort(key=lambda each: (-each[1], each[0]))
            found += [Stuck(task, tuple(tried), passed)] * bool(tried)
        return sorted(found, key=lambda one: (-len(one.attempts), -sum(n for _, n in one.attempts)))

    @property
    def ideas(self) -> list[Idea]:
        """Those that most learners have shown first, whether they have passed since or not."""
        people: Counter[tuple[str, str]] = Counter()
        times: Counter[tuple[str, str]] = Counter()
        for learner in self.learners:
            for id, effort in learner.progress.exercises.items():
                people.update((id, name) for name in effort.misconceptions)
                times.update({(id, name): count for name, count in effort.misconceptions.items()})
        found = [
            Idea(task, wrong.misconception, people[key], times[key])
            for task in tasks()
            if isinstance(task, Exercise)
            for wrong in task.wrong
            if (key := (task.id, wrong.misconception)) in people
        ]
        return sorted(found, key=lambda one: (-one.learners, -one.times))

    @property
    def surprises(self) -> list[Surprise]:
        """Those that most learners got wrong first, and then those with the larger share of wrong ones."""
        found = []
        for task in (one for one in tasks() if isinstance(one, Prediction)):
            kept = [one.progress.predictions.get(task.id) for one in self.learners]
            made = [one for one in kept if one is not None and one.right is not None]
            wrong = Counter(one.choice or "" for one in made if not one.right)
            if wrong:
                choice = min(wrong, key=lambda text: (-wrong[text], text))
                found.append(Surprise(task, wrong.total(), len(made), choice))
        return sorted(found, key=lambda one: (-one.wrong, -one.wrong / one.made))

    def tables(self) -> Sequence[Table]:
        """Who is where, and has done how much; who is stuck on what; which wrong ideas; which predictions."""
        headers = ("learner", "is at", "exercises passed", "predictions right", "wrong", "minutes left")
        where = Table((*headers, "tried, not passed"), [*self._where()], caption="Who is where")
        stuck = [(s.exercise.id, len(s.attempts), s.passed, _people(s.attempts)) for s in self.stuck]
        ideas = [
            (i.misconception, i.exercise.id, i.learners, i.times, i.exercise.says(i.misconception))
            for i in self.ideas
        ]
        surprises = [
            (s.prediction.id, f"{s.wrong} of {s.made}", s.choice, " ".join(s.prediction.question.split()))
            for s in self.surprises
        ]
        return [
            where,
            self.done,
            *_top("Who is stuck", ("exercise", "stuck", "passed", "attempts without passing"), stuck),
            *_top("Wrong ideas", ("idea", "exercise", "learners", "times", "what there is to say"), ideas),
            *_top("Predictions", ("prediction", "wrong", "most often chosen", "question"), surprises),
        ]

    def _where(self) -> Iterator[tuple[object, ...]]:
        for learner in self.learners:
            progress = learner.progress
            total = Count.total([Count.of(chapter, progress) for chapter in self.course])
            step = next_step(self.course, progress)
            place = f"{step.chapter.id}: {step.step.task.id}" if step.chapter and step.step else "the end"
            open_ones = [id for id, one in progress.exercises.items() if one.attempts and not one.passed]
            yield (
                learner.name,
                place if step.begun else "not begun",
                f"{total.passed} of {total.exercises}",
                total.right,
                total.wrong,
                total.minutes_left,
                ", ".join(sorted(set(open_ones) & {task.id for task in tasks()})) or "nothing",
            )

    def lines(self) -> Sequence[Line]:
        """How many there are, and what there is to say about the files."""
        count = len(self.learners)
        return [Line(f"{count} learner{'s' * (count != 1)}."), *map(Line, self.handed.remarks)]

    @property
    def done(self) -> Table:
        """What share of its exercises and predictions each learner has done in each notebook."""
        names, columns, percent = self._shares
        rows = [(name, *(percent[name, column] for column in columns)) for name in names]
        return Table(("learner", *columns), rows, caption=DONE)

    @property
    def _shares(self) -> tuple[list[str], list[str], dict[tuple[str, str], int]]:
        """The names of the learners, those of the notebooks, and the percentages by both."""
        percent = {
            (learner.name, chapter.id[:2]): _share(chapter, learner)
            for learner in self.learners
            for chapter in self.course
        }
        return [one.name for one in self.learners], [one.id[:2] for one in self.course], percent

    @cached_property
    def picture(self) -> str:
        """The same as a picture (SVG)."""
        names, columns, percent = self._shares
        return number_grid(DONE, "learner", "notebook", names, percent, columns)


def class_report(handed: HandedIn) -> ClassReport:
    """The report on what was handed in. Raises BadInput where the notebooks cannot be read."""
    folder = checkout() / "notebooks"
    return ClassReport(chapters(folder, lessons(folder)), handed)


def _share(chapter: Chapter, learner: Learner) -> int:
    done = sum(step.done(learner.progress) for step in chapter.steps)
    return 100 * done // max(1, len(chapter.steps))


def _people(attempts: Sequence[tuple[str, int]]) -> str:
    shown = ", ".join(f"{plain(name)} {count}" for name, count in attempts[:_MOST_NAMES])
    more = len(attempts) - _MOST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown


def _top(caption: str, headers: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterable[Table]:
    more = f" (the first {_MOST_ROWS} of {len(rows)})" if len(rows) > _MOST_ROWS else ""
    return [Table(headers, rows[:_MOST_ROWS], caption=f"{caption}{more}")] if rows else []

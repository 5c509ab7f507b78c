"""What is wrong with an exercise or a prediction as it was written, found by trying every answer in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import labkit
from labkit.course.exercise import Exercise, Result, WrongAnswer
from labkit.course.giveaways import giveaways
from labkit.course.prediction import Prediction
from labkit.course.worksheet import UNREADABLE, attempt

FEWEST = 3
MOST_MINUTES = 60
_WORD = re.compile(r"\w{4,}")


@dataclass(frozen=True)
class Fault:
    """Something that is wrong, and what to do about it. `id` is the exercise or the prediction."""

    id: str
    says: str
    todo: str


def faults_of(task: Exercise) -> list[Fault]:
    """Everything that is wrong with an exercise by itself. Its answers are tried, each in labs of its own;
    progress is left alone."""
    tried = trials(task)
    found = [*_texts(task), *_hints(task), *_starter(task), *_solution(task), *_catalogue(task)]
    found += [fault for wrong, result in tried for fault in _wrong_answer(wrong, result)]
    found += _shared_counterexamples(tried)
    return [Fault(task.id, *each) for each in found]


def trials(task: Exercise) -> list[tuple[WrongAnswer, Result | str]]:
    """The catalogued wrong answers, each with what a learner reads who hands it in; as text, why it cannot be
    handed in."""
    return [(wrong, _tried(task, wrong.source)) for wrong in task.wrong]


def faults_of_question(asked: Prediction) -> list[Fault]:
    """Everything that is wrong with a prediction by itself."""
    found = []
    if not asked.question.strip() or not all(option.strip() for option in asked.options):
        found.append(("the question or an option is empty", "write it"))
    if not len(set(asked.options)) == len(asked.options) >= 2:
        found.append(("there is no choice: options are the same, or too few", "give two or more that differ"))
    return [Fault(asked.id, *each) for each in found]


# Each of these gives what is wrong and what to do.
_Found = Iterator[tuple[str, str]]


def answer_of(source: str) -> object:
    """What a cell with this source leaves under the name `answer`. Raises what the source raises, and
    KeyError where it leaves none."""
    namespace: dict[str, Any] = {"labkit": labkit, "lab": labkit.start()}
    exec(compile(source, "<cell>", "exec"), namespace)
    return namespace["answer"]


def _tried(task: Exercise, source: str) -> Result | str:
    """What a learner reads who hands this in; as text, why it cannot be handed in."""
    try:
        answer = answer_of(source)
    except Exception as error:
        return f"cannot be executed: {type(error).__name__}: {error}"
    return attempt(task, answer)


def _texts(task: Exercise) -> _Found:
    for name in ("id", "title", "prompt", "starter", "solution", "explanation"):
        if not getattr(task, name).strip():
            yield f"its {name} is empty", f"write the {name}"
    if not 0 < task.minutes <= MOST_MINUTES:
        yield f"it takes {task.minutes} minutes", f"declare 1 to {MOST_MINUTES}, or make two exercises of it"
    if task.solution.strip() and task.solution.strip() in f"{task.prompt}\n{task.starter}":
        yield "the task shows its solution", "take it out of the prompt and the starter"


def _hints(task: Exercise) -> _Found:
    if len(task.hints) < FEWEST:
        yield f"it has {len(task.hints)} hints", f"write {FEWEST} or more"
    if not all(hint.strip() for hint in task.hints):
        yield "a hint is empty", "write it, or take it out"
    known = f"{task.prompt}\n{task.starter}"
    for number, hint in enumerate(task.hints, 1):
        given = giveaways(hint, task.solution, known)
        if task.solution.strip() in hint:
            given.append("the solution")
        if given:
            yield f"hint {number} gives away {', '.join(given)}", "say where to look, not what to write"
    for number in range(1, len(task.hints)):
        if not _grows(task, number):
            todo = "let it say more, or name something of the task that no hint has named yet"
            yield f"hint {number + 1} says no more than those before it", todo


def _grows(task: Exercise, number: int) -> bool:
    """Whether a hint is longer than the one before, or more specific: it has a word of the task, or of what
    is said about its answers, that no hint before it has."""
    hint, before = task.hints[number], task.hints[:number]
    if hint in before:
        return False
    says = (wrong.says for wrong in task.wrong)
    words = _words(task.prompt, task.starter, task.solution, task.explanation, *says)
    return len(hint) > len(before[-1]) or bool(_words(hint) & words - _words(*before))


def _words(*texts: str) -> set[str]:
    return {word.lower() for text in texts for word in _WORD.findall(text)}


def _starter(task: Exercise) -> _Found:
    result = _tried(task, task.starter)
    if isinstance(result, str):
        yield f"the starter {result}", "mend it"
    elif result.passed:
        yield "the starter passes already", "leave out of it what is to be learned"
    elif UNREADABLE in result.message:
        yield f"the starter is not understood: {result.message}", _READ_IT
    elif len(result.message.split()) < 3:
        yield "the starter fails without a reason", "let the checker say what is missing"


_READ_IT = "read the answer in the checker through `labkit.course.checking` only"


def _solution(task: Exercise) -> _Found:
    result = _tried(task, task.solution)
    if isinstance(result, str):
        yield f"the solution {result}", "mend it"
    elif not result.passed:
        yield f"the solution does not pass: {result.message}", "mend the solution or the checker"


def _catalogue(task: Exercise) -> _Found:
    ids, said = ([getattr(wrong, name).strip() for wrong in task.wrong] for name in ("misconception", "says"))
    if len(task.wrong) < FEWEST:
        yield f"{len(task.wrong)} wrong answers are catalogued", f"catalogue {FEWEST} or more"
    if not all((*ids, *said)):
        yield "a wrong answer has no id or no explanation", "write it"
    for what, texts in (("misconception", ids), ("explanation", said)):
        for text in _twice(texts):
            yield f"two wrong answers have the same {what}: {text}", "give each its own, or drop one"


def _twice(texts: list[str]) -> list[str]:
    return [text for text in dict.fromkeys(texts) if texts.count(text) > 1]


def _wrong_answer(wrong: WrongAnswer, result: Result | str) -> _Found:
    name = f"the wrong answer {wrong.misconception}"
    if isinstance(result, str):
        yield f"{name} {result}", "mend its source"
    elif result.passed:
        yield f"{name} passes", "let the checker tell it from a right one"
    elif result.misconception != wrong.misconception:
        shown = result.misconception or f"no misconception: {result.message}"
        yield f"{name} shows {shown}", "let the checker tell the two apart, or change the source"
    elif not counterexample(wrong, result):
        yield f"{name} is told no counterexample", "let the checker say what the lab saw"


def counterexample(wrong: WrongAnswer, result: Result) -> str:
    """What the lab saw, without what is said about the idea behind the answer."""
    return result.message.replace(wrong.says, "").strip()


def _shared_counterexamples(tried: list[tuple[WrongAnswer, Result | str]]) -> _Found:
    """Ideas that fail by the very same observation, so that only what is said about each tells them apart."""
    seen: dict[str, list[str]] = {}
    for wrong, result in tried:
        if not isinstance(result, str) and (saw := counterexample(wrong, result)):
            seen.setdefault(saw, []).append(wrong.misconception)
    for names in seen.values():
        if len(names) > 1:
            yield (
                f"the same counterexample for {', '.join(names)}",
                "let the checker show more of what the lab saw, until each has its own",
            )

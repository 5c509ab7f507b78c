"""What else is right and what is not in the exercises of 08-data-collection-and-monitoring."""

import base64
import codecs
import hashlib
import itertools
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.course import exercise
from labkit.course.data_jobs import JOBS, written
from labkit.course.data_trail import FACTS, INSIGHTS, NEITHER, PLACES, STORE
from labkit.course.exercise import Result
from labkit.course.exercises.mon_who import PLACES as SAID
from labkit.course.exercises.monitoring_exercises import EXERCISES
from labkit.course.guessed_keys import DAYS, day
from labkit.course.who_did_this import DRILLS, UNKNOWN
from tests.course.answers import (  # noqa: F401
    test_an_answer_that_cannot_be_tried_is_told_why,
    test_an_answer_that_is_nearly_right_does_not_pass,
    test_another_right_answer_passes,
)
from tests.course.test_data_trail import FOUND
from tests.course.test_who_did_this import TELLING

FIND = {fact: found[0] if found else NEITHER for fact, found in FOUND.items()}
WHO = {deed: telling[0] if telling else UNKNOWN for deed, telling in TELLING.items()}


def solution(id: str) -> Any:
    [task] = [one for one in EXERCISES if one.id == id]
    namespace: dict[str, Any] = {}
    exec(task.solution, namespace)
    return namespace["answer"]


def moved(job: Any) -> tuple[dict[str, str], dict[str, str]]:
    """The variables without the passwords, and the passwords as run secrets."""
    variables = dict(job["environment_variables"])
    return variables, {name: variables.pop(variable) for name, variable in job["asks_for"].items()}


def job_with(run_id: str = "", secrets: Any = None, **more: str) -> Callable[[Any], Any]:
    """The solution, but for these."""

    def answer(job: Any) -> Any:
        variables, kept = moved(job)
        offer = {**job, "run_id": run_id, "environment_variables": {**variables, **more}}
        return offer, kept if secrets is None else secrets

    return answer


def in_place(job: Any) -> Any:
    job["run_id"] = ""
    secrets = {name: job["environment_variables"].pop(variable) for name, variable in job["asks_for"].items()}
    return [job, secrets]


def without_asks_for(job: Any) -> Any:
    variables, secrets = moved(job)
    return {"experiment": "another", "environment_variables": variables}, secrets


def emptied(job: Any) -> Any:
    """Passwords are taken out of the variables, which stay."""
    variables, secrets = moved(job)
    left = dict.fromkeys(job["asks_for"].values(), "in the vault")
    return {**job, "run_id": "run-7", "environment_variables": variables | left}, secrets


def quadratic(requests: Any) -> Any:
    bad = [(one.user_agent, one.timestamp) for one in requests if one.documented["StatusCode"] == "401"]
    found = []
    for name, begin in bad:
        if len([at for who, at in bad if who == name and 0 <= at - begin <= 600]) >= 5:
            found.append(name)
    return found


def by_query(requests: Any) -> Any:
    names = {one.user_agent for one in requests}
    for name in names:
        times = [one.timestamp for one in requests.where(UserAgent=name, StatusCode="401")]
        if any(late - early < 600 for early, late in zip(times, times[4:], strict=False)):
            yield name


def destructive(requests: Any) -> Any:
    found = tuple(quadratic(requests))
    object.__setattr__(requests, "found", ())
    return found


RIGHT: list[tuple[str, object]] = [
    ("data-find", {fact: f" {place.upper()} " for fact, place in FIND.items()}),
    ("mon-who", {deed: place.title() for deed, place in WHO.items()}),
    ("data-job", in_place),
    ("data-job", without_asks_for),
    ("data-job", emptied),
    ("data-job", job_with(run_id="run-1", NOTE="hello")),
    ("mon-alarm", quadratic),
    ("mon-alarm", by_query),
    ("mon-alarm", destructive),
]


def random_id(counter: Any) -> Callable[[Any], Any]:
    return lambda job: job_with(run_id=f"run-{next(counter)}")(job)


def coded_secret(job: Any) -> Any:
    variables, secrets = moved(job)
    return {**job, "run_id": "", "environment_variables": variables}, {
        name: value[::-1] for name, value in secrets.items()
    }


def other_setting(job: Any) -> Any:
    variables, secrets = moved(job)
    return {**job, "run_id": "", "environment_variables": dict.fromkeys(variables, "1")}, secrets


def by_heart(job: Any) -> Any:
    known = written(1).asked["sales-db"]
    return {"experiment": "forecast", "environment_variables": {"EPOCHS": "30"}}, {"sales-db": known}


def raises(job: Any) -> Any:
    raise ValueError(job["run_id"])


NOT_YET: list[tuple[str, object, str]] = [
    ("data-find", FIND | {"run id": "my desk"}, 'What you say of "run id"'),
    ("data-find", {"run id": STORE}, "nothing of these yet: experiment name"),
    ("data-find", FIND | {"PIN": STORE}, "Not asked for: 'PIN'"),
    ("data-find", FIND | {"run id": INSIGHTS}, "read all that is in Application Insights"),
    ("data-find", FIND | {"run secret": INSIGHTS}, "its text is not there"),
    ("mon-who", WHO | {"run": "a fortune teller"}, "one of these: activity log"),
    ("mon-who", {"run": "models"}, "nothing of these yet: role assignment"),
    ("mon-who", WHO | {"lunch": "models"}, "Not asked for: 'lunch'"),
    ("mon-who", WHO | {"storage key": "metrics"}, 'What "metrics" shows does not tell'),
    ("mon-who", WHO | {"run": UNKNOWN}, "something reads differently"),
    ("data-job", lambda job: job, "It should return two"),
    ("data-job", lambda job: None, "It should be two: the job, and the run secrets by name"),
    ("data-job", lambda job: (job,), "has 1 parts"),
    ("data-job", lambda job: (job, {}, {}), "more than 2 items"),
    ("data-job", lambda job: ({}, {}), "The experiment of the job is None"),
    ("data-job", lambda job: (job, {"a": 1}), "A value in the run secrets"),
    ("data-job", lambda job: ({**job, "environment_variables": {"A": 1}}, {}), "A value in the environment"),
    ("data-job", job_with(secrets=[]), "The run secrets that your function returns is a list"),
    ("data-job", job_with(run_id="a run"), "Job 1 was refused"),
    ("data-job", job_with(secrets={"": "x"}), "Job 1 was refused"),
    ("data-job", lambda job: ({**job, "colour": "red"}, {}), "has 'colour'"),
    ("data-job", random_id(itertools.count()), "something else each time"),
    ("data-job", coded_secret, "got something else than was in DB_PASSWORD"),
    ("data-job", other_setting, "the variable EPOCHS was '30'"),
    ("data-job", by_heart, "got something else than was in DB_PASSWORD"),
    ("data-job", raises, "raised ValueError: (not shown)-1"),
    ("data-job", "job", "It should be a function"),
    ("mon-alarm", lambda requests: None, "What your function returns is None"),
    ("mon-alarm", lambda requests: {}, "It should be a set of texts, which is set() where it is empty"),
    ("mon-alarm", lambda requests: {"nobody"}, "no request has this user agent"),
    ("mon-alarm", lambda requests: [5], "A user agent in what your function returns"),
    ("mon-alarm", lambda requests: set(), "was guessing, and your function does not name them"),
    ("mon-alarm", lambda requests: requests[10_000], "The log has no such entry"),
    ("mon-alarm", lambda: set(), "other parameters"),
]


def everybody(requests: Any) -> Any:
    return {one.user_agent for one in requests}


def who_was_refused_most(requests: Any) -> Any:
    names = [one.user_agent for one in requests.where(StatusCode="401")]
    return {name for name in names if names.count(name) == max(map(names.count, names))}


def five_in_a_row(requests: Any) -> Any:
    row: dict[str, int] = {}
    for one in requests:
        row[one.user_agent] = row.get(one.user_agent, 0) + 1 if one.result_code == "401" else 0
        if row[one.user_agent] == 5:
            yield one.user_agent


def from_the_first_refusal_on(requests: Any) -> Any:
    """Ten minutes begin with a refusal, and the next ones when they are over."""
    begun: dict[str, list[int]] = {}
    for one in requests.where(StatusCode="401"):
        begin, count = begun.get(one.user_agent, [-1000, 0])
        new = one.timestamp - begin > 600
        begun[one.user_agent] = [one.timestamp, 1] if new else [begin, count + 1]
        if begun[one.user_agent][1] >= 5:
            yield one.user_agent


def left_in_the_run_id(job: Any) -> Any:
    return job_with(run_id=job["run_id"].partition("-")[0])(job)


def as_a_name(job: Any) -> Any:
    variables, secrets = moved(job)
    names = {f"NOTE_{each}": "1" for each in secrets.values()}
    return {**job, "run_id": "", "environment_variables": variables | names}, secrets


def flag_as_a_variable(job: Any) -> Any:
    return {**job, "environment_variables": {**job["environment_variables"], "HBI": "1"}}, {}


WRONG: list[tuple[str, object, str]] = [
    ("data-find", FIND | {"experiment name": NEITHER}, "names-are-not-data"),
    ("data-find", FIND | {"request body": INSIGHTS, "client's name": NEITHER}, "a-request-is-logged-whole"),
    ("mon-who", dict.fromkeys(DRILLS, "activity log"), "every-write-is-logged"),
    ("mon-who", dict.fromkeys(DRILLS, UNKNOWN), "what-is-deleted-is-forgotten"),
    ("mon-who", WHO | {"web service": "Application Insights"}, "insights-knows-all-of-a-service"),
    ("data-job", left_in_the_run_id, "only-passwords-are-secret"),
    ("data-job", as_a_name, "another-name-hides-it"),
    ("data-job", flag_as_a_variable, "the-flag-is-for-a-job"),
    ("mon-alarm", everybody, "one-refusal-is-an-attack"),
    ("mon-alarm", who_was_refused_most, "a-day-is-as-ten-minutes"),
    ("mon-alarm", five_in_a_row, "a-day-is-as-ten-minutes"),
    ("mon-alarm", from_the_first_refusal_on, "ten-minutes-begin-at-a-fixed-time"),
]


@pytest.mark.parametrize(("fact", "place"), [*itertools.product(FACTS, PLACES)])
def test_of_each_text_one_place_is_right(fact: str, place: str) -> None:
    assert exercise("data-find").check(FIND | {fact: place}).passed == (place == FIND[fact])


@pytest.mark.parametrize(("deed", "place"), [*itertools.product(DRILLS, SAID)])
def test_of_each_deed_one_place_is_right(deed: str, place: str) -> None:
    assert exercise("mon-who").check(WHO | {deed: place}).passed == (place == WHO[deed])


def halves(text: str) -> str:
    return text[: len(text) // 2]


DISGUISES: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "backwards": lambda text: text[::-1],
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base32": lambda text: base64.b32encode(text.encode()).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
    "rot13": lambda text: codecs.encode(text, "rot13"),
    "capitals": str.upper,
    "with gaps": "_".join,
    "compressed": lambda text: base64.b85encode(zlib.compress(text.encode())).decode(),
    "half of it": halves,
    "a hash": lambda text: hashlib.md5(text.encode()).hexdigest(),
    "a letter of it": lambda text: text[-1:] + text[-2:-1],
    "a key away": lambda text: "".join(chr(ord(letter) ^ 7) for letter in text),
}


@pytest.mark.parametrize("kind", ["variable", "name", "password in the run id", "code name", "experiment"])
@pytest.mark.parametrize("disguise", DISGUISES)
def test_in_no_form_and_at_no_place_may_it_be_collected(disguise: str, kind: str) -> None:
    def answer(job: Any) -> Any:
        variables, secrets = moved(job)
        password, code = next(iter(secrets.values())), job["run_id"].partition("-")[0]
        hidden = DISGUISES[disguise](code if kind in ("code name", "experiment") else password)
        text = "x" + "".join(letter if letter.isalnum() else "-" for letter in hidden)
        offer = {**job, "run_id": "", "environment_variables": variables}
        if kind == "variable":
            variables["NOTE"] = hidden
        elif kind == "name":
            variables[text.replace("-", "_")] = "1"
        else:
            offer["experiment" if kind == "experiment" else "run_id"] = text
        return offer, secrets

    result = exercise("data-job").check(answer)
    assert not result.passed
    assert result.misconception, result.message
    shown = repr(result)
    for number, another in itertools.product(JOBS, (False, True)):
        assert not any(text in shown for text in written(number, another=another).hidden.values())


@pytest.mark.parametrize("number", JOBS)
def test_each_of_the_jobs_is_tried(number: int) -> None:
    def answer(job: Any) -> Any:
        return (job, {}) if job["run_id"].endswith(f"-{number}") else job_with()(job)

    result = exercise("data-job").check(answer)
    assert not result.passed
    assert result.message.startswith(f"Job {number}: the password in")


@pytest.mark.parametrize("number", DAYS)
def test_on_each_day_nobody_may_be_missing_and_nobody_too_many(number: int) -> None:
    today = day(number)

    def changed(name: str) -> Callable[[Any], Any]:
        def answer(requests: Any) -> Any:
            found = set(quadratic(requests))
            return found ^ {name} if requests == today.requests else found

        return answer

    for name in today.kinds:
        result = exercise("mon-alarm").check(changed(name))
        assert not result.passed
        assert f"Day {number}" in result.message
        assert repr(name) in result.message


@settings(max_examples=30, deadline=None)
@given(st.sets(st.sampled_from(sorted(day(1).kinds))))
def test_the_same_names_for_every_day_never_pass(names: set[str]) -> None:
    assert not exercise("mon-alarm").check(lambda requests: names).passed


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=8,
)


def clear(result: Result) -> bool:
    return not result.passed and len(result.message.split()) > 3 and "goes wrong" not in result.message


@settings(max_examples=40, deadline=None)
@given(VALUES, st.sampled_from(sorted(FACTS)), st.sampled_from(sorted(DRILLS)))
def test_whatever_is_said_the_message_is_clear(value: Any, fact: str, deed: str) -> None:
    assert clear(exercise("data-find").check(FIND | {fact: value}))
    assert clear(exercise("mon-who").check(WHO | {deed: value}))
    assert all(clear(exercise(task.id).check(value)) for task in EXERCISES)


@settings(max_examples=40, deadline=None)
@given(VALUES, VALUES, st.sampled_from(["experiment", "run_id", "environment_variables", "asks_for"]))
def test_whatever_a_function_returns_the_message_is_clear(value: Any, other: Any, key: str) -> None:
    assert clear(exercise("data-job").check(lambda job: value))
    assert clear(exercise("data-job").check(lambda job: (job, value)))
    assert clear(exercise("data-job").check(lambda job: ({**job, key: value}, other)))
    assert clear(exercise("mon-alarm").check(lambda requests: value))


def test_the_solutions_are_not_bound_to_a_day_or_a_job() -> None:
    for seed in (1, 5):
        for number in DAYS:
            today = day(number, seed)
            assert solution("mon-alarm")(today.copy) == today.guessing
    for number in JOBS:
        given_ = written(number, another=True)
        offer, secrets = solution("data-job")(given_.job)
        assert secrets == given_.asked
        assert offer["environment_variables"] == given_.settings


@pytest.mark.parametrize("task", EXERCISES, ids=lambda task: task.id)
def test_the_same_answer_is_told_the_same_twice(task: Any) -> None:
    for source in (task.starter, task.solution, *(wrong.source for wrong in task.wrong)):
        shown = set()
        for _ in range(2):
            namespace: dict[str, Any] = {}
            exec(source, namespace)
            result = exercise(task.id).check(namespace["answer"])
            shown.add((result.passed, result.message, result.misconception))
        assert len(shown) == 1


def test_they_belong_to_one_notebook_and_lines_of_the_task_are_short() -> None:
    assert [task.id for task in EXERCISES] == ["data-find", "data-job", "mon-who", "mon-alarm"]
    assert {task.notebook for task in EXERCISES} == {"08-data-collection-and-monitoring.ipynb"}
    assert max(len(line) for task in EXERCISES for line in task.prompt.splitlines()) <= 160

"""Jobs with passwords in them, and what becomes of them when they are submitted."""

import base64
from typing import Any

import pytest

from labkit.core.errors import Refusal
from labkit.course.data_jobs import JOBS, Offer, Written, readings, submitted, written
from labkit.lab import Lab


def as_written(given: Written, **others: Any) -> Offer:
    job = given.job
    found = {"run_id": job["run_id"], "variables": dict(job["environment_variables"]), "secrets": {}}
    return Offer(experiment=job["experiment"], **(found | others))


@pytest.mark.parametrize("number", JOBS)
def test_another_one_differs_in_what_is_hidden_and_in_nothing_else(number: int) -> None:
    one, another = written(number), written(number, another=True)
    text = repr(one.job)
    for what, hidden in one.hidden.items():
        assert text.count(hidden) == 1
        assert hidden != another.hidden[what]
        assert len(hidden) == len(another.hidden[what])
        text = text.replace(hidden, another.hidden[what])
    assert text == repr(another.job)
    assert one.settings == another.settings


def test_no_two_jobs_have_a_name_in_common() -> None:
    names = [name for number in JOBS for name in written(number).job["environment_variables"]]
    asked = [name for number in JOBS for name in written(number).asked]
    assert len(names) == len(set(names)) == sum(len(written(n).settings) for n in JOBS) + len(asked)
    assert len(asked) == len(set(asked))


def test_one_variable_is_called_a_password_and_one_holds_more_than_that() -> None:
    variables = [name for number in JOBS for name in written(number).job["asks_for"].values()]
    assert [name for name in variables if "PASSWORD" in name] == ["DB_PASSWORD"]
    whole = [
        value in written(number).hidden.values()
        for number in JOBS
        for value in written(number).asked.values()
    ]
    assert whole.count(False) == 1


@pytest.mark.parametrize("number", JOBS)
def test_as_it_was_written_everything_hidden_is_collected(number: int, lab: Lab) -> None:
    given = written(number)
    done = submitted(lab, as_written(given), given.asked)
    collected = " ".join(done.collected.values())
    assert all(hidden in collected for hidden in given.hidden.values())
    assert given.settings.items() <= done.variables.items()
    assert done.got == dict.fromkeys(given.asked)
    assert all(lab.diagnostics.find(hidden).rows for hidden in given.hidden.values())


@pytest.mark.parametrize("number", JOBS)
def test_a_run_secret_is_got_and_not_collected(number: int, lab: Lab) -> None:
    given = written(number)
    offer = as_written(given, run_id="", variables=dict(given.settings), secrets=dict(given.asked))
    done = submitted(lab, offer, given.asked)
    assert done.got == given.asked
    assert not any(lab.diagnostics.find(hidden).rows for hidden in given.hidden.values())
    assert len(done.collected) >= 4


def test_what_the_lab_refuses_is_raised(lab: Lab) -> None:
    given = written(1)
    with pytest.raises(Refusal):
        submitted(lab, as_written(given, run_id="a run"), given.asked)


def test_what_is_hidden_can_be_left_out_of_a_text() -> None:
    given = written(1)
    text = " and ".join(given.hidden.values())
    assert given.without(text) == "(not shown) and (not shown)"


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("it is hunter2345", "as it is"),
        ("5432retnuh", "backwards"),
        (b"hunter2345".hex(), "hexadecimal"),
        (base64.b64encode(b"hunter2345").decode(), "base64"),
        (base64.urlsafe_b64encode(b"hunter2345").decode().rstrip("="), "base64"),
        (base64.urlsafe_b64encode(b"???hunter2345???").decode(), "base64"),
        (base64.b64encode(b"???hunter2345???").decode(), "base64"),
        ("v1:" + base64.b64encode(b">>> hunter2345 ???").decode(), "base64"),
    ],
)
def test_what_anybody_can_read_is_read(text: str, how: str) -> None:
    assert how in [way for way, read in readings(text) if "hunter2345" in read]


@pytest.mark.parametrize("text", ["", "=", "abc", "====", "ÄÖÜäöüßéè", "A" * 9, "\x00" * 20, "zz" * 20])
def test_what_is_not_coded_is_read_as_it_is(text: str) -> None:
    assert list(readings(text))[:2] == [("as it is", text), ("backwards", text[::-1])]

"""Marked texts are where the documents say, and nowhere else that can be read."""

from typing import Any

import pytest

import labkit
from labkit.azure import Runs
from labkit.core.errors import BadInput
from labkit.course.data_trail import FACTS, INSIGHTS, STORE, data_trail
from labkit.lab import Lab

FOUND = {
    "experiment name": (STORE,),
    "run id": (STORE,),
    "environment variable": (STORE,),
    "run secret": (),
    "metric name": (),
    "printed line": (INSIGHTS,),
    "request body": (),
    "client's name": (INSIGHTS,),
}


@pytest.mark.parametrize("release", ["2019-08", "2020-01", "2020-03"])
def test_each_text_is_where_the_documents_say(release: str) -> None:
    trail = data_trail(labkit.start(release))
    assert {fact: trail.found(fact) for fact in FACTS} == FOUND


def test_each_has_a_text_of_its_own(lab: Lab) -> None:
    texts = data_trail(lab).texts
    assert list(texts) == list(FACTS)
    assert len(set(texts.values())) == len(FACTS)
    assert not any(one in other for one in texts.values() for other in texts.values() if one != other)


def test_the_run_was_carried_out_and_its_metric_is_in_its_history(lab: Lab) -> None:
    texts = data_trail(lab).texts
    run = lab.ask("rita", Runs.get, lab.workspace, lab.sign_in("rita").bearer, texts["run id"])
    assert (run.status, run.experiment) == ("Completed", texts["experiment name"])
    assert [name for name, _ in run.metrics] == [texts["metric name"]]


def test_the_request_was_answered(lab: Lab) -> None:
    data_trail(lab)
    [hop] = [hop for hop in lab.trace if hop.operation == "Score"]
    assert hop.ok


def test_what_is_printed_goes_to_nobody_else(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    texts = data_trail(lab).texts
    assert texts["printed line"] not in capsys.readouterr().out


def test_it_shows_what_there_is_and_no_text(lab: Lab) -> None:
    trail = data_trail(lab)
    shown = repr(trail)
    assert all(fact in shown for fact in FACTS)
    assert not any(text in shown for text in trail.texts.values())


def test_the_texts_follow_from_the_seed() -> None:
    one, same, another = (data_trail(labkit.start(seed=seed)).texts for seed in (1, 1, 2))
    assert one == same
    assert not set(one.values()) & set(another.values())


@pytest.mark.parametrize("fact", ["", "Run id", None, 5, ["run id"]])
def test_another_fact_is_told_which_there_are(lab: Lab, fact: Any) -> None:
    with pytest.raises(BadInput, match="run id"):
        data_trail(lab).found(fact)


@pytest.mark.parametrize("lab", [None, "lab", 5])
def test_what_is_no_lab_is_told_what_is(lab: Any) -> None:
    with pytest.raises(BadInput, match="set in a lab"):
        data_trail(lab)

"""What Microsoft has of a run that needs a password, by where the password was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import labkit
from labkit.core.errors import BadInput, BadRequest
from labkit.course import collected
from labkit.course.collected import PASSWORD, WAYS, collected_of
from labkit.course.stepping import uncounted
from labkit.services.machine_learning.diagnostics import COLLECTS_LESS, OPTS_OUT, REDACTED, SupportView

READINGS = (OPTS_OUT, COLLECTS_LESS)
# In which field of the record a support engineer finds the password.
FOUND = {
    "environment variable": ["environment variable: DB_PASSWORD"],
    "run id": ["run id"],
    "run secret": [],
}
RELEASES = ("2019-08", "2020-01", "2020-03")
WITH_FLAG = ("2020-01", "2020-03")


def fields_with(kept: SupportView, text: str) -> list[str]:
    return [str(row[-1]) for row in kept.find(text).rows]


def test_these_are_all_the_ways() -> None:
    assert set(WAYS) == set(FOUND)


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("way", WAYS)
def test_without_the_flag_what_was_submitted_is_collected(way: str, release: str) -> None:
    kept = collected_of(release=release, password_in=way)
    assert fields_with(kept, PASSWORD) == FOUND[way]
    [record] = kept.records
    assert (record.event, record.values["workspace"]) == ("run submitted", "clinic")


@pytest.mark.parametrize("way", WAYS)
def test_without_the_flag_it_does_not_matter_how_the_documents_are_read(way: str) -> None:
    one, other = (collected_of(reading, password_in=way) for reading in READINGS)
    assert one.records == other.records
    assert (one.reading, other.reading) == READINGS


@pytest.mark.parametrize("release", WITH_FLAG)
@pytest.mark.parametrize("way", WAYS)
def test_whoever_opts_out_is_not_in_the_store(way: str, release: str) -> None:
    kept = collected_of(OPTS_OUT, hbi=True, release=release, password_in=way)
    assert kept.records == ()


@pytest.mark.parametrize("release", WITH_FLAG)
@pytest.mark.parametrize("way", WAYS)
def test_when_less_is_collected_there_is_a_record_without_a_word_of_it(way: str, release: str) -> None:
    kept = collected_of(COLLECTS_LESS, hbi=True, release=release, password_in=way)
    [record] = kept.records
    assert set(record.values.values()) == {REDACTED}
    assert ("environment variable: 1" in record.values) == (way == "environment variable")
    assert not any(fields_with(kept, text) for text in (PASSWORD, "DB_PASSWORD", "clinic"))


def test_nothing_says_more_than_the_defaults() -> None:
    given = collected_of(
        OPTS_OUT, hbi=False, release="2020-03", seed=2020, password_in="environment variable"
    )
    assert collected_of().records == given.records
    assert repr(collected_of()) == repr(given)


@pytest.mark.parametrize("way", WAYS)
def test_the_name_of_a_run_secret_is_not_collected(way: str) -> None:
    assert fields_with(collected_of(password_in=way), "db-password") == []


@pytest.mark.parametrize("way", WAYS)
def test_a_script_that_does_not_get_its_password_is_noticed(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted, _ = WAYS[way]
    monkeypatch.setattr(collected, "WAYS", {**WAYS, way: (submitted, lambda run: "another")})
    with pytest.raises(AssertionError):
        collected_of(password_in=way)


@pytest.mark.parametrize("seed", [0, 7, None])
def test_what_is_collected_does_not_depend_on_the_seed(seed: int | None) -> None:
    assert [one.values for one in collected_of(seed=seed).records] == [
        one.values for one in collected_of().records
    ]


def test_another_lab_has_nothing_of_it() -> None:
    lab = labkit.start()
    collected_of()
    assert lab.diagnostics.records == ()
    assert lab.diagnostics.reading == OPTS_OUT


def test_it_takes_no_steps_of_the_learner(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[Callable[[], Any]] = []

    def counting(step: Callable[[], Any]) -> Any:
        taken.append(step)
        return uncounted(step)

    monkeypatch.setattr(collected, "uncounted", counting)
    collected_of()
    assert len(taken) == 1


def test_a_release_without_the_flag_says_so() -> None:
    with pytest.raises(BadRequest, match="no workspaces of high business impact"):
        collected_of(hbi=True, release="2019-08")


SAYS = {
    "password_in": "no such place for the password",
    "hbi": "High business impact",
    "reading": "no such reading",
    "seed": "not a seed",
    "release": "no such release",
}
WRONG: list[tuple[str, Any]] = [
    *(("password_in", one) for one in ("Run Secret", "", None, 5, ["run id"])),
    *(("hbi", one) for one in (1, 0, None, "yes", "False")),
    *(("reading", one) for one in ("both", "", None, 5, "Opts out")),
    *(("seed", one) for one in ("x", -1, 2.5)),
    *(("release", one) for one in ("2021", None)),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_what_does_not_exist_is_told_what_does(name: str, value: Any) -> None:
    with pytest.raises(BadInput, match=SAYS[name]) as refused:
        collected_of(**{name: value})
    assert refused.value.required
    assert PASSWORD not in str(refused.value)

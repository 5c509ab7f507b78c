"""Run history under one's own key: each step is needed, and each other key is what the documents say."""

from functools import cache

import pytest

from labkit.course.cosmos_steps import KEYS, STEPS, cosmos_keys, cosmos_steps
from labkit.releases import RELEASES
from tests.course.refusing import said_otherwise

steps = cache(lambda release: cosmos_steps(release))
keys = cache(lambda release: cosmos_keys(release))
HAVE = ("2020-01", "2020-03")
# What is said has to name what is missing.
NAMED = {
    "without the feature, on request": "feature Microsoft.DocumentDB/CustomerManagedKeys",
    "without Microsoft.MachineLearningServices registered": "namespace 'Microsoft.MachineLearningServices'",
    "without Microsoft.DocumentDB registered": "namespace 'Microsoft.DocumentDB'",
    "without Azure ML as Contributor": "Azure ML's own application may not",
    "without resource_cmk_uri": "resource_cmk_uri is missing",
    "without cmk_keyvault": "cmk_keyvault is missing",
}
REFUSED = {
    "address without a version": "with its version",
    "vault in another region": "in another region",
    "vault in another subscription": "in another subscription",
}


@pytest.mark.parametrize("release", HAVE)
def test_all_of_it_is_accepted_and_each_step_left_out_is_named(release: str) -> None:
    first, *rest = steps(release).rows
    assert first == ("all of it", "accepted", "")
    assert len(rest) == len(STEPS) - 1
    assert {what for what, *_ in rest} == set(NAMED)
    for what, word, said in rest:
        assert word == "refused"
        assert NAMED[what] in said


@pytest.mark.parametrize("release", HAVE)
def test_a_key_is_of_any_vault_of_the_region_and_subscription_with_its_version(release: str) -> None:
    assert [what for what, *_ in keys(release).rows] == list(KEYS)
    for what, word, said in keys(release).rows:
        assert word == ("refused" if what in REFUSED else "accepted")
        assert REFUSED.get(what, "") in said


@pytest.mark.parametrize("found", [steps, keys])
def test_a_release_that_has_no_such_account_refuses_everything(found: object) -> None:
    assert callable(found)
    [release] = set(RELEASES) - set(HAVE)
    assert {word for _, word, _ in found(release).rows} == {"refused"}


@pytest.mark.parametrize("seed", [7, None])
def test_the_seed_makes_no_difference(seed: int | None) -> None:
    assert cosmos_steps(seed=seed) == steps("2020-03")
    assert cosmos_keys(seed=seed) == keys("2020-03")


def test_a_step_that_nobody_needs_would_be_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STEPS, "a tea", lambda lab, named: None)
    assert cosmos_steps().rows[-1] == ("without a tea", "accepted", "")


def test_the_table_tells_every_creation() -> None:
    table = steps("2020-03").as_table()
    assert tuple(table.rows) == steps("2020-03").rows
    assert repr(steps("2020-03")) == repr(table)


@pytest.mark.parametrize("function", [cosmos_steps, cosmos_keys])
def test_the_release_and_the_seed_are_those_of_a_lab(function: object) -> None:
    assert said_otherwise(function) == []  # type: ignore[arg-type]

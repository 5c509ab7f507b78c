"""Advice on encryption at rest: what it names was tried, and each rule of it bites."""

from functools import cache
from itertools import product

import pytest

from labkit.core.errors import BadInput
from labkit.course import encryption_choice as module
from labkit.course.encryption_choice import (
    ALWAYS,
    APART,
    COMPUTE,
    DEMANDS,
    HBI,
    NOTHING,
    OWN_KEY,
    SENSITIVITY,
    EncryptionAdvice,
    encryption_chooser,
    encryption_for,
)
from labkit.course.store_matrix import PLAIN, store_matrix
from labkit.course.store_trials import TRIALS
from labkit.releases import RELEASES
from labkit.stores import COMPUTE_TEMPORARY, CONTAINERS, OWN_RUN_HISTORY, RUN_HISTORY, kinds
from tests.course.refusing import said_otherwise, taken

matrix = cache(lambda release: store_matrix(release=release))
HISTORY = {NOTHING: (), OWN_KEY: (RUN_HISTORY,), APART: (OWN_RUN_HISTORY,)}
COSMOS = "Cosmos DB: resource_cmk_uri and cmk_keyvault, when the workspace is created"
REGIONS_OF_2020_01 = ("eastus", "westus2", "southcentralus")


def names(advice: EncryptionAdvice, release: str = "2020-03") -> tuple[set[str], set[str]]:
    """The stores that are set and those that are uncovered, as TRIALS calls them."""
    by_name = {kind.name: what for what, kind in kinds(release).items()}
    settings = {by_name[what.partition(": ")[0]] for what, _ in advice.settings if what != HBI[0]}
    return settings, {by_name[what] for what, _ in advice.uncovered}


@pytest.mark.parametrize("release", RELEASES)
def test_each_setting_was_accepted_when_tried_and_each_uncovered_store_was_refused_or_plain(
    release: str,
) -> None:
    rows = matrix(release).rows
    for sensitivity, demand, compute in product(SENSITIVITY, DEMANDS, COMPUTE):
        advice = encryption_for(sensitivity, demand, compute=compute, release=release)
        wanted, uncovered = names(advice, release)
        asked = {*ALWAYS, *COMPUTE[compute], *HISTORY[demand]}
        for what in wanted:
            assert rows[what].customer == "yes"
        assert all(why for _, why in advice.uncovered)
        for what in uncovered:
            assert rows[what].customer != "yes" or PLAIN in rows[what].default
        assert not wanted & uncovered
        if demand == NOTHING:
            assert not wanted
        else:
            assert wanted | uncovered == asked


@pytest.mark.parametrize("release", RELEASES)
def test_nothing_plain_is_left_unsaid_where_data_is_not_public(release: str) -> None:
    for sensitivity, compute in product(SENSITIVITY, COMPUTE):
        advice = encryption_for(sensitivity, compute=compute, release=release)
        plain = {what for what in COMPUTE[compute] if PLAIN in matrix(release).rows[what].default}
        if sensitivity == "public":
            plain = set()
        if HBI in advice.settings:
            plain -= {COMPUTE_TEMPORARY}
        assert names(advice, release)[1] == plain
        if not plain and HBI not in advice.settings:
            assert "nothing to set" in repr(advice)


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("sensitivity", SENSITIVITY)
def test_the_flag_is_for_sensitive_data_where_there_is_one(release: str, sensitivity: str) -> None:
    advice = encryption_for(sensitivity, release=release)
    assert (HBI in advice.settings) is (sensitivity == "sensitive" and RELEASES[release].hbi)


@pytest.mark.parametrize("edition", ["Basic", "Enterprise"])
@pytest.mark.parametrize("release", RELEASES)
def test_an_account_of_ones_own_takes_enterprise_and_a_release_that_has_it(
    release: str, edition: str
) -> None:
    advice = encryption_for(regulator=APART, edition=edition, release=release)
    there = edition == "Enterprise" and release != "2019-08"
    assert (COSMOS in dict(advice.settings)) is there
    assert ("Cosmos DB" in dict(advice.uncovered)) is not there


@pytest.mark.parametrize("region", [*REGIONS_OF_2020_01, "westeurope"])
def test_in_the_release_of_january_it_takes_one_of_three_regions(region: str) -> None:
    advice = encryption_for(regulator=APART, region=region, release="2020-01")
    assert (COSMOS in dict(advice.settings)) is (region in REGIONS_OF_2020_01)
    assert COSMOS in dict(encryption_for(regulator=APART, region=region).settings)


def test_the_edition_and_the_region_say_nothing_of_any_other_store() -> None:
    usual = encryption_for("sensitive", OWN_KEY)
    assert encryption_for("sensitive", OWN_KEY, region="westeurope", edition="Basic") == usual


def test_releases_differ_in_containers() -> None:
    advice = {one: encryption_for(regulator=OWN_KEY, compute="ACI", release=one) for one in RELEASES}
    covered = {release: CONTAINERS in names(advice[release], release)[0] for release in RELEASES}
    assert covered == {"2019-08": False, "2020-01": False, "2020-03": True}


def test_who_demands_nothing_and_has_nothing_to_hide_sets_nothing() -> None:
    assert encryption_for("public") == EncryptionAdvice((), ())
    assert encryption_for("public").as_table().rows[0] == ("", "nothing to set", "")


def test_every_store_is_in_some_advice() -> None:
    there = {*ALWAYS, *(one for some in COMPUTE.values() for one in some), RUN_HISTORY, OWN_RUN_HISTORY}
    assert there == set(TRIALS)


def test_the_table_has_a_row_for_each() -> None:
    advice = encryption_for("sensitive", APART)
    assert [row[0] for row in advice.as_table().rows] == ["set"] * len(advice.settings) + ["UNCOVERED"] * len(
        advice.uncovered
    )
    assert f"{len(advice.settings)} settings, {len(advice.uncovered)} stores uncovered" in repr(advice)


@pytest.mark.parametrize("seed", [7, None])
def test_the_seed_makes_no_difference(seed: int | None) -> None:
    assert encryption_for("sensitive", APART, seed=seed) == encryption_for("sensitive", APART)


def test_a_store_that_refuses_would_be_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise BadInput("Not today.")

    module._try.cache_clear()
    monkeypatch.setitem(TRIALS, "blobs", refuse)
    try:
        assert "Not today." in dict(encryption_for(regulator=OWN_KEY).uncovered)["Blob storage"]
    finally:
        module._try.cache_clear()


@pytest.mark.parametrize("name", ["sensitivity", "regulator", "region", "edition", "compute"])
def test_what_there_is_not_is_bad_input(name: str) -> None:
    assert taken(lambda value: encryption_for(**{name: value})) == {}
    with pytest.raises(BadInput) as caught:
        encryption_for(**{name: "Owner"})  # type: ignore[arg-type]
    assert caught.value.required


@pytest.mark.parametrize("function", [encryption_for, encryption_chooser])
def test_the_release_and_the_seed_are_those_of_a_lab(function: object) -> None:
    assert said_otherwise(function) == []  # type: ignore[arg-type]

"""Stores and choices: what is found by trying is what the documents say, and what is declared."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

import pytest

from labkit import ledger, stores
from labkit.course.store_matrix import PLAIN, SEALED, StoreFound, StoreMatrix, look, store_matrix
from labkit.course.store_trials import TRIALS, Wish
from labkit.lab import Lab
from labkit.releases import RELEASES
from labkit.stores import (
    BLOBS,
    CLUSTER_DATA,
    CLUSTER_OS,
    COMPUTE_OS,
    COMPUTE_TEMPORARY,
    CONTAINERS,
    CUSTOMER,
    DBFS,
    IMAGES,
    MICROSOFT,
    NO_KEY,
    OWN_RUN_HISTORY,
    RUN_HISTORY,
    kinds,
)
from tests.course.refusing import said_otherwise, taken

matrix = cache(lambda release: store_matrix(release=release))
MICROSOFTS, NOBODYS = f"Microsoft's key, {SEALED}", f"no key, {PLAIN}"
CLUSTERS = (CLUSTER_OS, CLUSTER_DATA)

Law = Callable[[StoreFound], bool]


def _default(lies_in: str, default: str) -> Law:
    return lambda one: (one.lies_in, one.default) == (lies_in, default)


def _yes(one: StoreFound) -> bool:
    return one.customer == "yes"


def _revoked(one: StoreFound) -> bool:
    return one.revoked[:3] in ("403", "503") and one.restored is True


# What each statement says of a store, in each release that states it.
SAID: Mapping[tuple[str, str], Law] = {
    ("enc-blob-mmk", BLOBS): _default(CUSTOMER, MICROSOFTS),
    ("enc-blob-cmk", BLOBS): _yes,
    ("enc-revoke", BLOBS): _revoked,
    ("enc-cosmos-mmk", RUN_HISTORY): _default(MICROSOFT, MICROSOFTS),
    ("enc-cosmos-cmk", OWN_RUN_HISTORY): lambda one: _yes(one) and one.lies_in == CUSTOMER,
    ("enc-cosmos-rotate", OWN_RUN_HISTORY): _revoked,
    ("enc-acr", IMAGES): lambda one: one.default == MICROSOFTS,
    ("enc-acr-cmk", IMAGES): _yes,
    ("enc-aci-none", CONTAINERS): lambda one: one.default == NOBODYS and not _yes(one),
    ("enc-aci-cmk", CONTAINERS): _yes,
    ("enc-amlcompute-os", COMPUTE_OS): lambda one: (
        _default(MICROSOFT, MICROSOFTS)(one) and one.customer.startswith("no: ")
    ),
    ("enc-amlcompute-temp-plain", COMPUTE_TEMPORARY): lambda one: one.default == NOBODYS,
}
OPPOSED = [("enc-cosmos-cmk", OWN_RUN_HISTORY), ("enc-aci-none", CONTAINERS), ("enc-aci-cmk", CONTAINERS)]


def releases(statement: str, which: str) -> list[str]:
    return list(getattr(ledger.statement(statement), which))


@pytest.mark.parametrize(("statement", "what"), SAID)
def test_what_a_statement_says_is_found_in_its_releases(statement: str, what: str) -> None:
    stated = releases(statement, "releases")
    assert stated
    for release in stated:
        assert SAID[statement, what](matrix(release).rows[what]), release


@pytest.mark.parametrize(("statement", "what"), OPPOSED)
def test_and_is_not_found_where_it_is_absent(statement: str, what: str) -> None:
    absent = releases(statement, "absent_in")
    assert absent
    for release in absent:
        assert not SAID[statement, what](matrix(release).rows[what]), release


@pytest.mark.parametrize("release", RELEASES)
def test_what_is_found_is_what_each_store_is_declared_with(release: str) -> None:
    known, found = kinds(release), matrix(release).rows
    assert list(found) == list(TRIALS)
    for what, one in found.items():
        kind = known[what]
        assert one.store == kind.name
        if what != OWN_RUN_HISTORY:
            assert one.lies_in == kind.subscription
            assert one.default == (NOBODYS if kind.key == NO_KEY else MICROSOFTS)
        # Both earlier releases are of days before 13 January 2020.
        late = what not in CLUSTERS or release == "2020-03"
        assert _yes(one) is bool(kind.customer_key and late), what


@pytest.mark.parametrize("release", RELEASES)
def test_each_store_that_takes_a_key_is_closed_by_disabling_it_and_loses_nothing(release: str) -> None:
    for one in matrix(release).rows.values():
        if _yes(one):
            assert _revoked(one), one
        else:
            assert (one.revoked, one.restored) == ("", None)


def test_a_refusal_of_a_cluster_before_13_january_is_about_its_version() -> None:
    for what in CLUSTERS:
        assert "this version of Kubernetes" in matrix("2020-01").rows[what].customer


@pytest.mark.parametrize("seed", [7, None])
def test_the_seed_makes_no_difference(seed: int | None) -> None:
    stores = (BLOBS, OWN_RUN_HISTORY, COMPUTE_TEMPORARY, DBFS)
    here = store_matrix(*stores, seed=seed).rows
    assert here == {what: matrix("2020-03").rows[what] for what in stores}


def test_the_table_has_a_row_for_each_store_and_no_empty_word() -> None:
    table = matrix("2020-03").as_table()
    assert [row[0] for row in table.rows] == [one.name for one in map(kinds("2020-03").get, TRIALS) if one]
    assert repr(matrix("2020-03")) == repr(table)
    found = StoreMatrix("x", {"a": StoreFound("a", restored=False), "b": StoreFound("b")})
    assert [row[4:] for row in found.as_table().rows] == [("-", "LOST"), ("-", "-")]


def test_stores_are_tried_that_are_named_in_this_order() -> None:
    assert list(store_matrix(DBFS, BLOBS).rows) == [DBFS, BLOBS]


# ---- nothing is typed in


def declared(monkeypatch: pytest.MonkeyPatch, what: str, **others: object) -> StoreFound:
    monkeypatch.setitem(stores._KINDS, what, replace(stores._KINDS[what], **others))  # type: ignore[arg-type]
    return store_matrix(what).rows[what]


@pytest.mark.usefixtures("none_copied")
def test_a_store_of_another_declaration_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert declared(monkeypatch, CONTAINERS, plain=("2020-03",)).default == NOBODYS
    assert declared(monkeypatch, BLOBS, customer_key="").customer.startswith("no: ")


def test_a_look_is_at_the_disk(lab: Lab) -> None:
    used = TRIALS[BLOBS](lab, Wish(None, lab.vault))
    assert look(lab, used) == (CUSTOMER, MICROSOFTS)
    lab.media[used.medium].overwrite("data/rows.csv", b"of patient-4711, in the clear")
    assert look(lab, used) == (CUSTOMER, NOBODYS)


# ---- bad input


def test_what_is_no_store_is_bad_input() -> None:
    assert taken(store_matrix) == {}
    assert taken(lambda one: store_matrix(BLOBS, one)) == {}


def test_the_release_and_the_seed_are_those_of_a_lab() -> None:
    assert said_otherwise(store_matrix) == []

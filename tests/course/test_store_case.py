"""One store and one key: every answer, and what led to it."""

import pytest

from labkit.core.errors import BadInput
from labkit.course.store_case import EVENTS, WHOSE, store_case
from labkit.course.store_matrix import PLAIN, SEALED
from labkit.course.store_trials import TRIALS
from labkit.releases import RELEASES
from labkit.stores import (
    BLOBS,
    COMPUTE_OS,
    COMPUTE_TEMPORARY,
    CONTAINERS,
    OWN_RUN_HISTORY,
    RUN_HISTORY,
    kinds,
)
from tests.course.refusing import Plainly, said_otherwise, taken

TEXT = """\
what happens                                  answer
--------------------------------------------  ---------------------------------
keep something in blobs, with customer's key  200
look at the disk                              customer's key, ciphertext
disable the customer's key                    200
61m pass
read it                                       403 KeyVaultEncryptionKeyNotFound"""
READ = [one for one, kind in kinds("2020-03").items() if kind.customer_key]


def test_the_steps_are_told_in_order() -> None:
    found = store_case(event="disable")
    assert repr(found) == TEXT
    assert (found.word, found.disk) == ("refused", f"customer's key, {SEALED}")


@pytest.mark.parametrize("store", READ)
def test_reading_ends_an_hour_after_the_key_is_disabled_and_for_no_other_event(store: str) -> None:
    for event in EVENTS:
        found = store_case(store, event=event)
        assert (found.word == "refused") is (event == "disable"), event
        assert store_case(store, event=event, wait="59m").word == "accepted"
    assert store_case(store, event="disable", wait=3600).word == "refused"


def test_what_is_done_to_a_key_does_nothing_to_what_microsoft_encrypts() -> None:
    for event in EVENTS:
        found = store_case(whose="Microsoft", event=event, wait="400d")
        assert (found.word, found.disk) == ("accepted", f"Microsoft's key, {SEALED}")


def test_what_cannot_be_kept_ends_with_that() -> None:
    for store, whose, answer in (
        (RUN_HISTORY, "customer", "NotPossible"),
        (OWN_RUN_HISTORY, "Microsoft", "NotPossible"),
        (COMPUTE_OS, "customer", "400 DiskEncryptionNotSupported"),
    ):
        found = store_case(store, whose, "disable")
        assert (len(found.steps), found.answer, found.disk, found.word) == (1, answer, "", "refused")


@pytest.mark.parametrize("hbi", [False, True])
def test_a_disk_that_no_service_reads_is_looked_at(hbi: bool) -> None:
    found = store_case(COMPUTE_TEMPORARY, "Microsoft", hbi=hbi)
    assert found.disk == (f"Microsoft's key, {SEALED}" if hbi else f"no key, {PLAIN}")
    assert found.steps[1] == ("look at the disk", found.disk)
    assert found.answer == "-"


def test_releases_differ_as_the_documents_do() -> None:
    words = {release: store_case(CONTAINERS, release=release).word for release in RELEASES}
    assert words == {"2019-08": "refused", "2020-01": "refused", "2020-03": "accepted"}


@pytest.mark.parametrize("seed", [7, None])
def test_the_seed_makes_no_difference(seed: int | None) -> None:
    assert store_case(event="disable", seed=seed) == store_case(event="disable")


def test_time_may_be_a_number_of_seconds() -> None:
    assert store_case(wait=90).steps[2] == ("90 seconds pass", "")


# ---- bad input

OPTIONS = {"store": tuple(TRIALS), "whose": WHOSE, "event": tuple(EVENTS)}


@pytest.mark.parametrize("name", OPTIONS)
def test_what_there_is_not_is_bad_input_with_what_there_is(name: str) -> None:
    with pytest.raises(BadInput) as caught:
        store_case(**{name: "Owner"})  # type: ignore[arg-type]
    assert caught.value.required == ", ".join(f'"{one}"' for one in OPTIONS[name])


@pytest.mark.parametrize(
    ("name", "fine"),
    [("store", ()), ("whose", ()), ("event", ()), ("wait", (0, "0s")), ("hbi", (True, False))],
)
def test_what_is_no_value_at_all_is_bad_input(name: str, fine: tuple[object, ...]) -> None:
    assert taken(lambda value: store_case(**{name: value}), fine) == {}


def test_what_is_no_time_is_bad_input() -> None:
    for wait in ("-1m", "soon", "999999999d", Plainly("61m"), -1, 10**30):
        with pytest.raises(BadInput):
            store_case(wait=wait)
    # Time is looked at before anything happens, where none would pass.
    with pytest.raises(BadInput, match="not a duration"):
        store_case(RUN_HISTORY, wait="soon")


def test_the_release_and_the_seed_are_those_of_a_lab() -> None:
    assert said_otherwise(store_case) == []
    assert BLOBS in READ

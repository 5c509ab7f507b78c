"""Stores over hours in which something is done to their key: laws for any events, and the picture."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from labkit.core.errors import BadInput
from labkit.core.verdict import Verdict
from labkit.course.key_timeline import EVENTS, LONGEST, USUAL, KeyTimeline, key_timeline
from labkit.course.store_trials import TRIALS
from labkit.releases import RELEASES
from labkit.services import encryption
from labkit.stores import (
    BLOBS,
    COMPUTE_OS,
    CONTAINERS,
    DBFS,
    FILES,
    IMAGES,
    OWN_RUN_HISTORY,
    RUN_HISTORY,
    kinds,
)
from tests.course.refusing import said_otherwise, taken
from tests.display.test_number_grid import image
from tests.display.test_strip_chart import band, legend, marks

# Those that follow the newest version of the key, and one that stays with the version that it was given.
FOLLOW, STAY = (BLOBS, FILES, IMAGES, OWN_RUN_HISTORY), (DBFS, CONTAINERS)
Events = dict[int, str]
REVOKED = {30: "disable", 90: "enable"}
TEXT = """\
minute 30: disable; minute 90: enable
store         minutes    readings  answer                             wrapped by
------------  ---------  --------  ---------------------------------  ----------
Blob storage  0 to 50    6         200                                version 1
Blob storage  60 to 80   3         403 KeyVaultEncryptionKeyNotFound  version 1
Blob storage  90 to 120  4         200                                version 1"""


def events() -> st.SearchStrategy[Events]:
    return st.dictionaries(st.integers(0, 240), st.sampled_from(list(EVENTS)), max_size=5)


def expected(events: Events, minutes: list[int], follows: bool) -> list[tuple[int, bool, int]]:
    """Minute, whether it is answered, and the wrapping version, by the documents' hour alone: what was
    unwrapped serves for an hour, and then the key is needed."""
    usable, wrapping, until = [True], 1, 60
    said = []
    for minute in minutes:
        match events.get(minute):
            case "rotate":
                usable.append(True)
            case "disable":
                usable = [False] * len(usable)
            case "enable":
                usable = [True] * len(usable)
        ok = minute < until
        if not ok and usable[wrapping - 1]:
            ok, until = True, minute + 60
            wrapping = len(usable) if follows else wrapping
        said.append((minute, ok, wrapping))
    return said


@settings(max_examples=25)
@example({30: "disable"}, BLOBS, 5)
@example({0: "disable", 61: "enable"}, OWN_RUN_HISTORY, 1)
@example({10: "disable", 20: "rotate", 200: "enable"}, IMAGES, 7)
@example({10: "rotate", 20: "disable"}, BLOBS, 10)
@given(events(), st.sampled_from((*FOLLOW, *STAY)), st.integers(3, 61))
def test_a_store_is_refused_from_an_hour_after_the_last_unwrapping_while_the_key_is_disabled_and_never_else(
    events: Events, store: str, every: int
) -> None:
    found = key_timeline(events, store, minutes=240, every=every)
    minutes = sorted({*range(0, 241, every), *events})
    assert [(one.minute, one.ok, one.version) for one in found.answers] == expected(
        events, minutes, store in FOLLOW
    )
    assert {one.answer[:3] for one in found.answers} <= {"200", "403", "503"}


@settings(max_examples=8)
@given(events(), st.sampled_from(FOLLOW))
def test_nothing_is_lost_once_the_key_is_enabled_again(events: Events, store: str) -> None:
    found = key_timeline(events | {241: "enable"}, store, minutes=302, every=60)
    assert [(one.minute, one.ok) for one in found.answers if one.minute > 240] == [(241, True), (300, True)]


@pytest.mark.parametrize("at", [0, 1, 59, 60])
@pytest.mark.parametrize("store", FOLLOW)
def test_a_rotation_changes_the_version_within_the_hour(store: str, at: int) -> None:
    versions = {one.minute: one.version for one in key_timeline({at: "rotate"}, store, every=1).answers}
    assert versions[at + 60] == 2
    assert [*versions.values()] == sorted(versions.values())
    assert versions[59] == 1


@pytest.mark.parametrize("store", STAY)
def test_what_was_given_a_version_stays_with_it(store: str) -> None:
    assert {one.version for one in key_timeline({5: "rotate"}, store, every=30).answers} == {1}


def test_another_hour_would_be_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encryption, "HOLD", 600)
    found = key_timeline({4: "disable"}, BLOBS, minutes=30, every=1)
    assert [one.minute for one in found.answers if not one.ok] == list(range(10, 31))


# ---- what it says


def test_the_text_tells_each_stretch_of_equal_answers() -> None:
    found = key_timeline(REVOKED, BLOBS, every=10)
    assert repr(found) == TEXT
    assert found.of("Blob storage") == found.answers
    assert key_timeline({}, BLOBS, minutes=1).caption == "nothing is done"


@pytest.mark.parametrize("seed", [7, None])
def test_the_seed_makes_no_difference(seed: int | None) -> None:
    assert key_timeline(REVOKED, seed=seed, every=30) == key_timeline(REVOKED, every=30)


@pytest.mark.parametrize("release", RELEASES)
def test_without_stores_it_is_those_that_take_a_key(release: str) -> None:
    known = kinds(release)
    found = key_timeline({}, release=release, minutes=1)
    assert found.stores == tuple(known[one].name for one in USUAL if known[one].customer_key)


def test_an_event_happens_at_its_minute_and_not_after_the_last_one() -> None:
    found = key_timeline({7: "rotate", 10: "disable", 11: "enable"}, BLOBS, minutes=10, every=5)
    assert [one.minute for one in found.answers] == [0, 5, 7, 10]
    assert found.events == ((7, "rotate"), (10, "disable"))
    assert found == key_timeline({10: "disable", 7: "rotate"}, BLOBS, minutes=10, every=5)
    late = key_timeline({500: "disable"}, BLOBS, minutes=10)
    assert late.caption == "nothing is done"
    assert "the key is disabled" not in legend(shown(late))


def shown(found: KeyTimeline) -> Any:
    bundle = found._repr_mimebundle_()
    picture, alt, text = image(bundle["text/html"])
    assert (alt, text) == (f"Chart: {found.caption}. All of it is in the text below.", bundle["text/plain"])
    return picture


@pytest.mark.parametrize("events", [{}, REVOKED, {30: "rotate"}, {0: "disable"}])
def test_the_picture_has_a_mark_for_every_reading_that_the_text_counts(events: Events) -> None:
    found = key_timeline(events, BLOBS, DBFS, every=10)
    picture = shown(found)
    counted: Counter[str] = Counter()
    for _, _, readings, answer, _ in found.as_table().rows:
        counted["o" if answer == "200" else "x"] += readings  # type: ignore[operator]
    assert Counter(mark.shape for mark in marks(picture)) == counted
    # In its strip a cross is drawn a little lower than a circle.
    heights = sorted({mark.y for mark in marks(picture) if mark.shape == "o"})
    strips: list[list[tuple[float, str]]] = [[] for _ in heights]
    for mark in marks(picture):
        strips[sum(height <= mark.y for height in heights) - 1].append((mark.x, mark.shape))
    assert [[shape for _, shape in sorted(strip)] for strip in strips] == [
        ["o" if one.ok else "x" for one in found.of(store)] for store in found.stores
    ]
    words = {"o": "answered", "x": "refused"}
    disabled = {"the key is disabled"} if "disable" in events.values() else set[str]()
    assert set(legend(picture)) == {words[shape] for shape in counted} | disabled


@pytest.mark.parametrize(("events", "columns"), [(REVOKED, (3, 9)), ({30: "disable"}, (3, 12)), ({}, None)])
def test_the_time_without_the_key_is_drawn(events: Events, columns: tuple[int, int] | None) -> None:
    picture = shown(key_timeline(events, BLOBS, every=10))
    at = sorted(mark.x for mark in marks(picture))
    drawn = band(picture)
    assert (drawn is None) is (columns is None)
    if columns is not None:
        assert drawn == tuple(pytest.approx(at[column], abs=0.01) for column in columns)


# ---- bad input


@pytest.mark.parametrize("name", ["minutes", "every"])
def test_what_is_no_number_of_minutes_is_bad_input(name: str) -> None:
    assert taken(lambda value: key_timeline({}, BLOBS, **{"minutes": 5, name: value})) == {}
    for value in (0, LONGEST + 1):
        with pytest.raises(BadInput, match=name) as caught:
            key_timeline({}, BLOBS, **{name: value})  # type: ignore[arg-type]
        assert caught.value.required == "a whole number from 1 to 1,440"


def test_what_is_no_event_is_bad_input() -> None:
    assert taken(lambda value: key_timeline(value, BLOBS, minutes=5), ({},)) == {}
    assert taken(lambda value: key_timeline({500: value}, BLOBS, minutes=5)) == {}
    for minute in (-1, LONGEST + 1, True, 5.0, "5", None):
        with pytest.raises(BadInput, match="and when"):
            key_timeline({minute: "disable"}, BLOBS)  # type: ignore[dict-item]


def test_what_is_no_store_is_bad_input() -> None:
    assert taken(lambda value: key_timeline({}, value, minutes=5)) == {}


def test_a_store_that_takes_no_key_is_refused_as_the_door_refuses_it() -> None:
    for what, code in ((RUN_HISTORY, "NotPossible"), (COMPUTE_OS, "DiskEncryptionNotSupported")):
        assert what in TRIALS
        assert Verdict.of(lambda: key_timeline({}, what)).code == code  # noqa: B023


def test_the_release_and_the_seed_are_those_of_a_lab() -> None:
    assert said_otherwise(lambda **others: key_timeline({}, BLOBS, minutes=5, **others)) == []

"""An exercise of 05-encryption-at-rest: when a disabled key begins to be felt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from labkit.core.verdict import Verdict
from labkit.course.checking import as_number
from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.key_scene import enable, new_version
from labkit.course.naming import by_name
from labkit.course.stepping import uncounted
from labkit.course.store_trials import TRIALS, Wish
from labkit.lab import Lab
from labkit.stores import BLOBS, DBFS, IMAGES, OWN_RUN_HISTORY, kinds

NOTEBOOK = "05-encryption-at-rest.ipynb"
# Minutes after 10:00. Whoever waits longer than that says never.
_LONGEST = 180


@dataclass(frozen=True)
class Store:
    """Which store it is, at which minute its account key was unwrapped (10:00 is 0), and whether somebody
    reads it every minute from then on, or nobody before 10:00."""

    what: str
    unwrapped: int
    busy: bool
    story: str


STORES: Mapping[str, Store] = {
    kinds("2020-03")[one.what].name: one
    for one in (
        Store(BLOBS, -40, False, "unwrapped at 9:20. Nobody has read anything since."),
        Store(IMAGES, -90, False, "unwrapped at 8:30. Nobody has read anything since."),
        Store(OWN_RUN_HISTORY, -70, True, "unwrapped at 8:50. Somebody has read it every minute since."),
        Store(DBFS, -1, False, "unwrapped at 9:59. Nobody has read anything since."),
    )
}


def _at(minute: int) -> str:
    return f"{10 + minute // 60}:{minute % 60:02}"


def bites(lab: Lab, store: Store) -> int | None:
    """The first minute after 10:00 at which reading is refused, in a new lab where the key is disabled then.
    Raises what the door raises."""
    key = new_version(lab)
    # The lab begins at nine. This is the next day, so that there is a morning before ten.
    lab.clock.advance(25 * 3600 + 60 * store.unwrapped)
    read = TRIALS[store.what](lab, Wish(key, lab.vault)).read
    assert read is not None
    for minute in range(store.unwrapped, _LONGEST):
        if minute == 0:
            enable(lab, False)
        if (minute >= 0 or store.busy) and not Verdict.of(read):
            return minute
        lab.clock.advance(60)
    return None


def _check_bite(answer: object, bench: Bench) -> Result:
    given = by_name(answer, STORES)
    said = {
        name: None if value is None else as_number(value, what=f"What you say of {name!r}")
        for name, value in given.items()
    }
    for name, store in STORES.items():
        found = uncounted(partial(bites, bench.lab(), store))
        assert found is not None
        if said[name] != found:
            belief, against = _belief(store, said[name], found), _against(name, said[name], found)
            return Result.wrong(against, belief) if belief else Result.not_yet(against)
    return Result.right()


def _against(name: str, said: float | None, found: int) -> str:
    """A counterexample which does not say what is right."""
    if said is None:
        return f"{name!r}: you say never. The lab read it every minute, and there came one at which that was refused."
    if said != int(said) or not 0 <= said < _LONGEST:
        return f"{name!r}: you say {said}. It should be a whole number of minutes after 10:00."
    minute = int(said)
    if minute < found:
        return f"{name!r}: you say {_at(minute)}. The lab tried, and at {_at(minute)} it could be read."
    return f"{name!r}: you say {_at(minute)}. The lab tried, and at {_at(minute - 1)} it was refused already."


def _belief(store: Store, said: float | None, found: int) -> str:
    """What somebody believes who says this; "" for what shows nothing in particular."""
    if said is None:
        return "data-outlives-keys"
    if said == 0 and not store.busy:
        return "disabled-is-disabled"
    if store.busy and said in (0, 59, 60):
        return "reading-keeps-it-open" if said else "once-unwrapped-is-all"
    if said in (60, found + 60):
        return "the-hour-begins-now"
    return "the-hour-and-one-more" if said == found + 1 else ""


def _answer(*minutes: int | None) -> str:
    return "\n".join(
        [
            "answer = {",
            *(f'    "{name}": {minute},' for name, minute in zip(STORES, minutes, strict=True)),
            "}",
        ]
    )


BITE = Exercise(
    id="enc-bite",
    notebook=NOTEBOOK,
    title="At ten o'clock the key is disabled",
    minutes=7,
    prompt="\n".join(
        [
            "Four stores are encrypted with olivia's key. A store may hold the account key that was unwrapped for it for 3600 seconds: from the "
            "first call on at which they are over, it has to ask the vault again. At 10:00 sharp olivia disables the key. This is what is known of "
            "their account keys:",
            "",
            *(f'- `"{name}"`: {store.story}' for name, store in STORES.items()),
            "",
            "From 10:00 on, and at 10:00 as well, somebody reads each of the four every minute, just after olivia. What is the first minute at which "
            "that fails? Set `answer` to a dict: for each of the four a number of minutes after 10:00 (0 for 10:00 itself), or None for never.",
        ]
    ),
    starter="\n".join(["answer = {", *(f'    "{name}": ...,' for name in STORES), "}"]),
    solution=_answer(20, 0, 50, 59),
    hints=(
        "Who says no when a key is disabled: the store, or the vault? And when does a store ask the vault?",
        "Draw a line for each store from the minute at which it asked, as long as it may hold the key. The line has nothing to do with olivia.",
        "For the one that was read all morning: its line ended before ten, and at that minute somebody was reading. What did the store do then?",
    ),
    explanation="Disabling is felt by each store at the end of what it holds: within the hour, at a minute that nobody has chosen, and for a store "
    "that nobody has used lately at once. Reading does not lengthen it. So revocation has no delay of its own. The documents' hour is the longest "
    "that it can take.",
    check=_check_bite,
    wrong=(
        WrongAnswer(
            _answer(0, 0, 0, 0),
            "disabled-is-disabled",
            "The store does not ask the vault at each call. It has the account key in its hands, and goes on with it.",
        ),
        WrongAnswer(
            _answer(60, 60, 60, 60),
            "the-hour-begins-now",
            "The hour began when the store unwrapped, and not when somebody disabled.",
        ),
        WrongAnswer(
            _answer(20, 0, 60, 59),
            "reading-keeps-it-open",
            "A reading uses what is held. It does not make it last longer.",
        ),
        WrongAnswer(
            _answer(20, 0, 0, 59),
            "once-unwrapped-is-all",
            "What is over is unwrapped again at the next reading, as long as the vault says yes.",
        ),
        WrongAnswer(
            _answer(21, 0, 50, 59),
            "the-hour-and-one-more",
            "After 3600 seconds it may not be held: at that very second the store asks.",
        ),
        WrongAnswer(
            _answer(None, None, None, None),
            "data-outlives-keys",
            "What was stored before is as unreadable as what comes after: every object hangs on the account's key.",
        ),
    ),
)

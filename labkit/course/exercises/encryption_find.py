"""An exercise of 05-encryption-at-rest: what somebody finds who carries the disks away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from labkit.course.carried_away import STORES, Loot, carried_away
from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.naming import as_names, by_name
from labkit.course.stepping import uncounted
from labkit.course.store_trials import TEXT
from labkit.stores import COMPUTE_TEMPORARY, CONTAINERS, kinds

NOTEBOOK = "05-encryption-at-rest.ipynb"


@dataclass(frozen=True)
class Place:
    """A workspace as its story tells it; and what somebody believes who leaves a store out that should be in
    (by store), or who puts one in that should be out."""

    story: str
    release: str
    hbi: bool
    misses: Mapping[str, str]
    adds: Mapping[str, str]


_NAMES = kinds("2020-03")
_TEMPORARY, _CONTAINERS = _NAMES[COMPUTE_TEMPORARY].name, _NAMES[CONTAINERS].name

PLACES: Mapping[str, Place] = {
    "ward": Place(
        "January 2020 (release 2020-01). The workspace is one of the usual kind.",
        "2020-01",
        False,
        {_TEMPORARY: "at-rest-is-everywhere", _CONTAINERS: "containers-are-disks-too"},
        {},
    ),
    "clinic": Place(
        "March 2020 (release 2020-03). The workspace was created with `hbi_workspace=True`, in the lab's own subscription, where "
        "`ml-example` has had a compute cluster from the beginning.",
        "2020-03",
        True,
        {_TEMPORARY: "the-flag-is-enough"},
        {_CONTAINERS: "once-plain-always-plain"},
    ),
}


def _check_find(answer: object, bench: Bench) -> Result:
    said = {
        name: as_names(given, STORES, what=f"What you say of {name!r}")
        for name, given in by_name(answer, PLACES).items()
    }
    for name, place in PLACES.items():
        loot = uncounted(partial(carried_away, bench.lab(place.release), name, place.hbi))
        result = _compared(name, place, said[name], loot)
        if not result.passed:
            return result
    return Result.right("All disks were opened, and nothing else was found on them.")


def _compared(name: str, place: Place, said: list[str], loot: Loot) -> Result:
    for store in said:
        if store in loot.sealed:
            record, raw = loot.sealed[store]
            found = f"{name}: the disk of {store} was opened. The text is not on it; {record!r} ends with {raw.hex(' ')}."
            return Result.wrong(found, place.adds.get(store, "only-my-own-key-counts"))
    for store, (record, raw) in loot.clear.items():
        if store not in said:
            # Which store it is stays unsaid: trying again would be enough to hear them all.
            found = (
                f"{name}: on a disk of a store that you do not name, the record {record!r} ends with {raw!r}."
            )
            return Result.wrong(found, place.misses[store])
    return Result.right()


def _answer(ward: tuple[str, ...], clinic: tuple[str, ...]) -> str:
    sets = (f"{{{', '.join(map(repr, one))}}}" if one else "set()" for one in (ward, clinic))
    lines = [f'    "{name}": {one},' for name, one in zip(PLACES, sets, strict=True)]
    return "\n".join(["answer = {", *lines, "}"]).replace("'", '"')


_BOTH = (_TEMPORARY, _CONTAINERS)
_LISTED = ", ".join(f'`"{store}"`' for store in STORES)

FIND = Exercise(
    id="enc-carried-away",
    notebook=NOTEBOOK,
    title="Somebody carries the disks away",
    minutes=6,
    prompt="\n".join(
        [
            f"In two workspaces the text `{TEXT}` is everywhere. A run was named after it, staged it on its node and uploaded it as an output; "
            "it is a file of a share, and a registered model, which was put into an image and deployed to ACI. Nobody has given a key of "
            "their own. Then somebody carries all the disks away, opens them and looks for the text.",
            "",
            *(f'- `"{name}"`: {place.story}' for name, place in PLACES.items()),
            "",
            f"The stores are: {_LISTED}.",
            "",
            "Set `answer` to a dict: for each of the two workspaces the set of stores on whose disks the text is found.",
        ]
    ),
    starter='answer = {"ward": set(), "clinic": set()}',
    solution=_answer(_BOTH, (_TEMPORARY,)),
    hints=(
        "Whose key it is does not matter here. The question is whether there is any key at all.",
        "Some stores belong to a service, and some are just the disk of a machine. Which of the two does a script write to without asking "
        "anybody? And which of these had no encryption at all when the documents of January were written?",
        "For clinic, read the four further effects of the flag again: one of them has a condition, about what was in the subscription before.",
    ),
    explanation="Microsoft's key is a key: without it the bytes are worth nothing to whoever has them. What is left is what was never encrypted: "
    "the temporary disk, which everybody forgets because nobody has made it, and in January the disks of ACI. The flag of high business impact "
    "came too late for clinic: where a cluster was there before, it takes a support ticket as well. Look, and do not believe the flag.",
    check=_check_find,
    wrong=(
        WrongAnswer(
            _answer((_CONTAINERS,), (_TEMPORARY,)),
            "at-rest-is-everywhere",
            "Storage services encrypt. A machine's local disk is none, and what a script stages there lies there.",
        ),
        WrongAnswer(
            _answer((_TEMPORARY,), (_TEMPORARY,)),
            "containers-are-disks-too",
            "The release of January says plainly what this service did not support.",
        ),
        WrongAnswer(
            _answer(_BOTH, ()),
            "the-flag-is-enough",
            "The flag starts this encryption only where no cluster was made in the subscription before.",
        ),
        WrongAnswer(
            _answer(_BOTH, _BOTH),
            "once-plain-always-plain",
            "Releases differ: what was refused in January could be had in March.",
        ),
        WrongAnswer(
            _answer((*_BOTH, "Blob storage", "Cosmos DB, shared"), (_TEMPORARY,)),
            "only-my-own-key-counts",
            "It is encrypted with Microsoft's key, which does not lie on that disk.",
        ),
    ),
)

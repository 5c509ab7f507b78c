"""One store and one key: what lies on the disk, what is done to the key, and what somebody reads then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import labkit
from labkit.core.choice import choice
from labkit.core.clock import seconds
from labkit.core.errors import BadInput, brief
from labkit.course.case import Case, Steps
from labkit.course.key_scene import enable, new_version
from labkit.course.stepping import uncounted
from labkit.course.store_matrix import look
from labkit.course.store_trials import TRIALS, InUse, Wish
from labkit.lab import Lab

WHOSE = ("Microsoft", "customer")


def _disable_and_enable(lab: Lab) -> None:
    enable(lab, False)
    enable(lab, True)


EVENTS: Mapping[str, Callable[[Lab], object]] = {
    "nothing": lambda lab: None,
    "disable": lambda lab: enable(lab, False),
    "rotate": lambda lab: new_version(lab),
    "disable and enable": _disable_and_enable,
}


@dataclass(frozen=True, repr=False)
class StoreCase(Case):
    """`disk` says whose key encrypts the disk and what is found on it; "" where nothing could be kept."""

    disk: str


def store_case(
    store: str = "blobs",
    whose: str = "customer",
    event: str = "nothing",
    wait: str | int = "61m",
    hbi: bool = False,
    release: str = "2020-03",
    seed: int | None = 2020,
) -> StoreCase:
    """Keeps something in a store (one of TRIALS) in a lab of its own, encrypted with `whose` key. Then
    something is done to the customer's key, `wait` passes, and somebody reads, where there is a service to
    read with. The last step is the reading, or the keeping if that is refused. Raises BadInput."""
    choice("store", store, TRIALS)
    choice("owner of a key", whose, WHOSE)
    choice("event", event, EVENTS)
    seconds(wait)
    if hbi is not True and hbi is not False:
        raise BadInput("Of high business impact?", presented=brief(hbi), required="True or False")
    lab = uncounted(lambda: labkit.start(release, seed))
    steps = Steps()
    key = uncounted(lambda: new_version(lab))
    wish = Wish(key if whose == "customer" else None, lab.vault, hbi)
    kept = steps.attempt(f"keep something in {store}, with {whose}'s key", lambda: TRIALS[store](lab, wish))
    if kept is None:
        return StoreCase(tuple(steps.done), "")
    return _read(lab, steps, kept, event, wait)


def _read(lab: Lab, steps: Steps, kept: InUse, event: str, wait: str | int) -> StoreCase:
    disk = look(lab, kept)[1]
    steps.note("look at the disk", disk)
    if event != "nothing":
        steps.attempt(f"{event} the customer's key", lambda: EVENTS[event](lab))
    lab.clock.advance(wait)
    steps.note(f"{wait} pass" if type(wait) is str else f"{wait} seconds pass")
    if kept.read is None:
        steps.note("nobody reads it through a service", "-")
    else:
        steps.attempt("read it", kept.read)
    return StoreCase(tuple(steps.done), disk)

"""Looking things up in a vault, and the rules that names, versions and times have to keep."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from labkit.core.clock import iso
from labkit.core.errors import BadRequest, NotFound, brief
from labkit.core.operation import Call
from labkit.services.key_vault.errors import DeletedButRecoverable, KeyNotFound, SecretNotFound
from labkit.services.key_vault.vault import Deleted, Held, Shelf, Vault, Versions

_NAME = re.compile(r"[A-Za-z0-9-]{1,127}")
_NOT_FOUND: dict[str, type[NotFound]] = {"keys": KeyNotFound, "secrets": SecretNotFound}
_LATEST = 253_402_300_799  # the last second of the year 9999
# What the loss of a key or of a secret means.
LOST = {
    "keys": "what it has wrapped nobody can ever read again, unless there is a backup of the key",
    "secrets": "only a backup brings it back",
}


def check_name(name: str) -> None:
    """Raises BadRequest for what is no name of a key."""
    if not _NAME.fullmatch(name):
        raise BadRequest(
            "That is not a name.", presented=brief(name), required="1 to 127 letters, digits and hyphens"
        )


def check_times(not_before: object, expires: object) -> None:
    """Raises BadRequest for what are no moments, and for an end before the beginning."""
    for what, moment in (("not_before", not_before), ("expires", expires)):
        if moment is not None and (type(moment) is not int or not 0 <= moment <= _LATEST):
            raise BadRequest(
                f"{what} is not a moment.",
                presented=brief(moment),
                required="seconds since 1970, as lab.clock.now",
            )
    if type(not_before) is int and type(expires) is int and expires <= not_before:
        raise BadRequest(
            "It would expire before it is valid.", presented=iso(expires), required=f"after {iso(not_before)}"
        )


def check_enabled(enabled: object, *known: object) -> None:
    """Raises BadRequest for what is none of these values of `enabled`."""
    if not any(enabled is one for one in known):
        raise BadRequest("Enabled or not?", presented=brief(enabled), required="True or False")


def shelf(vault: Vault, kind: str) -> Shelf:
    """The vault's keys or secrets."""
    return vault.keys if kind == "keys" else vault.secrets


def deleted(call: Call[Vault], kind: str, name: str) -> Deleted | None:
    """What was deleted under a name and is not purged by now."""
    found = shelf(call.target, kind).deleted.get(name.lower())
    return found if found is not None and call.now < found.until else None


def versions(call: Call[Vault], kind: str, name: str) -> Versions:
    """All versions under a name. Raises KeyNotFound or SecretNotFound, which say what became of it."""
    found = shelf(call.target, kind).live.get(name.lower())
    if found is None:
        raise missing(call, kind, name)
    return found


def missing(call: Call[Vault], kind: str, name: str, version: str = "") -> NotFound:
    """The refusal for what is not there. Says what became of it."""
    noun, message, advice = kind[:-1], f"The vault has no such {kind[:-1]}.", ""
    gone, recoverable = lost_since(call, kind, name), deleted(call, kind, name)
    if name.lower() in shelf(call.target, kind).live:
        message = f"The {noun} has no such version." if version else f"The {noun} is not deleted."
        advice = f"one that had its name is lost since {iso(gone)}: {LOST[kind]}" if gone is not None else ""
    elif recoverable is not None:
        message = f"The {noun} was deleted at {iso(recoverable.since)}."
        advice = f"recover_deleted_{noun} brings it back; at {iso(recoverable.until)} it is lost for good"
    elif gone is not None:
        message, advice = f"The {noun} is lost for good since {iso(gone)}.", LOST[kind]
    shown = f"{name}/{version}" if version else name
    return _NOT_FOUND[kind](message, presented=brief(shown, 170), advice=advice)


def lost_since(call: Call[Vault], kind: str, name: str) -> int | None:
    """Since when (seconds) something of this name is lost for good; None if nothing is."""
    on, key = shelf(call.target, kind), name.lower()
    over = on.deleted.get(key)
    by_time = over.until if over is not None and over.until <= call.now else None
    return max((one for one in (by_time, on.lost.get(key)) if one is not None), default=None)


def one_version(call: Call[Vault], kind: str, name: str, version: str) -> Held:
    """A version, or the newest one for "". Raises KeyNotFound or SecretNotFound."""
    found = versions(call, kind, name)
    for held in found[-1:] if version == "" else found:
        if version in ("", held.shown.version):
            return held
    raise missing(call, kind, name, version)


def free_name(call: Call[Vault], kind: str, name: str) -> None:
    """Raises DeletedButRecoverable for a name that still belongs to something deleted."""
    if deleted(call, kind, name) is not None:
        raise DeletedButRecoverable(
            f"The {kind[:-1]} of this name was deleted and can be recovered, so the name is taken.",
            presented=brief(name),
            advice=f"recover it with recover_deleted_{kind[:-1]}, or purge it with purge_deleted_{kind[:-1]}",
        )


def show(call: Call[Vault], held: Held) -> Any:
    """What is shown of a version, with what its deletion would mean now."""
    return replace(held.shown, recovery=call.target.recovery)


def next_label(call: Call[Vault], kind: str, name: str) -> str:
    """What the next version of a name is drawn by. No two versions ever have the same, undone ones aside."""
    on = shelf(call.target, kind)
    number = on.made.get(name.lower(), 0) + 1
    on.change(call, on.made, name, number)
    return f"{call.target.life}/{kind}/{name.lower()}/{number}"


def add(call: Call[Vault], held: Held) -> None:
    """Makes it the newest version of its name."""
    on, name = shelf(call.target, held.shown.kind), held.shown.name
    on.change(call, on.live, name, (*on.live.get(name.lower(), ()), held))


def amend(call: Call[Vault], held: Held, **changes: Any) -> Held:
    """Changes what is shown of a version: of these, those that are not None. Raises BadRequest for times that
    contradict each other. Returns the changed version."""
    on, name = shelf(call.target, held.shown.kind), held.shown.name
    wanted = {what: value for what, value in changes.items() if value is not None}
    shown = replace(held.shown, updated=call.now, **wanted)
    check_times(shown.not_before, shown.expires)
    new = replace(held, shown=shown)
    on.change(call, on.live, name, tuple(new if one is held else one for one in on.live[name.lower()]))
    return new

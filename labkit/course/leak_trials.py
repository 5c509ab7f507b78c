"""Trying a credential that was seen: what it opens, what the tokens open that it gets, and until when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labkit.core.credential import Bearer, Credential
from labkit.core.door import Asked, Door
from labkit.core.errors import Refusal, Unauthenticated
from labkit.core.identity import Identity
from labkit.core.resource import Component, Resource
from labkit.identity.verifier import canonical_audience
from labkit.openings import Opening, attempts
from labkit.services.azure_ad import AUDIENCES, AzureAD

# Who found it, and asks from the internet.
THIEF = Component("whoever found it")
# Seconds. What is taken for that long lasts until somebody replaces it.
_YEARS = 10 * 365 * 24 * 3600


@dataclass(frozen=True)
class Trial:
    """What came of it: the attempts that would pass with the credential itself (`opens`) and with tokens of
    Azure AD that it gets (`further`), both from the internet; those that would pass besides where it was seen
    (`inside`); and the moment (seconds) at which it is worth nothing any more, None for never."""

    opens: tuple[Opening, ...]
    further: tuple[Opening, ...]
    inside: tuple[Opening, ...]
    until: int | None


def tried(door: Door, calls: Sequence[Asked]) -> Trial:
    """Tries the one credential that all of these calls came with. Nothing is carried out, no hop is left."""
    opens, further = _from(door, calls, THIEF)
    inside: dict[Opening, None] = {}
    if any(one.stage == "network" for one in (*opens, *further)):
        for caller in {call.caller.network: call.caller for call in calls}.values():
            inside |= dict.fromkeys(_passed(one for found in _from(door, calls, caller) for one in found))
    outside = _passed((*opens, *further))
    return Trial(
        _passed(opens),
        _passed(further),
        tuple(one for one in inside if one not in outside),
        _until(door, calls[0]),
    )


def _passed(found: Iterable[Opening]) -> tuple[Opening, ...]:
    return tuple(dict.fromkeys(one for one in found if one.opened))


def _from(
    door: Door, calls: Sequence[Asked], caller: Component
) -> tuple[tuple[Opening, ...], tuple[Opening, ...]]:
    """All attempts from one network: with the credential itself, and with what it gets from Azure AD."""
    cred = calls[0].cred
    found = tuple(attempts(door, cred, caller))
    if cred.covers is not None:
        # It is good for what it was made for, arguments included, and for nothing else.
        found = (*(_again(door, call, caller) for call in calls), *found)
    tenants = [one.target for one in found if one.opened and one.operation == AzureAD.token.name]
    return found, tuple(one for id in tenants for one in _as_holder(door, cred, id, caller))


def _again(door: Door, call: Asked, caller: Component) -> Opening:
    """The very request that was seen."""
    assert call.resource is not None
    service, op = call.op.service.name, call.op.name
    try:
        door.probe(caller, call.op, call.target, call.cred, *call.args, **call.kwargs)
    except Refusal as refusal:
        return Opening(service, op, call.resource.id, refusal.code, refusal.stage)
    return Opening(service, op, call.resource.id, "", "")


def _as_holder(door: Door, cred: Credential, tenant: str, caller: Component) -> Iterable[Opening]:
    """What is open to whoever signs in to the tenant with the credential. No token is issued for it."""
    who = door.authenticators[type(cred)](cred, door.resources.find(tenant), door.clock.now)
    others: Mapping[type[Credential], Callable[..., Identity]] = {Bearer: _taken_for(who)}
    return attempts(door.proving(others), Bearer(""), caller)


def _taken_for(who: Identity) -> Callable[..., Identity]:
    """Takes every token for one of this identity, where tokens of its tenant are taken at all."""

    def authenticate(cred: Bearer, target: Resource, now: int) -> Identity:
        if canonical_audience(target.audience) in AUDIENCES and target.tenant_id == who.tenant_id:
            return who
        raise Unauthenticated("A token of this tenant is none for this.")

    return authenticate


def _until(door: Door, call: Asked) -> int | None:
    """The first second at which it proves nothing any more, by asking what authenticates it."""
    authenticate: Any = door.authenticators[type(call.cred)]

    def good(moment: int) -> bool:
        try:
            authenticate(call.cred, call.resource, moment)
        except Refusal:
            return False
        return True

    first, last = door.clock.now, door.clock.now + _YEARS
    if not good(first):
        return first
    if good(last):
        return None
    while last - first > 1:
        middle = (first + last) // 2
        first, last = (middle, last) if good(middle) else (first, middle)
    return last

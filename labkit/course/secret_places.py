"""Where in a lab a secret is kept: everything that any resource holds is looked through, past all doors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from labkit.core.errors import BadInput, brief
from labkit.core.resource import Resource
from labkit.core.table import Table
from labkit.lab import Lab
from labkit.services.key_vault import Vault

WORKSPACE_VAULT, MICROSOFT_VAULT = "workspace vault", "Microsoft vault"
# What the others are called that somebody may think of, by the service that they belong to.
_CALLED = {"Virtual Machine": "virtual machine", "Azure Storage": "storage account"}
NOWHERE = "nowhere"
PLACES = (WORKSPACE_VAULT, MICROSOFT_VAULT, *_CALLED.values(), "Azure AD", NOWHERE)


def _place(one: Resource) -> str:
    if isinstance(one, Vault):
        return MICROSOFT_VAULT if one.boundary == "Microsoft subscription" else WORKSPACE_VAULT
    return _CALLED.get(one.service, one.service)


def _inside(start: object) -> Iterator[bytes]:
    """All texts and bytes that can be got at from an object."""
    seen: set[int] = set()
    ahead: list[Any] = [start]
    while ahead:
        one = ahead.pop()
        if isinstance(one, str):
            yield one.encode("utf-8", "surrogatepass")
        elif isinstance(one, bytes):
            yield one
        elif id(one) not in seen:
            seen.add(id(one))
            ahead += _parts(one)


def _parts(one: Any) -> Iterator[Any]:
    if isinstance(one, dict):
        yield from one.keys()
        yield from one.values()
    elif isinstance(one, list | tuple | set | frozenset):
        yield from one
    elif type(one).__module__.startswith("labkit.") and not isinstance(one, type):
        yield from getattr(one, "__dict__", {}).values()
        if is_dataclass(one):
            yield from (getattr(one, each.name, None) for each in fields(one))


def search(lab: Lab, matches: Callable[[bytes], bool]) -> tuple[str, ...]:
    """The places where something is kept that matches."""
    return tuple(sorted({_place(one) for one in lab.resources if any(map(matches, _inside(one)))}))


def where_is(lab: Lab, text: str) -> Table:
    """Which resources hold a text, whoever may read it there. Raises BadInput. Statements kv-contents,
    kv-ssh-separate, kv-no-user-keys."""
    if type(text) is not str or not text:
        raise BadInput("What is looked for?", presented=brief(text), required="a text")
    wanted = text.encode("utf-8", "surrogatepass")
    places = search(lab, lambda held: wanted in held)
    rows = [(place,) for place in places or (NOWHERE,)]
    return Table(("kept in",), rows, caption=f"a text of {len(text)} characters")

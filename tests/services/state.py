"""The whole state of a lab, to compare: what a refused call must not have changed."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from labkit.core.credential import Credential
from labkit.core.errors import LabError
from labkit.core.operation import Op
from labkit.lab import Lab
from labkit.services.blueprints import Blueprints


def everything(lab: Lab) -> dict[str, Any]:
    """Resources and what is in them, Resource Manager's documents, access, and the directory."""
    parts, directory = lab.parts, lab.directory
    return {
        "resources": {one.id: _contents(one) for one in lab.resources if one.id.startswith("/subscriptions")},
        "documents": deepcopy(parts.arm.documents),
        "management groups": deepcopy(parts.arm.management_groups),
        "registrations": repr(parts.arm.registrations),
        "access": access(lab),
        "applications": sorted(directory._applications),
        "principals": sorted(directory.principals()),
    }


def access(lab: Lab) -> Any:
    """Role assignments with everything that is kept of them, deny assignments, roles and policies."""
    roles, policies = lab.parts.access.roles, lab.parts.access.policies
    blueprints: Any = lab.parts.door.services[Blueprints]
    held = {
        (one.assignment.id, principal, scope, one.since, one.until)
        for principal, by_scope in roles._index.items()
        for scope, ones in by_scope.items()
        for one in ones
    }
    return (
        list(roles),
        held,
        {place: count for place, count in roles._counts.items() if count},
        list(roles.denies),
        list(roles.definitions._roles.items()),
        sorted(roles.definitions._by_name),
        dict(roles.hierarchy._parents),
        deepcopy(policies._policies),
        deepcopy(blueprints._assigned),
    )


def _contents(resource: Any) -> dict[str, Any]:
    """Without what is noted of refused calls too."""
    noted = ("reports", "watched")
    return {
        name: deepcopy(value)
        for name, value in vars(resource).items()
        if not callable(value) and name not in noted
    }


def refused(
    lab: Lab, kind: type[LabError], op: Op[..., Any], target: str, cred: Credential, *args: Any
) -> Any:
    """The refusal of a call that has to be refused, as this very kind, and to leave everything as it was."""
    before = everything(lab)
    with pytest.raises(kind) as caught:
        lab.ask("somebody", op, target, cred, *args)
    assert everything(lab) == before
    assert type(caught.value) is kind, caught.value
    # What is shown can be stored, and is short.
    assert str(caught.value).encode()
    assert len(str(caught.value)) < 4000
    return caught.value

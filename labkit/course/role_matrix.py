"""The documents' table of operations by role, found by trying every cell of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import labkit
from labkit.access.matrix import NO, YES, Cell, Matrix
from labkit.access.roles import built_in
from labkit.core.choice import choice
from labkit.core.errors import BadInput, brief
from labkit.course.operations import OPERATIONS
from labkit.course.sample_roles import SAMPLES
from labkit.course.scenes import define, give, object_id
from labkit.lab import Lab
from labkit.ledger import statements

DOCUMENTED_ROLES = ("Owner", "Contributor", "Reader")
NEWCOMER = "sam"
# Where a role is assigned; None for nowhere.
SCOPES: Mapping[str, Callable[[Lab], str] | None] = {
    "subscription": lambda lab: lab.subscription,
    "resource group": lambda lab: lab.resource_group,
    "workspace": lambda lab: lab.workspace,
    "another workspace": lambda lab: lab.other_workspace,
    "none": None,
}


def _group(lab: Lab) -> str:
    """A new group with the newcomer in it."""
    return lab.directory.add_group("juniors", object_id(lab, NEWCOMER)).name


def _group_of_groups(lab: Lab) -> str:
    """A new group with that group in it."""
    return lab.directory.add_group("team", object_id(lab, _group(lab))).name


# How the newcomer holds the role; each makes what it takes, and names whom the role is assigned to.
HOLDERS: Mapping[str, Callable[[Lab], str]] = {
    "directly": lambda lab: NEWCOMER,
    "group": _group,
    "nested group": _group_of_groups,
}
# Who has a role here has it on the workspace that the operations are about.
_ON_THE_WORKSPACE = ("subscription", "resource group", "workspace")


def known_roles() -> tuple[str, ...]:
    """The names of the roles that can be tried: Azure's built-in ones and the samples of the course."""
    return (*(role.name for role in built_in().values()), *SAMPLES)


def role_matrix(
    roles: Sequence[str] = DOCUMENTED_ROLES,
    scope: str = "resource group",
    release: str = "2020-03",
    seed: int | None = 2020,
) -> Matrix:
    """Every operation of the documents' table, as every role. For each cell there is a fresh lab, so that
    none can influence another: somebody new is given this one role at the scope by olivia, signs in, tries.

    The scope is the resource group, since the table has the row "Create workspace": a workspace that is not
    there yet has no roles of its own, and what it depends on is created in the group as well. Attaching a
    compute target takes a look at a machine of the group. With the scope "workspace" these two rows come out
    otherwise than the documents have them.

    An operation that a lab of this release does not have is left out. Raises BadInput. Statements
    rbac-matrix, rbac-upgrade."""
    if type(roles) not in (list, tuple) or not roles:
        raise BadInput(
            "A matrix has a list of roles, one or more.",
            presented=brief(roles),
            required=f"for instance {list(DOCUMENTED_ROLES)}",
        )
    columns = tuple(choice("role", role, known_roles()) for role in roles)
    if len(set(columns)) < len(columns):
        raise BadInput("A role is a column once.", presented=brief(roles), required="each name once")
    choice("scope", scope, SCOPES)
    rows = {
        operation: tuple(try_cell(operation, role, scope, release, seed) for role in columns)
        for operation in operations_of(release, seed)
    }
    return Matrix(release, scope, columns, rows)


def operations_of(release: str, seed: int | None = 2020) -> tuple[str, ...]:
    """The operations that a lab of this release has, by asking it. Raises BadInput."""
    lab = labkit.start(release, seed)
    return tuple(name for name, operation in OPERATIONS.items() if operation.is_in(lab))


def try_cell(
    operation: str, role: str, scope: str, release: str, seed: int | None, via: str = "directly"
) -> Cell:
    """One cell, in a lab of its own. The names are those that there are."""
    lab = labkit.start(release, seed)
    lab.hire(NEWCOMER)
    place = SCOPES[scope]
    if place is not None:
        if role in SAMPLES:
            define(lab, SAMPLES[role])
        give(lab, HOLDERS[via](lab), role, place(lab))
    ways = OPERATIONS[operation].attempt(lab, NEWCOMER)
    return Cell(operation, role, scope, ways, documented(operation, role, scope, release))


def documented(operation: str, role: str, scope: str, release: str) -> str:
    """The word of the documents that go with a release: "yes", "no", or "" where they do not speak. They
    speak of their three roles on the workspace, wherever these come down from."""
    if role not in DOCUMENTED_ROLES or scope not in _ON_THE_WORKSPACE:
        return ""
    for statement in statements().values():
        if operation in statement.table and statement.stance(release) == "states":
            return YES if role in statement.table[operation] else NO
    return ""

"""Scopes, and what lies above what: management groups, subscriptions, resource groups, resources."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from labkit.access.errors import InvalidScope
from labkit.core.errors import brief

ROOT = "/"
# More than any id of Azure has. Whoever asks pays for every segment, so there is an end to them.
LONGEST = 2048
_NAME = r"[A-Za-z0-9][A-Za-z0-9_.()-]{0,89}"
_SCOPE = re.compile(
    rf"/|/providers/Microsoft\.Management/managementGroups/{_NAME}"
    rf"|/subscriptions/{_NAME}(?:/resourceGroups/{_NAME})?(?:/providers/{_NAME}(?:/(?!providers/){_NAME}/{_NAME})+)*",
    re.IGNORECASE | re.ASCII,
)
MANAGEMENT_GROUPS = "/providers/Microsoft.Management/managementGroups"


def management_group(name: str) -> str:
    """The scope of a management group."""
    return f"{MANAGEMENT_GROUPS}/{name}"


def check_scope(scope: object) -> str:
    """The scope without a slash at its end. Raises InvalidScope."""
    text = scope if type(scope) is str and not scope.endswith("//") else ""
    text = text if text == ROOT else text.removesuffix("/")
    if len(text) > LONGEST or not _SCOPE.fullmatch(text):
        raise InvalidScope(
            "That is not a scope.",
            presented=brief(scope, 120),
            required="the id of a management group, subscription, resource group or resource",
            advice="lab.workspace is one; each of its parts up to a name of /resourceGroups/ and "
            "/subscriptions/ is another",
        )
    return text


def label(scope: str) -> str:
    """A scope in few words: what it is, and its name. Resources with the resource group that they are in."""
    segments = scope.strip("/").split("/")
    if len(segments) == 4 and segments[0].lower() == "providers":
        return f"management group {segments[3]}"
    if segments[0].lower() != "subscriptions":
        return "the root" if segments == [""] else scope
    if len(segments) == 2:
        return f"subscription {segments[1]}"
    if len(segments) == 4:
        return f"resource group {segments[3]}"
    inside = f" in {segments[3]}" if segments[2].lower() == "resourcegroups" else ""
    return f"{'/'.join(segments[-2:])}{inside}"


def key(scope: str) -> str:
    """A scope as it is looked up: in lower case, and without a slash at its end."""
    return scope.lower().rstrip("/") or ROOT


class Hierarchy:
    """Which management group a subscription or management group is in. What is in none lies directly below
    the root."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}

    def place(self, child: str, parent: str) -> Callable[[], object]:
        """Puts a subscription or management group into a management group. Returns the step that takes it
        back. Raises InvalidScope for a management group that would lie inside of itself."""
        child, parent = check_scope(child).lower(), check_scope(parent).lower()
        if child in self._above(parent):
            raise InvalidScope(
                "A management group cannot lie inside of itself.", presented=f"{child} in {parent}"
            )
        before = self._parents.get(child)
        self._parents[child] = parent
        if before is None:
            return partial(self._parents.pop, child)
        return partial(self._parents.update, {child: before})

    def parent(self, child: str) -> str:
        """The management group that it is in, in lower case; "/" for none."""
        return self._parents.get(child.lower().rstrip("/"), ROOT)

    def _above(self, scope: str) -> list[str]:
        """The scope and the management groups above it, upward, without the root."""
        chain = []
        while scope and scope != ROOT:
            chain.append(scope)
            scope = self._parents.get(scope, "")
        return chain

    def ancestors(self, scope: str) -> list[str]:
        """The scope and all above it in lower case, from the root down."""
        segments = scope.lower().rstrip("/").split("/")
        keys = [ROOT]
        if len(segments) < 3:
            return keys
        # /subscriptions/S, or a management group, which has no more segments than its own.
        top = 3 if segments[1] == "subscriptions" else 5
        keys += reversed(self._above("/".join(segments[:top])))
        keys += ["/".join(segments[:end]) for end in range(top + 1, len(segments) + 1)]
        return keys

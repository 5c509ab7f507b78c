"""Who may do what, decided the slow way: the rules one after the other, over lists, with nothing of labkit.

A world is plain data:

    {"below": {scope: the management group that it lies in},
     "groups": {group: [users, service principals and groups]},
     "roles": {role: {"actions", "not_actions", "data_actions", "not_data_actions": each a list of patterns}},
     "assignments": [(principal, role, scope)],
     "denies": [{"scope", "principals", "excluded", "only_here", and the four lists of a role}],
     "at_least_one": whether an interior /*/ needs a segment}
"""

from __future__ import annotations

from typing import Any

World = dict[str, Any]

EVERYONE = "00000000-0000-0000-0000-000000000000"
TOKEN_SEES_THE_SAME_FOR = 1800


def matches(pattern: str, action: str, at_least_one: bool = False) -> bool:
    """Whether the pattern covers the action. Every `*` is tried as nothing and as each longer run of
    characters; `/*/` is also tried as a single slash, unless it needs a segment."""
    if pattern == "":
        return action == ""
    if pattern.startswith("/*/") and not at_least_one and matches(pattern[2:], action):
        return True
    if pattern[0] == "*":
        return any(matches(pattern[1:], action[end:], at_least_one) for end in range(len(action) + 1))
    if action == "" or pattern[0].lower() != action[0].lower():
        return False
    return matches(pattern[1:], action[1:], at_least_one)


def covers(world: World, rule: dict[str, Any], action: str, data: bool) -> bool:
    """Whether a role, or a deny assignment, names the action and does not take it out again."""
    wanted, unwanted = ("data_actions", "not_data_actions") if data else ("actions", "not_actions")
    named = False
    for pattern in rule[wanted]:
        if matches(pattern, action, world["at_least_one"]):
            named = True
    for pattern in rule[unwanted]:
        if matches(pattern, action, world["at_least_one"]):
            named = False
    return named


def plain(scope: str) -> str:
    """A scope as it is compared: in small letters, without a slash at the end."""
    while scope.endswith("/"):
        scope = scope[:-1]
    return scope.lower()


def is_in(world: World, scope: str, outer: str) -> bool:
    """Whether the scope is the outer one or lies below it, by segments or through management groups."""
    segments, above = plain(scope).split("/"), plain(outer).split("/")
    if segments[: len(above)] == above:
        return True
    for child, parent in world["below"].items():
        start = plain(child).split("/")
        if segments[: len(start)] == start and is_in(world, parent, outer):
            return True
    return False


def acts_as(world: World, principal: str) -> list[str]:
    """The principal and every group that it is in, through other groups as well."""
    found = [principal]
    grown = True
    while grown:
        grown = False
        for group, members in world["groups"].items():
            for member in members:
                if member in found and group not in found:
                    found.append(group)
                    grown = True
    return found


def granted(world: World, principal: str, action: str, data: bool, scope: str) -> bool:
    """Whether one of the role assignments is enough."""
    names = acts_as(world, principal)
    for holder, role, place in world["assignments"]:
        if holder not in names:
            continue
        if is_in(world, scope, place) and covers(world, world["roles"][role], action, data):
            return True
    return False


def denied(world: World, principal: str, action: str, data: bool, scope: str) -> bool:
    """Whether one of the deny assignments forbids it."""
    names = acts_as(world, principal)
    for deny in world["denies"]:
        here = plain(scope) == plain(deny["scope"])
        if not here and (deny["only_here"] or not is_in(world, scope, deny["scope"])):
            continue
        applies = EVERYONE in deny["principals"]
        for name in names:
            if name in deny["principals"]:
                applies = True
        for name in names:
            if name in deny["excluded"]:
                applies = False
        if applies and covers(world, deny, action, data):
            return True
    return False


def decide(world: World, principal: str, action: str, data: bool, scope: str) -> bool:
    """Whether the principal may."""
    return granted(world, principal, action, data, scope) and not denied(
        world, principal, action, data, scope
    )


def replay(world: World, steps: list[tuple[Any, ...]]) -> list[bool]:
    """The answers, while role assignments come and go and tokens are in use. Steps are, in order of time:

    ("add", now, assignment)    ("remove", now, assignment)
    ("ask", now, token, principal, action, data, scope)

    A principal's token sees the assignments that there were when it was first used, for thirty minutes; then
    those that there are at its next use. "" is no token, and sees what there is.
    """
    held = list(world["assignments"])
    views: dict[tuple[str, str], tuple[int, list[Any]]] = {}
    answers = []
    for kind, now, *rest in steps:
        if kind == "add":
            held.append(rest[0])
        elif kind == "remove":
            held.remove(rest[0])
        else:
            token, *question = rest
            used = (token, question[0])
            if used not in views or now - views[used][0] >= TOKEN_SEES_THE_SAME_FOR:
                views[used] = (now, list(held))
            seen = views[used][1] if token else held
            answers.append(decide({**world, "assignments": seen}, *question))
    return answers

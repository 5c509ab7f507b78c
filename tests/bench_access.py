"""How fast access is decided, among ten role assignments and among a hundred thousand, and against pycasbin
and cedarpy on the same assignments with the same answers. No question is asked twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import islice
from random import Random
from typing import Any

from labkit.access.assignment import RoleAssignment
from labkit.access.rbac import RoleAssignments
from labkit.access.role_definitions import RoleDefinitions
from labkit.access.scope import Hierarchy
from labkit.core.identity import Identity
from tests.race import Row, Rows, race

SIZES = (10, 1_000, 100_000)
SUBSCRIPTIONS = [f"/subscriptions/{number:02}" for number in range(50)]
GROUPS, RESOURCES = 20, 50
ROLES = ("Reader", "Contributor", "AzureML Data Scientist", "Storage Blob Data Reader", "Key Vault Reader")
ML, BLOBS = "Microsoft.MachineLearningServices/workspaces", "Microsoft.Storage/storageAccounts/blobServices"
# The action, and whether it is one of the data plane.
ACTIONS = [
    (f"{ML}/read", False),
    (f"{ML}/write", False),
    (f"{ML}/computes/write", False),
    (f"{ML}/experiments/runs/submit/action", False),
    ("Microsoft.Authorization/roleAssignments/write", False),
    ("Microsoft.KeyVault/vaults/read", False),
    (f"{BLOBS}/containers/blobs/read", True),
    ("Microsoft.KeyVault/vaults/secrets/readMetadata/action", True),
]
HEAVY = "heavy"
# Groups lie in groups: who is in the first is in all of them.
DEPTH = 3
# How many questions a measurement asks, and how many of pycasbin at each size.
QUESTIONS = 100
OF_PYCASBIN = {10: 100, 1_000: 100, 100_000: 20}

Question = tuple[str, str, bool, str]
Answers = Callable[[Sequence[Question]], list[bool]]


@dataclass(frozen=True)
class World:
    """Role assignments as (principal, role, scope), the group that each principal is directly in, and the
    people who ask."""

    assignments: list[tuple[str, str, str]]
    group: dict[str, str]
    people: list[str]

    def acting(self, principal: str) -> list[str]:
        """The principal and its groups, the nearest first."""
        found = [principal]
        while found[-1] in self.group:
            found.append(self.group[found[-1]])
        return found


def resource_scopes(subscription: str) -> Iterator[str]:
    for group in range(GROUPS):
        yield f"{subscription}/resourceGroups/{group:02}"
        for resource in range(RESOURCES):
            yield f"{subscription}/resourceGroups/{group:02}/providers/{ML}/{resource:02}"


SCOPES = {subscription: [subscription, *resource_scopes(subscription)] for subscription in SUBSCRIPTIONS}


def world(size: int) -> World:
    """As many role assignments, evenly spread over the subscriptions: 2,000 in each at the largest size, the
    most that Azure allows. A fiftieth of them is held by one principal, the others by people and nested
    groups, two each."""
    chance = Random(size)
    people = [f"person-{number}" for number in range(max(DEPTH, size // 4))]
    groups = [f"group-{number}" for number in range(max(DEPTH, size // 4))]
    group = {name: groups[number + 1] for number, name in enumerate(groups[:-1]) if (number + 1) % DEPTH}
    group |= {name: chance.choice(groups[::DEPTH]) for name in people}
    assignments, both = dict[tuple[str, str, str], None](), people + groups
    while len(assignments) < size:
        number = len(assignments)
        holder = HEAVY if number % 50 == 0 else chance.choice(both if number % 2 else groups)
        scopes = SCOPES[SUBSCRIPTIONS[(number // 50 + number) % 50]]
        # At the subscription, at a resource group, anywhere.
        level = scopes[:1] if number % 10 == 2 else scopes[1 :: RESOURCES + 1] if number % 2 else scopes
        assignments[holder, chance.choice(ROLES), chance.choice(level)] = None
    return World(list(assignments), group, people)


def granted(definitions: RoleDefinitions) -> dict[str, list[tuple[str, bool]]]:
    """What each role grants."""
    return {name: [one for one in ACTIONS if definitions.find(name).grants(*one)] for name in ROLES}


def questions(world: World, people: Sequence[str]) -> Iterator[Question]:
    """Of these people and never the same. Every second follows a role assignment, which grants it, as long
    as there are such."""
    chance, grants, seen, repeated = Random(0), granted(RoleDefinitions()), set[Question](), 0
    held: dict[str, list[tuple[str, str]]] = {}
    for principal, role, scope in world.assignments:
        held.setdefault(principal, []).append((role, scope))
    while True:
        who = chance.choice(people)
        mine = [one for principal in world.acting(who) for one in held.get(principal, ())]
        scopes, actions = SCOPES[chance.choice(SUBSCRIPTIONS)], ACTIONS
        if mine and (len(seen) + repeated // 20) % 2:
            role, place = chance.choice(mine)
            scopes, actions = inside(place), grants[role]
        question = (who, *chance.choice(actions), chance.choice(scopes))
        repeated += question in seen
        if question not in seen:
            seen.add(question)
            yield question


@cache
def inside(place: str) -> list[str]:
    return [one for one in SCOPES[subscription(place)] if f"{one}/".startswith(f"{place}/")]


def subscription(scope: str) -> str:
    return "/".join(scope.split("/")[:3])


def engine(world: World) -> Answers:
    """The lab's own. Everybody has a token, which names the groups, as the lab's tokens do."""
    definitions = RoleDefinitions()
    roles = RoleAssignments(definitions, Hierarchy())
    ids = {name: definitions.find(name).id for name in ROLES}
    for number, (principal, role, scope) in enumerate(world.assignments):
        roles.add(RoleAssignment(str(number), principal, ids[role], scope))
    known = {
        who: Identity(
            "user", who, object_id=who, groups=tuple(world.acting(who)[1:]), token_id=f"token of {who}"
        )
        for who in (HEAVY, *world.people)
    }
    decide = roles.decide

    def answers(asked: Sequence[Question]) -> list[bool]:
        return [decide(known[who], action, data, scope, 0).allowed for who, action, data, scope in asked]

    return answers


CASBIN_MODEL = """
[request_definition]
r = sub, dom, obj, act
[policy_definition]
p = sub, dom, obj, act
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = below(r.obj, p.obj) && grants(p.act, r.act) && g(r.sub, p.sub)
"""


def pycasbin(world: World) -> Answers:
    """A policy for each assignment, with the subscription as its domain. FastEnforcer looks at the policies
    of the request's domain alone. The cheapest condition comes first, groups are pycasbin's own roles, and
    what a role grants is a set."""
    # FastPolicy wants two keys. Filled from within: `add_policies` goes through all that there is for each.
    domain = [1, 1]
    model = import_module("casbin.model").FastModel(domain)
    model.load_model_from_text(CASBIN_MODEL)
    enforcer = import_module("casbin").FastEnforcer(model, cache_key_order=domain, enable_log=False)
    grants = {role: {action for action, _ in able} for role, able in granted(RoleDefinitions()).items()}
    enforcer.add_function("below", lambda scope, place: scope.startswith(place))
    enforcer.add_function("grants", lambda role, action: action in grants.get(role, ()))
    for who, role, at in world.assignments:
        model["p"]["p"].policy.append([who, subscription(at), f"{at}/", role])
    for member, group in world.group.items():
        enforcer.get_role_manager().add_link(member, group)
    enforce = enforcer.enforce

    def answers(asked: Sequence[Question]) -> list[bool]:
        return [enforce(who, subscription(at), f"{at}/", action) for who, action, _, at in asked]

    return answers


def cedarpy(world: World) -> Answers:
    """A policy for each role. Who holds a role at a scope is a group of Cedar's, and a scope knows those
    groups of its own and of the scopes above it. All is parsed once, and a batch of questions is one call."""
    cedar = import_module("cedarpy")
    policies = cedar.PolicySet.from_str("\n".join(cedar_policy(number) for number in range(len(ROLES))))
    entities = cedar.Entities.from_json_str(json.dumps(list(cedar_entities(world))))

    def answers(asked: Sequence[Question]) -> list[bool]:
        requests = [
            {
                "principal": {"type": "Principal", "id": who},
                "action": {"type": "Action", "id": action},
                "resource": {"type": "Scope", "id": scope},
                "context": {},
            }
            for who, action, _, scope in asked
        ]
        return [one.allowed for one in cedar.is_authorized_batch(requests, policies, entities)]

    return answers


def cedar_policy(number: int) -> str:
    condition = f"resource has r{number} && principal in resource.r{number}"
    return f'permit (principal, action in Action::"{ROLES[number]}", resource) when {{ {condition} }};'


def cedar_entities(world: World) -> Iterator[dict[str, Any]]:
    holds: dict[str, list[tuple[str, str]]] = {}
    for principal, role, scope in world.assignments:
        holds.setdefault(principal, []).append(("Holders", f"{role} at {scope}"))
    holders = {name for names in holds.values() for _, name in names}
    for principal in {HEAVY, *world.people, *world.group, *world.group.values(), *holds}:
        group = [("Principal", world.group[principal])] if principal in world.group else []
        yield cedar_entity("Principal", principal, [*group, *holds.get(principal, ())])
    for name in holders:
        yield cedar_entity("Holders", name)
    grants = granted(RoleDefinitions())
    for role in ROLES:
        yield cedar_entity("Action", role)
    for action in ACTIONS:
        yield cedar_entity(
            "Action", action[0], [("Action", role) for role in ROLES if action in grants[role]]
        )
    for scope in (one for scopes in SCOPES.values() for one in scopes):
        segments = scope.split("/")
        above = ["/".join(segments[:end]) for end in (3, 5, len(segments)) if end <= len(segments)]
        attributes = dict[str, Any]()
        for number, role in enumerate(ROLES):
            names = {f"{role} at {place}" for place in above} & holders
            attributes |= {f"r{number}": [{"__entity": {"type": "Holders", "id": one}} for one in names]}
        yield cedar_entity("Scope", scope, attributes={name: of for name, of in attributes.items() if of})


def cedar_entity(
    type: str, id: str, parents: Sequence[tuple[str, str]] = (), attributes: dict[str, Any] | None = None
) -> dict[str, Any]:
    above = [{"type": type, "id": id} for type, id in parents]
    return {"uid": {"type": type, "id": id}, "attrs": attributes or {}, "parents": above}


PEERS: dict[str, Callable[[World], Answers]] = {"pycasbin": pycasbin, "cedarpy": cedarpy}


class Asked:
    """A world, what decides in it, and the questions that were not asked yet."""

    def __init__(self, size: int) -> None:
        self.world = world(size)
        self.name = f"decide, {size:,} assignments"
        self.ours = engine(self.world)
        self._ordinary = questions(self.world, self.world.people[:1000])
        self._heavy = questions(self.world, [HEAVY])

    def batches(self, count: int, number: int, heavy: bool = False) -> list[list[Question]]:
        """As many batches of new questions."""
        source = self._heavy if heavy else self._ordinary
        return [list(islice(source, count)) for _ in range(number)]


def asking(answers: Answers, batches: list[list[Question]]) -> Callable[[], list[bool]]:
    """Each call asks the next batch."""
    ahead = iter(batches)
    return lambda: answers(next(ahead))


def decisions(rounds: int, sizes: Sequence[int] = SIZES) -> Rows:
    """Among many assignments against among few, of somebody with a handful and of the one that holds a
    fiftieth of all; and every size against the peers."""
    asked = {size: Asked(size) for size in sizes}
    few, many = asked[sizes[0]], asked[sizes[-1]]
    for name, heavy, target in (
        (many.name, False, 2.0),
        (f"{many.name}, of the holder of {sizes[-1] // 50:,}", True, None),
    ):
        ours = asking(many.ours, many.batches(QUESTIONS, rounds + 1, heavy))
        other = asking(few.ours, few.batches(QUESTIONS, rounds + 1))
        yield race(Row(name, f"{sizes[0]} assignments", target=target), ours, other, rounds, QUESTIONS)
    for peer, build in PEERS.items():
        try:
            yield from (against(asked[size], size, peer, build, rounds) for size in sizes)
        except ModuleNotFoundError:
            yield Row("decide", peer, note=f"skipped: {peer} is not installed")


def against(asked: Asked, size: int, peer: str, build: Callable[[World], Answers], rounds: int) -> Row:
    """Ours and a peer's time for the same questions. Raises AssertionError when they answer differently."""
    theirs = build(asked.world)
    count = OF_PYCASBIN.get(size, QUESTIONS) if peer == "pycasbin" else QUESTIONS
    for [batch] in (asked.batches(2 * count, 1), asked.batches(count, 1, heavy=True)):
        answers = asked.ours(batch)
        assert answers == theirs(batch), f"{peer} answers otherwise"
    batches = asked.batches(count, rounds + 1)
    row = Row(asked.name, f"{peer}, {count} questions", target=1.0)
    return race(row, asking(asked.ours, batches), asking(theirs, batches), rounds, count)

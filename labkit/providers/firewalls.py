"""The firewall of a storage account, a key vault or a registry, as Resource Manager is told of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from labkit.authenticators.platform import Platform
from labkit.core.errors import BadRequest, brief
from labkit.core.operation import Call
from labkit.core.resource import Resource, Resources
from labkit.network.places import TRUSTED, place
from labkit.network.rules import ALLOW, DENY, NetworkRules
from labkit.services.virtual_network import VirtualNetworks, subnet_of

ACTION, RULES, ADDRESSES, BYPASS = "defaultAction", "virtualNetworkRules", "ipRules", "bypass"
TRUSTED_SERVICES, NOBODY = "AzureServices", "None"
# Logs and metrics of an account are read by nobody in the lab.
_PASSING = (TRUSTED_SERVICES, NOBODY, "Logging", "Metrics")
# As vaults and storage accounts call theirs, and registries.
ACLS, RULE_SET = _NAMES = ("networkAcls", "networkRuleSet")
_RULE_PARTS = frozenset({"action"})


def _nothing(target: Resource, rules: NetworkRules) -> None:
    """Whoever may write the resource may set these rules."""


@dataclass(frozen=True)
class Firewall:
    """How one type spells its rules.

    platform  passes on the caller's rights, which it takes to name a subnet in a rule
    name      of the property
    bypass    of the property beside it that says which services pass; "" where it is a part of `name`
    check     raises a Refusal for rules that a resource cannot have
    """

    platform: Platform
    name: str = ACLS
    bypass: str = ""
    check: Callable[[Resource, NetworkRules], None] = _nothing

    @property
    def names(self) -> tuple[str, ...]:
        """The properties that it is about."""
        return (self.name, self.bypass) if self.bypass else (self.name,)

    def others(self, properties: Mapping[str, Any]) -> dict[str, Any]:
        """The properties that it is not about."""
        return {name: value for name, value in properties.items() if name not in self.names}

    def apply(self, call: Call[Any], properties: Mapping[str, Any]) -> dict[str, Any]:
        """Carries out those that are given; what a property does not name it takes away. Returns what is
        shown of them. Raises BadRequest."""
        given = {name: properties[name] for name in self.names if name in properties}
        target: Resource = call.target
        rules = present(target)
        if self.name in given:
            rules, given[self.name] = self._read(call, rules, given[self.name])
        if self.bypass in given:
            rules = replace(rules, services=_services(self.bypass, given[self.bypass]))
        if given:
            self.check(target, rules)
            call.undo(partial(setattr, target, "firewall", target.firewall))
            target.firewall = rules
        return given

    def _read(self, call: Call[Any], rules: NetworkRules, given: object) -> tuple[NetworkRules, Any]:
        parts = {ACTION, RULES, ADDRESSES} | (set() if self.bypass else {BYPASS})
        wanted = given if type(given) is dict and given.keys() <= parts else {}
        action, named = wanted.get(ACTION), wanted.get(RULES, [])
        if action not in (ALLOW, DENY) or type(named) is not list or wanted.get(ADDRESSES, []) != []:
            raise BadRequest(
                "That is no set of network rules.",
                presented=f"{self.name}: {brief(given, 160)}",
                required=f'"{ACTION}": "{ALLOW}" or "{DENY}", "{RULES}": [{{"id": a subnet}}, ...]'
                + ("" if self.bypass else f', "{BYPASS}": "{TRUSTED_SERVICES}" or "{NOBODY}"'),
                advice=f"there are no addresses in the lab, so {ADDRESSES} names none",
            )
        subnets = frozenset(self._subnet(call, one) for one in named)
        # https://learn.microsoft.com/rest/api/storagerp/storage-accounts/create#networkruleset
        passing = wanted.get(BYPASS, TRUSTED_SERVICES)
        services = rules.services if self.bypass else _services(BYPASS, passing)
        shown = {ACTION: action, RULES: named} | ({} if self.bypass else {BYPASS: passing})
        return replace(rules, default=action, subnets=subnets, services=services), shown | wanted

    def _subnet(self, call: Call[Any], rule: object) -> str:
        if type(rule) is dict and rule.get("action", ALLOW) != ALLOW:
            raise BadRequest(
                "A rule lets a subnet in.", presented=brief(rule, 160), required=f"action: {ALLOW}"
            )
        join = VirtualNetworks.join_via_service_endpoint
        return subnet_of(call, self.platform, rule, join, extra=_RULE_PARTS)


def present(target: Resource) -> NetworkRules:
    """The rules that a resource has now: at first everybody may come in, and the trusted services in any
    case."""
    found = target.firewall
    return found if isinstance(found, NetworkRules) else NetworkRules(services=TRUSTED)


def without_subnet(
    call: Call[Any], resources: Resources, documents: Mapping[str, dict[str, Any]], subnet: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Takes a subnet that is deleted out of all rules: one that comes to be under its name is another. Gives
    what is shown of each resource from now on, by its id.
    https://learn.microsoft.com/azure/storage/common/storage-network-security-virtual-networks"""
    gone = place(subnet)
    for target in resources:
        rules = target.firewall
        if not isinstance(rules, NetworkRules) or gone not in rules.subnets:
            continue
        call.undo(partial(setattr, target, "firewall", rules))
        target.firewall = replace(rules, subnets=rules.subnets - {gone})
        document = documents[target.id.lower()]
        kept = {
            name: {**value, RULES: [one for one in value[RULES] if place(one["id"]) != gone]}
            for name, value in document["properties"].items()
            if name in _NAMES
        }
        yield target.id, {**document, "properties": document["properties"] | kept}


def shown(rules: NetworkRules) -> dict[str, Any]:
    """As `networkAcls`, for rules that nobody gives now."""
    return {
        ACTION: rules.default,
        RULES: [{"id": subnet} for subnet in sorted(rules.subnets)],
        BYPASS: TRUSTED_SERVICES if rules.services else NOBODY,
    }


def _services(name: str, given: object) -> frozenset[str]:
    words = given.replace(" ", "").split(",") if type(given) is str else []
    if not words or not set(words) <= set(_PASSING) or (NOBODY in words and len(words) > 1):
        raise BadRequest(
            "Which services pass?",
            presented=f"{name}: {brief(given)}",
            required=f'"{TRUSTED_SERVICES}" or "{NOBODY}"',
        )
    return TRUSTED if TRUSTED_SERVICES in words else frozenset()

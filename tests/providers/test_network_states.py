"""Whatever somebody does to networks and workspaces, in whichever order: what is there is allowed, leads to
what there is, and is shown as it is."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import labkit
from labkit.azure import Editions, ResourceManager
from labkit.core.errors import LabError
from labkit.furniture import GROUPS, workspace_id
from labkit.network.rules import NetworkRules
from labkit.services.machine_learning.compute import INSTANCE, ComputeCluster
from labkit.services.machine_learning.workspace import Workspace
from tests.services.ml import dependency
from tests.services.networks import ELSEWHERE, ENDPOINTS, NET, OTHER, OUTER, SUBNET, locked, networks, to

ROLES = st.sampled_from(["storage", "vault", "registry"])
ALL_SUBNETS = st.sampled_from([SUBNET, OTHER, OUTER])
NEW = workspace_id(GROUPS[0], "new")
NAMES = {"storage": "storageAccount", "vault": "keyVault", "registry": "containerRegistry"}


class Networks(RuleBasedStateMachine):
    """One owner, and all that an owner can do here."""

    @initialize()
    def begin(self) -> None:
        self.lab = labkit.start()
        networks(self.lab)
        self.owner = self.lab.sign_in("olivia").bearer
        self.ids = {role: dependency(self.lab, role).id for role in NAMES}

    def _try(self, op: Any, id: str, *args: Any) -> None:
        try:
            self.lab.ask("olivia", op, id, self.owner, *args)
        except LabError:
            # Refused, which is as good.
            return

    def _put(self, id: str, properties: dict[str, Any]) -> None:
        self._try(ResourceManager.put, id, "eastus", properties)

    def _of(self, what: str) -> str:
        id: str = self.ids.get(what, NEW if what == "new" else self.lab.workspace)
        return id

    @rule(name=st.sampled_from("ab"), what=ROLES | st.sampled_from(["new", "workspace"]), subnet=ALL_SUBNETS)
    def link(self, name: str, what: str, subnet: str) -> None:
        self._put(f"{ENDPOINTS}/{name}", to(self._of(what), subnet))

    @rule(name=st.sampled_from("ab"))
    def unlink(self, name: str) -> None:
        self._try(ResourceManager.delete, f"{ENDPOINTS}/{name}")

    @rule(
        role=ROLES,
        subnets=st.lists(ALL_SUBNETS, max_size=2),
        bypass=st.sampled_from(["", "None", "AzureServices"]),
    )
    def lock(self, role: str, subnets: list[str], bypass: str) -> None:
        rules, said = locked(*subnets), {"bypass": bypass} if bypass else {}
        if role == "registry":
            passing = {"networkRuleBypassOptions": bypass} if bypass else {}
            self._put(self.ids[role], {"networkRuleSet": rules, **passing})
        else:
            self._put(self.ids[role], {"networkAcls": rules | said})

    @rule(roles=st.sets(ROLES), edition=st.sampled_from(["", "Basic", "Enterprise"]))
    def create(self, roles: set[str], edition: str) -> None:
        shared = {NAMES[role]: self.ids[role] for role in sorted(roles)}
        self._put(NEW, shared | ({"edition": edition} if edition else {}))

    @rule(what=ROLES | st.sampled_from(["new"]))
    def delete(self, what: str) -> None:
        self._try(ResourceManager.delete, self._of(what))

    @rule(what=ROLES, mode=st.sampled_from(["", "recover"]))
    def create_again(self, what: str, mode: str) -> None:
        soft = {"createMode": mode} if mode else {"enableSoftDelete": True}
        self._put(self.ids[what], soft if what == "vault" else {})

    @rule(what=st.sampled_from(["new", "workspace"]))
    def upgrade(self, what: str) -> None:
        self._try(Editions.upgrade, self._of(what))

    @rule(what=st.sampled_from(["new", "workspace"]), there=st.booleans())
    def instance(self, what: str, there: bool) -> None:
        id = f"{self._of(what)}/computes/mine"
        if there:
            self._put(id, {"computeType": INSTANCE})
        else:
            self._try(ResourceManager.delete, id)

    @rule(subnet=ALL_SUBNETS, there=st.booleans())
    def subnet(self, subnet: str, there: bool) -> None:
        if there:
            self._put(subnet, {})
        else:
            self._try(ResourceManager.delete, subnet)

    @rule(network=st.sampled_from([NET, ELSEWHERE]), there=st.booleans())
    def network(self, network: str, there: bool) -> None:
        if there:
            self._put(network, {"subnets": [{"name": "default"}]})
        else:
            self._try(ResourceManager.delete, network)

    def _rules(self, id: str) -> NetworkRules:
        found = self.lab.resources.get(id)
        rules = found.firewall if found is not None else None
        return rules if isinstance(rules, NetworkRules) else NetworkRules()

    @invariant()
    def no_basic_workspace_has_what_takes_enterprise(self) -> None:
        for one in [one for one in self.lab.resources if isinstance(one, Workspace)]:
            if one.edition == "Basic":
                assert not any(self._rules(id).endpoints for id in one.depends_on.values())
                assert not self._rules(one.depends_on["registry"]).subnets
            computes = [self.lab.resources.get(id) for id in one.computes.values()]
            kinds = {each.compute_type for each in computes if isinstance(each, ComputeCluster)}
            assert not (INSTANCE in kinds and self._rules(one.id).endpoints)

    @invariant()
    def what_rules_name_is_there(self) -> None:
        for one in self.lab.resources:
            rules = self._rules(one.id)
            for id in (*rules.subnets, *rules.virtual_networks, *(end for end, _ in rules.endpoints)):
                assert self.lab.resources.get(id) is not None, id

    @invariant()
    def it_is_shown_as_it_is(self) -> None:
        for role, id in self.ids.items():
            document = self.lab.parts.arm.documents.get(id.lower(), {"properties": {}})
            name = "networkRuleSet" if role == "registry" else "networkAcls"
            shown = document["properties"].get(name, {"defaultAction": "Allow", "virtualNetworkRules": []})
            subnets = frozenset(one["id"].lower() for one in shown["virtualNetworkRules"])
            assert self._rules(id).default == shown["defaultAction"]
            assert self._rules(id).subnets == subnets
            if name in document["properties"]:
                bypass = {**shown, **document["properties"]}.get("networkRuleBypassOptions", "AzureServices")
                passing = bypass if role == "registry" else shown["bypass"]
                assert bool(self._rules(id).services) is (passing == "AzureServices")


TestNetworks = Networks.TestCase
TestNetworks.settings = settings(max_examples=30, stateful_step_count=40, deadline=None)

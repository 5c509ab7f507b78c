"""What private link and a workspace ask of one another. Statements net-private-link,
net-private-link-limits, net-edition-table."""

from __future__ import annotations

from labkit.core.errors import BadRequest
from labkit.core.resource import Resource, Resources
from labkit.network.places import AZURE_ML
from labkit.network.rules import NetworkRules
from labkit.releases import PRIVATE_LINK, REGISTRY_IN_NETWORK
from labkit.services.machine_learning.compute import INSTANCE, ComputeCluster
from labkit.services.machine_learning.edition import check_edition
from labkit.services.machine_learning.workspace import Workspace

# A workspace that has a private endpoint is reached from the endpoint's network, and by Azure ML itself.
RULES = NetworkRules(services=frozenset({AZURE_ML}), closes=True)


def has_link(resource: Resource | None) -> bool:
    """Whether it has a private endpoint."""
    rules = resource.firewall if resource is not None else None
    return isinstance(rules, NetworkRules) and bool(rules.endpoints)


def check_instance(workspace: Workspace) -> None:
    """Raises BadRequest where a compute instance cannot be in the workspace."""
    if has_link(workspace):
        raise BadRequest(
            "Compute instances (preview) are not supported in a workspace where private link is enabled.",
            presented=f"{workspace.name}, which has a private endpoint",
            required="a workspace without one",
            advice=f"use a compute cluster in the virtual network, with a subnet, instead of {INSTANCE}",
        )


def check_workspace(workspace: Workspace, resources: Resources) -> None:
    """Raises BadRequest where a workspace cannot have a private endpoint."""
    instances = [
        one.name
        for id in workspace.computes.values()
        if isinstance(one := resources.get(id), ComputeCluster) and one.compute_type == INSTANCE
    ]
    if instances:
        raise BadRequest(
            "Compute instances (preview) are not supported in a workspace where private link is enabled.",
            presented=f"{workspace.name}, which has {', '.join(instances)}",
            required="a workspace without compute instances",
            advice="delete them first",
        )


def check_other(target: Resource, resources: Resources) -> None:
    """What a private endpoint on something else takes of the workspaces that depend on that. Raises
    EditionRequired."""
    for workspace in depending_on(target, resources):
        check_edition(workspace, PRIVATE_LINK, target.name)


def check_registry(target: Resource, rules: NetworkRules, resources: Resources) -> None:
    """What it takes of them to put a registry into a virtual network. Raises EditionRequired."""
    if rules.subnets:
        for workspace in depending_on(target, resources):
            check_edition(workspace, REGISTRY_IN_NETWORK, target.name)


def check_dependencies(workspace: Workspace, resources: Resources) -> None:
    """The same the other way round: what a new workspace is to depend on may be there already. Raises
    EditionRequired."""
    for role, id in workspace.depends_on.items():
        found = resources.get(id)
        rules = found.firewall if found is not None else None
        if found is None or not isinstance(rules, NetworkRules):
            continue
        if rules.endpoints:
            check_edition(workspace, PRIVATE_LINK, found.name)
        if role == "registry" and rules.subnets:
            check_edition(workspace, REGISTRY_IN_NETWORK, found.name)


def depending_on(target: Resource, resources: Resources) -> list[Workspace]:
    """The workspaces that use a resource."""
    id = target.id.lower()
    return [
        one
        for one in resources
        if isinstance(one, Workspace) and id in (used.lower() for used in one.depends_on.values())
    ]

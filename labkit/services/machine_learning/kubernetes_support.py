"""Which Kubernetes clusters Azure ML can work with, and since when."""

from __future__ import annotations

from datetime import UTC, datetime

from labkit.core.clock import iso
from labkit.core.errors import BadRequest
from labkit.core.resource import Resource
from labkit.services.kubernetes import KubernetesCluster, version_of

# Statement enc-aks-cmk, as the documents of 9 January 2020 announce it. A date is its first second.
SINCE = datetime(2020, 1, 13, tzinfo=UTC)
FROM = (1, 17, 0)


def check_supported(machine: Resource | None, now: int) -> None:
    """Raises BadRequest for a cluster that Azure ML cannot work with, or not yet."""
    if isinstance(machine, KubernetesCluster) and machine.private:
        # Statement net-private-link-limits.
        raise BadRequest(
            "Azure ML does not support a Kubernetes cluster where private link is enabled.",
            presented=f"{machine.name}, apiServerAccessProfile: enablePrivateCluster",
            required="a cluster without it",
            advice="a cluster can be in a virtual network instead: agentPoolProfiles, vnetSubnetID",
        )
    if not isinstance(machine, KubernetesCluster) or version_of(machine.version) < FROM:
        return
    if now < SINCE.timestamp():
        raise BadRequest(
            "Azure ML does not support this version of Kubernetes yet.",
            presented=f"{machine.name}, Kubernetes {machine.version}, on {iso(now)}",
            required="an earlier version than 1.17",
            advice=f"Azure ML supports 1.17 since {SINCE:%d %B %Y}",
        )

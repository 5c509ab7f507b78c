"""What can be called: resources, and the table in which the door looks them up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from labkit.core.errors import UnknownHost


def split_address(target: str) -> tuple[str, str, str]:
    """Scheme and host (lower case) and path (without the first slash) of a URL; ("", "", target) for
    anything else."""
    scheme, mark, rest = target.partition("://")
    if not mark:
        return "", "", target
    host, _, path = rest.partition("/")
    return scheme.lower(), host.lower(), path


def before_query(target: str) -> str:
    """An address up to its query or fragment."""
    return target.partition("?")[0].partition("#")[0]


def without_query(target: str) -> str:
    """An address as errors show it: in few characters, and without what may hold a key, which is its query,
    its fragment, and a name and password in front of the host."""
    return re.sub("://[^/]*@", "://", before_query(target))[:120]


@dataclass(frozen=True)
class Component:
    """Whoever asks: a person at a computer, or a resource that asks another one.

    boundary  the trust boundary it lives in, as diagrams draw it
    network   the network that its calls come from
    """

    name: str
    boundary: str = "Client"
    network: str = "internet"


class Firewall(Protocol):
    """Decides about a call by the network that it comes from, before anything else of it is looked at."""

    def admits(self, network: str) -> bool:
        """Whether a call from there is let in."""

    @property
    def required(self) -> str:
        """Where a call has to come from, in words."""

    def advice(self, network: str) -> str:
        """What helps whoever was refused who asked from there."""


@dataclass(eq=False)
class Resource:
    """One thing behind the door. Services derive from it and add their own state.

    service   what kind of thing it is, as hops and diagrams name it
    refuses_guests  whether users of other tenants are turned away, whatever they ask of it
    id        the Resource Manager id, or an address for what has none
    name      for people and diagrams
    host      the name under which clients reach it
    region    where it runs; "" for global services, which never go down
    boundary  trust boundary
    audience  the resource that access tokens must be issued for; "" where none are accepted
    network   the network that its own calls come from
    firewall  who may come in, by network; None admits all
    provider_network  where calls come from that its resource provider makes for it, to create or delete it
    plain_http  whether it answers under http://, where nothing is encrypted, and not under https://
    """

    service: ClassVar[str] = ""
    refuses_guests: ClassVar[bool] = False
    provider_network: ClassVar[str] = "azure"

    id: str
    name: str
    host: str
    region: str = ""
    boundary: str = "Customer subscription"
    tenant_id: str = ""
    audience: str = ""
    network: str = "azure"
    firewall: Firewall | None = field(default=None, repr=False)
    plain_http: bool = False

    @property
    def component(self) -> Component:
        """This resource as one that asks."""
        return Component(self.name, self.boundary, self.network)


class Resources:
    """All resources of a lab, by id (case does not count) and by host."""

    def __init__(self) -> None:
        self._by_id: dict[str, Resource] = {}
        self._by_host: dict[str, Resource] = {}

    def add(self, resource: Resource) -> None:
        """Makes a resource reachable."""
        self._by_id[resource.id.lower()] = resource
        self._by_host.setdefault(resource.host.lower(), resource)

    def remove(self, resource: Resource) -> None:
        """Takes it out again."""
        self._by_id.pop(resource.id.lower(), None)
        if self._by_host.get(resource.host.lower()) is resource:
            del self._by_host[resource.host.lower()]

    def get(self, id: str) -> Resource | None:
        """The resource with this id, or None."""
        return self._by_id.get(id.rstrip("/").lower())

    def at_host(self, host: str) -> Resource | None:
        """The resource that answers under this host name, or None."""
        return self._by_host.get(host.lower())

    def find(self, target: str) -> Resource:
        """By id, or by the host of a URL. Raises UnknownHost."""
        scheme, host, _ = split_address(target)
        found = self.at_host(host) if scheme else self.get(target)
        if found is None:
            raise UnknownHost(
                "Nothing in the lab answers there.",
                presented=without_query(target),
                required="the id or the https address of a resource of this lab",
                advice="lab.resources lists them",
            )
        return found

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._by_id.values())

    def __repr__(self) -> str:
        return "\n".join(f"{type(one).__name__}: {one.id}  ({one.host})" for one in self)

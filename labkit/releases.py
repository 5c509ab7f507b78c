"""The releases of the documents that a lab can be set to, and what differs between them.

One table of facts, read where a thing is declared. A release that is silent on something behaves as the
nearest one that speaks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from labkit.core.errors import BadInput, brief


@dataclass(frozen=True)
class Release:
    """A dated state of the documents. A lab set to it starts at 09:00 UTC of that day. `editions` are those
    that a workspace can have, the first one first; () where the documents know none (statement
    rbac-upgrade). `hbi` is whether it can be one of high business impact (statement enc-hbi-recommended; the
    release that does not have the flag leaves every temporary disk plain, enc-amlcompute-temp-plain)."""

    name: str
    published: str
    editions: tuple[str, ...] = ("Basic", "Enterprise")
    hbi: bool = True

    @property
    def start(self) -> int:
        """The first moment (seconds) of a lab that is set to it."""
        return int(datetime.fromisoformat(f"{self.published}T09:00:00").replace(tzinfo=UTC).timestamp())


# What takes a workspace of one edition, where there are editions. Everything else can be had in any, alone
# and together with these. Statement net-edition-table.
CUSTOMER_KEY = "a customer's key for the workspace"
PRIVATE_LINK = "private link on another resource of a workspace"
REGISTRY_IN_NETWORK = "the container registry of a workspace in a virtual network"
TAKES: Mapping[str, str] = {
    CUSTOMER_KEY: "Enterprise",
    PRIVATE_LINK: "Enterprise",
    REGISTRY_IN_NETWORK: "Enterprise",
}

RELEASES = {
    release.name: release
    for release in (
        Release("2019-08", "2019-08-07", editions=(), hbi=False),
        Release("2020-01", "2020-01-09"),
        Release("2020-03", "2020-03-13"),
    )
}


def find_release(name: object) -> Release:
    """The release of this name. Raises BadInput."""
    if type(name) is not str or name not in RELEASES:
        raise BadInput(
            "There is no such release of the documents.",
            presented=brief(name),
            required=" or ".join(f'"{known}"' for known in RELEASES),
        )
    return RELEASES[name]

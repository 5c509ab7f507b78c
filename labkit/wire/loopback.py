"""What lies on this machine, and is none of the lab's business."""

from __future__ import annotations

import platform
from ipaddress import IPv6Address, ip_address


def is_loopback(host: str) -> bool:
    """Whether a host name or address stands for the machine's own loopback."""
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def is_own(host: str) -> bool:
    """The same, and the names by which a program means its own machine: no name at all, an address that
    stands for every own one, or the machine's name, which Jupyter asks for."""
    return host in ("", "0.0.0.0", "::") or is_loopback(host) or host.lower() == platform.node().lower()

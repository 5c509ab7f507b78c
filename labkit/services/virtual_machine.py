"""Machines of the customer, virtual ones and HDInsight: accounts, and the keys that open them over SSH."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from labkit.authenticators.ssh import SshKey, SshPassword, shadow
from labkit.core.entropy import Entropy
from labkit.core.errors import BadRequest, NetworkDenied, Unauthenticated, brief
from labkit.core.operation import Call, Service, operation
from labkit.core.resource import Resource
from labkit.services.encryption import Disk, disk
from labkit.stores import NO_KEY, StoreKind

TYPE = "Microsoft.Compute/virtualMachines"
HDINSIGHT = "Microsoft.HDInsight/clusters"
# What only the machine itself learns: Resource Manager never shows it.
PROFILE = "osProfile"
NODES_PROFILE = "computeProfile"
# assumption: attached-temporary-disk
_TEMPORARY = StoreKind("Virtual machine temporary disk", key=NO_KEY)
_USERNAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_LINE = re.compile(r"(ssh-ed25519|ssh-rsa) [A-Za-z0-9+/=]{60,1000}( [\x20-\x7e]{1,100})?")


@dataclass(frozen=True)
class RunFolder:
    """What lies on a machine for a run: how its environment was prepared, its code by path, and its
    environment variables. None for what is not there yet."""

    environment: str = ""
    code: Mapping[str, bytes] | None = field(default=None, repr=False)
    variables: Mapping[str, str] | None = field(default=None, repr=False)


@dataclass(eq=False)
class VirtualMachine(Resource):
    """A machine. Of passwords it keeps a salt and a hash, by account; of keys the public halves, as lines of
    authorized_keys. `folders` are those of runs, by what a run is called in its workspace. `temporary` is its
    temporary disk, once something lies there. `subnet` is the place where it stands, "" for a machine outside
    of every virtual network."""

    service: ClassVar[str] = "Virtual Machine"
    passwords: dict[str, tuple[bytes, bytes]] = field(default_factory=dict, repr=False, kw_only=True)
    authorized_keys: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False, kw_only=True)
    folders: dict[str, RunFolder] = field(default_factory=dict, repr=False, kw_only=True)
    temporary: Disk | None = field(default=None, repr=False, kw_only=True)
    subnet: str = field(default="", kw_only=True)

    def disks(self) -> Iterator[Disk]:
        """Nothing lies on the temporary disk before a run has staged something."""
        if self.temporary is not None:
            yield self.temporary

    def temporary_disk(self) -> Disk:
        """Its temporary disk, which goes with it."""
        if self.temporary is None:
            self.temporary = disk(_TEMPORARY, f"{self.name}, temporary disk", None)
        return self.temporary


@dataclass(eq=False)
class HDInsightCluster(VirtualMachine):
    """An HDInsight cluster, as far as it is a head node that somebody signs in to."""

    service: ClassVar[str] = "HDInsight"


def set_up(
    call: Call[VirtualMachine], properties: Mapping[str, Any], entropy: Entropy, life: str
) -> dict[str, Any]:
    """Gives a new machine the account of its `osProfile`, if it has one: adminUsername and adminPassword.
    Returns what is shown of it. Raises BadRequest."""
    if PROFILE not in properties:
        return {}
    profile = properties[PROFILE]
    given = profile if type(profile) is dict else {}
    name = _account_made(call, given.get("adminUsername"), given.get("adminPassword"), entropy, life)
    return {PROFILE: {"adminUsername": name}}


def set_up_cluster(
    call: Call[VirtualMachine], properties: Mapping[str, Any], entropy: Entropy, life: str
) -> dict[str, Any]:
    """The same for the head node of a new HDInsight cluster, whose account is in its `computeProfile`, in the
    role headnode. Returns what is shown of it. Raises BadRequest."""
    # https://learn.microsoft.com/azure/templates/microsoft.hdinsight/clusters
    if NODES_PROFILE not in properties:
        return {}
    given: Any = properties[NODES_PROFILE]
    roles = given.get("roles") if type(given) is dict else None
    listed = roles if type(roles) is list else []
    heads = [one for one in listed if type(one) is dict and one.get("name") == "headnode"]
    for part in ("osProfile", "linuxOperatingSystemProfile"):
        heads = [one[part] for one in heads if type(one.get(part)) is dict]
    account = heads[0] if heads else {}
    name = _account_made(call, account.get("username"), account.get("password"), entropy, life)
    shown = {"name": "headnode", "osProfile": {"linuxOperatingSystemProfile": {"username": name}}}
    return {NODES_PROFILE: {"roles": [shown]}}


def _account_made(call: Call[Any], name: object, password: object, entropy: Entropy, life: str) -> str:
    if type(name) is not str or not _USERNAME.fullmatch(name) or type(password) is not str or not password:
        raise BadRequest(
            "That is not an account of a machine.",
            presented="a profile, not shown",
            required="a user name (lower case) and a password",
        )
    salt = entropy(f"{life}/salt", 16)
    call.target.passwords[name] = salt, shadow(password, salt)
    return name


def _check_line(line: str) -> None:
    if not _LINE.fullmatch(line):
        raise BadRequest(
            "That is not a line of authorized_keys.",
            presented=brief(line),
            required="ssh-ed25519 or ssh-rsa, the key, and a comment",
        )


class VirtualMachines(Service):
    """What somebody can do who has signed in to a machine over SSH, in the account that was signed in to."""

    name = "Virtual Machine"
    resource = VirtualMachine
    # OpenSSH's client has no codes: it ends with 255 and says this.
    dialect = {Unauthenticated: (255, "PermissionDenied"), NetworkDenied: (255, "ConnectionTimedOut")}

    @operation("Authorize SSH key", accepts=(SshPassword, SshKey), parse=_check_line)
    def authorize(self, call: Call[VirtualMachine], line: str) -> None:
        """Adds a public key: from now on whoever has the private one may sign in. Raises BadRequest."""
        keys, account = call.target.authorized_keys, _account(call)
        before = keys.get(account, ())
        call.undo(lambda: keys.update({account: before}) if before else keys.pop(account))
        keys[account] = (*before, line)

    @operation("Remove SSH key", accepts=(SshPassword, SshKey), parse=_check_line)
    def remove(self, call: Call[VirtualMachine], line: str) -> None:
        """Takes a public key out again, if it is there."""
        keys, account = call.target.authorized_keys, _account(call)
        before = keys.get(account, ())
        if line not in before:
            return
        call.undo(lambda: keys.update({account: before}))
        keys[account] = tuple(one for one in before if one != line)

    @operation("Read authorized keys", accepts=(SshPassword, SshKey))
    def list_authorized(self, call: Call[VirtualMachine]) -> list[str]:
        """The public keys that open the account."""
        return list(call.target.authorized_keys.get(_account(call), ()))


def _account(call: Call[VirtualMachine]) -> str:
    return call.identity.name.partition("@")[0]

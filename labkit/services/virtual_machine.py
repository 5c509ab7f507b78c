"""Virtual machines of the customer: accounts, and the keys that open them over SSH."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from labkit.authenticators.ssh import SshKey, SshPassword, shadow
from labkit.core.entropy import Entropy
from labkit.core.errors import BadRequest, Unauthenticated, brief
from labkit.core.operation import Call, Service, operation
from labkit.core.resource import Resource

TYPE = "Microsoft.Compute/virtualMachines"
# What only the machine itself learns: Resource Manager never shows it.
PROFILE = "osProfile"
_USERNAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_LINE = re.compile(r"(ssh-ed25519|ssh-rsa) [A-Za-z0-9+/=]{60,1000}( [\x20-\x7e]{1,100})?")


@dataclass(eq=False)
class VirtualMachine(Resource):
    """A machine. Of passwords it keeps a salt and a hash, by account; of keys the public halves, as lines of
    authorized_keys."""

    service: ClassVar[str] = "Virtual Machine"
    passwords: dict[str, tuple[bytes, bytes]] = field(default_factory=dict, repr=False, kw_only=True)
    authorized_keys: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False, kw_only=True)


def set_up(
    call: Call[VirtualMachine], properties: Mapping[str, Any], entropy: Entropy, life: str
) -> dict[str, Any]:
    """Gives a new machine the account of its `osProfile`, if it has one: adminUsername and adminPassword.
    Returns what is shown of it. Raises BadRequest."""
    if PROFILE not in properties:
        return {}
    profile = properties[PROFILE]
    given = profile if type(profile) is dict else {}
    name, password = given.get("adminUsername"), given.get("adminPassword")
    if type(name) is not str or not _USERNAME.fullmatch(name) or type(password) is not str or not password:
        raise BadRequest(
            "That is not an account of a machine.",
            presented=f"{PROFILE}, not shown",
            required="adminUsername (lower case) and adminPassword",
        )
    salt = entropy(f"{life}/salt", 16)
    call.target.passwords[name] = salt, shadow(password, salt)
    return {PROFILE: {"adminUsername": name}}


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
    dialect = {Unauthenticated: (255, "PermissionDenied")}

    @operation("Authorize SSH key", accepts=(SshPassword, SshKey), parse=_check_line)
    def authorize(self, call: Call[VirtualMachine], line: str) -> None:
        """Adds a public key: from now on whoever has the private one may sign in. Raises BadRequest."""
        keys, account = call.target.authorized_keys, _account(call)
        before = keys.get(account, ())
        call.undo(lambda: keys.update({account: before}) if before else keys.pop(account))
        keys[account] = (*before, line)

    @operation("Remove SSH key", accepts=(SshPassword, SshKey), parse=_check_line)
    def remove(self, call: Call[VirtualMachine], line: str) -> None:
        """Takes a public key out again."""
        keys, account = call.target.authorized_keys, _account(call)
        before = keys.get(account, ())
        call.undo(lambda: keys.update({account: before}))
        keys[account] = tuple(one for one in before if one != line)

    @operation("Read authorized keys", accepts=(SshPassword, SshKey))
    def list_authorized(self, call: Call[VirtualMachine]) -> list[str]:
        """The public keys that open the account."""
        return list(call.target.authorized_keys.get(_account(call), ()))


def _account(call: Call[VirtualMachine]) -> str:
    return call.identity.name.partition("@")[0]

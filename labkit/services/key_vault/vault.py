"""A vault and what lies in it: keys and secrets, each in versions, and those that were deleted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from labkit.core.clock import iso
from labkit.core.operation import Call
from labkit.core.resource import Resource

TYPE = "Microsoft.KeyVault/vaults"
RETENTION_DAYS = 90
DAY = 24 * 3600
_UNDONE, _CUSTOM = "can be undone for 90 days", "can be undone for some days, as many as the vault says"
# Azure's recovery levels, and what each means for whoever is about to delete something.
# https://learn.microsoft.com/rest/api/keyvault/keys/get-key/get-key#deletionrecoverylevel
DELETION = {
    "Purgeable": "final, at once",
    "Recoverable+Purgeable": f"{_UNDONE}, unless somebody purges it before",
    "Recoverable": f"{_UNDONE}, and nobody can purge it before",
    "CustomizedRecoverable+Purgeable": f"{_CUSTOM}, unless somebody purges it before",
    "CustomizedRecoverable": f"{_CUSTOM}, and nobody can purge it before",
}


@dataclass(frozen=True, repr=False)
class Version:
    """One version of a key or secret, as the vault shows it. Nothing of it is secret.

    vault       the vault's name; `version` is 32 hexadecimal digits
    created, updated, not_before, expires   seconds on the lab's clock; None where no such limit is set
    recovery    Azure's recovery level of the vault: what a deletion would mean; "" where nobody was shown it
    """

    kind: ClassVar[str] = ""

    name: str
    version: str
    vault: str
    enabled: bool
    created: int
    updated: int
    not_before: int | None
    expires: int | None
    recovery: str = field(default="", kw_only=True)

    @property
    def id(self) -> str:
        """The full address, with the version."""
        return f"https://{self.vault}.vault.azure.net/{self.kind}/{self.name}/{self.version}"

    def __repr__(self) -> str:
        state = "enabled" if self.enabled else "disabled"
        limits = [
            f"{word} {iso(moment)}"
            for word, moment in (("valid from", self.not_before), ("expires", self.expires))
            if moment is not None
        ]
        facts = ", ".join([state, *self._more(), *limits])
        deletion = f"\n  deletion: {DELETION[self.recovery]} ({self.recovery})" if self.recovery else ""
        return f"{self.id}\n  {facts}{deletion}"

    def _more(self) -> list[str]:
        return []


@dataclass(frozen=True, repr=False)
class KeyVersion(Version):
    """One version of an RSA key. `size` is in bits; `operations` are those that it may be used for; `pem` is
    the public part."""

    kind: ClassVar[str] = "keys"

    size: int
    operations: tuple[str, ...]
    pem: str

    @property
    def key_id(self) -> str:
        """The full address, with the version."""
        return self.id

    def _more(self) -> list[str]:
        return [f"RSA {self.size}", "/".join(self.operations) or "no operations"]


@dataclass(frozen=True, repr=False)
class SecretVersion(Version):
    """One version of a secret, without its value."""

    kind: ClassVar[str] = "secrets"


@dataclass(frozen=True)
class Held:
    """A version together with what only the vault has: a private key, or a secret's value."""

    shown: Version
    material: Any = field(repr=False)


Versions = tuple[Held, ...]


@dataclass(frozen=True)
class Deleted:
    """What was deleted at a moment (seconds) and can be recovered until another one, when the vault purges
    it."""

    versions: Versions
    since: int
    until: int


@dataclass
class Shelf:
    """The keys or the secrets of a vault, by name in lower case: names are the same in whatever case.

    live     versions, the oldest first
    deleted  what was deleted and can be recovered
    made     how many versions of a name there have ever been, so that no two ever are the same
    lost     since when a name is gone for good
    """

    live: dict[str, Versions] = field(default_factory=dict)
    deleted: dict[str, Deleted] = field(default_factory=dict)
    made: dict[str, int] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)

    def names(self) -> list[str]:
        """The names of what is there."""
        return sorted(found[-1].shown.name for found in self.live.values())

    def change(self, call: Call[Any], table: dict[str, Any], name: str, value: Any) -> None:
        """Puts a value under a name in one of the four, or takes it away (None); undone with the call."""
        key = name.lower()
        before = table.get(key)
        call.undo(lambda: _set(table, key, before))
        _set(table, key, value)


def _set(table: dict[str, Any], key: str, value: Any) -> None:
    if value is None:
        table.pop(key, None)
    else:
        table[key] = value


@dataclass(eq=False)
class Vault(Resource):
    """A vault. Nothing of it shows a value.

    life               tells it from a vault that had its name before
    soft_delete        whether what is deleted can be recovered for `retention_days`
    purge_protection   whether nobody may purge it within that time
    by_roles           whether it follows role assignments instead of its access policy
    """

    service: ClassVar[str] = "Key Vault"
    life: str = field(default="", repr=False, kw_only=True)
    keys: Shelf = field(default_factory=Shelf, repr=False, kw_only=True)
    secrets: Shelf = field(default_factory=Shelf, repr=False, kw_only=True)
    soft_delete: bool = field(default=False, kw_only=True)
    purge_protection: bool = field(default=False, kw_only=True)
    retention_days: int = field(default=RETENTION_DAYS, kw_only=True)
    by_roles: bool = field(default=False, kw_only=True)

    @property
    def recovery(self) -> str:
        """What a deletion means here, in Azure's words."""
        if not self.soft_delete:
            return "Purgeable"
        custom = "" if self.retention_days == RETENTION_DAYS else "Customized"
        return f"{custom}Recoverable" + ("" if self.purge_protection else "+Purgeable")

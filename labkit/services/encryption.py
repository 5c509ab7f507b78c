"""Encryption at rest, the same for every store: disks whose objects are sealed under an account key, which is
wrapped by Microsoft's key or by one in the customer's vault."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from typing import Any, TypeVar

from labkit.authenticators.platform import Platform
from labkit.core.credential import Bearer
from labkit.core.entropy import Entropy
from labkit.core.errors import BadRequest, Forbidden, NotFound, Refusal, RegionDown, UnknownHost, brief
from labkit.core.operation import Call, Dialect, Op, P, R
from labkit.crypto.envelope import DataKeys, Envelope
from labkit.crypto.errors import Damaged
from labkit.crypto.medium import Medium, Sealed, parse
from labkit.crypto.wrapper import KeyInHand, KeyWrapper, WrappedKey
from labkit.services.azure_ad import KEY_VAULT, AzureAD
from labkit.services.key_vault import KeyVault, KeyVersion
from labkit.services.key_vault.errors import NotDecrypted
from labkit.stores import MICROSOFT_KEY, NO_KEY, StoreKind

# How long (seconds) a store may go on with an account key that was unwrapped for it. Rotation and revocation
# take as long to be felt, and for no other reason.  # assumption: account-key-hold
HOLD = 3600
T = TypeVar("T")
RSA_OAEP = "RSA-OAEP-256"


class KeyUnavailable(Forbidden):
    """The store cannot get at its account key, so nothing in it can be read or written. The refusal that it
    got itself is `__cause__`."""


class KeyRefused(KeyUnavailable):
    """The vault did not unwrap it: the key is disabled, expired or deleted, or the store may not use it."""


class VaultGone(KeyUnavailable):
    """The vault does not exist any more."""


class VaultDown(KeyUnavailable):
    """The region of the vault is down."""


class TokenNotAcquired(KeyUnavailable):
    """The store's managed identity got no token for the vault."""


# https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes
DIALECT: Dialect = {
    KeyRefused: (403, "KeyVaultEncryptionKeyNotFound"),
    VaultGone: (403, "KeyVaultVaultNotFound"),
    TokenNotAcquired: (403, "KeyVaultAccessTokenCannotBeAcquired"),
    VaultDown: (503, "ServerBusy"),
    # assumption: damaged-codes
    Damaged: (500, "InternalError"),
}


@dataclass(frozen=True)
class CustomerKey:
    """A key in the customer's vault, and who asks the vault to use it.

    vault        the vault's address, https://name.vault.azure.net
    name         the key's name; `version` is "" to follow the newest one
    identity_id  object id of the store's managed identity, or the client id of the application of Microsoft's
                 that asks for all stores of its kind
    """

    vault: str
    name: str
    version: str
    identity_id: str

    @property
    def id(self) -> str:
        """The key's address, without a version."""
        return f"{self.vault}/keys/{self.name}"


class _VaultKey:
    """Wraps and unwraps by asking the customer's vault, as the store's managed identity."""

    def __init__(self, call: Call[Any], platform: Platform, customer: CustomerKey) -> None:
        self._call = call
        self._platform = platform
        self._customer = customer
        self._token: Bearer | None = None

    def _ask(self, op: Op[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        if self._token is None:
            self._token = self._acquire()
        try:
            return self._call.ask(op, self._customer.vault, self._token, *args, **kwargs)
        except NotDecrypted as refusal:
            raise Damaged("The wrapped account key was changed.", presented=self._customer.id) from refusal
        except UnknownHost as refusal:
            raise _unavailable(VaultGone, self._customer.vault, refusal) from refusal
        except RegionDown as refusal:
            raise _unavailable(VaultDown, self._customer.vault, refusal) from refusal
        except Refusal as refusal:
            raise _unavailable(KeyRefused, self._customer.id, refusal) from refusal

    def _acquire(self) -> Bearer:
        certificate = self._platform.certificate(self._customer.identity_id)
        try:
            tenant = self._call.target.tenant_id
            return self._call.ask(AzureAD.token, tenant, certificate, KEY_VAULT).access_token.bearer
        except Refusal as refusal:
            raise _unavailable(TokenNotAcquired, self._customer.vault, refusal) from refusal

    def newest(self) -> KeyVersion:
        """The newest version. Raises KeyUnavailable."""
        return self._ask(KeyVault.get_key, self._customer.name)

    def wrap(self, key: bytes) -> WrappedKey:
        """Wrapped with the version that the store was told to use, or with the newest one. Raises
        KeyUnavailable or Damaged."""
        return self.wrap_with(self._customer.version or self.newest().version, key)

    def wrap_with(self, version: str, key: bytes) -> WrappedKey:
        """Wrapped with this version, and only if the vault unwraps it too: what is wrapped and not unwrapped
        is lost. Raises KeyUnavailable or Damaged."""
        name = self._customer.name
        data = self._ask(KeyVault.wrap_key, name, version, RSA_OAEP, key)
        wrapped = WrappedKey(self._customer.id, version, RSA_OAEP, data)
        if not hmac.compare_digest(self.unwrap(wrapped), key):
            raise Damaged("The vault unwraps something else than it wrapped.", presented=repr(wrapped))
        return wrapped

    def unwrap(self, wrapped: WrappedKey) -> bytes:
        """Raises KeyUnavailable."""
        name, version = self._customer.name, wrapped.version
        return self._ask(KeyVault.unwrap_key, name, version, wrapped.algorithm, wrapped.data)


def _unavailable(kind: type[KeyUnavailable], what: str, refusal: Refusal) -> KeyUnavailable:
    return kind(
        "The store cannot unwrap its account key, so it can neither read nor write.",
        presented=f"{what}; {refusal.service or 'the vault'} says {refusal.heading}",
        required="a key that is there, enabled and not expired, and get, wrapKey and unwrapKey on it",
        advice=refusal.advice or "make the key usable again: no byte is lost until the key is purged",
    )


@dataclass(frozen=True)
class _Held:
    """An account key that was unwrapped, and until when (seconds) it may be used."""

    envelope: Envelope
    key: bytes = field(repr=False)
    until: int


@dataclass(eq=False)
class AccountKey:
    """The account encryption key of a store, wrapped. Every envelope of the store is opened with it.

    kind      of the store; of the first one where several share the key
    wrapped   the key as it is kept
    customer  the customer's key that wraps it, or None for Microsoft's
    """

    kind: StoreKind
    platform: Platform = field(repr=False)
    wrapped: WrappedKey = field(init=False)
    customer: CustomerKey | None = field(default=None, init=False)
    # Counts in one step, whoever else writes at the same time.
    _writes: Iterator[int] = field(default_factory=lambda: count(1), init=False, repr=False)
    _held: _Held | None = field(default=None, init=False, repr=False)

    def begin(self, life: str, entropy: Entropy) -> None:
        """Draws the key, and wraps it with Microsoft's. `life` names the account and tells it from one that
        had its name before."""
        self._life = life
        self._data_keys = DataKeys(entropy(f"{life}/data keys"))
        self._microsoft = KeyInHand("Microsoft's key", entropy(f"microsoft/{self.kind.name}"))
        key = entropy(f"{life}/account key")
        self._proof = self._envelope(key).proof
        self.wrapped = self._microsoft.wrap(key)

    @property
    def owner(self) -> str:
        """Whose key wraps it."""
        return "customer" if self.customer else MICROSOFT_KEY

    def next_write(self) -> int:
        """The number of a write. None comes twice, whatever becomes of the write: nonces follow from it."""
        return next(self._writes)

    def envelope(self, call: Call[Any]) -> Envelope:
        """The key, ready to be used. Asks for it to be unwrapped where that is more than an hour ago. Raises
        KeyUnavailable or Damaged."""
        held = self._held
        if held is not None and call.now < held.until:
            return held.envelope
        return self._unwrapped(call).envelope

    def _unwrapped(self, call: Call[Any]) -> _Held:
        self._held = None
        wrapper = self._wrapper(call, self.customer)
        key = wrapper.unwrap(self.wrapped)
        self._held = held = _Held(self._envelope(key), key, call.now + HOLD)
        if isinstance(wrapper, _VaultKey) and self.customer and not self.customer.version:
            self._follow(wrapper, key)
        return held

    def _follow(self, wrapper: _VaultKey, key: bytes) -> None:
        """Goes over to the newest version. Where that fails the store stays with the one that works."""
        with suppress(Refusal):
            newest = wrapper.newest()
            if newest.enabled and newest.version != self.wrapped.version:
                self.wrapped = wrapper.wrap_with(newest.version, key)

    def _wrapper(self, call: Call[Any], customer: CustomerKey | None) -> KeyWrapper:
        return self._microsoft if customer is None else _VaultKey(call, self.platform, customer)

    def _envelope(self, key: bytes) -> Envelope:
        """Raises Damaged for a key that is not this account's."""
        envelope = Envelope(self._life, key, self._data_keys) if len(key) == 32 else None
        if envelope is None or ("_proof" in vars(self) and not envelope.proves(self._proof)):
            raise Damaged(
                "The unwrapped key is not that of this account.", presented=f"for {self._life[:120]}"
            )
        return envelope

    def give(self, call: Call[Any], customer: CustomerKey | None) -> None:
        """From now on this key wraps it, or Microsoft's again (None). Objects are not touched. Raises
        BadRequest where the store takes no customer's key, and KeyUnavailable where the present key or the
        new one does not do its part; then all stays as it was."""
        if customer is not None and not self.kind.customer_key:
            raise BadRequest(
                f"{self.kind.name} takes no key of the customer's.",
                presented=brief(customer.id, 200),
                required="nothing: the key is Microsoft's" if self.kind.key != NO_KEY else "nothing",
            )
        before = self.wrapped, self.customer, self._held
        # What is held may be wrapped anew, even if the key that it came from has been revoked meanwhile.
        # assumption: held-key-rescues
        held = self._held if self._held and call.now < self._held.until else self._unwrapped(call)
        wrapped = self._wrapper(call, customer).wrap(held.key)
        call.undo(lambda: self._restore(*before))
        self._restore(wrapped, customer, replace(held, until=call.now + HOLD))

    def _restore(self, wrapped: WrappedKey, customer: CustomerKey | None, held: _Held | None) -> None:
        self.wrapped, self.customer, self._held = wrapped, customer, held

    # For those who compare what was before with what is after: what a store holds for an hour, and how often
    # it has written, is no part of what it keeps.
    def __deepcopy__(self, memo: Mapping[int, Any]) -> AccountKey:
        return copy(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AccountKey) and (self._life, self.wrapped, self.customer) == (
            other._life,
            other.wrapped,
            other.customer,
        )

    __hash__ = None  # type: ignore[assignment]


@dataclass
class Disk:
    """What a store keeps on one medium. With no account key nothing on it is encrypted.

    kind     of store; `medium` is what somebody sees who opens the disk
    written  which write each object comes from: kept apart from the medium, so that nothing older is taken
             for it
    """

    kind: StoreKind
    medium: Medium
    key: AccountKey | None
    written: dict[str, int] = field(default_factory=dict, repr=False)
    _writes: int = field(default=0, init=False, repr=False, compare=False)

    def __contains__(self, name: str) -> bool:
        return name in self.written

    def names(self, prefix: str = "") -> list[str]:
        """The names of all objects that begin like this."""
        return sorted(name for name in self.written if name.startswith(prefix))

    def tag(self, name: str) -> str:
        """The entity tag of an object: another one after each write."""
        return f"0x{self.written[name]:X}"

    def write(self, call: Call[Any], name: str, data: bytes) -> str:
        """Keeps the bytes under the name, in place of what was there; undone with the call. Returns the
        entity tag. Raises KeyUnavailable or Damaged."""
        record: Sealed | bytes
        if self.key is None:
            self._writes = number = self._writes + 1
            record = data
        else:
            envelope, number = self.key.envelope(call), self.key.next_write()
            record = envelope.seal(name, data, number)
        call.undo(self._as_it_is(name))
        self.medium.records[name] = record
        self.written[name] = number
        return f"0x{number:X}"

    def read(self, call: Call[Any], name: str) -> bytes:
        """The bytes. Raises NotFound, KeyUnavailable, or Damaged for bytes that were not written here."""
        number = self.written.get(name)
        if number is None:
            raise NotFound("There is no such object.", presented=brief(name))
        # The key first: without it nobody can tell whether the bytes are sound.
        envelope = self.key.envelope(call) if self.key is not None else None
        record = self.medium.records.get(name)
        if record is None:
            raise Damaged("The object is not on the disk any more.", presented=brief(name))
        if envelope is None:
            return record.raw if isinstance(record, Sealed) else record
        return envelope.open(name, record if isinstance(record, Sealed) else parse(record), number)

    def remove(self, call: Call[Any], name: str) -> None:
        """Takes an object away; undone with the call. Raises NotFound."""
        if name not in self.written:
            raise NotFound("There is no such object.", presented=brief(name))
        # Deleting takes no key, as with Azure Storage.
        call.undo(self._as_it_is(name))
        self.medium.records.pop(name, None)
        del self.written[name]

    def _as_it_is(self, name: str) -> Callable[[], None]:
        return partial(self._put_back, name, self.medium.records.get(name), self.written.get(name))

    def _put_back(self, name: str, record: Sealed | bytes | None, number: int | None) -> None:
        _put_back(self.medium.records, name, record)
        _put_back(self.written, name, number)


def _put_back(table: dict[str, T], name: str, value: T | None) -> None:
    if value is None:
        table.pop(name, None)
    else:
        table[name] = value


def disk(kind: StoreKind, name: str, key: AccountKey | None) -> Disk:
    """A new disk. `name` is what people know it by; without a key nothing on it is encrypted."""
    return Disk(kind, Medium(name), key)

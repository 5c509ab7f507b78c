"""What a vault says no with, beyond what every service does."""

from __future__ import annotations

from labkit.core.errors import BadRequest, Conflict, Forbidden, NotFound


class KeyNotFound(NotFound):
    """The vault has no such key, or no such version of it."""


class SecretNotFound(NotFound):
    """The vault has no such secret, or no such version of it."""


class KeyDisabled(Forbidden):
    """This version of the key is disabled."""


class KeyNotYetValid(Forbidden):
    """The key may be used from a later moment on."""


class KeyExpired(Forbidden):
    """The key may not be used any more."""


class KeyOperationForbidden(Forbidden):
    """The key was made for other operations."""


class SecretDisabled(Forbidden):
    """This version of the secret is disabled."""


class PurgeProtected(Forbidden):
    """The vault keeps what was deleted until its time is over."""


class DeletedButRecoverable(Conflict):
    """The name belongs to something that was deleted and can be recovered."""


class NotDecrypted(BadRequest):
    """The bytes were not made with this version of the key, or were changed since."""

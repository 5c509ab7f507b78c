"""The secrets of a vault, in versions."""

from __future__ import annotations

from labkit.core.errors import BadRequest, brief
from labkit.core.operation import Call, operation
from labkit.core.secret import Secret
from labkit.services.key_vault.errors import SecretDisabled
from labkit.services.key_vault.items import (
    add,
    amend,
    check_enabled,
    check_times,
    free_name,
    next_label,
    one_version,
    show,
    versions,
)
from labkit.services.key_vault.plane import Plane
from labkit.services.key_vault.vault import TYPE, Held, SecretVersion, Vault

SECRETS = f"{TYPE}/secrets"
LARGEST = 25 * 1024


def _check_new(name: str, value: str, enabled: object, not_before: object, expires: object) -> None:
    if not name:
        raise BadRequest("A secret is a text under a name.", presented="an empty name")
    size = len(value.encode("utf-8", "surrogatepass"))
    if size > LARGEST:
        raise BadRequest(
            "That is too long for a secret.", presented=f"{size} bytes", required=f"at most {LARGEST} bytes"
        )
    check_enabled(enabled, True, False)
    check_times(not_before, expires)


def _check_update(enabled: object, not_before: object, expires: object) -> None:
    check_enabled(enabled, True, False, None)
    check_times(not_before, expires)


class Secrets(Plane):
    """Values that go in and come out again. Times are seconds on the lab's clock; a version "" is the newest
    one. Names are free in the lab (assumption: secret-names)."""

    @operation("Set secret", data_action=f"{SECRETS}/setSecret/action", parse=_check_new)
    def set_secret(
        self,
        call: Call[Vault],
        name: str,
        value: str,
        enabled: bool = True,
        not_before: int | None = None,
        expires: int | None = None,
    ) -> SecretVersion:
        """Stores a value under a name, as its newest version. Raises BadRequest or DeletedButRecoverable."""
        free_name(call, "secrets", name)
        version = self._entropy(f"{next_label(call, 'secrets', name)}/version", 16).hex()
        vault, now = call.target.name, call.now
        shown = SecretVersion(name, version, vault, enabled, now, now, not_before, expires)
        held = Held(shown, Secret(value))
        add(call, held)
        return _shown(call, held)

    @operation("Get secret", data_action=f"{SECRETS}/getSecret/action")
    def get_secret(self, call: Call[Vault], name: str, version: str = "") -> Secret:
        """The value of a version. One out of its time is handed out too: that is information. Raises
        SecretNotFound or SecretDisabled."""
        held = one_version(call, "secrets", name, version)
        if not held.shown.enabled:
            raise SecretDisabled(
                "Operation get is not allowed on a disabled secret.",
                presented=brief(held.shown.id, 170),
                advice="update_secret(name, version, enabled=True) enables it again",
            )
        assert isinstance(held.material, Secret)
        return held.material

    @operation("List secrets", data_action=f"{SECRETS}/readMetadata/action")
    def list_secrets(self, call: Call[Vault]) -> list[str]:
        """The names alone."""
        return call.target.secrets.names()

    @operation("List secret versions", data_action=f"{SECRETS}/readMetadata/action")
    def list_secret_versions(self, call: Call[Vault], name: str) -> list[SecretVersion]:
        """All versions of a secret without their values, the newest last. Raises SecretNotFound."""
        return [_shown(call, held) for held in versions(call, "secrets", name)]

    @operation("Update secret", data_action=f"{SECRETS}/update/action", parse=_check_update)
    def update_secret(
        self,
        call: Call[Vault],
        name: str,
        version: str = "",
        enabled: bool | None = None,
        not_before: int | None = None,
        expires: int | None = None,
    ) -> SecretVersion:
        """Enables or disables a version, or changes its times; None leaves a thing as it is. Raises
        SecretNotFound or BadRequest."""
        held = one_version(call, "secrets", name, version)
        return _shown(call, amend(call, held, enabled=enabled, not_before=not_before, expires=expires))


def _shown(call: Call[Vault], held: Held) -> SecretVersion:
    shown = show(call, held)
    assert isinstance(shown, SecretVersion)
    return shown

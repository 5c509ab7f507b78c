"""How a web service can be authenticated to: by key, by token, or not at all, and what that is by default."""

from __future__ import annotations

import re
from collections.abc import Mapping

from labkit.core.errors import BadRequest, brief

# What can be had where, the default first (statement svc-defaults).
FORMS: Mapping[str, tuple[str, ...]] = {"aci": ("none", "key"), "aks": ("key", "token", "none")}
WHICH = ("Primary", "Secondary")
# The how-to names one aci_service_sample. The SDK of today takes no underscore:
# https://learn.microsoft.com/python/api/azureml-core/azureml.core.model.model
# assumption: service-names
_NAME = re.compile(r"[a-z][a-z0-9_-]{1,30}[a-z0-9]")


def check_service_name(name: str) -> None:
    """Raises BadRequest."""
    if not _NAME.fullmatch(name):
        raise BadRequest(
            "A web service needs a name.",
            presented=brief(name),
            required="3 to 32 lower-case letters, digits, - and _, a letter first, a letter or digit last",
        )


def check_which(which: str) -> None:
    """Raises BadRequest for what is neither key. Statement svc-regen-key."""
    if which not in WHICH:
        raise BadRequest(
            "A web service has no such key.", presented=brief(which), required=" or ".join(WHICH)
        )


def check_flags(kind: str, auth_enabled: object, token_auth_enabled: object) -> None:
    """Raises BadRequest for what cannot be enabled there, whatever is enabled now. Statement
    svc-one-form."""
    for name, value in (("auth_enabled", auth_enabled), ("token_auth_enabled", token_auth_enabled)):
        if value is not None and value is not True and value is not False:
            required = "True, False or None"
            raise BadRequest(f"{name} is no such value.", presented=brief(value), required=required)
    if token_auth_enabled and "token" not in FORMS[kind]:
        raise BadRequest(
            f"There is no token authentication on {kind.upper()}.",
            presented="token_auth_enabled=True",
            required="auth_enabled=True, or neither",
            advice="token authentication is for services on AKS",
        )
    if auth_enabled and token_auth_enabled:
        raise BadRequest(
            "A web service takes keys or tokens, and only one of the two at a time.",
            presented="auth_enabled=True, token_auth_enabled=True",
            required="one of them",
        )


def new_form(kind: str, auth_enabled: bool | None, token_auth_enabled: bool | None) -> str:
    """The form of a new service: "key", "token" or "none". Statements svc-defaults, svc-auth-enabled."""
    return changed_form(FORMS[kind][0], auth_enabled, token_auth_enabled)


def changed_form(present: str, auth_enabled: bool | None, token_auth_enabled: bool | None) -> str:
    """The form of a service that has one. What is None stays as it is, but for one thing: who enables one
    form gets that one, and the other is switched off."""
    # assumption: enabling-switches
    if token_auth_enabled:
        return "token"
    if auth_enabled:
        return "key"
    off = {"key": auth_enabled is False, "token": token_auth_enabled is False}
    return "none" if off.get(present, False) else present

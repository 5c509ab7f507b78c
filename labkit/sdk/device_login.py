"""Signing in by a device code, as both clients of the lab let a person do it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.authenticators.password import Password
from labkit.identity.errors import SecondFactorRequired
from labkit.services.azure_ad import AzureAD

if TYPE_CHECKING:
    from labkit.furniture import Person
    from labkit.lab import Lab

PAGE = "https://microsoft.com/devicelogin"
# Seconds. The library that az and the SDK sign in with replaces a token that would expire within them.
EARLY = 5 * 60


def approve(lab: Lab, person: Person, tenant: str, user_code: str) -> None:
    """What the person does in the browser. They enter a second factor when they are asked for it. Raises a
    Refusal."""
    password = Password(person.upn, person.password)
    try:
        lab.ask(person.name, AzureAD.approve, tenant, password, user_code)
    except SecondFactorRequired:
        both = Password(person.upn, person.password, person.code(lab.clock.now))
        lab.ask(person.name, AzureAD.approve, tenant, both, user_code)

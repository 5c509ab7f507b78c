"""Who sits at the keyboard of an activation, and whether they have signed in yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import RLock
from typing import TYPE_CHECKING

from labkit.authenticators.device_code import DeviceCode
from labkit.authenticators.password import AZURE_CLI
from labkit.authenticators.refresh_token import RefreshToken
from labkit.core.credential import Anonymous, Bearer
from labkit.identity.errors import SignInRefused
from labkit.sdk.azureml.exceptions import AuthenticationException, refused_as
from labkit.sdk.azureml.terminal import say
from labkit.sdk.device_login import EARLY, PAGE, approve
from labkit.services.azure_ad import ARM, AzureAD, TokenResponse

if TYPE_CHECKING:
    from labkit.furniture import Person
    from labkit.lab import Lab

_BEFORE = "Performing interactive authentication. Please follow the instructions on the terminal."
_PROMPT = "To sign in, use a web browser to open the page {page} and enter the code {code} to authenticate."
_AFTER = "Interactive authentication successfully completed."
_HEADLESS = (
    "ServicePrincipalAuthentication(tenant_id=..., service_principal_id=..., "
    "service_principal_password=...), passed as auth="
)


@dataclass
class Account:
    """A person who has signed in to a tenant, and what the sign-in left behind."""

    tenant: str
    answer: TokenResponse = field(repr=False)


class Session:
    """One activation of a lab: `person` sits at the keyboard, or nobody does (None)."""

    def __init__(self, lab: Lab, person: str | None) -> None:
        self.lab = lab
        self.person = person
        self._accounts: dict[str, Account] = {}
        self._last: Account | None = None
        # Two threads that need a sign-in show one prompt; a lab is asked by one at a time.
        self.lock = RLock()

    @property
    def caller(self) -> str:
        """Who asks, as hops name it."""
        return self.person or "automation"

    def bearer(self, tenant: str | None, force: bool = False) -> Bearer:
        """The token of whoever has signed in, after asking them to if need be. `tenant` names the one that
        it has to be for, None takes that of the last sign-in. Raises AuthenticationException."""
        with self.lock, refused_as(AuthenticationException):
            account = self._accounts.get(tenant) if tenant else self._last
            if account is None or force:
                account = self._sign_in(tenant)
                self._accounts[account.tenant] = self._last = account
            if account.answer.access_token.seconds_left < EARLY:
                self._renew(account)
            return account.answer.access_token.bearer

    def _renew(self, account: Account) -> None:
        credential = RefreshToken(account.answer.refresh_token)
        try:
            account.answer = self.lab.ask(self.caller, AzureAD.token, account.tenant, credential, ARM)
        except SignInRefused:
            account.answer = self._sign_in(account.tenant).answer

    def _sign_in(self, tenant: str | None) -> Account:
        person = self._at_the_keyboard()
        tenant = tenant or self._tenant_of(person)
        waiting = self.lab.ask(self.caller, AzureAD.device_code, tenant, Anonymous(), AZURE_CLI)
        say(_BEFORE)
        say(_PROMPT.format(page=PAGE, code=waiting.user_code))
        approve(self.lab, person, tenant, waiting.user_code)
        code = DeviceCode(waiting.device_code)
        answer = self.lab.ask(self.caller, AzureAD.token, tenant, code, ARM)
        say(_AFTER)
        return Account(tenant, answer)

    def _at_the_keyboard(self) -> Person:
        if self.person is None:
            raise AuthenticationException(
                "Interactive sign-in needs somebody who answers the prompt.",
                presented="a headless session: nobody sits at the keyboard",
                required=_HEADLESS,
                advice='or say who sits there: lab.activate(person="carl")',
            )
        return self.lab.people[self.person]

    def _tenant_of(self, person: Person) -> str:
        known = (self.lab.parts.home, self.lab.parts.partner)
        tenants = [one.tenant_id for one in known if one.directory.user(person.upn) is not None]
        if len(tenants) > 1:
            raise AuthenticationException(
                "Which tenant? This account has access to several.",
                presented=f"{person.upn}, known in {' and '.join(tenants)}",
                required=" or ".join(f'InteractiveLoginAuthentication(tenant_id="{one}")' for one in tenants),
            )
        return person.tenant_id

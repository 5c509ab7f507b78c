"""Who is logged in to az, with what, and which extensions are installed. Each lab has one such session."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, ref

from labkit.authenticators.client_secret import ClientSecret
from labkit.authenticators.device_code import DeviceCode
from labkit.authenticators.password import Password
from labkit.authenticators.refresh_token import RefreshToken
from labkit.core.credential import Anonymous, Bearer, Credential
from labkit.core.errors import brief
from labkit.core.operation import Op, P, R
from labkit.identity.errors import TokenRefused
from labkit.sdk.az_errors import AzError
from labkit.sdk.device_login import EARLY, PAGE, approve
from labkit.services.azure_ad import ARM, GRAPH, AzureAD, TokenResponse
from labkit.services.resource_manager import ResourceManager

if TYPE_CHECKING:
    from labkit.furniture import Person
    from labkit.lab import Lab

_SUBSCRIPTIONS = "Microsoft.Resources/subscriptions"
# Who opens the Cloud Shell of a new lab: the how-to asks for an administrator of the subscription.
_FIRST = "olivia"


@dataclass
class Account:
    """A login. `name` is the user principal name or the client id; `caller` is who asks, as hops name it;
    `credential` is what new tokens are fetched with."""

    name: str
    kind: str
    caller: str
    tenant: str
    credential: Credential = field(repr=False)
    tokens: dict[str, TokenResponse] = field(default_factory=dict, repr=False)
    subscriptions: list[dict[str, Any]] = field(default_factory=list)
    chosen: str = ""


class Session:
    """az in one lab. A new one is the Cloud Shell that olivia has opened in the portal: she is logged in,
    and no extension is installed."""

    def __init__(self, lab: Lab) -> None:
        # The lab's own table of sessions would otherwise keep every lab for good.
        self._lab = ref(lab)
        self.extensions: set[str] = set()
        self._drawn: Counter[str] = Counter()
        self._account: Account | None = None
        self._opened = False
        self._person = _FIRST

    @property
    def lab(self) -> Lab:
        """The lab that this is about."""
        lab = self._lab()
        assert lab is not None
        return lab

    def draw_secret(self, client_id: str, known: str = "") -> str:
        """A new secret for an application; `known` is the first one that a document prints for it."""
        self._drawn[client_id] += 1
        if known and self._drawn[client_id] == 1:
            return known
        return self.lab.parts.entropy.text(f"az/secret/{client_id}/{self._drawn[client_id]}")

    def say(self, text: str) -> None:
        """Tells whoever sits at the screen something that is no answer. az has stderr for it, and `!az` in a
        notebook shows both in one; here the answer is returned, and this is printed."""
        sys.stdout.write(f"{text}\n")

    @property
    def account(self) -> Account:
        """Who is logged in. Raises AzError where nobody is."""
        if self._account is None and not self._opened:
            self.login_at_the_screen("", allow_none=True, quiet=True)
        if self._account is None:
            raise AzError("Please run 'az login' to setup account.", advice="az login")
        return self._account

    @property
    def known(self) -> tuple[str, str, str]:
        """Name, object id and tenant of who is logged in; empty texts where nobody is."""
        account = self._account
        if account is None:
            return "", "", self.lab.tenant
        answers = list(account.tokens.values())
        object_id = answers[0].access_token.claims.get("oid", "") if answers else ""
        return account.name, str(object_id), account.tenant

    def ask(self, op: Op[P, R], target: str, /, *args: P.args, **kwargs: P.kwargs) -> R:
        """A call on Resource Manager as whoever is logged in. Raises a Refusal."""
        return self.ask_with(ARM, op, target, *args, **kwargs)

    def ask_with(self, resource: str, op: Op[P, R], target: str, /, *args: P.args, **kwargs: P.kwargs) -> R:
        """The same with a token for another resource, such as a key vault's. Raises a Refusal."""
        return self.lab.ask(self.account.caller, op, target, self._bearer(resource), *args, **kwargs)

    def ask_graph(self, op: Op[P, R], path: str, /, *args: P.args, **kwargs: P.kwargs) -> R:
        """A call on Azure AD Graph, for a collection of the tenant or a thing in it. Raises a Refusal."""
        return self.ask_with(GRAPH, op, f"{GRAPH}/{self.account.tenant}/{path}", *args, **kwargs)

    def _bearer(self, resource: str) -> Bearer:
        account = self.account
        held = account.tokens.get(resource)
        if held is None or held.access_token.seconds_left < EARLY:
            held = account.tokens[resource] = self._token(account, resource)
        return held.access_token.bearer

    def _token(self, account: Account, resource: str) -> TokenResponse:
        answer = self.lab.ask(account.caller, AzureAD.token, account.tenant, account.credential, resource)
        if answer.refresh_token:
            account.credential = RefreshToken(answer.refresh_token)
        return answer

    def subscription(self, wanted: str = "") -> str:
        """The id (`/subscriptions/…`) of the subscription that commands are about: the one named, or the
        account's own. Raises AzError."""
        if wanted:
            ids = [one["id"] for one in self.account.subscriptions]
            found = [one for one in ids if one.lower() == f"/subscriptions/{wanted}".lower()]
            if not found:
                raise AzError(
                    f"Subscription {brief(wanted)} not found. Check the spelling and casing and try again.",
                    required=" or ".join(one.rpartition("/")[2] for one in ids),
                )
            return str(found[0])
        if not self.account.chosen:
            raise AzError("No subscription found.", required="a role in a subscription", advice="az login")
        return self.account.chosen

    def login_as_application(self, client_id: str, secret: str, tenant: str, allow_none: bool) -> None:
        """With a client id and a secret. `allow_none` also where there is no subscription to work on, here
        and below. Raises a Refusal or AzError."""
        credential = ClientSecret(client_id, secret)
        self._enter(Account(client_id, "servicePrincipal", client_id, tenant, credential), allow_none)

    def login_as_person(self, username: str, password: str | None, tenant: str, allow_none: bool) -> None:
        """With a user name, and a password or none: a person of the lab then types theirs. Raises a Refusal
        or AzError."""
        person = self._person_called(username)
        typed = person.password if password is None and person else password or ""
        upn = person.upn if person else username
        name = person.name if person else username
        account = Account(upn, "user", name, tenant or self.lab.tenant, Password(upn, typed))
        self._enter(account, allow_none)
        self._person = name if person else self._person

    def login_at_the_screen(self, tenant: str, allow_none: bool, quiet: bool = False) -> None:
        """Whoever sits there enters a code in a browser, and a second factor if they are asked for it. Raises
        a Refusal or AzError."""
        person = self.lab.people[self._person]
        tenant = tenant or self.lab.tenant
        waiting = self.lab.ask(person.name, AzureAD.device_code, tenant, Anonymous())
        if not quiet:
            enter = f"enter the code {waiting.user_code} to authenticate."
            self.say(f"To sign in, use a web browser to open the page {PAGE} and {enter}")
        approve(self.lab, person, tenant, waiting.user_code)
        account = Account(person.upn, "user", person.name, tenant, DeviceCode(waiting.device_code))
        self._enter(account, allow_none)

    def _person_called(self, username: str) -> Person | None:
        wanted = username.lower()
        everybody = self.lab.people.values()
        return next((one for one in everybody if wanted in (one.name.lower(), one.upn.lower())), None)

    def _enter(self, account: Account, allow_none: bool) -> None:
        """Signs in and looks what there is to work on. Who is logged in stays so where that fails."""
        before, opened = self._account, self._opened
        self._account, self._opened = account, True
        try:
            answer = account.tokens[ARM] = self._token(account, ARM)
            claims = answer.access_token.claims
            account.name = str(claims.get("upn", account.name))
            account.subscriptions = self._visible()
            if not account.subscriptions and not allow_none:
                raise _no_subscription(account.name)
        except BaseException:
            self._account, self._opened = before, opened
            raise
        account.chosen = account.subscriptions[0]["id"] if account.subscriptions else ""

    def _visible(self) -> list[dict[str, Any]]:
        try:
            return self.ask(ResourceManager.collection, "/subscriptions", _SUBSCRIPTIONS)
        except TokenRefused:
            # Another tenant's tokens show nothing here.
            return []

    def logout(self) -> None:
        """Forgets the login. Raises AzError where nobody is logged in."""
        if self._account is None and self._opened:
            raise AzError("There are no active accounts.")
        self._account, self._opened = None, True


def _no_subscription(name: str) -> AzError:
    return AzError(
        f"No subscriptions were found for '{name}'. If this is expected, use '--allow-no-subscriptions' to "
        "have tenant level accesses",
        required="a role in a subscription, or on something in it",
    )


_SESSIONS: WeakKeyDictionary[Lab, Session] = WeakKeyDictionary()


def session_of(lab: Lab) -> Session:
    """The session of a lab."""
    found = _SESSIONS.get(lab)
    if found is None:
        found = _SESSIONS[lab] = Session(lab)
    return found

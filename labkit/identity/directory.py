"""What a tenant knows: users, guests, groups, applications, service principals, managed identities."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from labkit.core.entropy import Entropy
from labkit.core.errors import BadInput, brief


def digest(secret: str) -> bytes:
    """What is kept of a secret. Secrets of the lab are long and random, so no slow hash is needed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def same_secret(presented: str, kept: bytes) -> bool:
    """Constant-time comparison of a presented secret with the digest that was kept."""
    return hmac.compare_digest(digest(presented), kept)


@dataclass
class User:
    """A person's account. `home` is the account in another tenant for a guest, None for a member.
    `password_changes` counts them: refresh tokens of an earlier count are void."""

    object_id: str
    name: str
    upn: str
    password: bytes
    second_factor: bytes
    home: User | None = None
    enabled: bool = True
    password_changes: int = 0


@dataclass
class Group:
    """A security group. Members are object ids, of groups as well."""

    object_id: str
    name: str
    members: set[str] = field(default_factory=set)


@dataclass
class ClientSecret:
    """The digest of a secret and the moment (seconds) from which it is void."""

    kept: bytes
    expires: int


@dataclass
class Application:
    """An app registration. The client id names it; it may do nothing until a service principal exists. `uri`
    is another name of it ("" for none), `owners` are object ids of users."""

    client_id: str
    name: str
    secrets: list[ClientSecret] = field(default_factory=list)
    object_id: str = ""
    uri: str = ""
    owners: set[str] = field(default_factory=set)


@dataclass
class ServicePrincipal:
    """An application's (or a managed identity's) presence in the tenant. The object id is what roles are
    assigned to, and differs from the client id. `resource_id` is set for a managed identity: whose it is."""

    object_id: str
    app_id: str
    name: str
    resource_id: str = ""


def _yes_or_no(question: str, answer: bool) -> bool:
    # "no" counts as true in Python: a setting that protects must not be guessed.
    if answer is not True and answer is not False:
        raise BadInput(question, presented=brief(answer), required="True or False")
    return answer


SECRET_LIFETIME = 365 * 24 * 3600


class Directory:
    """The objects of one tenant."""

    def __init__(self, tenant_id: str, domain: str, entropy: Entropy) -> None:
        self.tenant_id = tenant_id
        self.domain = domain
        self._mfa_required = False
        self._members_may_register = True
        self._entropy = entropy
        self._users: dict[str, User] = {}
        self._groups: dict[str, Group] = {}
        self._applications: dict[str, Application] = {}
        self._principals: dict[str, ServicePrincipal] = {}
        self._drawn: Counter[str] = Counter()

    @property
    def mfa_required(self) -> bool:
        """The tenant's setting for all of its users. Raises BadInput when set to other than True or False."""
        return self._mfa_required

    @mfa_required.setter
    def mfa_required(self, required: bool) -> None:
        self._mfa_required = _yes_or_no("Is a second factor required?", required)

    @property
    def members_may_register(self) -> bool:
        """Whether every member may register applications, which Azure AD lets them by default. Raises
        BadInput when set to other than True or False."""
        return self._members_may_register

    @members_may_register.setter
    def members_may_register(self, allowed: bool) -> None:
        self._members_may_register = _yes_or_no("May members register applications?", allowed)

    def _id(self, kind: str, name: str) -> str:
        # Azure never gives an id twice: what is made again under its old name is another principal.
        label = f"{self.tenant_id}/{kind}/{name}"
        self._drawn[label] += 1
        return self._entropy.uuid(f"{label}/{self._drawn[label]}")

    def add_user(self, name: str, password: str, second_factor: bytes) -> User:
        """A member of the tenant, with the upn name@domain."""
        upn = f"{name}@{self.domain}".lower()
        if upn in self._users:
            raise BadInput("This user exists already.", presented=upn)
        user = User(self._id("user", name), name, upn, digest(password), second_factor)
        self._users[upn] = user
        return user

    def invite(self, home: User) -> User:
        """A guest (business-to-business collaboration): signs in at home, is known here by a name with
        `#EXT#` in it."""
        upn = f"{home.upn.replace('@', '_')}#EXT#@{self.domain}"
        if home.upn in self._users or upn.lower() in self._users:
            raise BadInput("This user is known here already.", presented=home.upn)
        guest = User(self._id("user", upn), home.name, upn, b"", b"", home)
        self._users[upn.lower()] = self._users[home.upn] = guest
        return guest

    def user(self, name: str) -> User | None:
        """By upn or by the part before the @. A guest also by the name it has at home."""
        found = self._users.get(name.lower())
        return found or self._users.get(f"{name}@{self.domain}".lower())

    def set_password(self, user: User, password: str) -> None:
        """Changes it; refresh tokens given out before are void."""
        user.password = digest(password)
        user.password_changes += 1

    def add_group(self, name: str, *members: str) -> Group:
        """A group of these object ids."""
        if any(group.name == name for group in self._groups.values()):
            raise BadInput("This group exists already.", presented=name)
        for member in members:
            if type(member) is not str or not self.name_of(member):
                raise BadInput(
                    "A member of a group is given by the object id.",
                    presented=brief(member),
                    required="the object id of a user, group or service principal of the tenant",
                )
        group = Group(self._id("group", name), name, set(members))
        self._groups[group.object_id] = group
        return group

    def groups_of(self, object_id: str) -> tuple[str, ...]:
        """Object ids of all groups that hold it, through groups in groups as well, sorted."""
        found: set[str] = set()
        reached = {object_id}
        while reached:
            reached = {group.object_id for group in self._groups.values() if group.members & reached} - found
            found |= reached
        return tuple(sorted(found))

    def register(self, name: str, client_id: str = "", uri: str = "", owner: str = "") -> Application:
        """An app registration; the client id is drawn unless given. `owner` is an object id."""
        application = Application(client_id or self._id("application", name), name, uri=uri)
        application.object_id = self._id("application object", application.client_id)
        application.owners |= {owner} - {""}
        if application.client_id in self._applications:
            raise BadInput("This application exists already.", presented=application.client_id)
        self._applications[application.client_id] = application
        return application

    def unregister(self, client_id: str) -> None:
        """Takes an app registration out of the tenant."""
        self._applications.pop(client_id, None)

    def applications(self) -> Iterator[Application]:
        """All app registrations."""
        yield from self._applications.values()

    def owners_of(self, client_id: str) -> frozenset[str]:
        """Object ids of the owners of an app registration; nobody owns what there is not."""
        found = self._applications.get(client_id)
        return frozenset(found.owners) if found else frozenset()

    def add_secret(
        self, application: Application, secret: str, now: int, lifetime: int = SECRET_LIFETIME
    ) -> None:
        """Another client secret, void after `lifetime` seconds."""
        application.secrets.append(ClientSecret(digest(secret), now + lifetime))

    def application(self, client_id: str) -> Application | None:
        """The app registration with this client id."""
        return self._applications.get(client_id)

    def add_service_principal(self, application: Application, object_id: str = "") -> ServicePrincipal:
        """The application's presence in this tenant."""
        object_id = object_id or self._id("service principal", application.name)
        principal = ServicePrincipal(object_id, application.client_id, application.name)
        self._principals[object_id] = principal
        return principal

    def add_managed_identity(self, name: str, resource_id: str) -> ServicePrincipal:
        """A system-assigned identity: nobody holds a secret of it."""
        app_id = self._id("managed identity application", resource_id.lower())
        object_id = self._id("managed identity", resource_id.lower())
        principal = ServicePrincipal(object_id, app_id, name, resource_id)
        self._principals[principal.object_id] = principal
        return principal

    def remove_principal(self, object_id: str) -> None:
        """Takes a service principal or managed identity out of the tenant."""
        self._principals.pop(object_id, None)

    def as_it_is(self) -> Callable[[], None]:
        """The step that brings back today's applications and principals. Ids that were drawn since are drawn
        again: nobody ever had them."""
        applications, principals = dict(self._applications), dict(self._principals)
        drawn = Counter(self._drawn)

        def take_back() -> None:
            self._applications, self._principals, self._drawn = applications, principals, drawn

        return take_back

    def service_principals(self) -> Iterator[ServicePrincipal]:
        """All service principals, those of managed identities included."""
        yield from self._principals.values()

    def principals(self) -> Iterator[tuple[str, str, str]]:
        """Everybody that a role can be assigned to, as (object id, name, kind)."""
        # A guest is listed under two names.
        for user in {one.object_id: one for one in self._users.values()}.values():
            yield user.object_id, user.upn, "user"
        for group in self._groups.values():
            yield group.object_id, group.name, "group"
        for one in self._principals.values():
            yield one.object_id, one.name, "managed identity" if one.resource_id else "service principal"

    def name_of(self, object_id: str) -> str:
        """What the principal with this object id is called; "" where there is none."""
        return next((name for id, name, _ in self.principals() if id == object_id), "")

    def remove_user(self, user: User) -> None:
        """Deletes an account. Role assignments that name it stay behind."""
        self._users = {upn: one for upn, one in self._users.items() if one is not user}
        for group in self._groups.values():
            group.members.discard(user.object_id)

    def principal_of(self, client_id: str) -> ServicePrincipal | None:
        """The service principal of a client id."""
        return next((one for one in self._principals.values() if one.app_id == client_id), None)

    def principal(self, object_id: str) -> ServicePrincipal | None:
        """The service principal with this object id."""
        return self._principals.get(object_id)

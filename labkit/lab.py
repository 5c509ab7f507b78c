"""The lab as the learner holds it: built, furnished, and ready to be asked."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from labkit.access.assignment import RoleAssignment
from labkit.access.questions import Access
from labkit.access.roles import Role
from labkit.authenticators.client_secret import ClientSecret
from labkit.authenticators.password import Password
from labkit.core.clock import Clock
from labkit.core.credential import Credential
from labkit.core.errors import BadInput, brief
from labkit.core.operation import Op, P, R
from labkit.core.resource import Component, Resources
from labkit.core.show import Shown
from labkit.core.trace import Trace
from labkit.core.verdict import Verdict
from labkit.crypto.wrapper import KeyInHand, WrappedKey
from labkit.furniture import (
    CLIENT_ID,
    CLIENT_SECRET,
    CLUSTER,
    GROUPS,
    PARTNER_TENANT,
    SUBSCRIPTION,
    TENANT,
    Person,
    hire,
    move_in,
    open_subscription,
    workspace_id,
)
from labkit.identity.directory import Directory
from labkit.identity.token import Token
from labkit.identity.verifier import KeySet
from labkit.media import Media, media
from labkit.network.regions import Switchboard
from labkit.openings import Openings, openings
from labkit.releases import Release, find_release
from labkit.services.azure_ad import ARM, AzureAD
from labkit.services.machine_learning.compute import ComputeCluster, Job
from labkit.services.machine_learning.diagnostics import SupportView
from labkit.services.machine_learning.work import work
from labkit.services.machine_learning.workspace import Workspace
from labkit.stores import MICROSOFT_SUBSCRIPTION, StoreKind
from labkit.whereabouts import Whereabouts
from labkit.wiring import Parts, build

if TYPE_CHECKING:
    from labkit.core.image import Image

_IMAGES = 16
# What never changes, and so is in all copies of a lab.
FIXED = (Role, Release, StoreKind, KeySet, KeyInHand, RoleAssignment, WrappedKey)
_SUBSCRIPTION_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")


class Lab:
    """A ready tenant with a subscription, three workspaces, and people: olivia (Owner), carl
    (Contributor), rita (Reader), and gita, a guest from another tenant.

    clock, trace, switchboard, resources   what they are called
    directory, people                      the tenant's objects, and what each person knows and carries
    tenant, subscription, resource_group   ids to call things on, and
    workspace, other_workspace             two workspaces of that resource group
    """

    def __init__(self, release: Release, seed: int | None) -> None:
        self.release = release
        self.seed = seed
        self._parts: Parts = build(release, seed, TENANT, PARTNER_TENANT)
        self.people: dict[str, Person] = move_in(self._parts)
        self.tenant = TENANT
        self.subscription = SUBSCRIPTION
        self.resource_group = f"{SUBSCRIPTION}/resourceGroups/{GROUPS[0]}"
        self.workspace = workspace_id(GROUPS[0], "ml-example")
        self.other_workspace = workspace_id(GROUPS[0], "your-workspace-name")
        self.cluster = CLUSTER
        self._whereabouts = Whereabouts(self._parts.resources)

    @property
    def clock(self) -> Clock:
        """The lab's clock: `lab.clock.advance("61m")`."""
        return self._parts.clock

    @property
    def trace(self) -> Trace:
        """Everything that happened since the lab started."""
        return self._parts.trace

    @property
    def switchboard(self) -> Switchboard:
        """Takes regions down and brings them back."""
        return self._parts.switchboard

    @property
    def resources(self) -> Resources:
        """Everything that can be called."""
        return self._parts.resources

    @property
    def directory(self) -> Directory:
        """The home tenant's users, groups, applications and settings."""
        return self._parts.home.directory

    @property
    def access(self) -> Access:
        """Who may do what, and why: `lab.access.who_can(action, scope)`."""
        return Access(self._parts.access, self.directory, self.clock)

    @property
    def parts(self) -> Parts:
        """What the lab is made of, for those who take it apart."""
        return self._parts

    def ask(
        self, caller: str, op: Op[P, R], target: str, cred: Credential, /, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """A call through the door. `caller` is who asks: any name stands for somebody at a computer, the
        name of a compute target for that one. Raises a Refusal."""
        return self._parts.door.ask(self._component(caller), op, target, cred, *args, **kwargs)

    def attempt(
        self, caller: str, op: Op[P, R], target: str, cred: Credential, /, *args: P.args, **kwargs: P.kwargs
    ) -> Verdict[R]:
        """The same, but a refusal comes back as a Verdict instead of being raised."""
        return Verdict.of(lambda: self.ask(caller, op, target, cred, *args, **kwargs))

    @property
    def media(self) -> Media:
        """Every disk of the lab as it is now: whose it is, whose key encrypts it, and the raw bytes:
        `lab.media.find("some text")`, `lab.media["ml-example, blobs"].raw(name)`."""
        return media(self.resources)

    @property
    def diagnostics(self) -> SupportView:
        """What Microsoft has collected for diagnosis, as its support engineers see it:
        `lab.diagnostics.find("some text")`. How the documents are read on workspaces of high business impact
        is set by `lab.diagnostics.reading`. Statements data-collected, data-hbi-optout."""
        return self._parts.diagnostics

    def opens(self, cred: Credential, caller: str = "somebody") -> Openings:
        """What a credential opens, by trying it on everything. Nothing is carried out."""
        return openings(self._parts.door, cred, self._component(caller))

    def hire(self, name: str) -> Person:
        """A new person in the tenant, without any role. Raises BadInput for a name that is taken or none."""
        if type(name) is not str or not name.isidentifier() or not name.isascii():
            raise BadInput("A person has a name.", presented=brief(name), required="letters and digits")
        if name in self.people:
            raise BadInput(
                "Somebody of that name is here already.",
                presented=name,
                advice="go on with lab.people, or begin again with a new lab",
            )
        self.people[name] = hire(self._parts, self.directory, name)
        return self.people[name]

    def open_subscription(self, name: str) -> str:
        """A new subscription of the tenant, without any resource and without a cluster ever. olivia owns it.
        Returns its id; raises BadInput for a name that is taken or none."""
        if type(name) is not str or not _SUBSCRIPTION_NAME.fullmatch(name):
            raise BadInput(
                "A subscription has a name.", presented=brief(name), required="letters, digits and -"
            )
        id = f"/subscriptions/{name}"
        # Microsoft's own among them, which no tenant opens.
        if id.lower() in (*self._parts.arm.documents, MICROSOFT_SUBSCRIPTION):
            raise BadInput("There is a subscription of that name already.", presented=name)
        open_subscription(self._parts, self.people["olivia"], id)
        return id

    def sign_in(
        self, who: str, *, second_factor: bool = False, resource: str = ARM, tenant: str = TENANT
    ) -> Token:
        """Signs a person in by name, or the application by its client id, and returns the access token for
        `resource`. With `second_factor` the person also enters the code that their authenticator shows.
        Raises BadInput for a name that the lab does not know, or a SignInRefused."""
        if second_factor is not True and second_factor is not False:
            raise BadInput("With a second factor?", presented=brief(second_factor), required="True or False")
        credential = self._credential(who, second_factor)
        return self.ask(who, AzureAD.token, tenant, credential, resource).access_token

    def _credential(self, who: str, second_factor: bool) -> Credential:
        if who == CLIENT_ID:
            return ClientSecret(CLIENT_ID, CLIENT_SECRET)
        if not isinstance(who, str) or who not in self.people:
            raise BadInput(
                "Nobody of that name is in the lab.",
                presented=brief(who),
                required=", ".join([*self.people, CLIENT_ID]),
            )
        person = self.people[who]
        code = person.code(self.clock.now) if second_factor else ""
        return Password(person.upn, person.password, code)

    def activate(self, person: str | None = "carl") -> AbstractContextManager[Lab]:
        """From now on the SDK's names (`from azureml.core import Workspace`) and the real host names lead to
        this lab: until `deactivate`, or to the end of a `with`. `person` sits at the keyboard and answers
        sign-in prompts; None makes the session headless. Holds for the whole process. Raises BadInput."""
        begun: AbstractContextManager[Lab] = import_module("labkit.sdk.activation").activate(self, person)
        return begun

    def deactivate(self) -> None:
        """Ends every activation of this lab; what was loaded as `azureml` before is there again."""
        import_module("labkit.sdk.activation").deactivate(self)

    def az(self, line: str) -> str:
        """Carries out a command of az, such as "ad sp show --id your-client-id", and returns what it prints.
        olivia is logged in until `az login` says else. Raises AzError, which says what az would, or
        BadInput."""
        run: Callable[[Lab, str], str] = import_module("labkit.sdk.az").run
        return run(self, line)

    def work(self, cluster: str = CLUSTER) -> list[str]:
        """Lets a compute target carry out the runs that wait on it: a cluster, or a machine that was
        attached. Returns their run ids; raises BadInput for one that the workspace does not have. That of
        another workspace is named by its id."""
        return work(self._parts.door, self._parts.clusters, self._cluster(cluster))

    def waiting_jobs(self, cluster: str = CLUSTER) -> tuple[Job, ...]:
        """The runs that wait on a cluster, each with the ML service token that it will use: what somebody
        sees who has broken into the machine. Raises BadInput."""
        return tuple(self._cluster(cluster).jobs)

    def _cluster(self, name: str) -> ComputeCluster:
        text = name if type(name) is str else ""
        id = text if text.startswith("/") else f"{self.workspace}/computes/{text}"
        found = self.resources.get(id)
        if not isinstance(found, ComputeCluster):
            raise BadInput(
                "The workspace has no such cluster.",
                presented=brief(name),
                required=self.cluster,
                advice="if the workspace was deleted, labkit.start() gives a new lab",
            )
        return found

    def connect(self, who: str, subnet_id: str) -> None:
        """From now on the calls of somebody come from a subnet: from a machine there, or through a VPN that
        ends there. Whoever is not connected is on the internet. Raises BadInput for a subnet that is not
        there, and for a compute target, which stands where it was put. Statement net-private-link."""
        self._whereabouts.connect(self._caller(who), subnet_id)

    def disconnect(self, who: str) -> None:
        """Their calls come from the internet again. Raises BadInput for somebody who is not connected."""
        self._whereabouts.disconnect(self._caller(who))

    @property
    def vault(self) -> str:
        """The id of the key vault that the workspace depends on."""
        return self._dependency("vault")

    @property
    def storage(self) -> str:
        """The id of the storage account that the workspace depends on."""
        return self._dependency("storage")

    def _dependency(self, role: str) -> str:
        workspace = self.resources.find(self.workspace)
        assert isinstance(workspace, Workspace)
        return workspace.depends_on[role]

    def _caller(self, caller: str) -> str:
        # It stands in every log: a subclass could say one thing to one of them and another to the next.
        if type(caller) is not str or not caller:
            raise BadInput("Somebody has to ask.", presented=brief(caller), required="a name")
        return caller

    def _component(self, caller: str) -> Component:
        return self._whereabouts.component(self._caller(caller))

    def __repr__(self) -> str:
        roles = ", ".join(self.people)
        return f"Azure ML lab, release {self.release.name}, seed {self.seed}; people: {roles}; {self.clock!r}"


def start(release: str = "2020-03", seed: int | None = 2020) -> Lab:
    """A ready lab, set to a release of the documents ("2019-08", "2020-01" or "2020-03"). The same seed
    gives the same lab to the last byte, and no confidentiality; `seed=None` draws real entropy and fresh
    keys. Raises BadInput."""
    found = find_release(release)
    return _image(found.name, seed).copy() if type(seed) is int else Lab(found, seed)


# Labs of one release and one seed are copies: those who compare, start many.
@lru_cache(maxsize=_IMAGES)
def _image(release: str, seed: int) -> Image[Lab]:
    image: type[Image[Lab]] = import_module("labkit.core.image").Image
    return image(Lab(find_release(release), seed), *FIXED)


def _draw(shown: object) -> dict[str, str]:
    # Loaded when a notebook first shows something: the lab itself needs no drawing.
    renderer: Callable[[Any], dict[str, str]] = import_module("labkit.display").render
    return renderer(shown)


Shown.renderer = staticmethod(_draw)

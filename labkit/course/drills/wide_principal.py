"""Drill: the secret of an application is in the wrong hands, and it may do more than it needs to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from labkit.access.assignment import RoleAssignment
from labkit.authenticators.client_secret import ClientSecret
from labkit.core.credential import Bearer
from labkit.core.errors import BadInput, LabError, brief
from labkit.core.table import Table
from labkit.core.verdict import Verdict
from labkit.course.deeds import DEEDS, make_ready
from labkit.course.drills.facts import moment
from labkit.course.drills.incident import ATTACKER, MINUTE, ON_CALL, Incident, Worker
from labkit.course.drills.recorded import recorded
from labkit.course.drills.words import Words
from labkit.services.authorization import Authorization
from labkit.services.azure_ad import GRAPH, AzureAD
from labkit.services.graph import Graph
from labkit.services.machine_learning.workspace import Workspace
from labkit.services.resource_manager import ResourceManager

_LEAST = {"trainer": "AzureML Data Scientist", "packer": "AzureML Data Scientist", "watcher": "Reader"}
_DOES = {"trainer": "submit a run", "packer": "register a model", "watcher": "list the web services"}
# What none of them is for: tried at the end, at its own workspace and at the other one.
_NEVER = ("create compute", "change the workspace", "list the keys")
_NOT_WHEN_READING = ("submit a run", "register a model", "save a run secret")
_GRANTERS = ("hugo", "ida", "olivia")
_SCOPES = ("the resource group", "the subscription")


@dataclass
class _Application:
    """An application: what it does, where, and with which secret."""

    name: str
    client_id: str
    object_id: str
    workspace: str
    secret: str


class WidePrincipal(Incident):
    """Besides what every incident has: the `applications`, and the addresses by which Graph knows them."""

    name: ClassVar[str] = "wide-principal"
    task: ClassVar[str] = "drill-principal"
    deed: ClassVar[str] = "use the application's rights"

    def _set(self) -> None:
        lab, draw = self.lab, self._draw
        self._way, self._held = "", Bearer("")
        for name in _GRANTERS[:2]:
            self._administrator(lab.hire(name).object_id)
        for workspace in (lab.workspace, lab.other_workspace):
            make_ready(lab, workspace)
        self._apps = {
            name: self._made(name, draw.one(f"home of {name}", (lab.workspace, lab.other_workspace)))
            for name in draw.some("names", tuple(_LEAST), len(_LEAST))
        }
        self._wide = self._apps[draw.one("wide", tuple(self._apps))]
        self._stolen = ClientSecret(self._wide.client_id, self._wide.secret)
        self._role = draw.one("role", ("Contributor", "Owner"))
        self._place = draw.one("scope", _SCOPES)
        self._scope = {_SCOPES[0]: lab.resource_group, _SCOPES[1]: lab.subscription}[self._place]
        self.workers = tuple(
            Worker(
                *(
                    one.name,
                    f"{_DOES[one.name]} in {one.workspace.rpartition('/')[2]}",
                    partial(self._work, one),
                ),
                5 * MINUTE if one is self._wide else 0,
            )
            for one in self._apps.values()
        )
        self._live_through()

    def _administrator(self, object_id: str) -> None:
        """Somebody who may assign roles, since before any log that is kept."""
        roles, name = self.lab.parts.access.roles, self.lab.directory.name_of(object_id)
        role = roles.definitions.find("User Access Administrator").id
        id = self.lab.parts.entropy.uuid(f"drill/administrator/{object_id}")
        roles.add(RoleAssignment(id, object_id, role, self.lab.subscription, name))

    def _made(self, name: str, workspace: str) -> _Application:
        """An application with a secret, as olivia makes it."""
        lab, graph = self.lab, f"{GRAPH}/{self.lab.tenant}"
        token = lab.sign_in(ON_CALL, resource=GRAPH).bearer
        client_id = lab.ask(ON_CALL, Graph.register, f"{graph}/applications", token, name)["appId"]
        secret = lab.parts.entropy.text(f"drill/secret of {name}")
        lab.ask(ON_CALL, Graph.set_secret, f"{graph}/applications/{client_id}", token, secret)
        made = lab.ask(ON_CALL, Graph.add_service_principal, f"{graph}/servicePrincipals", token, client_id)
        return _Application(name, client_id, made["objectId"], workspace, secret)

    def _sign_in(self, cred: ClientSecret, caller: str) -> Bearer:
        return self.lab.ask(caller, AzureAD.token, self.lab.tenant, cred).access_token.bearer

    def _work(self, one: _Application) -> Any:
        bearer = self._sign_in(ClientSecret(one.client_id, one.secret), one.name)
        return DEEDS[_DOES[one.name]](self.lab, one.workspace, one.name, bearer)

    def _grant(self, who: str, one: _Application, role: str, scope: str) -> None:
        bearer = self.lab.sign_in(who).bearer
        self.lab.ask(who, Authorization.assign, scope, bearer, role, one.object_id)

    def _live_through(self) -> None:
        """Roles are given, the pipelines work, and somebody finds a secret."""
        self._granter = ""
        for one in self._apps.values():
            granter = self._draw.one(f"granter of {one.name}", _GRANTERS)
            if one is self._wide:
                self._granter, self._granted = granter, self.lab.clock.now
                self._grant(granter, one, self._role, self._scope)
            else:
                self._grant(granter, one, _LEAST[one.name], one.workspace)
            self.lab.clock.advance(MINUTE * (5 + self._draw.number(f"pause after {one.name}", 40)))
        for turn in range(2 + self._draw.number("begin", 3)):
            self._turn(turn)
        self.lab.clock.advance(MINUTE * (3 + self._draw.number("quiet", 9)))
        self._since = self.lab.clock.now
        self._act(ATTACKER, self.attack)
        if self._role == "Owner":
            self._stay()
        for turn in range(10, 12):
            self._turn(turn)
            self._act(ATTACKER, self.attack)
        self.lab.clock.advance(17 * MINUTE)
        self._brief()

    def _stay(self) -> None:
        """The attacker gives the application another role, further down, in case somebody tidies up."""
        self.lab.clock.advance(2 * MINUTE)
        bearer = self._sign_in(self._stolen, "somebody")
        role = self._draw.one("back door", ("Contributor", "Storage Account Key Operator Service Role"))
        self.lab.ask("somebody", Authorization.assign, self._target, bearer, role, self._wide.object_id)

    @property
    def _target(self) -> str:
        """The storage account of the workspace that the application has no business with."""
        lab = self.lab
        other = lab.workspace if self._wide.workspace == lab.other_workspace else lab.other_workspace
        workspace = lab.resources.find(other)
        assert isinstance(workspace, Workspace)
        return workspace.depends_on["storage"]

    def _turn(self, turn: int) -> None:
        for one in self.workers:
            self.lab.clock.advance(MINUTE * (3 + self._draw.number(f"turn/{turn}/{one.name}", 25)))
            self._act(one.name, one.work)
        # Somebody who may, and has always done so: a Contributor, at the workspace's own account.
        carl = self.lab.sign_in("carl").bearer
        self.lab.ask("carl", ResourceManager.post, self.lab.storage, carl, "listKeys")

    def _brief(self) -> None:
        words, wide, names = Words(self.name), self._wide, sorted(self._apps)
        self._briefing = words.briefing()
        roles = ("AzureML Data Scientist", "Contributor", "Owner", "Reader", "User Access Administrator")
        scopes = (*_SCOPES, "the workspace", "the storage account")
        self._facts = (
            words.fact("application", wide.name, names, dict.fromkeys(names, "who-signs-in-often")),
            words.fact("role", self._role, roles, {_LEAST[wide.name]: "it-has-what-it-needs"}),
            words.fact("scope", self._place, scopes, {"the storage account": "the-last-is-the-cause"}),
            words.fact(
                "granted by", self._granter, (*_GRANTERS, *names), {wide.name: "the-last-is-the-cause"}
            ),
            words.fact("since", moment(self._since), (), {moment(self._granted): "granted-is-misused"}),
        )

    def attack(self) -> object:
        """Signs in with what leaked, and uses it, and what came of earlier sign-ins."""
        verdict = Verdict.of(lambda: self._sign_in(self._stolen, "somebody"))
        if verdict.value is not None:
            self._held = verdict.value
        try:
            self._way = ": they listed the keys of a storage account"
            return self.lab.ask("somebody", ResourceManager.post, self._target, self._held, "listKeys")
        except LabError:
            if verdict.value is None:
                raise
            self._way = ": they signed in with the secret from the log"
            return None

    def how(self) -> str:
        """What they did."""
        return self._way

    def more(self) -> str:
        """What the application may still do that it has no need of, by trying."""
        one, lab = self._wide, self.lab
        bearer = self._sign_in(ClientSecret(one.client_id, one.secret), one.name)
        never = (*_NEVER, *(_NOT_WHEN_READING if _LEAST[one.name] == "Reader" else ()))
        other = lab.workspace if one.workspace == lab.other_workspace else lab.other_workspace
        tries = [(deed, one.workspace) for deed in never] + [("look at the workspace", other)]
        for deed, at in tries:
            if Verdict.of(partial(DEEDS[deed], lab, at, one.name, bearer)):
                return f"The attacker is out. {one.name} may still {deed}, in {at.rpartition('/')[2]}."
        if lab.attempt(one.name, ResourceManager.post, self._target, bearer, "listKeys"):
            return f"The attacker is out. {one.name} may still list the keys of that storage account."
        return ""

    @recorded
    def hand_out(self, application: str, secret: str) -> None:
        """Has a pipeline sign in with another secret from now on. Takes a minute. Raises BadInput."""
        one = self._apps.get(application) if type(application) is str else None
        if one is None:
            raise BadInput(
                "There is no such application.", presented=brief(application), required=", ".join(self._apps)
            )
        if type(secret) is not str or not secret:
            raise BadInput("A secret is a text.", required="the text that the application was given")
        self.step(lambda: setattr(one, "secret", secret))

    def address(self, application: str) -> str:
        """The address by which Graph knows an application. Raises BadInput."""
        if type(application) is not str or application not in self._apps:
            raise BadInput(
                "There is no such application.", presented=brief(application), required=", ".join(self._apps)
            )
        return f"{GRAPH}/{self.lab.tenant}/applications/{self._apps[application].client_id}"

    @property
    def applications(self) -> Table:
        """Their names, the object ids of their service principals, what they do, and where."""
        rows = [(one.name, one.object_id, _DOES[one.name], one.workspace) for one in self._apps.values()]
        return Table(("application", "object id", "does", "workspace"), rows)

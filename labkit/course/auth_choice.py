"""Key or token? Each need that a team may have is tried with both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import labkit
from labkit.core.choice import choice
from labkit.core.credential import Credential
from labkit.core.table import Table, Tabular
from labkit.core.verdict import Verdict
from labkit.course.scenes import give
from labkit.course.service_clients import CLIENTS, lived
from labkit.course.service_scene import OWNER, deploy, fetch, keys_of, opens, regenerate
from labkit.course.stepping import uncounted
from labkit.lab import Lab
from labkit.services.authorization import Authorization
from labkit.services.machine_learning.scoring import Scoring
from labkit.services.machine_learning.web_services import WebService, WebServices

FORMS = ("key", "token")
# The client that does each form as it is meant to be done.
_DILIGENT = {"key": "holds a key", "token": "refreshes on time"}


def _accepted(lab: Lab, service: WebService, cred: Credential) -> bool:
    return lab.attempt("caller", Scoring.score, service.address, cred, "[1, 2, 3]").accepted


def _credential(lab: Lab, service: WebService) -> Credential:
    return keys_of(lab, service)[0] if service.auth == "key" else opens(fetch(lab, service))


def _now(lab: Lab, service: WebService, who: str, held: Credential) -> Credential:
    """What somebody calls with by now who held this: a new token, where one is to be had."""
    if service.auth == "key":
        return held
    return Verdict.of(lambda: opens(fetch(lab, service, who))).value or held


def _on_aci(lab: Lab, form: str) -> bool:
    return Verdict.of(lambda: deploy(lab, form, target="aci")).accepted


def _nothing_to_renew(lab: Lab, form: str) -> bool:
    service = deploy(lab, form)
    credential = _credential(lab, service)
    lab.clock.advance("365d")
    return _accepted(lab, service, credential)


def _ends_by_itself(lab: Lab, form: str) -> bool:
    service = deploy(lab, form)
    stolen = _credential(lab, service)
    lab.clock.advance("1d")
    return not _accepted(lab, service, stolen)


def _ends_when_asked(lab: Lab, form: str) -> bool:
    """Whether the owner can end one credential at once, while another one of the same service goes on."""
    service = deploy(lab, form)
    stolen: Credential
    other: Credential
    if form == "key":
        stolen, other = keys_of(lab, service)
        regenerate(lab, service, "Primary")
    else:
        # Of two people: at one moment, one gets the same token twice.
        stolen, other = opens(fetch(lab, service, "carl")), opens(fetch(lab, service, "rita"))
        # There is nothing to regenerate. What the owner can do is to enable keys and then tokens again, which
        # ends every token.
        token = lab.sign_in(OWNER).bearer
        for keys, tokens in ((True, None), (None, True)):
            lab.ask(OWNER, WebServices.update_aks, lab.workspace, token, service.name, keys, tokens)
    return _accepted(lab, service, other) and not _accepted(lab, service, stolen)


def _region_may_go_down(lab: Lab, form: str) -> bool:
    name = _DILIGENT[form]
    return lived(lab, {name: CLIENTS[name]}, range(0, 181, 5), outage=(30, 150)).refused(name) == 0


def _no_account(lab: Lab, form: str) -> bool:
    """Whether somebody without any role, to whom a credential was handed once, still gets in the next day."""
    service = deploy(lab, form)
    handed = _credential(lab, service)
    lab.hire("visitor")
    lab.clock.advance("1d")
    return _accepted(lab, service, _now(lab, service, "visitor", handed))


def _one_shut_out(lab: Lab, form: str) -> bool:
    """Whether one of three callers can be shut out by the next day, and the other two notice nothing."""
    service = deploy(lab, form)
    names = ("dora", "emil", "finn")
    for name in names:
        lab.hire(name)
    roles = {name: give(lab, name, "Reader", lab.workspace) for name in names}
    held: dict[str, Credential] = {}
    if form == "key":
        primary, secondary = keys_of(lab, service)
        held.update(zip(names, (primary, secondary, primary), strict=True))
    else:
        held.update((name, opens(fetch(lab, service, name))) for name in names)
    lab.ask(OWNER, Authorization.unassign, roles["dora"], lab.sign_in(OWNER).bearer)
    if form == "key":
        regenerate(lab, service, "Primary")
    lab.clock.advance("1d")
    answered = [_accepted(lab, service, _now(lab, service, name, held[name])) for name in names]
    return answered == [False, True, True]


# What a team may need, and how a form (key, token) is tried for it in a lab of its own.
NEEDS: Mapping[str, Callable[[Lab, str], bool]] = {
    "runs on ACI": _on_aci,
    "callers have nothing to renew": _nothing_to_renew,
    "callers have no account": _no_account,
    "the workspace's region may go down": _region_may_go_down,
    "a stolen credential can be ended at once": _ends_when_asked,
    "a stolen credential ends by itself": _ends_by_itself,
    "one caller can be shut out alone": _one_shut_out,
}


@dataclass(frozen=True, repr=False)
class AuthChoice(Tabular):
    """Each need with the forms that meet it, found by trying."""

    met: Mapping[str, tuple[str, ...]]

    @property
    def form(self) -> str:
        """The form that meets all needs: "key", "token", "either" or "neither"."""
        fitting = [form for form in FORMS if all(form in met for met in self.met.values())]
        if len(fitting) == 1:
            return fitting[0]
        return "either" if fitting else "neither"

    @property
    def why(self) -> str:
        """The advice with its reason, in a line."""
        if self.form == "either":
            return "Either. Keys are the simpler way: there is no sign-in and nothing to renew."
        if self.form == "neither":
            return "Neither meets all of it: split the service in two, or give up a need."
        other = next(form for form in FORMS if form != self.form)
        failing = [need for need, met in self.met.items() if other not in met]
        return f"Choose {self.form}s. {other.capitalize()}s do not meet: {'; '.join(failing)}."

    def as_table(self) -> Table:
        """One row for each need."""
        rows = [
            (need, *("met" if form in met else "NOT MET" for form in FORMS)) for need, met in self.met.items()
        ]
        return Table(("need", *FORMS), rows, caption=self.why)


def key_or_token(*needs: str, release: str = "2020-03", seed: int | None = 2020) -> AuthChoice:
    """Which form of authentication meets these NEEDS, all of them if none is named. Each is tried with both
    forms, in a lab of its own. Raises BadInput. Statements svc-key-static, svc-token-expires,
    svc-token-region, svc-regen-key, svc-no-sp-needed."""
    chosen = [choice("need", need, NEEDS) for need in needs or NEEDS]

    def meets(need: str, form: str) -> bool:
        return uncounted(lambda: NEEDS[need](labkit.start(release, seed), form))

    return AuthChoice({need: tuple(form for form in FORMS if meets(need, form)) for need in chosen})

"""One client and one web service: how the client gets in, what happens meanwhile, and what it is answered."""

from __future__ import annotations

import labkit
from labkit.core.choice import choice
from labkit.core.clock import seconds
from labkit.core.credential import Anonymous, Credential
from labkit.core.errors import BadInput, brief
from labkit.course.case import Case, Steps
from labkit.course.service_clients import CLUSTER_REGION
from labkit.course.service_scene import deploy, fetch, keys_of, opens, regenerate
from labkit.course.stepping import uncounted
from labkit.lab import Lab
from labkit.services.machine_learning.scoring import Scoring
from labkit.services.machine_learning.service_forms import FORMS
from labkit.services.machine_learning.web_services import WebService

# Which of the two keys is regenerated while the client holds the primary one.
ROTATED = {"nothing": "", "the key in use": "Primary", "the other key": "Secondary"}
CLIENTS = ("keeps what it has", "gets a new one first")


def service_case(
    target: str = "aks",
    form: str = "token",
    age: str = "61m",
    rotated: str = "nothing",
    region: str = "up",
    client: str = CLIENTS[0],
    release: str = "2020-03",
    seed: int | None = 2020,
) -> Case:
    """Deploys a service on a `target` (aci, aks) that takes a `form` (key, token, none), and lets a client
    get what opens it. Then `age` passes, a key is regenerated, the region of the workspace goes down, in this
    order and as far as the arguments say; and the client calls. A service on AKS runs in another region than
    the workspace, one on ACI in the same. The last step is the call, or the deployment where there is nothing
    to call. Raises BadInput."""
    choice("target", target, FORMS)
    choice("form of authentication", form, FORMS["aks"])
    _check_events(age, rotated, region, client)
    lab = uncounted(lambda: labkit.start(release, seed))
    case = Steps()
    wanted = f"deploy on {target.upper()}, authentication by {form}"
    service = case.attempt(wanted, lambda: deploy(lab, form, target=target, region=CLUSTER_REGION))
    if service is None:
        return Case(tuple(case.done))
    held = _get(case, lab, service)
    lab.clock.advance(age)
    case.note(f"{age} pass")
    if ROTATED[rotated]:
        case.attempt(f"regenerate {rotated}", lambda: regenerate(lab, service, ROTATED[rotated]))
    if region == "down":
        lab.switchboard.down(lab.resources.find(lab.workspace).region)
        case.note("the workspace's region goes down")
    if client != CLIENTS[0]:
        held = _get(case, lab, service, ", again") or held
    _call(case, lab, service, held or Anonymous())
    return Case(tuple(case.done))


def _check_events(age: object, rotated: str, region: str, client: str) -> None:
    # The very type: it is written into the steps, and a subclass may write something else.
    if type(age) is not str:
        raise BadInput("How much time passes?", presented=brief(age), required='a text such as "61m" or "2d"')
    seconds(age)
    choice("key to regenerate", rotated, ROTATED)
    choice("state of the region", region, ("up", "down"))
    choice("client", client, CLIENTS)


_GETS = {"key": "get the keys", "token": "sign in and get a token"}


def _get(case: Steps, lab: Lab, service: WebService, again: str = "") -> Credential | None:
    """What opens the service, by the way to get it; None where there is nothing to get, or it is refused."""
    if service.auth not in _GETS:
        return None
    get = {"key": lambda: keys_of(lab, service)[0], "token": lambda: opens(fetch(lab, service))}[service.auth]
    return case.attempt(_GETS[service.auth] + again, get)


def _call(case: Steps, lab: Lab, service: WebService, cred: Credential) -> None:
    case.attempt("call the service", lambda: lab.ask("client", Scoring.score, service.address, cred, "[1]"))

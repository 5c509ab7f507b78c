"""Two exercises of 04-web-service-keys-vs-tokens: a configuration that protects, and keys that are rotated."""

from __future__ import annotations

import inspect
from importlib import import_module
from types import NoneType
from typing import Any

from labkit.authenticators.service_key import ServiceKey
from labkit.core.credential import Anonymous
from labkit.core.errors import brief
from labkit.course.checking import NotUsable, as_mapping
from labkit.course.describing import describe, is_one_of
from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.rotation import Interruption, KeyHolders, Step, as_steps
from labkit.course.service_clients import answer_of
from labkit.course.service_scene import MODEL, OWNER, deploy
from labkit.course.stepping import uncounted
from labkit.furniture import CLIENT_ID, CLIENT_SECRET, SUBSCRIPTION, TENANT
from labkit.lab import Lab
from labkit.services.machine_learning.models import Models
from labkit.services.machine_learning.scoring import Scoring
from labkit.services.resource_id import group_of, name_of

NOTEBOOK = "04-web-service-keys-vs-tokens.ipynb"


def _arguments(answer: object) -> dict[str, Any]:
    """The keyword arguments, with plain values. Raises NotUsable."""
    arguments = as_mapping(answer, at_most=30)
    for name, value in arguments.items():
        if not name.isidentifier() or len(name) > 60:
            raise NotUsable(f"{brief(name)} is no name of an argument.")
        if not is_one_of(type(value), (NoneType, bool, int, float, str)):
            raise NotUsable(
                f"What you give for {name} is {describe(value)}. It should be True, False, a number or a text."
            )
    return arguments


def _deployed(lab: Lab, arguments: dict[str, Any]) -> Any:
    """The service, deployed to ACI under the SDK's names, or the Result that says why there is none. Raises
    what the SDK raises."""
    core, model = import_module("azureml.core"), import_module("azureml.core.model")
    kinds = import_module("azureml.core.webservice")
    principal = import_module("azureml.core.authentication").ServicePrincipalAuthentication
    try:
        configuration = kinds.AciWebservice.deploy_configuration(**arguments)
    except TypeError:
        # By now it is known that all values are plain: what is left to object to is a name.
        return _no_such_argument(kinds, arguments)
    ws = core.Workspace(
        SUBSCRIPTION.rpartition("/")[2],
        name_of(group_of(lab.workspace)),
        name_of(lab.workspace),
        auth=principal(TENANT, CLIENT_ID, CLIENT_SECRET),
    )
    lab.ask(OWNER, Models.register, lab.workspace, lab.sign_in(OWNER).bearer, MODEL, b"weights")
    return model.Model.deploy(ws, "sample", [model.Model(ws, MODEL)], deployment_config=configuration)


def _no_such_argument(kinds: Any, arguments: dict[str, Any]) -> Result:
    on_aci, on_aks = (
        inspect.signature(kind.deploy_configuration).parameters
        for kind in (kinds.AciWebservice, kinds.AksWebservice)
    )
    unknown = next(name for name in arguments if name not in on_aci)
    return Result.wrong(
        f"AciWebservice.deploy_configuration raises TypeError: it has no argument {unknown}. Nothing was deployed.",
        "aks-is-aci" if unknown in on_aks else "nearly-right-is-read",
    )


def _check_protect(answer: object, bench: Bench) -> Result:
    arguments = _arguments(answer)
    lab = bench.lab()
    return uncounted(lambda: _try_to_get_in(lab, arguments))


def _try_to_get_in(lab: Lab, arguments: dict[str, Any]) -> Result:
    with lab.activate(person=None):
        service = _deployed(lab, arguments)
        if isinstance(service, Result):
            return service
        nothing = lab.attempt("mallory", Scoring.score, service.scoring_uri, Anonymous(), "[1, 2, 3]")
        if nothing.accepted:
            found = f"The service is {service.state}. mallory called it with nothing, and was answered 200."
            return Result.wrong(found, "protected-by-default")
        key = ServiceKey(service.get_keys()[0])
        keyed = lab.attempt("client", Scoring.score, service.scoring_uri, key, "[1, 2, 3]")
    said = f"mallory, with nothing: {answer_of(nothing)}. A client with the primary key: {answer_of(keyed)}."
    return Result.right(said) if keyed.accepted else Result.not_yet(said)


PROTECT = Exercise(
    id="svc-protect",
    notebook=NOTEBOOK,
    title="The sample that everybody believes",
    minutes=5,
    prompt="""
This is how the how-to of 2019-12 configures a service on ACI. Whoever reads it believes that the service asks for a key:

    aci_config = AciWebservice.deploy_configuration(cpu_cores = 1, memory_gb = 1, auth_enable=True)

Set `answer` to a dict of keyword arguments for `AciWebservice.deploy_configuration`, with which it does. A service is deployed with
them in a fresh lab. Then mallory calls it with nothing and is to be refused; a client calls it with the primary key and is to be
answered.
""",
    starter='answer = {"cpu_cores": 1, "memory_gb": 1, "auth_enable": True}',
    solution='answer = {"cpu_cores": 1, "memory_gb": 1, "auth_enabled": True}',
    hints=(
        "Run the sample as it is, in a lab that is active. What does Python say of it?",
        "Taking out what Python objects to is a way to have a service. Who gets into it then?",
        "help(AciWebservice.deploy_configuration) lists the arguments. One of them is very close to the sample's.",
    ),
    explanation="The sample fails, and that is the good case. What is dangerous is the next minute, in which somebody leaves out "
    "what does not work: then there is a service, it is healthy, and it is open to everybody. So call once, with nothing in your hands, whatever you have deployed.",
    check=_check_protect,
    wrong=(
        WrongAnswer(
            'answer = {"cpu_cores": 1, "memory_gb": 1, "auth_enable": True}',
            "nearly-right-is-read",
            "Python does not take one argument for another. In a format that ignores what it does not know, this would "
            "have been an open service, and no error.",
        ),
        WrongAnswer(
            'answer = {"cpu_cores": 1, "memory_gb": 1}',
            "protected-by-default",
            "On ACI nothing is asked for unless somebody says so. It is AKS where keys are on by default.",
        ),
        WrongAnswer(
            'answer = {"cpu_cores": 1, "memory_gb": 1, "token_auth_enabled": True}',
            "aks-is-aci",
            "AKS has an argument of this name. ACI has neither the name nor what it stands for.",
        ),
    ),
)

HOLDERS = {"shop": "Primary", "phone line": "Primary", "night job": "Secondary"}


def _check_rotate(answer: object, bench: Bench) -> Result:
    steps = as_steps(answer, tuple(HOLDERS))
    if not steps:
        return Result.not_yet("There is no step in the answer yet.")
    return uncounted(lambda: _rotated(bench.lab(), steps))


def _rotated(lab: Lab, steps: list[Step]) -> Result:
    holders = KeyHolders(lab, deploy(lab, "key"), HOLDERS)
    interruption = holders.follow(steps)
    if interruption is not None:
        return Result.wrong(str(interruption), _belief(steps, interruption))
    alive = [which for which, opens in holders.alive.items() if opens]
    if len(alive) == len(holders.first):
        return Result.wrong(
            "Nobody was refused. Both keys of the beginning still open the service.", "moving-is-rotating"
        )
    if alive:
        found = f"Nobody was refused. The {alive[0].lower()} key of the beginning still opens the service."
        return Result.wrong(found, "one-is-enough")
    return Result.right(
        f"{len(steps)} steps, {len(steps) * len(HOLDERS)} calls, all answered. Both old keys are refused."
    )


def _belief(steps: list[Step], found: Interruption) -> str:
    """What somebody believes whose clients are refused after this step."""
    if any(one[0] == "regenerate" for one in steps[: found.number - 1]):
        return "the-other-is-free-now"
    later = any(one[:2] == ("switch", found.client) for one in steps[found.number :])
    return "clients-come-after" if later else "old-keys-linger"


def _steps(*steps: Step) -> str:
    return "\n".join(["answer = [", *(f"    {one!r},".replace("'", '"') for one in steps), "]"])


_FIRST, _SECOND = ("regenerate", "Primary"), ("regenerate", "Secondary")
_AWAY: tuple[Step, ...] = (("switch", "shop", "Secondary"), ("switch", "phone line", "Secondary"))
_BACK: tuple[Step, ...] = tuple(("switch", client, "Primary") for client in HOLDERS)

ROTATE = Exercise(
    id="svc-rotate",
    notebook=NOTEBOOK,
    title="Two new keys, and nobody notices",
    minutes=8,
    prompt="""
Three clients call a service on AKS day and night. The `shop` and the `phone line` hold its primary key, the `night job` holds its
secondary key. Both keys have been in use for too long: in the end the service is to have two other ones, and neither of the old ones
may open it any more. No client is ever to be refused.

There are two kinds of step:

- `("regenerate", "Primary")` or `("regenerate", "Secondary")`: olivia regenerates this key
- `("switch", "shop", "Secondary")`: a client is given this key, as it is by then, and forgets the one it held

After each step all three clients call. Set `answer` to the list of steps. The two that you find there are the how-to's sample.
""",
    starter=_steps(_FIRST, _SECOND),
    solution=_steps(*_AWAY, _FIRST, *_BACK, _SECOND),
    hints=(
        "A regenerated key is refused at once, in whoever's hands it is. Which key does nobody hold, and how could you bring that about?",
        "Draw a table with a row for each step: who holds which key? Before each regeneration one column has to be empty.",
        "After half of the way all three hold the same key, and it is the old one. They have to move once more, to the one that is new.",
    ),
    explanation="That is what the second key is for: everybody moves to the one that stays, the other one is replaced, everybody "
    "moves again. The work is in the moving: a service cannot say who still holds the old key, so somebody needs a list of its clients.",
    check=_check_rotate,
    wrong=(
        WrongAnswer(
            _steps(_FIRST, _SECOND),
            "old-keys-linger",
            "There is no time in which the old and the new value both work.",
        ),
        WrongAnswer(
            _steps(_FIRST, *_BACK, _SECOND),
            "clients-come-after",
            "Handing out the new key comes too late for who holds the old one.",
        ),
        WrongAnswer(
            _steps(*_AWAY, _FIRST, _SECOND),
            "the-other-is-free-now",
            "By then everybody holds this one. What was regenerated before has to be handed out first.",
        ),
        WrongAnswer(
            _steps(*_AWAY, _FIRST, *_BACK),
            "one-is-enough",
            "Whoever copied that key in all this time still gets in.",
        ),
        WrongAnswer(
            _steps(*_AWAY),
            "moving-is-rotating",
            "A key does not end when nobody honest holds it any more.",
        ),
    ),
)

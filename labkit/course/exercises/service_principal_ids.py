"""Predictions and an exercise of 02-service-principals: which of the two ids goes where."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from typing import Any

from labkit.core.errors import LabError, brief
from labkit.core.verdict import Verdict
from labkit.course.checking import as_mapping, as_text
from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.prediction import Prediction
from labkit.course.stepping import uncounted
from labkit.furniture import CLIENT_ID, CLIENT_SECRET, TENANT
from labkit.lab import Lab
from labkit.sdk.azureml.authentication import ServicePrincipalAuthentication

NOTEBOOK = "02-service-principals.ipynb"
OBJECT_ID = "your-sp-object-id"
_VERDICTS = ("accepted", "refused")

PREDICTIONS = (
    Prediction(
        id="sp-first-call",
        notebook=NOTEBOOK,
        question="ml-auth was made with az ad sp create-for-rbac --sdk-auth --name ml-auth. Nobody has shared a workspace "
        "with it yet. It reads ml-example.",
        options=_VERDICTS,
    ),
    Prediction(
        id="sp-other-workspace",
        notebook=NOTEBOOK,
        question="The same ml-auth, with which nobody has shared anything, reads your-workspace-name, another workspace of the "
        "subscription.",
        options=_VERDICTS,
    ),
    Prediction(
        id="sp-client-id-as-user",
        notebook=NOTEBOOK,
        question="Somebody shares ml-example with --user your-client-id: the clientId from the JSON.",
        options=_VERDICTS,
    ),
    Prediction(
        id="sp-after-expiry",
        notebook=NOTEBOOK,
        question="ml-auth gets a token at nine o'clock and shows it 61 minutes later.",
        options=_VERDICTS,
    ),
    Prediction(
        id="msal-can",
        notebook=NOTEBOOK,
        question="The how-to of December 2019 says that MSAL cannot sign in an application by its secret. Today's msal is "
        "asked to. What comes back?",
        options=("a token", "an error"),
    ),
    Prediction(
        id="headless",
        notebook=NOTEBOOK,
        question="A pipeline runs at night, with nobody at the keyboard. It calls Workspace.get without auth=.",
        options=("signs in", "fails"),
    ),
    Prediction(
        id="carl-creates",
        notebook=NOTEBOOK,
        question="carl, a Contributor of the resource groups, runs az ad sp create-for-rbac --sdk-auth --name carls. Which step is the "
        "first to be refused?",
        options=(
            *("Create application", "Update application", "Create service principal"),
            *("Create role assignment", "none"),
        ),
    ),
)


def az(lab: Lab, command: str) -> str:
    """What a command of az answers, without what it says besides. Raises AzError or BadInput."""
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        return uncounted(lambda: lab.az(command))


def follow_the_how_to(lab: Lab) -> None:
    """The command that the how-to makes ml-auth with: its first secret has been printed afterwards."""
    az(lab, "ad sp create-for-rbac --sdk-auth --name ml-auth")


def share(lab: Lab, user: str, role: str = "contributor") -> None:
    """The command that the how-to shares ml-example with. Raises AzError."""
    az(lab, "extension add -n azure-cli-ml")
    where = "-w ml-example -g your-resource-group-name"
    az(lab, f"ml workspace share {where} --user {user} --role {role}")


def _login(lab: Lab, id: str) -> None:
    az(lab, f"login --service-principal --username {id} --password {CLIENT_SECRET} --tenant {TENANT}")


def _assign(lab: Lab, id: str) -> None:
    az(lab, f"role assignment create --role reader --scope {lab.workspace} --assignee {id}")


def _sdk(lab: Lab, id: str) -> None:
    def header() -> dict[str, str]:
        with lab.activate(person=None):
            return ServicePrincipalAuthentication(TENANT, id, CLIENT_SECRET).get_authentication_header()

    uncounted(header)


def _claim(name: str) -> Callable[[Lab, str], None]:
    def compare(lab: Lab, id: str) -> None:
        found = lab.sign_in(CLIENT_ID).claims[name]
        if found != id:
            raise LabError(f"the claim is {found}")

    return compare


_PLACES: dict[str, Callable[[Lab, str], Any]] = {
    "share": share,
    "show": lambda lab, id: json.loads(az(lab, f"ad sp show --id {id}"))["objectId"],
    "assign": _assign,
    "login": _login,
    "sdk": _sdk,
    "appid": _claim("appid"),
    "oid": _claim("oid"),
}
_IDS = {"client id": CLIENT_ID, "object id": OBJECT_ID}
_WORDS = (*_IDS, "either")


def _tried(bench: Bench, place: str) -> dict[str, Verdict[Any]]:
    """What comes of each of the two ids there, in a lab of its own."""
    return {word: Verdict.of(lambda id=id: _PLACES[place](bench.lab(), id)) for word, id in _IDS.items()}  # type: ignore[misc]


def _belief(place: str, said: str) -> str:
    if place == "share":
        return "the-id-of-the-json" if said == "client id" else "every-command-looks-it-up"
    if place in ("show", "assign"):
        return "only-as-printed"
    return "claims-swapped" if place in ("appid", "oid") else "object-ids-sign-in"


def _check_ids(answer: object, bench: Bench) -> Result:
    given = as_mapping(answer, at_most=20)
    said = {
        key: as_text(value, what=f"What you say of {brief(key)}").strip().lower()
        for key, value in given.items()
    }
    if unknown := sorted(brief(one) for one in said.keys() - _PLACES.keys()):
        return Result.not_yet(f"Not among the seven: {', '.join(unknown)}. They are {', '.join(_PLACES)}.")
    for place in _PLACES:
        if said.get(place) not in _WORDS:
            found = f", and not {brief(given[place])}" if place in given else ""
            return Result.not_yet(
                f'For {place!r} the answer has to say "client id", "object id" or "either"{found}.'
            )
    for place in _PLACES:
        tried = _tried(bench, place)
        works = [word for word, verdict in tried.items() if verdict]
        if said[place] != (works[0] if len(works) == 1 else "either"):
            found = "; ".join(f"the {word}: {_outcome(verdict)}" for word, verdict in tried.items())
            more = _asked(bench, place) if said[place] == "either" else ""
            return Result.wrong(f"{place!r}, tried with {found}.{more}", _belief(place, said[place]))
    return Result.right()


def _asked(bench: Bench, place: str) -> str:
    """Whom a place that is given the client id asks until somebody says no, in a sentence."""
    lab = bench.lab()
    begin = len(lab.trace)
    Verdict.of(lambda: _PLACES[place](lab, CLIENT_ID))
    hops = [hop for hop in lab.trace[begin:] if hop.parent == 0]
    refused = next((at for at, hop in enumerate(hops, 1) if not hop.ok), len(hops))
    asked = ", ".join(dict.fromkeys(hop.service for hop in hops[:refused]))
    return f" Until then these were asked: {asked}."


def _outcome(verdict: Verdict[Any]) -> str:
    if verdict.refusal is None:
        return "it works"
    cause = verdict.refusal.__cause__
    said = cause if isinstance(cause, LabError) else verdict.refusal
    return f"it does not ({said.heading.rstrip('.')})"


def _ids(*words: str) -> str:
    return f"answer = {dict(zip(_PLACES, words, strict=True))!r}"


_C, _O, _E = _WORDS

IDS = Exercise(
    id="sp-ids",
    notebook=NOTEBOOK,
    title="Which id goes where",
    minutes=6,
    prompt="""
ml-auth has two ids: the **client id** `your-client-id` (of its registration; also called application id, appId, clientId) and the
**object id** `your-sp-object-id` (of its service principal). Which of them works in each of these places, or does either?

- `"share"`: `az ml workspace share … --user ID`
- `"show"`: `az ad sp show --id ID`
- `"assign"`: `az role assignment create … --assignee ID`
- `"login"`: `az login --service-principal --username ID …`
- `"sdk"`: `ServicePrincipalAuthentication(…, service_principal_id=ID, …)`
- `"appid"`: which one stands in the claim `appid` of its tokens
- `"oid"`: which one stands in the claim `oid`

Set `answer` to a dict with these seven keys, and `"client id"`, `"object id"` or `"either"` for each. You may try them first.
""",
    starter="answer = {}",
    solution=_ids(_O, _E, _E, _C, _C, _C, _O),
    hints=(
        "Two questions are asked in these places: who is signing in, and who is to get something. They are about different objects.",
        "Whoever signs in names the registration, which has the secrets. Whoever gets a role is an object in the directory.",
        "Some commands look up in the directory what they are given, under any of its names. Try each with the id that the how-to "
        "does not print there.",
    ),
    explanation="The registration signs in, and the service principal holds roles. az ad and az role search the directory by any name; "
    "az ml workspace share hands on what it is given, and so does every API of role assignments. A parameter called "
    "service_principal_id takes the client id all the same: go by what a place does, and not by what it is called.",
    check=_check_ids,
    wrong=(
        WrongAnswer(
            _ids(_C, _E, _E, _C, _C, _C, _O),
            "the-id-of-the-json",
            "The JSON of create-for-rbac has no object id in it. A role is given to the service principal, and this command does "
            "not look that up for you.",
        ),
        WrongAnswer(
            _ids(_E, _E, _E, _C, _C, _C, _O),
            "every-command-looks-it-up",
            "This one does not ask the directory: what it is given goes into the role assignment as it is.",
        ),
        WrongAnswer(
            _ids(_O, _C, _O, _C, _C, _C, _O),
            "only-as-printed",
            "That one of them is in the documents does not mean that the other is refused: this command looks in the directory.",
        ),
        WrongAnswer(
            _ids(_O, _E, _E, _O, _O, _C, _O),
            "object-ids-sign-in",
            "Secrets belong to the registration, so whoever shows one names the registration, whatever the parameter is called.",
        ),
        WrongAnswer(
            _ids(_O, _E, _E, _C, _C, _O, _C),
            "claims-swapped",
            "app is short for application, which is the registration; oid is short for object id.",
        ),
    ),
)

EXERCISES = (IDS,)

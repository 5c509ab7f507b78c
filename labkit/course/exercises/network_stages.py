"""An exercise of 06-network-and-transit: at which stage each of eight calls stops."""

from __future__ import annotations

from collections.abc import Mapping

from labkit.core.trace import STAGES
from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.naming import chosen, dict_source
from labkit.course.network_cases import CASES, stops_at, walled
from labkit.course.stepping import uncounted

NOTEBOOK = "06-network-and-transit.ipynb"
_PLACES = (*STAGES, "answered")
# What somebody believes who says this stage of that case.
_BELIEFS: Mapping[tuple[str, str], str] = {
    ("mallory, carl's token", "answered"): "a-token-is-enough",
    ("mallory, carl's token", "authentication"): "the-token-says-from-where",
    ("mallory, carl's token of two hours ago", "authentication"): "the-token-is-looked-at-first",
    ("rita registers", "network"): "networks-know-roles",
    ("rita registers", "answered"): "inside-is-trusted",
    ("mallory at Resource Manager", "network"): "private-link-closes-everything",
    ("carl over http", "network"): "http-is-a-network-question",
    ("carl over http", "answered"): "inside-needs-no-encryption",
    ("mallory with an access key", "answered"): "the-key-opens-everything",
    ("mallory with an access key", "authentication"): "the-key-is-looked-at-first",
}
_RIGHT = {
    "carl, his token": "answered",
    "carl, his token of two hours ago": "authentication",
    "mallory, carl's token": "network",
    "mallory, carl's token of two hours ago": "network",
    "rita registers": "authorization",
    "mallory at Resource Manager": "answered",
    "carl over http": "reach",
    "mallory with an access key": "network",
}


def _check_stages(answer: object, bench: Bench) -> Result:
    said = chosen(answer, dict.fromkeys(CASES, _PLACES))
    return uncounted(lambda: _tried(bench, said))


def _tried(bench: Bench, said: Mapping[str, str]) -> Result:
    for case, stage in said.items():
        lab = bench.lab()
        walled(lab)
        found, verdict = stops_at(lab, case)
        if found == stage:
            continue
        outcome = "it was answered" if verdict else f"it was refused at {found}, with {verdict.code}"
        message = f'"{case}": you say {stage}. The lab tried it, and {outcome}.'
        belief = _BELIEFS.get((case, stage))
        return Result.wrong(message, belief) if belief else Result.not_yet(message)
    return Result.right()


def _answer(others: Mapping[str, str]) -> str:
    return dict_source({**_RIGHT, **others})


def _wrong(case: str, stage: str, says: str) -> WrongAnswer:
    return WrongAnswer(_answer({case: stage}), _BELIEFS[case, stage], says)


STAGES_OF_CALLS = Exercise(
    id="net-stages",
    notebook=NOTEBOOK,
    title="Eight calls and where they stop",
    minutes=7,
    prompt="""
The workspace `ml-example` has a private endpoint in a virtual network, and its storage account lets in that network and Azure's own services. olivia, carl and
rita are connected to it; mallory is on the internet. Eight calls:

- `"carl, his token"`: carl lists the models
- `"carl, his token of two hours ago"`: the same, with a token that has expired
- `"mallory, carl's token"`: mallory lists the models with carl's token
- `"mallory, carl's token of two hours ago"`: the same, with one that has expired
- `"rita registers"`: rita, a Reader, registers a model
- `"mallory at Resource Manager"`: mallory reads the properties of the workspace there, with carl's token
- `"carl over http"`: carl lists the blobs of the storage account, at its address with http://
- `"mallory with an access key"`: mallory lists the blobs, with an access key of the account

Set `answer` to a dict: for each of the eight the stage that refuses it (`"reach"`, `"network"`, `"authentication"`, `"authorization"`, `"parse"`,
`"operation"`), or `"answered"`. Each is then made in a lab of its own.
""",
    starter=dict_source(dict.fromkeys(CASES, "")),
    solution=_answer({}),
    hints=(
        "The stages have an order, and the first that objects ends the call. What the later ones would have said nobody knows.",
        "For each call ask first how it travels, then from where it comes, then what it presents, and only then what it wants.",
        "Which of the three (workspace, storage account, Resource Manager) has a network rule? And which of the eight does not even speak https?",
    ),
    explanation="How it travels comes before where it comes from, that before what it presents, and that before what it may do. An expired token and a good "
    "one get the same answer from outside. An access key, which no role restricts, is restricted by a firewall. Resource Manager has neither.",
    check=_check_stages,
    wrong=(
        _wrong(
            "mallory, carl's token", "answered", "A bearer token is good wherever the call is let in. Is it?"
        ),
        _wrong(
            "mallory, carl's token",
            "authentication",
            "The token is genuine, and nothing in it says from where it may be used.",
        ),
        _wrong(
            "mallory, carl's token of two hours ago",
            "authentication",
            "To find out that it has expired somebody would have to look at it.",
        ),
        _wrong("rita registers", "network", "A network rule knows subnets. It has never heard of Readers."),
        _wrong("rita registers", "answered", "Being inside gives nobody a role."),
        _wrong(
            "mallory at Resource Manager",
            "network",
            "The private endpoint leads to the workspace. Resource Manager is another service, at another address.",
        ),
        _wrong("carl over http", "network", "carl is inside. Something comes before the network."),
        _wrong(
            "carl over http",
            "answered",
            "Being inside is about who may ask. On the way the bytes are as readable as before.",
        ),
        _wrong(
            "mallory with an access key",
            "answered",
            "No role restricts the key. The firewall is no role.",
        ),
        _wrong(
            "mallory with an access key",
            "authentication",
            "The key is the right one, and nobody got as far as looking at it.",
        ),
    ),
)

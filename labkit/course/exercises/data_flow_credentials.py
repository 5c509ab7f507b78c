"""An exercise of 09-data-flows: eight arrows, and the credential on each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from labkit.core.trace import Hop
from labkit.course.data_flows import recorded
from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.naming import chosen, dict_source
from labkit.course.stepping import uncounted

NOTEBOOK = "09-data-flows.ipynb"
_MANAGED, _UNMANAGED = "training on managed compute", "training on unmanaged compute"
KINDS = (
    *("password", "bearer token", "managed identity certificate", "ML service token"),
    *("SSH key", "SSH password", "registry password", "account key", "no credential"),
)


@dataclass(frozen=True)
class Arrow:
    """Where it is: the flow, the component that asks, and the operation; and its story."""

    flow: str
    caller: str
    operation: str
    story: str


ARROWS: Mapping[str, Arrow] = {
    "start": Arrow(_MANAGED, "carl", "Submit run", "carl submits the run to Azure ML"),
    "build": Arrow(_MANAGED, "ml-example", "Build image", "Azure ML has the registry build the image"),
    "share": Arrow(
        _MANAGED, "ml-example", "Create File", "Azure ML writes the management code to the file share"
    ),
    "pull": Arrow(_MANAGED, "cpu-cluster", "Pull image", "the cluster pulls the image from the registry"),
    "report": Arrow(_MANAGED, "cpu-cluster", "Log metric", "the cluster reports a metric to Azure ML"),
    "store": Arrow(_MANAGED, "ml-example", "Upsert document", "Azure ML stores the metric in Cosmos DB"),
    "enter": Arrow(_UNMANAGED, "ml-example", "Open SSH session", "Azure ML enters the virtual machine"),
    "code": Arrow(
        _UNMANAGED, "box", "Get snapshot", "the virtual machine asks Azure ML for the code snapshot"
    ),
}
# What somebody believes who says this kind of that arrow.
_BELIEFS: Mapping[tuple[str, str], str] = {
    ("start", "password"): "the-password-goes-everywhere",
    ("build", "registry password"): "a-registry-takes-passwords",
    ("share", "bearer token"): "storage-takes-tokens",
    ("pull", "bearer token"): "a-cluster-is-the-workspace",
    ("pull", "managed identity certificate"): "a-cluster-is-the-workspace",
    ("report", "bearer token"): "the-machine-is-carl",
    ("code", "bearer token"): "the-machine-is-carl",
    ("code", "SSH key"): "the-key-opens-both-ways",
    ("store", "ML service token"): "one-token-all-the-way",
    ("enter", "SSH password"): "what-was-typed-is-used",
    **{
        (name, "managed identity certificate"): "a-certificate-goes-everywhere"
        for name in ("build", "share", "store", "enter")
    },
}


def hop_of(arrow: Arrow) -> Hop:
    """The first hop that is this arrow."""
    trace = uncounted(lambda: recorded(arrow.flow))
    return next(hop for hop in trace if (hop.caller, hop.operation) == (arrow.caller, arrow.operation))


def _check_credentials(answer: object, bench: Bench) -> Result:
    said = chosen(answer, dict.fromkeys(ARROWS, KINDS))
    for name, kind in said.items():
        if hop_of(ARROWS[name]).credential != kind:
            story = ARROWS[name].story
            message = f"{name!r}: in the lab {story}, and the credential was another one than {kind}."
            belief = _BELIEFS.get((name, kind), "")
            return Result.wrong(message, belief) if belief else Result.not_yet(message)
    return Result.right("All eight are as in the trace.")


_RIGHT = {
    "start": "bearer token",
    "build": "bearer token",
    "share": "account key",
    "pull": "registry password",
    "report": "ML service token",
    "store": "account key",
    "enter": "SSH key",
    "code": "ML service token",
}


def _answer(**others: str) -> str:
    return dict_source({**_RIGHT, **others})


CREDENTIALS = Exercise(
    id="flow-credentials",
    notebook=NOTEBOOK,
    title="What is shown where",
    minutes=7,
    prompt="\n".join(
        [
            "Two runs, with cold caches: one on the cluster, one on an attached virtual machine. With which kind of credential are these calls made?",
            "",
            *(f'- `"{name}"`: {arrow.story}' for name, arrow in ARROWS.items()),
            "",
            f"The kinds are: {', '.join(f'`{kind!r}`' for kind in KINDS)}.".replace("'", '"'),
            "",
            "Set `answer` to a dict: for each of the eight a kind. Try it from memory first, then look at the two flows.",
        ]
    ),
    starter=dict_source(dict.fromkeys(ARROWS, "")),
    solution=_answer(),
    hints=(
        "For each call ask two things: who is it that asks, and what does that one hold at this moment?",
        "A signature made with an account key counts as that key. Three services here were not asked with tokens in those years, or not by everybody.",
        "Play both flows step by step: the sentence of each step says the credential. `flow_player(...).all_steps()` has them all as text.",
    ),
    explanation="Five kinds for eight calls, and one of the calls is made with something of carl's. What proves a person stays with the person. Machines prove themselves with "
    "what was made for them, and each of these can be taken back without taking back the others.",
    check=_check_credentials,
    wrong=(
        WrongAnswer(
            _answer(start="password"),
            "the-password-goes-everywhere",
            "The password was shown once, to Azure AD. From then on the token stands for it.",
        ),
        WrongAnswer(
            _answer(build="registry password"),
            "a-registry-takes-passwords",
            "It takes them. But Azure ML is here on behalf of the workspace, which has an identity.",
        ),
        WrongAnswer(
            _answer(share="bearer token"),
            "storage-takes-tokens",
            "Blobs do. File shares took the account's key alone in those years.",
        ),
        WrongAnswer(
            _answer(pull="bearer token"),
            "a-cluster-is-the-workspace",
            "The identity is the workspace's, and the cluster is not the workspace: it works with what it was sent.",
        ),
        WrongAnswer(
            _answer(report="bearer token"),
            "the-machine-is-carl",
            "carl's token never leaves carl's computer but for Azure ML. A run has a token of its own.",
        ),
        WrongAnswer(
            _answer(store="ML service token"),
            "one-token-all-the-way",
            "Each service checks its own callers. To Cosmos DB the caller is Azure ML, whoever asked that before.",
        ),
        WrongAnswer(
            _answer(build="managed identity certificate"),
            "a-certificate-goes-everywhere",
            "That certificate is shown to Azure AD alone. No other service here takes it.",
        ),
        WrongAnswer(
            _answer(enter="SSH password"),
            "what-was-typed-is-used",
            "What somebody typed was used once, when the machine was attached.",
        ),
        WrongAnswer(
            _answer(code="SSH key"),
            "the-key-opens-both-ways",
            "The key opens the machine. Azure ML is no machine, and nobody signs in to it over SSH.",
        ),
    ),
)

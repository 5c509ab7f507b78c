"""What else is right and what is not in the exercises of 09-data-flows; its predictions."""

from collections.abc import Callable
from typing import Any

import pytest

from labkit.core.trace import Trace
from labkit.core.verdict import Verdict
from labkit.course import exercise
from labkit.course.data_flows import data_flow, recorded
from labkit.course.exercise import Bench
from labkit.course.exercises.data_flow_credentials import ARROWS, KINDS, hop_of
from labkit.course.exercises.data_flow_credentials import CREDENTIALS as EIGHT
from labkit.course.exercises.data_flow_order import HAPPENS, places
from labkit.course.exercises.data_flow_readable import cases, readable
from labkit.course.exercises.data_flow_worst import DATA, MOVES, Caller, scene
from tests.course.answers import (  # noqa: F401
    test_a_prediction_comes_out_as_azure_would_have_it,
    test_an_answer_that_cannot_be_tried_is_told_why,
    test_an_answer_that_is_nearly_right_does_not_pass,
    test_another_right_answer_passes,
)

ORDER = list(HAPPENS)
CREDENTIALS = {name: hop_of(arrow).credential for name, arrow in ARROWS.items()}
WORST = {"arrow": 11, "move": "ask Azure ML for the data store"}


def swapped(first: int, second: int) -> list[str]:
    order = list(ORDER)
    order[first], order[second] = order[second], order[first]
    return order


def worst(arrow: object, move: object) -> dict[str, object]:
    return {"arrow": arrow, "move": move}


def comprehension(trace: Trace) -> Any:
    hops = enumerate(trace, 1)
    return (at for at, hop in hops if not hop.encrypted and hop.credential != "no credential")


def unencrypted(trace: Trace) -> Any:
    return [at for at, hop in enumerate(trace, 1) if not hop.encrypted]


def inventive(trace: Trace) -> Any:
    return [99]


def destructive(trace: Trace) -> Any:
    found = readable(trace)
    trace.clear()
    return found


def nothing(trace: Trace) -> Any:
    return []


def halves(trace: Trace) -> Any:
    return [0.5]


def named(trace: Trace) -> Any:
    return [hop.operation for hop in trace]


RIGHT: list[tuple[str, object]] = [
    ("flow-order", tuple(one.upper() for one in ORDER)),
    ("flow-credentials", {name: f" {kind.title()} " for name, kind in CREDENTIALS.items()}),
    ("flow-readable", comprehension),
    ("flow-readable", destructive),
    ("flow-readable", lambda trace: set(readable(trace))),
    ("flow-worst", worst(16, "ask Azure ML for the data store")),
    ("flow-worst", worst(22, "ASK AZURE ML FOR THE DATA STORE")),
]
NOT_YET: list[tuple[str, object, str]] = [
    ("flow-order", ORDER[:-1], "1 of the 8 are not in the list"),
    ("flow-order", [*ORDER, ORDER[0]], "twice"),
    ("flow-order", {*ORDER}, "no order"),
    ("flow-order", "start the run", "a list of some of these"),
    ("flow-order", [*ORDER[:-1], "have a break"], "It should be one of these"),
    ("flow-order", swapped(0, 7), "In the lab the first was arrow"),
    ("flow-credentials", CREDENTIALS | {"pull": "SSH key"}, "the cluster pulls the image"),
    ("flow-credentials", CREDENTIALS | {"pull": "a promise"}, "one of these: password"),
    ("flow-credentials", {"pull": "SSH key"}, "nothing of these yet: start"),
    ("flow-credentials", CREDENTIALS | {"lunch": "password"}, "Not asked for: 'lunch'"),
    ("flow-readable", nothing, "is not in what your function returns"),
    ("flow-readable", halves, "a fraction"),
    ("flow-readable", lambda trace: [0], "arrow 0. They are numbered from 1"),
    ("flow-readable", lambda trace: [-3], "arrow -3. They are numbered from 1"),
    ("flow-readable", named, "It should be a number"),
    ("flow-readable", [1], "a function of 1 parameter"),
    ("flow-readable", list, "parameter"),
    ("flow-worst", worst(1, "get the blob"), "goes to Azure AD"),
    ("flow-worst", worst(6, "get the blob"), "goes to Azure AD"),
    ("flow-worst", worst(3, "get the blob"), "stays inside of Microsoft subscription"),
    ("flow-worst", worst(0, "get the blob"), "There is no arrow 0"),
    ("flow-worst", worst(2.5, "get the blob"), "There is no arrow 2.5"),
    ("flow-worst", worst(99, "get the blob"), "numbered from 1 to 24"),
    ("flow-worst", worst("11", "get the blob"), "What you say of 'arrow'"),
    ("flow-worst", worst(11, "ask nicely"), "What you say of 'move'"),
    ("flow-worst", {"arrow": 11}, "nothing of these yet: move"),
]
WRONG: list[tuple[str, object, str]] = [
    ("flow-order", swapped(1, 2), "azure-ml-has-the-key-in-hand"),
    ("flow-order", swapped(4, 5), "settings-come-before-code"),
    ("flow-order", [*ORDER[:3], ORDER[5], ORDER[3], ORDER[4], *ORDER[6:]], "settings-come-before-code"),
    ("flow-credentials", CREDENTIALS | {"report": "bearer token"}, "the-machine-is-carl"),
    ("flow-credentials", CREDENTIALS | {"code": "bearer token"}, "the-machine-is-carl"),
    (
        "flow-credentials",
        CREDENTIALS | {"pull": "managed identity certificate"},
        "a-cluster-is-the-workspace",
    ),
    (
        "flow-readable",
        lambda trace: [at for at, hop in enumerate(trace, 1) if not hop.encrypted],
        "every-open-line-leaks",
    ),
    ("flow-readable", inventive, "numbers-are-for-ever"),
    ("flow-readable", lambda trace: [at - 1 for at in readable(trace)], "arrows-begin-at-nought"),
    (
        "flow-credentials",
        CREDENTIALS | {"share": "managed identity certificate"},
        "a-certificate-goes-everywhere",
    ),
    ("flow-worst", worst(2, "get the blob"), "the-strongest-is-the-worst"),
    ("flow-worst", worst(9, "sign in to the machine"), "whoever-is-in-has-everything"),
    ("flow-worst", worst(13, "list the account's keys"), "what-opened-the-data-opens-it"),
    ("flow-worst", worst(19, "ask Azure ML for the code snapshot"), "code-is-what-there-is-to-steal"),
]


def test_the_eight_happen_in_the_order_of_the_list() -> None:
    found = list(places(recorded("training on unmanaged compute")).values())
    assert found == sorted(found)
    assert len(set(found)) == len(HAPPENS)


@pytest.mark.parametrize("answer", [None, "a text", {}, ORDER[0], [*ORDER[:-1], "have a break"]])
def test_no_message_lists_the_eight_in_their_order(answer: object) -> None:
    said = exercise("flow-order").check(answer).message
    found = [said.find(what) for what in ORDER if what in said]
    assert len(found) == len(ORDER)
    assert found != sorted(found)


def test_the_explanation_counts_the_kinds_as_they_are() -> None:
    words = {4: "Four", 5: "Five", 6: "Six"}
    kinds, own = list(CREDENTIALS.values()), [arrow for arrow in ARROWS.values() if arrow.caller == "carl"]
    assert EIGHT.explanation.startswith(f"{words[len(set(kinds))]} kinds for eight calls")
    assert (len(kinds), len(own)) == (8, 1)


def test_every_kind_of_credential_of_the_two_runs_can_be_named() -> None:
    for flow in {arrow.flow for arrow in ARROWS.values()}:
        kinds = {hop.credential for hop in recorded(flow)} - {"instrumentation key"}
        assert kinds <= set(KINDS)


def test_each_case_of_the_function_tells_something_apart() -> None:
    traces = [trace for _, trace in cases(Bench())]
    found = [(len(trace), readable(trace)) for trace in traces]
    assert [bool(places) for _, places in found] == [False, True, False, True, True]
    # A part whose hops are not numbered from 1, one that is open without a credential, one that was refused.
    assert traces[3][0].number != 1
    assert any(not hop.encrypted and hop.credential == "no credential" for hop in traces[2])
    assert not traces[4][found[4][1][0] - 1].ok


def test_only_the_token_of_the_run_and_one_move_lead_to_the_data() -> None:
    trace = scene().trace
    crossing = [
        at for at, hop in enumerate(trace, 1) if hop.origin != hop.boundary and hop.operation != "Get token"
    ]
    found = {(at, move) for at in crossing for move in MOVES if _reads(at, move)}
    assert {move for _, move in found} == {WORST["move"]}
    assert {trace[at - 1].credential for at, _ in found} == {"ML service token"}


def _reads(at: int, move: str) -> bool:
    flow = scene()
    cred = flow.watch.ordered[at - 1].asked.cred
    return Verdict.of(lambda: MOVES[move](Caller(flow.watch.lab, "mallory", cred))).value == DATA


def test_on_the_day_itself_the_strongest_token_does_lead_there() -> None:
    flow = scene()
    carl = Caller(flow.watch.lab, "carl", flow.watch.lab.sign_in("carl").bearer)
    assert MOVES["list the account's keys"](carl) == DATA


def own_calls() -> str:
    return str([hop.caller for hop in data_flow("create workspace").trace].count("carl"))


def second_build() -> str:
    warm = data_flow("training on managed compute", "warm").trace
    return "built" if any(hop.operation == "Build image" for hop in warm) else "not built"


def into_the_machine() -> str:
    trace = data_flow("training on unmanaged compute").trace
    [kind] = {hop.credential for hop in trace if hop.service == "Virtual Machine"}
    return kind


def asks_cosmos() -> str:
    [caller] = {hop.caller for hop in data_flow("metrics").trace if hop.service == "Cosmos DB"}
    return caller


def on_the_wire() -> str:
    [kind] = {hop.credential for hop in data_flow("web service").trace if not hop.encrypted}
    return kind


def opens_most() -> str:
    found = data_flow("training on managed compute").leaks()
    kinds = {
        "carl's bearer token": "bearer token",
        "the registry password": "registry password",
        "the signature with the account key": "account key",
    }
    return max(kinds, key=lambda name: len(found.by(kinds[name]).all))


OUTCOMES: dict[str, tuple[Callable[[], str], str]] = {
    "flow-own-calls": (own_calls, "2"),
    "flow-second-build": (second_build, "not built"),
    "flow-into-the-machine": (into_the_machine, "SSH key"),
    "flow-asks-cosmos": (asks_cosmos, "ml-example"),
    "flow-on-the-wire": (on_the_wire, "service key"),
    "flow-opens-most": (opens_most, "carl's bearer token"),
}

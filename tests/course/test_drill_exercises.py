"""The exercises of 10-incident-drills: other right answers, answers that cannot be tried, and every seed."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import labkit
from labkit.course import drill, exercise, predict, which_log_knows
from labkit.course.drills import DRILLS
from labkit.course.drills.evidence import ACTS, NAMED, NOTED, NOTHING
from labkit.course.drills.incident import facts_of
from labkit.course.exercise import Exercise
from labkit.course.worksheet import UNREADABLE, exercises

TASKS = {one.id: one for one in exercises() if one.notebook == "10-incident-drills.ipynb"}
SOLVED = sorted(TASKS)
FIND = [f"{one.task}-find" for one in DRILLS.values()]
END = [f"{one.task}-end" for one in DRILLS.values()]


def answer_of(source: str, seed: int = 2020) -> Any:
    names: dict[str, Any] = {"labkit": labkit}
    exec(compile(source.replace("2020", str(seed)), "<cell>", "exec"), names)
    return names["answer"]


def test_each_drill_has_two_exercises() -> None:
    assert sorted(FIND + END) == SOLVED
    assert all(len(TASKS[id].wrong) >= 4 for id in SOLVED)


# Those of the others are tried with every seed as the course's own response: test_drills.py.
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("id", FIND)
def test_the_solution_passes_whatever_the_seed(id: str, seed: int) -> None:
    result = exercise(id).check(answer_of(TASKS[id].solution, seed))
    assert result.passed, repr(result)


@pytest.mark.parametrize("name", DRILLS)
def test_an_answer_that_was_copied_from_another_seed_does_not_pass(name: str) -> None:
    task = f"{DRILLS[name].task}-find"
    copied = answer_of(TASKS[task].solution, 1) | {"seed": 2}
    assert not exercise(task).check(copied).passed


@pytest.mark.parametrize("name", DRILLS)
def test_each_idea_that_an_answer_may_show_is_explained(name: str) -> None:
    task: Exercise = TASKS[f"{DRILLS[name].task}-find"]
    for seed in range(10):
        for fact in facts_of(drill(name, seed)):
            for pitfall in fact.pitfalls.values():
                assert task.says(pitfall.misconception), pitfall
                assert pitfall.found


@pytest.mark.parametrize("name", DRILLS)
def test_every_other_wrong_answer_is_told_what_the_lab_saw(name: str) -> None:
    id, incident = f"{DRILLS[name].task}-find", drill(name)
    right = {"seed": 2020, **{one.name: one.right for one in facts_of(incident)}}
    assert exercise(id).check(right).passed
    for fact in facts_of(incident):
        for said in fact.options or ("2020-03-01 00:00", "2020-04-01T00:00:00Z"):
            result = exercise(id).check(right | {fact.name: said})
            assert result.passed is (said == fact.right)
            assert result.passed or (said[:10] in result.message and fact.right not in result.message)


@pytest.mark.parametrize("release", ["2019-08", "2020-01"])
@pytest.mark.parametrize("name", DRILLS)
def test_what_was_found_in_a_case_of_another_release_is_judged_by_that_one(name: str, release: str) -> None:
    id, found = f"{DRILLS[name].task}-find", facts_of(drill(name, 3, release))
    said = {"seed": 3, **{one.name: one.right for one in found}}
    assert exercise(id).check(said | {"release": release}).passed
    without = exercise(id).check(said)
    assert not without.passed
    assert "'release'" in without.message


@pytest.mark.parametrize("name", DRILLS)
def test_a_case_of_another_release_can_be_ended(name: str) -> None:
    id = f"{DRILLS[name].task}-end"
    right = answer_of(TASKS[id].solution, 3)
    for release in ("2019-08", " 2020-01 "):
        assert exercise(id).check(right | {"release": release}).passed
    assert "one of these" in exercise(id).check(right | {"release": "2021-01"}).message


NOT_YET: list[tuple[object, str]] = [
    ({}, "seed"),
    ({"seed": "2020"}, "'seed'"),
    ({"seed": -1}, "whole number"),
    ({"seed": 2**63}, "whole number"),
    ({"seed": True}, "'seed'"),
    ({"seed": 1.5}, "whole number"),
    ({"seed": 2020, "colour": "red"}, "'colour'"),
]


@pytest.mark.parametrize("id", SOLVED)
@pytest.mark.parametrize(("answer", "said"), NOT_YET)
def test_an_answer_that_is_about_no_drill_is_told_why(id: str, answer: object, said: str) -> None:
    result = exercise(id).check(answer)
    assert not result.passed
    assert said in result.message
    assert result.misconception is None


def endless(case: Any) -> None:
    while True:
        case.wait("5m")


def stubborn(case: Any) -> None:
    while True:
        try:
            case.look()
        except Exception:
            continue


RESPONSES: list[tuple[object, str]] = [
    (None, "'contain'"),
    ("regenerate", "'contain'"),
    (lambda: None, "other parameters"),
    (lambda case: 1 / 0, "ZeroDivisionError"),
    (lambda case: case.ask(None, None), "no operation"),
    (lambda case: case.wait("soon"), "duration"),
    (lambda case: case.lab.trace.clear(), "did nothing"),
    (endless, "enough for one incident"),
    (stubborn, "does not come to an end"),
    (lambda case: case.hand_out("nobody", "nothing"), ""),
]


@pytest.mark.parametrize("place", range(len(RESPONSES)))
@pytest.mark.parametrize("id", [END[0], END[3]])
def test_a_response_that_cannot_be_tried_is_told_why(id: str, place: int) -> None:
    response, said = RESPONSES[place]
    result = exercise(id).check({"seed": 2020, "contain": response})
    assert not result.passed
    assert UNREADABLE not in result.message
    assert said in result.message, result.message


PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.binary(max_size=5)
NAMES = st.sampled_from([*{one.name for name in DRILLS for one in facts_of(drill(name))}, "seed", "contain"])


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(SOLVED), st.dictionaries(NAMES, PLAIN | st.lists(PLAIN, max_size=2), max_size=7))
def test_any_answer_whatever_gets_a_sentence(id: str, answer: dict[str, Any]) -> None:
    result = exercise(id).check(answer | {"seed": 2020} if len(answer) % 2 else answer)
    assert not result.passed
    assert UNREADABLE not in result.message
    assert len(result.message.split()) > 2


def test_a_moment_may_be_written_as_the_logs_write_it() -> None:
    incident = drill("leaked-key")
    right = {"seed": 2020, **{one.name: one.right for one in facts_of(incident)}}
    for written in (f"{right['since']}:00Z", str(right["since"]).replace(" ", "T"), f" {right['since']} "):
        assert exercise("drill-key-find").check(right | {"since": written}).passed


def test_what_the_logs_know_is_found_by_reading_them() -> None:
    known = {row[0]: row[1:] for row in which_log_knows().rows}
    assert set(known) == set(ACTS)
    by_log = dict(zip(which_log_knows().headers[1:], range(6), strict=True))
    assert known["asks for a blob with a token"][by_log["Azure Storage"]] == NAMED
    assert known["asks for a blob with the account's key"][by_log["Azure Storage"]] == NOTED
    assert known["calls a web service with its key"][by_log["Application Insights"]] == NOTED
    assert known["submits a run"][by_log["activity log"]] == NOTHING
    assert known["changes a vault's access policy"][by_log["activity log"]] == NAMED
    assert known["lists the keys in a vault"][by_log["Azure Storage"]] == NOTHING
    assert known["signs in"].count(NOTHING) == 5
    # Each is in some log.
    assert all(set(row) - {NOTHING} for row in known.values())


@pytest.mark.parametrize(
    ("id", "outcome"),
    [
        ("drill-blob-by-key", "with the token"),
        ("drill-ended-run", "accepted"),
        ("drill-old-records", "the secret"),
    ],
)
def test_a_prediction_has_what_comes_out_among_its_options(id: str, outcome: str) -> None:
    assert predict(id, outcome).reveal(outcome).right


# Right, though not the course's own way.
_KEYS = """\
from labkit.azure import WebServices

GET = {"aks": WebServices.get_aks_keys, "aci": WebServices.get_aci_keys}
RENEW = {"aks": WebServices.regen_aks_key, "aci": WebServices.regen_aci_key}


def contain(case):
    for service in case.services:
        held = {row[2]: row[0] for row in case.clients.rows if row[1] == service.name}
        for one, other in (("Primary", "Secondary"), ("Secondary", "Primary")):
            case.hand_out(held[one], other)
            case.ask(RENEW[service.kind], case.lab.workspace, service.name, one)
            case.hand_out(held[one], one)
"""
_POLICY = """\
from labkit.azure import Authorization, KeyVault, VaultAccess


def contain(case):
    vault, everybody = case.log("Key Vault"), ("nils", "paul", "rosa", "ulla")
    who = next(one for one in everybody if vault.where(operation="Delete key", identity=f"{one}@*"))
    less = {"keys": ["get", "list"]}
    case.ask(VaultAccess.set_policy, case.vault, case.lab.people[who].object_id, less)
    case.ask(KeyVault.recover_deleted_key, case.vault, case.key)
"""
_MOVED_FIRST = """\
from labkit.azure import RunSecrets, WebServices


def contain(case):
    aks, at = case.service.kind == "aks", case.lab.workspace
    get = WebServices.get_aks_keys if aks else WebServices.get_aci_keys
    renew = WebServices.regen_aks_key if aks else WebServices.regen_aci_key
    keys = [one.reveal() for one in case.ask(get, at, "features")]
    place, name = next((keys.index(text), name) for name, text in case.variables.items() if text in keys)
    case.define(case.variables | {name: "see the run secret"}, secret="features")
    case.ask(renew, at, "features", ("Primary", "Secondary")[place])
    case.ask(RunSecrets.put, at, "features", case.ask(get, at, "features")[place].reveal())
"""
# Wrong, and what must not be said of it: it is another idea.
_TOKENS = """\
from labkit.azure import WebServices


def contain(case):
    for service in case.services:
        if service.kind == "aks":
            case.ask(WebServices.update_aks, case.lab.workspace, service.name, token_auth_enabled=True)
"""
_TOO_LATE = _KEYS.replace("    for service in", '    case.wait("70m")\n    for service in')
_WALLED_IN = """\
from labkit.azure import ResourceManager


def contain(case):
    case.ask(ResourceManager.post, case.storage, "regenerateKey", {"keyName": "key1"})
    closed = {"networkAcls": {"defaultAction": "Deny"}}
    case.ask(ResourceManager.put, case.storage, "eastus", closed)
"""


def response(source: str) -> Any:
    names: dict[str, Any] = {}
    exec(compile(source, "<cell>", "exec"), names)
    return names["contain"]


@pytest.mark.parametrize(
    ("id", "source", "seed"),
    [("drill-key-end", _KEYS, 1), ("drill-revoked-end", _POLICY, 1), ("drill-secret-end", _MOVED_FIRST, 1)],
)
def test_another_response_that_ends_it_passes(id: str, source: str, seed: int) -> None:
    result = exercise(id).check({"seed": seed, "contain": response(source)})
    assert result.passed, repr(result)


@pytest.mark.parametrize(
    ("id", "source", "seed"),
    [("drill-key-end", _TOKENS, 2020), ("drill-key-end", _TOO_LATE, 1), ("drill-token-end", _WALLED_IN, 1)],
)
def test_a_response_is_not_told_of_an_idea_that_it_does_not_show(id: str, source: str, seed: int) -> None:
    result = exercise(id).check({"seed": seed, "contain": response(source)})
    assert not result.passed
    assert result.misconception is None, repr(result)

"""What else is right and what is not in the exercises of 04-web-service-keys-vs-tokens; its predictions."""

from collections.abc import Callable
from typing import Any

import pytest

import labkit
from labkit.azure import Scoring, WebServices
from labkit.core.errors import LabError
from labkit.course import exercise, service_case, service_defaults, timeline
from labkit.course.auth_choice import key_or_token
from labkit.course.exercises.web_service_choose import TEAMS
from labkit.course.exercises.web_service_tokens import OUTAGE_MINUTES, PHASES
from labkit.course.service_clients import CLIENTS
from labkit.course.service_scene import deploy, keys_of, regenerate
from labkit.lab import Lab
from labkit.sdk import activation
from labkit.services.machine_learning.web_services import REFRESH_AFTER, TOKEN_LIFETIME
from tests.course.answers import (  # noqa: F401
    test_a_prediction_comes_out_as_azure_would_have_it,
    test_an_answer_that_cannot_be_tried_is_told_why,
    test_an_answer_that_is_nearly_right_does_not_pass,
    test_another_right_answer_passes,
)
from tests.sdk.azureml_lab import loaded, nothing_left_active

PRIMARY, SECONDARY = ("regenerate", "Primary"), ("regenerate", "Secondary")
MOVE, OPEN = ("switch", "night job", "Primary"), ["who", "which data", "which key"]
LIVES = {"holds a key": None, "refreshes on time": 105, "refreshes when refused": 60, "never refreshes": 60}
CHOSEN = {
    "price scanners": ("key", "callers have nothing to renew"),
    "sales tablets": ["Token", "one caller can be shut out alone"],
    "emergency line": (" key", "a stolen credential can be ended at once"),
}


def all_to(which: str) -> list[tuple[str, ...]]:
    return [("switch", client, which) for client in ("shop", "phone line", "night job")]


RIGHT: list[tuple[str, object]] = [
    ("svc-protect", {"auth_enabled": True}),
    ("svc-protect", {"auth_enabled": True, "memory_gb": 0.5, "description": "half", "tags": None}),
    ("svc-rotate", [MOVE, SECONDARY, *all_to("Secondary"), PRIMARY]),
    ("svc-rotate", [["Switch", *MOVE[1:]], ["Regenerate", "secondary"], *all_to("secondary"), PRIMARY]),
    (
        "svc-rotate",
        [*all_to("Secondary"), PRIMARY, PRIMARY, *all_to("Primary"), SECONDARY, *all_to("Primary")],
    ),
    ("svc-client", lambda now, refresh_by, expires: now > refresh_by),
    ("svc-client", lambda *minutes: minutes[0] - minutes[1] >= 0),
    ("svc-client", lambda now, refresh_by, expires: expires - now <= 15),
    ("svc-outage", {name: float(minute) if minute else None for name, minute in LIVES.items()}),
    ("svc-choose", CHOSEN),
    ("svc-choose", CHOSEN | {"emergency line": ("key", "The workspace\u2019s region may go down")}),
    ("svc-leak", {"key": "secondary", "steps": [MOVE, SECONDARY], "unknown": OPEN}),
    (
        "svc-leak",
        {
            "key": "Secondary",
            "steps": [MOVE, SECONDARY, *all_to("Secondary")[::2], PRIMARY],
            "unknown": frozenset(OPEN),
        },
    ),
]
NOT_YET: list[tuple[str, object, str]] = [
    ("svc-protect", {"auth_enabled": "True"}, "auth_enabled is no such value"),
    ("svc-protect", {"auth_enabled": 1}, "auth_enabled is no such value"),
    ("svc-protect", {"auth_enabled": True, "primary_key": "mine"}, "does not cover primary_key"),
    ("svc-protect", {"auth_enabled": [True]}, "What you give for auth_enabled"),
    ("svc-protect", {"auth enabled": True}, "no name of an argument"),
    ("svc-rotate", [], "no step"),
    ("svc-rotate", [("switch", "the shop", "Primary")], "shop, phone line, night job"),
    ("svc-rotate", [PRIMARY, "Secondary"], "Step 2"),
    ("svc-client", lambda now, refresh_by: True, "3 parameters"),
    ("svc-client", lambda now, refresh_by, expires: "yes", "True or False"),
    ("svc-client", lambda now, refresh_by, expires: 1 // 0, "ZeroDivisionError"),
    ("svc-outage", LIVES | {"holds a key": ...}, "nothing of these yet: holds a key"),
    ("svc-outage", LIVES | {"holds a key": "never"}, "'holds a key'"),
    ("svc-outage", LIVES | {"holds a key": "never"}, "a minute, or None for never"),
    ("svc-outage", LIVES | {"holds a key": float("inf")}, "a minute, or None for never"),
    ("svc-outage", LIVES | {"somebody": 5}, "They are holds a key"),
    ("svc-outage", LIVES | {"never refreshes": 62}, "no call at that minute"),
    ("svc-outage", LIVES | {"never refreshes": 100}, "an earlier call was refused"),
    ("svc-outage", LIVES | {"never refreshes": 55}, "answered 200"),
    ("svc-choose", {"price scanners": "key"}, "sales tablets"),
    ("svc-choose", CHOSEN | {"price scanners": "key"}, "(key or token, a need)"),
    ("svc-choose", CHOSEN | {"price scanners": ("key",)}, "1 parts"),
    ("svc-choose", CHOSEN | {"price scanners": ("both", "runs on ACI")}, "key or token"),
    ("svc-choose", CHOSEN | {"price scanners": ("key", "it is cheap")}, "one of the seven"),
    ("svc-choose", CHOSEN | {"mobile app": ("key", "runs on ACI")}, "price scanners"),
    ("svc-leak", {"key": "Secondary", "steps": [], "unknown": OPEN}, "no step"),
    ("svc-leak", {"key": "Secondary", "steps": []}, "'unknown'"),
    ("svc-leak", {"key": "Secondary", "steps": [], "unknown": "who"}, "a set of questions"),
    ("svc-leak", {"key": "Secondary", "steps": [], "unknown": ["why"]}, "They are how many"),
    ("svc-leak", {"key": "third", "steps": [], "unknown": []}, "Primary or Secondary"),
    ("svc-leak", {"key": "Secondary", "steps": [], "unknown": [], "more": 1}, "'more'"),
]
WRONG: list[tuple[str, object, str]] = [
    ("svc-protect", {"auth_enabled": False}, "protected-by-default"),
    ("svc-protect", {"auth_enabled": None}, "protected-by-default"),
    ("svc-protect", {}, "protected-by-default"),
    ("svc-protect", {"auth_enabled": True, "authEnabled": True}, "nearly-right-is-read"),
    ("svc-rotate", [*all_to("Primary"), PRIMARY], "old-keys-linger"),
    ("svc-rotate", [PRIMARY, SECONDARY, *all_to("Primary")], "clients-come-after"),
    ("svc-rotate", [MOVE, SECONDARY, PRIMARY, *all_to("Primary")], "the-other-is-free-now"),
    ("svc-rotate", [MOVE, SECONDARY], "one-is-enough"),
    ("svc-client", lambda now, refresh_by, expires: now > expires, "the-end-is-early-enough"),
    ("svc-client", lambda now, refresh_by, expires: now >= expires - 9, "before-the-end-is-early-enough"),
    ("svc-client", lambda now, refresh_by, expires: now >= refresh_by - 5, "the-newest-is-the-safest"),
    ("svc-client", lambda now, refresh_by, expires: now < refresh_by, "the-newest-is-the-safest"),
    ("svc-client", lambda now, refresh_by, expires: now % 60 >= 45, "the-newest-is-the-safest"),
    ("svc-client", lambda now, refresh_by, expires: now >= refresh_by and now < 100, "one-token-is-enough"),
    ("svc-outage", LIVES | {"refreshes on time": 50}, "the-outage-ends-tokens"),
    ("svc-outage", LIVES | {"never refreshes": 45}, "refresh-by-is-the-end"),
    ("svc-outage", LIVES | {"never refreshes": None}, "tokens-do-not-end"),
    ("svc-choose", dict.fromkeys(CHOSEN, ("token", "runs on ACI")), "tokens-are-always-safer"),
    ("svc-choose", dict.fromkeys(CHOSEN, ("key", "callers have no account")), "a-key-for-each"),
    ("svc-leak", {"key": "Secondary", "steps": [PRIMARY], "unknown": OPEN}, "first-things-first"),
    ("svc-leak", {"key": "Secondary", "steps": [MOVE, SECONDARY], "unknown": []}, "the-log-knows-the-key"),
]


def test_a_check_leaves_the_labs_that_are_active_as_they_are(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    with nothing_left_active(), lab.activate():
        __import__("azureml.core")
        before = loaded()
        for answer in ({"auth_enabled": True}, {"auth_enable": True}, {"auth_enabled": 5}):
            exercise("svc-protect").check(answer)
        assert loaded() == before
        assert activation.current().lab is lab
    assert capsys.readouterr().out == ""


def test_no_call_falls_on_a_refresh_by_and_each_outage_hides_the_end_of_a_token() -> None:
    refresh, life = REFRESH_AFTER // 60, TOKEN_LIFETIME // 60
    for phase in PHASES:
        assert refresh % phase.minutes.step
        if phase.outage is not None:
            begin, (down, up) = phase.minutes.start, phase.outage
            renewed = next(minute for minute in phase.minutes if minute >= begin + refresh)
            assert renewed < down < begin + life < up < renewed + refresh


def test_a_client_that_never_ends_is_stopped() -> None:
    def renew(now: int, refresh_by: int, expires: int) -> bool:
        while True:
            pass

    assert "does not come to an end" in exercise("svc-client").check(renew).message


def test_the_outage_says_nothing_of_the_right_minutes() -> None:
    for wrong in (LIVES | {"refreshes on time": 100}, LIVES | {"refreshes on time": None}):
        assert "105" not in exercise("svc-outage").check(wrong).message


def test_the_outage_is_the_one_of_the_prompt() -> None:
    begin, end = OUTAGE_MINUTES
    assert f"From minute {begin} to minute {end}" in repr(exercise("svc-outage"))
    assert (
        f"good for {TOKEN_LIFETIME // 60} minutes, and its `refresh_by` is after {REFRESH_AFTER // 60}"
        in repr(exercise("svc-outage"))
    )
    assert timeline(outage=OUTAGE_MINUTES).clients == tuple(CLIENTS)


@pytest.mark.parametrize("name", TEAMS)
def test_every_need_of_a_story_decides(name: str) -> None:
    choice = key_or_token(*TEAMS[name].needs)
    assert choice.form in ("key", "token")
    assert set(choice.met.values()) == {(choice.form,)}


def both_forms() -> str:
    lab = labkit.start()
    deploy(lab, "key")
    token = lab.sign_in("carl").bearer
    verdict = lab.attempt(
        "carl", WebServices.deploy_aks, lab.workspace, token, "both", "churn", "aks-eastus", True, True
    )
    return verdict.value.auth if verdict.value else verdict.word


def regen_other() -> str:
    lab = labkit.start()
    service = deploy(lab, "key")
    secondary = keys_of(lab, service)[1]
    regenerate(lab, service, "Primary")
    return lab.attempt("client", Scoring.score, service.address, secondary, "[1]").word


def switch() -> str:
    lab = labkit.start()
    service = deploy(lab, "key")
    key, token = keys_of(lab, service)[0], lab.sign_in("carl").bearer
    assert lab.attempt("client", Scoring.score, service.address, key, "[1]")
    lab.ask("carl", WebServices.update_aks, lab.workspace, token, service.name, token_auth_enabled=True)
    return lab.attempt("client", Scoring.score, service.address, key, "[1]").word


OUTCOMES: dict[str, tuple[Callable[[], Any], str]] = {
    "svc-aci-default": (lambda: ", ".join(service_defaults().let_in["aci"]), "anybody"),
    "svc-both-forms": (both_forms, "refused"),
    "svc-key-after-a-year": (lambda: service_case(form="key", age="365d").word, "accepted"),
    "svc-regen-other": (regen_other, "accepted"),
    "svc-token-at-50": (lambda: service_case(form="token", age="50m").word, "accepted"),
    "svc-region-token": (lambda: service_case(form="token", age="10m", region="down").word, "accepted"),
    "svc-region-key": (lambda: service_case(form="key", age="10m", region="down").word, "accepted"),
    "svc-switch": (switch, "refused"),
}


def test_both_forms_are_refused_for_being_both() -> None:
    lab = labkit.start()
    deploy(lab, "key")
    token = lab.sign_in("carl").bearer
    for flags in ((True, None), (None, True)):
        name = f"only-{'key' if flags[0] else 'token'}"
        lab.ask("carl", WebServices.deploy_aks, lab.workspace, token, name, "churn", "aks-eastus", *flags)
    with pytest.raises(LabError, match="only one of the two"):
        lab.ask(
            "carl", WebServices.deploy_aks, lab.workspace, token, "two", "churn", "aks-eastus", True, True
        )

"""Key or token? Found by trying each need with both."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.authenticators.service_token import ServiceToken, ServiceTokenAuthenticator
from labkit.core.errors import BadInput, Unauthenticated
from labkit.core.identity import Identity
from labkit.core.operation import Demand, Op
from labkit.course.auth_choice import FORMS, NEEDS, AuthChoice, key_or_token
from labkit.lab import Lab
from labkit.releases import RELEASES
from labkit.services.machine_learning import service_forms, web_services
from labkit.services.machine_learning.web_services import WebServices
from tests.course.refusing import said_otherwise, taken

MET = {
    "runs on ACI": ("key",),
    "callers have nothing to renew": ("key",),
    "callers have no account": ("key",),
    "the workspace's region may go down": ("key",),
    "a stolen credential can be ended at once": ("key",),
    "a stolen credential ends by itself": ("token",),
    "one caller can be shut out alone": ("token",),
}
BY_TOKEN = [need for need, forms in MET.items() if forms == ("token",)]
TEXT = """\
Neither meets all of it: split the service in two, or give up a need.
need                                      key      token
----------------------------------------  -------  -------
runs on ACI                               met      NOT MET
callers have nothing to renew             met      NOT MET
callers have no account                   met      NOT MET
the workspace's region may go down        met      NOT MET
a stolen credential can be ended at once  met      NOT MET
a stolen credential ends by itself        NOT MET  met
one caller can be shut out alone          NOT MET  met"""


@pytest.fixture(scope="module")
def everything() -> AuthChoice:
    return key_or_token()


def test_what_each_form_meets(everything: AuthChoice) -> None:
    assert everything.met == MET
    assert repr(everything) == TEXT
    assert everything._repr_mimebundle_() == everything.as_table()._repr_mimebundle_()
    assert "NOT MET" in everything._repr_mimebundle_()["text/html"]


@settings(max_examples=6)
@given(st.lists(st.sampled_from(list(NEEDS)), min_size=1, max_size=2))
def test_the_advice_is_the_form_that_meets_all_needs_and_no_need_influences_another(needs: list[str]) -> None:
    found = key_or_token(*needs)
    assert list(found.met.items()) == [(need, MET[need]) for need in dict.fromkeys(needs)]
    fitting = [form for form in FORMS if all(form in MET[need] for need in needs)]
    assert [found.form] == (fitting or ["neither"])


def test_the_reason_names_what_the_other_form_does_not_meet() -> None:
    assert key_or_token("runs on ACI", "callers have no account").why == (
        "Choose keys. Tokens do not meet: runs on ACI; callers have no account."
    )
    assert key_or_token(*BY_TOKEN).why == f"Choose tokens. Keys do not meet: {'; '.join(BY_TOKEN)}."
    some = AuthChoice({"a": ("key", "token"), "b": ("token",)})
    assert (some.form, some.why) == ("token", "Choose tokens. Keys do not meet: b.")


def test_where_both_or_none_would_do_it_says_so() -> None:
    both = AuthChoice({"a": ("key", "token")})
    assert both.form == "either"
    assert both.why == "Either. Keys are the simpler way: there is no sign-in and nothing to renew."
    for met in ({"a": ("key",), "b": ("token",)}, {"a": ()}):
        neither = AuthChoice(met)
        assert neither.form == "neither"
        assert neither.why == "Neither meets all of it: split the service in two, or give up a need."


def test_the_table_has_a_row_for_each_need_and_says_in_words_who_meets_it() -> None:
    table = AuthChoice({"a": ("key", "token"), "b": ("token",), "c": ()}).as_table()
    assert list(table.headers) == ["need", "key", "token"]
    assert list(table.rows) == [("a", "met", "met"), ("b", "NOT MET", "met"), ("c", "NOT MET", "NOT MET")]


def test_another_seed_makes_no_difference(everything: AuthChoice) -> None:
    assert key_or_token(seed=7) == everything


@pytest.mark.parametrize("release", RELEASES)
def test_no_release_makes_a_difference(release: str) -> None:
    needs = ("the workspace's region may go down", *BY_TOKEN)
    assert key_or_token(*needs, release=release).met == {need: MET[need] for need in needs}


def test_nor_does_real_entropy() -> None:
    needs = ("a stolen credential can be ended at once", "one caller can be shut out alone")
    assert key_or_token(*needs, seed=None).met == {need: MET[need] for need in needs}


# ---- nothing is typed in


def met(need: str) -> tuple[str, ...]:
    return key_or_token(need).met[need]


def test_tokens_on_aci_would_be_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(service_forms.FORMS, "aci", ("none", "key", "token"))  # type: ignore[arg-type]
    assert met("runs on ACI") == ("key", "token")


@pytest.mark.parametrize(
    ("need", "forms"),
    [
        ("callers have nothing to renew", ("key", "token")),
        ("callers have no account", ("key", "token")),
        ("the workspace's region may go down", ("key", "token")),
        ("a stolen credential ends by itself", ()),
        ("one caller can be shut out alone", ()),
    ],
)
def test_tokens_of_two_years_would_be_found_out(
    monkeypatch: pytest.MonkeyPatch, need: str, forms: tuple[str, ...]
) -> None:
    monkeypatch.setattr(web_services, "TOKEN_LIFETIME", 2 * 365 * 86_400)
    assert met(need) == forms


def test_tokens_of_three_hours_would_outlive_the_outage_and_not_the_day(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(web_services, "TOKEN_LIFETIME", 3 * 3600)
    assert met("the workspace's region may go down") == ("key", "token")
    assert met("a stolen credential ends by itself") == ("token",)
    monkeypatch.setattr(web_services, "TOKEN_LIFETIME", 100 * 60)
    assert met("the workspace's region may go down") == ("key",)


def test_tokens_that_end_one_by_one_would_be_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    accepted: list[str] = []

    def only_the_first(
        self: ServiceTokenAuthenticator, cred: ServiceToken, target: Any, now: int
    ) -> Identity:
        accepted.append(cred.token)
        if cred.token != accepted[0]:
            raise Unauthenticated("Another one.")
        return Identity("service", target.name, capability=target.opened)

    monkeypatch.setattr(ServiceTokenAuthenticator, "__call__", only_the_first)
    assert met("a stolen credential can be ended at once") == ("key", "token")


def _nothing(*_: Any) -> None:
    return None


def _both(self: WebServices, endpoint: Any, which: str) -> None:
    endpoint.keys = {name: f"another {name}" for name in endpoint.keys}


@pytest.mark.parametrize("regenerate", [_nothing, _both])
def test_keys_that_cannot_be_regenerated_one_by_one_would_be_found_out(
    monkeypatch: pytest.MonkeyPatch, regenerate: Callable[..., None]
) -> None:
    monkeypatch.setattr(WebServices, "_regenerate", regenerate)
    assert met("a stolen credential can be ended at once") == ()
    assert met("one caller can be shut out alone") == ("token",)


def test_tokens_for_whoever_asks_would_be_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    demand = Op.demand

    def lax(self: Any, scope: str, *rest: Any) -> Demand:
        return Demand() if self.name == "Get service token" else demand(self, scope, *rest)

    monkeypatch.setattr(Op, "demand", lax)
    assert met("callers have no account") == ("key", "token")
    assert met("one caller can be shut out alone") == ()


NO, YES = "401 Unauthorized", "ok"


@pytest.mark.parametrize(
    ("need", "form", "outcomes"),
    [
        ("callers have nothing to renew", "key", [YES]),
        ("callers have nothing to renew", "token", [NO]),
        ("callers have no account", "key", [YES]),
        ("callers have no account", "token", [NO]),
        # The other one, and the stolen one; tokens end together, so that one look is enough.
        ("a stolen credential can be ended at once", "key", [YES, NO]),
        ("a stolen credential can be ended at once", "token", [NO]),
        ("a stolen credential ends by itself", "key", [YES]),
        ("a stolen credential ends by itself", "token", [NO]),
        # Whoever shares the key with the one that is shut out is shut out too.
        ("one caller can be shut out alone", "key", [NO, YES, NO]),
        ("one caller can be shut out alone", "token", [NO, YES, YES]),
    ],
)
def test_each_trial_ends_for_the_reason_that_it_is_about(
    lab: Lab, need: str, form: str, outcomes: list[str]
) -> None:
    assert NEEDS[need](lab, form) is (form in MET[need])
    assert [hop.outcome for hop in lab.trace if hop.operation == "Score"] == outcomes


# ---- bad input


def test_what_is_no_need_is_bad_input_with_those_that_are() -> None:
    with pytest.raises(BadInput, match="no such need") as caught:
        key_or_token("runs on ACI", "is fast")
    assert caught.value.presented == "'is fast'"
    assert caught.value.required == ", ".join(f'"{one}"' for one in NEEDS)
    assert taken(key_or_token) == {}


def test_the_release_and_the_seed_are_those_of_a_lab() -> None:
    assert said_otherwise(key_or_token) == []

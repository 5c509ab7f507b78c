"""One client and one web service: every answer, and what it was that led to it."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.core.errors import BadInput
from labkit.course.service_case import CLIENTS, ROTATED, service_case
from labkit.releases import RELEASES
from tests.course.refusing import Plainly, said_otherwise, taken

KEEPS, ANEW = CLIENTS
OK, UNAUTHORIZED, DOWN = "200", "401 Unauthorized", "503 ServiceUnavailable"
WITH_KEYS = list(product(("aci", "aks"), ROTATED, ("up", "down"), CLIENTS))
WITH_TOKENS = list(product(("59m59s", "60m"), ("up", "down"), CLIENTS))
TEXTS = {
    ("aks", "token", "61m", "nothing", "up", KEEPS): """\
what happens                            answer
--------------------------------------  ----------------
deploy on AKS, authentication by token  200
sign in and get a token                 200
61m pass
call the service                        401 Unauthorized""",
    ("aks", "key", "2d", "the key in use", "down", ANEW): """\
what happens                          answer
------------------------------------  ----------------------
deploy on AKS, authentication by key  200
get the keys                          200
2d pass
regenerate the key in use             200
the workspace's region goes down
get the keys, again                   503 ServiceUnavailable
call the service                      401 Unauthorized""",
    ("aks", "token", "1h", "the other key", "up", ANEW): """\
what happens                            answer
--------------------------------------  ------------
deploy on AKS, authentication by token  200
sign in and get a token                 200
1h pass
regenerate the other key                409 Conflict
sign in and get a token, again          200
call the service                        200""",
    ("aci", "none", "0s", "nothing", "down", ANEW): """\
what happens                           answer
-------------------------------------  ----------------------
deploy on ACI, authentication by none  200
0s pass
the workspace's region goes down
call the service                       503 ServiceUnavailable""",
    ("aci", "token", "61m", "the key in use", "down", ANEW): """\
what happens                            answer
--------------------------------------  --------------
deploy on ACI, authentication by token  400 BadRequest""",
}


@pytest.mark.parametrize("arguments", TEXTS, ids=" ".join)
def test_the_steps_are_told_in_order_with_their_answers(arguments: tuple[str, ...]) -> None:
    found = service_case(*arguments)
    assert repr(found) == TEXTS[arguments]
    assert (found.word == "accepted") is TEXTS[arguments].endswith("  200")
    assert found._repr_mimebundle_() == found.as_table()._repr_mimebundle_()


@pytest.mark.parametrize(("target", "rotated", "region", "client"), WITH_KEYS)
def test_a_key_opens_until_it_is_regenerated(target: str, rotated: str, region: str, client: str) -> None:
    found = service_case(target, "key", "61m", rotated, region, client)
    fresh = client == ANEW and region == "up"
    answer = OK if fresh or rotated != "the key in use" else UNAUTHORIZED
    # A service on ACI goes down with the workspace's region, one on AKS is elsewhere.
    assert found.answer == (DOWN if region == "down" and target == "aci" else answer)


@pytest.mark.parametrize(("age", "region", "client"), WITH_TOKENS)
def test_a_token_opens_for_an_hour(age: str, region: str, client: str) -> None:
    fresh = client == ANEW and region == "up"
    found = service_case("aks", "token", age, region=region, client=client)
    assert found.answer == (OK if fresh or age == "59m59s" else UNAUTHORIZED)


@settings(max_examples=10)
@given(
    st.integers(0, 3_000 * 86_400),
    st.sampled_from(("nothing", "the other key")),
    st.sampled_from(("up", "down")),
)
def test_a_key_that_is_not_regenerated_opens_at_any_age_whatever_goes_down(
    age: int, rotated: str, region: str
) -> None:
    assert service_case("aks", "key", f"{age}s", rotated, region).word == "accepted"


@pytest.mark.parametrize("age", ["0s", "4000d"])
def test_who_needs_nothing_is_always_answered_on_a_cluster_elsewhere(age: str) -> None:
    assert service_case("aks", "none", age, "the key in use", "down", ANEW).word == "accepted"


def test_a_client_that_cannot_sign_in_any_more_calls_with_what_it_has() -> None:
    steps = service_case(age="4000d", client=ANEW).steps
    assert steps[-2:] == (
        ("sign in and get a token, again", "401 AADSTS7000222"),
        ("call the service", UNAUTHORIZED),
    )


@pytest.mark.parametrize(("release", "seed"), [*zip(RELEASES, (7, 2020, None), strict=True)])
def test_neither_release_nor_seed_makes_a_difference(release: str, seed: int | None) -> None:
    assert service_case(release=release, seed=seed) == service_case()


OPTIONS = {
    "target": ("no such target", "aci", "aks"),
    "form": ("no such form of authentication", "key", "token", "none"),
    "rotated": ("no such key to regenerate", *ROTATED),
    "region": ("no such state of the region", "up", "down"),
    "client": ("no such client", *CLIENTS),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_what_there_is_not_is_bad_input_with_what_there_is(name: str) -> None:
    said, *options = OPTIONS[name]
    with pytest.raises(BadInput, match=said) as caught:
        service_case(**{name: "Owner"})  # type: ignore[arg-type]
    assert caught.value.presented == "'Owner'"
    assert caught.value.required == ", ".join(f'"{one}"' for one in options)


@pytest.mark.parametrize("name", [*OPTIONS, "age"])
def test_what_is_no_text_of_the_very_type_is_bad_input(name: str) -> None:
    assert taken(lambda value: service_case(**{name: value})) == {}


AGES: list[tuple[Any, str]] = [
    ("-1m", "does not run backwards"),
    ("61 m", "not a duration"),
    ("", "not a duration"),
    ("999999999d", "too far ahead"),
    (61, "How much time passes"),
    (Plainly("61m"), "How much time passes"),
    (None, "How much time passes"),
]


@pytest.mark.parametrize(("age", "said"), AGES)
def test_what_is_no_time_to_pass_is_bad_input(age: Any, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        service_case(age=age)


def test_arguments_are_looked_at_before_anything_happens() -> None:
    # Nothing can be called there, so that no time would pass.
    with pytest.raises(BadInput, match="not a duration"):
        service_case("aci", "token", "soon")


def test_the_release_and_the_seed_are_those_of_a_lab() -> None:
    assert said_otherwise(service_case) == []

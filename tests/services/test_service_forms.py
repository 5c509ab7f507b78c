"""Which form of authentication comes of what somebody asks for."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.core.errors import BadRequest
from labkit.services.machine_learning.service_forms import FORMS, changed_form, check_flags, new_form

ANSWERS = (None, True, False)
flags = st.sampled_from(ANSWERS)
kinds = st.sampled_from(["aci", "aks"])

# The documents' table: which is on where nothing is said, and what can be enabled at all.
DEFAULTS = {"aci": "none", "aks": "key"}


def allowed(kind: str, keys: bool | None, tokens: bool | None) -> bool:
    try:
        check_flags(kind, keys, tokens)
    except BadRequest:
        return False
    return True


def test_the_defaults_are_those_of_the_documents() -> None:
    assert {kind: new_form(kind, None, None) for kind in FORMS} == DEFAULTS


@pytest.mark.parametrize(("kind", "keys", "tokens"), [*product(FORMS, ANSWERS, ANSWERS)])
def test_what_is_enabled_is_what_there_is(kind: str, keys: bool | None, tokens: bool | None) -> None:
    assert allowed(kind, keys, tokens) is not bool(tokens and (keys or kind == "aci"))
    if allowed(kind, keys, tokens):
        form = new_form(kind, keys, tokens)
        assert form in FORMS[kind]
        assert not (keys and form != "key")
        assert not (tokens and form != "token")
        assert not (keys is False and form == "key")
        assert not (tokens is False and form == "token")


@given(kinds, st.lists(st.tuples(flags, flags), max_size=8))
def test_after_any_changes_there_is_one_form_and_it_is_one_of_the_place(
    kind: str, changes: list[tuple[bool | None, bool | None]]
) -> None:
    form = DEFAULTS[kind]
    for keys, tokens in changes:
        if allowed(kind, keys, tokens):
            before, form = form, changed_form(form, keys, tokens)
            assert form in FORMS[kind]
            assert changed_form(form, keys, tokens) == form
            if not keys and not tokens:
                assert form in (before, "none")

"""The glossary: every term has a meaning, and is found by any of its spellings."""

from __future__ import annotations

import pytest

from labkit.core.errors import BadInput
from labkit.course.glossary import glossary, terms


def test_all_terms_are_listed_with_their_meaning() -> None:
    text = repr(glossary())
    assert all(term.name in text and term.says in text for term in terms().values())


def test_every_spelling_belongs_to_one_term() -> None:
    spellings = [word.lower() for term in terms().values() for word in term.words]
    assert len(spellings) == len(set(spellings))


@pytest.mark.parametrize("spelling", ["scope", "Scopes", "ARM", "kid", "MFA"])
def test_a_term_is_found_by_any_spelling(spelling: str) -> None:
    assert len(glossary(spelling).rows) == 1


@pytest.mark.parametrize(
    ("term", "near"), [("tenent", "tenant"), ("zzz", "lists them all"), (3, "lists"), (None, "lists")]
)
def test_an_unknown_term_is_bad_input_that_says_what_is_near(term: object, near: str) -> None:
    with pytest.raises(BadInput, match=near):
        glossary(term)  # type: ignore[arg-type]

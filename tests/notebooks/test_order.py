"""Nothing is used before it is taught, by what the notebooks declare and by what they say."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from labkit.checkout import checkout
from labkit.course.glossary import Term, terms
from labkit.course.lessons import Lesson, first_uses, lessons


def faults(course: Sequence[Lesson], glossary: Sequence[Term]) -> list[str]:
    """Everything that is out of order; `course` is in reading order."""
    return [*_of_the_lessons(course, glossary), *_of_the_terms(course, glossary)]


def _of_the_lessons(course: Sequence[Lesson], glossary: Sequence[Term]) -> Iterator[str]:
    known = {term.name: term for term in glossary}
    taught: set[str] = set()
    for each in course:
        for name in each.requires:
            if name not in taught:
                yield f"{each.notebook} requires {name!r}, which no earlier notebook teaches"
        for name in each.teaches:
            if name not in known:
                yield f"{each.notebook} teaches {name!r}, which the glossary does not have"
            elif known[name].taught_in != each.notebook:
                yield f"{each.notebook} teaches {name!r}, which the glossary has for {known[name].taught_in}"
            elif not each.uses(known[name].words):
                yield f"{each.notebook} teaches {name!r} and does not mention it"
        taught.update(each.teaches)


def _of_the_terms(course: Sequence[Lesson], glossary: Sequence[Term]) -> Iterator[str]:
    place = {each.notebook: number for number, each in enumerate(course)}
    first = first_uses(course, glossary)
    for term in glossary:
        if term.taught_in not in place:
            yield f"{term.name!r} is taught in {term.taught_in}, which does not exist"
        elif term.name not in course[place[term.taught_in]].teaches:
            yield f"{term.name!r} is taught in {term.taught_in}, which does not declare it"
        elif place[first.get(term.name, term.taught_in)] < place[term.taught_in]:
            yield f"{term.name!r} is used in {first[term.name]} and taught in {term.taught_in}"


def test_the_course_is_in_order() -> None:
    course = lessons(checkout() / "notebooks")
    assert len(course) >= 2
    assert faults(course, tuple(terms().values())) == []


def term(name: str, taught_in: str) -> Term:
    return Term(name, "what it means", taught_in, (name, f"{name}s"))


GLOSSARY = (term("tenant", "00.ipynb"), term("audience", "01.ipynb"))
FIRST = Lesson("00.ipynb", "First", 5, ("tenant",), (), "A tenant is a place.")
SECOND = Lesson("01.ipynb", "Second", 5, ("audience",), ("tenant",), "A tenant has an audience.")


def test_a_course_in_order_has_no_faults() -> None:
    assert faults((FIRST, SECOND), GLOSSARY) == []


@pytest.mark.parametrize(
    ("course", "glossary", "fault"),
    [
        (
            (replace(FIRST, prose="A tenant, an audience."), SECOND),
            GLOSSARY,
            "'audience' is used in 00.ipynb",
        ),
        ((replace(FIRST, prose="tenant: Audiences."), SECOND), GLOSSARY, "'audience' is used in 00.ipynb"),
        ((replace(FIRST, requires=("audience",)), SECOND), GLOSSARY, "00.ipynb requires 'audience'"),
        ((FIRST, replace(SECOND, requires=("audience",))), GLOSSARY, "01.ipynb requires 'audience'"),
        ((FIRST, replace(SECOND, requires=("scope",))), GLOSSARY, "01.ipynb requires 'scope'"),
        ((FIRST, replace(SECOND, prose="A tenant.")), GLOSSARY, "'audience' and does not mention it"),
        ((replace(FIRST, teaches=("tenant", "scope")), SECOND), GLOSSARY, "which the glossary does not have"),
        ((replace(FIRST, teaches=("tenant", "audience")), SECOND), GLOSSARY, "has for 01.ipynb"),
        ((FIRST, replace(SECOND, teaches=())), GLOSSARY, "01.ipynb, which does not declare it"),
        ((FIRST, SECOND), (*GLOSSARY, term("scope", "07.ipynb")), "07.ipynb, which does not exist"),
        ((SECOND, FIRST), GLOSSARY, "01.ipynb requires 'tenant'"),
    ],
)
def test_each_fault_is_found(course: Sequence[Lesson], glossary: Sequence[Term], fault: str) -> None:
    assert any(fault in found for found in faults(course, glossary)), faults(course, glossary)

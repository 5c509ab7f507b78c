"""Reads answers that are made of names out of a list: a name, several of them, or a dict by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from labkit.core.errors import brief
from labkit.course.checking import NotUsable, as_mapping, as_sequence, as_text
from labkit.course.describing import describe

_LONGEST = 200


def as_name(given: object, known: Iterable[str], what: str = "Your answer") -> str:
    """The known name that is meant, in whatever case. Raises NotUsable, with `what` as the subject of the
    sentence (so do the others here)."""
    names = list(known)
    text = as_text(given, longest=_LONGEST, what=what).strip()
    found = {name.lower(): name for name in names}.get(text.lower())
    if found is None:
        raise NotUsable(f"{what} is {brief(text)}. It should be one of these: {', '.join(names)}.")
    return found


def in_order(answer: object, known: Iterable[str], what: str = "Your answer") -> list[str]:
    """The known names in a list or tuple, in their order. A set has none, and is refused."""
    if any(type(answer) is kind for kind in (set, frozenset)):
        raise NotUsable(f"{what} is a set, which has no order. It should be a list.")
    return _several(answer, list(known), what, "a list")


def as_names(answer: object, known: Iterable[str], what: str = "Your answer") -> list[str]:
    """The known names in a list or tuple, in their order, or in a set."""
    return _several(answer, list(known), what, "a list or a set")


def _several(answer: object, names: list[str], what: str, required: str) -> list[str]:
    if not any(type(answer) is kind for kind in (list, tuple, set, frozenset)):
        these = ", ".join(map(brief, names))
        raise NotUsable(f"{what} is {describe(answer)}. It should be {required} of some of these: {these}.")
    given = as_sequence(answer, at_most=40, what=what)
    return [as_name(one, names, what=f"One in {what[:1].lower()}{what[1:]}") for one in given]


def by_name(answer: object, known: Iterable[str], what: str = "Your answer") -> Mapping[str, object]:
    """What a dict says of each of the names, as raw as before. All of them have to be there, and no other."""
    names = list(known)
    said = as_mapping(answer, at_most=40, what=what)
    if unknown := sorted(brief(key) for key in said.keys() - set(names)):
        raise NotUsable(f"Not asked for: {', '.join(unknown)}. The names are {', '.join(names)}.")
    if missing := [name for name in names if said.get(name, ...) is ...]:
        raise NotUsable(f"The answer says nothing of these yet: {', '.join(missing)}.")
    return {name: said[name] for name in names}


def chosen(
    answer: object, choices: Mapping[str, Iterable[str]], say: str = "What you say of {!r}"
) -> dict[str, str]:
    """What a dict says of each of the names: one of its choices. `say` is how a sentence about a name
    begins."""
    return {
        name: as_name(given, choices[name], what=say.format(name))
        for name, given in by_name(answer, choices).items()
    }


def dict_source(values: Mapping[str, str]) -> str:
    """Source code that sets `answer` to a dict of texts, one to a line."""
    return "\n".join(["answer = {", *(f'    "{name}": "{value}",' for name, value in values.items()), "}"])


def list_source(values: Iterable[str]) -> str:
    """The same with a list."""
    return "\n".join(["answer = [", *(f'    "{value}",' for value in values), "]"])

"""Makes answers harmless: turns whatever a learner has handed in into a plain value, or says what it should
have been.

An answer may be anything, with methods that raise, loop or lie. So nothing here asks an object what it is:
`type()` decides, plain values are read through the methods of Python's own types, and functions run for a
limited number of steps.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable
from itertools import islice
from types import FunctionType, GeneratorType, MethodType
from typing import Any, TypeVar, cast

from labkit.core.errors import LabError
from labkit.course.describing import describe, in_short, is_one_of, type_name
from labkit.course.stepping import STEPS, run

T = TypeVar("T")

_LARGEST = 2**63
_LONGEST_ERROR = 600
_CONTAINERS: tuple[type[Any], ...] = (list, tuple, set, frozenset, range)
_VIEWS: tuple[type[Any], ...] = (type({}.keys()), type({}.values()))


class NotUsable(Exception):
    """An answer that cannot be judged; `str()` tells the learner why. The exercise turns it into a Result."""


def _refuse(what: str, answer: object, required: str) -> NotUsable:
    return NotUsable(f"{what} is {describe(answer)}. It should be {required}.")


def as_text(answer: object, longest: int = 10_000, what: str = "Your answer") -> str:
    """A `str` of at most `longest` characters that UTF-8 can encode. Raises NotUsable, with `what` as the
    subject of the sentence (so do all the others here)."""
    if not issubclass(type(answer), str):
        raise _refuse(what, answer, "a text")
    text = str.__str__(answer)
    if len(text) > longest:
        raise NotUsable(f"{what} is a text of {len(text):,} characters. At most {longest:,} are needed.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise NotUsable(f"{what} has half a character at place {error.start}, a surrogate.") from None
    return text


def as_truth(answer: object, what: str = "Your answer") -> bool:
    """True or False itself; what merely counts as true does not do."""
    if answer is True or answer is False:
        return answer
    raise _refuse(what, answer, "True or False")


def as_number(answer: object, what: str = "Your answer") -> int | float:
    """An `int` or a finite `float` of at most 2**63 in size. A truth value is no number."""
    kind = type(answer)
    number: int | float | None = None
    if issubclass(kind, int) and kind is not bool:
        number = int.__int__(answer)  # type: ignore[arg-type]
    elif issubclass(kind, float):
        number = float.__float__(answer)  # type: ignore[arg-type]
    if number is None or (type(number) is float and not math.isfinite(number)):
        raise _refuse(what, answer, "a number")
    if abs(number) > _LARGEST:
        raise _refuse(what, number, "a smaller number")
    return number


def as_mapping(answer: object, at_most: int = 1_000, what: str = "Your answer") -> dict[str, object]:
    """A `dict` whose keys are texts, with at most `at_most` of them. The values are as raw as before."""
    if not issubclass(type(answer), dict):
        raise _refuse(what, answer, "a dict")
    items: list[tuple[object, object]] = list(islice(dict.items(answer), at_most + 1))  # type: ignore[arg-type]
    if len(items) > at_most:
        raise NotUsable(f"{what} is a dict of more than {at_most:,} entries.")
    return {as_text(key, what=f"A key of {_inside(what)}"): value for key, value in items}


def as_sequence(
    answer: object, at_most: int = 1_000, what: str = "Your answer", required: str = "a list"
) -> list[object]:
    """The items of a list, tuple, set, range, generator or dict view, as a list; the items are as raw as
    before. Takes at most `at_most` of them plus one, so that an endless generator is refused too. The items
    of a set come in an order of their own, the same every time."""
    kind = type(answer)
    base = next((base for base in (*_CONTAINERS, *_VIEWS) if issubclass(kind, base)), None)
    if base is not None:
        items = list(islice(base.__iter__(answer), at_most + 1))
    elif kind is GeneratorType:
        items = call_safely(_take, answer, at_most + 1)
    else:
        raise _refuse(what, answer, required)
    if len(items) > at_most:
        raise NotUsable(f"{what} has more than {at_most:,} items.")
    return sorted(items, key=in_short) if base is set or base is frozenset else items


def as_exactly(answer: object, kind: type[T], what: str = "Your answer") -> T:
    """An object of this very type of the lab's, for instance a Token. A subclass could lie and is refused."""
    if type(answer) is not kind:
        raise _refuse(what, answer, f"an object of type {kind.__name__}")
    return answer


def as_function(answer: object, parameters: int, what: str = "Your answer") -> Callable[..., Any]:
    """A function that can be called with so many arguments. To be called with `call_safely` only."""
    required = f"a function of {parameters} parameter{'' if parameters == 1 else 's'}"
    if issubclass(type(answer), type):
        raise NotUsable(f"{what} is a class. It should be {required}.")
    if not is_one_of(type(answer), (FunctionType, MethodType)):
        raise _refuse(what, answer, f"{required}, made with def")
    asynchronous = run(inspect.iscoroutinefunction, answer)
    if asynchronous.value is not False:
        raise NotUsable(
            f"{what} is an asynchronous function. It should be {required}, made with a plain def."
        )
    if run(_bind, answer, parameters).error is not None:
        raise NotUsable(f"{what} is a function of other parameters. It should be {required}.")
    return cast("Callable[..., Any]", answer)


def call_safely(function: Callable[..., Any], *args: object, steps: int = STEPS) -> Any:
    """What a learner's function returns, as raw as any answer. Raises NotUsable for a function that raises,
    leaves the program, recurses too deep or takes more than `steps` steps."""
    ran = run(function, *args, steps=steps)
    if ran.stopped:
        raise NotUsable(f"Your function {ran.stopped}. {_called_with(args)}".rstrip())
    if issubclass(type(ran.error), LabError):
        raise NotUsable(
            f"The lab said no inside your function: {text_of(ran.error)}\n{_called_with(args)}".rstrip()
        )
    if ran.error is not None:
        said = f"{type_name(ran.error)}: {text_of(ran.error)}".rstrip(": ")
        raise NotUsable(f"Your function raised {said}. {_called_with(args)}".rstrip())
    return ran.value


def _take(generator: Iterable[object], count: int) -> list[object]:
    return list(islice(generator, count))


def _bind(function: Callable[..., Any], parameters: int) -> None:
    inspect.signature(function).bind(*[None] * parameters)


def _inside(what: str) -> str:
    return what[:1].lower() + what[1:]


def _called_with(args: tuple[object, ...]) -> str:
    return f"It was called with {', '.join(in_short(each) for each in args)}." if args else ""


def text_of(error: BaseException | None) -> str:
    """What the exception says, shortened; "" where even that goes wrong."""
    text = run(str, error).value
    if type(text) is not str:
        return ""
    text = text.encode(errors="replace").decode()
    return text if len(text) <= _LONGEST_ERROR else f"{text[:_LONGEST_ERROR]}..."

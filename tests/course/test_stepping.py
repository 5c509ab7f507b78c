import contextlib
import itertools
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from labkit.course.stepping import DEEPEST, run, uncounted

FEW = 2_000


def loops() -> None:
    while True:
        pass


def swallows() -> None:
    number = 0
    while True:
        try:
            number += 1
        except:  # noqa: E722
            continue


def swallows_in_a_context() -> None:
    while True:
        with contextlib.suppress(BaseException):
            sum([1, 2])


def keeps_what_it_swallows() -> None:
    kept: list[BaseException] = []
    while True:
        try:
            len(kept)
        except BaseException as error:
            kept.append(error)


def gives_up_in_two_steps() -> None:
    try:
        while True:
            pass
    except:  # noqa: E722
        while True:
            pass


def loops_in_finally() -> None:
    try:
        raise ValueError
    finally:
        while True:
            pass


def calls_back_for_ever() -> int:
    return max(itertools.count(), key=lambda number: number)


def drains_a_generator() -> list[int]:
    return [number for number in iter(int, 1)]  # noqa: C416


def recurses(*args: object) -> object:
    return recurses(*args)


def recurses_and_swallows() -> None:
    while True:
        with contextlib.suppress(BaseException):
            recurses()


def retries_by_recursion() -> object:
    try:
        return retries_by_recursion()
    except:  # noqa: E722
        return retries_by_recursion()


ENDLESS = [
    loops,
    swallows,
    swallows_in_a_context,
    keeps_what_it_swallows,
    gives_up_in_two_steps,
    loops_in_finally,
    calls_back_for_ever,
    drains_a_generator,
    recurses,
    recurses_and_swallows,
    retries_by_recursion,
]


@pytest.mark.parametrize("function", ENDLESS, ids=lambda function: function.__name__)
def test_what_has_no_end_is_stopped(function: Callable[..., Any]) -> None:
    ran = run(function, steps=FEW)
    assert ran.stopped
    assert ran.error is None
    assert run(function, steps=FEW) == ran


def test_a_function_that_ends_gives_its_value() -> None:
    assert run(divmod, 17, 5).value == (3, 2)
    assert run(lambda a, b: [a, b], 1, 2).value == [1, 2]


@pytest.mark.parametrize("error", [ValueError("v"), SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_whatever_is_raised_comes_back(error: BaseException) -> None:
    def function() -> None:
        raise error

    assert run(function).error is error


def test_the_limit_is_exact_and_counts_the_same_every_time() -> None:
    def count(to: int) -> int:
        number = 0
        while number < to:
            number += 1
        return number

    def first_that_fails() -> int:
        return next(to for to in range(1_000) if run(count, to, steps=FEW).stopped)

    assert 50 < first_that_fails() == first_that_fails() < 1_000


def test_libraries_and_the_lab_are_not_counted() -> None:
    def function() -> str:
        import labkit

        return repr(labkit.start().sign_in("carl"))

    assert "carl" in run(function, steps=500).value


def test_depth_is_limited_before_python_limits_it() -> None:
    def down(depth: int) -> int:
        return depth if depth == 0 else down(depth - 1)

    assert run(down, DEEPEST - 1).value == 0
    assert run(down, DEEPEST).stopped


def test_generators_and_exceptions_leave_the_depth_right() -> None:
    def function() -> int:
        def one() -> Any:
            yield 1

        def fails() -> None:
            raise ValueError

        for _ in range(2 * DEEPEST):
            list(one())
            with contextlib.suppress(ValueError):
                fails()
        return 7

    assert run(function).value == 7


def test_the_callers_tracer_stays() -> None:
    def tracer(*_: Any) -> None:
        return None

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        run(lambda: None)
        run(loops, steps=FEW)
        uncounted(lambda: None)
        found = sys.gettrace()
    finally:
        sys.settrace(before)
    assert found is tracer


def test_only_what_was_stopped_leaves_a_thread_behind() -> None:
    before = threading.active_count()
    for _ in range(5):
        run(lambda: 1)
    assert threading.active_count() <= before + 1
    assert all(thread.daemon for thread in threading.enumerate() if thread.name == "a learner's function")


def test_a_run_inside_a_run() -> None:
    def outer() -> tuple[str, int]:
        inner = run(loops, steps=FEW)
        number = 0
        for _ in range(3):
            number += 1
        return inner.stopped, number

    assert run(outer).value == (f"does not come to an end within {FEW:,} steps", 3)


def test_steps_are_counted_again_after_a_pause() -> None:
    def function() -> None:
        uncounted(lambda: [0 for _ in range(10_000)])
        loops()

    assert run(function, steps=FEW).stopped

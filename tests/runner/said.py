"""What tests of sweeps have in common: both ways, a cell with an outcome, and what was printed."""

import re

import pytest

from labkit.runner.warm.server import why_not

OUTCOME = "from labkit.course.outcome import outcome\noutcome(call=call, age=age)"


def lines(text: str) -> list[str]:
    """What was printed, without the durations."""
    return re.sub(r"\d+\.\d s", "T s", text).splitlines()


def by_name(text: str) -> dict[str, list[str]]:
    """What was printed of each failure, by the scenario: they come as soon as they are there."""
    found: dict[str, list[str]] = {}
    for line in lines(text):
        if line.startswith("FAILED "):
            found[line.removeprefix("FAILED ")] = rest = []
        elif line.startswith("  "):
            rest.append(line.strip())
    return found


# The ways of a sweep: both have to be the same for whoever looks at it.
WAYS = [
    pytest.param(False, id="warm", marks=pytest.mark.skipif(bool(why_not()), reason=why_not() or "never")),
    pytest.param(True, id="plain"),
]

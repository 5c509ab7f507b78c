"""The lab's clock. It stands still until the learner advances it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from labkit.core.errors import BadInput, brief

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"-?(?:\d{1,9}[smhd])+")
_PART = re.compile(r"(\d+)([smhd])")
_LATEST = int(datetime(9000, 1, 1, tzinfo=UTC).timestamp())


def seconds(duration: object) -> int:
    """Seconds in a duration such as `"61m"`, `"1h30m"`, `"2d"`, or a whole number of seconds.

    Raises BadInput for anything else, and for a negative duration.
    """
    if type(duration) is int:
        total = duration
    elif type(duration) is str and _DURATION.fullmatch(duration):
        total = sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(duration))
        total = -total if duration.startswith("-") else total
    else:
        raise BadInput(
            "That is not a duration.",
            presented=brief(duration),
            required='a text such as "90s", "61m", "1h30m" or "2d", or a whole number of seconds',
        )
    if total < 0:
        raise BadInput(
            "The clock does not run backwards.",
            presented=f"{brief(total)} seconds",
            required="zero or more",
            advice="to go back, start a new lab: labkit.start() gives the first moment again",
        )
    return total


def iso(moment: int) -> str:
    """A moment (seconds since 1970-01-01 UTC) as text, for instance `2020-03-16 09:00:00Z`. A moment that
    no calendar has (a token may claim any number) comes back as the number."""
    try:
        return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return f"second {moment:.3g}" if abs(moment) < 10**300 else "a second beyond counting"


class Clock:
    """Seconds since 1970-01-01 UTC on the lab's own time. No timers and no callbacks hang on it:
    a fact carries the time from which it holds and is read when somebody asks."""

    def __init__(self, start: int) -> None:
        self._now = start

    @property
    def now(self) -> int:
        """The present moment, in whole seconds."""
        return self._now

    def advance(self, duration: object) -> Clock:
        """Moves the clock forward by a duration (see `seconds`). Raises BadInput and stays where it is."""
        moment = self._now + seconds(duration)
        if moment > _LATEST:
            raise BadInput("That is too far ahead.", presented=brief(duration), required="before year 9000")
        self._now = moment
        return self

    def __repr__(self) -> str:
        return f"{iso(self._now)} on the lab's clock"

"""Two clients of a web service, one that renews its token on time and one that does not, at any minute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from labkit.core.choice import choice
from labkit.core.entropy import Entropy
from labkit.core.errors import BadInput, brief
from labkit.core.table import Table, Tabular
from labkit.course.service_clients import ServiceCall, Timeline, timeline
from labkit.releases import find_release

if TYPE_CHECKING:
    from labkit.course.widget import Panel

PAIR = ("refreshes on time", "never refreshes")
MINUTES, EVERY = 180, 5
# When the workspace's region is down, by what that is called.
OUTAGES: Mapping[str, tuple[int, int] | None] = {
    "never": None,
    "minutes 50 to 60": (50, 60),
    "minutes 40 to 100": (40, 100),
}


@dataclass(frozen=True, repr=False)
class ClientsAt(Tabular):
    """What each client has in its hands at a minute, and what its call is answered."""

    minute: int
    down: str
    calls: tuple[ServiceCall, ...]

    def as_table(self) -> Table:
        """One row for each client."""
        rows = [
            (
                one.client,
                _at(one.refresh_by, self.minute, "due since"),
                _at(one.end, self.minute, "expired at"),
                _answered(one),
            )
            for one in self.calls
        ]
        caption = f"Minute {self.minute}; the workspace's region is down: {self.down}"
        return Table(("client", "refresh_by", "end of its token", "its call"), rows, caption=caption)

    @property
    def summary(self) -> str:
        """The minute, and what each call is answered."""
        return f"Minute {self.minute}: " + "; ".join(f"{one.client}: {_answered(one)}" for one in self.calls)


def _answered(call: ServiceCall) -> str:
    return "ANSWERED, 200" if call.ok else f"REFUSED, {call.answer}"


def _at(then: int | None, now: int, past: str) -> str:
    if then is None:
        return "no token"
    return f"minute {then}" if now < then else f"{past} minute {then}"


def clients_at(
    minute: int = 0, down: str = "never", release: str = "2020-03", seed: int | None = 2020
) -> ClientsAt:
    """How the two clients stand at a minute (0 to 180, in steps of 5) of lab time, with the workspace's
    region down as one of OUTAGES says. Raises BadInput. Statements svc-token-expires,
    svc-token-refresh-by."""
    choice("time of an outage", down, OUTAGES)
    if type(minute) is not int or minute not in range(0, MINUTES + 1, EVERY):
        required = f"0 to {MINUTES}, in steps of {EVERY}"
        raise BadInput("Which minute?", presented=brief(minute), required=required)
    # Before they are looked up: a list cannot be.
    find_release(release)
    Entropy(seed)
    lived = _lived(OUTAGES[down], release, seed)
    last = (next(call for call in reversed(lived.of(name)) if call.minute <= minute) for name in PAIR)
    return ClientsAt(minute, down, tuple(last))


@cache
def _lived(outage: tuple[int, int] | None, release: str, seed: int | None) -> Timeline:
    # The widget asks for one minute after the other of the same three hours.
    return timeline(*PAIR, minutes=MINUTES, every=EVERY, outage=outage, release=release, seed=seed)


def simulator(release: str = "2020-03", seed: int | None = 2020) -> Panel:
    """The same as a widget: a number for the clock, a list for the outage, and the verdicts below. Raises
    BadInput."""
    from labkit.course.widget import chooser

    return chooser(
        {"Minute": range(0, MINUTES + 1, EVERY), "The workspace's region is down": tuple(OUTAGES)},
        lambda minute, down: clients_at(minute, down, release, seed),
    )

"""Somebody tries something in a lab, and olivia sets the scene."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from labkit.access.decision import Decision
from labkit.access.matrix import Way
from labkit.core.operation import Op, P, R
from labkit.core.trace import Hop
from labkit.core.verdict import Verdict
from labkit.lab import Lab

OWNER = "olivia"
# What a refusal at these stages says is about the person, and not about what was asked for.
_ACCESS = ("network", "authentication", "authorization")


class Trial:
    """What a person tries in a lab. Raises what `Lab.sign_in` raises."""

    def __init__(self, lab: Lab, who: str) -> None:
        self.lab = lab
        self.who = who
        self._token = lab.sign_in(who, second_factor=True)
        self._owner = lab.sign_in(OWNER, second_factor=True).bearer

    def name(self, suffix: str) -> str:
        """A name for something of this person's, good for every kind of thing that takes a dash."""
        return f"{self.who.lower().replace('_', '-')}-{suffix}"

    def ask(self, op: Op[P, R], target: str, *args: P.args, **kwargs: P.kwargs) -> R:
        """A call of the person who tries. Raises a Refusal."""
        return self.lab.ask(self.who, op, target, self._token.bearer, *args, **kwargs)

    def prepare(self, op: Op[P, R], target: str, *args: P.args, **kwargs: P.kwargs) -> R:
        """A call of olivia's. Raises a Refusal."""
        return self.lab.ask(OWNER, op, target, self._owner, *args, **kwargs)

    def attempt(self, name: str, act: Callable[[], object]) -> Way:
        """What comes of it. Raises the Refusal itself where it is about something else than access: then the
        attempt was badly made, and says nothing about a role."""
        before = len(self.lab.trace)
        verdict = Verdict.of(act)
        refusal = verdict.refusal
        if refusal is not None and getattr(refusal, "stage", "") not in _ACCESS:
            raise refusal
        calls = tuple(
            hop for hop in self.lab.trace[before:] if hop.action and (hop.parent == 0 or self._is_mine(hop))
        )
        return Way(name, verdict, calls, self._decision(calls))

    def _decision(self, calls: Sequence[Hop]) -> Decision | None:
        """Made again, since the door keeps the reason only; nothing has changed meanwhile."""
        asked = [hop for hop in calls if self._is_mine(hop)]
        # Where a call within another one is refused, that one is let through first.
        turned_away = [hop for hop in asked if not hop.ok and hop.stage == "authorization"]
        for hop in (*turned_away, *asked):
            decision = self.lab.access.explain(self._token.claims["oid"], hop.action, hop.scope)
            assert isinstance(decision, Decision)
            return decision
        return None

    def _is_mine(self, hop: Hop) -> bool:
        claims = self._token.claims
        return hop.subject.startswith(f"{claims.get('upn', claims.get('app_displayname'))} (")

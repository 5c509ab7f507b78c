"""A decision of authorization: the word first, then everything that was looked at."""

from __future__ import annotations

from collections.abc import Iterator

from labkit.access.decision import Considered, Decision
from labkit.access.scope import label
from labkit.core.clock import iso
from labkit.display.colours import ACCEPTED, REFUSED, style
from labkit.display.table import table
from labkit.display.text import box, escaped


def html(decision: Decision) -> str:
    """A box with the reason, and the assignments from the widest scope down."""
    colours, word = (ACCEPTED, "ALLOWED") if decision.allowed else (REFUSED, "REFUSED")
    facts = [
        ("action", f"{decision.action}{' (data)' if decision.data else ''}"),
        ("scope", label(decision.scope)),
        (decision.reason, decision.why),
        ("what to do", decision.advice),
    ]
    looked = list(_looked_at(decision))
    parts = [
        f'<p><strong style="{style(colours)};padding:1px 8px">{word}</strong> {escaped(decision.who)}</p>',
        table([fact for fact in facts if fact[1]]),
        table(looked, ("what was looked at", "at", "how it is held", "says"))
        if looked
        else "<p>There was nothing to look at: no role assignment at this scope or above it.</p>",
    ]
    return box(*parts)


def _looked_at(decision: Decision) -> Iterator[tuple[str, str, str, str]]:
    for deny, pattern in decision.denied:
        yield f"deny assignment {deny.name}", label(deny.scope), "", f"✗ forbids {pattern}"
    for one in decision.considered:
        yield _row(decision, one, _said(one))
    for one in decision.pending:
        yield _row(
            decision, one, f"· would grant it; this token does not see it before {iso(decision.refreshed)}"
        )


def _row(decision: Decision, one: Considered, said: str) -> tuple[str, str, str, str]:
    return f"role {one.role.name}", label(one.assignment.scope), one.held(decision.who), said


def _said(one: Considered) -> str:
    if one.minus:
        return f"✗ {one.pattern}, without {one.minus}"
    said = f"✓ grants {one.pattern}" if one.pattern else "✗ has no pattern for it"
    return f"{said}; removed, and this token has not noticed" if one.removed else said

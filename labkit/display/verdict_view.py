"""The outcome of a call: the word first, then how far the call got, and what to do."""

from __future__ import annotations

from typing import Any

from labkit.core.errors import LabError
from labkit.core.trace import STAGES
from labkit.core.verdict import Verdict
from labkit.display.colours import ACCEPTED, REFUSED, style
from labkit.display.table import table
from labkit.display.text import block, box, escaped


def html(verdict: Verdict[Any]) -> str:
    """A box. What an accepted call returned is shown as the text form shows it."""
    colours = ACCEPTED if verdict.accepted else REFUSED
    word = f'<strong style="{style(colours)};padding:1px 8px">{verdict.word.upper()}</strong>'
    body = _accepted(word, verdict) if verdict.refusal is None else _refused(word, verdict.refusal)
    return box(body)


def _accepted(word: str, verdict: Verdict[Any]) -> str:
    value = repr(verdict).partition("\n")[2]
    return f"<p>{word}</p>{block(value) if value else ''}"


def _refused(word: str, refusal: LabError) -> str:
    service, stage = getattr(refusal, "service", ""), getattr(refusal, "stage", "")
    status = str(getattr(refusal, "status", 0) or "")
    code = " ".join(part for part in (status, refusal.code) if part)
    by = f"by {service} at {stage}" if service else "by the lab"
    kind = type(refusal).__name__
    parts = [
        f"<p>{word} <code>{escaped(code or kind)}</code> {escaped(f'{by} ({kind})' if code else by)}</p>",
        f"<p>{escaped(refusal.message)}</p>",
    ]
    if stage in STAGES:
        parts.append(_stages(stage, service))
    rows = (
        ("presented", refusal.presented),
        ("required", refusal.required),
        ("what to do", refusal.advice),
    )
    told = [row for row in rows if row[1]]
    return "\n".join([*parts, *([table(told)] if told else [])])


def _stages(last: str, service: str) -> str:
    got = STAGES.index(last)
    states = [
        "✓ passed" if at < got else "✗ refused" if at == got else "· not reached" for at in range(len(STAGES))
    ]
    return table([("result", *states)], ("stage", *STAGES), f"How far the call on {service} got")

"""Foreign text made fit to print: a name may hold anything."""

from __future__ import annotations


def plain(text: object, limit: int = 0) -> str:
    """`str(text)` on one line. What does not print (line breaks, control characters, marks that turn the
    direction of writing) is written as an escape; more than `limit` characters, where given, lose their
    middle."""
    shown = str(text)
    if not shown.isprintable():
        shown = "".join(
            one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in shown
        )
    if limit and len(shown) > limit:
        tail = limit // 3
        shown = f"{shown[: limit - tail - 1]}…{shown[-tail:]}"
    return shown

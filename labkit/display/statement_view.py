"""A statement of the ledger as a quotation with its sources."""

from __future__ import annotations

from labkit.display.text import escaped
from labkit.ledger import Statement


def html(statement: Statement) -> str:
    """What the documents say, and which of them say it."""
    sources = "<br>".join(f"{escaped(name)} {escaped(text)}" for name, text in statement.sources)
    return (
        '<blockquote style="border-left:6px solid #888;margin:4px 0;padding:2px 12px">'
        f"<p><code>{escaped(statement.id)}</code> {escaped(statement.says)}</p>"
        f"<p><small>{sources}</small></p></blockquote>"
    )

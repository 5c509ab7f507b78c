"""A statement of the ledger as a quotation with its sources."""

from __future__ import annotations

import re

from labkit.display.colours import EDGE
from labkit.display.text import escaped
from labkit.ledger import Statement

_CODE = re.compile("`([^`]+)`")


def html(statement: Statement) -> str:
    """What the documents say, and which of them say it."""
    says = _CODE.sub(r"<code>\1</code>", escaped(statement.says))
    sources = "<br/>".join(f"{escaped(name)} {escaped(text)}" for name, text in statement.sources)
    return (
        f'<blockquote style="border-left:6px solid {EDGE};margin:4px 0;padding:2px 12px">'
        f"<p><code>{escaped(statement.id)}</code> {says}</p>"
        f"<p><small>{sources}</small></p></blockquote>"
    )

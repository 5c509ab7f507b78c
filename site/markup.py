"""Plain text, tables and lists as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable

_CODE = re.compile(r"(`[^`]+`)")
_MARKUP = re.compile(r"([\\*_{}\[\]<>#|~$])")


def text(plain: object) -> str:
    """Text that means what it says, apart from `code` in it."""
    parts = _CODE.split(" ".join(str(plain).split()))
    return "".join(part if place % 2 else _MARKUP.sub(r"\\\1", part) for place, part in enumerate(parts))


def code(plain: str) -> str:
    """Text as code. It has no backtick in it."""
    return f"`{plain}`"


def link(title: str, target: str) -> str:
    """A link. `title` is Markdown."""
    return f"[{title}](<{target}>)"


def table(headers: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A table whose cells are Markdown."""
    first = list(headers)
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in (first, ["---"] * len(first), *rows))


def bullets(items: Iterable[str]) -> str:
    """A list whose items are Markdown."""
    return "\n".join(f"- {item}" for item in items)


def page(*parts: str) -> str:
    """A file of paragraphs; empty ones are left out."""
    return "\n\n".join(part for part in parts if part) + "\n"


def reading_order(caption: str, documents: Iterable[str]) -> str:
    """An entry of the site's contents."""
    return "\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", "", *documents, "```"])

"""A list of things to type as HTML."""

from __future__ import annotations

import re
from html import unescape

from labkit.core.listing import Item, Listing
from labkit.display.text import block, escaped, link

_CODE = re.compile("`([^`]+)`")
_LINK = re.compile(r"https://learn\.microsoft\.com/(?:[^\s<>&\"']|&amp;)+[^\s<>&\"'.,;)]")


def html(listing: Listing) -> str:
    """Everything that the text has, with the things to type in a box of their own."""
    items = "".join(f'<li style="margin:8px 0">{_item(one)}</li>' for one in listing.items)
    heading = f"<p><strong>{escaped(listing.caption)}</strong></p>"
    return f"<div>{heading}<ol>{items}</ol>{_notes(listing.closing)}</div>"


def _item(item: Item) -> str:
    typed = block(item.code.expandtabs())
    notes = _notes(item.notes)
    if item.output is None:
        return f"{typed}{notes}"
    return f"{typed}{_paragraph('<small>what it says</small>')}{block(item.output.expandtabs())}{notes}"


def _paragraph(content: str) -> str:
    return f'<p style="margin:2px 0">{content}</p>'


def _notes(notes: tuple[tuple[str, str], ...]) -> str:
    return "".join(
        _paragraph(f"<small><b>{escaped(about)}</b></small> {_text(text)}") for about, text in notes
    )


def _text(text: str) -> str:
    safe = _CODE.sub(r"<code>\1</code>", escaped(text))
    return _LINK.sub(lambda found: link(unescape(found[0]), unescape(found[0])), safe)

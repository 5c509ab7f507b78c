"""Finds in notebooks and other files what looks like a token, a key or a connection string.

What the lab itself marks as public is none: the private keys that ship with the package, the documents'
placeholders, and values that begin with the lab's mark. A token that a lab has issued is one all the same.
"""

from __future__ import annotations

import html
import json
import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from labkit.runner.secret_kinds import KINDS, Kind

_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
# Tags that stand inside of a word, as those that colour code do.
_INLINE = re.compile(r"</?(?:a|b|code|em|font|i|mark|span|strong|tspan|u|wbr)(?:\s[^<>]*)?/?>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_SHOWN = 4


@dataclass(frozen=True)
class Seen:
    """A secret that was found. It never prints itself whole."""

    kind: str
    value: str

    def __str__(self) -> str:
        told = self.value.split("-----")[2].strip() if self.value.startswith("-----") else self.value
        # Of a short one, four characters would be too much.
        first = told[: min(_SHOWN, len(told) // 4)]
        return f"{self.kind}, {first}…, {len(self.value)} characters"

    __repr__ = __str__


def secrets_in(text: str) -> list[Seen]:
    """The secrets of a text, each once. HTML is read as its source and as what is shown of it; a text with
    characters that are escaped as in addresses is read both ways too."""
    found: dict[str, Seen] = {}
    for reading in _readings(text):
        for kind in KINDS:
            for value in _values(kind, reading):
                found.setdefault(unquote(value), Seen(kind.name, value))
    return [one for key, one in found.items() if not any(key in other and key != other for other in found)]


def masked(text: str) -> str:
    """The text with the kinds of its secrets in their places."""
    for one in secrets_in(text):
        text = text.replace(one.value, f"[{one.kind}]")
    return "[a text with secrets]" if secrets_in(text) else text


def _readings(text: str) -> Iterator[str]:
    text = _COLOUR.sub("", text)
    yield text
    if "<" in text or "&" in text:
        yield html.unescape(_TAG.sub(" ", _INLINE.sub("", text)))
    if "%2" in text or "%3" in text:
        yield unquote(text)


def _values(kind: Kind, text: str) -> Iterator[str]:
    place = 0
    while match := kind.pattern.search(text, place):
        value = match["value"]
        one = kind.is_one(value)
        if one:
            yield value
        # Inside of what is none, one may begin.
        place = match.end() if one else match.start() + 1


@dataclass(frozen=True)
class Leak:
    """A secret and where it is: the id of the cell ("" outside of cells) and the part of it."""

    seen: Seen
    cell: str = ""
    part: str = ""


def leaks_in_file(content: bytes) -> list[Leak]:
    """The secrets of a file: of a notebook cell by cell, of anything else as text."""
    text = content.decode("utf-8", "replace")
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        read = None
    if isinstance(read, dict) and isinstance(read.get("cells"), list):
        return leaks_in_notebook(read)
    return [Leak(seen) for seen in secrets_in(text)]


def leaks_in_notebook(notebook: Mapping[str, Any]) -> list[Leak]:
    """The secrets of a notebook that was read as JSON. One that a cell shows in several forms, as text and as
    HTML, is told once."""
    forms: dict[tuple[str, str, Seen], list[str]] = {}
    for cell, part, form, text in _texts(notebook):
        for seen in secrets_in(text):
            forms.setdefault((cell, part, seen), []).append(form)
    return [
        Leak(seen, cell, f"{part} ({', '.join(shown)})" if all(shown) else part)
        for (cell, part, seen), shown in forms.items()
    ]


def _texts(notebook: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """Every text of a notebook, with the cell, the part of it, and the form where there are several."""
    for number, cell in enumerate(notebook["cells"], 1):
        if not isinstance(cell, dict):
            continue
        name = str(cell.get("id", number))
        yield name, "source", "", _joined(cell.get("source", ""))
        outputs = cell.get("outputs")
        for count, output in enumerate(outputs if isinstance(outputs, list) else [], 1):
            for form, text in _of_output(output):
                yield name, f"output {count}", form, text
        rest = {key: value for key, value in cell.items() if key not in ("source", "outputs", "attachments")}
        yield name, "metadata", "", json.dumps(rest, ensure_ascii=False)
        attached = cell.get("attachments")
        for file, bundle in attached.items() if isinstance(attached, dict) else ():
            for _, text in _of_bundle(bundle):
                yield name, f"attachment {file}", "", text
    rest = {key: value for key, value in notebook.items() if key != "cells"}
    yield "", "metadata", "", json.dumps(rest, ensure_ascii=False)


def _of_output(output: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(output, dict):
        yield "", _joined(output)
        return
    yield from _of_bundle(output.get("data"))
    for key, value in output.items():
        if key != "data":
            yield key, _joined(value)


def _of_bundle(bundle: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(bundle, dict):
        yield "", _joined(bundle)
        return
    for mime, value in bundle.items():
        text = _joined(value)
        yield mime, text
        if not mime.startswith("text/"):
            # The comments of a picture, and whatever else is kept as base64.
            try:
                yield mime, b64decode("".join(text.split()), validate=True).decode("latin-1")
            except (NotBase64, ValueError):
                continue


def _joined(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "".join(value)
    return json.dumps(value, ensure_ascii=False)

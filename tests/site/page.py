"""A page of the site, read as a browser reads it: what it says, what it loads, where it leads."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, cached_property
from html.parser import HTMLParser
from pathlib import Path

Attributes = dict[str, str]
# What has no end tag.
VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
)
# By which attribute an element loads something.
LOADS = {
    **dict.fromkeys(
        ("script", "img", "iframe", "embed", "source", "audio", "video", "track", "input"), "src"
    ),
    **dict.fromkeys(("link", "image", "use"), "href"),
    "object": "data",
}


@dataclass
class Element:
    """An element with its attributes, and all text in it."""

    tag: str
    attributes: Attributes
    within: tuple[Element, ...] = ()
    parts: list[str] = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        return self.attributes.get(name, "")

    @property
    def classes(self) -> set[str]:
        return set(self["class"].split())

    @cached_property
    def text(self) -> str:
        """Its words, with one space between them."""
        return " ".join("".join(self.parts).split())

    def inside(self, tag: str) -> bool:
        """Whether it lies in an element of this tag."""
        return any(one.tag == tag for one in self.within)


class Page(HTMLParser):
    """All elements of a page, in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        one = Element(tag, {name: value or "" for name, value in attrs}, tuple(self._open))
        self.elements.append(one)
        if tag not in VOID:
            self._open.append(one)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}, tuple(self._open)))

    def handle_endtag(self, tag: str) -> None:
        if any(one.tag == tag for one in self._open):
            while self._open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        for one in self._open:
            one.parts.append(data)

    def all(self, *tags: str) -> list[Element]:
        """The elements of these tags, in order."""
        return [one for one in self.elements if one.tag in tags]

    @property
    def ids(self) -> list[str]:
        """What can be linked to."""
        return [one["id"] for one in self.elements if one["id"]]

    @property
    def links(self) -> list[str]:
        """Where it leads."""
        return [one["href"] for one in self.all("a") if one["href"]]

    @property
    def loads(self) -> list[str]:
        """What a browser fetches to show it."""
        found = [one[LOADS[one.tag]] for one in self.elements if one.tag in LOADS]
        sets = [part.split()[0] for one in self.elements for part in one["srcset"].split(",") if part.strip()]
        return [address for address in (*found, *sets) if address]

    @property
    def main(self) -> Element:
        """What the page is about."""
        [found] = self.all("main")
        return found


@cache
def read(path: Path) -> Page:
    """A page from its file."""
    return Page(path.read_text("utf-8"))

"""A list of things to type, each with what there is to say about it and with what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import wrap

from labkit.core.show import Shown
from labkit.core.text import plain

_WIDTH = 100


@dataclass(frozen=True)
class Item:
    """One of them. `code` may have several lines, and so may `output`, which is None where nothing was run;
    `notes` are (what it is about, text)."""

    code: str
    notes: tuple[tuple[str, str], ...] = ()
    output: str | None = None


class Listing(Shown):
    """Base of what shows itself as such a list."""

    @property
    def caption(self) -> str:
        """What stands above it."""
        raise NotImplementedError

    @property
    def items(self) -> tuple[Item, ...]:
        """The things to type."""
        raise NotImplementedError

    @property
    def closing(self) -> tuple[tuple[str, str], ...]:
        """Notes on the whole list."""
        return ()

    def __repr__(self) -> str:
        lines = wrap(plain(self.caption), _WIDTH)
        for number, item in enumerate(self.items, 1):
            lines += ["", *_code(number, item.code)]
            if item.output is not None:
                lines += [f"    | {_line(line)}".rstrip() for line in item.output.split("\n")]
            lines += _notes(item.notes)
        return "\n".join([*lines, *([""] if self.closing else []), *_notes(self.closing)])


def _line(text: str) -> str:
    return plain(text.expandtabs())


def _code(number: int, code: str) -> list[str]:
    first, *others = [_line(line) for line in code.split("\n")]
    return [f"{number:>2}. {first}", *(f"    {line}".rstrip() for line in others)]


def _notes(notes: tuple[tuple[str, str], ...]) -> list[str]:
    shown = [(plain(about), plain(text)) for about, text in notes]
    widest = max((len(about) for about, _ in shown), default=0)
    lines = []
    for about, text in shown:
        first, more = f"    {about:<{widest}}  ", " " * (widest + 6)
        lines += wrap(
            text,
            _WIDTH,
            initial_indent=first,
            subsequent_indent=more,
            break_long_words=False,
            break_on_hyphens=False,
        )
    return lines

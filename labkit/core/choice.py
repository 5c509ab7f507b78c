"""A choice among names that somebody typed."""

from __future__ import annotations

from collections.abc import Iterable

from labkit.core.errors import BadInput, brief


def choice(of: str, value: object, options: Iterable[str]) -> str:
    """The value, if it is one of the options, which are what `of` (a noun) is called. Raises BadInput, which
    names them."""
    known = tuple(options)
    # The very type: what a subclass says may differ from one look to the next.
    if type(value) is not str or value not in known:
        raise BadInput(
            f"There is no such {of}.",
            presented=brief(value),
            required=", ".join(f'"{one}"' for one in known),
        )
    return value

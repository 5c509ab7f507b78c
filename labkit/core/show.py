"""Objects that show themselves. The text is always there; a richer form is drawn when a notebook asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

Renderer = Callable[[object], dict[str, str]]


class Shown:
    """Base of everything that a notebook cell may end with.

    Subclasses write a complete `__repr__`. What draws the HTML or SVG is put in from above (`renderer`),
    so that nothing down here knows about drawing.
    """

    renderer: ClassVar[Renderer | None] = None

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        rich = Shown.renderer(self) if Shown.renderer is not None else {}
        return {"text/plain": repr(self), **rich}

"""What is told of each drill (`words.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from textwrap import fill
from typing import Any

from labkit.course.drills.facts import Fact, Pitfall

_OTHERWISE = "otherwise"
# Characters that have room in a notebook's output.
_WIDTH = 92


@lru_cache(maxsize=1)
def _all() -> Mapping[str, Any]:
    return tomllib.loads(files("labkit.course.drills").joinpath("words.toml").read_text("utf-8"))


class Words:
    """Those of one drill."""

    def __init__(self, drill: str) -> None:
        self._words = _all()[drill]

    def briefing(self, **known: object) -> str:
        """What whoever is on call was told."""
        told = str(self._words["briefing"]).strip().format(**known)
        return "\n\n".join(fill(one, _WIDTH, break_on_hyphens=False) for one in told.split("\n\n"))

    def fact(
        self, name: str, right: str, options: Sequence[str] = (), ideas: Mapping[str, str] | None = None
    ) -> Fact:
        """One of the facts; `ideas` has the wrong idea behind a wrong answer."""
        told = self._words["facts"][name]
        wrong = {said: idea for said, idea in (ideas or {}).items() if said != right}
        pitfalls = {said: Pitfall(told[idea], idea) for said, idea in wrong.items()}
        return Fact(name, right, told[_OTHERWISE], options, pitfalls)

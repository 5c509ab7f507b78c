"""`%az` and `%%az`, for notebooks: `%load_ext labkit` registers them."""

from __future__ import annotations

import sys
from typing import Any

from labkit.core.errors import BadInput
from labkit.lab import Lab
from labkit.sdk.az import commands_of, run


def load_ipython_extension(ipython: Any) -> None:
    """What `%load_ext labkit` calls."""

    def az(line: str, cell: str | None = None) -> None:
        """One command of az, or one on each line of the cell: a backslash continues a line, # makes a
        comment. They go to the lab that the notebook calls `lab`, or to the only one that it has. The first
        that is refused ends the cell."""
        lab = _lab_in(ipython.user_ns)
        for command in [line] if cell is None else commands_of(f"{line}\n{cell}"):
            answer = run(lab, command)
            if answer:
                sys.stdout.write(f"{answer}\n")

    ipython.register_magic_function(az, "line_cell", "az")


def _lab_in(names: dict[str, Any]) -> Lab:
    named = names.get("lab")
    if type(named) is Lab:
        return named
    labs = {id(value): value for value in list(names.values()) if type(value) is Lab}
    if len(labs) != 1:
        raise BadInput(
            "Which lab?" if labs else "There is no lab in this notebook yet.",
            presented=f"{len(labs)} labs",
            required="a lab with the name lab",
            advice="lab = labkit.start()",
        )
    return next(iter(labs.values()))

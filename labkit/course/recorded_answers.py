"""What the lab answered to the predictions of a notebook when it was recorded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from labkit.core.errors import BadInput
from labkit.course.lessons import source

_BET = re.compile(r"\b(\w+) = predict\(\s*[\"']([\w-]+)[\"']")
_ANSWER = re.compile(r"the lab answered: (.+)\.$", re.IGNORECASE | re.MULTILINE)


def recorded_answers(path: Path) -> dict[str, str]:
    """The answers by the ids of the predictions. Raises BadInput for a notebook whose stored outputs do not
    show one for each that it reveals."""
    bets: dict[str, str] = {}
    found: dict[str, str] = {}
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        code = source(cell) if cell["cell_type"] == "code" else ""
        bets |= dict(_BET.findall(code))
        if ".reveal(" not in code:
            continue
        # In the order in which a cell names them, which is the order in which it reveals them.
        told = [name for name in dict.fromkeys(re.findall(r"\w+", code)) if name in bets]
        answers = _ANSWER.findall("\n".join(_texts(cell)))
        if len(told) != len(answers):
            raise BadInput(
                "The notebook does not show what it reveals.",
                presented=f"{path.name}: {len(answers)} answers to {', '.join(told)}",
                advice=f"labkit record {path.name}",
            )
        found |= {bets[name]: answer for name, answer in zip(told, answers, strict=True)}
    return found


def _texts(cell: Mapping[str, Any]) -> Iterator[str]:
    for output in cell.get("outputs", ()):
        text = output.get("text") or output.get("data", {}).get("text/plain", "")
        yield text if isinstance(text, str) else "".join(text)

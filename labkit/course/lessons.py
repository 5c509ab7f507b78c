"""What each notebook teaches and requires, as its own metadata declare it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.checkout import checkout
from labkit.core.errors import BadInput, brief
from labkit.core.table import Table
from labkit.course.glossary import Term

_LINK_TARGET = re.compile(r"(?<=\])\([^)\s]*\)|https?://\S+")


@dataclass(frozen=True)
class Lesson:
    """A notebook (file name) with its title, the minutes it takes, and the terms of the glossary that it
    teaches and requires. `prose` is the text of its Markdown cells, without the addresses of links."""

    notebook: str
    title: str
    minutes: int
    teaches: tuple[str, ...]
    requires: tuple[str, ...]
    prose: str

    def uses(self, words: Iterable[str]) -> bool:
        """Whether one of these words or phrases occurs in its prose. Only whole words count; case counts for
        words that have capitals, such as ARM."""
        return any(_pattern(word).search(self.prose) for word in words)


def _pattern(word: str) -> re.Pattern[str]:
    # A phrase may go on in the next line, and in a quotation.
    phrase = r"[\s>]+".join(re.escape(part) for part in word.split())
    return re.compile(rf"(?<![\w-]){phrase}(?![\w-])", re.IGNORECASE if word.islower() else 0)


def lesson(path: Path) -> Lesson:
    """Reads one notebook. Raises BadInput for a file that is none, and for one whose metadata lack
    `labkit` with title, minutes, teaches and requires."""
    try:
        notebook = json.loads(path.read_text("utf-8"))
        declared = notebook["metadata"]["labkit"]
        prose = "\n\n".join(source(cell) for cell in notebook["cells"] if cell["cell_type"] == "markdown")
        found = Lesson(
            path.name,
            declared["title"],
            declared["minutes"],
            tuple(declared["teaches"]),
            tuple(declared["requires"]),
            _LINK_TARGET.sub("", prose),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(
            "That is no notebook of the course.",
            presented=f"{path.name}: {type(error).__name__}: {error}",
            required="a notebook whose metadata have labkit: title, minutes, teaches, requires",
        ) from None
    if not isinstance(found.title, str) or type(found.minutes) is not int:
        raise BadInput("A notebook declares a title and a number of minutes.", presented=path.name)
    return found


def source(cell: dict[str, Any]) -> str:
    """The source of a cell. On disk it is one text or a list of lines."""
    text = cell["source"]
    return text if isinstance(text, str) else "".join(text)


def lessons(folder: Path) -> tuple[Lesson, ...]:
    """All notebooks of a folder in reading order, which is the order of their names. Raises BadInput."""
    return tuple(lesson(path) for path in sorted(folder.glob("*.ipynb")))


def first_uses(course: Iterable[Lesson], terms: Iterable[Term]) -> dict[str, str]:
    """For each term that the prose of the course uses, the notebook in which it comes up first. `course` is
    in reading order."""
    known = tuple(terms)
    first: dict[str, str] = {}
    for each in course:
        for term in known:
            if term.name not in first and each.uses(term.words):
                first[term.name] = each.notebook
    return first


def course_map(folder: Path | None = None) -> Table:
    """The notebooks in reading order, with their minutes and the notebooks that teach what they require.
    Without a folder, those of this course. Raises BadInput."""
    if folder is not None and not isinstance(folder, Path):
        raise BadInput(
            "A folder is a pathlib.Path.", presented=brief(folder), required="nothing, for this course"
        )
    course = lessons(folder or checkout() / "notebooks")
    taught_in = {term: each.notebook for each in course for term in each.teaches}
    rows = []
    for each in course:
        before = sorted({taught_in[term] for term in each.requires if term in taught_in})
        names = ", ".join(_stem(notebook) for notebook in before)
        rows.append((_stem(each.notebook), each.title, each.minutes, names or "nothing"))
    return Table(("notebook", "title", "minutes", "requires"), rows)


def _stem(notebook: str) -> str:
    return notebook.removesuffix(".ipynb")

"""The pages of the site, each from the data that it shows."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from markup import bullets, code, link, page, reading_order, table, text
from recorded import anchor, ready, sections

from labkit.assumptions import assumptions
from labkit.course.checklist import checklist
from labkit.course.exercise import Exercise
from labkit.course.glossary import terms
from labkit.course.lessons import Lesson, lessons
from labkit.course.notes import names, note
from labkit.course.schedule import schedule
from labkit.course.steps import Chapter, chapters
from labkit.ledger import Statement, coverage, statement

Row = dict[str, Any]
# A link to a file that is no page of the site: what it says stays.
_TO_FILE = re.compile(r"\[([^\]]*)\]\((?!https:|#|[\w./-]+\.(?:md|ipynb)[)#])[^)]*\)")


@dataclass(frozen=True)
class Course:
    """What the pages are made of. `root` is a checkout."""

    root: Path

    @property
    def folder(self) -> Path:
        """The notebooks."""
        return self.root / "notebooks"

    @cached_property
    def lessons(self) -> tuple[Lesson, ...]:
        """The notebooks in reading order."""
        return lessons(self.folder)

    @cached_property
    def ledger(self) -> dict[str, list[Row]]:
        """The statements with their proofs, by the notebook that shows each first."""
        found: dict[str, list[Row]] = {lesson.notebook: [] for lesson in self.lessons}
        for row in coverage(self.root):
            place = next(iter(row["notebooks"]), self.lessons[0].notebook)
            found[place.partition("#")[0]].append(row)
        return {notebook: rows for notebook, rows in found.items() if rows}

    @cached_property
    def cited(self) -> dict[str, list[str]]:
        """The statements that each cell cites."""
        found: dict[str, list[str]] = defaultdict(list)
        for rows in self.ledger.values():
            for row in rows:
                for place in row["notebooks"]:
                    found[place].append(row["id"])
        return found

    @cached_property
    def sections(self) -> dict[str, dict[str, str]]:
        """The heading above each cell, notebook by notebook."""
        return {lesson.notebook: sections(self.folder / lesson.notebook) for lesson in self.lessons}

    @property
    def guides(self) -> list[str]:
        """Longer texts that the README leads to."""
        found = re.findall(r"\]\(([\w./-]+)\.md\)", self.file("README.md"))
        return [name for name in dict.fromkeys(found) if name != "CHANGELOG"]

    def file(self, name: str) -> str:
        """The text of a file beside the package."""
        return (self.root / name).read_text("utf-8")

    def lesson(self, notebook: str) -> Lesson:
        """A notebook by its file name."""
        return next(lesson for lesson in self.lessons if lesson.notebook == notebook)


def write_pages(root: Path, folder: Path) -> None:
    """Writes everything that Sphinx reads."""
    course = Course(root)
    notebooks = (one.notebook for one in course.lessons)
    files = {f"notebooks/{name}": ready(course.folder / name, course.cited) for name in notebooks}
    files |= {f"statements/{_stem(one)}.md": statements_of(course, one) for one in course.ledger}
    files |= {f"instructors/{name}.md": note(name).markdown() for name in names()}
    files |= {f"{name}.md": _TO_FILE.sub(r"\1", course.file(f"{name}.md")) for name in course.guides}
    files |= {
        "index.md": index(course),
        "run.md": run(course),
        "statements.md": ledger(course),
        "exercises.md": exercises(course),
        "glossary.md": glossary(course),
        "checklist.md": checklist().markdown(),
        "assumptions.md": assumed(),
        "instructors.md": instructors(),
        "instructors/schedule.md": day(course),
        "CHANGELOG.md": course.file("CHANGELOG.md"),
        "LICENSE.md": page("# Licence", f"```text\n{course.file('LICENSE')}\n```"),
    }
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")


def _readme(course: Course) -> dict[str, str]:
    parts = re.split(r"^## (.*)$", course.file("README.md"), flags=re.MULTILINE)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def index(course: Course) -> str:
    """The first page: what the course is, and its notebooks."""
    row = re.compile(r"^\| \[.*?\]\(notebooks/(.*?)\) \| (.*) \|$", re.MULTILINE)
    told = dict(row.findall(_readme(course)["The notebooks"]))
    taught = {term: lesson for lesson in course.lessons for term in lesson.teaches}
    rows = []
    for lesson in course.lessons:
        before = sorted({taught[term].notebook for term in lesson.requires})
        numbers = ", ".join(link(name[:2], f"notebooks/{name}") for name in before)
        title = link(f"{lesson.notebook[:2]} {text(lesson.title)}", f"notebooks/{lesson.notebook}")
        rows.append((title, told.get(lesson.notebook, ""), lesson.minutes, numbers or "nothing"))
    minutes = sum(lesson.minutes for lesson in course.lessons)
    return page(
        _readme(course)[""].strip(),
        "## The notebooks",
        f"They are numbered in reading order and take {round(minutes / 60)} hours in all. These pages show "
        "them as they were recorded, with every output. To work with them, "
        f"{link('run them yourself', 'run.md')}.",
        table(("notebook", "what you do there", "minutes", "builds on"), rows),
        reading_order("The course", (_entry(course, "notebooks", one.notebook) for one in course.lessons)),
        reading_order("Reference", ("statements", "exercises", "glossary", "checklist", "assumptions")),
        reading_order("The lab", ("run", *course.guides, "instructors", "CHANGELOG", "LICENSE")),
    )


def run(course: Course) -> str:
    """How to install and use the lab: the README, without what the first page says."""
    told = _readme(course).items()
    parts = [f"## {title}\n{body}" for title, body in told if title not in ("", "The notebooks")]
    return page("# Run it yourself", *parts).replace("(LICENSE)", "(LICENSE.md)")


def ledger(course: Course) -> str:
    """The list of all statements."""
    proved = [row["proved"] for rows in course.ledger.values() for row in rows]
    parts = [
        "# Statements",
        "What Microsoft's documents state about the security of Azure Machine Learning, in words of ours. "
        f"{sum(proved)} of {len(proved)} are proved by a test that attempts them, and shown in a notebook.",
        reading_order("Statements", (_entry(course, "statements", notebook) for notebook in course.ledger)),
    ]
    for notebook, own in course.ledger.items():
        parts.append(f"## {text(course.lesson(notebook).title)}")
        parts.append(bullets(f"{link(code(row['id']), '#' + row['id'])} {text(row['says'])}" for row in own))
    return page(*parts)


def statements_of(course: Course, notebook: str) -> str:
    """The statements that a notebook is the first to show."""
    title = f"# Statements: {text(course.lesson(notebook).title)}"
    return page(title, *(part for row in course.ledger[notebook] for part in _statement(course, row)))


def _statement(course: Course, row: Row) -> Iterator[str]:
    one = statement(row["id"])
    yield f"({one.id})=\n## {one.id}"
    yield text(one.says)
    yield bullets(_sources(one))
    yield f"To see it: {text(one.shown_by)}"
    if one.table:
        yield "Who has the tick in the documents' table:"
        ticks = ((text(name), text(", ".join(who) or "nobody")) for name, who in one.table.items())
        yield table(("row", "roles"), ticks)
    yield "Shown in:" if row["notebooks"] else "Not shown in any notebook."
    yield bullets(_shown(course, place) for place in row["notebooks"])
    yield "Proved by:" if row["proved"] else "Not proved."
    yield bullets(map(code, row["tests"]))


def _sources(one: Statement) -> Iterator[str]:
    for relation, said in one.sources:
        yield f"{relation} {link(code(said), f'#{said}') if relation == 'opposed by' else text(said)}"


def _shown(course: Course, place: str) -> str:
    notebook, _, cell = place.partition("#")
    title = f"{notebook[:2]} {course.lesson(notebook).title}"
    heading = course.sections[notebook][cell]
    return link(text(f"{title}: {heading}"), f"#{anchor(place)}")


def exercises(course: Course) -> str:
    """All exercises, without their solutions."""
    parts = [
        "# Exercises",
        "When you run the course, each is checked in a lab of its own. What it asks and its starter are in "
        "the notebook.",
    ]
    for chapter in chapters(course.folder, course.lessons):
        parts += [
            f"## {text(chapter.lesson.title)}",
            table(("exercise", "id", "minutes"), _exercises(chapter)),
        ]
    return page(*parts)


def _exercises(chapter: Chapter) -> Iterator[tuple[object, ...]]:
    for step in chapter.steps:
        if isinstance(step.task, Exercise):
            place = anchor(f"{chapter.lesson.notebook}#{step.cell}")
            yield link(text(step.task.title), f"#{place}"), code(step.task.id), step.task.minutes


def glossary(course: Course) -> str:
    """The terms of the course."""
    lines = []
    for term in sorted(terms().values(), key=lambda one: one.name.lower()):
        taught = link(text(course.lesson(term.taught_in).title), f"notebooks/{term.taught_in}")
        lines += [term.name, f"  {text(term.says)} Taught in {taught}.", ""]
    return page("# Glossary", "\n".join([":::{glossary}", *lines, ":::"]))


def assumed() -> str:
    """What the lab assumes."""
    parts = [
        part
        for one in assumptions()
        for part in (f"## {one.id}", text(one.says), f"Why: {text(one.why)}", f"Where: {code(one.where)}")
    ]
    about = "What the lab does although no document and no public reference says so."
    return page("# Assumptions", about, *parts)


def instructors() -> str:
    """The first page for instructors."""
    return page(
        "# For instructors",
        "These notes say what the lab answers to the predictions, and which wrong ideas the exercises bring "
        "out. Solutions are not on this site.",
        "\n".join(
            ["```{toctree}", "instructors/schedule", *(f"instructors/{name}" for name in names()), "```"]
        ),
    )


def day(course: Course) -> str:
    """The plan of a day with a class."""
    plan = schedule(course.folder)
    tables = [table(map(text, one.headers), (map(text, row) for row in one.rows)) for one in plan.tables()]
    lines = [text(line.text) for line in plan.lines()]
    return page("# A day with a class, minute by minute", *tables, *lines)


def _entry(course: Course, folder: str, notebook: str) -> str:
    """A page about a notebook, in the site's contents."""
    return f"{notebook[:2]} {course.lesson(notebook).title} <{folder}/{_stem(notebook)}>"


def _stem(notebook: str) -> str:
    return notebook.removesuffix(".ipynb")

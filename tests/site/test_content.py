"""Everything of the course is on the site, and nothing that gives it away."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from labkit.assumptions import assumptions
from labkit.checkout import checkout
from labkit.course.exercise import Exercise
from labkit.course.glossary import terms
from labkit.course.lessons import lessons, source
from labkit.course.notes import names
from labkit.course.registry import content
from labkit.ledger import coverage
from tests.site.conftest import Built

ROOT = checkout()
LESSONS = lessons(ROOT / "notebooks")
NOTEBOOKS = [lesson.notebook for lesson in LESSONS]


def page_of(notebook: str) -> str:
    return f"notebooks/{notebook.removesuffix('.ipynb')}.html"


def anchor(notebook: str, cell: str) -> str:
    """The id under which a cell can be linked to: lower case, as HTML has them here."""
    return f"cell-{notebook.removesuffix('.ipynb')}-{cell}".lower().replace("_", "-")


def cells(notebook: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((ROOT / "notebooks" / notebook).read_text("utf-8"))["cells"]
    return found


def words(text: str) -> str:
    return " ".join(text.split())


def test_the_contents_have_the_notebooks_in_reading_order(site: Built) -> None:
    contents = [one for one in site.page("index.html").all("a") if one.inside("nav")]
    listed = [one for one in contents if one["href"].startswith("notebooks/")]
    assert [one["href"] for one in listed] == [page_of(notebook) for notebook in NOTEBOOKS]
    assert [one.text for one in listed] == [f"{one.notebook[:2]} {one.title}" for one in LESSONS]


def test_each_notebook_leads_to_the_next_one(site: Built) -> None:
    for notebook, following in pairwise(NOTEBOOKS):
        [forward] = [one for one in site.page(page_of(notebook)).all("a") if "right-next" in one.classes]
        assert forward["href"] == page_of(following).removeprefix("notebooks/")


def test_the_first_page_has_minutes_and_prerequisites_of_each_notebook(site: Built) -> None:
    rows = [row.text for row in site.page("index.html").all("tr")[1:]]
    taught = {term: one.notebook for one in LESSONS for term in one.teaches}
    assert len(rows) == len(LESSONS)
    for row, lesson in zip(rows, LESSONS, strict=True):
        before = ", ".join(sorted({taught[term][:2] for term in lesson.requires})) or "nothing"
        assert row.startswith(f"{lesson.notebook[:2]} {lesson.title} ")
        assert row.endswith(f" {lesson.minutes} {before}")
        assert len(row) > len(f"{lesson.notebook[:2]} {lesson.title} {lesson.minutes} {before}") + 20


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.notebook[:2])
def test_a_notebook_says_its_minutes_and_that_its_page_is_static(site: Built, lesson: Any) -> None:
    text = site.page(page_of(lesson.notebook)).main.text
    assert f"Prerequisites Minutes {lesson.minutes}" in text or f" {lesson.minutes} " in text[:4000]
    assert "This page shows the notebook as it was recorded." in text


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_no_code_and_no_output_is_hidden(site: Built, notebook: str) -> None:
    page = site.page(page_of(notebook))
    blocks = {words(one.text) for one in page.all("pre")}
    text = page.main.text
    for cell in cells(notebook):
        if cell["cell_type"] == "code":
            assert words(source(cell)) in blocks, cell["id"]
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if output["output_type"] == "stream":
                assert words("".join(output["text"])) in text, cell["id"]
            elif not data.keys() & {"text/html", "text/markdown"}:
                assert words("".join(data["text/plain"])) in blocks, cell["id"]
    assert not [one for one in page.elements if "hidden" in one.attributes and one.inside("main")]


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_each_output_in_html_is_there_with_its_pictures(site: Built, notebook: str) -> None:
    stored = "".join(
        "".join(output.get("data", {}).get("text/html", ""))
        for cell in cells(notebook)
        for output in cell.get("outputs", [])
    )
    page = site.page(page_of(notebook))
    for tag in ("img", "meter", "details", "caption"):
        assert len([one for one in page.all(tag) if one.inside("main")]) == stored.count(f"<{tag}"), tag


def test_where_a_widget_was_there_are_a_text_and_a_word_about_it(site: Built) -> None:
    count = 0
    for notebook in NOTEBOOKS:
        page = site.page(page_of(notebook))
        widgets = [
            output
            for cell in cells(notebook)
            for output in cell.get("outputs", [])
            if output.get("metadata", {}).get("labkit", {}).get("widget")
        ]
        assert page.main.text.count("In Jupyter there are controls here") == len(widgets)
        assert not [
            one for one in page.elements if "jupyter-widgets" in one["class"] or "widget" in one["type"]
        ]
        count += len(widgets)
    assert count >= 5


def test_every_statement_is_on_a_page_with_its_proofs(site: Built) -> None:
    pages = {name: page for name, page in site.pages().items() if name.startswith("statements/")}
    text = " ".join(page.main.text for page in pages.values())
    ids = [id for page in pages.values() for id in page.ids]
    rows = coverage(ROOT)
    assert rows
    for row in rows:
        assert ids.count(row["id"]) == 1, row["id"]
        assert words(row["says"]).replace("`", "")[:40] in text.replace("’", "'"), row["id"]
        assert [test for test in row["tests"] if test not in text] == []


def test_statements_and_the_cells_that_show_them_lead_to_one_another(site: Built) -> None:
    ledger = {
        id: (name, page)
        for name, page in site.pages().items()
        if name.startswith("statements/")
        for id in page.ids
    }
    for row in coverage(ROOT):
        name, page = ledger[row["id"]]
        for place in row["notebooks"]:
            notebook, _, cell = place.partition("#")
            assert f"../{page_of(notebook)}#{anchor(notebook, cell)}" in page.links
            shown = site.page(page_of(notebook))
            assert anchor(notebook, cell) in shown.ids
            assert f"../{name}#{row['id']}" in shown.links


def test_every_term_is_in_the_glossary_and_leads_to_where_it_is_taught(site: Built) -> None:
    page = site.page("glossary.html")
    assert sorted(one.text.rstrip("#") for one in page.all("dt")) == sorted(terms())
    taught = {one.taught_in for one in terms().values()}
    assert {page_of(notebook) for notebook in taught} <= set(page.links)


def test_every_exercise_is_listed_and_leads_to_its_cell(site: Built) -> None:
    page = site.page("exercises.html")
    listed = {row.text: row for row in page.all("tr")}
    for task in content("EXERCISES"):
        assert any(f" {task.id} {task.minutes}" in text for text in listed), task.id
    targets = [link.partition("#") for link in page.links if link.startswith("notebooks/")]
    targets = [(name, cell) for name, _, cell in targets if cell]
    assert len(targets) == len(content("EXERCISES"))
    assert [cell for name, cell in targets if cell not in site.page(name).ids] == []


def test_every_assumption_is_there(site: Built) -> None:
    page = site.page("assumptions.html")
    assert {one.id for one in assumptions()} <= set(page.ids)


def test_the_notes_for_instructors_are_all_there(site: Built) -> None:
    links = site.page("instructors.html").links
    assert {f"instructors/{name}.html" for name in ("schedule", *names())} <= set(links)


@pytest.mark.parametrize("task", content("EXERCISES"), ids=lambda task: task.id)
def test_no_page_gives_an_exercise_away(site: Built, task: Exercise) -> None:
    secrets = [words(task.solution), words(task.explanation)]
    for name, page in site.pages().items():
        assert [secret for secret in secrets if secret in page.main.text] == [], name

"""What is kept of a sweep, and how others read it."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from labkit.core.errors import BadInput
from labkit.runner.execute import Failure, Result
from labkit.runner.out_folder import keep, prepared
from labkit.runner.report import FAILED, NOT_RUN, PASSED, Grid, Report, Run, plot, read, write
from labkit.runner.report_html import html
from labkit.runner.report_junit import junit

FAILURE = Failure("c2", "1 / 0", "ValueError", "first <line>\nsecond \x1b[31m & last")
GOOD = Run("good", "a.ipynb", "It <b>holds</b>.", {"age": 3}).after(
    Result("good", 1.25, None, {"call": "ok"})
)
BAD = Run("bad", "a.ipynb", "It does not.", {}).after(Result("bad", 0.5, FAILURE))
LEFT = Run("left", "b.ipynb", "It was not run.", {"who": 'a"b'})
REPORT = Report((GOOD, BAD, LEFT), 3.5, Grid("a.ipynb", ("age=1,2",)))


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    write(REPORT, tmp_path)
    assert read(tmp_path) == REPORT
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_json_has_what_is_documented(tmp_path: Path) -> None:
    write(REPORT, tmp_path)
    found = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert {key: found[key] for key in ("sweep", "passed", "failed", "not_run", "seconds")} == {
        "sweep": 1,
        "passed": 1,
        "failed": 1,
        "not_run": 1,
        "seconds": 3.5,
    }
    keys = ["name", "notebook", "says", "parameters", "state", "seconds", "outcome", "failure"]
    assert [list(run) for run in found["runs"]] == [keys] * 3
    assert found["runs"][1]["failure"]["error"] == "ValueError"


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"sweep": 2}', '{"sweep": 1, "grid": null, "runs": [{}], "seconds": 1}']
)
def test_what_is_no_report_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "report.json").write_text(text)
    with pytest.raises(BadInput, match="no report"):
        read(tmp_path)


def test_a_folder_without_a_report_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No sweep has been kept"):
        read(tmp_path)


def test_the_plot_has_a_line_for_each_notebook() -> None:
    assert plot(REPORT.runs).splitlines() == ["a.ipynb    1 of 2    .F", "b.ipynb    0 of 1    -"]


def test_newer_runs_take_the_place_of_older_ones() -> None:
    mended = BAD.after(Result("bad", 1, None))
    assert REPORT.merged([mended]).names(PASSED) == ["good", "bad"]
    assert REPORT.merged([mended]).names(FAILED, NOT_RUN) == ["left"]


def test_junit_is_what_build_servers_read() -> None:
    top = ElementTree.fromstring(junit(REPORT))
    assert (top.tag, top.get("tests"), top.get("failures"), top.get("skipped")) == (
        "testsuites",
        "3",
        "1",
        "1",
    )
    suites = {suite.get("name"): suite for suite in top}
    assert list(suites) == ["a.ipynb", "b.ipynb"]
    assert [(case.get("name"), case.get("classname")) for case in suites["a.ipynb"]] == [
        ("good", "a"),
        ("bad", "a"),
    ]
    [failure] = suites["a.ipynb"].iter("failure")
    assert (failure.get("type"), failure.get("message")) == ("ValueError", "ValueError: first <line>")
    assert "cell c2: 1 / 0" in str(failure.text)
    assert [case.get("name") for case in top.iter("testcase") if case.find("skipped") is not None] == ["left"]
    assert all(re.fullmatch(r"\d+\.\d{3}", case.get("time", "")) for case in top.iter("testcase"))
    [known] = suites["b.ipynb"].iter("property")
    assert (known.get("name"), known.get("value")) == ("who", 'a"b')


class Page(HTMLParser):
    """Tags with their attributes, and the text; raises where a tag is not closed."""

    VOID = ("meta", "br", "rect")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_can_be_read_by_everybody() -> None:
    page = Page(html(REPORT))
    tags = [tag for tag, _ in page.tags]
    assert ("html", {"lang": "en"}) in page.tags
    assert {"title", "main", "h1", "caption"} <= set(tags)
    assert [found["scope"] for tag, found in page.tags if tag == "th"] == ["col"] * 7 + ["row"] * 3
    [picture] = [found for tag, found in page.tags if tag == "svg"]
    assert (picture["role"], picture["aria-label"]) == (
        "img",
        "Outcome by scenario: 1 passed, 1 failed, 1 not run.",
    )
    assert "a.ipynb    1 of 2    .F" in page.text
    assert "It <b>holds</b>." in page.text
    assert "script" not in tags
    assert not [found for _, found in page.tags if str(found.get("href", "")).startswith("http")]


def test_the_page_tells_what_failed_where() -> None:
    page = Page(html(REPORT))
    assert "cell c2: 1 / 0" in page.text
    assert "first <line>" in page.text
    assert "What failed" not in Page(html(Report((GOOD,)))).text


def test_what_a_sweep_made_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert prepared(out, tmp_path, ["good"], ["html"]) == out.resolve()
    keep(REPORT, out, ["html", "junit", "json"])
    assert sorted(path.name for path in out.iterdir()) == ["report.html", "report.json", "report.xml"]
    (out / "other.ipynb").write_text("mine")
    (out / "good.ipynb").write_text('{"metadata": {"papermill": {}}}')
    prepared(out, tmp_path, ["good"], [])
    for text in ("mine", '{"metadata": {}}', "[]"):
        (out / "good.ipynb").write_text(text)
        with pytest.raises(BadInput, match="no sweep has made"):
            prepared(out, tmp_path, ["good"], [])
    assert (out / "other.ipynb").read_text() == "mine"


def test_a_report_of_somebody_else_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text('{"mine": 1}')
    with pytest.raises(BadInput, match="no sweep has made"):
        prepared(tmp_path, tmp_path / "notebooks", [], [])


def test_the_folder_of_the_notebooks_is_not_for_results(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="another folder"):
        prepared(tmp_path, tmp_path, [], [])
    with pytest.raises(BadInput, match="no such report"):
        prepared(tmp_path, tmp_path, [], ["pdf"])

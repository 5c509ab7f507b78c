"""The report of a sweep as a page that stands by itself: no script, nothing from elsewhere."""

from __future__ import annotations

from labkit.display.colours import ACCEPTED, INK, PAPER, REFUSED, WARNING, style
from labkit.display.text import block, escaped
from labkit.runner.report import FAILED, NOT_RUN, PASSED, Report, Run, plot

_COLOURS = {PASSED: ACCEPTED, FAILED: REFUSED, NOT_RUN: (PAPER, WARNING)}
_MARKS = {PASSED: "\u2713", FAILED: "\u2717", NOT_RUN: "\u2013"}
_SIDE, _GAP = 22, 4
_STYLE = f"""body {{ font: 16px/1.5 sans-serif; color: {INK}; background: {PAPER}; margin: 2em auto;
  max-width: 70em; padding: 0 1em }}
table {{ border-collapse: collapse }} th, td {{ text-align: left; vertical-align: top; padding: 4px 10px;
  border-bottom: 1px solid #888888 }}
caption {{ text-align: left; font-weight: bold; padding: 4px 0 }}
.state {{ padding: 1px 8px; white-space: nowrap }}
.wide {{ overflow-x: auto }} svg {{ max-width: 100% }} pre {{ margin: 4px 0 }}"""


def html(report: Report) -> str:
    """Counts, the plot with its text form, what failed, and a table of all runs."""
    counts = f"{report.count(PASSED)} passed, {report.count(FAILED)} failed"
    if missing := report.count(NOT_RUN):
        counts += f", {missing} not run"
    parts = [
        "<!DOCTYPE html>",
        f'<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Scenarios: {counts}</title>',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<style>\n{_STYLE}\n</style>\n</head>\n<body>\n<main>",
        f"<h1>Scenarios</h1>\n<p>{counts}, in {report.seconds:.1f} seconds.</p>",
        "<h2>Outcome by scenario</h2>",
        _picture(report.runs, counts),
        f"<details><summary>As text</summary>{block(plot(report.runs))}</details>",
        *_failures([run for run in report.runs if run.failure is not None]),
        "<h2>All runs</h2>",
        _table(report.runs),
        "</main>\n</body>\n</html>\n",
    ]
    return "\n".join(parts)


def _picture(runs: tuple[Run, ...], counts: str) -> str:
    """A row of squares for each notebook; a square says its name where the mouse rests on it."""
    notebooks = list(dict.fromkeys(run.notebook for run in runs))
    left = 8 * max(map(len, notebooks), default=0) + _GAP
    longest = max((sum(run.notebook == one for run in runs) for one in notebooks), default=0)
    step = _SIDE + _GAP
    width, height = left + longest * step, len(notebooks) * step
    drawn = [
        f'<svg role="img" aria-label="Outcome by scenario: {counts}." width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" font-family="monospace">'
    ]
    for row, notebook in enumerate(notebooks):
        y = row * step
        drawn.append(f'<text x="0" y="{y + 16}" font-size="13">{escaped(notebook)}</text>')
        for column, run in enumerate(run for run in runs if run.notebook == notebook):
            drawn.append(_square(run, left + column * step, y))
    return "\n".join([*drawn, "</svg>"])


def _square(run: Run, x: int, y: int) -> str:
    ink, paper = _COLOURS[run.state]
    middle = x + _SIDE // 2
    return (
        f"<g><title>{escaped(run.name)}: {run.state}</title>"
        f'<rect x="{x}" y="{y}" width="{_SIDE}" height="{_SIDE}" rx="3" fill="{paper}"/>'
        f'<text x="{middle}" y="{y + 16}" text-anchor="middle" font-size="14" fill="{ink}">'
        f"{_MARKS[run.state]}</text></g>"
    )


def _failures(failed: list[Run]) -> list[str]:
    if not failed:
        return []
    items = (f"<h3>{escaped(run.name)}</h3>\n{block(str(run.failure))}" for run in failed)
    return ["<h2>What failed</h2>", *items]


def _table(runs: tuple[Run, ...]) -> str:
    heads = ("Scenario", "Notebook", "What it is about", "Parameters", "State", "Outcome", "Seconds")
    head = "".join(f'<th scope="col">{one}</th>' for one in heads)
    body = "\n".join(map(_row, runs))
    return (
        '<div class="wide" role="region" tabindex="0" aria-label="All runs">\n<table>\n'
        f"<caption>{len(runs)} runs</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n"
        "</table>\n</div>"
    )


def _row(run: Run) -> str:
    state = f'<span class="state" style="{style(_COLOURS[run.state])}">{run.state}</span>'
    cells = (
        f'<a href="{escaped(run.name)}.ipynb">{escaped(run.notebook)}</a>',
        escaped(run.says),
        _pairs(run.parameters),
        state,
        _pairs(run.outcome),
        f"{run.seconds:.1f}",
    )
    return (
        f'<tr><th scope="row">{escaped(run.name)}</th>'
        + "".join(f"<td>{one}</td>" for one in cells)
        + "</tr>"
    )


def _pairs(found: dict[str, object]) -> str:
    return "<br>".join(f"{escaped(name)} = {escaped(value)}" for name, value in found.items())

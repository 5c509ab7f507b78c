"""The report of a sweep as JUnit's XML, as build servers read it."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from labkit.runner.report import FAILED, NOT_RUN, Report, Run

# What XML 1.0 cannot hold, not even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(report: Report) -> str:
    """A suite for each notebook, a case for each run."""
    top = Element("testsuites", _numbers(report.runs), name="labkit sweep")
    top.set("time", f"{report.seconds:.3f}")
    for notebook in dict.fromkeys(run.notebook for run in report.runs):
        own = [run for run in report.runs if run.notebook == notebook]
        suite = SubElement(top, "testsuite", {"name": notebook, **_numbers(own)})
        suite.set("time", f"{sum(run.seconds for run in own):.3f}")
        for run in own:
            _case(suite, run)
    indent(top)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{tostring(top, encoding="unicode")}\n'


def _numbers(runs: tuple[Run, ...] | list[Run]) -> dict[str, str]:
    found = {"failures": FAILED, "skipped": NOT_RUN}
    counts = {name: str(sum(run.state == state for run in runs)) for name, state in found.items()}
    return {"tests": str(len(runs)), **counts, "errors": "0"}


def _case(suite: Element, run: Run) -> None:
    names = {"name": run.name, "classname": run.notebook.removesuffix(".ipynb")}
    case = SubElement(suite, "testcase", {**names, "time": f"{run.seconds:.3f}"})
    if run.parameters:
        properties = SubElement(case, "properties")
        for name, value in run.parameters.items():
            SubElement(properties, "property", name=_clean(name), value=_clean(str(value)))
    if run.failure is not None:
        message = _clean(f"{run.failure.error}: {run.failure.message}".splitlines()[0])
        failure = SubElement(case, "failure", message=message, type=_clean(run.failure.error))
        failure.text = _clean(str(run.failure))
    elif run.state == NOT_RUN:
        SubElement(case, "skipped", message="the sweep ended before it")


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)

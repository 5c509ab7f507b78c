"""What `labkit verify` has found: as lines, as JSON, as a JUnit file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from xml.etree import ElementTree

from labkit.core.text import plain

# What XML cannot hold.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: which check found it, in which file, in which cell and part of it ("" where it
    is in none), what was seen there, and what to do."""

    check: str
    file: str
    place: str
    saw: str
    todo: str

    def __str__(self) -> str:
        where = f"{self.file}, {self.place}" if self.place else self.file
        return plain(f"{self.check}: {where}: {self.saw}; to do: {self.todo}")


@dataclass(frozen=True)
class Checked:
    """One check of one file: how long it took (seconds), what it found, and why it was left out ("" where it
    was not)."""

    file: str
    check: str
    seconds: float
    findings: tuple[Finding, ...] = ()
    left_out: str = ""


def as_json(checked: Sequence[Checked]) -> dict[str, Any]:
    """For programs."""
    found = [asdict(finding) for one in checked for finding in one.findings]
    rows = [
        {"file": one.file, "check": one.check, "findings": len(one.findings), "left_out": one.left_out}
        for one in checked
    ]
    return {"holds": not found, "findings": found, "checked": rows}


def junit(checked: Sequence[Checked]) -> bytes:
    """A JUnit file: a test case for each check of each file."""
    failed, left_out = sum(bool(one.findings) for one in checked), sum(bool(one.left_out) for one in checked)
    seconds = f"{sum(one.seconds for one in checked):.3f}"
    counts = {"tests": f"{len(checked)}", "failures": f"{failed}", "errors": "0", "time": seconds}
    root = ElementTree.Element("testsuites", counts)
    suite = ElementTree.SubElement(
        root, "testsuite", {"name": "labkit verify", **counts, "skipped": f"{left_out}"}
    )
    for one in checked:
        known = {"classname": _xml(one.file), "name": one.check, "time": f"{one.seconds:.3f}"}
        case = ElementTree.SubElement(suite, "testcase", known)
        if one.findings:
            failure = ElementTree.SubElement(case, "failure", {"message": _xml(str(one.findings[0]))})
            failure.text = _xml("\n".join(map(str, one.findings)))
        elif one.left_out:
            ElementTree.SubElement(case, "skipped", {"message": _xml(one.left_out)})
    ElementTree.indent(root)
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _xml(text: str) -> str:
    return _NO_XML.sub(lambda found: found.group().encode("unicode_escape").decode(), text)

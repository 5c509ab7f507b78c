"""What `labkit class-report` does."""

from __future__ import annotations

from pathlib import Path

from labkit.core.errors import BadInput
from labkit.course.class_files import handed_in
from labkit.course.class_report import DONE, ClassReport, class_report

_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Class report</title></head>
<body style="font-family:sans-serif">
<main>
<h1>Class report</h1>
{}
</main>
</body>
</html>
"""


def report(folder: Path, html: Path | None = None, plot: Path | None = None) -> tuple[str, bool]:
    """The report on a folder of exports, as text, and whether any of them could be read; where one could, it
    is also written as a page and as a picture (SVG), over what was there. Raises BadInput and OSError."""
    for file, ending in ((html, ".html"), (plot, ".svg")):
        # An export that was named by mistake would be lost.
        if file is not None and file.suffix.lower() != ending:
            raise BadInput(
                "It cannot be written there.", presented=str(file), required=f"a name with {ending}"
            )
    handed = handed_in(folder, [file for file in (html, plot) if file is not None])
    if not handed.learners:
        told = "\n".join((*handed.remarks, "There is no export of anybody's progress in this folder."))
        return f"{told}\n  what to do: labkit progress export FILE, on each learner's machine\n", False
    found = class_report(handed)
    if html is not None:
        html.write_text(page(found), "utf-8", newline="\n")
    if plot is not None:
        plot.write_text(found.picture, "utf-8", newline="\n")
    written = "".join(f"Written: {file}\n" for file in (html, plot) if file is not None)
    return f"{found!r}\n{written}", True


def page(found: ClassReport) -> str:
    """The report as a page of its own, which loads nothing and runs nothing."""
    from labkit.display.noted_view import html
    from labkit.display.picture import figure

    drawn = figure(found.picture, f"{DONE}, by learner and notebook", repr(found.done))
    return _PAGE.format(f"{html(found)}\n{drawn}")

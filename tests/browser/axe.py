"""What axe-core, which looks for barriers, says of our own part of a page."""

from __future__ import annotations

from pathlib import Path

from tests.browser.page import NotebookPage

HERE = Path(__file__).parent
SCRIPT = HERE / "node_modules" / "axe-core" / "axe.min.js"
THEMES = ("JupyterLab Light", "JupyterLab Dark")


def barriers(notebook: NotebookPage, theme: str) -> list[str]:
    """Each in a line: the rule, why, and where. Of any theme but the first one, only what comes of colours:
    all else is the same."""
    notebook.page.evaluate("theme => labPage.run('apputils:change-theme', { theme })", theme)
    notebook.until("theme => labPage.hasTheme(theme)", argument=theme)
    if not notebook.page.evaluate("'labBarriers' in window"):
        notebook.page.evaluate(SCRIPT.read_text("utf-8"))
        notebook.page.evaluate((HERE / "barriers.js").read_text("utf-8"))
    return list(notebook.page.evaluate("only => labBarriers.find(only)", theme != THEMES[0]))

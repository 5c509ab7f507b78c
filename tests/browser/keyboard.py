"""Operates a widget with the keyboard alone, as somebody does who has no mouse."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import TimeoutError as Late

from labkit.course.widget import Answer
from tests.browser.page import NotebookPage, words
from tests.browser.widget_cases import Case, case_of

# The cell's toolbar and the number beside a slider are on the way from one control to the next.
FARTHEST = 6
# Of a longer list these are enough: the second, one in the middle and the last.
SHORT = 6
# What the keys do to a control that is no list. A number can be typed over as well; that counts when it is
# left, or at Enter.
STEPS = {
    "slider": (("ArrowRight",), ("End",), ("ArrowLeft",)),
    "number": (("ArrowUp",), ("ArrowUp",), ("ControlOrMeta+a", "2", "0", "Enter"), ("ArrowDown",)),
    "checkbox": (("Space",),),
    "radio": (("ArrowDown",),),
}
TEXT = "html => new DOMParser().parseFromString(html, 'text/html').body.textContent"


def operate(notebook: NotebookPage, cell: str) -> Case:
    """Goes through the controls of the widget below a cell and picks values in each. Every answer has to be
    what the pure function says to the same values, and every control has to change the answer, but for those
    that the case knows to be idle."""
    controls = _controls(notebook, cell)
    case = case_of([control["label"] for control in controls])
    notebook.select(cell)
    before = "" if case.passing else _agreed(notebook, cell, case)
    idle = []
    for place, control in enumerate(controls):
        _go_to(notebook, cell, place)
        answers = {before}
        for value in _pick_values(notebook, cell, place):
            assert value, f"{control['label']} took no key"
            before = _agreed(notebook, cell, case)
            answers.add(before)
            assert _focused(notebook, cell) == place, f"{control['label']} has lost the focus"
        idle += [control["label"]] * (len(answers) == 1)
    assert idle == list(case.idle), "controls that change nothing"
    _leave(notebook, cell)
    return case


def _go_to(notebook: NotebookPage, cell: str, place: int) -> None:
    for _ in range(FARTHEST):
        notebook.press("Tab")
        if _focused(notebook, cell) == place:
            return
    raise AssertionError(f"{FARTHEST} times Tab do not reach control {place + 1}")


def _leave(notebook: NotebookPage, cell: str) -> None:
    for _ in range(FARTHEST):
        notebook.press("Tab")
        if not notebook.page.evaluate("cell => labPage.inWidget(cell)", cell):
            return
    raise AssertionError("Tab does not leave the widget")


def _pick_values(notebook: NotebookPage, cell: str, place: int) -> Any:
    """Sets a control to one value after the other; yields each when the control shows it."""
    control = _controls(notebook, cell)[place]
    if control["kind"] != "list":
        for keys in STEPS[control["kind"]]:
            old = _controls(notebook, cell)[place]["value"]
            notebook.press(*keys)
            yield _until_set(notebook, cell, place, f"value !== {old!r}")
        return
    options = control["options"]
    # The last one stays: with it, there is more for the next control to change.
    few = len(options) <= SHORT
    for option in range(1, len(options)) if few else (1, len(options) // 2, len(options) - 1):
        now = options.index(_controls(notebook, cell)[place]["value"])
        _pick_option(notebook, option - now)
        yield _until_set(notebook, cell, place, f"value === options[{option}]")


def _pick_option(notebook: NotebookPage, way: int) -> None:
    # Arrows on a list that is not open go to the next cell: they are JupyterLab's.
    notebook.press("Space")
    notebook.until("document.activeElement.matches(':open')")
    notebook.press(*["ArrowDown" if way > 0 else "ArrowUp"] * abs(way), "Enter")


def _until_set(notebook: NotebookPage, cell: str, place: int, wanted: str) -> str:
    control = "const { value, options } = labPage.controls(cell)[place]"
    notebook.until(f"([cell, place]) => {{ {control}; return {wanted} }}", argument=[cell, place])
    return str(_controls(notebook, cell)[place]["value"])


def _agreed(notebook: NotebookPage, cell: str, case: Case) -> str:
    """The answer on the page, when it is what the function says to the values on the page."""
    shown = case.says(*(words(control["value"]) for control in _controls(notebook, cell)))
    wanted = words(_text(notebook, shown))
    try:
        condition = (
            "([cell, wanted]) => labPage.answer(cell).split(/\\s+/).filter(Boolean).join(' ') === wanted"
        )
        notebook.until(condition, argument=[cell, wanted])
    except Late:
        assert words(notebook.page.evaluate("cell => labPage.answer(cell)", cell)) == wanted
    # Cells of a table stand on the page without a space between them. Its rules, and arrows, are for text.
    unsaid = [word for word in repr(shown).split() if word.strip("->:().,") not in wanted]
    assert unsaid == [], f"the text says more than the page: {unsaid}"
    assert notebook.page.evaluate("cell => labPage.announced(cell)", cell) == shown.summary
    return wanted


def _text(notebook: NotebookPage, shown: Answer) -> str:
    html = shown._repr_mimebundle_().get("text/html")
    return str(notebook.page.evaluate(TEXT, html)) if html else repr(shown)


def _controls(notebook: NotebookPage, cell: str) -> list[dict[str, Any]]:
    return list(notebook.page.evaluate("cell => labPage.controls(cell)", cell))


def _focused(notebook: NotebookPage, cell: str) -> int:
    return int(notebook.page.evaluate("cell => labPage.focused(cell)", cell))

"""What a learner asks about progress in a notebook."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from labkit.checkout import checkout
from labkit.core.noted import Noted
from labkit.course.keeper import keep, known, trouble
from labkit.course.lessons import lessons
from labkit.course.overview import Detail, Overview, Resume, next_step
from labkit.course.progress_state import Progress, forgotten
from labkit.course.registry import pick
from labkit.course.steps import Chapter, chapters, tasks
from labkit.course.worksheet import Note, first_hint_again

if TYPE_CHECKING:
    from labkit.course.widget import Panel


def progress(notebook: str = "") -> Noted:
    """How far you have come: a row for each notebook, the minutes that are left, and where to go on. With the
    name of a notebook, each of its exercises and predictions. Raises BadInput."""
    if type(notebook) is str and not notebook:
        return overview()
    return _detail(notebook)


def overview(done: Progress | None = None) -> Overview:
    """The same as `progress()`. `done` is what was done, where that is known already. Raises BadInput."""
    if done is not None:
        return Overview(_course(), done)
    return Overview(_course(), known(), trouble())


def resume() -> Resume:
    """Where to go on, as a link to the cell: the first thing that is open in the notebook that you worked in
    last, or else in the next one. Raises BadInput."""
    step = next_step(_course(), known())
    return replace(step, trouble=trouble())


def begin_anew(id: str) -> Note:
    """Forgets what was done about an exercise, a prediction or a whole notebook. Raises BadInput for what is
    none of these.

    Only this lets a prediction count again after its reveal: a restarted kernel does not. Whoever runs a
    notebook again afterwards makes new predictions, and these count, although the answers were seen; that is
    what was asked for. An export from before, imported again, brings the old ones back.
    """
    ids = ids_of(id, known())
    first_hint_again(ids)
    return Note(keep(forgotten(ids), f"Forgotten: {', '.join(sorted(ids))}. It begins anew."))


def ids_of(name: object, done: Progress) -> frozenset[str]:
    """The ids of exercises and predictions that a name stands for: its own, or all of a notebook. What was
    `done` in an earlier edition of the course may be named as well. Raises BadInput."""
    if type(name) is str:
        if name in done.ids:
            return frozenset({name})
        if own := frozenset(task.id for task in tasks() if name in (task.notebook, Path(task.notebook).stem)):
            return own
    return frozenset({pick("exercise, prediction or notebook", tasks(), name).id})


def progress_explorer() -> Panel:
    """A drop-down list of the notebooks, and below it what `progress` says of the one that is chosen. Raises
    BadInput."""
    # ipywidgets loads when somebody wants a widget.
    from labkit.course.widget import chooser

    return chooser({"Notebook": [chapter.id for chapter in _course()]}, _detail)


def _detail(notebook: str) -> Detail:
    return Detail(_chapter(notebook), known(), trouble())


def _course() -> tuple[Chapter, ...]:
    folder = checkout() / "notebooks"
    return chapters(folder, lessons(folder))


def _chapter(name: object) -> Chapter:
    return pick("notebook", _course(), name.removesuffix(".ipynb") if type(name) is str else name)

"""What is recorded, swept or compared knows nothing of the user's own progress, and adds nothing to it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from labkit.checkout import checkout
from labkit.course.progress import overview
from labkit.course.progress_place import progress_file
from labkit.course.progress_state import Progress, attempted, chose, hinted, revealed
from labkit.course.progress_store import Store
from labkit.runner.kernel import environment
from labkit.runner.record import record
from labkit.runner.sweep import sweep

ROOT = checkout()
CELLS = (
    "from labkit.course import exercise, outcome, predict, progress\n\nn = progress().total",
    "predict('start-rita-reads', 'refused').reveal('accepted')\nexercise('start-scope').check(7)",
    "m = progress().total\noutcome(before=n.wrong, passed=n.passed, after=m.wrong)",
)
SCENARIO = """
[[scenario]]
name = "{name}"
notebook = "a.ipynb"
says = "Somebody begins."
expect = {{ before = 0, passed = 0, after = 1 }}
"""


@pytest.fixture
def own() -> bytes:
    """The file of somebody who has done much already."""
    for change in (
        *(attempted("start-scope", True), hinted("start-scope", 3), chose("start-rita-reads", "accepted")),
        revealed("start-rita-reads", "accepted"),
    ):
        Store().change(change)
    return progress_file().read_bytes()


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    """One that does an exercise and shows what is known before and after."""
    cells = [nbformat.v4.new_code_cell(text, id=f"c{number}") for number, text in enumerate(CELLS)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "a.ipynb")
    return tmp_path / "a.ipynb"


def test_recording_shows_somebody_who_has_not_begun(own: bytes, notebook: Path) -> None:
    recorded = record(notebook)
    shown = nbformat.reads(recorded, as_version=4).cells[-1].outputs[0].data["text/plain"]
    assert shown == "before = 0\npassed = 0\nafter = 1"
    assert record(notebook) == recorded
    assert progress_file().read_bytes() == own
    assert os.listdir(progress_file().parent) == ["progress.sqlite"]


def test_each_scenario_of_a_sweep_begins_with_nothing_done(
    own: bytes, notebook: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = notebook.with_name("scenarios.toml")
    file.write_text(SCENARIO.format(name="one") + SCENARIO.format(name="two"), "utf-8")
    assert sweep(file, jobs=1) == 0, capsys.readouterr().out
    assert progress_file().read_bytes() == own


def test_comparing_a_notebook_begins_with_nothing_done(own: bytes, notebook: Path, tmp_path: Path) -> None:
    notebook.write_text(record(notebook), "utf-8")
    # Two that are the same, so that each would see what the other has done.
    (tmp_path / "notebooks").mkdir()
    for name in ("a.ipynb", "b.ipynb"):
        (tmp_path / "notebooks" / name).write_bytes(notebook.read_bytes())
    # What the checkout has above its notebooks, and the command of the Makefile.
    (tmp_path / "conftest.py").write_bytes((ROOT / "conftest.py").read_bytes())
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "notebooks"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=180)
    assert ended.returncode == 0, ended.stdout
    assert "6 passed" in ended.stdout
    assert progress_file().read_bytes() == own


def test_the_learners_own_jupyterlab_keeps_in_the_learners_own_folder(tmp_path: Path) -> None:
    assert environment()["LABKIT_DATA"] == os.environ["LABKIT_DATA"]
    assert environment(tmp_path)["LABKIT_DATA"] == str(tmp_path)


def test_the_stored_panel_is_that_of_somebody_who_has_not_begun() -> None:
    start = nbformat.read(ROOT / "notebooks" / "00-start-here.ipynb", as_version=4)
    [panel] = [cell for cell in start.cells if cell.cell_type == "code" and "progress()" in cell.source]
    text = panel.outputs[0].data["text/plain"]
    assert set(re.findall(r"(\d+) of \d+", text)) == {"0"}
    assert "\nBegin with 00-start-here, " in text
    assert "Begin with" in repr(overview(Progress()))

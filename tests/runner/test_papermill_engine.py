"""`papermill --engine labkit`: papermill's own engine, but that the kernel starts warm."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import nbformat
import papermill
import psutil
import pytest
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.engines import papermill_engines
from papermill.exceptions import PapermillExecutionError

from labkit.checkout import checkout
from labkit.runner.papermill_engine import Engine
from labkit.runner.warm import engine
from labkit.runner.warm.server import why_not

from .both_ways import comparable
from .conftest import Write

CELLS = ("age = 1", "import os\nprint(age)\nage, os.getcwd()", "%%bash\necho $HOME")


@pytest.fixture(autouse=True, scope="module")
def registered() -> Iterator[None]:
    """As the entry point does it, wherever the tests run; and no server is left."""
    papermill_engines.register("labkit", Engine)
    with pytest.MonkeyPatch.context() as patch:
        # Another one for each test, and nothing that a server has read before.
        patch.setattr(engine, "_OF_A_RUN", engine._OF_A_RUN | {"PYTEST_CURRENT_TEST"})
        yield
    engine.close()


def execute(path: Path, out: Path, how: str | None, **options: Any) -> Any:
    made = papermill.execute_notebook(path, out, progress_bar=False, engine_name=how, **options)
    assert nbformat.read(out, as_version=4) == nbformat.from_dict(made)
    return made


def shown(made: Any) -> str:
    for number, cell in enumerate(made.cells):
        # Times, and the name of the cell with the parameters.
        kept = cell.metadata.pop("papermill", {})
        cell.metadata.own = [kept.get("exception"), kept.get("status")]
        cell.id = f"cell-{number}"
    kept = made.metadata.pop("papermill")
    assert kept.duration > 0
    return comparable(made) + str((kept.parameters, kept.exception, kept.version))


def test_pyproject_registers_it() -> None:
    points = tomllib.loads((checkout() / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]
    [(name, value)] = points["papermill.engine"].items()
    assert (name, EntryPoint(name, value, "papermill.engine").load()) == ("labkit", Engine)


def test_both_engines_write_the_same_notebook(notebook: Write, tmp_path: Path) -> None:
    path = notebook(*CELLS)
    options: dict[str, Any] = {"parameters": {"age": 7}, "cwd": tmp_path}
    warm = execute(path, tmp_path / "warm.ipynb", "labkit", **options)
    assert warm.metadata.papermill.parameters == {"age": 7}
    assert shown(warm) == shown(execute(path, tmp_path / "plain.ipynb", None, **options))


@pytest.mark.parametrize("source", ["1 / 0", "raise SystemExit(2)", "import sys\nsys.exit(0)", "print('x'"])
def test_both_engines_fail_alike(notebook: Write, tmp_path: Path, source: str) -> None:
    path = notebook("a = 1", source, "'after it'")
    found = []
    for how in ("labkit", None):
        out = tmp_path / f"{how}.ipynb"
        try:
            execute(path, out, how)
            said = ""
        except PapermillExecutionError as error:
            said = str(error)
        found.append((said, shown(nbformat.read(out, as_version=4))))
    assert found[0] == found[1]


def test_a_cell_that_takes_too_long_ends_both(notebook: Write, tmp_path: Path) -> None:
    path = notebook("a = 1", "import time\nprint('said', flush=True)\ntime.sleep(600)")
    found = []
    for how in ("labkit", None):
        out = tmp_path / f"{how}.ipynb"
        with pytest.raises(CellTimeoutError):
            execute(path, out, how, execution_timeout=2)
        found.append(shown(nbformat.read(out, as_version=4)))
    assert found[0] == found[1]


def test_a_kernel_that_dies_is_told(notebook: Write, tmp_path: Path) -> None:
    path = notebook("a = 1", "import os\nos._exit(1)")
    with pytest.raises(DeadKernelError):
        execute(path, tmp_path / "out.ipynb", "labkit")


@pytest.mark.skipif(bool(why_not()), reason=why_not() or "never")
def test_the_second_notebook_finds_the_server_running(notebook: Write, tmp_path: Path) -> None:
    path = notebook("a = 1", "import os\nos.getppid(), os.environ.get('OWN')")
    engine.close()
    before = {one.pid for one in psutil.Process().children()}
    [execute(path, tmp_path / f"{n}.ipynb", "labkit") for n in range(2)]
    [server] = {one.pid for one in psutil.Process().children()} - before
    engine.close()
    assert not psutil.pid_exists(server)


@pytest.mark.skipif(bool(why_not()), reason=why_not() or "never")
def test_a_changed_environment_reaches_the_kernel(
    notebook: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = notebook("a = 1", "import os\nos.environ.get('OWN', 'none')")
    for value in ("one", "two"):
        monkeypatch.setenv("OWN", value)
        made = execute(path, tmp_path / "out.ipynb", "labkit")
        assert made.cells[1].outputs[0].data["text/plain"] == repr(value)


@pytest.mark.parametrize("reason", ["no fork", ""])
def test_where_there_is_no_warm_kernel_the_plain_way_is_taken_and_said(
    notebook: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    reason: str,
) -> None:
    path = notebook("a = 1", "a")
    monkeypatch.setattr(engine, "why_not", lambda: reason)
    monkeypatch.setattr(engine, "not_our_kernel", lambda name: "" if reason else f"{name} is another")
    made = execute(path, tmp_path / "out.ipynb", "labkit")
    assert made.cells[1].outputs[0].data["text/plain"] == "1"
    assert f"takes longer: {reason or 'python3 is another'}" in caplog.text


def test_another_kernel_is_not_taken_for_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert engine.not_our_kernel("python3") == ""
    assert "no kernel" in engine.not_our_kernel("no-such-kernel")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    folder = tmp_path / "kernels" / "own"
    folder.mkdir(parents=True)
    argv = f'["{sys.executable}", "-m", "ipykernel_launcher", "-f", "{{connection_file}}"]'
    for text, ours in (
        (f'{{"argv": {argv}, "display_name": "o", "language": "python"}}', True),
        (f'{{"argv": {argv}, "display_name": "o", "language": "python", "env": {{"A": "1"}}}}', False),
        ('{"argv": ["/bin/sh", "-f", "{connection_file}"], "display_name": "o", "language": "sh"}', False),
    ):
        (folder / "kernel.json").write_text(text)
        assert (engine.not_our_kernel("own") == "") is ours


@pytest.mark.skipif(bool(why_not()), reason=why_not() or "never")
def test_a_plain_papermill_command_can_name_it_and_leaves_nothing(notebook: Write, tmp_path: Path) -> None:
    path = notebook(*CELLS)
    # An installation of which these tests know that it has the entry point.
    info = tmp_path / "site" / "labkit_engine-1.dist-info"
    info.mkdir(parents=True)
    (info / "entry_points.txt").write_text(
        "[papermill.engine]\nlabkit=labkit.runner.papermill_engine:Engine\n"
    )
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: labkit-engine\nVersion: 1\n")
    env = {**os.environ, "PYTHONPATH": str(info.parent)}
    command = [
        sys.executable,
        "-m",
        "papermill",
        "--engine",
        "labkit",
        path,
        tmp_path / "out.ipynb",
        "-p",
        "age",
        "7",
    ]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "takes longer" not in done.stderr
    assert nbformat.read(tmp_path / "out.ipynb", as_version=4).cells[2].outputs[0].text == "7\n"
    assert not [one for one in psutil.process_iter(["cmdline"]) if str(tmp_path) in str(one.info["cmdline"])]

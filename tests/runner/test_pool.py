"""However a sweep ends, no process and no file of it is left."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from .conftest import Write, entry

SWEEP = """\
import pathlib, sys
import labkit.cli
from labkit.runner import sweep, workers

workers.COURSE = ()
labkit.cli._sweep = lambda *_: sweep.sweep(pathlib.Path(sys.argv[1]), jobs=2)
if __name__ == "__main__":
    sys.exit(labkit.cli.main(["sweep"]))
"""


def wait_for(condition: Callable[[], bool]) -> bool:
    """Whether it comes true within a minute."""
    return any(condition() or time.sleep(0.05) for _ in range(1200))


def lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("how", ["Ctrl-C", "SIGTERM", "SIGKILL"])
def test_an_interrupted_sweep_leaves_nothing_behind(
    notebook: Write, scenarios: Write, tmp_path: Path, temporary: Path, how: str
) -> None:
    notebook("age = 1", "import os, time\nopen(f'pid-{os.getpid()}', 'x').close()\ntime.sleep(600)")
    file = scenarios(*(entry(name) for name in ("first", "second", "third")))
    program = tmp_path / "program.py"
    program.write_text(SWEEP, "utf-8")
    pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, program, file], start_new_session=True, **pipes)
    assert wait_for(lambda: len(list(tmp_path.glob("pid-*"))) == 2)
    family = psutil.Process(process.pid).children(recursive=True)
    assert {f"pid-{one.pid}" for one in family} > {path.name for path in tmp_path.glob("pid-*")}
    if how == "Ctrl-C":
        # A terminal signals everything that was started from it.
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.send_signal(getattr(signal, how))
    out, err = process.communicate(timeout=60)
    assert wait_for(lambda: not any(map(lives, family)))
    if how == "SIGKILL":
        # Nobody was left to tidy up; but nobody works on either.
        shutil.rmtree(*temporary.iterdir())
    else:
        summary = "a.ipynb    0 of 3    ---\n0 passed, 0 failed, 3 not run\n"
        assert (process.returncode, out, err) == (130, summary, "Interrupted.\n")

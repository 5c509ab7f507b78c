"""A real JupyterLab, started as a learner starts it, that knows nothing of this user and leaves nothing."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import nbformat

from labkit.checkout import checkout
from labkit.course.progress_place import VARIABLE

TOKEN = "only-for-the-tests"
START, STOP = 60.0, 20.0  # seconds
# Where Jupyter and JupyterLab read and keep things, each in a folder of its own.
FOLDERS = (
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "JUPYTER_RUNTIME_DIR",
    "JUPYTERLAB_SETTINGS_DIR",
    "JUPYTERLAB_WORKSPACES_DIR",
    "IPYTHONDIR",
)
# JupyterLab draws only those cells that are in sight. Here it draws all, so that all can be looked at.
DRAW_ALL = ("@jupyterlab/notebook-extension/tracker.jupyterlab-settings", {"windowingMode": "none"})


class Server:
    """`labkit start` on a copy of the notebooks. It may be stopped and started again: copy and progress
    stay."""

    def __init__(self, folder: Path) -> None:
        self.notebooks = folder / "notebooks"
        self.data = folder / "data"
        self.log = folder / "server.log"
        self.url = ""
        self._places = {name: folder / name.lower() for name in FOLDERS}
        self._process: subprocess.Popen[bytes] | None = None
        shutil.copytree(
            checkout() / "notebooks", self.notebooks, ignore=shutil.ignore_patterns(".ipynb_checkpoints")
        )
        name, settings = DRAW_ALL
        file = self._places["JUPYTERLAB_SETTINGS_DIR"] / name
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(settings), "utf-8")

    def start(self) -> None:
        """Returns when it answers. Raises RuntimeError with the log where it does not."""
        runtime = self._places["JUPYTER_RUNTIME_DIR"]
        shutil.rmtree(runtime, ignore_errors=True)
        command = [sys.executable, "-m", "labkit", "start", "--no-browser", "--port=0", "--allow-root"]
        command += [f"--ServerApp.root_dir={self.notebooks}", f"--IdentityProvider.token={TOKEN}"]
        # The tests ask the page's own objects when a kernel is ready and what a cell has shown.
        command += ["--LabApp.expose_app_in_browser=True"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment(),
            )
        end = time.monotonic() + START
        while not (told := list(runtime.glob("jpserver-*.json"))):
            if self._process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise RuntimeError(f"JupyterLab does not start:\n{self.log.read_text('utf-8', 'replace')}")
            time.sleep(0.05)
        self.url = self._address(told[0], end)

    def stop(self) -> None:
        """With its kernels."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def write(self, notebook: str, cells: Mapping[str, str]) -> None:
        """Puts a notebook of code cells, by their ids, beside those of the course."""
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        made = [nbformat.v4.new_code_cell(text, id=id) for id, text in cells.items()]
        nbformat.write(nbformat.v4.new_notebook(cells=made, metadata=kernel), self.notebooks / notebook)

    def address(self, notebook: str, way: str = "doc") -> str:
        """Of a notebook: alone in the window ("doc"), or as a learner's JupyterLab shows it ("lab")."""
        return f"{self.url}{way}/tree/{notebook}?reset&token={TOKEN}"

    def _address(self, told: Path, end: float) -> str:
        # The file is there a moment before its content is.
        while True:
            try:
                return str(json.loads(told.read_text("utf-8"))["url"])
            except ValueError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def _environment(self) -> dict[str, str]:
        own = {name: text for name, text in os.environ.items() if not name.startswith(("JUPYTER", "IPYTHON"))}
        # The settings of `make lab`.
        own |= {"JUPYTER_PLATFORM_DIRS": "1", VARIABLE: str(self.data)}
        return own | {name: str(folder) for name, folder in self._places.items()}

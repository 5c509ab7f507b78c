"""The files for a hosted try-out name what the rest of the course has. No image is built here."""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from labkit.checkout import FIRST_NOTEBOOK, checkout
from labkit.cli import SETTINGS
from labkit.runner.kernel import environment

ROOT = checkout()
BINDER = ROOT / ".binder"
needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="bash, which Binder has, is not here")
# Says what it was called with, in the place of another program.
ECHO = '#!/bin/sh\necho "$(basename "$0") $@"\n'


def program(folder: Path, name: str, script: str = ECHO) -> None:
    path = folder / name
    path.write_text(script, "utf-8")
    path.chmod(0o755)


def run(folder: Path, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One of the scripts, with programs of `folder` before all others."""
    hidden = {"PYTHONHASHSEED", "BASH_ENV"}
    path = os.pathsep.join([os.fspath(folder), os.environ["PATH"]])
    own = {**{key: value for key, value in os.environ.items() if key not in hidden}, "PATH": path}
    command = ["bash", os.fspath(BINDER / name), *arguments]
    return subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True, timeout=60)


def test_it_asks_for_the_python_that_the_lock_begins_with() -> None:
    name, _, version = (BINDER / "runtime.txt").read_text("utf-8").strip().partition("-")
    assert name == "python"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert version in SpecifierSet(project["requires-python"])
    assert f"--python-version {version}" in (ROOT / "Makefile").read_text("utf-8")


def test_nothing_else_is_there_that_would_install_something() -> None:
    # An environment.yml or a Dockerfile would be taken first.
    assert sorted(path.name for path in BINDER.iterdir()) == ["postBuild", "runtime.txt", "start"]


@needs_bash
def test_it_installs_the_lock_and_the_course_as_make_does(tmp_path: Path) -> None:
    for name in ("pip", "labkit"):
        program(tmp_path, name)
    done = run(tmp_path, "postBuild")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "pip install --no-cache-dir --no-deps --require-hashes --requirement requirements.lock",
        "pip install --no-cache-dir --no-deps --no-build-isolation --editable .",
        "labkit doctor",
    ]
    make = (ROOT / "Makefile").read_text("utf-8")
    assert "install -qq --no-deps --require-hashes -r requirements.lock" in make
    assert "install -qq --no-deps --no-build-isolation -e ." in make


@needs_bash
def test_what_cannot_be_installed_ends_the_build(tmp_path: Path) -> None:
    program(tmp_path, "pip", "#!/bin/sh\nexit 3\n")
    program(tmp_path, "labkit")
    done = run(tmp_path, "postBuild")
    assert done.returncode == 3
    assert "labkit" not in done.stdout


@needs_bash
def test_the_server_opens_the_first_notebook(tmp_path: Path) -> None:
    program(tmp_path, "jupyter")
    said = run(tmp_path, "start", "jupyter", "notebook", "--ip", "0.0.0.0").stdout
    command, *options = said.strip().split(" --")
    assert (command, options[0]) == ("jupyter notebook", "ip 0.0.0.0")
    address = f"notebooks/{FIRST_NOTEBOOK}"
    apps = ("ServerApp", "LabApp", "JupyterNotebookApp")
    assert options[1:] == [f"{app}.default_url=/lab/tree/{address}" for app in apps]
    assert (ROOT / address).is_file()


@needs_bash
def test_programs_get_the_environment_of_labkit_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "say", '#!/bin/sh\necho "$PYTHONHASHSEED" "$JUPYTER_CONFIG_PATH" "$@"\n')
    seed = environment()["PYTHONHASHSEED"]
    monkeypatch.delenv("JUPYTER_CONFIG_PATH", raising=False)
    assert run(tmp_path, "start", "say", "a b").stdout == f"{seed} {SETTINGS} a b\n"
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/theirs")
    assert run(tmp_path, "start", "say").stdout == f"{seed} {SETTINGS}:/theirs\n"


@pytest.mark.skipif(os.name != "posix", reason="files have no such mode on Windows")
@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_the_scripts_may_be_executed(name: str) -> None:
    assert os.access(BINDER / name, os.X_OK)

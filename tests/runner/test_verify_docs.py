"""The recipes and the guide are followed word for word."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
import yaml

from labkit.checkout import checkout
from labkit.runner.record import record

ROOT = checkout()
CI, GUIDE = ROOT / "docs" / "ci.md", ROOT / "docs" / "write-your-own.md"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FIRST = "00-start-here.ipynb"


@dataclass(frozen=True)
class Block:
    """A block of code, with the paragraph before it."""

    said: str
    language: str
    text: str


def blocks(path: Path) -> list[Block]:
    text = path.read_text("utf-8")
    return [
        Block(
            " ".join(text[: found.start()].strip().split("\n\n")[-1].split()), found.group(1), found.group(2)
        )
        for found in FENCE.finditer(text)
    ]


def only(language: str) -> str:
    [text] = [block.text for block in blocks(CI) if block.language == language]
    return text


def environment(folder: Path) -> dict[str, str]:
    """As if the package of the folder were installed into the environment that is there."""
    (folder / ".venv").symlink_to(sys.prefix, target_is_directory=True)
    # What stands first on the path of a kernel as well.
    return {**os.environ, "PYTHONPATH": str(folder), "PYTEST_ADDOPTS": "-p no:cacheprovider"}


def ran(script: str, folder: Path, env: dict[str, str]) -> str:
    done = subprocess.run(
        ["sh", "-ec", script], cwd=folder, env=env, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


pytestmark = pytest.mark.skipif(os.name != "posix", reason="the recipes are for a POSIX shell")


# ---- for other people's CI


def steps() -> Iterator[str]:
    workflow = yaml.safe_load(only("yaml"))
    for job in workflow["jobs"].values():
        for step in job["steps"]:
            yield from step.get("run", "").splitlines()


def test_the_workflow_runs_the_lines_of_the_shell_recipe() -> None:
    assert ["set -eu", *steps()] == only("sh").splitlines()


def test_the_workflow_may_only_read_and_uses_two_actions_of_one_version_each() -> None:
    workflow = yaml.safe_load(only("yaml"))
    assert workflow["permissions"] == {"contents": "read"}
    used = [step["uses"] for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step]
    assert [name.partition("@")[0] for name in used] == ["actions/checkout", "actions/setup-python"]
    assert all(re.fullmatch(r"v\d+\.\d+\.\d+", name.partition("@")[2]) for name in used)


def test_what_the_recipe_installs_is_what_make_installs() -> None:
    made = (ROOT / "Makefile").read_text("utf-8")
    installs = [line for line in steps() if "/pip install" in line]
    assert len(installs) == 2
    for line in installs:
        options = {word for word in line.split() if word.startswith("--")} - {"--editable"}
        assert any(options <= set(other.split()) for other in made.splitlines() if "/pip install" in other)


def test_the_gate_of_the_recipe_lets_a_notebook_through_and_stops_a_changed_one(tmp_path: Path) -> None:
    env = {**environment(tmp_path), "PYTHONPATH": ""}
    gate = "\n".join(line for line in steps() if "/labkit" in line)
    assert len(gate.splitlines()) == 2
    (tmp_path / "notebooks").mkdir()
    path = tmp_path / "notebooks" / "own.ipynb"
    cell = nbformat.v4.new_code_cell("import labkit\n\nlabkit.__name__", id="one")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    path.write_text(record(path), "utf-8")
    assert "nbval: 1 file, 0 findings" in ran(gate, tmp_path, env)
    assert (tmp_path / "build" / "verify.xml").read_text("utf-8").startswith("<?xml")
    cell = nbformat.v4.new_code_cell("1 + 2", id="one", execution_count=1)
    cell.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "2"}, execution_count=1)]
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    last = gate.splitlines()[-1].split()
    done = subprocess.run(last, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=280)
    assert done.returncode == 1
    assert "cell one: text/plain: line 1: stored '2', came out '3'" in done.stdout


# ---- write your own

NEW_FILE = re.compile(r"In `([^`]+\.py)`:")
AT_THE_END = re.compile(r"At the end of `([^`]+)`:")
NEW_CELL = re.compile(r"In `([^`]+\.ipynb)`, a new code cell below the one with `(.+)`:")


class Reader:
    """Somebody who does what the guide says, in a checkout, and nothing else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = environment(folder)
        self.last: tuple[Path, str] | None = None
        self.printed: list[str] = []

    def do(self, block: Block) -> None:
        if block.language == "sh":
            self.printed += [ran(line, self.folder, self.env) for line in block.text.splitlines()]
        elif found := AT_THE_END.fullmatch(block.said):
            with (self.folder / found[1]).open("a", encoding="utf-8") as file:
                file.write("\n" + block.text)
        elif found := NEW_CELL.fullmatch(block.said):
            self.add(self.folder / found[1], found[2], block.text)
        elif block.said.startswith("And below it another,"):
            assert self.last is not None
            self.add(*self.last, block.text)
        else:
            found = NEW_FILE.fullmatch(block.said)
            assert found, f"the guide does not say where this goes: {block.said}"
            assert not (self.folder / found[1]).exists()
            (self.folder / found[1]).write_text(block.text, "utf-8")

    def add(self, path: Path, marker: str, text: str) -> None:
        notebook = nbformat.read(path, as_version=4)
        [place] = [
            n for n, cell in enumerate(notebook.cells) if cell.cell_type == "code" and marker in cell.source
        ]
        notebook.cells.insert(place + 1, nbformat.v4.new_code_cell(text.strip(), id=f"new-{place}"))
        nbformat.write(notebook, path)
        self.last = (path, text.strip())


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    folder = tmp_path_factory.mktemp("checkout")
    # What is compiled goes along, but for what is being written at this moment.
    aside = shutil.ignore_patterns("*.pyc.*", ".ipynb_checkpoints", "node_modules")
    for name in ("labkit", "notebooks", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=aside)
    for name in ("pyproject.toml", "conftest.py"):
        shutil.copy(ROOT / name, folder / name)
    reader = Reader(folder)
    for block in blocks(GUIDE):
        reader.do(block)
    return reader


def test_who_follows_the_guide_word_for_word_sees_what_it_says(reader: Reader) -> None:
    swept, *_, checked, _, tested, ledger, verified = reader.printed
    assert swept.endswith("1 passed, 0 failed\n")
    assert "1 of 1 hold" in checked
    assert "3 passed" in tested
    [proved] = re.findall(r"^my-statement .*\n(?:  .*\n)+", ledger, re.MULTILINE)
    assert "  proved\n" in proved
    assert "tests/statements/test_my_statement.py::" in proved
    assert f"{FIRST}#" in proved
    assert "nbval: 1 file, 0 findings" in verified


def test_what_the_guide_has_written_is_in_the_house_style(reader: Reader) -> None:
    written = ["labkit/course/exercises/my_exercise.py", "tests/statements/test_my_statement.py"]
    for command in (["check"], ["format", "--check"]):
        ran(" ".join([".venv/bin/ruff", *command, "--no-cache", *written]), reader.folder, reader.env)


def test_an_exercise_that_passes_everything_is_found(reader: Reader) -> None:
    """What the guide suggests to try."""
    module = reader.folder / "labkit/course/exercises/my_exercise.py"
    was = module.read_text("utf-8")
    module.write_text(
        was.replace("    minutes = as_number", "    return Result.right()\n    minutes = as_number"), "utf-8"
    )
    command = [".venv/bin/labkit", "course", "check", "--only", "my-exercise"]
    done = subprocess.run(
        command, cwd=reader.folder, env=reader.env, capture_output=True, text=True, timeout=280
    )
    module.write_text(was, "utf-8")
    assert done.returncode == 1
    assert "the starter passes already" in done.stdout


def test_the_guide_and_the_recipes_lead_to_nothing_that_is_not_there() -> None:
    for page in (CI, GUIDE):
        text = page.read_text("utf-8")
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            assert (page.parent / target).exists(), target
        assert all(len(line) <= 125 or line.startswith(("|", "    ")) for line in text.splitlines())

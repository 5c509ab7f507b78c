"""What the tests of the hub share: the hub's own code on the path, and learners on this machine."""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.hub.school import School

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "hub"))

try:
    import jupyterhub  # noqa: F401
except ModuleNotFoundError:
    # test_installed.py says so, once.
    collect_ignore_glob = ["test_[!i]*.py"]


@pytest.fixture(scope="session")
def machine() -> None:
    """Skips where there can be no system users."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("this makes system users: run it as root on Linux")
    for program in ("useradd", "userdel", "setpriv", "prlimit"):
        if shutil.which(program) is None:
            pytest.skip(f"the program {program} is missing: install passwd and util-linux")
    from tests.hub.school import OPENING, closed_to_others

    if OPENING and subprocess.run([*OPENING, "true"], capture_output=True).returncode:
        closed = ", ".join(map(str, closed_to_others()))
        pytest.skip(f"learners could not use the lab, which lies in {closed}: move it, or chmod o+x")


@pytest.fixture(scope="module")
def school(machine: None) -> "Iterator[School]":
    """A school without learners."""
    from tests.hub.school import School, root_ports

    inner = ",".join(map(str, root_ports(2)))
    school = School(
        f"t{secrets.token_hex(3)}-", tempfile.mkdtemp(prefix="lh-", dir="/tmp"), INTERNAL=inner, EVERY="10"
    )
    try:
        yield school
    finally:
        school.remove()

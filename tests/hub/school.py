"""A class of learners with real system users, and where on this machine they can be."""

import io
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

from labhub import commands
from labhub.accounts import end_processes
from labhub.roster import Learner, read
from labhub.settings import Settings, settings

TOP = Path(__file__).resolve().parent.parent.parent
HUB = TOP / "hub"


_SLIP = re.compile(r"name: (\S+) +code: (\S+)$", re.MULTILINE)


class School:
    """A hub's folder with learners, and the commands that an instructor has."""

    def __init__(self, prefix: str, folder: str, **others: str) -> None:
        variables = {"PREFIX": prefix, "FOLDER": folder, **others}
        self.environment = {f"LABHUB_{name}": value for name, value in variables.items()}
        self.settings: Settings = settings(self.environment)
        self.codes: dict[str, str] = {}

    @property
    def learners(self) -> Mapping[str, Learner]:
        """Those on the roster."""
        return read(self.settings.roster)

    def hub(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """What a command of the hub answers."""
        environment = os.environ | self.environment | more
        if arguments[0] != "collect":
            # Within this process, which has all loaded that it takes.
            out, err = io.StringIO(), io.StringIO()
            with patch.dict(os.environ, environment), redirect_stdout(out), redirect_stderr(err):
                code = commands.main(arguments)
            return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())
        command = [*OPENING, sys.executable, str(HUB), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)

    def enrol(self, text: str) -> None:
        """Gives the people of a class list their access."""
        list = self.settings.folder.with_suffix(".txt")
        list.write_text(text, "utf-8")
        try:
            done = self.hub("access", str(list))
        finally:
            list.unlink()
        assert done.returncode == 0, done.stderr
        self.codes |= dict(_SLIP.findall(done.stdout))

    def remove(self) -> None:
        """Leaves nothing of it on the machine."""
        prefix = self.settings.prefix
        for learner in list(read(self.settings.roster).values()):
            end_processes(learner)
        with open("/etc/passwd") as lines:
            accounts = [line.partition(":")[0] for line in lines if line.startswith(prefix)]
        for account in accounts:
            subprocess.run(["userdel", account], check=True, capture_output=True)
        shutil.rmtree(self.settings.folder)


def closed_to_others() -> dict[Path, set[str]]:
    """Folders on the way to the lab that nobody but their owner may pass, and what the lab needs in each."""
    programs = (sys.executable, shutil.which("node"), shutil.which("npm"))
    needed = [TOP, Path(sys.prefix), *(Path(name).resolve() for name in programs if name)]
    found: dict[Path, set[str]] = {}
    for path in needed:
        for folder in path.parents:
            if not folder.stat().st_mode & 0o001:
                found.setdefault(folder, set()).add(path.relative_to(folder).parts[0])
    return dict(sorted(found.items(), key=lambda each: len(each[0].parts)))


def opening(closed: Mapping[Path, set[str]]) -> list[str]:
    """The beginning of a command that sees the closed folders open, and nothing in them but what is needed.
    The rest of the machine sees no difference."""
    if not closed:
        return []
    lines = ["set -e", "aside=$(mktemp -d)", "mount -t tmpfs tmpfs $aside"]
    for folder, names in closed.items():
        inner = [shlex.quote(name) for name in sorted(names)]
        lines += [
            f"mkdir $aside/{one}; mount --bind {shlex.quote(str(folder))}/{one} $aside/{one}" for one in inner
        ]
        lines += [f"mount -t tmpfs -o mode=755 tmpfs {shlex.quote(str(folder))}"]
        lines += [f"mkdir {shlex.quote(str(folder))}/{one}" for one in inner]
        lines += [
            f"mount --move $aside/{one} {shlex.quote(str(folder))}/{one}; rmdir $aside/{one}" for one in inner
        ]
    lines += ["umount $aside", "rmdir $aside", 'exec "$@"']
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", "\n".join(lines), "sh"]


OPENING = opening(closed_to_others())


def root_ports(count: int) -> list[int]:
    """Free ports that only root may take."""
    found: list[int] = []
    for port in range(1000, 600, -1):
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        found.append(port)
        if len(found) == count:
            return found
    raise OSError("no free port")


def until(holds: object, seconds: float = 30) -> None:
    """Waits until `holds()` is true; fails where it does not become so."""
    assert callable(holds)
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.1)

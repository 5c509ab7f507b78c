"""What the hub needs on a machine, looked at before it starts."""

from __future__ import annotations

import errno
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from labhub.accounts import as_learner
from labhub.roster import Learner
from labhub.settings import CHECKOUT, Settings
from labhub.trouble import Trouble

NODE = 20
_PROXY = Path("node_modules/.bin/configurable-http-proxy")
_SHADOW = "passwd or shadow-utils"
_PROGRAMS = {"useradd": _SHADOW, "userdel": _SHADOW, "setpriv": "util-linux", "prlimit": "util-linux"}


def root() -> None:
    """Raises Trouble where this is not root, who alone starts a process as somebody else."""
    if os.geteuid() != 0:
        raise Trouble(
            "This needs root, since each learner gets a system user of their own",
            advice=f"sudo {sys.executable} {' '.join(sys.argv)}",
        )


def proxy_command() -> list[str]:
    """The proxy that is installed beside the hub, or else on the machine."""
    here = CHECKOUT / "hub" / _PROXY
    return [str(here) if here.exists() else shutil.which(_PROXY.name) or str(here)]


def missing(settings: Settings, learners: list[Learner]) -> list[Trouble]:
    """All that the hub lacks to start, not merely the first of it."""
    return [*_programs(), *_readable(settings, learners), *_files(settings), *_ports(settings)]


def _programs() -> Iterator[Trouble]:
    for program, package in _PROGRAMS.items():
        if shutil.which(program) is None:
            advice = f"install {package}; the hub needs Linux"
            yield Trouble(f"The program {program} is missing", advice=advice)
    node = shutil.which("node")
    said = subprocess.run([node, "--version"], capture_output=True, text=True).stdout if node else ""
    found = re.match(r"v(\d+)\.", said)
    if not found or int(found[1]) < NODE:
        advice = f"install Node.js {NODE} or newer with npm, where root finds it on its PATH"
        yield Trouble("Node.js is missing or too old, and the proxy needs it", said.strip(), advice)
    if not os.access(proxy_command()[0], os.X_OK):
        advice = "in the checkout run `make hub`, or `npm ci` in its folder hub"
        yield Trouble("The proxy is missing", proxy_command()[0], advice)


def _readable(settings: Settings, learners: list[Learner]) -> Iterator[Trouble]:
    """Whether learners can use the environment, and cannot change it."""
    if not learners:
        yield Trouble("There are no learners", advice="write a class list, and run `python hub access LIST`")
        return
    # setpriv itself still may open what root may: the learner's account has to start Python, as for a kernel.
    command = [
        "/bin/sh",
        "-c",
        'exec "$@"',
        "sh",
        sys.executable,
        "-c",
        "import labkit, jupyterhub, jupyterlab",
    ]
    environment = {"HOME": str(settings.home(learners[0].account)), "PATH": os.defpath}
    command = as_learner(learners[0], command)
    done = subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        advice = "put the checkout where everybody may read it, such as /opt, and make its .venv there with a"
        advice += " Python that everybody may run: `make clean`, then `make PYTHON=/usr/bin/python3 hub`"
        said = (done.stderr.strip().splitlines() or [""])[-1]
        yield Trouble("Learners cannot use the lab's environment", said, advice)
    for place in writable():
        yield Trouble("Everybody may write there, and root runs it", str(place), f"chmod o-w {place}")


def writable() -> list[Path]:
    """Folders of the lab that anybody may change."""
    inside = [CHECKOUT / name for name in ("hub", "hub/labhub", "labkit", "notebooks")]
    folders = {CHECKOUT, *CHECKOUT.parents, *inside, Path(sys.prefix), Path(sys.executable).parent}
    modes = {folder: folder.stat().st_mode for folder in folders if folder.exists()}
    # In a sticky folder, such as /tmp, nobody replaces what is another's.
    return sorted(folder for folder, mode in modes.items() if mode & 0o002 and not mode & 0o1000)


def _files(settings: Settings) -> Iterator[Trouble]:
    for file in (settings.certificate, settings.key):
        if file and not (Path(file).is_absolute() and os.access(file, os.R_OK)):
            there = Path(file).exists()
            advice = (
                "give the hub a file, which root may read" if there else "look at how its name is written"
            )
            yield Trouble("This file cannot be read" if there else "There is no such file", file, advice)
    if settings.key and Path(settings.key).is_file() and Path(settings.key).stat().st_mode & 0o077:
        yield Trouble("Others may read the key", settings.key, f"chmod 600 {settings.key}")


def _ports(settings: Settings) -> Iterator[Trouble]:
    inner = "set LABHUB_INTERNAL to two other ports below 1024, as in LABHUB_INTERNAL=983,984"
    wanted = [
        (settings.address, settings.port, "choose another with --port, or end what listens there"),
        ("127.0.0.1", settings.hub_port, inner),
        ("127.0.0.1", settings.proxy_port, inner),
    ]
    for address, port, advice in wanted:
        try:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            socket.create_server((address, port), family=family).close()
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            if getattr(error, "errno", 0) not in (errno.EADDRINUSE, errno.EACCES):
                advice = "choose an address of this machine with --address; 0.0.0.0 is all of them"
            yield Trouble("The hub cannot listen there", f"{address} port {port}: {why}", advice)

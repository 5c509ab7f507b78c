"""The hub from its start to its end."""

from __future__ import annotations

import fcntl
import ipaddress
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from labhub.accounts import end_processes
from labhub.collect import collect_all
from labhub.roster import read
from labhub.settings import CONFIG, Settings
from labhub.trouble import Trouble

_LOCK = "hub.pid"
# Seconds that servers of a whole class get to end in.
_PATIENCE = 120


def lay_out(hub: Settings) -> None:
    """Makes the hub's folders where they are missing, and sees that nobody else can put something into them.
    Raises Trouble and OSError."""
    instructor = (int(os.environ.get("SUDO_UID", 0)), int(os.environ.get("SUDO_GID", 0)))
    for folder, mode, owner in (
        (hub.folder, 0o711, (0, 0)),
        (hub.homes, 0o711, (0, 0)),
        (hub.secrets, 0o700, (0, 0)),
        (hub.progress, 0o700, instructor),
    ):
        try:
            folder.mkdir(mode=0o700, parents=folder == hub.folder)
        except FileExistsError:
            found = folder.lstat()
            if folder.is_symlink() or not folder.is_dir() or found.st_uid not in (0, instructor[0]):
                raise Trouble(
                    "This is not the hub's own folder", str(folder), "choose another: --folder"
                ) from None
            if found.st_uid == 0 and folder != hub.progress:
                folder.chmod(mode)
            continue
        os.chown(folder, *owner)
        folder.chmod(mode)


@contextmanager
def the_only_one(hub: Settings) -> Iterator[None]:
    """Holds the hub's lock, with this process's number in it. Raises Trouble where another process does."""
    with _lock(hub) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Trouble("The hub is running", advice="`python hub end`") from None
        os.truncate(file, 0)
        os.pwrite(file, str(os.getpid()).encode(), 0)
        yield


@contextmanager
def _lock(hub: Settings) -> Iterator[int]:
    file = os.open(hub.secrets / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield file
    finally:
        os.close(file)


def start(hub: Settings) -> int:
    """Runs the hub until Ctrl-C, SIGTERM or `end`; then ends what learners have running, and collects a last
    time. Returns 1 where JupyterHub failed. Raises Trouble."""
    with the_only_one(hub):
        _say(hub)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        environment |= hub.environment()
        command = [sys.executable, "-m", "jupyterhub", "--config", str(CONFIG), "--log-level", "WARN"]
        ending = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        # Until there is something to pass them on to, they wait.
        signal.pthread_sigmask(signal.SIG_BLOCK, ending)
        # In a session of its own: Ctrl-C reaches this process alone, which passes one signal on.
        hub_process = subprocess.Popen(
            ending_with_us(command),
            env=environment,
            cwd=hub.secrets,
            start_new_session=True,
            preexec_fn=_hear_signals,
        )

        def pass_on(number: int, frame: object) -> None:
            hub_process.send_signal(signal.SIGTERM)

        for one in ending:
            signal.signal(one, pass_on)
        _hear_signals()
        code = hub_process.wait()
        _end_proxy(hub)
        _sweep_up(hub)
    return 0 if code in (0, -signal.SIGTERM) else 1


def ending_with_us(command: Sequence[str]) -> list[str]:
    """The same command, which gets SIGTERM should this process be killed; `end` could no longer reach it."""
    return [shutil.which("setpriv") or "/usr/bin/setpriv", "--pdeathsig", "TERM", "--", *command]


def _hear_signals() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _say(hub: Settings) -> None:
    print(f"The hub starts at {hub.url}; Ctrl-C ends the day.", flush=True)
    with suppress(ValueError):
        if not hub.certificate and not ipaddress.ip_address(hub.address).is_loopback:
            print(
                "Without --certificate, codes, cookies and all that learners do cross the network in clear.",
                flush=True,
            )


def _end_proxy(hub: Settings) -> None:
    """Ends a proxy that outlived a hub which was killed."""
    with suppress(OSError, ValueError):
        pid = int((hub.secrets / "proxy.pid").read_text())
        if b"configurable-http-proxy" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGTERM)


def _sweep_up(hub: Settings) -> None:
    learners = list(read(hub.roster).values())
    for learner in learners:
        try:
            end_processes(learner)
        except Trouble as trouble:
            print(f"hub: {trouble}", file=sys.stderr)
    found = collect_all(learners, hub)
    for login, reason in found.items():
        if reason:
            print(f"hub: {login}: not collected, {reason}", file=sys.stderr)
    got = sum(not reason for reason in found.values())
    print(f"Collected from {got} of {len(found)} learners: labkit class-report {hub.progress}")


def end(hub: Settings) -> None:
    """Ends a hub that runs elsewhere, and waits for it. Raises Trouble where none does."""
    with _lock(hub) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.kill(int(os.pread(file, 20, 0)), signal.SIGTERM)
        else:
            raise Trouble("The hub is not running")
        for _ in range(_PATIENCE * 10):
            time.sleep(0.1)
            with suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
    raise Trouble("The hub has not ended yet", advice="look at the terminal where it was started")

"""System users: one for each learner, who has no password, no shell, and no way to become another."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from labhub.roster import Learner
from labhub.trouble import Trouble

# Below are the accounts of the system.
FIRST_UID = 1000
_MARK = "Learner of the security lab"
# Folders where everybody may leave files.
_SHARED = ("/tmp", "/var/tmp", "/dev/shm")


@contextmanager
def undisturbed() -> Iterator[None]:
    """Lets Ctrl-C wait, so that no account is left that stands in no roster, and no home without account."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def make(account: str, home: Path) -> tuple[int, int]:
    """Makes a system user, and returns its ids. Raises Trouble where there is one of that name."""
    with suppress(KeyError):
        there = pwd.getpwnam(account)
        raise Trouble(
            f"There is a system user {account} already, which this hub has not made",
            f"uid {there.pw_uid}, home {there.pw_dir}",
            f"remove it (`userdel {account}`), or give the learner another login",
        )
    if os.path.lexists(home):
        raise Trouble("Somebody's home is there already", str(home), "move it elsewhere")
    command = ["useradd", "--create-home", "--home-dir", str(home), "--user-group", "--comment", _MARK]
    # Nobody signs in to the machine as a learner, not with an SSH key in the learner's own home either.
    command += ["--shell", "/usr/sbin/nologin", "--key", "HOME_MODE=0700", account]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Trouble(f"The system user {account} cannot be made", done.stderr.strip()[:300])
    entry = pwd.getpwnam(account)
    if entry.pw_uid < FIRST_UID:
        subprocess.run(["userdel", account], check=False, capture_output=True)
        raise Trouble(f"useradd gave {account} the uid of a system account", str(entry.pw_uid))
    home.chmod(0o700)
    return entry.pw_uid, entry.pw_gid


def checked(learner: Learner) -> Learner:
    """The same learner, whose account is still the one that was made. Raises Trouble: what is done as root
    for a learner must not be done to somebody else."""
    try:
        entry = pwd.getpwnam(learner.account)
    except KeyError:
        raise Trouble(
            f"The system user {learner.account} is gone", advice="`python hub remove`, and begin anew"
        ) from None
    if learner.uid < FIRST_UID or (entry.pw_uid, entry.pw_gid) != (learner.uid, learner.gid):
        raise Trouble(f"The system user {learner.account} is no longer who it was", f"uid {entry.pw_uid}")
    return learner


def as_learner(learner: Learner, command: Sequence[str]) -> list[str]:
    """A command that root gives, so that the learner's account carries it out: in its own group alone, and
    where no program can give it more (su and sudo run, and gain nothing)."""
    setpriv = shutil.which("setpriv") or "/usr/bin/setpriv"
    who = [f"--reuid={learner.uid}", f"--regid={learner.gid}", "--clear-groups"]
    return [setpriv, *who, "--no-new-privs", "--", *command]


def limited(command: Sequence[str], **limits: int) -> list[str]:
    """A command under limits, by the names that the program prlimit has for them."""
    options = [f"--{name}={limit}" for name, limit in limits.items()]
    return [shutil.which("prlimit") or "/usr/bin/prlimit", *options, "--", *command]


def running() -> set[int]:
    """The user ids of all processes, but for those that have ended and wait for a parent to notice."""
    found = set()
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(OSError):
                # What stands before the last bracket is the program's name, which may hold anything.
                after = Path(f"/proc/{name}/stat").read_bytes().rpartition(b")")[2].split()
                if after[:1] != [b"Z"]:
                    found.add(os.stat(f"/proc/{name}").st_uid)
    return found


def end_processes(learner: Learner) -> None:
    """Kills everything that the learner has running. Raises Trouble where something is left."""
    checked(learner)
    # The kernel itself leaves nothing out, however fast new processes are made. The signal comes from the
    # learner's own account, which can reach nobody else's.
    kill = as_learner(learner, [sys.executable, "-I", "-S", "-c", "import os; os.kill(-1, 9)"])
    for pause in (0.0, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0):
        time.sleep(pause)
        if learner.uid not in running():
            return
        subprocess.run(kill, check=False, capture_output=True, cwd="/")
    raise Trouble(f"Processes of {learner.account} are left", advice=f"`pkill -KILL -U {learner.account}`")


def remove(learner: Learner, home: Path) -> None:
    """Removes a learner's account with all it owns. Raises Trouble and OSError."""
    try:
        pwd.getpwnam(learner.account)
    except KeyError:
        # Its uid may be somebody else's by now.
        return
    end_processes(learner)
    done = subprocess.run(["userdel", learner.account], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Trouble(f"The system user {learner.account} cannot be removed", done.stderr.strip()[:300])
    # Nobody changes anything there any more, and rmtree follows no link in any case.
    if home.exists():
        shutil.rmtree(home)
    # The next user with this uid would own them.
    for folder in map(Path, _SHARED):
        for path in folder.iterdir() if folder.is_dir() else ():
            with suppress(FileNotFoundError):
                if path.lstat().st_uid == learner.uid:
                    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

"""What the learners have done, collected for the instructor.

Root opens nothing that a learner could have put there: `labkit progress export -` runs as the learner. What
it prints is read through a pipe, up to a size and a time, checked as `labkit class-report` checks it, and
written anew under the learner's name. It is believed for that learner alone.
"""

from __future__ import annotations

import os
import secrets
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from labhub.accounts import as_learner, checked, limited, running
from labhub.roster import Learner, read
from labhub.settings import Settings
from labhub.trouble import Trouble
from labkit.core.errors import BadInput
from labkit.core.text import plain
from labkit.course.progress_json import from_json, to_json

# Bytes; the export of somebody who has done all of the course has less than a tenth of it.
LARGEST = 1_000_000
_LIMITS = {"as": 1 << 30, "core": 0}
_AT_ONCE = 4
_EXPORT = (sys.executable, "-I", "-m", "labkit", "progress", "export", "-")


def data_folder(home: Path) -> Path:
    """Where a learner's progress is kept (LABKIT_DATA)."""
    return home / ".labkit"


def collect(learner: Learner, settings: Settings, command: Sequence[str] = _EXPORT) -> None:
    """Brings the instructor's file of one learner up to date, or leaves it as it is. Raises Trouble and
    OSError."""
    home = settings.home(checked(learner).account)
    environment = {"HOME": str(home), "LABKIT_DATA": str(data_folder(home)), "LANG": "C.UTF-8"}
    printed = _printed(limited(as_learner(learner, command), **_LIMITS), environment, settings.patience)
    try:
        text = to_json(from_json(printed))
    except BadInput as error:
        raise Trouble("what was exported is no progress", plain(error.presented, 80)) from None
    _write(settings.progress, f"{learner.login}.json", text.encode())


def _printed(command: Sequence[str], environment: dict[str, str], patience: float) -> bytes:
    """What a command prints. Raises Trouble where it prints too much, takes too long, or fails."""
    deadline = time.monotonic() + patience
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        cwd="/",
        start_new_session=True,
    )
    assert child.stdout is not None
    try:
        text = _until_end(child.stdout.fileno(), deadline)
        code = child.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise Trouble("the export did not end in time") from None
    finally:
        # Not yet waited for, so that its number cannot be anybody else's.
        if child.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
        child.stdout.close()
        child.wait()
    if code:
        raise Trouble(f"the export failed with code {code}")
    return text


def _until_end(pipe: int, deadline: float) -> bytes:
    os.set_blocking(pipe, False)
    chunks: list[bytes] = []
    size = 0
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while True:
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise Trouble("the export did not end in time")
            chunk = os.read(pipe, 1 << 16)
            if not chunk:
                return b"".join(chunks)
            chunks.append(chunk)
            size += len(chunk)
            if size > LARGEST:
                raise Trouble("the export is too large", advice=f"at most {LARGEST:,} bytes are read")


def _write(folder: Path, name: str, data: bytes) -> None:
    """Puts a file into the instructor's folder, whole or not at all, as the instructor's own."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        owner = os.fstat(descriptor)
        draft = f".{name}.{secrets.token_hex(8)}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with open(os.open(draft, flags, 0o600, dir_fd=descriptor), "wb") as out:
            os.fchown(out.fileno(), owner.st_uid, owner.st_gid)
            out.write(data)
        os.rename(draft, name, src_dir_fd=descriptor, dst_dir_fd=descriptor)
    finally:
        os.close(descriptor)


def collect_all(learners: Sequence[Learner], settings: Settings) -> dict[str, str]:
    """Collects from several, some at a time: {login: ""}, or the reason why nothing came from that one."""

    def one(learner: Learner) -> str:
        try:
            collect(learner, settings)
        except (Trouble, OSError) as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(zip((each.login for each in learners), pool.map(one, learners), strict=True))


def keep_collecting(settings: Settings, tell: Callable[[str], None]) -> None:
    """Collects every so often from whoever has something running, or had a round ago; until the hub, which
    started this process, is gone."""
    hub = os.getppid()
    before: set[int] | None = None
    late: dict[str, str] = {}
    while os.getppid() == hub:
        began = time.monotonic()
        now = running()
        learners = [
            each for each in read(settings.roster).values() if before is None or each.uid in now | before
        ]
        # Whoever kept the others waiting comes last.
        learners.sort(key=lambda each: bool(late.get(each.login)))
        found = collect_all(learners, settings)
        for login, reason in found.items():
            if reason and reason != late.get(login):
                tell(f"{login}: not collected, {reason}")
        late |= found
        before = now
        time.sleep(max(1.0, settings.every - (time.monotonic() - began)))

"""Starts the server of each learner as a system user of their own."""

from __future__ import annotations

import asyncio
import pwd
import socket
import subprocess
import sys
from typing import Any

from jupyterhub.spawner import LocalProcessSpawner

from labhub.accounts import as_learner, checked, end_processes, limited
from labhub.collect import collect, data_folder
from labhub.roster import Learner, read
from labhub.settings import SERVE, settings
from labhub.trouble import Trouble

# Processes and threads of one learner together: enough for a dozen kernels, and not for a runaway.
LIMITS = {"nproc": 512, "core": 0}
# The variable that says to the server on which of its open files it is called.
SOCKET = "LABHUB_SOCKET"


class LearnerSpawner(LocalProcessSpawner):
    """A server that runs as the learner's account.

    The hub opens the socket on which the server is called, and hands it on. It stays open in the hub as well,
    so that as long as the proxy sends a learner's requests there, no other learner can listen in that place,
    not before the server is up and not after it has crashed.
    """

    _listener: socket.socket | None = None

    def learner(self) -> Learner:
        """Whose server this is. Raises Trouble where the learner is gone from the class."""
        found = read(settings().roster).get(self.user.name)
        if found is None:
            raise Trouble("There is no such learner in the class", self.user.name)
        return checked(found)

    async def start(self) -> Any:
        """Starts the server."""
        learner = self.learner()
        self.clear_listener()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.ip, self.port = self._listener.getsockname()[:2]
        self.cmd = limited(as_learner(learner, [sys.executable, str(SERVE)]), **LIMITS)
        self.popen_kwargs = {"pass_fds": (self._listener.fileno(),), "umask": 0o077, "cwd": "/"}
        # Not the instructor's terminal, which could be read and written. The server keeps a log of its own.
        self.popen_kwargs |= dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
        return await super().start()

    def make_preexec_fn(self, name: str) -> None:
        """Nothing: the command itself becomes the learner."""

    def user_env(self, env: dict[str, str]) -> dict[str, str]:
        """The environment of the learner's account."""
        learner = self.learner()
        home = settings().home(learner.account)
        assert self._listener is not None
        return env | {
            "USER": learner.account,
            "LOGNAME": learner.account,
            "HOME": pwd.getpwnam(learner.account).pw_dir,
            "SHELL": "/bin/bash",
            "LABKIT_DATA": str(data_folder(home)),
            # Short, since the sockets of kernels lie in it.
            "JUPYTER_RUNTIME_DIR": str(home / ".run"),
            SOCKET: str(self._listener.fileno()),
        }

    def clear_listener(self) -> None:
        """Gives the port back."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None


async def after_stop(spawner: LearnerSpawner) -> None:
    """What the hub does when a server has ended, by whatever cause: nothing of the learner goes on running,
    and what was done last is collected."""
    spawner.clear_listener()
    learner = spawner.learner()
    await asyncio.to_thread(end_processes, learner)
    try:
        await asyncio.to_thread(collect, learner, settings())
    except (Trouble, OSError) as error:
        spawner.log.warning("%s: not collected, %s", learner.login, error)

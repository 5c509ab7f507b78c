"""A learner's Jupyter server. Runs as the learner, on the socket that the hub of this folder has opened; in a
container there is none, and it listens as JupyterHub says."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from labhub.course_copy import bring_up_to_date

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
COURSE = "course"
LOG = ".server.log"


def log_into(file: Path) -> None:
    """Sends what this process prints into a file, which is begun anew."""
    with file.open("wb") as log:
        for stream in (1, 2):
            os.dup2(log.fileno(), stream)


def listen_on(handed: int) -> None:
    """Makes the server accept on a socket that is open already. Should JupyterServer no longer ask these two,
    it tries to open the port itself, and fails, since it is taken."""
    from jupyter_server.serverapp import ServerApp

    # What a kernel inherits it might answer on.
    os.set_inheritable(handed, False)
    listener = socket.socket(fileno=handed)
    listener.setblocking(False)

    def bind(server: ServerApp) -> bool:
        server.http_server.add_socket(listener)
        return True

    for name, function in {"_find_http_port": lambda server: None, "_bind_http_server_tcp": bind}.items():
        setattr(ServerApp, name, function)


def serve() -> None:
    """Gives the learner the course, and serves until the hub ends it."""
    os.umask(0o077)
    home = Path(os.environ["HOME"])
    os.chdir(home)
    handed = os.environ.pop("LABHUB_SOCKET", "")
    if handed:
        log_into(home / LOG)
    try:
        print("New in the course:", *bring_up_to_date(NOTEBOOKS, home / COURSE), flush=True)
    except OSError as error:
        # Whoever has put something else in its place still gets a server to mend that with.
        print(f"The course was not brought up to date: {error}", file=sys.stderr)
    if handed:
        listen_on(int(handed))

    from jupyterhub.singleuser import main

    main()


if __name__ == "__main__":
    serve()

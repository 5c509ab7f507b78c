"""A hub that runs, and what can be seen of it on this machine."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import requests

from tests.hub.school import HUB, OPENING, School
from tests.hub.visitor import Visitor

CLASS = "Anna Müller\nben\nroot\ndaemon\nlilei = 李雷\n"
LOGINS = ("anna-muller", "ben", "root", "daemon", "lilei")
# Who attacks, and who is attacked first.
MALLORY, VICTIM = "daemon", "ben"
NOTEBOOK = "00-start-here.ipynb"
ANSWERS = {
    'answer = ""': 'answer = "/".join(lab.workspace.split("/")[:5])',
    'predict("start-rita-reads", None)': 'predict("start-rita-reads", "accepted")',
}


class Running:
    """A hub that runs, with its learners at work."""

    def __init__(self, school: School, port: int) -> None:
        self.school, self.port = school, port
        self.url = f"http://127.0.0.1:{port}"
        self.log = tempfile.TemporaryFile("w+")  # noqa: SIM115
        command = [*OPENING, sys.executable, str(HUB), "start", "--port", str(port)]
        environment = os.environ | school.environment
        streams = {"stdin": subprocess.PIPE, "stdout": self.log, "stderr": self.log}
        self.process = subprocess.Popen(command, env=environment, **streams)
        self.visitors = {login: Visitor(self.url, login) for login in LOGINS}
        self.seconds: dict[str, float] = {}

    def answers(self) -> bool:
        assert self.process.poll() is None, self.said()
        try:
            return requests.get(f"{self.url}/hub/login", timeout=5).ok
        except requests.ConnectionError:
            return False

    def processes(self) -> list[int]:
        """Those of root: the command, JupyterHub, the proxy, the collector."""
        found = [self.process.pid]
        for pid in found:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            found += [int(child) for child in children if os.stat(f"/proc/{child}").st_uid == 0]
        assert len(found) >= 4
        return found

    def said(self) -> str:
        self.log.seek(0)
        return self.log.read()

    def at_work(self, login: str) -> int:
        """Signs in, starts the server, and does the first notebook."""
        visitor = self.visitors[login]
        answer = visitor.sign_in(login, self.school.codes[login])
        assert answer.ok, answer.text[:500]
        self.seconds[login] = visitor.open_server()
        visitor.start_kernel()
        return visitor.run_notebook(NOTEBOOK, ANSWERS)

    def close(self) -> None:
        for visitor in self.visitors.values():
            visitor.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.log.close()


def owned_by(uid: int) -> list[Path]:
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdigit() and path.exists() and path.stat().st_uid == uid:
            found.append(path)
    return found


def listening() -> dict[int, int]:
    """Ports on which this machine listens, with the user who opened each."""
    found = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            _, local, _, state, _, _, _, uid, *_ = line.split()
            if state == "0A":
                found[int(local.rpartition(":")[2], 16)] = int(uid)
    return found

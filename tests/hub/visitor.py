"""A learner's browser, as far as a hub can tell: signs in through the form, and runs code in a kernel."""

import json
import re
import time
from typing import Any
from uuid import uuid4

import requests
import websocket

_PATIENCE = 120


class Visitor:
    """Somebody at the address of a hub."""

    def __init__(self, url: str, login: str) -> None:
        self.url, self.login = url, login
        self.home = f"{url}/user/{login}"
        self.session = requests.Session()
        self._kernel: websocket.WebSocket | None = None

    def sign_in(self, name: str, code: str) -> requests.Response:
        """Fills in the form."""
        page = self.session.get(f"{self.url}/hub/login")
        found = re.search(r'name="_xsrf" value="([^"]+)"', page.text)
        assert found
        form = {"username": name, "password": code, "_xsrf": found[1]}
        return self.session.post(f"{self.url}/hub/login?next=/hub/home", data=form)

    def open_server(self) -> float:
        """Starts the server of one's own and waits until it answers. Returns the seconds that took."""
        began = time.monotonic()
        self.session.get(f"{self.url}/hub/spawn")
        while True:
            page = self.session.get(f"{self.home}/lab")
            if page.status_code == 200 and page.url.startswith(self.home):
                return time.monotonic() - began
            assert time.monotonic() - began < _PATIENCE, page.text[:500]
            time.sleep(0.3)

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        """Calls the API of one's own server."""
        headers = {"X-XSRFToken": self._xsrf("/user/")}
        return self.session.request(method, f"{self.home}/api/{path}", headers=headers, **more)

    def hub_call(self, method: str, path: str) -> requests.Response:
        """Calls the hub's API as its own pages do."""
        headers = {"X-XSRFToken": self._xsrf("/hub/"), "Referer": f"{self.url}/hub/home"}
        return self.session.request(method, f"{self.url}/hub/api/{path}", headers=headers)

    def _xsrf(self, path: str) -> str:
        return next(
            (
                one.value or ""
                for one in self.session.cookies
                if one.name == "_xsrf" and one.path.startswith(path)
            ),
            "",
        )

    def start_kernel(self) -> None:
        """Starts a kernel, and connects to it."""
        answer = self.call("POST", "kernels", json={"path": "course"})
        assert answer.status_code == 201, answer.text
        cookies = "; ".join(f"{one.name}={one.value}" for one in self.session.cookies)
        address = f"{self.home}/api/kernels/{answer.json()['id']}/channels".replace("http", "ws", 1)
        self._kernel = websocket.create_connection(address, cookie=cookies, timeout=_PATIENCE)

    def run(self, code: str) -> str:
        """What a cell prints. Raises AssertionError where it raises."""
        assert self._kernel is not None
        id = uuid4().hex
        header = {
            "msg_id": id,
            "msg_type": "execute_request",
            "session": id,
            "username": "",
            "version": "5.3",
        }
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
        message = {"header": header, "content": content, "channel": "shell"}
        self._kernel.send(json.dumps(message | {"parent_header": {}, "metadata": {}, "buffers": []}))
        printed = []
        while True:
            got = json.loads(self._kernel.recv())
            if got["parent_header"].get("msg_id") != id:
                continue
            kind, said = got["msg_type"], got["content"]
            if kind == "stream":
                printed.append(said["text"])
            elif kind == "error":
                raise AssertionError(f"{code}\n{said['ename']}: {said['evalue']}")
            elif kind == "status" and said["execution_state"] == "idle":
                return "".join(printed)

    def tell(self, code: str) -> Any:
        """What a cell prints as JSON on its last line."""
        return json.loads(self.run(code).splitlines()[-1])

    def run_notebook(self, name: str, answers: dict[str, str]) -> int:
        """Runs all code cells of one's own copy, with some words exchanged. Returns how many cells."""
        cells = self.call("GET", f"contents/course/{name}").json()["content"]["cells"]
        sources = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
        for before, after in answers.items():
            assert any(before in source for source in sources)
            sources = [source.replace(before, after) for source in sources]
        for source in sources:
            self.run(source)
        return len(sources)

    def close(self) -> None:
        """Leaves, and lets the server run."""
        if self._kernel is not None:
            self._kernel.close()
        self.session.close()

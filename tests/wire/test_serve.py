"""`labkit serve`: the same wire over TLS, on loopback alone."""

from __future__ import annotations

import json
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from socket import create_connection
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

import labkit
from labkit import cli
from labkit.core.errors import BadInput
from labkit.lab import Lab
from labkit.wire import routes
from labkit.wire.serve import serving
from tests.wire.test_interception import FORM

LOGIN, MANAGER = "login.microsoftonline.com", "management.azure.com"
TOKEN_PATH = "/your-tenant-id/oauth2/token"


def asked(told: dict[str, Any], verb: str, url: str, **options: Any) -> requests.Response:
    """A request to the server, by the address at which it answers for the host of the URL."""
    host = urlsplit(url).hostname or ""
    headers = {**options.pop("headers", {}), "Host": host}
    options = {"verify": told["ca_file"], "timeout": 5, **options}
    url = url.replace(f"https://{host}", told["addresses"][host])
    return requests.request(verb, url, headers=headers, **options)


@pytest.fixture
def told(lab: Lab) -> Iterator[dict[str, Any]]:
    with serving(lab) as told:
        yield told


@contextmanager
def connected(told: dict[str, Any], name: str = LOGIN) -> Iterator[HTTPSConnection]:
    """A connection to the server, below the level of requests."""
    parts = urlsplit(told["addresses"][LOGIN])
    context = ssl.create_default_context(cafile=told["ca_file"])
    assert parts.hostname
    assert parts.port
    plain = create_connection((parts.hostname, parts.port), timeout=5)
    connection = HTTPSConnection(name)
    connection.sock = context.wrap_socket(plain, server_hostname=name)
    with closing(connection):
        yield connection


def told_by(connection: HTTPConnection) -> tuple[int, Any]:
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def test_a_token_and_what_it_opens(lab: Lab, told: dict[str, Any]) -> None:
    token = asked(told, "POST", f"https://{LOGIN}{TOKEN_PATH}", data=FORM).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    answer = asked(told, "GET", f"https://{MANAGER}{lab.workspace}?api-version=1", headers=headers)
    assert (answer.status_code, answer.json()["id"]) == (200, lab.workspace)
    assert lab.trace[-1].subject == "ml-auth (service principal)"


def test_it_is_the_same_wire_as_in_process(lab: Lab, told: dict[str, Any]) -> None:
    url = f"https://{LOGIN}/your-tenant-id/v2.0/.well-known/openid-configuration"
    inside = routes.answer(lab, routes.Request.to("GET", url, {}, b""))
    assert inside is not None
    assert asked(told, "GET", url).content == inside.body


def test_whoever_does_not_trust_the_authority_gets_nothing(told: dict[str, Any]) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        asked(told, "GET", f"https://{LOGIN}/", verify=True)


def test_another_host_name_is_refused(told: dict[str, Any]) -> None:
    with connected(told, "localhost") as connection:
        connection.request("GET", "/", headers={"Host": "example.com"})
        status, error = told_by(connection)
        assert (status, MANAGER in error["error"]["message"]) == (421, True)
        connection.request("GET", TOKEN_PATH, headers={"Host": f"{LOGIN}:443"})
        assert told_by(connection)[0] == 405


def test_a_body_may_come_in_chunks(told: dict[str, Any]) -> None:
    raw = requests.models.PreparedRequest._encode_params(FORM).encode()
    with connected(told) as connection:
        connection.request("POST", TOKEN_PATH, body=iter([raw[:7], raw[7:]]), encode_chunked=True)
        status, token = told_by(connection)
    assert (status, token["token_type"]) == (200, "Bearer")


@pytest.mark.parametrize("size", [10_000_000, 40_000_000])
def test_a_body_that_is_too_long(told: dict[str, Any], size: int) -> None:
    with connected(told) as connection:
        connection.putrequest("POST", TOKEN_PATH)
        connection.putheader("Content-Length", str(size))
        connection.endheaders()
        if size == 10_000_000:
            connection.send(b"x" * size)
        assert told_by(connection)[0] == 413
    with connected(told) as connection:
        connection.request("POST", TOKEN_PATH, requests.models.PreparedRequest._encode_params(FORM))
        assert told_by(connection)[0] == 200


@pytest.mark.parametrize(
    ("header", "body"),
    [
        (("Content-Length", "x"), b""),
        (("Content-Length", "-1"), b""),
        (("Transfer-Encoding", "chunked"), b"nonsense\r\n"),
        (("Transfer-Encoding", "chunked"), b"-5\r\n"),
        (("Transfer-Encoding", "chunked"), b"fffffffff\r\n"),
    ],
)
def test_a_body_that_cannot_be_read(told: dict[str, Any], header: tuple[str, str], body: bytes) -> None:
    with connected(told) as connection:
        connection.putrequest("POST", TOKEN_PATH)
        connection.putheader(*header)
        connection.endheaders()
        connection.send(body)
        assert told_by(connection)[0] in (400, 413)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Authorization", "Bearer x"),
        ("authorization", "Bearer x"),
        ("Host", "example.com"),
        ("Content-Length", "2"),
        ("Transfer-Encoding", "identity"),
    ],
)
def test_a_header_that_stands_there_twice(told: dict[str, Any], header: str, value: str) -> None:
    with connected(told) as connection:
        connection.putrequest("POST", TOKEN_PATH)
        for _ in range(2):
            connection.putheader(header, value)
        # What follows is of unknown length, and no request of its own.
        connection.endheaders()
        connection.send(b"GET /common/discovery/keys HTTP/1.1\r\nHost: login.microsoftonline.com\r\n\r\n")
        assert connection.sock
        answer = b"".join(iter(lambda: connection.sock.recv(1000), b""))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert (answer.count(b"HTTP/1.1"), b"Connection: close" in answer, b" twice" in answer) == (1, True, True)


@pytest.mark.parametrize(
    "host", [f"{MANAGER}/subscriptions?", f"x@{MANAGER}", f"{MANAGER}#", f"{MANAGER}\\x"]
)
def test_a_host_is_no_address(told: dict[str, Any], host: str) -> None:
    with connected(told) as connection:
        connection.putrequest("GET", "/", skip_host=True)
        connection.putheader("Host", host)
        connection.endheaders()
        assert told_by(connection)[0] == 400


def test_a_body_that_breaks_off_is_not_read_as_a_whole_one(lab: Lab, told: dict[str, Any]) -> None:
    raw = requests.models.PreparedRequest._encode_params(FORM).encode()
    with connected(told) as connection:
        connection.putrequest("POST", TOKEN_PATH)
        connection.putheader("Content-Length", str(len(raw) + 1))
        connection.endheaders()
        connection.send(raw)
        assert isinstance(connection.sock, ssl.SSLSocket)
        # The end of what is sent, and not of the connection.
        connection.sock.setblocking(False)
        with suppress(ssl.SSLWantReadError):
            connection.sock.unwrap()
    with connected(told) as connection:
        connection.request("GET", "/common/discovery/keys")
        assert told_by(connection)[0] == 200
    assert [hop.operation for hop in lab.trace] == ["Get signing keys"]


@pytest.mark.parametrize("line", [b"GET [ HTTP/1.1\r\n", b"\x00\r\n", b"GET / HTTP/9\r\n", b"a b c d e\r\n"])
def test_what_is_no_request(told: dict[str, Any], line: bytes) -> None:
    with connected(told) as connection:
        assert connection.sock
        connection.sock.sendall(line + b"Host: [\r\n\r\n")
        assert b" 2" not in connection.sock.recv(100)[:12]
    with connected(told) as connection:
        connection.request("GET", "/common/discovery/keys")
        assert told_by(connection)[0] == 200


def test_a_client_that_says_nothing_holds_up_nobody(told: dict[str, Any]) -> None:
    parts = urlsplit(told["addresses"][LOGIN])
    with closing(create_connection((parts.hostname, parts.port), timeout=5)), connected(told) as connection:
        connection.request("GET", "/common/discovery/keys")
        assert told_by(connection)[0] == 200


def test_a_mistake_of_labkit_is_told_and_the_server_stays(
    told: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("secret")

    with connected(told) as connection:
        with monkeypatch.context() as patch:
            patch.setattr("labkit.wire.routes.answer", broken)
            connection.request("GET", "/common/discovery/keys")
            status, error = told_by(connection)
        assert (status, "secret" in str(error)) == (500, False)
        connection.request("GET", "/common/discovery/keys")
        assert told_by(connection)[0] == 200


def test_the_files_are_there_while_it_runs(lab: Lab) -> None:
    with serving(lab) as told:
        files = [Path(told["ca_file"]), Path(told["node_preload"])]
        assert {one.name for one in files[0].parent.iterdir()} == {one.name for one in files}
        script = files[1].read_text("utf-8")
        assert json.dumps(list(told["addresses"])) in script
        assert f'"port": {urlsplit(told["addresses"][LOGIN]).port}' in script
        assert "/*" not in script
    assert not files[0].parent.exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::1", "::", "example.com", "", "127.0.0.1.evil"])
@pytest.mark.parametrize("seed", [2020, None])
def test_it_serves_this_machine_alone(host: str, seed: int | None) -> None:
    with pytest.raises(BadInput, match="this machine alone"), serving(labkit.start(seed=seed), host):
        pass


@pytest.mark.parametrize("port", [-1, 65536, 10**30])
def test_a_port_that_is_none(lab: Lab, port: int) -> None:
    with pytest.raises(BadInput, match="not a port"), serving(lab, port=port):
        pass


class TestCommand:
    @pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
    def test_it_prints_one_line_serves_and_ends_cleanly(self, end: signal.Signals) -> None:
        command = [sys.executable, "-m", "labkit", "serve", "--seed", "none", "--host", "localhost"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as served:
            assert served.stdout
            try:
                told = json.loads(served.stdout.readline())
                assert (told["tenant_id"], told["subscription_id"]) == ("your-tenant-id", "your-sub-id")
                token = asked(told, "POST", f"https://{LOGIN}{TOKEN_PATH}", data=FORM)
                assert token.status_code == 200
                served.send_signal(end)
                assert served.communicate(timeout=20) == ("", "")
            finally:
                served.kill()
        assert served.returncode == 0
        assert not Path(told["ca_file"]).parent.exists()

    @pytest.mark.parametrize(
        ("argv", "said"),
        [
            (("--host", "0.0.0.0"), "this machine alone"),
            (("--port", "x"), "invalid int value"),
            (("--port", "99999"), "not a port"),
            (("--seed", "x"), "neither a whole number nor none"),
            (("--seed", "-1"), "not a seed"),
            (("--release", "1999"), "1999"),
            (("more",), "more"),
        ],
    )
    def test_what_is_typed_wrongly(
        self, capsys: pytest.CaptureFixture[str], argv: tuple[str, ...], said: str
    ) -> None:
        assert cli.main(["serve", *argv]) == 2
        out, err = capsys.readouterr()
        assert (out, said in err, "Traceback" in err) == ("", True, False)

    def test_a_port_that_is_taken(self, told: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
        port = urlsplit(told["addresses"][LOGIN]).port
        assert cli.main(["serve", "--port", str(port)]) == 1
        assert "in use" in capsys.readouterr().err

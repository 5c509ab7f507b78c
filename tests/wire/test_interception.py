"""What is built on requests reaches the lab that is attached, or loopback, and nothing else."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
import requests

import labkit
from labkit import wire
from labkit.azure import ScoringScript, WebServices
from labkit.lab import Lab
from labkit.wire.message import Answer, Request
from tests.services.ml import ask, deploy

TOKEN_ENDPOINT = "https://login.microsoftonline.com/your-tenant-id/oauth2/token"
FORM = {
    "grant_type": "client_credentials",
    "client_id": "your-client-id",
    "client_secret": "your-client-secret",
    "resource": "https://management.azure.com/",
}


@pytest.fixture
def local() -> Iterator[str]:
    """A server on loopback that has nothing to do with the lab."""

    class Hello(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"hello")

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Hello)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


def refused(url: str, session: requests.Session | None = None) -> str:
    with pytest.raises(requests.exceptions.ConnectionError) as caught:
        (session or requests).get(url, timeout=5)
    assert caught.value.request is not None
    return str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/",
        "http://169.254.169.254/metadata",
        "https://management.azure.com.evil.example/",
        "https://user:secret@example.com/?code=secret",
        "https://[2001:db8::1]/",
        "http://127.0.0.1%25far.example/",
        "https://localhost@example.com/",
        "ftp://example.com/",
        "file:///etc/hosts",
    ],
)
def test_an_address_outside_of_the_lab_is_refused(attached: Lab, url: str) -> None:
    said = refused(url)
    assert "outside of the lab" in said
    assert "management.azure.com" in said
    assert "secret" not in said


def test_a_session_from_before_is_led_too(lab: Lab) -> None:
    session = requests.Session()
    wire.attach(lab)
    try:
        assert "outside of the lab" in refused("https://example.com/", session)
        assert session.post(TOKEN_ENDPOINT, FORM, timeout=5).ok
    finally:
        wire.detach(lab)


@pytest.mark.parametrize(
    "url", ["https://LOGIN.microsoftonline.com.", "https://login.microsoftonline.com:443"]
)
def test_a_host_name_may_be_spelled_in_several_ways(attached: Lab, url: str) -> None:
    answer = requests.get(f"{url}/common//.well-known/openid-configuration?x=1#y", timeout=5)
    assert answer.status_code == 200


@pytest.mark.parametrize("kind", ["text", "bytes", "file", "text file", "parts", "parts of text"])
def test_a_body_may_come_in_several_ways(attached: Lab, kind: str) -> None:
    text = requests.Request("POST", TOKEN_ENDPOINT, data=FORM).prepare().body
    assert isinstance(text, str)
    raw = text.encode()
    bodies: dict[str, Any] = {
        "text": text,
        "bytes": raw,
        "file": io.BytesIO(raw),
        "text file": io.StringIO(text),
    }
    bodies |= {"parts": iter([raw[:9], raw[9:]]), "parts of text": iter([text[:9], text[9:]])}
    answer = requests.post(TOKEN_ENDPOINT, data=bodies[kind], timeout=5)
    assert answer.json()["token_type"] == "Bearer"


def test_the_answer_is_one_of_requests_in_every_part(attached: Lab) -> None:
    answer = requests.post(TOKEN_ENDPOINT, FORM, timeout=5, stream=True)
    assert answer.headers["content-type"].startswith("application/json")
    assert (answer.reason, answer.url, answer.ok) == ("OK", TOKEN_ENDPOINT, True)
    raw = b"".join(answer.raw.stream(100))
    assert len(raw) == int(answer.headers["Content-Length"])
    again = answer.connection.send(answer.request)
    assert again.json()["token_type"] == "Bearer"


def test_loopback_is_left_alone(attached: Lab, local: str) -> None:
    assert requests.get(local, timeout=5).text == "hello"
    assert requests.get(local.replace("127.0.0.1", "localhost"), timeout=5).text == "hello"


def test_the_last_attached_lab_answers(attached: Lab) -> None:
    other = labkit.start(seed=7)
    wire.attach(other)
    requests.post(TOKEN_ENDPOINT, FORM, timeout=5)
    assert (len(attached.trace), len(other.trace)) == (0, 1)
    wire.attach(attached)
    requests.post(TOKEN_ENDPOINT, FORM, timeout=5)
    assert (len(attached.trace), len(other.trace)) == (1, 1)
    wire.detach(attached)
    requests.post(TOKEN_ENDPOINT, FORM, timeout=5)
    wire.detach(other)
    wire.detach(other)
    assert (len(attached.trace), len(other.trace)) == (1, 2)


def test_who_is_left_over_does_not_reach_the_real_host(lab: Lab) -> None:
    wire.attach(lab)
    wire.detach(lab)
    hosts = ["login.microsoftonline.com", "login.windows.net", "management.azure.com"]
    for host in (*hosts, "management.azure.com.", "Login.MICROSOFTonline.com", "management.azure.com:8443"):
        assert "No lab is attached" in refused(f"https://{host}/")


def test_nor_whoever_called_a_web_service(lab: Lab) -> None:
    service = deploy(lab, "one", "aci", "none")
    wire.attach(lab)
    assert requests.post(service.address, json=1, timeout=5).ok
    wire.detach(lab)
    assert "No lab is attached" in refused(service.address)


def test_afterwards_other_addresses_are_none_of_the_labs_business(lab: Lab) -> None:
    wire.attach(lab)
    wire.detach(lab)
    adapter = requests.Session().get_adapter("https://example.com/")
    assert type(adapter) is requests.adapters.HTTPAdapter


def test_it_is_installed_once(lab: Lab) -> None:
    wire.attach(lab)
    installed = requests.Session.get_adapter
    wire.detach(lab)
    wire.attach(lab)
    wire.detach(lab)
    assert requests.Session.get_adapter is installed


def test_threads_are_answered_one_at_a_time(attached: Lab) -> None:
    inside: list[int] = []
    most: list[int] = []

    def run(raw: str) -> int:
        inside.append(1)
        time.sleep(0.01)
        most.append(len(inside))
        inside.pop()
        return 1

    deploy(attached, "first", "aci", "none")
    script = (None, None, ScoringScript(run))
    service = ask(attached, "carl", WebServices.deploy_aci, "one", "churn", *script)
    threads = [Thread(target=requests.post, args=(service.address, "1")) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 6


def test_threads_are_all_answered(attached: Lab) -> None:
    answers: list[int] = []

    def ask() -> None:
        for _ in range(5):
            answers.append(requests.post(TOKEN_ENDPOINT, FORM, timeout=5).status_code)

    threads = [Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 20
    assert len(attached.trace) == 20


def test_the_wire_loads_requests_when_a_lab_is_attached_and_not_before() -> None:
    code = "import sys, labkit.wire.routes; print({'requests', 'urllib3'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_request_and_an_answer_do_not_print_what_they_hold() -> None:
    request = Request.to("POST", "https://a.example/b?code=hidden", {"Authorization": "hidden"}, b"hidden")
    assert (request.query, request.headers) == ("code=hidden", {"authorization": "hidden"})
    assert "hidden" not in f"{request!r} {Answer.json(200, 'hidden')!r}"

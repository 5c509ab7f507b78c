"""A web service on loopback, over http and over TLS, asked by real clients, and what is read on the way."""

from __future__ import annotations

import ssl
import urllib.request
from contextlib import closing
from http.client import HTTPConnection, RemoteDisconnected
from pathlib import Path
from socket import create_connection
from threading import Condition
from typing import Any

import pytest
import requests

from labkit.core.errors import BadInput
from labkit.course.service_scene import deploy, fetch, keys_of, opens
from labkit.lab import Lab
from labkit.services.machine_learning.deployment import WebService
from labkit.services.machine_learning.tls import Ssl
from labkit.services.machine_learning.web_services import WebServices
from labkit.wire.capture import Capture
from labkit.wire.certificates import Authority, ServerCertificate
from labkit.wire.endpoint import Client, Exposed, on_loopback
from labkit.wire.records import alerts, certificate_names, encrypts, is_tls, server_name
from tests.services.test_web_services_tls import secured_cluster

HOST, BODY = "score.contoso.com", "[1, 2, 3]"
AUTHORITY = Authority("tests")
GOOD = AUTHORITY.certificate(HOST)
KINDS = pytest.mark.parametrize("target", ["aci", "aks"])


@pytest.fixture(params=["aci", "aks"])
def secured(lab: Lab, request: pytest.FixtureRequest) -> WebService:
    return deploy(lab, "key", target=request.param, name="secured", certificate=GOOD)


@pytest.fixture(params=["aci", "aks"])
def plain(lab: Lab, request: pytest.FixtureRequest) -> WebService:
    return deploy(lab, "key", target=request.param, name="plain")


def refused(
    lab: Lab, service: WebService, presents: ServerCertificate | None = None, **client: Any
) -> tuple[Any, Exposed]:
    """What a client gets instead of an answer."""
    with (
        on_loopback(lab, service, trust=AUTHORITY, presents=presents) as exposed,
        pytest.raises((ssl.SSLError, ConnectionError)) as caught,
    ):
        exposed.post(BODY, keys_of(lab, service)[0], Client(**{"ca_file": exposed.ca_file, **client}))
    return caught.value, exposed


def scored(lab: Lab) -> list[Any]:
    return [hop for hop in lab.trace if hop.operation == "Score"]


class TestWithoutTls:
    def test_the_key_is_readable_on_the_wire(self, lab: Lab, plain: WebService) -> None:
        key, other = keys_of(lab, plain)
        with on_loopback(lab, plain) as exposed:
            answer = exposed.post(BODY, key)
        assert (answer.status, answer.protocol) == (200, "")
        assert f"Authorization: Bearer {key.key}\r\n".encode() in exposed.capture.sent
        assert exposed.capture.sent.endswith(BODY.encode())
        assert answer.text.encode() in exposed.capture.received
        assert (exposed.capture.holds(key), exposed.capture.holds(other)) == (True, False)
        assert [(hop.encrypted, hop.ok) for hop in scored(lab)] == [(False, True)]

    def test_so_is_a_token(self, lab: Lab) -> None:
        service = deploy(lab, "token")
        token = opens(fetch(lab, service))
        with on_loopback(lab, service) as exposed:
            assert exposed.post(BODY, token).status == 200
        assert exposed.capture.holds(token)

    def test_it_shows_itself_without_the_key_and_the_same_each_time(
        self, lab: Lab, plain: WebService
    ) -> None:
        key, texts = keys_of(lab, plain)[0], []
        for _ in range(2):
            with on_loopback(lab, plain) as exposed:
                exposed.post(BODY, key)
            texts.append(f"{exposed!r}{exposed.capture!r}")
        assert texts[0] == texts[1]
        assert "Authorization: Bearer <28 characters, all of them readable" in texts[0]
        assert (key.key in texts[0], str(exposed.port) in texts[0], "127.0.0.1" in texts[0]) == (
            *(False, False, False),
        )

    def test_whoever_speaks_tls_gets_no_answer(self, lab: Lab, plain: WebService) -> None:
        error, exposed = refused(lab, plain, ca_file=None)
        assert isinstance(error, ssl.SSLError | ConnectionError)
        assert (exposed.ca_file, scored(lab)) == ("", [])
        assert not exposed.capture.holds(keys_of(lab, plain)[0])


class TestOverTls:
    def test_whoever_trusts_the_authority_gets_an_answer(self, lab: Lab, secured: WebService) -> None:
        key = keys_of(lab, secured)[0]
        with on_loopback(lab, secured, trust=AUTHORITY) as exposed:
            answer = exposed.post(BODY, key)
        assert (answer.status, answer.protocol) == (200, "TLSv1.2")
        assert [(hop.encrypted, hop.ok) for hop in scored(lab)] == [(True, True)]

    def test_of_all_that_passes_only_the_host_name_is_readable(self, lab: Lab, secured: WebService) -> None:
        key = keys_of(lab, secured)[0]
        with on_loopback(lab, secured, trust=AUTHORITY) as exposed:
            answer = exposed.post(BODY, key)
        sent, received = exposed.capture.sent, exposed.capture.received
        for secret in (key.key, BODY, "Authorization", "POST", secured.name, answer.text):
            assert not exposed.capture.holds(secret), secret
        assert (server_name(sent), certificate_names(received)) == (HOST, (HOST,))
        assert HOST.encode() in sent
        assert (encrypts(sent), encrypts(received)) == (True, True)
        assert [row[1:] for row in exposed.capture.as_table().rows] == [
            ("client to service", f"TLS, for the host name {HOST}"),
            ("client to service", "ciphertext"),
            ("service to client", f"TLS, with a certificate for {HOST}"),
            ("service to client", "ciphertext"),
        ]

    def test_plain_http_is_refused_and_the_key_was_readable_all_the_same(
        self, lab: Lab, secured: WebService
    ) -> None:
        error, exposed = refused(lab, secured, tls=False)
        assert isinstance(error, RemoteDisconnected)
        assert exposed.capture.holds(keys_of(lab, secured)[0])
        assert (exposed.capture.received, scored(lab)) == (b"", [])

    @pytest.mark.parametrize(
        ("client", "code", "alert"),
        [
            ({"ca_file": None}, 20, "unknown_ca"),
            ({"name": "www.contoso.com"}, 62, "bad_certificate"),
        ],
    )
    def test_an_unknown_authority_and_another_host_name_are_refused(
        self, lab: Lab, secured: WebService, client: dict[str, Any], code: int, alert: str
    ) -> None:
        error, exposed = refused(lab, secured, **client)
        assert type(error) is ssl.SSLCertVerificationError
        assert error.verify_code == code
        assert alerts(exposed.capture.sent) == (alert,)
        assert not exposed.capture.holds(keys_of(lab, secured)[0])
        assert scored(lab) == []

    @pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1"])
    def test_an_old_protocol_is_refused(self, lab: Lab, secured: WebService, version: str) -> None:
        error, exposed = refused(lab, secured, newest=ssl.TLSVersion[version])
        assert isinstance(error, ssl.SSLError)
        assert not isinstance(error, ssl.SSLCertVerificationError)
        assert alerts(exposed.capture.received) in (("protocol_version",), ())
        assert scored(lab) == []

    @pytest.mark.parametrize(
        ("presents", "code"),
        [
            (Authority("another").certificate(HOST), 20),
            (AUTHORITY.certificate(HOST, valid_to="2019-12-31"), 10),
            (AUTHORITY.certificate("www.contoso.com"), 62),
        ],
    )
    def test_a_machine_on_the_way_with_another_certificate_gets_no_key(
        self, lab: Lab, secured: WebService, presents: ServerCertificate, code: int
    ) -> None:
        error, exposed = refused(lab, secured, presents)
        assert error.verify_code == code
        assert not exposed.capture.holds(keys_of(lab, secured)[0])
        with on_loopback(lab, secured, presents=presents) as exposed:
            careless = exposed.post(BODY, keys_of(lab, secured)[0], Client(verifies=False))
        assert careless.status == 200

    def test_the_door_decides_over_tls_as_well(self, lab: Lab, secured: WebService) -> None:
        key = keys_of(lab, secured)[0]
        with on_loopback(lab, secured, trust=AUTHORITY) as exposed:
            answers = [exposed.post(BODY, opener).status for opener in (key, "wrong", None)]
            malformed = exposed.post("{", key).status
            lab.switchboard.down(secured.region)
            down = exposed.post(BODY, key).status
        assert (answers, malformed, down) == ([200, 401, 401], 400, 503)

    def test_microsoft_s_certificate_needs_none_of_one_s_own(self, lab: Lab) -> None:
        deploy(lab, "none", target="aci", name="makes-a-model")
        secured_cluster(lab, Ssl(True, leaf_domain_label="contoso"))
        carl = lab.sign_in("carl").bearer
        ask = (lab.workspace, carl, "one", "churn", "secured", False)
        with on_loopback(lab, lab.ask("carl", WebServices.deploy_aks, *ask)) as exposed:
            assert exposed.post(BODY).status == 200
            with pytest.raises(ssl.SSLCertVerificationError):
                exposed.post(BODY, None, Client())


class TestOtherClients:
    def test_requests_does_the_same(self, lab: Lab, secured: WebService) -> None:
        headers = {"Authorization": f"Bearer {keys_of(lab, secured)[0].key}"}
        with on_loopback(lab, secured, trust=AUTHORITY) as exposed:
            session = exposed.session()
            post: Any = lambda url, **more: session.post(url, BODY, headers=headers, timeout=5, **more)  # noqa: E731
            assert post(secured.address, verify=exposed.ca_file).json()["model"] == "churn:1"
            with pytest.raises(requests.exceptions.SSLError, match="unable to get local issuer"):
                post(secured.address)
            with pytest.raises(requests.exceptions.SSLError, match=r"doesn't match|not valid for"):
                post(secured.address.replace("score.", "www."), verify=exposed.ca_file)
            with pytest.raises(requests.exceptions.ConnectionError):
                post(secured.address.replace("https", "http"))
        assert len(scored(lab)) == 1
        assert len(exposed.capture.conversations) == 4

    def test_requests_without_tls(self, lab: Lab, plain: WebService) -> None:
        key = keys_of(lab, plain)[0]
        with on_loopback(lab, plain) as exposed:
            headers = {"Authorization": f"Bearer {key.key}"}
            assert exposed.session().post(plain.address, BODY, headers=headers, timeout=5).ok
        assert exposed.capture.holds(key)
        # Whoever looks finds the whole of it there: the connection is over.
        assert b"Connection: close\r\n" in exposed.capture.sent
        assert [one.over for one in exposed.capture.conversations] == [True]

    def test_proxies_of_the_machine_change_nothing(
        self, lab: Lab, secured: WebService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/not/there")
        headers = {"Authorization": f"Bearer {keys_of(lab, secured)[0].key}"}
        with on_loopback(lab, secured, trust=AUTHORITY) as exposed:
            assert exposed.post(BODY, keys_of(lab, secured)[0]).status == 200
            session = exposed.session()
            assert session.post(secured.address, BODY, headers=headers, verify=exposed.ca_file, timeout=5).ok
            # Nor is another authority taken for the one that is trusted by default.
            with pytest.raises(requests.exceptions.SSLError):
                session.post(secured.address, BODY, headers=headers, timeout=5)

    def test_while_a_lab_is_attached_it_goes_on(self, lab: Lab, secured: WebService) -> None:
        key = keys_of(lab, secured)[0]
        with lab.activate(), on_loopback(lab, secured, trust=AUTHORITY) as exposed:
            assert exposed.post(BODY, key).protocol == "TLSv1.2"
            headers = {"Authorization": f"Bearer {key.key}"}
            verified = exposed.session().post(
                secured.address, BODY, headers=headers, verify=exposed.ca_file, timeout=5
            )
            assert verified.ok
            # In this process, without a socket: the lab itself answers.
            assert requests.post(secured.address, BODY, headers=headers, timeout=5).ok
        assert len(exposed.capture.conversations) == 2

    def test_urllib_by_the_address_of_the_machine(self, lab: Lab, plain: WebService) -> None:
        with on_loopback(lab, plain) as exposed:
            path = plain.address.partition("://")[2].partition("/")[2]
            url = f"http://127.0.0.1:{exposed.port}/{path}"
            headers = {"Authorization": f"Bearer {keys_of(lab, plain)[0].key}"}
            asked = urllib.request.Request(url, BODY.encode(), headers)
            with urllib.request.urlopen(asked, timeout=5) as answer:
                assert answer.status == 200

    @KINDS
    def test_nothing_but_the_service_answers_there(self, lab: Lab, target: str) -> None:
        service = deploy(lab, "none", target=target, name="open")
        before = len(lab.trace)
        with on_loopback(lab, service) as exposed:
            connection = HTTPConnection("127.0.0.1", exposed.port, timeout=5)
            headers = {"Host": "login.microsoftonline.com"}
            for verb, path, status in (("GET", f"/{lab.tenant}/discovery/keys", 405), ("POST", "/x", 404)):
                connection.request(verb, path, b"1", headers)
                with connection.getresponse() as answer:
                    assert (answer.status, bool(answer.read())) == (status, True)
            connection.close()
        assert [hop.service for hop in lab.trace[before:]] == ["Web service"]


class TestTheContext:
    def test_afterwards_nobody_answers_and_the_file_is_gone(self, lab: Lab, secured: WebService) -> None:
        with on_loopback(lab, secured, trust=AUTHORITY) as exposed:
            assert Path(exposed.ca_file).read_text() == AUTHORITY.pem
            assert [one.name for one in Path(exposed.ca_file).parent.iterdir()] == ["ca.pem"]
            held = create_connection(("127.0.0.1", exposed.port), timeout=5)
        assert not Path(exposed.ca_file).exists()
        with pytest.raises(ConnectionRefusedError):
            create_connection(("127.0.0.1", exposed.port), timeout=5)
        held.close()

    def test_who_is_still_connected_is_not_left_waiting(self, lab: Lab, secured: WebService) -> None:
        with on_loopback(lab, secured) as exposed:
            held, capture = create_connection(("127.0.0.1", exposed.port), timeout=5), exposed.capture
            with capture._changed:
                assert capture._changed.wait_for(lambda: capture.conversations, 5)
        with closing(held):
            assert held.recv(1) == b""

    @pytest.mark.parametrize("service", [None, "one", 5])
    def test_it_takes_a_service(self, lab: Lab, service: Any) -> None:
        with pytest.raises(BadInput, match="no such web service"), on_loopback(lab, service):
            pass

    def test_a_service_that_is_gone_is_none(self, lab: Lab, secured: WebService) -> None:
        lab.resources.remove(lab.resources.find(secured.endpoint))
        with pytest.raises(BadInput, match="no such web service"), on_loopback(lab, secured):
            pass

    def test_a_certificate_is_shown_over_tls_alone(self, lab: Lab, plain: WebService) -> None:
        with pytest.raises(BadInput, match="no certificate"), on_loopback(lab, plain, presents=GOOD):
            pass


class TestCapture:
    def test_a_handshake_that_breaks_off_anywhere_is_shown(self, lab: Lab, secured: WebService) -> None:
        with on_loopback(lab, secured, trust=AUTHORITY) as exposed:
            exposed.post(BODY)
        greeting = exposed.capture.received
        shown = set()
        for length in range(0, 1000, 3):
            capture = Capture()
            capture.begin().received.extend(greeting[:length])
            shown.add(str(capture.as_table().rows[-1][-1]))
        assert f"TLS, with a certificate for {HOST}" in shown
        # Each of its bytes may be another one.
        for place in range(len(greeting[:1000])):
            damaged = bytearray(greeting[:1000])
            damaged[place] ^= 0xFF
            assert type(certificate_names(bytes(damaged))) is tuple

    def test_what_is_looked_for_is_something(self) -> None:
        with pytest.raises(BadInput):
            Capture().holds("")

    def test_it_is_looked_at_when_connections_are_over(self) -> None:
        capture = Capture()
        one = capture.begin()

        class Ends(Condition):
            def wait(self, timeout: float | None = None) -> bool:
                one.over = True
                return True

        capture._changed = Ends()
        capture.settle(0)
        assert one.over
        capture.settle(1, begun=False)

    def test_it_is_forgotten(self, lab: Lab, plain: WebService) -> None:
        key = keys_of(lab, plain)[0]
        with on_loopback(lab, plain) as exposed:
            exposed.post(BODY, key)
            exposed.capture.clear()
            assert not exposed.capture.holds(key)
            exposed.post(BODY, key)
        assert exposed.capture.holds(key)

    @pytest.mark.parametrize(
        "data", [b"", b"\x16\x03", b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", bytes(50)]
    )
    def test_bytes_that_are_no_handshake_tell_nothing(self, data: bytes) -> None:
        assert (server_name(data), certificate_names(data), alerts(data)) == ("", (), ())
        assert not encrypts(data)
        assert is_tls(data) is (len(data) > 5 and data[0] == 22)

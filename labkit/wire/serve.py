"""`labkit serve`: the same wire over TLS on the machine's own loopback, for clients in other processes and
other languages."""

from __future__ import annotations

import json
import signal
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from io import BufferedIOBase
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Any, cast

from labkit.core.errors import BadInput, brief
from labkit.wire import routes
from labkit.wire.certificates import issue
from labkit.wire.loopback import is_loopback
from labkit.wire.message import LONGEST_BODY, Answer, AnyLab, Request

_LONGEST_READ = 4 * LONGEST_BODY
_OWN_NAMES = ("localhost", "127.0.0.1")
_SECONDS_OF_SILENCE = 30
# What stands in a request twice would mean one thing to whoever reads the first and another to the others.
_ONCE = ("Host", "Authorization", "Content-Length", "Transfer-Encoding")


class _Refused(Exception):
    """A request of which nobody can tell where it ends or what it says; holds what to answer."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "labkit", ""
    timeout = _SECONDS_OF_SILENCE
    # Head and body of an answer go out one after the other, and nobody is to wait between them.
    disable_nagle_algorithm = True

    def __getattr__(self, name: str) -> Any:
        # What the base class looks for is a method for each verb; which verbs there are, the routes know.
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def _answer(self) -> None:
        try:
            _check_headers(self.headers)
            body = _body(self.rfile, self.headers)
        except _Refused as refused:
            self.close_connection = True
            self._send(_said(int(refused.args[0]), str(refused.args[1])))
            return
        self._send(self._found(body))

    def _found(self, body: bytes) -> Answer:
        server = cast(Server, self.server)
        host = server.only or self.headers.get("Host", "")
        try:
            url = f"{server.scheme}://{host}{self.path}"
            request = Request.to(self.command, url, dict(self.headers.items()), body)
        except ValueError:
            return _said(400, "That is no address.")
        server.hears(request)
        try:
            found = routes.answer(server.lab, request)
        except Exception as error:
            # One broken request must not take the others with it.
            return _said(500, f"labkit itself failed: {type(error).__name__}. This is a mistake of labkit.")
        return found or _said(421, f"{host[:100]} is outside of the lab: {', '.join(routes.ROUTES)}")

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != HTTPStatus.NO_CONTENT and "Content-Length" not in answer.headers:
            self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged here: addresses and headers may hold what opens something."""


def _said(status: int, text: str) -> Answer:
    return Answer.json(
        status, {"error": {"code": HTTPStatus(status).phrase.replace(" ", ""), "message": text}}
    )


def _check_headers(headers: Any) -> None:
    for name in _ONCE:
        if len(headers.get_all(name, ())) > 1:
            raise _Refused(400, f"{name} stands in the request twice.")
    if set(headers.get("Host", "")) & set("/?#@\\"):
        raise _Refused(400, "Host is the name of a host.")


def _body(stream: BufferedIOBase, headers: Any) -> bytes:
    """The body of a request. One that is too long is read and forgotten, as far as that is bearable: a client
    that is still sending would not read the answer."""
    if "chunked" in headers.get("Transfer-Encoding", "").lower():
        return _chunks(stream)
    length = headers.get("Content-Length", "0").strip()
    if not (length.isascii() and length.isdigit() and len(length) < 16):
        raise _Refused(400, "Content-Length is a number of bytes.")
    if int(length) > _LONGEST_READ:
        raise _Refused(413, f"The body is too long. Required: at most {LONGEST_BODY} bytes.")
    found = stream.read(int(length))
    if len(found) < int(length):
        raise _Refused(400, "The body ends before its length.")
    return found


def _chunks(stream: BufferedIOBase) -> bytes:
    found = bytearray()
    while True:
        head = stream.readline(100).partition(b";")[0].strip()
        try:
            size = int(head, 16)
        except ValueError:
            raise _Refused(400, "A chunk begins with its length.") from None
        if size < 0 or len(found) + size > _LONGEST_READ:
            raise _Refused(413, f"The body is too long. Required: at most {LONGEST_BODY} bytes.")
        found += stream.read(size)
        stream.readline(100)
        if not size:
            return bytes(found)


class Server(ThreadingHTTPServer):
    """Serves a lab, over TLS where there is a `context`: `scheme` says which. `only` is the one host name
    that is answered for, whatever a request says; "" for all that the lab has. `hears` gets each request
    first, as whoever is at this end of the wire can read it."""

    daemon_threads = True

    def __init__(
        self,
        lab: AnyLab,
        host: str,
        port: int,
        context: ssl.SSLContext | None,
        only: str = "",
        hears: Callable[[Request], object] = lambda request: None,
    ) -> None:
        self.lab, self.only, self.hears = lab, only, hears
        self.scheme = "http" if context is None else "https"
        self._context = context
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Without asking anybody for the machine's name."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "localhost", int(self.server_address[1])

    def get_request(self) -> tuple[Any, Any]:
        """The greeting of TLS is left to the thread of the connection: a silent client holds up nobody."""
        connection, address = super().get_request()
        if self._context is None:
            return connection, address
        wrapped = self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return wrapped, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that breaks off, or trusts another authority, is nothing to print about."""


@contextmanager
def serving(lab: AnyLab, host: str = "127.0.0.1", port: int = 0) -> Iterator[dict[str, Any]]:
    """Serves a lab while the `with` lasts, on a free port unless one is given. Gives what clients have to
    know: `addresses` (Azure's host names, and where they are answered), `ca_file` (the certificate to trust)
    and `node_preload` (what leads Node there). Both files are gone afterwards.

    Raises BadInput for an address that is not the machine's own loopback: whoever has the lab's published
    keys could sign in as anybody. Raises OSError for a port that is taken."""
    host = _checked(host, port)
    with TemporaryDirectory(prefix="labkit-") as folder:
        certificates = issue((*routes.ROUTES, *dict.fromkeys((*_OWN_NAMES, host))))
        context = context_of(certificates.server, Path(folder))
        with running(Server(lab, host, port, context)) as bound:
            yield _told(certificates.authority, Path(folder), host, bound)


@contextmanager
def running(server: Server) -> Iterator[int]:
    """Has a server answer while the `with` lasts. Gives its port."""
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _checked(host: str, port: int) -> str:
    host = "127.0.0.1" if host == "localhost" else host
    if not is_loopback(host) or ":" in host:
        raise BadInput(
            "The lab is served to this machine alone.",
            presented=brief(host),
            required="127.0.0.1, or another address of the loopback",
            advice="a seeded lab's keys are published with it: elsewhere, anybody could sign in as anybody",
        )
    if not 0 <= port < 65536:
        raise BadInput(
            "That is not a port.", presented=str(port)[:20], required="0 to 65535; 0 for a free one"
        )
    return host


def context_of(server: bytes, folder: Path) -> ssl.SSLContext:
    """TLS 1.2 or later, with a certificate and its key in PEM. Raises ssl.SSLError for what OpenSSL does not
    take."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # OpenSSL reads keys from files only. The folder is nobody else's, and the file is gone at once.
    file = folder / "server.pem"
    try:
        file.write_bytes(server)
        context.load_cert_chain(file)
    finally:
        file.unlink(missing_ok=True)
    return context


def _told(authority: bytes, folder: Path, host: str, port: int) -> dict[str, Any]:
    ca_file, preload = folder / "ca.pem", folder / "node_preload.js"
    ca_file.write_bytes(authority)
    script = files("labkit.wire").joinpath("node_preload.js").read_text("utf-8")
    script = script.replace("/* HOSTS */", json.dumps(list(routes.ROUTES)))
    preload.write_text(script.replace("/* ADDRESS */", json.dumps({"host": host, "port": port})), "utf-8")
    addresses = dict.fromkeys(routes.ROUTES, f"https://{host}:{port}")
    return {"addresses": addresses, "ca_file": str(ca_file), "node_preload": str(preload)}


@contextmanager
def until_ended() -> Iterator[Callable[[], None]]:
    """Gives what waits until somebody ends the program, by SIGINT (Ctrl-C) or SIGTERM. Signals count from the
    beginning of the `with`."""
    ended = Event()
    before = {one: signal.signal(one, lambda *_: ended.set()) for one in (signal.SIGINT, signal.SIGTERM)}

    def wait() -> None:
        # In steps: on Windows a signal does not end a wait.
        while not ended.wait(0.5):
            continue

    try:
        yield wait
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)

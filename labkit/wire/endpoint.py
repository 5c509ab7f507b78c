"""One web service on the machine's own loopback, with real sockets, and whoever listens on the way to it."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from warnings import catch_warnings, simplefilter

from labkit.authenticators.service_key import ServiceKey
from labkit.authenticators.service_token import ServiceToken
from labkit.core.errors import BadInput, brief
from labkit.core.secret import Secret
from labkit.services.machine_learning.deployment import WebService
from labkit.services.machine_learning.scoring import ScoringEndpoint
from labkit.services.machine_learning.tls import Tls
from labkit.wire.capture import Capture, text_of
from labkit.wire.certificates import Authority, ServerCertificate
from labkit.wire.message import AnyLab, Request
from labkit.wire.relay import LOOPBACK, relaying
from labkit.wire.serve import Server, context_of, running

if TYPE_CHECKING:
    from requests import Session

Opener = str | Secret | ServiceKey | ServiceToken | None
_SECONDS = 10
_VERSIONS = tuple(ssl.TLSVersion[one] for one in ("TLSv1", "TLSv1_1", "TLSv1_2", "TLSv1_3"))
_NAME = re.compile(r"(?=.{0,253}\Z)(?:(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?)?")


@dataclass(frozen=True)
class Answered:
    """What came back. `protocol` is the version of TLS, "" where there was none."""

    status: int
    text: str
    protocol: str = ""


@dataclass(frozen=True)
class Client:
    """How somebody calls a service.

    tls       False for whoever speaks http, whatever the service does
    ca_file   the authority that is trusted; None for those that this machine trusts
    name      the host name that is called; "" for the service's own
    newest    the one version of TLS that an old client knows; None for those that are usual
    verifies  False for one that takes any certificate
    """

    tls: bool = True
    ca_file: str | None = None
    name: str = ""
    newest: ssl.TLSVersion | None = None
    verifies: bool = True

    def __post_init__(self) -> None:
        newest = self.newest
        fits = {
            "tls": type(self.tls) is bool,
            "ca_file": self.ca_file is None or type(self.ca_file) is str,
            "name": type(self.name) is str and bool(_NAME.fullmatch(self.name)),
            "newest": newest is None or (type(newest) is ssl.TLSVersion and newest in _VERSIONS),
            "verifies": type(self.verifies) is bool,
        }
        for name in (name for name in fits if not fits[name]):
            raise BadInput(
                "No client is like that.",
                presented=f"{name}: {brief(getattr(self, name))}",
                required="tls, verifies: True or False; ca_file: the path of a file; name: a host name; "
                "newest: one of ssl.TLSVersion, from TLSv1 on",
            )

    def context(self) -> ssl.SSLContext:
        """What Python's ssl does by default, but for what is said here. Raises BadInput for a file that holds
        no authority."""
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ValueError):
            raise BadInput(
                "No certificate of an authority is there.",
                presented="the file that ca_file names",
                required="PEM: -----BEGIN CERTIFICATE-----",
                advice="exposed.ca_file is one, and what Authority.save returns",
            ) from None
        if self.newest is not None:
            # OpenSSL itself would not try any more, and it is the service that is to refuse. Python warns of
            # the old versions, which is the point here.
            with catch_warnings():
                simplefilter("ignore", DeprecationWarning)
                context.set_ciphers("DEFAULT:@SECLEVEL=0")
                context.minimum_version = self.newest
                context.maximum_version = self.newest
        if not self.verifies:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context


@dataclass(frozen=True)
class Exposed:
    """A web service that answers on loopback.

    address  its own URL, by which clients call it
    ca_file  the certificate of the authority to trust; "" without TLS, and where nobody said which
    capture  what passes on the wire
    heard    the requests that came, as whoever is at the other end can read them
    """

    address: str
    ca_file: str = field(repr=False)
    capture: Capture = field(repr=False)
    port: int = field(repr=False)
    heard: list[Request] = field(default_factory=list, repr=False)

    def post(self, body: str, opener: Opener = None, client: Client | None = None) -> Answered:
        """Calls it with a key or a token, as a client that trusts `ca_file`, or as another one. Raises what
        Python's http.client and ssl raise, and BadInput for what cannot be posted, and once nothing answers
        here any more."""
        text = _checked(body, opener, client)
        parts = urlsplit(self.address)
        if client is None:
            client = Client(tls=parts.scheme == "https", ca_file=self.ca_file or None)
        name = client.name or str(parts.hostname)
        headers = {"Host": name, "Content-Type": "application/json"}
        if text:
            headers["Authorization"] = f"Bearer {text}"
        before, context = len(self.capture.conversations), client.context() if client.tls else None
        connection = HTTPConnection(LOOPBACK, self.port, timeout=_SECONDS)
        try:
            connection.connect()
        except ConnectionRefusedError:
            raise BadInput(
                "Nothing answers here any more.",
                presented=self.address,
                required="a call inside of the block `with on_loopback(...) as exposed:`",
            ) from None
        try:
            return _asked(connection, context, name, ("POST", parts.path, body.encode(), headers))
        finally:
            self.capture.settle(before)

    def session(self) -> Session:
        """A session of requests for which this service's host name leads to it, as its DNS record would:
        `exposed.session().post(service.address, ..., verify=exposed.ca_file)`."""
        to_loopback = import_module("labkit.wire.to_loopback")
        made: Session = to_loopback.session(self.port, self.capture)
        return made


def _checked(body: object, opener: Opener, client: object) -> str:
    """The key or the token as a text; "" for none."""
    # Half a character, which no bytes stand for.
    if type(body) is not str or any("\ud800" <= one <= "\udfff" for one in body):
        raise BadInput(
            "What is posted is a text.", presented=type(body).__name__, required='for instance "[1, 2, 3]"'
        )
    if type(client) is not Client and client is not None:
        raise BadInput(
            "That is no client.",
            presented=brief(client),
            required="Client(verifies=False), for instance, of labkit.wire.endpoint",
        )
    text = "" if opener is None else text_of(opener)
    if not (text.isascii() and text.isprintable()):
        raise BadInput("No header holds this.", presented="a text, not shown", required="printable ASCII")
    return text


def _asked(
    connection: HTTPConnection,
    context: ssl.SSLContext | None,
    name: str,
    request: tuple[str, str, bytes, Any],
) -> Answered:
    with closing(connection):
        protocol = ""
        if context is not None:
            wrapped = context.wrap_socket(connection.sock, server_hostname=name)
            connection.sock, protocol = wrapped, wrapped.version() or ""
        connection.request(*request)
        answer = connection.getresponse()
        return Answered(answer.status, answer.read().decode(), protocol)


@contextmanager
def on_loopback(
    lab: AnyLab,
    service: WebService,
    *,
    trust: Authority | None = None,
    presents: ServerCertificate | None = None,
) -> Iterator[Exposed]:
    """Has a web service answer on a free port of this machine while the `with` lasts: over http, or over TLS
    where that is enabled. What comes there goes through the lab's door.

    trust     the authority whose certificate `ca_file` holds; where Microsoft provides the service's
              certificate, that is known already
    presents  a certificate that is shown in place of the service's own, as a machine on the way might

    Raises BadInput for what is no web service of the lab. Statement tls-internal."""
    endpoint = _endpoint(lab, service)
    tls = endpoint.tls
    if type(trust) is not Authority and trust is not None:
        raise BadInput("That is no authority.", presented=brief(trust), required='trust=Authority("Contoso")')
    if (type(presents) is not ServerCertificate and presents is not None) or (presents and tls is None):
        raise BadInput("There is no certificate to show.", presented=brief(presents), required="TLS, and one")
    with TemporaryDirectory(prefix="labkit-") as folder:
        context = None
        if tls is not None:
            own = _by_microsoft(tls) if tls.from_microsoft else None
            trust = trust if own is None else trust or own[0]
            shown = presents or (own[1] if own else tls)
            context = context_of(f"{shown.certificate}\n{shown.key.reveal()}".encode(), Path(folder))
            # "TLS version 1.3 for Azure Machine Learning - AKS Inference is unsupported":
            # https://learn.microsoft.com/azure/machine-learning/v1/how-to-secure-web-service
            context.maximum_version = ssl.TLSVersion.TLSv1_2
        ca_file, capture = trust.save(folder) if trust and tls else "", Capture()
        heard: list[Request] = []
        server = Server(lab, LOOPBACK, 0, context, only=endpoint.host, hears=heard.append)
        with running(server) as behind, relaying(behind, capture) as port:
            yield Exposed(endpoint.address, ca_file, capture, port, heard)


def _endpoint(lab: AnyLab, service: WebService) -> ScoringEndpoint:
    resources = getattr(lab, "resources", None)
    found = resources.get(service.endpoint) if resources and type(service) is WebService else None
    if not isinstance(found, ScoringEndpoint):
        raise BadInput(
            "The lab has no such web service.",
            presented=brief(getattr(service, "name", service)),
            required="what deploying it returned",
        )
    return found


def _by_microsoft(tls: Tls) -> tuple[Authority, ServerCertificate]:
    authority = Authority("Microsoft's certificate authority, as the lab has it")
    return authority, authority.certificate(tls.cname)

"""Clients that call a web service, with TLS and without: who gets an answer, and who could read the key."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import labkit
from labkit.authenticators.service_key import ServiceKey
from labkit.core.choice import choice
from labkit.core.table import Table, Tabular
from labkit.course.service_scene import deploy, keys_of
from labkit.course.stepping import uncounted
from labkit.lab import Lab
from labkit.services.machine_learning.web_services import WebService
from labkit.wire.capture import Capture
from labkit.wire.certificates import Authority, ServerCertificate
from labkit.wire.endpoint import Client, Exposed, on_loopback

HOST, OTHER_HOST = "score.contoso.com", "www.contoso.com"
BODY = "[1, 2, 3]"
EVERYBODY, THE_SERVICE = "everybody on the way", "the service alone"
WHOEVER_SHOWS_IT, NOBODY = "whoever shows that certificate", "nobody: it was not sent"
# The names that OpenSSL gives its reasons, which stay, where its sentences differ between versions:
# https://docs.openssl.org/3.0/man1/openssl-verification-options
_VERIFY: Mapping[int, str] = {
    10: "CERT_HAS_EXPIRED",
    18: "DEPTH_ZERO_SELF_SIGNED_CERT",
    19: "SELF_SIGNED_CERT_IN_CHAIN",
    20: "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
    62: "HOSTNAME_MISMATCH",
}
# Who refuses first depends on how OpenSSL was built; what for does not.
_OLD = ("TLSV1_ALERT_PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "NO_PROTOCOLS_AVAILABLE")


@dataclass(frozen=True)
class TlsTrial:
    """One call. `outcome` is the HTTP status with the version of TLS, or the name of the error; `key_read_by`
    who could read the key; `reached` whether the call got to the service."""

    client: str
    service: str
    outcome: str
    key_read_by: str
    reached: bool


@dataclass(frozen=True, repr=False)
class TlsTrials(Tabular):
    """All of them."""

    trials: tuple[TlsTrial, ...]

    def as_table(self) -> Table:
        """One row for each call."""
        rows = [
            (one.client, one.service, one.outcome, one.key_read_by, "yes" if one.reached else "no")
            for one in self.trials
        ]
        headers = ("client", "calls", "outcome", "key read by", "got there")
        return Table(headers, rows, caption="A web service and its clients, over real sockets")


_Make = Callable[[Exposed], Client]
_PLAIN, _SECURED = "the service, without TLS", "the service, with TLS"
_ANOTHER = "a certificate of another authority"
_EXPIRED = "a certificate that has expired"
_TRUSTS = "trusts the authority"


def _trusting(name: str = "", newest: ssl.TLSVersion | None = None) -> _Make:
    return lambda exposed: Client(ca_file=exposed.ca_file, name=name, newest=newest)


_CALLS: tuple[tuple[str, str, _Make], ...] = (
    ("speaks http", _PLAIN, lambda _: Client(tls=False)),
    ("speaks http", _SECURED, lambda _: Client(tls=False)),
    ("does not know the authority", _SECURED, lambda _: Client()),
    (f"{_TRUSTS}, calls {OTHER_HOST}", _SECURED, _trusting(name=OTHER_HOST)),
    (f"{_TRUSTS}, knows TLS 1.0 only", _SECURED, _trusting(newest=ssl.TLSVersion.TLSv1)),
    (f"{_TRUSTS}, knows TLS 1.1 only", _SECURED, _trusting(newest=ssl.TLSVersion.TLSv1_1)),
    (_TRUSTS, _SECURED, _trusting()),
    (_TRUSTS, _EXPIRED, _trusting()),
    (_TRUSTS, _ANOTHER, _trusting()),
    # Whom it would trust is never asked, and one authority is read sooner than all that this machine trusts.
    ("takes any certificate", _ANOTHER, lambda exposed: Client(ca_file=exposed.ca_file, verifies=False)),
)


def tls_trials(release: str = "2020-03", seed: int | None = 2020, target: str = "aci") -> TlsTrials:
    """Deploys a web service without TLS and one with it ("aci" or "aks"), and has all clients call them over
    sockets of this machine, each with the service's key. Raises BadInput. Statement tls-internal."""
    choice("target", target, ("aci", "aks"))
    return uncounted(lambda: _tried(labkit.start(release, seed), target))


def _tried(lab: Lab, target: str) -> TlsTrials:
    authority, another = Authority(), Authority("another authority")
    own = authority.certificate(HOST)
    services = {
        _PLAIN: deploy(lab, "key", target=target, name="without-tls"),
        _SECURED: deploy(lab, "key", target=target, name="with-tls", certificate=own),
    }
    shown: Mapping[str, ServerCertificate] = {
        _EXPIRED: authority.certificate(HOST, valid_to="2019-12-31"),
        _ANOTHER: another.certificate(HOST),
    }
    found = []
    for client, at, make in _CALLS:
        service = services.get(at, services[_SECURED])
        found.append(TlsTrial(client, at, *_call(lab, service, make, authority, shown.get(at))))
    return TlsTrials(tuple(found))


def _call(
    lab: Lab, service: WebService, make: _Make, authority: Authority, shown: ServerCertificate | None
) -> tuple[str, str, bool]:
    key, before = keys_of(lab, service)[0], len(lab.trace)
    with on_loopback(lab, service, trust=authority, presents=shown) as exposed:
        answered = True
        try:
            answer = exposed.post(BODY, key, make(exposed))
            outcome = f"{answer.status} over {answer.protocol or 'http'}"
        except (OSError, ssl.SSLError) as error:
            outcome, answered = error_name(error), False
    reached = any(hop.operation == "Score" for hop in lab.trace[before:])
    return outcome, _read_by(exposed.capture, key, answered, shown is not None), reached


def _read_by(capture: Capture, key: ServiceKey, answered: bool, other: bool) -> str:
    if capture.holds(key):
        return EVERYBODY
    if not answered:
        return NOBODY
    return WHOEVER_SHOWS_IT if other else THE_SERVICE


def error_name(error: OSError) -> str:
    """The name of an error of the ssl library and its reason, the same for every version of OpenSSL."""
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = _VERIFY.get(error.verify_code, str(error.verify_code))
    elif isinstance(error, ssl.SSLError):
        reason = "PROTOCOL_VERSION" if error.reason in _OLD else str(error.reason)
    elif isinstance(error, ConnectionResetError):
        # What http.client makes of it, RemoteDisconnected, is one of these.
        return "ConnectionResetError: hung up without an answer"
    else:
        return type(error).__name__
    return f"{type(error).__name__}: {reason}"

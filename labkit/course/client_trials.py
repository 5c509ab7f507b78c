"""A client that a learner wrote, in front of a web service, of an impostor, and of a service without TLS."""

from __future__ import annotations

import warnings
from base64 import b64encode
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from labkit.course.service_scene import deploy, keys_of
from labkit.course.stepping import Ran, run
from labkit.lab import Lab
from labkit.services.machine_learning.web_services import WebService
from labkit.wire.certificates import Authority, ServerCertificate
from labkit.wire.endpoint import Exposed, on_loopback

HOST = "score.contoso.com"
BODY = "[1, 2, 3]"
THE_SERVICE, ANOTHER_AUTHORITY, ANOTHER_NAME, IN_PLAIN = (
    *("the service", "an impostor with a certificate of another authority"),
    *("an impostor with a certificate for another name", "the same service without TLS"),
)


@dataclass(frozen=True)
class Called:
    """What became of one call.

    ran       what the client returned or raised, or why it was stopped
    expected  what the service answers; "" where it is not the service
    on_wire   whether a key of the service stood in the bytes that passed
    taken     whether an impostor read one
    private   what is in no message: keys, the port, the path of the certificate
    """

    ran: Ran = field(repr=False)
    expected: str
    on_wire: bool
    taken: bool
    private: tuple[str, ...] = field(repr=False)


def meet(lab: Lab, client: Callable[..., Any]) -> Generator[tuple[str, Called]]:
    """Has `client(session, address, key, ca_file)` call each of them, over real sockets, one at a time. The
    authority is the one whose certificate `ca_file` names."""
    authority, another = Authority(), Authority("another authority")
    own = authority.certificate(HOST)
    secured = deploy(lab, "key", target="aci", name="secured", certificate=own)
    plain = deploy(lab, "key", target="aci", name="in-plain")
    at: Mapping[str, tuple[WebService, ServerCertificate | None]] = {
        THE_SERVICE: (secured, None),
        ANOTHER_AUTHORITY: (secured, another.certificate(HOST)),
        ANOTHER_NAME: (secured, authority.certificate("www.mallory.example")),
        IN_PLAIN: (plain, None),
    }
    # Both keys every time: a client may remember the other one.
    keys = {one.name: keys_of(lab, one)[0].key for one in (secured, plain)}
    with TemporaryDirectory(prefix="labkit-") as folder:
        # One file for all of them: where the certificate lies does not say who is called.
        ca_file = authority.save(folder)
        for name, (service, certificate) in at.items():
            with on_loopback(lab, service, trust=authority, presents=certificate) as exposed:
                ran = _called(client, exposed.session(), exposed.address, keys[service.name], ca_file)
                forms = [form for key in keys.values() for form in _forms(key)]
                on_wire = any(exposed.capture.holds(form) for form in forms)
                taken = certificate is not None and _heard(exposed, forms)
                expected = exposed.post(BODY, keys[service.name]).text if name == THE_SERVICE else ""
                private = (*forms, str(exposed.port), ca_file, folder)
            yield name, Called(ran, expected, on_wire, taken, private)


def _called(client: Callable[..., Any], *args: object) -> Ran:
    # urllib3 warns of a certificate that nobody checks, into the notebook's stderr.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return run(client, *args)


def _heard(exposed: Exposed, forms: Iterable[str]) -> bool:
    said = "\n".join(
        f"{one.exact_path}\n{one.path}\n{one.query}\n{list(one.headers.values())}\n{one.body.decode('latin-1')}"
        for one in exposed.heard
    )
    return any(form in said for form in forms)


def _forms(key: str) -> list[str]:
    """A key as it is, as it stands in a query, and within whatever is encoded in base64, at each of the three
    places where it may begin there."""
    within = [b64encode(bytes(skip) + key.encode()).decode() for skip in range(3)]
    # What stands at both ends depends on what is beside the key.
    return [
        key,
        quote(key, safe=""),
        *(text.rstrip("=")[4 if skip else 0 : -1] for skip, text in enumerate(within)),
    ]

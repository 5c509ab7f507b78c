"""The certificate authority that is made for one server."""

import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from labkit.wire.certificates import Certificates, issue

NAMES = ["login.microsoftonline.com", "127.0.0.1"]


@pytest.fixture(scope="module")
def issued() -> Certificates:
    return issue(NAMES)


def certificate(pem: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem)


def test_the_servers_certificate_is_good_for_its_names_and_for_no_other(issued: Certificates) -> None:
    builder = (
        PolicyBuilder().store(Store([certificate(issued.authority)])).time(datetime(2026, 1, 1, tzinfo=UTC))
    )
    server = certificate(issued.server)
    assert builder.build_server_verifier(x509.DNSName(NAMES[0])).verify(server, [])
    with pytest.raises(VerificationError):
        builder.build_server_verifier(x509.DNSName("example.com")).verify(server, [])


def test_the_authority_is_good_for_these_names_alone(issued: Certificates) -> None:
    constraints = certificate(issued.authority).extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    assert [str(one.value) for one in constraints.value.permitted_subtrees or ()] == [
        NAMES[0],
        "127.0.0.1/32",
    ]


def test_every_authority_has_a_key_of_its_own_that_is_kept_nowhere(issued: Certificates) -> None:
    other = issue(NAMES)
    keys = [certificate(one.authority).public_key() for one in (issued, other)]
    assert keys[0] != keys[1]
    assert b"PRIVATE" not in issued.authority
    assert issued.server.count(b"PRIVATE KEY") == 2
    assert "PRIVATE" not in repr(issued)


def test_python_takes_it_strictly(issued: Certificates, tmp_path: Path) -> None:
    file = tmp_path / "server.pem"
    file.write_bytes(issued.server)
    context = ssl.create_default_context(cadata=issued.authority.decode())
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    ends = [ssl.MemoryBIO(), ssl.MemoryBIO()]
    client_side = context.wrap_bio(*ends, server_hostname=NAMES[0])
    server_side = server.wrap_bio(*reversed(ends), server_side=True)
    for side in (client_side, server_side, client_side, server_side):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    assert client_side.version() in ("TLSv1.2", "TLSv1.3")

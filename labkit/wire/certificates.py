"""A certificate authority for one run of `labkit serve`, and the one certificate that it signs.

Its key is never written down and is gone once the certificate is signed, so that whoever trusts the authority
trusts this one server, and nobody can make another certificate in its name. Keys are drawn afresh at every
start, in a seeded lab too: they protect a real connection.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# Clients compare with their own clock, whatever it says; the keys end with the server.
_FROM, _TO = datetime(2000, 1, 1, tzinfo=UTC), datetime(2049, 12, 31, tzinfo=UTC)
_SIGN_ONLY = {
    **dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False),
    **dict.fromkeys(("encipher_only", "decipher_only"), False),
}


@dataclass(frozen=True)
class Certificates:
    """In PEM: the authority's certificate, and the server's with its key."""

    authority: bytes
    server: bytes = field(repr=False)


def issue(names: Iterable[str]) -> Certificates:
    """A new authority, and a certificate of it for these host names and addresses."""
    names = list(names)
    authority_key, key = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    authority = _authority(authority_key, names)
    certificate = _server(authority, authority_key, key, names)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Certificates(
        authority.public_bytes(Encoding.PEM), certificate.public_bytes(Encoding.PEM) + private
    )


def _authority(key: EllipticCurvePrivateKey, names: list[str]) -> x509.Certificate:
    subject = _named("labkit serve, certificate authority of one run")
    # Good for these names alone, in case somebody keeps it among the trusted ones.
    permitted = x509.NameConstraints([_constraint(name) for name in names], None)
    builder = (
        _begun(subject, subject, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(False, key_cert_sign=True, crl_sign=False, **_SIGN_ONLY), critical=True)
        .add_extension(permitted, critical=True)
    )
    return builder.sign(key, SHA256())


def _server(
    authority: x509.Certificate,
    authority_key: EllipticCurvePrivateKey,
    key: EllipticCurvePrivateKey,
    names: list[str],
) -> x509.Certificate:
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    builder = (
        _begun(_named("labkit serve"), authority.subject, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(True, key_cert_sign=False, crl_sign=False, **_SIGN_ONLY), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
        .add_extension(issuer, critical=False)
    )
    return builder.sign(authority_key, SHA256())


def _begun(subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_FROM)
        .not_valid_after(_TO)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _constraint(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_network(name))
    except ValueError:
        return x509.DNSName(name)

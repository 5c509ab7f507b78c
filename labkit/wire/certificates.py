"""Certificate authorities, and the certificates that they sign.

The one of `labkit serve` is there for one run: its key is gone once the server's certificate is signed, so
that whoever trusts the authority trusts this one server. That of a course (`Authority`) signs whatever it is
asked to. No key is written down unless a learner saves it, and keys are drawn afresh each time, in a seeded
lab too: they protect a real connection.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from os.path import isdir
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from labkit.core.errors import BadInput, brief
from labkit.core.secret import Secret
from labkit.services.machine_learning.tls import Ssl

Validity = tuple[datetime, datetime]

# Clients compare with their own clock, whatever it says, and the lab with its own: good by both.
_ALWAYS: Validity = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2049, 12, 31, tzinfo=UTC))
_HOST = re.compile(r"(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_SIGN_ONLY = {
    **dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False),
    **dict.fromkeys(("encipher_only", "decipher_only"), False),
}


@dataclass(frozen=True)
class Certificates:
    """In PEM: the authority's certificate, and the server's with its key."""

    authority: bytes
    server: bytes = field(repr=False)


@dataclass(frozen=True, repr=False)
class ServerCertificate:
    """A certificate for host names, and its key, both in PEM. It shows neither."""

    names: tuple[str, ...]
    issuer: str
    valid: Validity
    certificate: str
    key: Secret

    @property
    def ssl(self) -> Ssl:
        """What deploying a web service takes, for the first of the names."""
        return Ssl(True, self.names[0], self.certificate, self.key)

    def save(self, folder: str | Path) -> tuple[str, str]:
        """Writes cert.pem and key.pem, for the SDK's `ssl_cert_pem_file` and `ssl_key_pem_file`. Returns
        both paths. Raises BadInput."""
        certificate, key = _in(folder, "cert.pem"), _in(folder, "key.pem")
        certificate.write_text(self.certificate, "ascii")
        # Nobody else on this machine is to read it, and a file that is there may be for everybody.
        key.unlink(missing_ok=True)
        key.touch(mode=0o600)
        key.write_text(self.key.reveal(), "ascii")
        return str(certificate), str(key)

    def __repr__(self) -> str:
        begins, ends = self.valid
        period = f"{begins:%Y-%m-%d} to {ends:%Y-%m-%d}"
        return f"certificate for {', '.join(self.names)}, signed by {self.issuer}, {period}"


class Authority:
    """A certificate authority of one's own: `Authority("Contoso").certificate("score.contoso.com")`. Whoever
    trusts its certificate (`pem`, or the file that `save` writes) takes what it signs."""

    def __init__(self, name: str = "the lab's certificate authority") -> None:
        if type(name) is not str or not 0 < len(name) <= 60 or not name.isprintable():
            raise BadInput(
                "An authority has a name.", presented=brief(name), required="1 to 60 visible characters"
            )
        self.name = name
        self._key = generate_private_key(SECP256R1())
        self._own = _authority(self._key, name, ())
        self.pem = self._own.public_bytes(Encoding.PEM).decode()

    def certificate(
        self, *names: str, valid_from: str = "2000-01-01", valid_to: str = "2049-12-31"
    ) -> ServerCertificate:
        """A new key, and a certificate for these host names, of which the first is the one that a web service
        is deployed with. The days are in UTC. Raises BadInput."""
        valid = _day(valid_from), _day(valid_to)
        if not names or valid[0] >= valid[1] or not all(type(one) is str and one.isascii() for one in names):
            raise BadInput(
                "A certificate is for host names and for a while.",
                presented=brief((*names, valid_from, valid_to)),
                required='certificate("score.contoso.com", valid_from="2020-01-01", valid_to="2021-01-01")',
            )
        key = generate_private_key(SECP256R1())
        try:
            signed = _server(self._own, self._key, key, list(names), names[0][:60], valid)
        except ValueError as error:
            raise BadInput(
                "Those are no host names.", presented=brief(names), required="for instance score.contoso.com"
            ) from error
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        certificate = signed.public_bytes(Encoding.PEM).decode()
        return ServerCertificate(names, self.name, valid, certificate, Secret(private))

    def save(self, folder: str | Path) -> str:
        """Writes ca.pem, for clients that are to trust it. Returns the path. Raises BadInput."""
        file = _in(folder, "ca.pem")
        file.write_text(self.pem, "ascii")
        return str(file)

    def __repr__(self) -> str:
        return f"certificate authority: {self.name}"


def _in(folder: object, name: str) -> Path:
    if not isinstance(folder, str | Path) or not isdir(folder):
        raise BadInput(
            "Files are written to a folder that is there.",
            presented=brief(folder),
            required="the path of a folder, for instance what tempfile.mkdtemp() returns",
        )
    return Path(folder) / name


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except (TypeError, ValueError):
        raise BadInput("That is no day.", presented=brief(text), required="for instance 2020-03-13") from None


def issue(names: Iterable[str]) -> Certificates:
    """A new authority, and a certificate of it for these host names and addresses."""
    names = list(names)
    authority_key, key = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    # Good for these names alone, in case somebody keeps it among the trusted ones.
    authority = _authority(authority_key, "labkit serve, certificate authority of one run", names)
    certificate = _server(authority, authority_key, key, names, "labkit serve", _ALWAYS)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Certificates(
        authority.public_bytes(Encoding.PEM), certificate.public_bytes(Encoding.PEM) + private
    )


def _authority(key: EllipticCurvePrivateKey, name: str, names: Iterable[str]) -> x509.Certificate:
    subject = _named(name)
    builder = (
        _begun(subject, subject, key, _ALWAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(False, key_cert_sign=True, crl_sign=False, **_SIGN_ONLY), critical=True)
    )
    if permitted := [_constraint(one) for one in names]:
        builder = builder.add_extension(x509.NameConstraints(permitted, None), critical=True)
    return builder.sign(key, SHA256())


def _server(
    authority: x509.Certificate,
    authority_key: EllipticCurvePrivateKey,
    key: EllipticCurvePrivateKey,
    names: list[str],
    subject: str,
    valid: Validity,
) -> x509.Certificate:
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    builder = (
        _begun(_named(subject), authority.subject, key, valid)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(True, key_cert_sign=False, crl_sign=False, **_SIGN_ONLY), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
        .add_extension(issuer, critical=False)
    )
    return builder.sign(authority_key, SHA256())


def _begun(
    subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey, valid: Validity
) -> x509.CertificateBuilder:
    begins, ends = valid
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        if not _HOST.fullmatch(name):
            raise
        return x509.DNSName(name)


def _constraint(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_network(name))
    except ValueError:
        return x509.DNSName(name)

"""What a web service needs to be called over https: a host name, a certificate for it, and the key of that.
All of it is checked when it is given, so that no service waits behind a certificate that clients refuse."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from warnings import catch_warnings, simplefilter

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID

from labkit.core.errors import BadRequest, brief
from labkit.core.secret import Secret

_LONGEST = 100_000
_SHORTEST_RSA = 2048
# What clients offer by default: https://docs.openssl.org/3.0/man3/SSL_CTX_set1_curves
_CURVES = ("secp256r1", "secp384r1", "secp521r1")
# The last label of a name in another alphabet begins with xn--.
_NAME = re.compile(
    r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{0,58}[a-z0-9])"
)
_LABEL = re.compile(r"[a-z][a-z0-9-]{0,40}[a-z0-9]")
# Nobody but Microsoft has certificates for these.
_MICROSOFT = (
    *("azmk8s.io", "azure.com", "azure.example", "azure.net", "azurecr.io", "azuredatabricks.net"),
    *("azurehdinsight.net", "azureml.net", "microsoft.com", "microsoftazure.com", "microsoftonline.com"),
    "windows.net",
)
_STATUS: Mapping[str, bool] = {"Enabled": True, "Auto": True, "Disabled": False}
_PROPERTIES: Mapping[str, str] = {
    "cname": "cname",
    "cert": "certificate",
    "key": "key",
    "leafDomainLabel": "leaf_domain_label",
}


class CertificateRefused(BadRequest):
    """What was given would not do for a web service. Its kinds say why."""


class CertificateUnreadable(CertificateRefused):
    """It is no certificate in PEM."""


class KeyUnreadable(CertificateRefused):
    """It is no private key in PEM, or one that no client of today accepts."""


class KeyDoesNotFit(CertificateRefused):
    """The key is that of another certificate."""


class NameNotCovered(CertificateRefused):
    """The certificate is for other host names."""


class NotForServers(CertificateRefused):
    """The certificate was issued for another purpose."""


class CertificateExpired(CertificateRefused):
    """At this moment of the lab's clock it is valid no more, or not yet."""


@dataclass(frozen=True)
class Ssl:
    """What somebody says of TLS, in the SDK's words, which are of the time when it was called SSL.

    enabled            True, False, or None for what is usual: https where a certificate is given
    cname              the host name under which clients call the service
    certificate        in PEM, with the chain up to an authority
    key                of the certificate, in PEM
    leaf_domain_label  instead of the three: Microsoft gives a name and a certificate
    """

    enabled: bool | None = None
    cname: str | None = None
    certificate: str | None = field(default=None, repr=False)
    key: Secret | None = field(default=None, repr=False)
    leaf_domain_label: str | None = None


@dataclass(frozen=True)
class Tls:
    """What a web service has that is called over https. Certificate and key are empty where Microsoft
    provides them."""

    cname: str
    certificate: str = field(default="", repr=False)
    key: Secret = field(default=Secret(""), repr=False)

    @property
    def from_microsoft(self) -> bool:
        """Whether the certificate is Microsoft's."""
        return not self.certificate


def check_ssl(ssl: object, kind: str) -> None:
    """Raises BadRequest for what says nothing of TLS, or not all of it."""
    if ssl is None:
        return
    if type(ssl) is not Ssl or (ssl.enabled is not None and type(ssl.enabled) is not bool):
        raise BadRequest(
            "That says nothing of TLS.",
            presented=brief(getattr(ssl, "enabled", type(ssl).__name__)),
            required="Ssl(enabled=True, cname=..., certificate=..., key=...), or None",
        )
    own = {"ssl_cname": ssl.cname, "ssl_cert_pem_file": ssl.certificate, "ssl_key_pem_file": ssl.key}
    given = [name for name, value in own.items() if value is not None]
    label = ssl.leaf_domain_label is not None
    whole = not given if label else len(given) == len(own)
    # `enable_ssl` of a cluster has no switch beside it: whoever calls it means it.
    wants = ssl.enabled or (ssl.enabled is None and kind == "aks" and _says_something(ssl))
    # What is given in part, or beside ssl_enabled=False, would look protected and not be.
    if (wants and not whole) or (not wants and _says_something(ssl)) or (label and kind == "aci"):
        switch, other = (
            (" with ssl_enabled=True", "") if kind == "aci" else ("", ", or leaf_domain_label alone")
        )
        raise BadRequest(
            "TLS takes a host name, a certificate for it and its key, and it takes them all.",
            presented=", ".join([*given, *(["leaf_domain_label"] if label else [])]) or "none of them",
            required=f"{', '.join(own)}{switch}{other}",
        )


def _says_something(ssl: Ssl) -> bool:
    return any(one is not None for one in (ssl.cname, ssl.certificate, ssl.key, ssl.leaf_domain_label))


def tls_of(ssl: Ssl | None, now: int, place: str = "", region: str = "") -> Tls | None:
    """The TLS of a service, None for one without. `place` is the id that Microsoft's name is made for.
    Raises the kinds of CertificateRefused; `now` is in seconds."""
    if ssl is None or not _says_something(ssl):
        return None
    if ssl.leaf_domain_label is not None:
        return Tls(_given_name(ssl.leaf_domain_label, place, region))
    certificate, key = _text(ssl.certificate), ssl.key
    if type(ssl.cname) is not str or not _NAME.fullmatch(ssl.cname) or _is_microsofts(ssl.cname):
        raise BadRequest(
            "That is no host name of the customer's.",
            presented=brief(ssl.cname),
            required="score.contoso.com",
        )
    # assumption: certificate-checked-when-given
    leaf = _leaf(certificate)
    _check_key(leaf, key)
    _check_names(leaf, ssl.cname)
    _check_purpose(leaf)
    _check_times(leaf, now)
    assert key is not None
    return Tls(ssl.cname, certificate, key)


def _given_name(label: object, place: str, region: str) -> str:
    """https://learn.microsoft.com/azure/machine-learning/v1/how-to-secure-web-service: six characters that
    nobody chooses, between the label and the region."""
    if type(label) is not str or not _LABEL.fullmatch(label):
        raise BadRequest(
            "That is no label of a domain.", presented=brief(label), required="letters, digits and -"
        )
    # assumption: leaf-domain-characters
    drawn = hashlib.sha256(f"{place.lower()}/{label}".encode()).hexdigest()[:6]
    return f"{label}{drawn}.{region}.cloudapp.azure.com"


def _is_microsofts(name: str) -> bool:
    return any(name == one or name.endswith(f".{one}") for one in _MICROSOFT)


def _text(value: object) -> str:
    if type(value) is not str or len(value) > _LONGEST or not value.isascii():
        raise CertificateUnreadable(
            "That is no certificate.",
            presented=type(value).__name__,
            required="PEM: -----BEGIN CERTIFICATE-----",
        )
    return value


def _leaf(certificate: str) -> x509.Certificate:
    """The first of a chain, which is the service's own."""
    try:
        with catch_warnings():
            # Of numbers that no authority gives out: the refusals here say what is wrong.
            simplefilter("ignore", CryptographyDeprecationWarning)
            chain = x509.load_pem_x509_certificates(certificate.encode())
    except (ValueError, x509.InvalidVersion):
        chain = []
    # A key among them would go wherever the certificate goes, and no service starts with half a block.
    if not chain or len(chain) != certificate.count("-----BEGIN"):
        raise CertificateUnreadable(
            "That is no certificate.",
            presented=f"{len(certificate)} characters",
            required="PEM: -----BEGIN CERTIFICATE-----, and certificates alone",
            advice="the key is given by itself" if "PRIVATE KEY" in certificate else "",
        )
    return chain[0]


def _check_key(leaf: x509.Certificate, key: object) -> None:
    value = key.reveal() if type(key) is Secret else None
    try:
        # Nothing of it is shown, whatever is wrong with it.
        found = load_pem_private_key((value or "").encode(), None)
    except (ValueError, TypeError, AttributeError, UnsupportedAlgorithm):
        raise KeyUnreadable(
            "That is no private key.", required="PEM, without a password: -----BEGIN PRIVATE KEY-----"
        ) from None
    strong = isinstance(found, EllipticCurvePrivateKey) and found.curve.name in _CURVES
    if not strong and not (isinstance(found, RSAPrivateKey) and found.key_size >= _SHORTEST_RSA):
        raise KeyUnreadable(
            "Clients accept no key of this kind.",
            required=f"RSA of {_SHORTEST_RSA} bits, or one of the elliptic curves {', '.join(_CURVES)}",
        )
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    try:
        fits = leaf.public_key().public_bytes(*form) == found.public_key().public_bytes(*form)
    except (ValueError, UnsupportedAlgorithm):
        fits = False
    if not fits:
        raise KeyDoesNotFit(
            "Certificate and key do not belong to one another.",
            required="the key that the certificate was requested with",
            advice="one of the two files may be that of last year",
        )


def _check_names(leaf: x509.Certificate, cname: str) -> None:
    try:
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        names = [one.lower() for one in found.value.get_values_for_type(x509.DNSName)]
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        names = []
    # An asterisk stands for one label: https://www.rfc-editor.org/rfc/rfc6125#section-6.4.3
    # No client takes one for all names of a top-level domain.
    above = cname.partition(".")[2]
    if not {cname, f"*.{above}" if "." in above else cname} & set(names):
        raise NameNotCovered(
            "The certificate is for another host name: clients compare it with the address that they call.",
            presented=", ".join(names)[:200] or "a certificate for no host name",
            required=cname,
        )


def _check_purpose(leaf: x509.Certificate) -> None:
    try:
        found = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return
    # Not "any" either: OpenSSL does not take it for this one.
    if ExtendedKeyUsageOID.SERVER_AUTH not in found.value:
        raise NotForServers(
            "The certificate is not for servers: clients look what it was issued for.",
            presented=", ".join(one.dotted_string for one in found.value)[:200],
            required=f"server authentication ({ExtendedKeyUsageOID.SERVER_AUTH.dotted_string})",
        )


def _check_times(leaf: x509.Certificate, now: int) -> None:
    moment, begins, ends = (
        datetime.fromtimestamp(now, UTC),
        leaf.not_valid_before_utc,
        leaf.not_valid_after_utc,
    )
    if not begins <= moment <= ends:
        raise CertificateExpired(
            "The certificate is valid no more." if moment > ends else "The certificate is not valid yet.",
            presented=f"valid from {begins:%Y-%m-%d} to {ends:%Y-%m-%d}",
            required=f"valid on {moment:%Y-%m-%d}, by the lab's clock",
        )


def ssl_configuration(given: Any) -> Ssl:
    """What stands under sslConfiguration in the properties of a compute target. Raises BadRequest.
    https://learn.microsoft.com/azure/templates/microsoft.machinelearningservices/workspaces/computes"""
    known = {"status", "overwriteExistingDomain", *_PROPERTIES}
    status = given.get("status", "Enabled") if type(given) is dict else None
    if type(status) is not str or status not in _STATUS or given.keys() - known:
        raise BadRequest(
            "That is no sslConfiguration.",
            presented="not shown, since a key may stand in it",
            required=f"status ({', '.join(_STATUS)}), {', '.join(_PROPERTIES)}",
        )
    said = {ours: given[name] for name, ours in _PROPERTIES.items() if given.get(name) is not None}
    if type(said.get("key")) is str:
        said["key"] = Secret(said["key"])
    ssl = Ssl(_STATUS[status], **said)
    check_ssl(ssl, "aks")
    return ssl


def as_configuration(ssl: Ssl) -> dict[str, str]:
    """The other way round: what to write there."""
    said = {name: getattr(ssl, ours) for name, ours in _PROPERTIES.items()}
    told = {
        name: one.reveal() if type(one) is Secret else one for name, one in said.items() if one is not None
    }
    return {"status": "Auto" if ssl.leaf_domain_label is not None else "Enabled", **told}


def shown(tls: Tls) -> dict[str, str]:
    """The same as Resource Manager shows it: without certificate and key."""
    return {"status": "Auto" if tls.from_microsoft else "Enabled", "cname": tls.cname}

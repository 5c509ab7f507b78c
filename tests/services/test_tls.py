"""What somebody says of TLS, and what the lab makes of it: certificates, keys and host names, checked when
they are given."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256K1, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from labkit.core.errors import BadRequest
from labkit.core.secret import Secret
from labkit.services.machine_learning.tls import (
    CertificateExpired,
    CertificateRefused,
    CertificateUnreadable,
    KeyDoesNotFit,
    KeyUnreadable,
    NameNotCovered,
    NotForServers,
    Ssl,
    as_configuration,
    check_ssl,
    shown,
    ssl_configuration,
    tls_of,
)
from labkit.wire.certificates import Authority, ServerCertificate

HOST = "score.contoso.com"
AUTHORITY = Authority("tests")
GOOD, TWIN = AUTHORITY.certificate(HOST), AUTHORITY.certificate(HOST)
NOW = int(datetime(2020, 3, 13, 9, tzinfo=UTC).timestamp())


def given_for(issued: ServerCertificate, **other: Any) -> Ssl:
    said = {"cname": HOST, "certificate": issued.certificate, "key": issued.key, **other}
    return Ssl(True, **said)


def test_what_fits_is_taken() -> None:
    tls = tls_of(GOOD.ssl, NOW)
    assert tls is not None
    assert (tls.cname, tls.certificate, tls.key) == (HOST, GOOD.certificate, GOOD.key)
    assert not tls.from_microsoft
    assert shown(tls) == {"status": "Enabled", "cname": HOST}


def test_nothing_said_is_no_tls() -> None:
    for nothing in (None, Ssl(), Ssl(False)):
        check_ssl(nothing, "aci")
        assert tls_of(nothing, NOW) is None


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        (given_for(GOOD, certificate="no certificate"), CertificateUnreadable),
        (given_for(GOOD, certificate=""), CertificateUnreadable),
        (given_for(GOOD, certificate=b"bytes"), CertificateUnreadable),
        (given_for(GOOD, certificate="x" * 200_000), CertificateUnreadable),
        (given_for(GOOD, certificate=GOOD.key.reveal()), CertificateUnreadable),
        (given_for(GOOD, key=Secret("no key")), KeyUnreadable),
        (given_for(GOOD, key=GOOD.key.reveal()), KeyUnreadable),
        (given_for(GOOD, key=Secret(GOOD.certificate)), KeyUnreadable),
        (given_for(GOOD, key=TWIN.key), KeyDoesNotFit),
        (given_for(AUTHORITY.certificate("www.contoso.com")), NameNotCovered),
        (given_for(AUTHORITY.certificate("*.example.com", HOST), cname="example.com"), NameNotCovered),
        (given_for(AUTHORITY.certificate("*.contoso.com"), cname="a.b.contoso.com"), NameNotCovered),
        # No client takes an asterisk for all names of a top-level domain.
        (given_for(AUTHORITY.certificate("*.com"), cname="contoso.com"), NameNotCovered),
        # A key beside the certificate, whichever; half a block.
        (given_for(GOOD, certificate=f"{GOOD.certificate}{GOOD.key.reveal()}"), CertificateUnreadable),
        (given_for(GOOD, certificate=f"{TWIN.key.reveal()}{GOOD.certificate}"), CertificateUnreadable),
        (given_for(GOOD, certificate=f"{GOOD.certificate}{GOOD.certificate[:200]}"), CertificateUnreadable),
        (given_for(AUTHORITY.certificate(HOST, valid_to="2020-03-13")), CertificateExpired),
        (given_for(AUTHORITY.certificate(HOST, valid_from="2020-03-14")), CertificateExpired),
    ],
)
def test_what_clients_would_refuse_is_refused(said: Ssl, refusal: type[CertificateRefused]) -> None:
    with pytest.raises(CertificateRefused) as caught:
        tls_of(said, NOW)
    assert type(caught.value) is refusal
    for issued in (GOOD, TWIN):
        assert issued.key.reveal()[40:80] not in f"{caught.value}{caught.value!r}{said!r}"


def test_a_key_in_the_place_of_the_certificate_is_told_where_it_belongs() -> None:
    with pytest.raises(CertificateUnreadable) as caught:
        tls_of(given_for(GOOD, certificate=f"{GOOD.certificate}{GOOD.key.reveal()}"), NOW)
    assert caught.value.advice == "the key is given by itself"


def issued_for(*purposes: Any) -> Ssl:
    """A certificate that its own key signed."""
    key, name = generate_private_key(SECP256R1()), x509.Name([])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2000, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2049, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
    )
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    certificate = builder.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return Ssl(True, HOST, certificate, Secret(pem))


def test_a_certificate_for_another_purpose_is_refused() -> None:
    server, client = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
    for fits in ((), (server,), (client, server)):
        assert tls_of(issued_for(*fits), NOW)
    for other in (client, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE):
        with pytest.raises(NotForServers, match=other.dotted_string.replace(".", r"\.")):
            tls_of(issued_for(other), NOW)


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=3))
def test_a_damaged_certificate_is_refused_or_as_good_as_it_was(damage: list[tuple[int, int]]) -> None:
    der = bytearray(x509.load_pem_x509_certificate(GOOD.certificate.encode()).public_bytes(Encoding.DER))
    for place, byte in damage:
        der[place % len(der)] = byte
    lines = b64encode(der).decode()
    damaged = f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"
    try:
        tls = tls_of(given_for(GOOD, certificate=damaged), NOW)
    except CertificateRefused:
        return
    assert tls is not None
    assert tls.cname == HOST


@pytest.mark.parametrize("place", range(10, 18))
def test_a_version_or_a_number_that_there_is_not_is_no_traceback(place: int) -> None:
    test_a_damaged_certificate_is_refused_or_as_good_as_it_was.hypothesis.inner_test([(place, 0x62)])  # type: ignore[attr-defined]


def test_a_name_in_another_alphabet_is_a_name() -> None:
    name = "xn--80ak6aa92e.xn--p1ai"
    assert tls_of(given_for(AUTHORITY.certificate(name), cname=name), NOW)


def test_a_certificate_is_checked_by_the_clock_of_the_lab() -> None:
    year = AUTHORITY.certificate(HOST, valid_from="2020-03-01", valid_to="2021-03-01").ssl
    assert tls_of(year, NOW)
    with pytest.raises(CertificateExpired, match="no more"):
        tls_of(year, NOW + 366 * 86400)
    with pytest.raises(CertificateExpired, match="not valid yet"):
        tls_of(year, NOW - 31 * 86400)


def test_an_asterisk_stands_for_one_label() -> None:
    assert tls_of(given_for(AUTHORITY.certificate("*.contoso.com")), NOW)


@pytest.mark.parametrize(
    "key",
    [Ed25519PrivateKey.generate(), rsa(65537, 1024), generate_private_key(SECP256K1()), "locked"],
    ids=["ed25519", "rsa-1024", "secp256k1", "with a password"],
)
def test_a_key_that_clients_or_services_do_not_take_is_refused(key: Any) -> None:
    made = generate_private_key(SECP256R1()) if key == "locked" else key
    how: Any = BestAvailableEncryption(b"password") if key == "locked" else NoEncryption()
    pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how).decode()
    with pytest.raises(KeyUnreadable):
        tls_of(given_for(GOOD, key=Secret(pem)), NOW)


@pytest.mark.parametrize(
    "cname",
    [
        *("", "localhost", "127.0.0.1", "SCORE.contoso.com", "score.contoso.com.", "a b.com", "-a.com"),
        *("x.azure.com", "login.microsoftonline.com", "a.blob.core.windows.net", "azure.example"),
        *("prod.group.eastus.azmk8s.io", "ml.group.experiments.azureml.net"),
        *(f"{'a' * 64}.com", f"{'a.' * 130}com", 5, "score.contoso.com\n"),
    ],
)
def test_a_host_name_is_the_customer_s_own(cname: Any) -> None:
    with pytest.raises(BadRequest, match="host name"):
        tls_of(given_for(GOOD, cname=cname), NOW)


PARTS: dict[str, Any] = {"cname": HOST, "certificate": GOOD.certificate, "key": GOOD.key}


@given(
    st.sampled_from([None, True, False]),
    st.sets(st.sampled_from(sorted(PARTS))),
    st.booleans(),
    st.sampled_from(["aci", "aks"]),
)
def test_tls_is_had_whole_or_not_at_all(switch: bool | None, parts: set[str], label: bool, kind: str) -> None:
    said = Ssl(switch, **{one: PARTS[one] for one in parts}, leaf_domain_label="contoso" if label else None)
    own, microsoft = parts == PARTS.keys() and not label, label and not parts and kind == "aks"
    nothing = not parts and not label
    meant = switch is True or (switch is None and kind == "aks" and not nothing)
    try:
        check_ssl(said, kind)
    except BadRequest:
        assert not (nothing and not switch)
        assert not (meant and (own or microsoft))
    else:
        assert (tls_of(said, NOW, "/place", "eastus") is not None) is meant
        assert nothing is not meant


@pytest.mark.parametrize("ssl", ["ssl", 1, {}, Ssl("yes"), Ssl(1)])  # type: ignore[arg-type]
def test_what_says_nothing_of_tls_is_refused(ssl: Any) -> None:
    with pytest.raises(BadRequest):
        check_ssl(ssl, "aci")


class TestMicrosoftsCertificate:
    def test_the_name_has_six_characters_that_nobody_chooses(self) -> None:
        first, again, other = (
            tls_of(Ssl(leaf_domain_label="contoso"), NOW, place, "eastus") for place in ("/a", "/a", "/b")
        )
        assert first is not None
        assert other is not None
        assert first.from_microsoft
        label, *rest = first.cname.split(".")
        assert rest == ["eastus", "cloudapp", "azure", "com"]
        assert (label[:7], len(label)) == ("contoso", 13)
        assert (first == again, first.cname == other.cname) == (True, False)
        assert shown(first) == {"status": "Auto", "cname": first.cname}

    @pytest.mark.parametrize("label", ["", "-", "A", "a.b", 5, "x" * 60])
    def test_a_label_is_part_of_a_name(self, label: Any) -> None:
        with pytest.raises(BadRequest):
            tls_of(Ssl(leaf_domain_label=label), NOW, "/a", "eastus")


class TestConfiguration:
    def test_what_is_written_is_read(self) -> None:
        for ssl in (GOOD.ssl, Ssl(True, leaf_domain_label="contoso")):
            assert ssl_configuration(as_configuration(ssl)) == ssl

    def test_disabled_is_none(self) -> None:
        assert tls_of(ssl_configuration({"status": "Disabled"}), NOW) is None

    @pytest.mark.parametrize(
        "given",
        [
            None,
            "Enabled",
            {"status": "On"},
            {"status": ["Enabled"]},
            {"status": "Enabled"},
            {"status": "Enabled", "cname": HOST, "cert": GOOD.certificate},
            {"status": "Disabled", "cname": HOST},
            {"status": "Enabled", "certificate": GOOD.certificate},
        ],
    )
    def test_what_is_none_is_refused(self, given: Any) -> None:
        with pytest.raises(BadRequest):
            ssl_configuration(given)

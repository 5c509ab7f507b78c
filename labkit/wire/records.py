"""What anybody can read of a connection over TLS: the handshake up to the moment from which both sides
encrypt. Nothing here opens anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import takewhile
from warnings import catch_warnings, simplefilter

from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning

# https://www.rfc-editor.org/rfc/rfc5246 (TLS 1.2): content types, handshake types, alerts.
_CHANGE_CIPHER_SPEC, _ALERT, _HANDSHAKE, _DATA = 20, 21, 22, 23
_CLIENT_HELLO, _CERTIFICATE = 1, 11
_SERVER_NAME = 0
ALERTS: Mapping[int, str] = {
    0: "close_notify",
    40: "handshake_failure",
    42: "bad_certificate",
    45: "certificate_expired",
    46: "certificate_unknown",
    48: "unknown_ca",
    70: "protocol_version",
}


def is_tls(data: bytes) -> bool:
    """Whether a connection begins as TLS does."""
    return len(data) >= 5 and data[0] in (_ALERT, _HANDSHAKE) and data[1] == 3


def server_name(data: bytes) -> str:
    """The host name that the client asks for, in the clear, so that the service knows which certificate to
    show (https://www.rfc-editor.org/rfc/rfc6066#section-3). "" where it names none."""
    for kind, hello in _messages(data):
        if kind == _CLIENT_HELLO:
            try:
                return _name_in(hello)
            except IndexError:
                return ""
    return ""


def certificate_names(data: bytes) -> tuple[str, ...]:
    """The host names in a certificate that the service shows in the clear, as it does before TLS 1.3."""
    for kind, message in _messages(data):
        if kind == _CERTIFICATE:
            try:
                with catch_warnings():
                    # Of odd numbers in a certificate that somebody has damaged.
                    simplefilter("ignore", CryptographyDeprecationWarning)
                    leaf = x509.load_der_x509_certificate(message[6 : 6 + _number(message[3:6])])
                names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
                return tuple(names.get_values_for_type(x509.DNSName))
            except (ValueError, x509.InvalidVersion, x509.ExtensionNotFound, x509.DuplicateExtension):
                # The connection broke off in it, or it is for no host name.
                return ()
    return ()


def alerts(data: bytes) -> tuple[str, ...]:
    """What one side tells the other has gone wrong, while it still does so in the clear."""
    told = [content[1] for kind, content in _records(data) if kind == _ALERT and len(content) == 2]
    return tuple(ALERTS.get(one, f"alert {one}") for one in told)


def encrypts(data: bytes) -> bool:
    """Whether one side has come so far that it says nothing more in the clear."""
    return any(kind in (_CHANGE_CIPHER_SPEC, _DATA) for kind, _ in _all_records(data))


def _records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Records up to where encryption begins."""
    return takewhile(lambda record: record[0] != _CHANGE_CIPHER_SPEC, _all_records(data))


def _all_records(data: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place + 5 <= len(data):
        length = _number(data[place + 3 : place + 5])
        yield data[place], data[place + 5 : place + 5 + length]
        place += 5 + length


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Messages of the handshake, which may run over several records."""
    whole = b"".join(content for kind, content in _records(data) if kind == _HANDSHAKE)
    place = 0
    while place + 4 <= len(whole):
        length = _number(whole[place + 1 : place + 4])
        yield whole[place], whole[place + 4 : place + 4 + length]
        place += 4 + length


def _name_in(hello: bytes) -> str:
    # Version and random value, then three fields of a stated length: session, ciphers, compression.
    place = 34
    place += 1 + hello[place]
    place += 2 + _number(hello[place : place + 2])
    place += 1 + hello[place]
    place += 2
    while place + 4 <= len(hello):
        kind, length = _number(hello[place : place + 2]), _number(hello[place + 2 : place + 4])
        if kind == _SERVER_NAME:
            return hello[place + 9 : place + 4 + length].decode("ascii", "replace")
        place += 4 + length
    return ""


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")

"""Clients of a web service over real sockets: the same table, whatever is drawn and wherever it runs."""

from __future__ import annotations

import ssl
from http.client import RemoteDisconnected

import pytest

from labkit.core.errors import BadInput
from labkit.course.tls_trials import (
    EVERYBODY,
    NOBODY,
    THE_SERVICE,
    WHOEVER_SHOWS_IT,
    TlsTrials,
    error_name,
    tls_trials,
)


@pytest.fixture(scope="module", params=["aci", "aks"])
def found(request: pytest.FixtureRequest) -> TlsTrials:
    return tls_trials(target=request.param)


def test_who_gets_an_answer_and_who_could_read_the_key(found: TlsTrials) -> None:
    untrusted = "SSLCertVerificationError: UNABLE_TO_GET_ISSUER_CERT_LOCALLY"
    assert [(one.outcome, one.key_read_by, one.reached) for one in found.trials] == [
        ("200 over http", EVERYBODY, True),
        ("ConnectionResetError: hung up without an answer", EVERYBODY, False),
        (untrusted, NOBODY, False),
        ("SSLCertVerificationError: HOSTNAME_MISMATCH", NOBODY, False),
        ("SSLError: PROTOCOL_VERSION", NOBODY, False),
        ("SSLError: PROTOCOL_VERSION", NOBODY, False),
        ("200 over TLSv1.2", THE_SERVICE, True),
        ("SSLCertVerificationError: CERT_HAS_EXPIRED", NOBODY, False),
        (untrusted, NOBODY, False),
        ("200 over TLSv1.2", WHOEVER_SHOWS_IT, True),
    ]


def test_the_text_is_the_same_for_any_seed_and_tells_nothing_that_differs(found: TlsTrials) -> None:
    again = tls_trials(seed=None)
    assert repr(again) == repr(found)
    assert "127.0.0.1" not in repr(found)
    assert found._repr_mimebundle_()["text/html"].count("<tr>") == 11


@pytest.mark.parametrize("release", ["2019-08", "2020-01"])
def test_it_is_the_same_in_every_release(release: str) -> None:
    assert repr(tls_trials(release)) == repr(tls_trials())


def test_what_cannot_be_tried_is_said() -> None:
    with pytest.raises(BadInput):
        tls_trials(target="vm")
    with pytest.raises(BadInput):
        tls_trials("2018-01")


def test_errors_have_names_that_do_not_depend_on_the_version_of_openssl() -> None:
    def alert(reason: str) -> ssl.SSLError:
        error = ssl.SSLError(1, reason)
        error.reason = reason
        return error

    old = {error_name(alert(one)) for one in ("NO_PROTOCOLS_AVAILABLE", "TLSV1_ALERT_PROTOCOL_VERSION")}
    assert old == {"SSLError: PROTOCOL_VERSION"}
    assert error_name(alert("OTHER")) == "SSLError: OTHER"
    assert error_name(RemoteDisconnected("x")) == error_name(ConnectionResetError("y"))
    assert error_name(TimeoutError("3.2 s")) == "TimeoutError"

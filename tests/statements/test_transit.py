"""What the documents say about encryption in transit: attempted in a lab of each release. Each test does what
the ledger's `shown_by` says of its statement."""

from __future__ import annotations

import ssl
from http.client import RemoteDisconnected
from typing import Any

import pytest
import requests

from labkit.azure import Anonymous, BlobStorage, FileStorage, Scoring, SharedKey
from labkit.core.errors import InsecureTransport
from labkit.course.service_scene import deploy, keys_of
from labkit.course.transit import internal_traffic
from labkit.lab import Lab
from labkit.services.azure_ad import STORAGE
from labkit.wire.certificates import Authority
from labkit.wire.endpoint import Client, on_loopback
from tests.services.ml import dependency

HOST, BODY = "score.contoso.com", "[1, 2, 3]"
SAID: tuple[Any, ...] = ("azureml/a", b"1")
TARGETS = pytest.mark.parametrize("target", ["aci", "aks"])


@TARGETS
@pytest.mark.proves("tls-internal")
def test_without_tls_the_hop_is_in_the_clear_and_the_key_is_read_on_the_wire(
    stating: Lab, target: str
) -> None:
    service = deploy(stating, "key", target=target)
    key = keys_of(stating, service)[0]
    assert stating.ask("client", Scoring.score, service.address, key, BODY)
    [hop] = [hop for hop in stating.trace.last() if hop.operation == "Score"]
    assert (hop.encrypted, "NOT ENCRYPTED" in str(hop)) == (False, True)
    with on_loopback(stating, service) as exposed:
        assert exposed.post(BODY, key).status == 200
    assert f"Authorization: Bearer {key.key}".encode() in exposed.capture.sent


@TARGETS
@pytest.mark.proves("tls-internal")
def test_with_tls_only_the_client_that_trusts_the_authority_gets_an_answer(stating: Lab, target: str) -> None:
    authority = Authority()
    service = deploy(stating, "key", target=target, certificate=authority.certificate(HOST))
    key, begun = keys_of(stating, service)[0], len(stating.trace)
    with on_loopback(stating, service, trust=authority) as exposed:
        with pytest.raises(RemoteDisconnected):
            exposed.post(BODY, key, Client(tls=False))
        exposed.capture.clear()
        trusting = exposed.ca_file
        with pytest.raises(ssl.SSLCertVerificationError, match="issuer certificate"):
            exposed.post(BODY, key, Client())
        with pytest.raises(ssl.SSLCertVerificationError, match=r"(?i)hostname"):
            exposed.post(BODY, key, Client(ca_file=trusting, name="www.contoso.com"))
        with pytest.raises(ssl.SSLError):
            exposed.post(BODY, key, Client(ca_file=trusting, newest=ssl.TLSVersion.TLSv1_1))
        assert len(stating.trace) == begun
        assert exposed.post(BODY, key).status == 200
    assert not exposed.capture.holds(key)
    assert all(hop.encrypted for hop in stating.trace)


@pytest.mark.proves("tls-internal")
def test_the_internal_services_call_one_another_over_tls_alone(stating: Lab) -> None:
    found = internal_traffic(stating.release.name)
    internal = [one for one in found.rows if one.internal]
    assert {one.in_plain for one in internal} == {"refused: HttpsRequired"}
    assert all(one.encrypted == one.calls > 0 for one in internal)
    assert all(hop.encrypted for hop in found.trace if hop.operation != "Score")


@pytest.mark.proves("tls-storage")
@pytest.mark.parametrize(("op", "role"), [(BlobStorage.put, "blob"), (FileStorage.put, "file")])
def test_http_in_front_of_a_storage_address_is_refused_whoever_asks(stating: Lab, op: Any, role: str) -> None:
    account = dependency(stating, "storage")
    host = account.host if role == "blob" else account.host.replace(".blob.", ".file.")
    token = stating.sign_in("carl", resource=STORAGE).bearer
    signed = SharedKey.sign(
        account.name, account.access_keys["key1"], op.request(account.id, SAID), stating.clock.now
    )
    for cred in (token, signed, Anonymous()):
        for address in (f"http://{host}/", f"HTTP://{host}/"):
            verdict = stating.attempt("carl", op, address, cred, *SAID)
            assert type(verdict.refusal) is InsecureTransport
            assert (verdict.refusal.stage, stating.trace[-1].encrypted) == ("reach", False)


@pytest.mark.proves("tls-storage")
def test_the_same_over_the_wire_where_https_is_answered(stating: Lab) -> None:
    host = dependency(stating, "storage").host
    token = stating.sign_in("carl", resource=STORAGE).reveal()
    headers = {"Authorization": f"Bearer {token}", "x-ms-version": "2019-12-12"}
    with stating.activate():
        plain, secure = (
            requests.get(f"{scheme}://{host}/azureml/nothing", headers=headers, timeout=5)
            for scheme in ("http", "https")
        )
    assert (plain.status_code, plain.headers["x-ms-error-code"]) == (400, "HttpsRequired")
    assert secure.headers["x-ms-error-code"] != "HttpsRequired"

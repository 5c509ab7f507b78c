"""The traffic among Azure's own services, counted from a trace and tried over http://."""

from __future__ import annotations

import pytest

from labkit.azure import Anonymous, BlobStorage
from labkit.core.trace import Trace
from labkit.course.transit import in_plain, internal_traffic
from labkit.lab import Lab
from tests.services.ml import deploy


def test_all_of_a_day_s_hops_are_counted_once() -> None:
    found = internal_traffic()
    assert sum(one.calls for one in found.rows) == len(found.trace) > 50
    assert sum(one.encrypted for one in found.rows) == sum(hop.encrypted for hop in found.trace)
    asked = {one.asked for one in found.rows if one.internal}
    assert {"Azure AD", "Azure Storage", "Key Vault", "Container Registry", "Cosmos DB"} <= asked


def test_whatever_is_internal_is_encrypted_and_could_not_be_otherwise() -> None:
    found = internal_traffic()
    internal = [one for one in found.rows if one.internal]
    assert len(internal) > 10
    assert {(one.encrypted, one.in_plain) for one in internal} == {
        (one.calls, "refused: HttpsRequired") for one in internal
    }
    [plain] = [one for one in found.rows if one.encrypted < one.calls]
    assert (plain.asked, plain.internal, plain.encrypted, plain.in_plain) == (
        "Web service",
        *(False, 0),
        "answered",
    )


def test_the_text_is_the_same_each_time() -> None:
    assert repr(internal_traffic()) == repr(internal_traffic())
    assert len(internal_traffic().as_table().rows) == len(internal_traffic().rows)


def test_a_call_is_tried_again_and_leaves_no_hop(lab: Lab) -> None:
    service = deploy(lab, "one", "aci", "none")
    lab.attempt("carl", BlobStorage.get, lab.storage, Anonymous(), "a/b")
    storage = lab.trace[-1]
    before = len(lab.trace)
    assert in_plain(lab, storage) == "refused: HttpsRequired"
    assert len(lab.trace) == before
    assert service.address.startswith("http://")


@pytest.mark.parametrize("release", ["2019-08", "2020-01"])
def test_it_holds_in_every_release(release: str) -> None:
    found = internal_traffic(release)
    assert all(hop.encrypted for hop in Trace(found.trace) if hop.origin != "Client")

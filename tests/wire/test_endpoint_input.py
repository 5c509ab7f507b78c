"""What somebody types wrong who has a web service answer on loopback, and calls it."""

from collections.abc import Callable
from typing import Any

import pytest

from labkit.core.errors import BadInput
from labkit.course.service_scene import deploy, keys_of
from labkit.lab import Lab
from labkit.services.machine_learning.deployment import WebService
from labkit.wire.certificates import Authority
from labkit.wire.endpoint import Exposed, on_loopback

AUTHORITY = Authority("tests")


@pytest.fixture
def plain(lab: Lab) -> WebService:
    return deploy(lab, "key", target="aci", name="plain")


CALLS: dict[str, Callable[[Exposed], Any]] = {
    "a list": lambda exposed: exposed.post([1, 2, 3]),  # type: ignore[arg-type]
    "bytes": lambda exposed: exposed.post(b"[1]"),  # type: ignore[arg-type]
    "both keys": lambda exposed: exposed.post("[1]", ("a", "b")),  # type: ignore[arg-type]
    "a number for a key": lambda exposed: exposed.post("[1]", 5),  # type: ignore[arg-type]
    "a key of two lines": lambda exposed: exposed.post("[1]", "one\r\ntwo"),
    "a key of other letters": lambda exposed: exposed.post("[1]", "schlüssel"),
    "a name for a client": lambda exposed: exposed.post("[1]", "key", "careless"),  # type: ignore[arg-type]
    "nothing to look for": lambda exposed: exposed.capture.holds(None),  # type: ignore[arg-type]
    "a number to look for": lambda exposed: exposed.capture.holds(5),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("slip", CALLS)
def test_a_slip_is_told_what_is_required(slip: str, lab: Lab, plain: WebService) -> None:
    with on_loopback(lab, plain) as exposed, pytest.raises(BadInput) as caught:
        CALLS[slip](exposed)
    assert caught.value.required
    assert "two" not in caught.value.presented
    assert not exposed.capture.conversations


def test_a_key_that_is_wrongly_given_is_not_shown(lab: Lab, plain: WebService) -> None:
    keys: Any = tuple(key.key for key in keys_of(lab, plain))
    with on_loopback(lab, plain) as exposed, pytest.raises(BadInput) as caught:
        exposed.post("[1]", keys)
    assert not any(key in str(caught.value) for key in keys)


def test_a_call_that_comes_too_late_is_told_so(lab: Lab, plain: WebService) -> None:
    with on_loopback(lab, plain) as exposed:
        pass
    with pytest.raises(BadInput, match="inside of the block"):
        exposed.post("[1]")


@pytest.mark.parametrize("trust", ["ca.pem", AUTHORITY.pem, AUTHORITY.certificate("a.contoso.com")])
def test_what_is_no_authority_is_not_trusted(trust: Any, lab: Lab, plain: WebService) -> None:
    with pytest.raises(BadInput, match="no authority"), on_loopback(lab, plain, trust=trust):
        pass


def test_the_lab_comes_first(lab: Lab, plain: WebService) -> None:
    swapped: Any = (plain, lab)
    with pytest.raises(BadInput, match="no such web service"), on_loopback(*swapped):
        pass


@pytest.mark.parametrize(
    "name", ["https://score.contoso.com", "score contoso com", "", "a..b", "a/b", "a:443"]
)
def test_an_address_is_no_host_name(name: str) -> None:
    with pytest.raises(BadInput, match="host names") as caught:
        AUTHORITY.certificate(name)
    assert caught.value.required


@pytest.mark.parametrize(
    "name", ["score.contoso.com", "*.contoso.com", "in_plain.example", "127.0.0.1", "::1"]
)
def test_a_host_name_and_an_address_of_ip_are(name: str) -> None:
    assert AUTHORITY.certificate(name).names == (name,)


SCENES: dict[str, Callable[[Lab], Any]] = {
    "another form": lambda lab: deploy(lab, "keys"),
    "another target": lambda lab: deploy(lab, "key", target="vm"),
    "a name for a certificate": lambda lab: deploy(
        lab,
        "key",
        certificate="score.contoso.com",  # type: ignore[arg-type]
    ),
    "an authority for a certificate": lambda lab: deploy(lab, "key", certificate=AUTHORITY),  # type: ignore[arg-type]
    "a name for a service": lambda lab: keys_of(lab, "plain"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("slip", SCENES)
def test_a_scene_that_cannot_be_set_changes_nothing(slip: str, lab: Lab) -> None:
    before = len(lab.trace)
    with pytest.raises(BadInput) as caught:
        SCENES[slip](lab)
    assert caught.value.required
    assert len(lab.trace) == before


def test_deploying_twice_is_told_to_go_on(lab: Lab, plain: WebService) -> None:
    certificate = AUTHORITY.certificate("score.contoso.com")
    deploy(lab, "key", target="aci", name="secured", certificate=certificate)
    assert "go on" in str(lab_error(lambda: deploy(lab, "key", target="aci", name="plain")))
    again = lab_error(lambda: deploy(lab, "key", target="aci", name="again", certificate=certificate))
    assert "go on" in str(again)


def lab_error(call: Callable[[], object]) -> Exception:
    with pytest.raises(Exception, match="409 Conflict") as caught:
        call()
    return caught.value

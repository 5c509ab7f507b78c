"""A web service's key."""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.authenticators.service_key import ServiceKey, authenticate
from labkit.core.errors import Unauthenticated
from labkit.core.identity import Capability

OPENED = Capability("/services/aks/churn", ("score/action",))


@dataclass
class Endpoint:
    name: str = "churn"
    keys: dict[str, str] = field(default_factory=lambda: {"primary": "lab-1", "secondary": "lab-2"})
    opened: Capability = OPENED


class Liar(str):
    """A text that is equal to every other."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = str.__hash__

    def encode(self, *_: Any) -> bytes:
        return b"lab-1"


@pytest.mark.parametrize("key", ["lab-1", "lab-2"])
def test_either_key_is_the_service_and_opens_its_endpoint_alone(key: str) -> None:
    who = authenticate(ServiceKey(key), Endpoint(), 0)
    assert (who.kind, who.name, who.object_id) == ("service", "churn", "")
    assert who.capability == Endpoint().opened


@given(st.text())
def test_every_other_text_is_refused(key: str) -> None:
    with pytest.raises(Unauthenticated) as caught:
        authenticate(ServiceKey(key), Endpoint(), 0)
    assert "lab-1" not in str(caught.value)


@pytest.mark.parametrize(
    "key", [None, 5, [], b"lab-1", Liar("x"), Liar("lab-1")], ids=lambda key: type(key).__name__
)
def test_what_is_no_text_is_refused(key: Any) -> None:
    with pytest.raises(Unauthenticated):
        authenticate(ServiceKey(key), Endpoint(), 0)


@pytest.mark.parametrize("key", ["", "lab-1", None])
def test_where_there_are_no_keys_none_opens(key: Any) -> None:
    with pytest.raises(Unauthenticated):
        authenticate(ServiceKey(key), Endpoint(keys={}), 0)


def test_it_never_shows() -> None:
    assert repr(ServiceKey("lab-1")) == str(ServiceKey("lab-1")) == "<service key>"


@pytest.mark.parametrize("key", ["lab-1", "lab-2", "lab-3", "", "lab-1 and more", None], ids=repr)
def test_both_keys_are_compared_in_constant_time_whichever_it_is(
    key: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr("labkit.authenticators.service_key.hmac.compare_digest", compare)
    with suppress(Unauthenticated):
        authenticate(ServiceKey(key), Endpoint(), 0)
    assert [(len(one), len(other)) for one, other in compared] == [(32, 32), (32, 32)]

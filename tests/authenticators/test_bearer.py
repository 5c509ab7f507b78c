"""Which identity an access token of Azure AD proves."""

from typing import Any

import pytest

from labkit.authenticators.bearer import BearerAuthenticator
from labkit.core.credential import Bearer
from labkit.core.identity import Identity
from labkit.core.resource import Resource
from labkit.furniture import CLIENT_ID, PARTNER_TENANT
from labkit.identity.errors import TokenRefused, UnknownKey, WrongAudience, WrongTenant
from labkit.identity.verifier import KeySet, _remembered, genuine
from labkit.lab import Lab
from labkit.services.azure_ad import ARM, KEY_VAULT
from labkit.services.resource_manager import ResourceManager


def proved(lab: Lab, token: str, **changes: Any) -> Identity:
    expects: dict[str, Any] = {"tenant_id": lab.tenant, "audience": ARM} | changes
    verify = BearerAuthenticator(lab.parts.home.keys)
    return verify(Bearer(token), Resource("r", "r", "r", **expects), lab.clock.now)


def test_a_user(lab: Lab) -> None:
    carl = lab.directory.user("carl")
    assert carl is not None
    inner = lab.directory.add_group("inner", carl.object_id)
    outer = lab.directory.add_group("outer", inner.object_id)
    who = proved(lab, lab.sign_in("carl", second_factor=True).reveal())
    assert (who.kind, who.name, who.object_id) == ("user", "carl@contoso.example", carl.object_id)
    assert (who.amr, who.guest, who.capability) == (("pwd", "mfa"), False, None)
    assert who.groups == tuple(sorted([inner.object_id, outer.object_id]))


def test_an_application(lab: Lab) -> None:
    who = proved(lab, lab.sign_in(CLIENT_ID).reveal())
    assert (who.kind, who.name, who.object_id) == ("service principal", "ml-auth", "your-sp-object-id")
    assert (who.app_id, who.amr, who.guest) == (CLIENT_ID, (), False)


def test_a_guest(lab: Lab) -> None:
    who = proved(lab, lab.sign_in("gita").reveal())
    assert (who.kind, who.guest, who.tenant_id) == ("user", True, lab.tenant)


def test_a_token_of_another_tenant_has_a_good_signature_and_is_refused_for_its_tenant(lab: Lab) -> None:
    token = lab.sign_in("gita", tenant=PARTNER_TENANT).reveal()
    with pytest.raises(WrongTenant):
        proved(lab, token)
    assert proved(lab, token, tenant_id=PARTNER_TENANT).guest is False


def test_a_token_for_another_audience(lab: Lab) -> None:
    with pytest.raises(WrongAudience):
        proved(lab, lab.sign_in("carl").reveal(), audience=KEY_VAULT)


def test_a_resource_that_accepts_no_tokens_accepts_none(lab: Lab) -> None:
    with pytest.raises(TokenRefused):
        proved(lab, lab.sign_in("carl").reveal(), audience="")


def test_a_token_survives_rotation_for_its_lifetime(lab: Lab) -> None:
    token = lab.sign_in("carl").reveal()
    lab.parts.home.keys.rotate(lab.clock.now)
    assert proved(lab, token).kind == "user"
    assert proved(lab, lab.sign_in("carl").reveal()).kind == "user"


def test_a_token_dies_with_its_key(lab: Lab) -> None:
    token = lab.sign_in("carl").reveal()
    lab.parts.home.keys.rotate(lab.clock.now, overlap=0)
    with pytest.raises(UnknownKey):
        proved(lab, token)


@pytest.fixture
def signatures(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The tokens whose signatures were looked at."""
    looked: list[object] = []

    def counted(token: object, keys: KeySet) -> Any:
        looked.append(token)
        return genuine(token, keys)

    _remembered.cache_clear()
    monkeypatch.setattr("labkit.identity.verifier.genuine", counted)
    return looked


def shown_at_the_door(lab: Lab, token: Bearer) -> str:
    try:
        lab.ask("olivia", ResourceManager.get, lab.workspace, token)
    except TokenRefused as refusal:
        return type(refusal).__name__
    return "ok"


def test_at_the_door_a_token_is_verified_once_and_its_end_is_seen_each_time(
    lab: Lab, signatures: list[object]
) -> None:
    token = lab.sign_in("olivia").bearer
    assert [shown_at_the_door(lab, token) for _ in range(3)] == ["ok"] * 3
    lab.clock.advance(3598)
    assert shown_at_the_door(lab, token) == "ok"
    assert signatures == [token.token]
    lab.clock.advance(1)
    assert [shown_at_the_door(lab, token) for _ in range(3)] == ["TokenExpired"] * 3


def test_at_the_door_a_token_that_was_verified_does_not_outlive_its_key(
    lab: Lab, signatures: list[object]
) -> None:
    token = lab.sign_in("olivia").bearer
    assert shown_at_the_door(lab, token) == "ok"
    lab.parts.home.keys.rotate(lab.clock.now, overlap=60)
    lab.clock.advance(59)
    assert [shown_at_the_door(lab, token) for _ in range(2)] == ["ok"] * 2
    assert len(signatures) == 2
    lab.clock.advance(1)
    assert [shown_at_the_door(lab, token) for _ in range(2)] == ["UnknownKey"] * 2

"""What bends the door's types most: requests that are signed, credentials that a setting of the resource
decides on, and an operation whose credential is not yet an identity."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

import pytest

from labkit.access.assignment import RoleAssignment
from labkit.access.roles import built_in
from labkit.authenticators.client_secret import ClientSecret
from labkit.authenticators.shared_key import FRESH, SharedKey
from labkit.core.credential import Anonymous, Bearer, Credential
from labkit.core.errors import (
    BadRequest,
    CredentialMissing,
    CredentialNotAccepted,
    Forbidden,
    Refusal,
    RequestNotCovered,
    Unauthenticated,
)
from labkit.core.identity import Capability, Identity
from labkit.core.operation import Call, Op, Service, operation
from labkit.core.resource import Resource
from labkit.furniture import CLIENT_ID, CLIENT_SECRET
from labkit.identity.errors import TokenExpired, WrongAudience
from labkit.lab import Lab
from labkit.services.azure_ad import ARM, STORAGE, AzureAD
from labkit.services.storage import BlobStorage, StorageAccount
from tests.services.ml import keep, kept

STORAGE_DATA = "storage blob data contributor"


@pytest.fixture
def account(lab: Lab) -> StorageAccount:
    """The first workspace's storage account, with one blob in it."""
    found = next(one for one in lab.resources if isinstance(one, StorageAccount))
    for name in ("a", "b"):
        keep(lab, "storage", name, f"blob {name}".encode())
    return found


def give(lab: Lab, person: str, role: str, scope: str) -> None:
    user = lab.directory.user(person)
    assert user is not None
    lab.parts.access.roles.add(RoleAssignment("given", user.object_id, built_in()[role].id, scope))


def signed(lab: Lab, account: StorageAccount, op: Op[..., Any], *args: Any, key: str = "key1") -> SharedKey:
    """A request on this account as a client that has the key signs it now."""
    request = op.request(account.id, args)
    return SharedKey.sign(account.name, account.access_keys[key], request, lab.clock.now)


class TestBlobWithABearerToken:
    def test_a_data_role_puts_and_gets(self, lab: Lab, account: StorageAccount) -> None:
        give(lab, "rita", STORAGE_DATA, account.id)
        token = lab.sign_in("rita", resource=STORAGE).bearer
        lab.ask("rita", BlobStorage.put, account.id, token, "c", b"new")
        assert lab.ask("rita", BlobStorage.get, f"https://{account.host}/c", token, "c") == b"new"
        assert [hop.subject for hop in lab.trace[-2:]] == ["rita@contoso.example (user)"] * 2

    @pytest.mark.parametrize("person", ["olivia", "carl", "rita"])
    def test_no_role_of_the_control_plane_opens_data(
        self, lab: Lab, account: StorageAccount, person: str
    ) -> None:
        token = lab.sign_in(person, resource=STORAGE).bearer
        with pytest.raises(Forbidden) as caught:
            lab.ask(person, BlobStorage.get, account.id, token, "a")
        assert caught.value.code == "AuthorizationPermissionMismatch"

    def test_a_token_for_resource_manager_opens_no_data(self, lab: Lab, account: StorageAccount) -> None:
        give(lab, "rita", STORAGE_DATA, account.id)
        with pytest.raises(WrongAudience) as caught:
            lab.ask("rita", BlobStorage.get, account.id, lab.sign_in("rita").bearer, "a")
        assert (caught.value.status, caught.value.code) == (401, "InvalidAuthenticationInfo")

    def test_an_expired_token_opens_no_data(self, lab: Lab, account: StorageAccount) -> None:
        give(lab, "rita", STORAGE_DATA, account.id)
        token = lab.sign_in("rita", resource=STORAGE).bearer
        lab.clock.advance("61m")
        with pytest.raises(TokenExpired):
            lab.ask("rita", BlobStorage.get, account.id, token, "a")


class TestBlobWithAnAccountKey:
    @pytest.mark.parametrize("key", ["key1", "key2"])
    def test_both_keys_open_the_whole_account_and_no_role_is_asked(
        self, lab: Lab, account: StorageAccount, key: str
    ) -> None:
        put = signed(lab, account, BlobStorage.put, "c", b"new", key=key)
        lab.ask("somebody", BlobStorage.put, account.id, put, "c", b"new")
        get = signed(lab, account, BlobStorage.get, "c", key=key)
        assert lab.ask("somebody", BlobStorage.get, f"https://{account.host}/c", get, "c") == b"new"
        assert lab.trace[-1].why.startswith("the credential itself opens")
        assert lab.trace[-1].subject == f"{account.name} (account key)"

    def test_positional_and_keyword_arguments_are_the_same_request(
        self, lab: Lab, account: StorageAccount
    ) -> None:
        cred = signed(lab, account, BlobStorage.get, "a")
        assert lab.ask("somebody", BlobStorage.get, account.id, cred, name="a") == b"blob a"

    @pytest.mark.parametrize(
        ("signed_args", "args", "kwargs"),
        [(("a",), ("b",), {}), (("a",), (), {"name": "b"}), ((), (), {"name": "b"}), ((), ("b",), {})],
    )
    def test_a_signature_opens_no_other_blob(
        self, lab: Lab, account: StorageAccount, signed_args: Any, args: Any, kwargs: Any
    ) -> None:
        cred = signed(lab, account, BlobStorage.get, *signed_args)
        with pytest.raises(RequestNotCovered) as caught:
            lab.ask("somebody", BlobStorage.get, account.id, cred, *args, **kwargs)
        assert (caught.value.status, caught.value.code) == (403, "AuthenticationFailed")

    @pytest.mark.parametrize("signed_args", [("a\n*", b""), ("a\nif_match='*'", b""), ("a", b"", "", "*")])
    def test_no_text_of_what_was_signed_takes_the_place_of_another(
        self, lab: Lab, account: StorageAccount, signed_args: Any
    ) -> None:
        cred = signed(lab, account, BlobStorage.put, *signed_args)
        with pytest.raises(RequestNotCovered):
            lab.ask("somebody", BlobStorage.put, account.id, cred, "a", b"changed", "*")
        assert kept(lab, "storage", "a") == b"blob a"

    def test_a_signature_of_another_operation_opens_nothing(self, lab: Lab, account: StorageAccount) -> None:
        cred = signed(lab, account, BlobStorage.get, "a")
        with pytest.raises(RequestNotCovered):
            lab.ask("somebody", BlobStorage.put, account.id, cred, "a", b"changed")
        assert kept(lab, "storage", "a") == b"blob a"

    def test_arguments_that_do_not_fit_open_nothing(self, lab: Lab, account: StorageAccount) -> None:
        for request in ("", BlobStorage.get.request(account.id, ())):
            cred = SharedKey.sign(account.name, account.access_keys["key1"], request, lab.clock.now)
            with pytest.raises((RequestNotCovered, BadRequest)):
                lab.ask("somebody", BlobStorage.get, account.id, cred, "a", "b", "c")

    def test_a_signature_for_another_account_opens_nothing(self, lab: Lab, account: StorageAccount) -> None:
        accounts = [one for one in lab.resources if isinstance(one, StorageAccount)]
        key = account.access_keys["key1"]
        for cred in (
            SharedKey.sign(account.name, key, BlobStorage.get.request(accounts[1].id, ("a",)), lab.clock.now),
            SharedKey.sign(
                accounts[1].name, key, BlobStorage.get.request(accounts[1].id, ("a",)), lab.clock.now
            ),
        ):
            with pytest.raises(Unauthenticated):
                lab.ask("somebody", BlobStorage.get, accounts[1].id, cred, "a")

    def test_a_regenerated_key_signs_nothing_any_more(self, lab: Lab, account: StorageAccount) -> None:
        old, other = (signed(lab, account, BlobStorage.get, "a", key=key) for key in ("key1", "key2"))
        account.access_keys["key1"] = lab.parts.entropy("another key", 64)
        with pytest.raises(Unauthenticated) as caught:
            lab.ask("somebody", BlobStorage.get, account.id, old, "a")
        assert "regenerated" in caught.value.advice
        assert lab.ask("somebody", BlobStorage.get, account.id, other, "a") == b"blob a"

    @pytest.mark.parametrize(("age", "good"), [(0, True), (FRESH, True), (FRESH + 1, False)])
    def test_a_signature_is_good_for_a_quarter_of_an_hour(
        self, lab: Lab, account: StorageAccount, age: int, good: bool
    ) -> None:
        cred = signed(lab, account, BlobStorage.get, "a")
        lab.clock.advance(age)
        assert bool(lab.attempt("somebody", BlobStorage.get, account.id, cred, "a")) is good

    def test_a_date_from_the_future_is_refused(self, lab: Lab, account: StorageAccount) -> None:
        request, key = BlobStorage.get.request(account.id, ("a",)), account.access_keys["key1"]
        cred = SharedKey.sign(account.name, key, request, lab.clock.now + FRESH + 1)
        with pytest.raises(Unauthenticated):
            lab.ask("somebody", BlobStorage.get, account.id, cred, "a")

    def test_a_changed_date_breaks_the_signature(self, lab: Lab, account: StorageAccount) -> None:
        old = signed(lab, account, BlobStorage.get, "a")
        lab.clock.advance("20m")
        renewed = SharedKey(old.account, old.request, lab.clock.now, old.signature)
        with pytest.raises(Unauthenticated):
            lab.ask("somebody", BlobStorage.get, account.id, renewed, "a")

    @pytest.mark.parametrize("signature", ["", "é", "\ud800", None, 5, b"x", "A" * 44])
    def test_nonsense_in_place_of_a_signature_is_refused(
        self, lab: Lab, account: StorageAccount, signature: Any
    ) -> None:
        request = BlobStorage.get.request(account.id, ("a",))
        for at in (lab.clock.now, "now", None):
            cred = SharedKey(account.name, request, cast(int, at), signature)
            with pytest.raises(Unauthenticated):
                lab.ask("somebody", BlobStorage.get, account.id, cred, "a")

    def test_the_key_does_not_show(self, lab: Lab, account: StorageAccount) -> None:
        assert repr(signed(lab, account, BlobStorage.get, "a")) == "<account key>"
        assert "access_keys" not in repr(account)


@dataclass(frozen=True, repr=False)
class ServiceKey(Credential):
    """The key of a scoring service: whoever has it may call."""

    key: str = field(repr=False)
    kind: ClassVar[str] = "service key"


@dataclass(eq=False)
class ScoringEndpoint(Resource):
    """`auth_mode` is `key` or `token`, as its owner set it."""

    service: ClassVar[str] = "Scoring service"
    auth_mode: str = field(default="key", kw_only=True)
    key: str = field(default="scoring-key", kw_only=True)


def _kinds(endpoint: ScoringEndpoint) -> tuple[type[Credential], ...]:
    return (ServiceKey,) if endpoint.auth_mode == "key" else (Bearer,)


class Scoring(Service):
    name = "Scoring service"
    resource = ScoringEndpoint

    @operation("Score", data_action="Example/services/score/action", accepts=_kinds)
    def score(self, call: Call[ScoringEndpoint], numbers: list[float]) -> float:
        return sum(numbers)

    @operation("Swagger", accepts=(Anonymous,))
    def swagger(self, call: Call[ScoringEndpoint]) -> dict[str, str]:
        return {"title": call.target.name}


def authenticate_service_key(cred: ServiceKey, target: ScoringEndpoint, now: int) -> Identity:
    if cred.key != target.key:
        raise Unauthenticated("This is not the service's key.")
    return Identity("service key", target.name, capability=Capability(target.id, ("Example/services/*",)))


@pytest.fixture
def endpoint(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> ScoringEndpoint:
    """A scoring service as a new service behind the lab's own door."""
    scope = f"{lab.workspace}/services/score"
    made = ScoringEndpoint(scope, "score", "score.example", "eastus", tenant_id=lab.tenant, audience=ARM)
    lab.resources.add(made)
    lab.parts.door.install(Scoring())
    # A new kind of credential is one more entry in the door's table.
    monkeypatch.setitem(lab.parts.door.authenticators, ServiceKey, authenticate_service_key)  # type: ignore[arg-type]
    return made


class TestScoring:
    def test_with_keys_the_key_opens_and_roles_are_never_asked(
        self, lab: Lab, endpoint: ScoringEndpoint
    ) -> None:
        assert lab.ask("app", Scoring.score, endpoint.id, ServiceKey("scoring-key"), [1, 2]) == 3
        assert lab.trace[-1].why == "the credential itself opens Example/services/score/action"

    def test_with_keys_a_token_is_not_taken(self, lab: Lab, endpoint: ScoringEndpoint) -> None:
        with pytest.raises(CredentialNotAccepted) as caught:
            lab.ask("olivia", Scoring.score, endpoint.id, lab.sign_in("olivia").bearer, [1])
        assert caught.value.required == "service key"

    def test_with_tokens_the_key_is_not_taken(self, lab: Lab, endpoint: ScoringEndpoint) -> None:
        endpoint.auth_mode = "token"
        with pytest.raises(CredentialNotAccepted) as caught:
            lab.ask("app", Scoring.score, endpoint.id, ServiceKey("scoring-key"), [1])
        assert caught.value.required == "bearer token"

    def test_with_tokens_roles_decide(self, lab: Lab, endpoint: ScoringEndpoint) -> None:
        endpoint.auth_mode = "token"
        with pytest.raises(Forbidden):
            lab.ask("olivia", Scoring.score, endpoint.id, lab.sign_in("olivia").bearer, [1])

    @pytest.mark.parametrize(
        ("cred", "refusal"), [(ServiceKey("wrong"), Unauthenticated), (Anonymous(), CredentialMissing)]
    )
    def test_a_wrong_key_and_no_key_are_refused(
        self, lab: Lab, endpoint: ScoringEndpoint, cred: Credential, refusal: type[Refusal]
    ) -> None:
        with pytest.raises(refusal):
            lab.ask("app", Scoring.score, endpoint.id, cred, [1])

    def test_the_key_of_one_service_opens_no_other(self, lab: Lab, endpoint: ScoringEndpoint) -> None:
        other = ScoringEndpoint(
            endpoint.id + "2", "other", "other.example", tenant_id=lab.tenant, key="other-key"
        )
        lab.resources.add(other)
        with pytest.raises(Unauthenticated):
            lab.ask("app", Scoring.score, other.id, ServiceKey("scoring-key"), [1])

    def test_what_accepts_anybody_stands_beside_what_does_not(
        self, lab: Lab, endpoint: ScoringEndpoint
    ) -> None:
        assert lab.ask("app", Scoring.swagger, endpoint.id, Anonymous()) == {"title": "score"}


class TestTokenEndpoint:
    def test_the_credential_of_the_call_becomes_the_subject_of_the_token(self, lab: Lab) -> None:
        answer = lab.ask("app", AzureAD.token, lab.tenant, ClientSecret(CLIENT_ID, CLIENT_SECRET))
        assert answer.access_token.claims["appid"] == CLIENT_ID
        [hop] = lab.trace
        assert (hop.credential, hop.subject) == ("client secret", "ml-auth (service principal)")

    def test_nobody_gets_a_token_for_nothing(self, lab: Lab) -> None:
        with pytest.raises(CredentialMissing) as caught:
            lab.ask("app", AzureAD.token, lab.tenant, Anonymous())
        assert caught.value.code.startswith("AADSTS")

    def test_a_token_buys_no_token(self, lab: Lab) -> None:
        with pytest.raises(CredentialNotAccepted) as caught:
            lab.ask("carl", AzureAD.token, lab.tenant, lab.sign_in("carl").bearer)
        assert caught.value.code.startswith("AADSTS")

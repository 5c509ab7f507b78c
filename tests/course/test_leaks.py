"""What a leaked credential opens: each one tried, in a lab in which it is known what it should open."""

import re
from dataclasses import replace
from typing import Any

import pytest

from labkit.azure import (
    ARM,
    KEY_VAULT,
    STORAGE,
    Anonymous,
    AzureAD,
    Bearer,
    BlobStorage,
    ClientSecret,
    ContainerRegistry,
    KeyVault,
    Models,
    Password,
    RegistryPassword,
    ResourceManager,
    Runs,
    ServiceKey,
    SharedKey,
    VaultAccess,
)
from labkit.core.credential import Credential
from labkit.core.errors import BadInput, Refusal
from labkit.core.resource import Component
from labkit.course.data_flows import FLOWS, data_flow
from labkit.course.leak_trials import THIEF
from labkit.course.leaks import Leak, Leaks, leaks
from labkit.course.service_scene import deploy, fetch, keys_of, opens
from labkit.course.watching import watching
from labkit.furniture import CLIENT_ID, CLIENT_SECRET
from labkit.lab import Lab
from labkit.openings import Opening
from labkit.services.key_vault import Vault
from labkit.services.machine_learning.scoring import Scoring
from labkit.services.registry import Registry
from labkit.services.storage import StorageAccount
from tests.course.refusing import taken


def leaked(lab: Lab, cred: Credential, op: Any, target: str, *args: Any, who: str = "carl") -> Leak:
    """What is said of the credential of one call."""
    with watching(lab) as watch:
        lab.attempt(who, op, target, cred, *args)
    return leaks(watch).of(1)


def direct(lab: Lab, cred: Credential) -> set[Opening]:
    return set(lab.opens(cred).opened)


def password(lab: Lab, who: str = "carl") -> Password:
    return Password(lab.people[who].upn, lab.people[who].password)


def account(lab: Lab) -> StorageAccount:
    found = lab.resources.find(lab.storage)
    assert isinstance(found, StorageAccount)
    return found


def signed(lab: Lab, op: Any, *args: Any) -> SharedKey:
    key = account(lab).access_keys["key1"]
    return SharedKey.sign(account(lab).name, key, op.request(lab.storage, args), lab.clock.now)


# ---- what it opens


def test_a_token_opens_what_it_is_found_to_open_when_it_is_tried_on_everything(lab: Lab) -> None:
    token = lab.sign_in("carl").bearer
    leak = leaked(lab, token, ResourceManager.get, lab.workspace)
    assert set(leak.opens) == direct(lab, token)
    assert (leak.further, leak.inside, leak.once) == ((), (), False)
    assert (leak.kind, leak.subject) == ("bearer token", "carl@contoso.example (user)")
    assert (leak.held, leak.shown_to) == ("Client", ("Azure Resource Manager",))


@pytest.mark.parametrize("who", ["carl", "rita"])
def test_a_password_opens_besides_all_that_its_tokens_open(lab: Lab, who: str) -> None:
    leak = leaked(lab, password(lab, who), AzureAD.token, lab.tenant, who=who)
    tokens = [lab.sign_in(who, resource=audience).bearer for audience in (ARM, KEY_VAULT, STORAGE)]
    graph = lab.sign_in(who, resource="https://graph.windows.net").bearer
    assert {one.operation for one in leak.opens} == {"Get token", "Approve device code"}
    wanted = set().union(*(direct(lab, token) for token in (*tokens, graph)))
    assert wanted <= set(leak.further)
    # And nothing but what takes a token of another service.
    assert {one.service for one in set(leak.further) - wanted} <= {"Azure Databricks", "Azure AD"}


def test_tokens_of_a_tenant_are_none_for_what_another_one_guards() -> None:
    lab = data_flow("create workspace, with other compute").watch.lab
    foreign = next(one for one in lab.resources if isinstance(one, Vault) and one.tenant_id != lab.tenant)
    for vault in (foreign.id, lab.vault):
        # As if both policies named carl.
        lab.parts.access.policies.grant(vault, lab.people["carl"].object_id, ("*",))
    leak = leaked(lab, password(lab), AzureAD.token, lab.tenant)
    secrets = {one.target for one in leak.further if one.operation == "Get secret"}
    assert secrets == {lab.vault}


def test_a_service_key_opens_its_service_alone(lab: Lab) -> None:
    service = deploy(lab, "key")
    key = keys_of(lab, service)[0]
    leak = leaked(lab, key, Scoring.score, service.endpoint, '{"data": []}')
    assert [(one.operation, one.target) for one in leak.all] == [("Score", service.endpoint)]
    assert leak.reach == "1 operation on 1 resource"


def test_what_opens_nothing_is_said_to_open_nothing(lab: Lab) -> None:
    leak = leaked(lab, Bearer("no token"), ResourceManager.get, lab.workspace)
    assert (leak.all, leak.reach) == ((), "nothing")
    [row] = Leaks((leak,), lab.clock.now).as_table().rows
    assert row[3:5] == ("nothing", "")


# ---- signatures


def test_a_signature_opens_that_request_again_and_nothing_else(lab: Lab) -> None:
    lab.ask("x", BlobStorage.put, lab.storage, signed(lab, BlobStorage.put, "c/a", b""), "c/a", b"data")
    leak = leaked(lab, signed(lab, BlobStorage.get, "c/a"), BlobStorage.get, lab.storage, "c/a")
    assert [(one.operation, one.target) for one in leak.all] == [("Get Blob", lab.storage)]
    assert leak.once
    assert leak.reach == "that one request again: Get Blob"


def test_a_signature_with_named_arguments_is_replayed_with_them(lab: Lab) -> None:
    key = account(lab).access_keys["key1"]
    request = BlobStorage.get.request(lab.storage, ("c/a",), {"if_match": "*"})
    cred = SharedKey.sign(account(lab).name, key, request, lab.clock.now)
    with watching(lab) as watch:
        lab.attempt("x", BlobStorage.get, lab.storage, cred, "c/a", if_match="*")
    assert [one.operation for one in leaks(watch).of(1).all] == ["Get Blob"]


def test_a_signature_of_another_request_opens_nothing(lab: Lab) -> None:
    cred = signed(lab, BlobStorage.get, "c/b")
    assert leaked(lab, cred, BlobStorage.get, lab.storage, "c/a").all == ()


def test_a_signature_of_a_list_is_one_request_however_often_it_is_found(lab: Lab) -> None:
    cred = signed(lab, BlobStorage.list_blobs)
    leak = leaked(lab, cred, BlobStorage.list_blobs, lab.storage)
    assert [one.operation for one in leak.all] == ["List Blobs"]


# ---- until when


def refused_at(lab: Lab, leak: Leak, op: Any, target: str, cred: Credential, *args: Any) -> tuple[bool, bool]:
    """Whether it is taken a second before its end, and at its end, in a lab whose clock is advanced."""
    assert leak.until is not None
    lab.clock.advance(leak.until - 1 - lab.clock.now)
    before = _taken(lab, op, target, cred, *args)
    lab.clock.advance(1)
    return before, _taken(lab, op, target, cred, *args)


def _taken(lab: Lab, op: Any, target: str, cred: Credential, *args: Any) -> bool:
    verdict = lab.attempt("x", op, target, cred, *args)
    return not isinstance(verdict.refusal, Refusal) or verdict.refusal.stage == "operation"


def test_a_token_ends_when_the_door_refuses_it(lab: Lab) -> None:
    token = lab.sign_in("carl").bearer
    lab.clock.advance("7m")
    leak = leaked(lab, token, ResourceManager.get, lab.workspace)
    assert leak.end == "until 2020-03-13 09:59:59Z"
    assert refused_at(lab, leak, ResourceManager.get, lab.workspace, token) == (True, False)


def test_a_signature_ends_when_the_door_refuses_it(lab: Lab) -> None:
    cred = signed(lab, BlobStorage.get, "c/a")
    leak = leaked(lab, cred, BlobStorage.get, lab.storage, "c/a")
    assert leak.until == lab.clock.now + 15 * 60 + 1
    assert refused_at(lab, leak, BlobStorage.get, lab.storage, cred, "c/a") == (True, False)


def test_a_client_secret_ends_when_the_door_refuses_it(lab: Lab) -> None:
    cred = ClientSecret(CLIENT_ID, CLIENT_SECRET)
    leak = leaked(lab, cred, AzureAD.token, lab.tenant)
    assert refused_at(lab, leak, AzureAD.token, lab.tenant, cred) == (True, False)


def test_a_service_token_ends_after_an_hour(lab: Lab) -> None:
    service = deploy(lab, "token")
    token = opens(fetch(lab, service))
    leak = leaked(lab, token, Scoring.score, service.endpoint, "[]")
    assert leak.until == lab.clock.now + 3600


def test_a_code_of_a_second_factor_ends_with_it(lab: Lab) -> None:
    carl = lab.people["carl"]
    cred = Password(carl.upn, carl.password, carl.code(lab.clock.now))
    leak = leaked(lab, cred, AzureAD.token, lab.tenant)
    assert refused_at(lab, leak, AzureAD.token, lab.tenant, cred) == (True, False)
    assert leak.until is not None
    assert leak.until - lab.clock.now <= 30


def test_what_does_not_expire_ends_when_it_is_replaced(lab: Lab) -> None:
    registry = next(one for one in lab.resources if isinstance(one, Registry))
    service = deploy(lab, "key")
    key = ServiceKey(keys_of(lab, service)[0].key)
    admin = RegistryPassword(registry.name, registry.passwords["password"])
    for leak in (
        leaked(lab, password(lab), AzureAD.token, lab.tenant),
        leaked(lab, admin, ContainerRegistry.pull, registry.id, "x:1"),
        leaked(lab, key, Scoring.score, service.endpoint, "[]"),
    ):
        assert leak.all
        assert (leak.until, leak.end) == (None, "until it is replaced")


def test_what_has_expired_opens_nothing_any_more(lab: Lab) -> None:
    token = lab.sign_in("carl").bearer
    lab.clock.advance("2h")
    leak = leaked(lab, token, ResourceManager.get, lab.workspace)
    assert (leak.all, leak.until) == ((), lab.clock.now)


# ---- from where


class Home:
    """A firewall that admits one network."""

    required = "home"

    def advice(self, network: str) -> str:
        return ""

    def admits(self, network: str) -> bool:
        return network == "home"


def test_what_a_network_refuses_is_open_from_inside_alone(lab: Lab) -> None:
    vault, carl = lab.resources.find(lab.vault), lab.people["carl"].object_id
    policy = {"secrets": ["get", "list"]}
    lab.ask("carl", VaultAccess.set_policy, lab.vault, lab.sign_in("carl").bearer, carl, policy)
    token = lab.sign_in("carl", resource=KEY_VAULT).bearer
    everything = direct(lab, token)
    vault.firewall = Home()
    with watching(lab) as watch:
        at_home = Component("carl", network="home")
        lab.parts.door.ask(at_home, KeyVault.list_secrets, lab.vault, token)
    leak = leaks(watch).of(1)
    assert "Key Vault" in {one.service for one in everything}
    assert "Key Vault" not in {one.service for one in leak.all}
    assert {one for one in everything if one.service == "Key Vault"} == set(leak.inside)
    [row] = Leaks((leak,), 0).as_table().rows
    more = r"; \d+ operations on 1 resource more from where it was seen"
    assert re.fullmatch(re.escape(leak.reach) + more, str(row[3]))
    # It lasts, though nothing is open from the internet.
    [row] = Leaks((replace(leak, opens=(), further=()),), 0).as_table().rows
    assert row[4] == leak.end != ""


def test_the_thief_is_on_the_internet() -> None:
    assert THIEF.network == "internet"


# ---- which arrows


def test_only_what_crosses_a_boundary_and_shows_something_is_tried(lab: Lab) -> None:
    token = lab.sign_in("carl").bearer
    with watching(lab) as watch:
        lab.attempt("carl", ResourceManager.get, lab.workspace, Anonymous())
        lab.ask("carl", ResourceManager.get, lab.workspace, token)
        lab.attempt("carl", ResourceManager.get, "nowhere", token)
    found = leaks(watch)
    assert [one.places for one in found.found] == [(2,)]
    for place in (0, 1, 3, -1, True, "2", None):
        with pytest.raises(BadInput, match="No credential crossed"):
            found.of(place)  # type: ignore[arg-type]


def test_a_call_inside_of_a_boundary_leaks_nothing(lab: Lab) -> None:
    token = lab.sign_in("carl").bearer
    lab.ask("carl", Runs.submit, lab.workspace, token, "exp", lab.cluster, lambda run: run.log("a", 1))
    with watching(lab) as watch:
        lab.work()
    inside = {place for place, hop in enumerate(watch.trace, 1) if hop.origin == hop.boundary}
    assert inside
    assert not inside & {place for one in leaks(watch).found for place in one.places}


def test_one_credential_is_one_row_with_all_of_its_arrows(lab: Lab) -> None:
    with watching(lab) as watch:
        token = lab.sign_in("carl").bearer
        for _ in range(3):
            lab.ask("carl", ResourceManager.get, lab.workspace, token)
        lab.ask("carl", Models.list_models, lab.workspace, token)
    found = leaks(watch)
    assert [one.places for one in found.found] == [(1,), (2, 3, 4, 5)]
    assert found.of(5).shown_to == ("Azure Resource Manager", "Azure Machine Learning")


def test_the_first_of_a_kind_is_found_by_its_kind(lab: Lab) -> None:
    with watching(lab) as watch:
        for who in ("rita", "carl"):
            lab.ask(who, ResourceManager.get, lab.workspace, lab.sign_in(who).bearer)
    found = leaks(watch)
    assert found.by("bearer token") is found.of(2)
    with pytest.raises(BadInput) as caught:
        found.by("SSH key")
    assert caught.value.required == '"password", "bearer token"'
    assert taken(found.by) == {}


def test_tokens_that_open_the_same_for_as_long_are_one_row_and_others_are_not(lab: Lab) -> None:
    with watching(lab) as watch:
        for who in ("carl", "carl", "rita"):
            lab.ask(who, ResourceManager.get, lab.workspace, lab.sign_in(who).bearer)
        lab.clock.advance("1m")
        lab.ask("carl", ResourceManager.get, lab.workspace, lab.sign_in("carl").bearer)
    found = leaks(watch)
    assert [one.places for one in found.found if one.kind == "bearer token"] == [(2, 4), (6,), (8,)]


def test_it_says_what_was_readable_on_the_way() -> None:
    found = data_flow("web service").leaks()
    [clear] = [one for one in found.found if one.clear]
    assert clear.kind == "service key"
    assert found.as_table().rows[-1][-1] == f"readable in {clear.clear[0]}"
    assert found.as_table().rows[0][-1] == "encrypted"


# ---- trying changes nothing, and shows nothing


def test_trying_carries_nothing_out(lab: Lab) -> None:
    with watching(lab) as watch:
        token = lab.sign_in("olivia").bearer
        lab.ask("olivia", Models.register, lab.workspace, token, "m", b"data")
    state = (repr(lab.resources), str(lab.parts.arm.documents), len(lab.trace), lab.clock.now)
    drawn = dict(lab.parts.home.drawn)
    first = repr(leaks(watch))
    assert (repr(lab.resources), str(lab.parts.arm.documents), len(lab.trace), lab.clock.now) == state
    assert dict(lab.parts.home.drawn) == drawn
    assert repr(leaks(watch)) == first


def test_no_credential_is_shown(lab: Lab) -> None:
    with watching(lab) as watch:
        token = lab.sign_in("carl").bearer
        lab.ask("carl", ResourceManager.get, lab.workspace, token)
    found = leaks(watch)
    shown = repr(found) + str(found._repr_mimebundle_()) + repr(found.found) + repr(found.of(2))
    assert str(token.token) not in shown
    assert lab.people["carl"].password not in shown


def test_the_same_seed_gives_the_same_words() -> None:
    assert repr(data_flow("metrics").leaks()) == repr(data_flow("metrics").leaks())


def test_one_leak_says_which_operations_and_where(lab: Lab) -> None:
    leak = leaked(lab, password(lab), AzureAD.token, lab.tenant)
    table = leak.as_table()
    assert len(table.rows) == len({(one.service, one.operation) for one in leak.all})
    assert table.caption.startswith("password of carl@contoso.example (user): ")
    assert table.caption.endswith(", with the tokens that it gets, until it is replaced")


@pytest.mark.parametrize("name", FLOWS)
def test_every_arrow_of_every_flow_that_crosses_with_something_is_there_once(name: str) -> None:
    flow = data_flow(name)
    wanted = [
        place
        for place, hop in enumerate(flow.trace, 1)
        if hop.origin != hop.boundary and hop.credential != "no credential"
    ]
    found = flow.leaks()
    assert sorted(place for one in found.found for place in one.places) == wanted
    assert all(one.all for one in found.found)


def test_what_is_no_watch_is_bad_input() -> None:
    assert taken(leaks) == {}

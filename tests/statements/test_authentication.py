"""What the documents say about signing in and about tokens, attempted in the lab. Each test does what the
ledger's `shown_by` says of its statement."""

from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest

import labkit
from labkit.access.assignment import RoleAssignment
from labkit.access.roles import built_in
from labkit.authenticators.client_secret import ClientSecret
from labkit.authenticators.password import Password
from labkit.authenticators.refresh_token import RefreshToken
from labkit.authenticators.run_token import ISSUER, RunToken
from labkit.core.credential import Anonymous, Bearer, Credential
from labkit.core.door import Door
from labkit.core.errors import GuestNotSupported, Refusal
from labkit.core.operation import Op
from labkit.core.resource import Component
from labkit.course.operations import OPERATIONS
from labkit.furniture import CLIENT_ID, CLIENT_SECRET, PARTNER_TENANT
from labkit.identity.errors import SecondFactorRequired, SignInRefused, TokenExpired, WrongAudience
from labkit.identity.totp import totp
from labkit.lab import Lab
from labkit.services.azure_ad import ARM, GRAPH, KEY_VAULT, STORAGE, AzureAD
from labkit.services.key_vault import KeyVault
from labkit.services.machine_learning.compute import RunContext
from labkit.services.machine_learning.data_stores import DataStores
from labkit.services.machine_learning.run_secrets import RunSecrets
from labkit.services.machine_learning.runs import Runs
from labkit.services.resource_manager import ResourceManager
from tests.services.training import attach_hadoop, attach_machine, carried_out
from tests.statements.at_rest import in_each_release


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    in_each_release(metafunc)


@pytest.fixture
def lab(release: str) -> Lab:
    return labkit.start(release)


def submit(lab: Lab, cred: Credential, script: Any = lambda context: None) -> str:
    return lab.ask("client", Runs.submit, lab.workspace, cred, "train", lab.cluster, script).run_id


def stolen_token(lab: Lab) -> RunToken:
    """The ML service token of a run that waits on the compute target."""
    submit(lab, lab.sign_in("carl").bearer)
    [job] = lab.waiting_jobs()
    return RunToken(job.token.reveal())


@pytest.mark.proves("authn-mfa")
def test_where_a_second_factor_is_demanded_azure_ml_works_with_it(lab: Lab) -> None:
    lab.directory.mfa_required = True
    with pytest.raises(SecondFactorRequired) as caught:
        lab.sign_in("carl")
    assert caught.value.code == "AADSTS50076"
    token = lab.sign_in("carl", second_factor=True)
    assert token.claims["amr"] == ["pwd", "mfa"]
    assert submit(lab, token.bearer) == "train_1"


@pytest.mark.proves("authn-mfa")
def test_once_the_requirement_is_dropped_a_password_is_enough_again(lab: Lab) -> None:
    lab.directory.mfa_required = True
    with pytest.raises(SecondFactorRequired):
        lab.sign_in("carl")
    lab.directory.mfa_required = False
    token = lab.sign_in("carl")
    assert token.claims["amr"] == ["pwd"]
    assert submit(lab, token.bearer) == "train_1"


@pytest.mark.proves("authn-mfa")
@pytest.mark.parametrize("demanded", [True, False])
def test_password_and_code_have_to_be_right_and_amr_says_what_was_shown(lab: Lab, demanded: bool) -> None:
    lab.directory.mfa_required = demanded
    mary = lab.directory.add_user("mary", "secret", b"factor")
    code = totp(b"factor", lab.clock.now)

    def shown(password: str, code: str) -> Any:
        return lab.ask("mary", AzureAD.token, lab.tenant, Password(mary.upn, password, code))

    assert shown("secret", code).access_token.claims["amr"] == ["pwd", "mfa"]
    for password, second in (("secret", totp(b"another", lab.clock.now)), ("another", code), ("", code)):
        with pytest.raises(SignInRefused):
            shown(password, second)
    lab.clock.advance("2m")
    with pytest.raises(SignInRefused):
        shown("secret", code)


@pytest.mark.proves("authn-mfa")
def test_who_signed_in_with_a_password_alone_before_has_to_show_the_second_factor_too(lab: Lab) -> None:
    carl = lab.people["carl"]
    before = lab.ask("carl", AzureAD.token, lab.tenant, Password(carl.upn, carl.password))
    lab.directory.mfa_required = True
    with pytest.raises(SecondFactorRequired):
        lab.ask("carl", AzureAD.token, lab.tenant, RefreshToken(before.refresh_token))
    lab.directory.mfa_required = False
    again = lab.ask("carl", AzureAD.token, lab.tenant, RefreshToken(before.refresh_token))
    assert again.access_token.claims["amr"] == ["pwd"]


@pytest.mark.proves("authn-arm-token")
@pytest.mark.parametrize("who", ["carl", CLIENT_ID])
def test_signing_in_gives_a_token_for_resource_manager_that_the_published_keys_verify(
    lab: Lab, who: str
) -> None:
    token = lab.sign_in(who)
    assert token.header["alg"] == "RS256"
    assert token.claims["aud"] == ARM == "https://management.azure.com/"
    published = jwt.PyJWKSet.from_dict(lab.ask("client", AzureAD.jwks, lab.tenant, Anonymous()))
    our_clock: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    claims = jwt.decode(
        token.reveal(), published[token.header["kid"]], algorithms=["RS256"], audience=ARM, options=our_clock
    )
    assert claims == token.claims


@pytest.mark.proves("authn-arm-token")
def test_the_token_opens_resource_manager(lab: Lab) -> None:
    found = lab.ask("carl", ResourceManager.get, lab.workspace, lab.sign_in("carl").bearer)
    assert found["id"] == lab.workspace


@pytest.mark.proves("authn-users-and-sps")
def test_a_person_and_an_application_make_the_same_calls_with_the_same_answers(lab: Lab) -> None:
    answers = []
    for who in ("carl", CLIENT_ID):
        token = lab.sign_in(who).bearer
        run_id = submit(lab, token, lambda context: context.log("loss", 0.5))
        lab.work()
        run = lab.ask(who, Runs.get, lab.workspace, token, run_id)
        answers.append(
            (
                lab.ask(who, ResourceManager.get, lab.workspace, token),
                lab.ask(who, DataStores.list_stores, lab.workspace, token),
                (run.status, run.metrics),
            )
        )
    assert answers[0] == answers[1]
    assert answers[0][2] == ("Completed", [("loss", 0.5)])


@pytest.mark.proves("authn-users-and-sps")
def test_each_operation_of_the_documents_table_is_open_to_both_or_to_neither(lab: Lab) -> None:
    found: dict[str, dict[str, list[str]]] = {"carl": {}, CLIENT_ID: {}}
    for who, answers in found.items():
        for name, operation in OPERATIONS.items():
            if operation.is_in(lab):
                answers[name] = [way.verdict.code for way in operation.attempt(lab, who)]
    assert found["carl"] == found[CLIENT_ID]
    # Both are Contributors.
    owners = {"Share workspace", "Upgrade to Enterprise edition"}
    assert {name for name, codes in found["carl"].items() if any(codes)} == owners & found["carl"].keys()
    assert len(found["carl"]) == (13 if lab.release.editions else 12)


@pytest.mark.proves("authn-users-and-sps")
def test_their_tokens_differ_in_the_claims_that_say_who_they_are(lab: Lab) -> None:
    person, application = lab.sign_in("carl").claims, lab.sign_in(CLIENT_ID).claims
    assert set(person) - set(application) == {"amr", "scp", "upn"}
    assert set(application) - set(person) == {"app_displayname", "idtyp"}
    assert application["idtyp"] == "app"
    alike = {name for name in set(person) & set(application) if person[name] == application[name]}
    assert alike == {"aud", "iss", "iat", "nbf", "exp", "tid", "ver"}


@pytest.mark.proves("authn-token-presented")
def test_one_token_goes_with_the_calls_to_resource_manager_and_to_azure_ml(lab: Lab) -> None:
    token = lab.sign_in("carl").bearer
    lab.trace.clear()
    lab.ask("carl", ResourceManager.get, lab.workspace, token)
    run_id = submit(lab, token)
    lab.ask("carl", Runs.get, lab.workspace, token, run_id)
    lab.ask("carl", DataStores.list_stores, lab.workspace, token)
    lab.ask("carl", RunSecrets.put, lab.workspace, token, "api-key", "value")
    shown = [hop for hop in lab.trace if hop.parent == 0]
    assert {hop.service for hop in shown} == {"Azure Resource Manager", "Azure Machine Learning"}
    assert {(hop.credential, hop.subject) for hop in shown} == {
        ("bearer token", "carl@contoso.example (user)")
    }


@pytest.mark.proves("authn-token-presented")
def test_the_identity_of_the_token_goes_along_the_hops_of_one_call(lab: Lab) -> None:
    token = lab.sign_in("carl").bearer
    new = lab.workspace.replace("ml-example", "followed")
    lab.ask("carl", ResourceManager.put, new, token, "eastus")
    root, *inner = lab.trace.last()
    assert (root.credential, root.subject) == ("bearer token", "carl@contoso.example (user)")
    passed_on = [hop for hop in inner if hop.operation in ("PUT", "Provision")]
    assert {(hop.credential, hop.subject) for hop in passed_on} == {
        ("Resource Manager's certificate", "carl@contoso.example (user)")
    }


def takes_tokens(lab: Lab) -> Iterator[tuple[Op[..., Any], str, str]]:
    """Every operation of every service that takes a bearer token, on everything it can be called on, with the
    audience that it wants."""
    for service in lab.parts.door.services.values():
        for op in service.operations():
            for target in service.targets(lab.resources):
                resource, _ = service.locate(target, lab.resources)
                if Bearer in op.accepted(resource):
                    yield op, target, resource.audience


def status_of(door: Door, op: Op[..., Any], target: str, cred: Credential) -> int:
    with pytest.raises(Refusal) as caught:
        door.probe(Component("client"), op, target, cred)
    assert caught.value.stage == "authentication"
    return caught.value.status


@pytest.mark.proves("authn-token-presented")
@pytest.mark.parametrize("wrong", ["left out", "expired", "other audience", "other tenant"])
def test_without_a_token_that_is_meant_for_it_every_service_answers_401(lab: Lab, wrong: str) -> None:
    audiences = (ARM, KEY_VAULT, STORAGE, GRAPH)
    old = {audience: lab.sign_in("carl", resource=audience).bearer for audience in audiences}
    lab.clock.advance("61m")
    other = {ARM: KEY_VAULT, KEY_VAULT: STORAGE, STORAGE: GRAPH, GRAPH: ARM}
    shown: dict[str, dict[str, Credential]] = {
        "left out": {audience: Anonymous() for audience in audiences},
        "expired": dict(old),
        "other audience": {one: lab.sign_in("carl", resource=other[one]).bearer for one in audiences},
        "other tenant": {
            one: lab.sign_in("gita", resource=one, tenant=PARTNER_TENANT).bearer for one in audiences
        },
    }
    tried = list(takes_tokens(lab))
    assert {op.service.name for op, _, _ in tried} == {
        *("Azure Resource Manager", "Azure Machine Learning", "Machine Learning Compute"),
        *("Key Vault", "Azure Storage", "Container Registry", "Application Insights", "Azure AD Graph"),
    }
    codes = {status_of(lab.parts.door, op, target, shown[wrong][audience]) for op, target, audience in tried}
    assert codes == {401}


@pytest.mark.proves("authn-run-token")
def test_the_compute_calls_back_with_a_token_of_its_own_while_it_trains_and_at_the_end(lab: Lab) -> None:
    def script(context: RunContext) -> None:
        context.log("loss", 0.5)
        context.log("loss", 0.25)

    token = lab.sign_in("carl").bearer
    run_id = submit(lab, token, script)
    lab.trace.clear()
    assert lab.work() == [run_id]
    # What Azure ML does with each, which keeps the history, is another matter.
    calls = [hop for hop in lab.trace if hop.parent == 0]
    assert [hop.operation for hop in calls] == ["Log metric", "Log metric", "Complete run"]
    assert {(hop.caller, hop.service, hop.credential, hop.subject) for hop in calls} == {
        (lab.cluster, "Azure Machine Learning", "ML service token", f"{run_id} (run)")
    }
    run = lab.ask("carl", Runs.get, lab.workspace, token, run_id)
    assert (run.status, run.metrics) == ("Completed", [("loss", 0.5), ("loss", 0.25)])


# The compute target, if it is another one than the lab's cluster, and what it is called.
TARGETS: dict[str, tuple[Callable[[Lab], str], str]] = {
    "cluster": (lambda lab: "", "cpu-cluster"),
    "VM": (attach_machine, "box"),
    "HDInsight": (attach_hadoop, "spark"),
}


def failing(context: RunContext) -> None:
    raise ValueError


@pytest.mark.proves("authn-run-token")
@pytest.mark.parametrize("script", ["train.py", failing], ids=["snapshot", "failing"])
@pytest.mark.parametrize("on", TARGETS)
def test_whatever_the_compute_target_it_is_the_one_that_says_that_the_run_is_over(
    lab: Lab, on: str, script: Any
) -> None:
    attach, caller = TARGETS[on]
    target = attach(lab)
    for number in (1, 2):
        run = carried_out(lab, target, script)
        assert run.status == ("Failed" if script is failing else "Completed")
        last = [hop for hop in lab.trace if hop.operation == "Complete run"][-1]
        assert (last.caller, last.parent, last.outcome) == (caller, 0, "ok")
        assert (last.credential, last.subject) == ("ML service token", f"churn_{number} (run)")


@pytest.mark.proves("authn-run-token")
def test_the_token_is_still_good_when_a_run_of_days_ends(lab: Lab) -> None:
    token = lab.sign_in("carl").bearer
    run_id = submit(lab, token, lambda context: lab.clock.advance("2d"))
    assert lab.work() == [run_id]
    assert lab.ask("carl", Runs.get, lab.workspace, lab.sign_in("carl").bearer, run_id).status == "Completed"


@pytest.mark.proves("authn-run-token")
def test_the_token_reaches_the_compute_from_azure_ml_and_is_not_the_user_s(lab: Lab) -> None:
    users = lab.sign_in("carl")
    submit(lab, users.bearer)
    start = next(hop for hop in lab.trace if hop.operation == "Start job")
    assert (start.caller, start.resource) == ("ml-example", lab.cluster)
    assert start.subject == "ml-example (managed identity)"
    [job] = lab.waiting_jobs()
    assert job.token.reveal() != users.reveal()
    assert (job.token.claims["iss"], job.token.claims["sub"]) == (ISSUER, job.run_id)
    assert job.token.header["kid"] != users.header["kid"]


@pytest.mark.proves("authn-run-token-scope")
def test_a_second_workspace_resource_manager_and_key_vault_refuse_the_run_s_token(lab: Lab) -> None:
    token = stolen_token(lab)
    with pytest.raises(WrongAudience) as caught:
        lab.ask("thief", Runs.get, lab.other_workspace, token, "train_1")
    assert caught.value.status == 401
    for kind in (token, Bearer(token.token)):
        for op, target, args in (
            (ResourceManager.get, lab.workspace, ()),
            (KeyVault.get_secret, lab.vault, ("api-key",)),
        ):
            with pytest.raises(Refusal) as refused:
                lab.ask("thief", op, target, kind, *args)
            assert (refused.value.status, refused.value.stage) == (401, "authentication")


@pytest.mark.proves("authn-run-token-scope")
def test_by_trial_it_opens_run_history_data_stores_and_run_secrets_at_home_alone(lab: Lab) -> None:
    token = stolen_token(lab)
    found = lab.opens(token)
    assert {one.target for one in found.opened} == {lab.workspace}
    assert {one.operation for one in found.opened} == {
        *("Log metric", "Complete run", "Get run"),
        *("List data stores", "Get data store credential"),
        "Get run secret",
    }
    lab.ask("carl", RunSecrets.put, lab.workspace, lab.sign_in("carl").bearer, "api-key", "value")
    assert lab.ask("thief", Runs.get, lab.workspace, token, "train_1").status == "Queued"
    assert lab.ask("thief", RunSecrets.get, lab.workspace, token, "api-key").reveal() == "value"
    [store] = lab.ask("thief", DataStores.list_stores, lab.workspace, token)
    assert "AccountKey=" in lab.ask("thief", DataStores.credential, lab.workspace, token, store).reveal()


@pytest.mark.proves("authn-b2b")
def test_the_workspace_turns_a_guest_away_and_says_why(lab: Lab) -> None:
    at_home = lab.parts.partner.directory.add_user("pat", "secret", b"factor")
    guest = lab.directory.invite(at_home)
    member = lab.directory.add_user("mary", "secret", b"factor")
    for user in (guest, member):
        role = built_in()["contributor"].id
        held = RoleAssignment(f"given to {user.name}", user.object_id, role, lab.workspace)
        lab.parts.access.roles.add(held)
    tokens = [
        lab.ask(user.name, AzureAD.token, lab.tenant, Password(user.upn, "secret")).access_token.bearer
        for user in (guest, member)
    ]
    with pytest.raises(GuestNotSupported) as caught:
        submit(lab, tokens[0])
    assert "does not support business-to-business guests" in caught.value.message
    assert (caught.value.status, caught.value.code) == (403, "GuestUserNotSupported")
    assert "own tenant" in caught.value.required
    # What turned the guest away is not the role: a member who has the same one gets in.
    assert submit(lab, tokens[1]) == "train_1"


@pytest.mark.proves("authn-rest-lifetime")
def test_a_token_lasts_an_hour_and_repeating_the_call_gives_the_next(lab: Lab) -> None:
    secret = ClientSecret(CLIENT_ID, CLIENT_SECRET)
    answer = lab.ask("app", AzureAD.token, lab.tenant, secret)
    assert answer.expires_in == 3599
    old = answer.access_token.bearer
    lab.clock.advance("59m")
    assert lab.ask("app", ResourceManager.get, lab.workspace, old)
    lab.clock.advance("2m")
    with pytest.raises(TokenExpired) as caught:
        lab.ask("app", ResourceManager.get, lab.workspace, old)
    assert (caught.value.status, caught.value.code) == (401, "ExpiredAuthenticationToken")
    assert "has expired" in caught.value.message
    new = lab.ask("app", AzureAD.token, lab.tenant, secret).access_token.bearer
    assert lab.ask("app", ResourceManager.get, lab.workspace, new)

"""What is deleted and created again is another thing: what opened the first does not open the second."""

from __future__ import annotations

import pytest

from labkit.authenticators.run_token import RunToken
from labkit.authenticators.shared_key import SharedKey
from labkit.azure import (
    Anonymous,
    AzureAD,
    BlobStorage,
    DataStores,
    DeviceCode,
    Password,
    ResourceManager,
    Runs,
)
from labkit.core.errors import BadInput, BadRequest, Conflict, InsecureTransport, Unauthenticated
from labkit.core.operation import Op
from labkit.identity.errors import SecondFactorRequired, UnknownApplication, UserDisabled, WrongAudience
from labkit.lab import Lab, start
from labkit.services.machine_learning.compute import Compute
from labkit.services.storage import StorageAccount


def account(lab: Lab) -> StorageAccount:
    return next(one for one in lab.resources if isinstance(one, StorageAccount))


def again(lab: Lab, id: str) -> None:
    owner = lab.sign_in("olivia").bearer
    lab.ask("olivia", ResourceManager.delete, id, owner)
    lab.ask("olivia", ResourceManager.put, id, owner, "eastus")


def test_a_stolen_account_key_does_not_open_the_next_account_of_that_name(lab: Lab) -> None:
    first = account(lab)
    key = first.access_keys["key1"]
    again(lab, first.id)
    request = BlobStorage.put.request(first.id, ("a", b""))
    stolen = SharedKey.sign(first.name, key, request, lab.clock.now)
    with pytest.raises(Unauthenticated):
        lab.ask("mallory", BlobStorage.put, first.id, stolen, "a", b"")


def test_the_next_vault_of_that_name_has_an_empty_policy(lab: Lab) -> None:
    bearer = lab.sign_in("carl").bearer
    assert lab.attempt("carl", DataStores.credential, lab.workspace, bearer, "workspaceblobstore")
    again(lab, lab.vault)
    verdict = lab.attempt("carl", DataStores.credential, lab.workspace, bearer, "workspaceblobstore")
    assert verdict.code == "ForbiddenByPolicy"


def test_a_run_token_does_not_open_the_next_workspace_of_that_name(lab: Lab) -> None:
    bearer = lab.sign_in("carl").bearer
    lab.ask("carl", Runs.submit, lab.workspace, bearer, "churn", lab.cluster, print)
    token = RunToken(lab.waiting_jobs()[0].token.reveal())
    assert lab.attempt("mallory", Runs.get, lab.workspace, token, "churn_1")
    owner = lab.sign_in("olivia").bearer
    lab.ask("olivia", ResourceManager.delete, lab.workspace, owner)
    fresh = lab.attempt("olivia", ResourceManager.put, lab.workspace, owner, "eastus")
    assert fresh
    with pytest.raises(WrongAudience, match="earlier workspace"):
        lab.ask("mallory", Runs.get, lab.workspace, token, "churn_1")


@pytest.mark.parametrize("change", ["disabled", "second factor", "password"])
def test_an_approval_is_looked_at_again_when_the_code_is_redeemed(lab: Lab, change: str) -> None:
    person, user = lab.people["carl"], lab.directory.user("carl")
    assert user is not None
    code = lab.ask("tv", AzureAD.device_code, lab.tenant, Anonymous())
    lab.ask("carl", AzureAD.approve, lab.tenant, Password(person.upn, person.password), code.user_code)
    if change == "disabled":
        user.enabled = False
    elif change == "second factor":
        lab.directory.mfa_required = True
    else:
        lab.directory.set_password(user, "another")
    kinds = {"disabled": UserDisabled, "second factor": SecondFactorRequired, "password": Unauthenticated}
    with pytest.raises(kinds[change]):
        lab.ask("tv", AzureAD.token, lab.tenant, DeviceCode(code.device_code))


def test_a_code_is_approved_once(lab: Lab) -> None:
    code = lab.ask("tv", AzureAD.device_code, lab.tenant, Anonymous())
    carl, rita = lab.people["carl"], lab.people["rita"]
    lab.ask("carl", AzureAD.approve, lab.tenant, Password(carl.upn, carl.password), code.user_code)
    assert not lab.attempt(
        "rita", AzureAD.approve, lab.tenant, Password(rita.upn, rita.password), code.user_code
    )


@pytest.mark.parametrize("client_id", ["no-such-app", None, 5, [1], b"x", "\ud800"])
def test_a_person_signs_in_through_a_known_application_only(lab: Lab, client_id: object) -> None:
    carl = lab.people["carl"]
    cred = Password(carl.upn, carl.password, client_id=client_id)  # type: ignore[arg-type]
    with pytest.raises(UnknownApplication):
        lab.ask("carl", AzureAD.token, lab.tenant, cred)


@pytest.mark.parametrize("scheme", ["http", "ftp", "javascript", " http", "http\u200b"])
def test_every_scheme_but_https_is_in_the_clear(lab: Lab, scheme: str) -> None:
    target = f"{scheme}://management.azure.com{lab.workspace}"
    with pytest.raises(InsecureTransport):
        lab.ask("carl", ResourceManager.get, target, lab.sign_in("carl").bearer)
    assert lab.trace[-1].encrypted is False


def test_a_text_that_changes_its_mind_is_no_target(lab: Lab) -> None:
    class Shifty(str):
        def lower(self) -> str:
            return lab.other_workspace.lower()

    with pytest.raises(BadInput):
        lab.ask("carl", ResourceManager.get, Shifty(lab.workspace), lab.sign_in("carl").bearer)


@pytest.mark.parametrize("op", [ResourceManager.put, ResourceManager.delete], ids=str)
def test_a_guest_neither_creates_nor_deletes_a_workspace(lab: Lab, op: Op[..., object]) -> None:
    guest = lab.sign_in("gita").bearer
    new = lab.workspace + "2" if op is ResourceManager.put else lab.workspace
    arguments = ("eastus",) if op is ResourceManager.put else ()
    verdict = lab.attempt("gita", op, new, guest, *arguments)
    assert verdict.code == "GuestUserNotSupported"
    assert lab.resources.get(lab.workspace) is not None


def test_what_is_no_job_is_not_queued(lab: Lab) -> None:
    target = f"{lab.workspace}/computes/{lab.cluster}"
    with pytest.raises(BadRequest):
        lab.ask("carl", Compute.start, target, lab.sign_in("carl").bearer, "garbage")  # type: ignore[arg-type]
    assert lab.work() == []


def test_a_script_that_lets_the_cluster_work_does_not_break_it(lab: Lab) -> None:
    bearer = lab.sign_in("carl").bearer
    lab.ask("carl", Runs.submit, lab.workspace, bearer, "churn", lab.cluster, lambda run: lab.work())
    assert lab.work() == ["churn_1"]


def test_a_vault_s_name_is_taken_in_all_of_azure(lab: Lab) -> None:
    elsewhere = lab.vault.replace("your-resource-group-name", "your-resource-group-id")
    with pytest.raises(Conflict, match="taken"):
        lab.ask("olivia", ResourceManager.put, elsewhere, lab.sign_in("olivia").bearer, "eastus")


def test_one_identity_more_changes_no_other(lab: Lab) -> None:
    other = start()
    other.sign_in("rita")
    assert other.sign_in("carl").reveal() == lab.sign_in("carl").reveal()

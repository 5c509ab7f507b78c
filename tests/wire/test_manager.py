"""Resource Manager over HTTP: resources, lists, actions, and how it refuses."""

import json
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

import labkit
from labkit.lab import Lab
from labkit.wire import routes
from labkit.wire.message import DEEPEST_BODY, Request
from tests.services.state import everything
from tests.services.stores import ENOUGH, account, allow, customer, disable, new_version
from tests.wire.conftest import Arm

ML = "Microsoft.MachineLearningServices/workspaces"
BODY = {"location": "eastus", "properties": {}}


def refused(
    lab: Lab, arm: Arm, status: int, code: str, verb: str, path: str, body: Any = None, **options: Any
) -> str:
    """The message of a refusal, which leaves everything as it was."""
    before = everything(lab)
    answer = arm(verb, path, body, **options)
    assert everything(lab) == before
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code), error
    assert len(error["message"]) < 4000
    assert arm("GET", lab.workspace).status_code == 200
    return str(error["message"])


class TestResources:
    def test_a_workspace_is_created_read_changed_and_deleted(self, attached: Lab, arm: Arm) -> None:
        path = f"{attached.resource_group}/providers/{ML}/new-one"
        made = arm("PUT", path, {**BODY, "identity": {"type": "systemAssigned"}}, who="carl")
        assert made.status_code == 201
        shown = made.json()
        assert (shown["id"], shown["name"], shown["type"], shown["location"]) == (
            path,
            "new-one",
            ML,
            "eastus",
        )
        assert shown["properties"]["provisioningState"] == "Succeeded"
        assert shown["identity"]["type"] == "SystemAssigned"
        vault = arm("GET", shown["properties"]["keyVault"])
        assert vault.json()["type"] == "Microsoft.KeyVault/vaults"
        # What was read can be written back.
        again = arm("PUT", path, {name: shown[name] for name in ("id", "location", "identity", "properties")})
        assert (again.status_code, again.json()) == (200, shown)
        assert arm("GET", path, who="rita").json() == shown
        assert arm("DELETE", path).status_code == 200
        assert arm("GET", path).status_code == 404

    def test_a_workspace_uses_what_exists_already(self, attached: Lab, arm: Arm) -> None:
        path = f"{attached.resource_group}/providers/{ML}/second"
        made = arm("PUT", path, {**BODY, "properties": {"keyVault": attached.vault}}).json()
        assert made["properties"]["keyVault"] == attached.vault
        assert arm("PUT", path, {"location": "eastus", "properties": made["properties"]}).json() == made

    def test_ids_do_not_care_about_case_nor_about_escapes(self, attached: Lab, arm: Arm) -> None:
        path = attached.workspace.replace("ml-example", "ML%2DExample").replace(
            "resourceGroups", "RESOURCEGROUPS"
        )
        assert arm("GET", path).json()["id"] == attached.workspace

    @pytest.mark.parametrize("end", ["%3Fx", "%2F..%2Fml-example", "%23x", "%253Fx"])
    def test_what_is_escaped_belongs_to_the_name(self, attached: Lab, arm: Arm, end: str) -> None:
        refused(attached, arm, 400, "BadRequest", "GET", attached.workspace + end)
        refused(attached, arm, 400, "BadRequest", "DELETE", attached.workspace + end)

    def test_a_resource_group(self, attached: Lab, arm: Arm) -> None:
        path = f"/subscriptions/{attached.subscription.rpartition('/')[2]}/resourceGroups/fresh"
        assert arm("PUT", path, {"location": "westeurope"}).status_code == 201
        assert arm("GET", path).json()["location"] == "westeurope"

    def test_a_storage_account_is_given_an_identity_and_a_customer_s_key(
        self, attached: Lab, arm: Arm
    ) -> None:
        path = attached.storage
        made = arm("PUT", path, {**BODY, "identity": {"type": "SystemAssigned"}}).json()
        identity = made["identity"]
        assert (identity["type"], set(identity)) == ("SystemAssigned", {"type", "principalId", "tenantId"})
        version = new_version(attached).version
        allow(attached, identity["principalId"], *ENOUGH)
        put = {"encryption": customer(attached.vault), "provisioningState": "Succeeded"}
        made = arm("PUT", path, {"location": "eastus", "identity": identity, "properties": put}).json()
        assert made["properties"]["encryption"] == put["encryption"]
        assert made["identity"] == identity
        assert arm("PUT", path, made).json() == made == arm("GET", path).json()
        assert account(attached).account_key.wrapped.version == version
        disable(attached)
        refused(
            attached,
            arm,
            *(403, "Forbidden", "PUT", path),
            {"location": "eastus", "properties": {"encryption": customer(attached.vault, version=version)}},
        )


class TestLists:
    def test_subscriptions(self, attached: Lab, arm: Arm) -> None:
        [one] = arm("GET", "/subscriptions").json()["value"]
        assert (one["id"], one["subscriptionId"]) == (attached.subscription, "your-sub-id")
        assert arm("GET", one["id"]).json() == one

    @pytest.mark.parametrize("word", ["resourceGroups", "resourcegroups"])
    def test_resource_groups(self, attached: Lab, arm: Arm, word: str) -> None:
        found = arm("GET", f"{attached.subscription}/{word}").json()["value"]
        assert {one["name"] for one in found} == {"your-resource-group-name", "your-resource-group-id"}

    def test_workspaces_of_a_subscription_and_of_a_group(self, attached: Lab, arm: Arm) -> None:
        everywhere = arm("GET", f"{attached.subscription}/providers/{ML}").json()["value"]
        assert len(everywhere) == 3
        here = arm("GET", f"{attached.resource_group}/providers/{ML}").json()["value"]
        assert [one["name"] for one in here] == ["ml-example", "your-workspace-name"]

    def test_what_is_in_a_workspace(self, attached: Lab, arm: Arm) -> None:
        [one] = arm("GET", f"{attached.workspace}/computes").json()["value"]
        assert one["name"] == attached.cluster


class TestActions:
    def test_the_keys_of_a_storage_account(self, attached: Lab, arm: Arm) -> None:
        keys = arm("POST", f"{attached.storage}/listKeys").json()["keys"]
        assert [one["keyName"] for one in keys] == ["key1", "key2"]
        assert all(len(one["value"]) == 88 for one in keys)

    def test_a_key_of_a_storage_account_is_made_anew(self, attached: Lab, arm: Arm) -> None:
        before = arm("POST", f"{attached.storage}/listKeys").json()["keys"]
        after = arm("POST", f"{attached.storage}/regenerateKey", {"keyName": "key1"}).json()["keys"]
        assert [one == other for one, other in zip(before, after, strict=True)] == [False, True]
        assert arm("POST", f"{attached.storage}/listKeys").json()["keys"] == after
        for body in (None, {}, {"keyName": "key3"}):
            refused(attached, arm, 400, "BadRequest", "POST", f"{attached.storage}/regenerateKey", body)

    def test_the_keys_of_a_workspace(self, attached: Lab, arm: Arm) -> None:
        of_account = arm("POST", f"{attached.storage}/listKeys").json()
        assert arm("POST", f"{attached.workspace}/listKeys").json() == of_account

    def test_an_action_without_an_answer(self, attached: Lab, arm: Arm) -> None:
        answer = arm("POST", f"{attached.workspace}/resyncKeys")
        assert (answer.status_code, answer.json()) == (200, {})

    def test_nobody_who_has_a_token_is_told_to_get_one(self, attached: Lab, arm: Arm) -> None:
        answer = arm("POST", f"{attached.storage}/listKeys", who="rita")
        assert (answer.status_code, "WWW-Authenticate" in answer.headers) == (403, False)

    def test_a_reader_gets_no_keys(self, attached: Lab, arm: Arm) -> None:
        for id in (attached.storage, attached.workspace):
            refused(attached, arm, 403, "AuthorizationFailed", "POST", f"{id}/listKeys", who="rita")

    def test_an_action_that_does_not_exist(self, attached: Lab, arm: Arm) -> None:
        said = refused(attached, arm, 400, "BadRequest", "POST", f"{attached.storage}/explode")
        assert "listKeys" in said


class TestRefusals:
    def test_the_message_says_what_was_presented_required_and_advised(self, attached: Lab, arm: Arm) -> None:
        said = refused(attached, arm, 403, "AuthorizationFailed", "DELETE", attached.workspace, who="rita")
        assert "Presented: " in said
        assert f"Required: {ML}/delete on {attached.workspace}" in said
        assert "What to do: " in said

    @pytest.mark.parametrize("header", ["", "Basic eA==", "Bearer", "Bearer  "])
    def test_without_a_token(self, attached: Lab, arm: Arm, header: str) -> None:
        answer = arm("GET", attached.workspace, headers={"Authorization": header} if header else {})
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "AuthenticationFailed")
        challenge = answer.headers["WWW-Authenticate"]
        assert challenge.startswith(
            'Bearer authorization_uri="https://login.microsoftonline.com/your-tenant-id"'
        )

    @pytest.mark.parametrize("token", ["x", "a.b.c", "x" * 100_000, "\u00e4.b.c"])
    def test_a_token_that_is_none(self, attached: Lab, arm: Arm, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}".encode()}
        refused(attached, arm, 401, "InvalidAuthenticationToken", "GET", attached.workspace, headers=headers)

    def test_an_expired_token(self, attached: Lab, arm: Arm) -> None:
        headers = {"Authorization": f"Bearer {attached.sign_in('carl').reveal()}"}
        attached.clock.advance("61m")
        code = "ExpiredAuthenticationToken"
        refused(attached, arm, 401, code, "GET", attached.workspace, headers=headers)

    def test_every_request_names_a_version_of_the_api(self, attached: Lab, arm: Arm) -> None:
        code = "MissingApiVersionParameter"
        refused(attached, arm, 400, code, "GET", attached.workspace, params={})

    @pytest.mark.parametrize("path", ["/", "/foo", "/foo/bar", "/tenants", "/a/b/c/d/e"])
    def test_a_path_that_nothing_answers_at(self, attached: Lab, arm: Arm, path: str) -> None:
        refused(attached, arm, 404, "NotFound", "GET", path)

    def test_a_resource_that_is_not_there(self, attached: Lab, arm: Arm) -> None:
        refused(attached, arm, 404, "NotFound", "GET", f"{attached.workspace}x")
        refused(attached, arm, 403, "AuthorizationFailed", "GET", "/subscriptions/nobody")

    def test_a_type_that_the_lab_does_not_have(self, attached: Lab, arm: Arm) -> None:
        for end in ("vms", "vms/one"):
            path = f"{attached.resource_group}/providers/Microsoft.Nothing/{end}"
            verb, body = ("GET", None) if end == "vms" else ("PUT", BODY)
            said = refused(attached, arm, 400, "BadRequest", verb, path, body)
            assert "microsoft.keyvault/vaults" in said

    @pytest.mark.parametrize("verb", ["PATCH", "OPTIONS", "X"])
    def test_another_verb(self, attached: Lab, arm: Arm, verb: str) -> None:
        for path in (attached.workspace, f"{attached.workspace}/computes"):
            refused(attached, arm, 405, "MethodNotAllowed", verb, path)

    def test_without_encryption(self, attached: Lab) -> None:
        url = f"http://management.azure.com{attached.workspace}?api-version=1"
        answer = requests.get(url, headers={"Authorization": "Bearer x"}, timeout=5)
        assert answer.status_code == 400

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"[]",
            b"7",
            b"\xff",
            b'{"location": NaN}',
            b"{}",
            b'{"location": 7}',
            b'{"location": "eastus", "properties": []}',
            b'{"location": "eastus", "tags": {"a": "b"}}',
            b'{"location": "eastus", "identity": {"type": "UserAssigned"}}',
            b"[" * 1_000_000,
            b'{"a":' * 100_000,
            b'{"location": "eastus", "properties": ' + b'{"a":' * 90 + b"1" + b"}" * 91,
            b'{"location": "eastus", "properties": {"a": ' + b"[" * 400 + b"]" * 400 + b"}}",
        ],
    )
    def test_a_malformed_body(self, attached: Lab, arm: Arm, body: bytes) -> None:
        path = f"{attached.resource_group}/providers/{ML}/new-one"
        refused(attached, arm, 400, "InvalidRequestContent", "PUT", path, data=body)

    def test_a_region_that_does_not_exist(self, attached: Lab, arm: Arm) -> None:
        path = f"{attached.resource_group}/providers/{ML}/new-one"
        said = refused(attached, arm, 400, "BadRequest", "PUT", path, {"location": "moon"})
        assert "eastus" in said

    def test_a_body_of_10_megabytes(self, attached: Lab, arm: Arm) -> None:
        path = f"{attached.resource_group}/providers/{ML}/new-one"
        body = json.dumps({**BODY, "properties": {"a": "x" * 10_000_000}})
        refused(attached, arm, 413, "RequestContentTooLarge", "PUT", path, data=body)

    def test_a_body_as_deep_as_may_be(self, attached: Lab, arm: Arm) -> None:
        deep: Any = 1
        for _ in range(DEEPEST_BODY - 3):
            deep = [deep]
        path = f"{attached.resource_group}/providers/{ML}/new-one"
        made = arm("PUT", path, {"location": "eastus", "properties": {"friendly": deep}})
        assert (made.status_code, made.json()["properties"]["friendly"]) == (201, deep)


LAB = labkit.start()
OLIVIA = {"authorization": f"Bearer {LAB.sign_in('olivia').reveal()}"}
SEGMENTS = """
subscriptions your-sub-id resourceGroups your-resource-group-name providers Microsoft.Authorization
roleAssignments roleDefinitions Microsoft.MachineLearningServices workspaces ml-example listKeys x %
"""
PARTS = st.sampled_from([*SEGMENTS.split(), "", "\x00"])
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["location", "properties", "roleDefinitionId", "permissions"]), inner
        ),
    ),
    max_leaves=6,
)


@given(
    path=st.lists(PARTS, max_size=12).map(lambda parts: "/" + "/".join(parts)),
    verb=st.sampled_from(["GET", "POST", "PUT", "PATCH"]),
    body=JSON.map(lambda value: json.dumps(value).encode()),
    query=st.sampled_from(["api-version=1", "api-version=1&$filter=x", ""]),
)
def test_whatever_is_sent_is_answered(path: str, verb: str, body: bytes, query: str) -> None:
    answer = routes.answer(LAB, Request(verb, "https", "management.azure.com", path, query, OLIVIA, body))
    assert answer is not None
    assert answer.status in (200, 201, 400, 401, 403, 404, 405, 409)
    assert json.loads(answer.body)

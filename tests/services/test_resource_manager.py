"""Resource Manager: creating, reading, deleting and acting on what is created."""

from collections.abc import Mapping
from typing import Any

import pytest

from labkit.core.credential import Bearer
from labkit.core.errors import (
    BadInput,
    BadRequest,
    Conflict,
    CredentialNotAccepted,
    Forbidden,
    GuestNotSupported,
    InsecureTransport,
    NotFound,
    Refusal,
    RegionDown,
    UnknownHost,
)
from labkit.core.operation import Call
from labkit.core.resource import Resource
from labkit.furniture import SUBSCRIPTION
from labkit.lab import Lab
from labkit.services.authorization import Authorization
from labkit.services.azure_ad import KEY_VAULT
from labkit.services.key_vault import Vault
from labkit.services.machine_learning.workspace import TYPE as WORKSPACES
from labkit.services.machine_learning.workspace import Workspace
from labkit.services.resource_manager import Provider, ResourceManager, ResourceProviders, may_change
from tests.hostile import OBJECTS, PLAIN

SUBSCRIPTIONS = "Microsoft.Resources/subscriptions"

GROUP = f"{SUBSCRIPTION}/resourceGroups/your-resource-group-name"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/new-vault"
HOST = "https://management.azure.com"


@pytest.fixture
def carl(lab: Lab) -> Bearer:
    return lab.sign_in("carl").bearer


def everything(lab: Lab) -> Any:
    """What a refused call must not have changed."""
    documents = {key: dict(value) for key, value in lab.parts.arm.documents.items()}
    return sorted(one.id for one in lab.resources), documents


def refused(lab: Lab, refusal: type[Refusal], op: Any, target: str, cred: Bearer, *args: Any) -> Refusal:
    """The refusal of a call that has to be refused and to leave everything as it was."""
    before = everything(lab)
    with pytest.raises(refusal) as caught:
        lab.ask("somebody", op, target, cred, *args)
    assert everything(lab) == before
    return caught.value


def frail(lab: Lab, **hooks: Any) -> str:
    """The id of a resource that can be created, of a type whose provider does what a test wants."""
    providers = lab.parts.door.services[ResourceProviders]
    assert isinstance(providers, ResourceProviders)
    providers.register("Example/frail", Provider(lambda id, region: Resource(id, "x", "x.example"), **hooks))
    return f"{GROUP}/providers/Example/frail/x"


class TestPut:
    def test_what_is_created_is_there(self, lab: Lab, carl: Bearer) -> None:
        created = lab.ask("carl", ResourceManager.put, VAULT, carl, "westus2", {"tag": 1})
        assert created["id"] == VAULT
        assert (created["name"], created["type"]) == ("new-vault", "Microsoft.KeyVault/vaults")
        assert created["location"] == "westus2"
        assert created["properties"]["tag"] == 1
        assert lab.ask("carl", ResourceManager.get, VAULT, carl) == created
        found = lab.resources.get(VAULT)
        assert isinstance(found, Vault)
        assert (found.region, found.host, found.audience) == (
            "westus2",
            "new-vault.vault.azure.net",
            KEY_VAULT,
        )

    def test_case_and_a_slash_at_the_end_make_no_second_resource(self, lab: Lab, carl: Bearer) -> None:
        lab.ask("carl", ResourceManager.put, VAULT, carl, "eastus")
        before = sorted(one.id for one in lab.resources)
        for spelling in (
            VAULT.upper(),
            VAULT + "/",
            f"{HOST}{VAULT}",
            f"HTTPS://Management.Azure.com{VAULT}",
        ):
            lab.ask("carl", ResourceManager.put, spelling, carl, "eastus")
            assert lab.ask("carl", ResourceManager.get, spelling, carl)["location"] == "eastus"
        assert sorted(one.id for one in lab.resources) == before

    @pytest.mark.parametrize("type_", ["Microsoft.Compute/disks", "Microsoft.KeyVault/x", "x/y"])
    def test_an_unknown_type_is_a_bad_request(self, lab: Lab, carl: Bearer, type_: str) -> None:
        refused(lab, BadRequest, ResourceManager.put, f"{GROUP}/providers/{type_}/x", carl, "eastus")

    @pytest.mark.parametrize("id", [f"{GROUP}/vaults", f"{GROUP}/providers/Microsoft.KeyVault/vaults"])
    def test_what_is_no_id_is_a_bad_request(self, lab: Lab, carl: Bearer, id: str) -> None:
        refused(lab, BadRequest, ResourceManager.put, id, carl, "eastus")

    def test_a_missing_group_is_not_found(self, lab: Lab) -> None:
        olivia = lab.sign_in("olivia").bearer
        missing = VAULT.replace("your-resource-group-name", "nowhere")
        refusal = refused(lab, NotFound, ResourceManager.put, missing, olivia, "eastus")
        assert (refusal.status, refusal.code) == (404, "NotFound")

    def test_a_missing_parent_is_not_found(self, lab: Lab, carl: Bearer) -> None:
        orphan = f"{lab.workspace}-missing/computes/x"
        refused(lab, NotFound, ResourceManager.put, orphan, carl, "eastus")

    @pytest.mark.parametrize("region", ["", "moon", "EASTUS"])
    def test_an_unknown_region_is_bad_input(self, lab: Lab, carl: Bearer, region: str) -> None:
        before = everything(lab)
        with pytest.raises(BadInput, match="no such region"):
            lab.ask("carl", ResourceManager.put, VAULT, carl, region)
        assert everything(lab) == before

    def test_nothing_is_created_in_a_region_that_is_down(self, lab: Lab, carl: Bearer) -> None:
        lab.switchboard.down("westus2")
        refused(lab, RegionDown, ResourceManager.put, VAULT, carl, "westus2")
        lab.switchboard.up("westus2")
        assert lab.ask("carl", ResourceManager.put, VAULT, carl, "westus2")

    @pytest.mark.parametrize(
        "args", [(None,), (5,), ("eastus", "text"), ("eastus", 5), (), ("eastus", {}, 1)]
    )
    def test_arguments_of_other_types_are_a_bad_request(self, lab: Lab, carl: Bearer, args: Any) -> None:
        assert refused(lab, BadRequest, ResourceManager.put, VAULT, carl, *args).stage == "parse"

    @pytest.mark.parametrize(
        "name", [*PLAIN, *(name for name in OBJECTS if "lying" in name or " of the " in name)]
    )
    def test_a_property_is_a_plain_value_or_a_bad_request(self, lab: Lab, carl: Bearer, name: str) -> None:
        for number, wrap in enumerate((lambda one: one, lambda one: {"a": one}, lambda one: {"a": [one]})):
            properties: Any = wrap((PLAIN | OBJECTS)[name]())
            verdict = lab.attempt("carl", ResourceManager.put, f"{VAULT}{number}", carl, "eastus", properties)
            assert verdict or isinstance(verdict.refusal, BadRequest)

    @pytest.mark.parametrize("where", ["operation", "inner call"])
    @pytest.mark.parametrize("failure", [ZeroDivisionError(), NotFound("missing")], ids=["crash", "refusal"])
    def test_a_provider_that_fails_leaves_nothing_behind(
        self, lab: Lab, carl: Bearer, failure: Exception, where: str
    ) -> None:
        def created(call: Call[Any], properties: Mapping[str, Any]) -> dict[str, Any]:
            if where == "inner call":
                call.ask(ResourceManager.put, VAULT, carl, "eastus")
            raise failure

        id = frail(lab, created=created)
        before = everything(lab)
        with pytest.raises(type(failure)):
            lab.ask("carl", ResourceManager.put, id, carl, "eastus")
        assert everything(lab) == before

    def test_an_update_keeps_what_the_resource_is_made_of(self, lab: Lab, carl: Bearer) -> None:
        before = lab.ask("carl", ResourceManager.get, lab.workspace, carl)["properties"]
        lab.ask("carl", ResourceManager.put, lab.workspace, carl, "eastus", {"description": "mine"})
        after = lab.ask("carl", ResourceManager.get, lab.workspace, carl)["properties"]
        assert after == before | {"description": "mine"}

    @pytest.mark.parametrize(
        ("target", "property"),
        [
            ("vault", "softDeleteRetentionInDays"),
            ("vault", "tag"),
            ("storage", "allowBlobPublicAccess"),
            ("registry", "adminUserEnabled"),
            ("workspace", "identity"),
            ("workspace", "tag"),
        ],
    )
    def test_what_rules_something_or_nothing_cannot_be_changed_over_it(
        self, lab: Lab, carl: Bearer, target: str, property: str
    ) -> None:
        workspace = lab.resources.find(lab.workspace)
        assert isinstance(workspace, Workspace)
        id = workspace.depends_on.get(target, lab.workspace)
        refusal = refused(lab, BadRequest, ResourceManager.put, id, carl, "eastus", {property: True})
        assert property in refusal.message
        assert (refusal.status, refusal.presented) == (400, f"'{property}': True")

    def test_one_that_may_not_change_keeps_all_others(self, lab: Lab, carl: Bearer) -> None:
        properties = {"description": "mine", "identity": "another"}
        refused(lab, BadRequest, ResourceManager.put, lab.workspace, carl, "eastus", properties)

    def test_giving_the_same_values_again_changes_nothing(self, lab: Lab, carl: Bearer) -> None:
        given = {"list": [1, {"a": None, "b": 2.5}], "flag": True}
        created = lab.ask("carl", ResourceManager.put, VAULT, carl, "eastus", given)
        again = {"flag": True, "list": (1, {"b": 2.5, "a": None})}
        for properties in (None, {}, again, created["properties"]):
            assert lab.ask("carl", ResourceManager.put, VAULT, carl, "eastus", properties) == created

    @pytest.mark.parametrize("value", [1, 1.0, "true", None, [True]], ids=repr)
    def test_what_python_takes_for_the_same_is_another(self, lab: Lab, carl: Bearer, value: Any) -> None:
        lab.ask("carl", ResourceManager.put, VAULT, carl, "eastus", {"flag": True})
        refused(lab, BadRequest, ResourceManager.put, VAULT, carl, "eastus", {"flag": value})

    def test_what_the_provider_decides_cannot_be_had_otherwise(self, lab: Lab, carl: Bearer) -> None:
        new = lab.workspace + "2"
        refusal = refused(lab, BadRequest, ResourceManager.put, new, carl, "eastus", {"identity": "mine"})
        assert "identity" in refusal.message

    def test_a_provider_says_what_may_change_and_carries_it_out(self, lab: Lab, carl: Bearer) -> None:
        seen: list[dict[str, Any]] = []

        def changed(call: Call[Any], changes: Mapping[str, Any]) -> None:
            may_change("size")(call, changes)
            seen.append(dict(changes))

        id = frail(lab, changed=changed)
        lab.ask("carl", ResourceManager.put, id, carl, "eastus", {"size": 1, "colour": "red"})
        grown = lab.ask("carl", ResourceManager.put, id, carl, "eastus", {"size": 2, "colour": "red"})
        assert grown["properties"] == {"size": 2, "colour": "red"}
        assert seen == [{"size": 2}]
        refused(lab, BadRequest, ResourceManager.put, id, carl, "eastus", {"size": 3, "colour": "blue"})

    def test_a_change_that_fails_half_way_is_taken_back(self, lab: Lab, carl: Bearer) -> None:
        done: list[str] = []

        def changed(call: Call[Any], changes: Mapping[str, Any]) -> None:
            call.undo(done.clear)
            done.append("half")
            raise NotFound("The other half is missing.")

        id = frail(lab, changed=changed)
        lab.ask("carl", ResourceManager.put, id, carl, "eastus")
        refused(lab, NotFound, ResourceManager.put, id, carl, "eastus", {"size": 2})
        assert done == []

    def test_a_put_over_it_goes_through_the_provider(self, lab: Lab, carl: Bearer) -> None:
        lab.ask("carl", ResourceManager.put, lab.workspace, carl, "eastus", {"description": "mine"})
        hops = [(hop.service, hop.operation, hop.subject) for hop in lab.trace.last()]
        carl_again = "carl@contoso.example (user)"
        assert hops == [
            ("Azure Resource Manager", "PUT", carl_again),
            ("Azure Machine Learning", "Update", carl_again),
        ]
        lab.switchboard.down("eastus")
        refused(lab, RegionDown, ResourceManager.put, lab.workspace, carl, "eastus", {"description": "x"})

    def test_a_guest_changes_no_workspace(self, lab: Lab) -> None:
        gita = lab.sign_in("gita").bearer
        refused(
            lab, GuestNotSupported, ResourceManager.put, lab.workspace, gita, "eastus", {"description": "x"}
        )

    def test_nothing_moves_to_another_region(self, lab: Lab, carl: Bearer) -> None:
        refused(lab, Conflict, ResourceManager.put, lab.workspace, carl, "westus2")


class TestGet:
    def test_a_reader_reads(self, lab: Lab) -> None:
        rita = lab.sign_in("rita").bearer
        assert lab.ask("rita", ResourceManager.get, lab.workspace, rita)["name"] == "ml-example"
        assert lab.ask("rita", ResourceManager.get, GROUP, rita)["name"] == "your-resource-group-name"

    def test_whoever_reads_cannot_change_what_is_kept(self, lab: Lab, carl: Bearer) -> None:
        before = lab.ask("carl", ResourceManager.get, lab.workspace, carl)["properties"]["identity"]
        document = lab.ask("carl", ResourceManager.get, lab.workspace, carl)
        document["name"] = document["properties"]["identity"] = "changed"
        after = lab.ask("carl", ResourceManager.get, lab.workspace, carl)
        assert (after["name"], after["properties"]["identity"]) == ("ml-example", before)

    def test_whoever_created_cannot_either(self, lab: Lab, carl: Bearer) -> None:
        lab.ask("carl", ResourceManager.put, VAULT, carl, "eastus")["location"] = "moon"
        assert lab.ask("carl", ResourceManager.get, VAULT, carl)["location"] == "eastus"

    def test_what_is_not_there_is_not_found_for_those_who_may_ask(self, lab: Lab, carl: Bearer) -> None:
        refused(lab, NotFound, ResourceManager.get, VAULT, carl)
        elsewhere = VAULT.replace("your-resource-group-name", "nowhere")
        refusal = refused(lab, Forbidden, ResourceManager.get, elsewhere, carl)
        assert (refusal.status, refusal.code) == (403, "AuthorizationFailed")

    @pytest.mark.parametrize(
        "target", ["", "/", "/tenants/x", "https://management.azure.com", "https://x.example/subscriptions/s"]
    )
    def test_other_addresses_are_not_served(self, lab: Lab, carl: Bearer, target: str) -> None:
        refused(lab, UnknownHost, ResourceManager.get, target, carl)

    def test_nothing_is_said_without_encryption(self, lab: Lab, carl: Bearer) -> None:
        refused(
            lab, InsecureTransport, ResourceManager.get, f"http://management.azure.com{lab.workspace}", carl
        )


class TestCollection:
    """`collection`: what there is of a type, for the one who asks."""

    def test_everything_of_a_type_at_a_scope_and_below(self, lab: Lab, carl: Bearer) -> None:
        for scope, count in ((SUBSCRIPTION, 3), (lab.resource_group.upper(), 2), (lab.workspace, 1)):
            found = lab.ask("carl", ResourceManager.collection, scope, carl, WORKSPACES)
            assert len(found) == count
            assert all(lab.ask("carl", ResourceManager.get, one["id"], carl) == one for one in found)

    def test_what_may_not_be_read_is_left_out(self, lab: Lab) -> None:
        lab.hire("nora")
        nora = lab.sign_in("nora").bearer
        assert lab.ask("nora", ResourceManager.collection, SUBSCRIPTION, nora, WORKSPACES) == []
        assert lab.ask("nora", ResourceManager.collection, "/subscriptions", nora, SUBSCRIPTIONS) == []
        owner, id = lab.sign_in("olivia").bearer, lab.people["nora"].object_id
        lab.ask("olivia", Authorization.assign, lab.vault, owner, "reader", id)
        fresh = lab.sign_in("nora").bearer
        assert lab.ask("nora", ResourceManager.collection, SUBSCRIPTION, fresh, WORKSPACES) == []
        [vault] = lab.ask(
            "nora", ResourceManager.collection, SUBSCRIPTION, fresh, "microsoft.keyvault/VAULTS"
        )
        assert vault["id"] == lab.vault
        # Whoever may read anything in a subscription is shown it, and may not read it.
        [shown] = lab.ask("nora", ResourceManager.collection, "/subscriptions", fresh, SUBSCRIPTIONS)
        assert shown["id"] == SUBSCRIPTION
        refused(lab, Forbidden, ResourceManager.get, SUBSCRIPTION, fresh)

    def test_what_is_listed_is_a_copy(self, lab: Lab, carl: Bearer) -> None:
        [shown] = lab.ask("carl", ResourceManager.collection, lab.workspace, carl, WORKSPACES)
        shown["properties"].clear()
        assert lab.ask("carl", ResourceManager.get, lab.workspace, carl)["properties"]

    @pytest.mark.parametrize("scope", ["/subscriptions/none", "/subscriptions/your", f"{SUBSCRIPTION}/x"])
    def test_where_nothing_is_nothing_is_found(self, lab: Lab, carl: Bearer, scope: str) -> None:
        assert lab.ask("carl", ResourceManager.collection, scope, carl, WORKSPACES) == []
        refused(lab, BadRequest, ResourceManager.collection, SUBSCRIPTION, carl, "no/type")


class TestDelete:
    def test_what_is_deleted_is_gone_and_can_be_created_again(self, lab: Lab, carl: Bearer) -> None:
        before = everything(lab)
        for _ in range(2):
            lab.ask("carl", ResourceManager.put, VAULT, carl, "eastus")
            lab.ask("carl", ResourceManager.delete, VAULT.upper(), carl)
            refused(lab, NotFound, ResourceManager.get, VAULT, carl)
            refused(lab, NotFound, ResourceManager.delete, VAULT, carl)
        assert everything(lab) == before

    def test_a_reader_deletes_nothing(self, lab: Lab) -> None:
        refused(lab, Forbidden, ResourceManager.delete, lab.workspace, lab.sign_in("rita").bearer)

    def test_what_is_in_a_region_that_is_down_stays(self, lab: Lab, carl: Bearer) -> None:
        lab.switchboard.down("eastus")
        refused(lab, RegionDown, ResourceManager.delete, lab.workspace, carl)

    def test_a_deletion_that_fails_half_way_leaves_everything(self, lab: Lab, carl: Bearer) -> None:
        far = f"{lab.workspace}/computes/a-cluster-far-away"
        lab.ask("carl", ResourceManager.put, far, carl, "westus2")
        for region in ("eastus", "westus2"):
            lab.switchboard.down(region)
            refused(lab, RegionDown, ResourceManager.delete, lab.workspace, carl)
            lab.switchboard.up(region)
        workspace: Any = lab.resources.find(lab.workspace)
        assert set(workspace.computes) == {"cpu-cluster", "a-cluster-far-away"}

    @pytest.mark.parametrize("scope", [SUBSCRIPTION, GROUP])
    def test_deleting_a_whole_group_or_subscription_leaves_no_ruin(self, lab: Lab, scope: str) -> None:
        before = everything(lab)
        verdict = lab.attempt("olivia", ResourceManager.delete, scope, lab.sign_in("olivia").bearer)
        resources, documents = everything(lab)
        if verdict:
            inside = [id for id in (*resources, *documents) if id.lower().startswith(scope.lower() + "/")]
            assert inside == []
        else:
            assert (resources, documents) == before


class TestPost:
    def test_a_contributor_lists_the_keys_of_an_account(self, lab: Lab, carl: Bearer) -> None:
        account = next(one for one in lab.resources if one.service == "Azure Storage")
        assert set(lab.ask("carl", ResourceManager.post, account.id, carl, "listKeys")) == {"key1", "key2"}

    def test_a_reader_does_not(self, lab: Lab) -> None:
        account = next(one for one in lab.resources if one.service == "Azure Storage")
        refusal = refused(
            lab, Forbidden, ResourceManager.post, account.id, lab.sign_in("rita").bearer, "listKeys"
        )
        assert "listKeys/action" in refusal.required

    @pytest.mark.parametrize("action", ["", "regenerate", "listkeys/action", "read"])
    def test_an_action_that_the_type_does_not_have_is_a_bad_request(
        self, lab: Lab, carl: Bearer, action: str
    ) -> None:
        refused(lab, BadRequest, ResourceManager.post, lab.workspace, carl, action)

    @pytest.mark.parametrize("args", [(None,), ([],), ("a", "b")])
    def test_arguments_that_do_not_fit_are_a_bad_request(self, lab: Lab, carl: Bearer, args: Any) -> None:
        assert refused(lab, BadRequest, ResourceManager.post, lab.workspace, carl, *args).stage == "parse"

    def test_nothing_acts_on_what_is_not_there(self, lab: Lab, carl: Bearer) -> None:
        refused(lab, NotFound, ResourceManager.post, VAULT, carl)


def test_resource_providers_take_nobody_else_s_call(lab: Lab, carl: Bearer) -> None:
    for op in ResourceProviders.operations():
        refused(lab, CredentialNotAccepted, op, lab.workspace, carl)

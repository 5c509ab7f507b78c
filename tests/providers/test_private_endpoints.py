"""Private endpoints: what they open, what they close, and what comes of it when one end goes."""

from typing import Any

import pytest

import labkit
from labkit.azure import (
    DataStores,
    Editions,
    Models,
    ResourceManager,
    Runs,
    WebServices,
)
from labkit.core.errors import BadRequest, Forbidden, NetworkDenied, NotFound, Refusal, Unauthenticated
from labkit.furniture import workspace_id
from labkit.lab import Lab
from labkit.network.places import TRUSTED
from labkit.providers.firewalls import present
from labkit.releases import RELEASES
from labkit.services.machine_learning.compute import INSTANCE
from labkit.services.virtual_network import InvalidResourceReference
from tests.services.ml import GROUP, OTHER_GROUP, ask, dependency, revoke
from tests.services.networks import (
    ENDPOINTS,
    NET,
    NONSENSE,
    OTHER,
    OUTER,
    SUBNET,
    blobs,
    delete,
    link,
    locked,
    networks,
    to,
)
from tests.services.state import everything, refused
from tests.services.stores import put

ONE = f"{ENDPOINTS}/one"
ENTERPRISE = {"edition": "Enterprise"}


@pytest.fixture
def lab(lab: Lab) -> Lab:
    networks(lab)
    return lab


def put_refused(
    lab: Lab, kind: type[Refusal], given: Any, who: str = "olivia", region: str = "eastus"
) -> Any:
    return refused(lab, kind, ResourceManager.put, ONE, lab.sign_in(who).bearer, region, given)


class TestAWorkspace:
    def test_answers_its_network_and_nobody_else(self, lab: Lab) -> None:
        link(lab, lab.workspace)
        token = lab.sign_in("carl").bearer
        for where, let_in in ((None, False), (SUBNET, True), (OTHER, True), (OUTER, False)):
            if where:
                lab.connect("carl", where)
            assert lab.attempt("carl", Models.list_models, lab.workspace, token).accepted is let_in

    @pytest.mark.parametrize(
        "op", [Models.list_models, Runs.get, DataStores.list_stores, WebServices.get_token]
    )
    def test_refuses_before_the_token_is_looked_at(self, lab: Lab, op: Any) -> None:
        link(lab, lab.workspace)
        refusal = lab.attempt("carl", op, lab.workspace, NONSENSE).refusal
        assert isinstance(refusal, NetworkDenied)
        assert (refusal.stage, refusal.code) == ("network", "PublicNetworkAccessDenied")
        assert refusal.required == "any subnet of lab-net or Azure Machine Learning"
        lab.connect("carl", SUBNET)
        inside = lab.attempt("carl", op, lab.workspace, NONSENSE).refusal
        assert isinstance(inside, Unauthenticated)
        assert inside.stage == "authentication"

    def test_is_still_managed_from_everywhere(self, lab: Lab) -> None:
        link(lab, lab.workspace)
        assert ask(lab, "rita", ResourceManager.get)["name"] == "ml-example"
        put(lab, f"{lab.workspace}/computes/another")
        delete(lab, f"{lab.workspace}/computes/another")

    def test_two_endpoints_open_two_networks_and_each_closes_its_own(self, lab: Lab) -> None:
        first, second = link(lab, lab.workspace), link(lab, lab.workspace, OUTER, "two")
        token = lab.sign_in("carl").bearer

        def answers(where: str) -> bool:
            lab.connect("carl", where)
            return lab.attempt("carl", Models.list_models, lab.workspace, token).accepted

        assert (answers(SUBNET), answers(OUTER)) == (True, True)
        delete(lab, first)
        assert (answers(SUBNET), answers(OUTER)) == (False, True)
        delete(lab, second)
        lab.disconnect("carl")
        assert lab.attempt("carl", Models.list_models, lab.workspace, token)

    def test_another_one_is_not_touched(self, lab: Lab) -> None:
        link(lab, lab.workspace)
        token = lab.sign_in("carl").bearer
        assert lab.attempt("carl", Models.list_models, lab.other_workspace, token)

    def test_that_comes_again_under_its_name_knows_nothing_of_the_old_endpoint(self, lab: Lab) -> None:
        new = workspace_id("your-resource-group-name", "new")
        put(lab, new)
        endpoint = link(lab, new)
        delete(lab, new)
        put(lab, new)
        token = lab.sign_in("carl").bearer
        assert lab.attempt("carl", Models.list_models, new, token)
        delete(lab, endpoint)
        assert lab.attempt("carl", Models.list_models, new, token)


class TestAnotherResource:
    """https://learn.microsoft.com/azure/storage/common/storage-private-endpoints"""

    @pytest.fixture
    def lab(self, lab: Lab) -> Lab:
        ask(lab, "olivia", Editions.upgrade)
        return lab

    def test_its_public_endpoint_is_as_open_as_before(self, lab: Lab) -> None:
        link(lab, lab.storage)
        assert blobs(lab, "carl")
        lab.connect("carl", SUBNET)
        assert blobs(lab, "carl")

    def test_where_the_public_one_is_closed_the_private_one_is_the_way_in(self, lab: Lab) -> None:
        put(lab, lab.storage, {"networkAcls": locked()})
        lab.connect("carl", SUBNET)
        assert not blobs(lab, "carl")
        endpoint = link(lab, lab.storage)
        assert blobs(lab, "carl")
        lab.connect("carl", OUTER)
        assert not blobs(lab, "carl")
        put(lab, lab.storage, {"networkAcls": locked(OUTER)})
        assert blobs(lab, "carl")
        delete(lab, endpoint)
        lab.connect("carl", SUBNET)
        assert not blobs(lab, "carl")

    @pytest.mark.parametrize("role", ["storage", "vault", "registry"])
    def test_each_of_those_that_a_workspace_depends_on_can_have_one(self, lab: Lab, role: str) -> None:
        store = dependency(lab, role)
        before = everything(lab)
        delete(lab, link(lab, store.id))
        after = everything(lab)
        for state in (before, after):
            state["resources"][store.id].pop("firewall")
        assert after == before
        assert store.firewall.admits("internet")

    def test_what_it_led_to_may_be_gone(self, lab: Lab) -> None:
        new = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/another"
        put(lab, new)
        endpoint = link(lab, new)
        delete(lab, new)
        delete(lab, endpoint)
        assert lab.resources.get(endpoint) is None


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        "given",
        [
            {},
            {"subnet": {"id": SUBNET}},
            {"privateLinkServiceConnections": [{"privateLinkServiceId": "x"}]},
            *(to(SUBNET) | {"privateLinkServiceConnections": bad} for bad in (None, {}, [], "x", [5], [{}])),
            to(SUBNET) | {"privateLinkServiceConnections": [{"privateLinkServiceId": 5}]},
            to(SUBNET) | {"manualPrivateLinkServiceConnections": []},
        ],
        ids=lambda one: repr(one)[-60:],
    )
    def test_what_is_no_endpoint(self, lab: Lab, given: Any) -> None:
        put_refused(lab, BadRequest, given)

    @pytest.mark.parametrize(
        "groups", [["blob"], "amlworkspace", None, [], [5], ["amlworkspace", "vault"], [[]]]
    )
    def test_a_part_that_the_resource_does_not_have(self, lab: Lab, groups: Any) -> None:
        given = to(lab.workspace)
        given["privateLinkServiceConnections"][0]["groupIds"] = groups
        put_refused(lab, BadRequest, given)
        given["privateLinkServiceConnections"][0]["groupIds"] = ["amlworkspace"]
        put(lab, ONE, given)

    @pytest.mark.parametrize("subnet", [None, SUBNET, {}, {"id": 5}, {"id": NET}, {"id": "x"}, {"name": "x"}])
    def test_what_is_no_subnet(self, lab: Lab, subnet: Any) -> None:
        put_refused(lab, BadRequest, to(lab.workspace) | {"subnet": subnet})

    def test_a_subnet_that_is_not_there(self, lab: Lab) -> None:
        refusal = put_refused(lab, InvalidResourceReference, to(lab.workspace, f"{NET}/subnets/nowhere"))
        assert refusal.code == "InvalidResourceReference"

    def test_a_subnet_in_another_region(self, lab: Lab) -> None:
        refusal = put_refused(lab, InvalidResourceReference, to(lab.workspace), region="westus2")
        assert (refusal.presented, refusal.required.startswith("westus2")) == ("lab-net in eastus", True)

    def test_what_it_leads_to_has_to_be_there(self, lab: Lab) -> None:
        put_refused(lab, NotFound, to(f"{lab.workspace}-of-nobody"))

    def test_the_lab_has_no_private_link_to_other_types(self, lab: Lab) -> None:
        insights = dependency(lab, "insights").id
        refusal = put_refused(lab, InvalidResourceReference, to(insights))
        assert "Microsoft.KeyVault/vaults" in refusal.required
        put_refused(lab, BadRequest, to("no id"))

    def test_an_endpoint_leads_where_it_was_made_to_lead(self, lab: Lab) -> None:
        link(lab, lab.workspace)
        put_refused(lab, BadRequest, to(lab.other_workspace))
        put(lab, ONE, to(lab.workspace))

    def test_who_may_not_write_the_workspace_gives_it_none(self, lab: Lab) -> None:
        revoke(lab, "carl@contoso.example", "Contributor", GROUP)
        mine = f"{OTHER_GROUP}/providers/Microsoft.Network/privateEndpoints/one"
        net = f"{OTHER_GROUP}/providers/Microsoft.Network/virtualNetworks/mine"
        put(lab, net, {"subnets": [{"name": "default"}]})
        carl = lab.sign_in("carl").bearer
        given = to(lab.workspace, f"{net}/subnets/default")
        refusal = refused(lab, Forbidden, ResourceManager.put, mine, carl, "eastus", given)
        assert refusal.required == f"Microsoft.MachineLearningServices/workspaces/write on {lab.workspace}"

    def test_who_may_not_join_the_subnet_puts_none_there(self, lab: Lab) -> None:
        revoke(lab, "carl@contoso.example", "Contributor", GROUP)
        mine = f"{OTHER_GROUP}/providers/Microsoft.Network/privateEndpoints/one"
        theirs = workspace_id("your-resource-group-id", "your-workspace-name")
        carl = lab.sign_in("carl").bearer
        refusal = refused(lab, Forbidden, ResourceManager.put, mine, carl, "eastus", to(theirs))
        assert refusal.required.startswith("Microsoft.Network/virtualNetworks/subnets/join/action on ")


@pytest.mark.parametrize("release", RELEASES)
def test_earlier_releases_are_silent_about_it_and_it_is_there(release: str) -> None:
    lab = labkit.start(release)
    networks(lab)
    link(lab, lab.workspace)
    assert isinstance(lab.attempt("carl", Models.list_models, lab.workspace, NONSENSE).refusal, NetworkDenied)


def test_work_goes_on_behind_all_of_it(lab: Lab) -> None:
    """The workspace reaches what it depends on, and its own nodes reach the workspace."""
    put(lab, f"{lab.workspace}/computes/inner", {"subnet": {"id": SUBNET}})
    for store in (lab.storage, lab.vault):
        put(lab, store, {"networkAcls": locked(SUBNET)})
    link(lab, lab.workspace)
    lab.connect("carl", OTHER)
    ask(lab, "carl", Models.register, "churn", b"weights")
    found: list[list[str]] = []

    def script(run: Any) -> None:
        run.log("loss", 0.5)
        found.append(run.as_mount("workspaceblobstore", "models").names())

    run = ask(lab, "carl", Runs.submit, "train", "inner", script)
    assert lab.work("inner") == [run.run_id]
    assert ask(lab, "carl", Runs.get, run.run_id).status == "Completed"


@pytest.mark.parametrize("gone", [False, True])
def test_an_endpoint_takes_no_service_away(lab: Lab, gone: bool) -> None:
    ask(lab, "olivia", Editions.upgrade)
    registry = dependency(lab, "registry")
    endpoint = link(lab, registry.id)
    if gone:
        delete(lab, endpoint)
    put(lab, registry.id, {"networkRuleSet": locked(SUBNET)})
    assert present(registry).services == TRUSTED


def test_a_new_resource_of_that_name_is_left_alone_when_the_old_endpoint_goes(lab: Lab) -> None:
    new = put(lab, f"{GROUP}/providers/Microsoft.Storage/storageAccounts/comesagain", {})
    endpoint = link(lab, new["id"])
    delete(lab, new["id"])
    put(lab, new["id"], {})
    delete(lab, endpoint)
    assert lab.resources.find(new["id"]).firewall is None


def test_a_workspace_with_a_compute_instance_has_none_until_that_is_gone(lab: Lab) -> None:
    instance = f"{lab.workspace}/computes/mine"
    put(lab, instance, {"computeType": INSTANCE})
    assert "mine" in put_refused(lab, BadRequest, to(lab.workspace)).presented
    delete(lab, instance)
    link(lab, lab.workspace)

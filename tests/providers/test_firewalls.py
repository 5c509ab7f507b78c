"""The firewalls of storage accounts, key vaults and registries, in Azure's own words."""

from typing import Any

import pytest

from labkit.azure import KEY_VAULT, ContainerRegistry, Editions, KeyVault, Models, ResourceManager
from labkit.core.credential import Bearer
from labkit.core.errors import BadRequest, Forbidden, NetworkDenied, Refusal
from labkit.core.verdict import Verdict
from labkit.lab import Lab
from labkit.network.places import AZURE, AZURE_ML, INTERNET, RESOURCE_MANAGER, place
from labkit.services.virtual_network import InvalidResourceReference
from tests.services.ml import (
    GROUP,
    OTHER_GROUP,
    ask,
    attach,
    dependency,
    machine_account,
    make_machine,
    revoke,
)
from tests.services.networks import (
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
    shown,
)
from tests.services.state import everything, refused
from tests.services.stores import give_key, new_version, put, read, write
from tests.services.vault import SOFT, OwnVault

NAMES = {"storage": "networkAcls", "vault": "networkAcls", "registry": "networkRuleSet"}
ROLES = list(NAMES)


@pytest.fixture
def lab(lab: Lab) -> Lab:
    networks(lab)
    ask(lab, "olivia", Editions.upgrade)
    return lab


def rules(role: str, *subnets: str, bypass: str = "AzureServices") -> dict[str, Any]:
    """The properties that let these subnets in, and services, or not."""
    name = NAMES[role]
    if name == "networkAcls":
        return {name: locked(*subnets, bypass=bypass)}
    return {name: locked(*subnets), "networkRuleBypassOptions": bypass}


def put_refused(lab: Lab, kind: type[Refusal], id: str, given: Any, who: str = "olivia") -> Any:
    return refused(lab, kind, ResourceManager.put, id, lab.sign_in(who).bearer, "eastus", given)


def asked(lab: Lab, role: str, who: str, cred: Bearer = NONSENSE) -> Verdict[Any]:
    """Somebody asks a store for something."""
    store = dependency(lab, role)
    if role == "storage":
        return blobs(lab, who)
    if role == "vault":
        return lab.attempt(who, KeyVault.list_secrets, store.id, cred)
    return lab.attempt(who, ContainerRegistry.pull, store.id, cred, "churn:1")


CODES = {"storage": "AuthorizationFailure", "vault": "ForbiddenByFirewall", "registry": "DENIED"}


@pytest.mark.parametrize("role", ROLES)
class TestEach:
    def test_a_subnet_that_a_rule_names_comes_in_and_nobody_else(self, lab: Lab, role: str) -> None:
        put(lab, dependency(lab, role).id, rules(role, SUBNET))
        for where, stage in ((None, "network"), (OTHER, "network"), (OUTER, "network"), (SUBNET, "inside")):
            if where:
                lab.connect("carl", where)
            refusal: Any = asked(lab, role, "carl").refusal
            assert (getattr(refusal, "stage", "inside") == "network") is (stage == "network")
            if stage == "network":
                assert isinstance(refusal, NetworkDenied)
                assert (refusal.status, refusal.code) == (403, CODES[role])
                assert "the subnet default of lab-net" in refusal.required

    def test_services_pass_unless_somebody_says_that_they_do_not(self, lab: Lab, role: str) -> None:
        store = dependency(lab, role)
        for bypass, services in (("AzureServices", True), ("None", False)):
            put(lab, store.id, rules(role, SUBNET, bypass=bypass))
            assert store.firewall.admits(AZURE) is store.firewall.admits(AZURE_ML) is services
            assert store.firewall.admits(RESOURCE_MANAGER)
            assert not store.firewall.admits(INTERNET)

    def test_unless_it_is_said_services_pass(self, lab: Lab, role: str) -> None:
        store = dependency(lab, role)
        put(lab, store.id, {NAMES[role]: locked()})
        assert store.firewall.admits(AZURE_ML)
        assert not store.firewall.admits(place(SUBNET))

    def test_what_it_shows_can_be_given_again_and_changes_nothing(self, lab: Lab, role: str) -> None:
        store = dependency(lab, role)
        put(lab, store.id, rules(role, SUBNET, OTHER, bypass="None"))
        before = everything(lab)
        put(lab, store.id, shown(lab, store.id))
        put(lab, store.id, rules(role, SUBNET, OTHER, bypass="None"))
        assert everything(lab) == before

    def test_what_a_change_does_not_name_is_gone(self, lab: Lab, role: str) -> None:
        store = dependency(lab, role)
        put(lab, store.id, rules(role, SUBNET))
        put(lab, store.id, rules(role, OTHER))
        assert store.firewall.subnets == {place(OTHER)}
        put(lab, store.id, {NAMES[role]: {"defaultAction": "Allow"}})
        assert store.firewall.admits(INTERNET)

    def test_another_change_leaves_it_alone(self, lab: Lab, role: str) -> None:
        store = dependency(lab, role)
        put(lab, store.id, rules(role, SUBNET))
        other = {"enableSoftDelete": True} if role == "vault" else {"identity": {"type": "SystemAssigned"}}
        put(lab, store.id, other)
        assert store.firewall.subnets == {place(SUBNET)}

    @pytest.mark.parametrize(
        "given",
        [
            *(None, "Deny", [], {}, {"defaultAction": "deny"}, {"defaultAction": 5}),
            {"defaultAction": "Deny", "virtualNetworkRules": {}},
            {"defaultAction": "Deny", "virtualNetworkRules": [SUBNET]},
            {"defaultAction": "Deny", "virtualNetworkRules": [{"id": NET}]},
            {"defaultAction": "Deny", "virtualNetworkRules": [{"id": SUBNET, "action": "Deny"}]},
            {"defaultAction": "Deny", "virtualNetworkRules": [{"id": SUBNET, "more": 1}]},
            {"defaultAction": "Deny", "ipRules": [{"value": "10.0.0.0/8"}]},
            {"defaultAction": "Deny", "virtualNetworkRules": [{"id": SUBNET}], "else": 1},
        ],
        ids=lambda one: repr(one)[-70:],
    )
    def test_other_rules_are_refused_and_change_nothing(self, lab: Lab, role: str, given: Any) -> None:
        store = dependency(lab, role)
        put_refused(lab, BadRequest, store.id, {NAMES[role]: given})
        put(lab, store.id, rules(role, OTHER))
        put_refused(lab, BadRequest, store.id, {NAMES[role]: given})

    @pytest.mark.parametrize(
        "bypass", [None, "", "azureservices", "None, AzureServices", 5, ["AzureServices"]]
    )
    def test_so_are_other_exceptions(self, lab: Lab, role: str, bypass: Any) -> None:
        put_refused(lab, BadRequest, dependency(lab, role).id, rules(role, SUBNET, bypass=bypass))

    def test_a_rule_names_a_subnet_that_is_there(self, lab: Lab, role: str) -> None:
        given = rules(role, f"{NET}/subnets/nowhere")
        put_refused(lab, InvalidResourceReference, dependency(lab, role).id, given)

    def test_who_may_not_join_a_subnet_lets_it_in_nowhere(self, lab: Lab, role: str) -> None:
        revoke(lab, "carl@contoso.example", "Contributor", GROUP)
        type_ = dependency(lab, role).id.split("/providers/")[1].rpartition("/")[0]
        new = f"{OTHER_GROUP}/providers/{type_}/carls"
        refusal = put_refused(lab, Forbidden, new, rules(role, SUBNET), "carl")
        assert "subnets/joinViaServiceEndpoint/action" in refusal.required

    def test_a_new_one_can_begin_with_it(self, lab: Lab, role: str) -> None:
        type_ = dependency(lab, role).id.split("/providers/")[1].rpartition("/")[0]
        new = f"{GROUP}/providers/{type_}/another"
        put(lab, new, rules(role, SUBNET))
        found: Any = lab.resources.find(new)
        assert not found.firewall.admits(INTERNET)
        assert shown(lab, new)[NAMES[role]]["virtualNetworkRules"] == [{"id": SUBNET}]

    def test_one_that_comes_again_is_as_open_as_any_new_one(self, lab: Lab, role: str) -> None:
        type_ = dependency(lab, role).id.split("/providers/")[1].rpartition("/")[0]
        new = f"{GROUP}/providers/{type_}/another"
        put(lab, new, rules(role, SUBNET))
        delete(lab, new)
        put(lab, new)
        found: Any = lab.resources.find(new)
        assert found.firewall is None or found.firewall.admits(INTERNET)


class TestStorage:
    def test_resource_manager_hands_out_keys_from_everywhere_and_they_open_nothing_from_outside(
        self, lab: Lab
    ) -> None:
        put(lab, lab.storage, rules("storage", SUBNET))
        carl = lab.sign_in("carl").bearer
        assert lab.ask("carl", ResourceManager.post, lab.storage, carl, "listKeys")
        assert blobs(lab, "carl").code == "AuthorizationFailure"

    @pytest.mark.parametrize(("bypass", "works"), [("AzureServices", True), ("Logging, AzureServices", True)])
    def test_azure_ml_reaches_it_as_a_trusted_service(self, lab: Lab, bypass: str, works: bool) -> None:
        put(lab, lab.storage, rules("storage", SUBNET, bypass=bypass))
        assert ask(lab, "carl", Models.register, "churn", b"weights").version == 1

    @pytest.mark.parametrize("bypass", ["None", "Logging", "Metrics, Logging"])
    def test_without_that_exception_it_does_not(self, lab: Lab, bypass: str) -> None:
        put(lab, lab.storage, rules("storage", SUBNET, bypass=bypass))
        token = lab.sign_in("carl").bearer
        refusal: Any = lab.attempt("carl", Models.register, lab.workspace, token, "churn", b"w").refusal
        assert isinstance(refusal, NetworkDenied)
        assert "AzureServices" in refusal.advice

    def test_files_are_behind_the_same_firewall(self, lab: Lab) -> None:
        from labkit.azure import FileStorage
        from tests.services.stores import with_key

        put(lab, lab.storage, rules("storage", SUBNET))
        with pytest.raises(NetworkDenied):
            with_key(lab, FileStorage.list_files)


class TestVault:
    def test_a_store_that_asks_for_its_key_is_a_trusted_service(self, lab: Lab) -> None:
        new_version(lab)
        give_key(lab, lab.storage)
        write(lab, "c/rows.csv", b"rows")
        put(lab, lab.vault, rules("vault"))
        lab.clock.advance("61m")
        assert read(lab, "c/rows.csv") == b"rows"
        put(lab, lab.vault, rules("vault", bypass="None"))
        lab.clock.advance("61m")
        with pytest.raises(Refusal) as caught:
            read(lab, "c/rows.csv")
        assert isinstance(caught.value.__cause__, NetworkDenied)

    def test_a_machine_is_none(self, lab: Lab) -> None:
        make_machine(lab)
        attach(lab, "carl", "box", machine_account())
        put(lab, lab.vault, rules("vault"))
        refusal: Any = lab.attempt("box", KeyVault.list_secrets, lab.vault, NONSENSE).refusal
        assert isinstance(refusal, NetworkDenied)

    def test_a_recovered_one_has_the_firewall_that_it_had(self, lab: Lab) -> None:
        own = OwnVault(lab)
        own.put(**SOFT, networkAcls=locked(SUBNET, bypass="None"))
        link(lab, own.id, OUTER)
        delete(lab, own.id)
        own.put(createMode="recover")
        found: Any = lab.resources.find(own.id)
        assert found.firewall.subnets == {place(SUBNET)}
        assert not found.firewall.admits(AZURE_ML)
        # Its endpoints are not a part of it.
        assert not found.firewall.admits(place(OUTER))
        assert shown(lab, own.id)["networkAcls"] == {
            "defaultAction": "Deny",
            "virtualNetworkRules": [{"id": place(SUBNET)}],
            "bypass": "None",
        }
        token = lab.sign_in("olivia", resource=KEY_VAULT).bearer
        assert lab.attempt("olivia", KeyVault.list_secrets, own.id, token).code == "ForbiddenByFirewall"

    def test_a_recovered_one_that_had_none_is_open(self, lab: Lab) -> None:
        own = OwnVault(lab)
        own.put(**SOFT)
        delete(lab, own.id)
        own.put(createMode="recover")
        assert lab.attempt("olivia", KeyVault.list_secrets, own.id, NONSENSE).code == "Unauthorized"
        assert "networkAcls" not in shown(lab, own.id)


def test_a_registry_s_rules_leave_its_services_as_they_were(lab: Lab) -> None:
    registry = dependency(lab, "registry")
    put(lab, registry.id, rules("registry", SUBNET, bypass="None"))
    put(lab, registry.id, {"networkRuleSet": locked(OTHER)})
    assert (registry.firewall.subnets, registry.firewall.services) == ({place(OTHER)}, set())


@pytest.mark.parametrize("role", ROLES)
def test_what_may_change_is_named(lab: Lab, role: str) -> None:
    refusal = put_refused(lab, BadRequest, dependency(lab, role).id, {"sku": "Premium"})
    assert NAMES[role] in refusal.required

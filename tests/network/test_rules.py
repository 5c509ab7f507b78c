"""Whom a resource lets in, by network: laws that hold for every set of rules."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.network.places import AZURE, AZURE_ML, INTERNET, RESOURCE_MANAGER, TRUSTED, virtual_network
from labkit.network.rules import ALLOW, DENY, ONLY_AZURE_ML, NetworkRules, within

NETS = [f"/subscriptions/s/resourcegroups/g/providers/microsoft.network/virtualnetworks/{n}" for n in "abc"]
SUBNETS = [f"{net}/subnets/{name}" for net in NETS for name in ("one", "two")]
NETWORKS = [INTERNET, AZURE, AZURE_ML, RESOURCE_MANAGER, *SUBNETS]
ENDPOINTS = [(f"/endpoints/{number}", net) for number, net in enumerate(NETS)]

networks = st.sampled_from(NETWORKS)
rules = st.builds(
    NetworkRules,
    st.sampled_from([ALLOW, DENY]),
    st.frozensets(st.sampled_from(SUBNETS)),
    st.sampled_from([frozenset[str](), TRUSTED, frozenset({AZURE_ML})]),
    st.frozensets(st.sampled_from(ENDPOINTS)),
    st.booleans(),
)


def admitted(one: NetworkRules) -> set[str]:
    return {network for network in NETWORKS if one.admits(network)}


def test_without_any_rule_everybody_comes_in() -> None:
    assert admitted(NetworkRules()) == set(NETWORKS)
    assert NetworkRules().public


@given(rules)
def test_resource_manager_always_comes_in(one: NetworkRules) -> None:
    assert one.admits(RESOURCE_MANAGER)


@given(rules)
def test_the_internet_comes_in_where_the_public_endpoint_is_open_and_nowhere_else(one: NetworkRules) -> None:
    assert one.admits(INTERNET) is one.public
    assert one.public is (one.default == ALLOW and not (one.closes and bool(one.endpoints)))


@given(rules, st.sampled_from(SUBNETS))
def test_a_rule_lets_its_own_subnet_in_and_no_other(one: NetworkRules, subnet: str) -> None:
    closed = replace(one, default=DENY)
    more = replace(closed, subnets=closed.subnets | {subnet})
    assert admitted(more) == admitted(closed) | {subnet}


@given(rules, st.sampled_from(SUBNETS))
def test_a_private_endpoint_lets_all_of_its_network_in_and_no_other(one: NetworkRules, subnet: str) -> None:
    closed = replace(one, default=DENY)
    whole = {other for other in SUBNETS if virtual_network(other) == virtual_network(subnet)}
    assert admitted(closed.linked("/endpoints/new", subnet)) == admitted(closed) | whole


@given(rules, st.sampled_from(SUBNETS))
def test_without_the_endpoint_it_is_as_before(one: NetworkRules, subnet: str) -> None:
    assert one.linked("/Endpoints/NEW", subnet).unlinked("/endpoints/new") == one


@given(rules, st.sampled_from(SUBNETS))
def test_only_where_it_closes_does_an_endpoint_take_anything_away(one: NetworkRules, subnet: str) -> None:
    before, after = admitted(one), admitted(one.linked("/endpoints/new", subnet))
    assert before <= after or one.closes
    if one.closes and not one.endpoints and one.public:
        assert INTERNET not in after


@given(rules, networks)
def test_a_service_comes_in_where_it_is_named_or_everybody_is_let_in(one: NetworkRules, network: str) -> None:
    if network in TRUSTED:
        assert one.admits(network) is (one.public or network in one.services)


@given(rules, networks)
def test_whoever_is_refused_is_told_what_is_required_and_what_helps(one: NetworkRules, network: str) -> None:
    if not one.admits(network):
        assert one.required
        assert one.advice(network)


def test_what_is_required_names_networks_and_counts_the_rest() -> None:
    one = NetworkRules(DENY, frozenset(SUBNETS[:1])).linked("/e", SUBNETS[2])
    assert one.required == "any subnet of b or the subnet one of a"
    assert one.virtual_networks == {NETS[1]}
    many = NetworkRules(DENY, frozenset(SUBNETS))
    assert many.required.endswith(" or 2 more")
    assert many.required.count("the subnet") == 4
    assert "there is none" in NetworkRules(DENY).required


@pytest.mark.parametrize(
    ("one", "network", "words"),
    [
        (NetworkRules(DENY), INTERNET, "can let a virtual network in"),
        (NetworkRules(DENY, frozenset(SUBNETS[:1])), INTERNET, "lab.connect"),
        (NetworkRules(closes=True).linked("/e", SUBNETS[0]), INTERNET, "lab.connect"),
        (NetworkRules(DENY, frozenset(SUBNETS[:1])), AZURE_ML, "AzureServices"),
    ],
)
def test_advice_depends_on_who_asks_and_on_what_there_is(one: NetworkRules, network: str, words: str) -> None:
    assert words in one.advice(network)


def test_a_cluster_of_high_business_impact_is_for_azure_ml_and_resource_manager() -> None:
    assert admitted(ONLY_AZURE_ML) == {AZURE_ML, RESOURCE_MANAGER}


def test_what_is_inside_of_a_network_is_reached_from_all_of_it_and_by_the_services_that_are_named() -> None:
    assert admitted(within(SUBNETS[0])) == {*SUBNETS[:2], RESOURCE_MANAGER}
    assert admitted(within(SUBNETS[0].upper(), AZURE_ML)) == {*SUBNETS[:2], RESOURCE_MANAGER, AZURE_ML}

"""Users, guests, groups, applications and managed identities of a tenant."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.core.entropy import Entropy
from labkit.core.errors import BadInput
from labkit.identity.directory import Directory, digest, same_secret


def new_directory(tenant: str = "tenant", domain: str = "contoso.example") -> Directory:
    return Directory(tenant, domain, Entropy(1))


@pytest.fixture
def directory() -> Directory:
    return new_directory()


nodes = st.integers(0, 6)


def reachable(edges: set[tuple[int, int]], start: Iterable[int]) -> set[int]:
    """Groups that hold any of these, directly or through others: edge (group, member)."""
    found: set[int] = set()
    todo = list(start)
    while todo:
        member = todo.pop()
        for group, held in edges:
            if held == member and group not in found:
                found.add(group)
                todo.append(group)
    return found


@given(st.sets(st.tuples(nodes, nodes)), st.sets(nodes))
def test_groups_hold_through_groups_and_circles_end(edges: set[tuple[int, int]], direct: set[int]) -> None:
    directory = new_directory()
    groups = [directory.add_group(f"group {node}") for node in range(7)]
    for group, member in edges:
        groups[group].members.add(groups[member].object_id)
    for node in direct:
        groups[node].members.add("ann")
    expected = direct | reachable(edges, direct)
    assert directory.groups_of("ann") == tuple(sorted(groups[node].object_id for node in expected))


def test_nobody_is_in_a_group_by_accident(directory: Directory) -> None:
    ann = directory.add_user("ann", "", b"").object_id
    directory.add_group("readers", ann)
    assert directory.groups_of("") == directory.groups_of(ann[:-1]) == ()


@pytest.mark.parametrize("name", ["ann", "Ann", "ANN@contoso.example", "ann@contoso.example"])
def test_a_user_is_found_by_name_and_upn_in_any_case(directory: Directory, name: str) -> None:
    ann = directory.add_user("Ann", "secret", b"factor")
    assert directory.user(name) is ann


@pytest.mark.parametrize("name", ["", "bob", "ann@", "ann@fabrikam.example", "@contoso.example", "ann "])
def test_nobody_else_is_found(directory: Directory, name: str) -> None:
    directory.add_user("ann", "secret", b"factor")
    assert directory.user(name) is None


@pytest.mark.parametrize("name", ["ann", "ANN"])
def test_a_user_exists_once(directory: Directory, name: str) -> None:
    directory.add_user("ann", "secret", b"factor")
    with pytest.raises(BadInput, match="exists already"):
        directory.add_user(name, "other", b"factor")


def test_a_guest_is_known_here_and_at_home_elsewhere(directory: Directory) -> None:
    home = new_directory("partner", "fabrikam.example")
    gita = home.add_user("gita", "secret", b"factor")
    guest = directory.invite(gita)
    assert guest.upn == "gita_fabrikam.example#EXT#@contoso.example"
    assert guest.home is gita
    assert guest.object_id != gita.object_id
    for name in (guest.upn, guest.upn.lower(), "gita@fabrikam.example", "GITA@fabrikam.example"):
        assert directory.user(name) is guest
    assert directory.user("gita") is None
    assert home.user("gita") is gita


def test_a_password_is_kept_as_a_digest_and_can_be_changed(directory: Directory) -> None:
    ann = directory.add_user("ann", "secret", b"factor")
    assert "secret" not in repr(ann)
    assert same_secret("secret", ann.password)
    directory.set_password(ann, "another")
    assert not same_secret("secret", ann.password)
    assert same_secret("another", ann.password)


@pytest.mark.parametrize("presented", ["", "Secret", "secret ", "secre", "\ud800", "é"])
def test_a_secret_is_the_same_to_the_last_character(presented: str) -> None:
    assert not same_secret(presented, digest("secret"))


def test_an_application_may_do_nothing_until_it_has_a_service_principal(directory: Directory) -> None:
    application = directory.register("app")
    assert directory.application(application.client_id) is application
    assert directory.principal_of(application.client_id) is None
    principal = directory.add_service_principal(application)
    assert directory.principal_of(application.client_id) is principal
    assert directory.principal(principal.object_id) is principal
    assert principal.object_id != application.client_id


def test_a_managed_identity_created_again_is_another_principal(directory: Directory) -> None:
    first = directory.add_managed_identity("ws", "/workspaces/ws")
    directory.remove_principal(first.object_id)
    second = directory.add_managed_identity("ws", "/workspaces/ws")
    assert (first.object_id, first.app_id) != (second.object_id, second.app_id)
    assert directory.principal(first.object_id) is None
    assert directory.principal(second.object_id) is second


def test_ids_follow_the_seed_and_the_tenant() -> None:
    ids = [new_directory(tenant).add_user("ann", "x", b"").object_id for tenant in ("one", "one", "two")]
    assert ids[0] == ids[1] != ids[2]


def test_a_user_who_is_made_again_is_somebody_else(directory: Directory) -> None:
    first = directory.add_user("dora", "secret", b"")
    team = directory.add_group("team", first.object_id)
    directory.remove_user(first)
    second = directory.add_user("dora", "secret", b"")
    assert second.object_id != first.object_id
    assert directory.groups_of(second.object_id) == ()
    assert team.members == set()
    assert directory.name_of(first.object_id) == ""


def test_applications_of_one_name_are_two_principals(directory: Directory) -> None:
    one, other = (directory.add_service_principal(directory.register("job", id)) for id in ("a", "b"))
    assert one.object_id != other.object_id
    assert directory.name_of(one.object_id) == directory.name_of(other.object_id) == "job"


def test_everybody_is_listed_once(directory: Directory) -> None:
    home = new_directory("partner", "fabrikam.example")
    user, guest = directory.add_user("dora", "", b""), directory.invite(home.add_user("gita", "", b""))
    group = directory.add_group("team")
    identity = directory.add_managed_identity("ws", "/subscriptions/s")
    listed = [(object_id, kind) for object_id, _, kind in directory.principals()]
    assert listed == [
        (user.object_id, "user"),
        (guest.object_id, "user"),
        (group.object_id, "group"),
        (identity.object_id, "managed identity"),
    ]


def test_an_application_has_an_object_id_a_uri_and_owners(directory: Directory) -> None:
    one = directory.register("app", "client-id", "http://app", "ann")
    assert one.object_id not in ("", "client-id")
    assert directory.owners_of("client-id") == {"ann"}
    assert directory.owners_of("nobody") == directory.owners_of("") == frozenset()
    assert list(directory.applications()) == [one]
    take_back = directory.as_it_is()
    directory.unregister("client-id")
    assert directory.owners_of("client-id") == frozenset()
    take_back()
    assert directory.application("client-id") is one
    assert directory.owners_of(directory.register("other").client_id) == frozenset()


@pytest.mark.parametrize("member", ["dora", "", None, 5, "00000000-0000-0000-0000-000000000000"])
def test_a_group_takes_members_by_their_object_id(directory: Directory, member: Any) -> None:
    directory.add_user("dora", "", b"")
    with pytest.raises(BadInput, match="object id"):
        directory.add_group("team", member)
    assert directory.add_group("team").members == set()

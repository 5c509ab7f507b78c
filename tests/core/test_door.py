"""The one door: the order of its stages, and what each of them leaves behind."""

from collections.abc import Iterator
from dataclasses import astuple
from itertools import chain, combinations
from typing import Any

import pytest

from labkit.core.credential import Anonymous, Bearer, Credential
from labkit.core.errors import (
    BadInput,
    BadRequest,
    CredentialMissing,
    CredentialNotAccepted,
    Forbidden,
    GuestNotSupported,
    InsecureTransport,
    NetworkDenied,
    NotFound,
    OutsideCapability,
    Refusal,
    RegionDown,
    TlsNotEnabled,
    Unauthenticated,
    UnknownHost,
)
from labkit.core.operation import Call, Service, operation
from labkit.core.resource import Component, Resource
from tests.core.tiny import BOX, OTHER_BOX, Badge, Box, Boxes, From, MasterKey, World

# All that can be wrong with one call, in the order in which the door has to notice it.
FAULTS: list[tuple[str, type[Refusal], str]] = [
    ("unknown host", UnknownHost, "reach"),
    ("http", InsecureTransport, "reach"),
    ("region down", RegionDown, "reach"),
    ("network", NetworkDenied, "network"),
    ("no credential", CredentialMissing, "authentication"),
    ("other credential", CredentialNotAccepted, "authentication"),
    ("unproved", Unauthenticated, "authentication"),
    ("guest", GuestNotSupported, "authorization"),
    ("no role", Forbidden, "authorization"),
    ("malformed", BadRequest, "parse"),
    ("no such thing", NotFound, "operation"),
]
NAMES = [name for name, _, _ in FAULTS]


def call_with(world: World, wrong: set[str]) -> Any:
    """Gets a thing from a box, with everything wrong that `wrong` names."""
    scheme = "http" if "http" in wrong else "https"
    host = "nowhere.example" if "unknown host" in wrong else "one.example"
    world.down = {"here"} if "region down" in wrong else set()
    world.box.firewall = From("office")
    world.box.things["thing"] = "gold"
    who = "nobody" if "unproved" in wrong else "guest" if "guest" in wrong else "ann"
    world.powerless = {"ann", "guest"} if "no role" in wrong else set()
    cred: Credential = Badge(who)
    if "other credential" in wrong:
        cred = Bearer("token")
    if "no credential" in wrong:
        cred = Anonymous()
    name = "" if "malformed" in wrong else "nothing" if "no such thing" in wrong else "thing"
    network = "internet" if "network" in wrong else "office"
    return world.ask(Boxes.get, f"{scheme}://{host}/", cred, name, network=network)


def every_subset() -> Iterator[tuple[str, ...]]:
    return chain.from_iterable(combinations(NAMES, size) for size in range(1, len(NAMES) + 1))


def test_nothing_wrong_is_carried_out(world: World) -> None:
    assert call_with(world, set()) == "gold"


def test_whatever_else_is_wrong_the_earliest_stage_refuses(world: World) -> None:
    for wrong in every_subset():
        _, refusal, stage = next(fault for fault in FAULTS if fault[0] in wrong)
        with pytest.raises(refusal) as caught:
            call_with(world, set(wrong))
        assert (type(caught.value), caught.value.stage) == (refusal, stage), wrong
        assert world.trace[-1].stage == stage, wrong


@pytest.mark.parametrize(("fault", "refusal", "stage"), FAULTS, ids=NAMES)
def test_a_refused_call_leaves_a_hop_that_says_how_far_it_got(
    world: World, fault: str, refusal: type[Refusal], stage: str
) -> None:
    with pytest.raises(refusal) as caught:
        call_with(world, {fault})
    [hop] = world.trace
    assert not hop.ok
    assert hop.stage == stage
    assert hop.outcome == f"{caught.value.status} {caught.value.code}"
    assert (hop.caller, hop.operation, hop.number, hop.parent) == ("ann", "Get thing", 1, 0)
    assert bool(hop.subject) is (stage in ("authorization", "parse", "operation"))
    assert bool(hop.action) is (stage in ("authorization", "parse", "operation"))
    assert hop.encrypted is (fault != "http")


def test_a_call_that_is_carried_out_leaves_a_complete_hop(world: World, ann: Badge) -> None:
    world.ask(Boxes.put, "https://one.example/things", ann, "thing", "gold")
    [hop] = world.trace
    assert astuple(hop) == (
        *(1, 0, 1000, "ann", "Client", "Box", "one", "Customer subscription", "Put thing"),
        *(
            "Box/things/write",
            "badge",
            "ann (person)",
            "ann",
            True,
            BOX,
            "operation",
            "ok",
            "ann was looked up",
            0,
        ),
    )


def test_a_hop_holds_no_payload_and_no_credential(world: World) -> None:
    secret, payload = "badge-of-office", "forty-two gold bars"
    world.ask(Boxes.put, BOX, MasterKey(BOX, ("*", secret)), "thing", payload)
    assert payload not in str(astuple(world.trace[0]))
    assert secret not in str(astuple(world.trace[0]))


def test_the_service_is_found_by_id_in_any_case_and_by_host(world: World, ann: Badge) -> None:
    targets = [BOX, BOX.upper(), "https://one.example", "https://ONE.example/a/b", "HTTPS://one.example/"]
    assert {world.ask(Boxes.look, target, ann).name for target in targets} == {"ann"}
    assert {hop.scope for hop in world.trace} == {BOX}


def test_a_resource_of_another_kind_does_not_answer(world: World, ann: Badge) -> None:
    world.resources.add(Resource("/stones/one", "stone", "stone.example"))
    assert isinstance(world.refusal(Boxes.look, "/stones/one", ann), UnknownHost)
    assert world.trace[0].resource == "nowhere"


def test_a_resource_without_a_region_never_goes_down(world: World, ann: Badge) -> None:
    world.resources.add(Box("/boxes/global", "global", "global.example"))
    world.down = {"here", ""}
    assert world.ask(Boxes.look, "/boxes/global", ann).name == "ann"


def test_a_region_that_comes_back_answers_again(world: World, ann: Badge) -> None:
    world.down = {"here"}
    assert isinstance(world.refusal(Boxes.look, BOX, ann), RegionDown)
    world.down.clear()
    assert world.ask(Boxes.look, BOX, ann).name == "ann"


def test_which_credentials_are_accepted_may_depend_on_the_resource(world: World, ann: Badge) -> None:
    world.box.takes = (MasterKey,)
    refusal = world.refusal(Boxes.get, BOX, ann, "thing")
    assert isinstance(refusal, CredentialNotAccepted)
    assert (refusal.presented, refusal.required) == ("badge", "master key")
    assert isinstance(world.refusal(Boxes.get, OTHER_BOX, ann, "thing"), NotFound)


def test_a_derived_kind_of_credential_is_another_kind(world: World) -> None:
    class GoldenBadge(Badge):
        pass

    assert isinstance(world.refusal(Boxes.look, BOX, GoldenBadge("ann")), CredentialNotAccepted)


def test_a_missing_credential_and_an_unaccepted_one_are_told_apart(world: World) -> None:
    missing, other = (world.refusal(Boxes.look, BOX, cred) for cred in (Anonymous(), Bearer("x")))
    assert isinstance(missing, CredentialMissing)
    assert not isinstance(other, CredentialMissing)


def test_an_operation_without_an_action_asks_nobody_for_a_role(world: World, ann: Badge) -> None:
    world.powerless = {"ann"}
    assert world.ask(Boxes.look, BOX, ann).name == "ann"
    assert world.asked == []
    assert world.trace[0].why == "nothing to authorize"


def test_the_action_may_depend_on_the_scope_and_the_arguments(world: World, ann: Badge) -> None:
    world.ask(Boxes.tag, BOX, ann)
    world.ask(Boxes.tag, BOX, ann, "red")
    world.ask(Boxes.tag, BOX, ann, tag="blue")
    assert [action for action, _, _ in world.asked] == [
        f"Box{BOX}/tags/{tag}" for tag in ("none", "red", "blue")
    ]


@pytest.mark.parametrize("op", [Boxes.put, Boxes.tag, Boxes.look], ids=str)
def test_arguments_that_do_not_fit_are_a_bad_request(world: World, ann: Badge, op: Any) -> None:
    for args, kwargs in ((("a", "b", "c", "d"), {}), ((), {"colour": "red"})):
        refusal = world.refusal(op, BOX, ann, *args, **kwargs)
        assert isinstance(refusal, BadRequest)
        assert refusal.stage == "parse"


def test_a_missing_argument_is_named(world: World, ann: Badge) -> None:
    refusal = world.refusal(Boxes.put, BOX, ann, "thing")
    assert "'thing'" in refusal.message
    assert refusal.required == "name, thing"


def test_a_capability_asks_for_no_role(world: World) -> None:
    world.powerless = {"the key"}
    world.ask(Boxes.put, BOX, MasterKey(BOX), "thing", "gold")
    assert world.asked == []
    assert world.trace[0].why == "the credential itself opens Box/things/write"


@pytest.mark.parametrize(
    "key", [MasterKey(OTHER_BOX), MasterKey(BOX, ("Box/things/read",)), MasterKey(BOX, ())]
)
def test_a_capability_opens_nothing_else(world: World, key: MasterKey) -> None:
    refusal = world.refusal(Boxes.put, BOX, key, "thing", "gold")
    assert isinstance(refusal, OutsideCapability)
    assert refusal.stage == "authorization"
    assert world.asked == []
    assert world.box.things == {}


def test_a_guest_is_turned_away_before_roles_and_only_where_guests_are_refused(world: World) -> None:
    class OpenBox(Box):
        refuses_guests = False

    world.resources.add(OpenBox("/boxes/open", "open", "open.example", things={"thing": "gold"}))
    assert isinstance(world.refusal(Boxes.get, BOX, Badge("guest"), "thing"), GuestNotSupported)
    assert world.asked == []
    assert world.ask(Boxes.get, "/boxes/open", Badge("guest"), "thing") == "gold"


def test_a_refusal_speaks_the_dialect_of_its_service(world: World, ann: Badge) -> None:
    gone = world.refusal(Boxes.get, BOX, ann, "thing")
    assert (gone.status, gone.code, gone.service) == (410, "ThingGone", "Box service")
    assert gone.heading == "410 ThingGone: There is no such thing."
    other = world.refusal(Boxes.look, BOX, Bearer("x"))
    assert (other.status, other.code) == (401, "Unauthorized")


def test_the_dialect_follows_the_nearest_base_class(world: World, ann: Badge) -> None:
    class ThingLost(NotFound):
        pass

    class ThingNamed(ThingLost):
        fixed_code = "Named"

    def lose(kind: type[Refusal]) -> Any:
        def script(call: Call[Box]) -> None:
            raise kind("It was here yesterday.")

        return script

    lost = world.refusal(Boxes.do, BOX, ann, lose(ThingLost))
    named = world.refusal(Boxes.do, BOX, ann, lose(ThingNamed))
    assert (lost.status, lost.code) == (410, "ThingGone")
    assert (named.status, named.code) == (410, "Named")


def test_an_unexpected_exception_leaves_a_hop_and_is_not_hidden(world: World, ann: Badge) -> None:
    def script(call: Call[Box]) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        world.ask(Boxes.do, BOX, ann, script)
    [hop] = world.trace
    assert (hop.stage, hop.outcome, hop.ok) == ("operation", "ZeroDivisionError", False)


@pytest.mark.parametrize("target", [None, 5, b"/boxes/one", ["/boxes/one"], object()])
def test_a_target_that_is_no_text_is_bad_input(world: World, ann: Badge, target: Any) -> None:
    with pytest.raises(BadInput):
        world.ask(Boxes.look, target, ann)


@pytest.mark.parametrize("cred", [None, "ann", 5, Badge, object()])
def test_what_is_no_credential_is_bad_input(world: World, cred: Any) -> None:
    with pytest.raises(BadInput):
        world.ask(Boxes.look, BOX, cred)


class NotInstalled(Service):
    name = "elsewhere"

    @operation("Look")
    def look(self, call: Call[Resource]) -> None:
        """Nobody can call it here."""


@pytest.mark.parametrize("op", [NotInstalled.look, None, "look", Boxes, print], ids=repr)
def test_an_operation_of_another_lab_is_bad_input_and_leaves_no_hop(
    world: World, ann: Badge, op: Any
) -> None:
    with pytest.raises(BadInput):
        world.ask(op, BOX, ann)
    with pytest.raises(BadInput):
        world.door.probe(Component("ann"), op, BOX, ann)
    assert len(world.trace) == 0


def test_a_probe_carries_nothing_out_and_leaves_no_hop(world: World, ann: Badge) -> None:
    why = world.door.probe(Component("ann"), Boxes.put, BOX, ann, "thing", "gold")
    assert why == "ann was looked up"
    assert world.box.things == {}
    assert len(world.trace) == 0


@pytest.mark.parametrize(
    ("cred", "refusal", "stage"),
    [
        (Anonymous(), CredentialMissing, "authentication"),
        (Badge("nobody"), Unauthenticated, "authentication"),
        (Badge("guest"), GuestNotSupported, "authorization"),
        (MasterKey(OTHER_BOX), OutsideCapability, "authorization"),
    ],
)
def test_a_probe_is_refused_as_the_call_would_be(
    world: World, cred: Credential, refusal: type[Refusal], stage: str
) -> None:
    with pytest.raises(refusal) as caught:
        world.door.probe(Component("ann"), Boxes.put, BOX, cred)
    probed, asked = caught.value, world.refusal(Boxes.put, BOX, cred, "thing", "gold")
    assert str(probed) == str(asked)
    assert (probed.stage, probed.service) == (asked.stage, asked.service) == (stage, "Box service")


def test_a_probe_stops_before_the_body_is_parsed(world: World, ann: Badge) -> None:
    assert world.door.probe(Component("ann"), Boxes.put, BOX, ann)


def test_a_service_lists_its_operations_and_targets(world: World) -> None:
    assert [op.name for op in Boxes.operations()] == ["Put thing", "Get thing", "Look", "Do", "Tag"]
    assert list(Boxes().targets(world.resources)) == [BOX, OTHER_BOX]


@pytest.mark.parametrize(
    ("plain", "target", "refusal", "encrypted"),
    [
        (False, "https://one.example/", None, True),
        (False, "http://one.example/", InsecureTransport, False),
        (False, "ftp://one.example/", InsecureTransport, False),
        (False, BOX, None, True),
        (True, "http://one.example/", None, False),
        (True, "HTTP://one.example/", None, False),
        (True, "https://one.example/", TlsNotEnabled, True),
        (True, "ftp://one.example/", TlsNotEnabled, False),
        (True, BOX, None, False),
    ],
)
def test_a_resource_speaks_https_or_http_and_the_hop_says_which(
    world: World, plain: bool, target: str, refusal: type[Refusal] | None, encrypted: bool
) -> None:
    world.box.plain_http, world.box.things["thing"] = plain, "gold"
    if refusal is None:
        assert world.ask(Boxes.get, target, Badge("ann"), "thing") == "gold"
    else:
        refused = world.refusal(Boxes.get, target, Badge("ann"), "thing")
        assert (type(refused), refused.stage, refused.status) == (refusal, "reach", 400)
    assert world.trace[-1].encrypted is encrypted
    assert ("NOT ENCRYPTED" in str(world.trace[-1])) is not encrypted


def test_a_caller_from_another_network_is_told_where_to_call_from_and_its_credential_is_not_looked_at(
    world: World,
) -> None:
    world.box.firewall = From("office")
    with pytest.raises(NetworkDenied) as caught:
        world.ask(Boxes.get, BOX, Badge("nobody"), "thing", network="cellar")
    refusal = caught.value
    assert refusal.stage == "network"
    assert refusal.presented == "ann, from cellar"
    assert refusal.required == "the office"
    assert refusal.advice == "go from the cellar to the office"
    [hop] = world.trace
    assert (hop.stage, hop.subject) == ("network", "")


def test_a_service_may_ask_from_somewhere_else_than_its_resource(world: World, ann: Badge) -> None:
    class Elsewhere(Service):
        name = "Elsewhere"
        resource = Box

        def component(self, resource: Resource) -> Component:
            return Component(resource.name, resource.boundary, "cellar")

        @operation("Look", accepts=(Badge,))
        def look(self, call: Call[Box]) -> str:
            return call.ask(Boxes.get, OTHER_BOX, ann, "thing")

    world.door.install(Elsewhere())
    world.box.network = "office"
    world.other.firewall = From("office")
    with pytest.raises(NetworkDenied, match="does not admit"):
        world.ask(Elsewhere.look, BOX, ann)
    world.other.firewall = From("cellar")
    world.other.things["thing"] = "gold"
    assert world.ask(Elsewhere.look, BOX, ann) == "gold"
    assert world.trace[-1].caller == world.box.name

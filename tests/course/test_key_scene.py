"""What olivia does with keys in a vault."""

import pytest

from labkit.core.errors import Forbidden
from labkit.core.verdict import Verdict
from labkit.course.key_scene import ENOUGH, KEY, OWNER, address, at_vault, enable, let_in, new_version, put
from labkit.furniture import GROUPS, SUBSCRIPTION
from labkit.lab import Lab
from labkit.services.azure_ad import KEY_VAULT
from labkit.services.key_vault import TYPE, KeyVault

OTHER = f"{SUBSCRIPTION}/resourceGroups/{GROUPS[0]}/providers/{TYPE}/other-keys"
USES = {
    "get": lambda lab: _carl(lab, KeyVault.get_key, KEY),
    "wrapKey": lambda lab: _carl(lab, KeyVault.wrap_key, KEY, _newest(lab), "RSA-OAEP-256", bytes(32)),
    "create": lambda lab: _carl(lab, KeyVault.create_key, "mine"),
}


def _carl(lab: Lab, op: object, *args: object) -> object:
    return lab.ask("carl", op, lab.vault, lab.sign_in("carl", resource=KEY_VAULT).bearer, *args)  # type: ignore[arg-type]


def _newest(lab: Lab, vault: str = "") -> str:
    return at_vault(lab, KeyVault.get_key, vault or lab.vault, KEY).version


def states(lab: Lab, name: str = KEY) -> list[bool]:
    return [one.enabled for one in at_vault(lab, KeyVault.list_key_versions, lab.vault, name)]


def test_a_key_is_made_and_each_time_after_that_its_next_version(lab: Lab) -> None:
    made = [new_version(lab) for _ in range(3)]
    assert {one.name for one in made} == {KEY}
    assert len({one.version for one in made}) == 3
    listed = at_vault(lab, KeyVault.list_key_versions, lab.vault, KEY)
    assert [one.version for one in listed] == [one.version for one in made]
    assert _newest(lab) == made[-1].version


def test_all_versions_of_a_key_are_disabled_and_enabled_and_no_other_key(lab: Lab) -> None:
    for name in (KEY, KEY, "another"):
        new_version(lab, name=name)
    enable(lab, False)
    assert (states(lab), states(lab, "another")) == ([False, False], [True])
    new_version(lab)
    assert states(lab) == [False, False, True]
    enable(lab, True)
    assert states(lab) == [True, True, True]


def test_a_key_may_be_in_another_vault(lab: Lab) -> None:
    put(lab, OTHER)
    made = new_version(lab, OTHER)
    assert made.key_id.startswith(f"{address(OTHER)}/keys/{KEY}/")
    enable(lab, False, OTHER)
    assert [one.enabled for one in at_vault(lab, KeyVault.list_key_versions, OTHER, KEY)] == [False]
    assert not Verdict.of(lambda: _newest(lab)).accepted


def test_an_address_is_that_of_the_keys(lab: Lab) -> None:
    assert new_version(lab).key_id.startswith(f"{address(lab.vault)}/keys/")


@pytest.mark.parametrize("use", USES)
def test_who_is_let_in_may_do_what_a_store_needs_and_nothing_else(lab: Lab, use: str) -> None:
    new_version(lab)
    carl = lab.people["carl"].object_id
    let_in(lab, carl, "backup")
    assert isinstance(Verdict.of(lambda: USES[use](lab)).refusal, Forbidden)
    let_in(lab, carl)
    assert Verdict.of(lambda: USES[use](lab)).accepted is (use in ENOUGH)
    let_in(lab, carl, "create")
    assert Verdict.of(lambda: USES[use](lab)).accepted is (use == "create")


def test_everything_is_asked_through_the_door_by_olivia(lab: Lab) -> None:
    put(lab, OTHER)
    new_version(lab, OTHER)
    hops = [hop for hop in lab.trace if hop.parent == 0]
    assert {hop.caller for hop in hops} == {OWNER}
    assert {hop.outcome for hop in hops} == {"ok"}


def test_what_is_refused_is_raised(lab: Lab) -> None:
    lab.switchboard.down(lab.resources.find(lab.vault).region)
    assert not Verdict.of(lambda: new_version(lab)).accepted

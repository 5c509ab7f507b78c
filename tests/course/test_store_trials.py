"""Every store that the lab knows is tried, and what is put into it is there."""

import pytest

import labkit
from labkit.core.errors import BadInput
from labkit.core.verdict import Verdict
from labkit.course.key_scene import KEY, address, new_version
from labkit.course.store_trials import TEXT, TRIALS, NotPossible, Wish, request_own_cosmos
from labkit.lab import Lab
from labkit.releases import RELEASES
from labkit.stores import (
    CLUSTER_DATA,
    CLUSTER_OS,
    COMPUTE_OS,
    COMPUTE_TEMPORARY,
    CONTAINERS,
    NO_KEY,
    OWN_RUN_HISTORY,
    RUN_HISTORY,
    kinds,
)

COMPUTE = (COMPUTE_OS, COMPUTE_TEMPORARY)
CLUSTERS = (CLUSTER_OS, CLUSTER_DATA)
WITHOUT = [one for one in TRIALS if one != OWN_RUN_HISTORY]
WITH = [one for one in TRIALS if one not in (RUN_HISTORY, *COMPUTE)]
# What reads these is a model's answer, and no bytes.
SCORED = (CONTAINERS, *CLUSTERS)


def own(lab: Lab, **others: str) -> Wish:
    return Wish(new_version(lab), lab.vault, **others)  # type: ignore[arg-type]


def disks(lab: Lab, medium: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in lab.media.rows if str(row[0]).startswith(medium)]


@pytest.mark.parametrize("release", RELEASES)
def test_every_store_has_a_trial_in_the_order_or_any(release: str) -> None:
    assert set(TRIALS) == set(kinds(release))


@pytest.mark.parametrize("what", WITHOUT)
def test_what_is_kept_without_a_key_of_ones_own_is_there_and_read(lab: Lab, what: str) -> None:
    used = TRIALS[what](lab, Wish(None, lab.vault))
    [row] = disks(lab, used.medium)
    kind = kinds("2020-03")[what]
    assert (row[1], row[2], row[3]) == (kind.name, kind.subscription, kind.key)
    found = {str(one[0]) for one in lab.media.find(TEXT).rows}
    assert (row[0] in found) is (kind.key == NO_KEY)
    _read(used.read, what)


@pytest.mark.parametrize("what", WITH)
def test_what_is_kept_under_a_key_of_ones_own_is_wrapped_by_it_and_read(lab: Lab, what: str) -> None:
    wish = own(lab)
    used = TRIALS[what](lab, wish)
    assert wish.key is not None
    [row] = disks(lab, used.medium)
    key = f"{address(lab.vault)}/keys/{KEY}".removeprefix("https://")
    assert row[3:6] == ("customer", key, wish.key.version)
    assert row[0] not in {one[0] for one in lab.media.find(TEXT).rows}
    _read(used.read, what)


def _read(read: object, what: str) -> None:
    if what in COMPUTE:
        assert read is None
        return
    assert callable(read)
    said = read()
    assert said == read()
    assert what in SCORED or said in (TEXT, TEXT.encode())


def test_what_nobody_can_ask_for_is_not_possible_and_changes_nothing(lab: Lab) -> None:
    before = list(lab.media.rows)
    for what, wish in ((RUN_HISTORY, own(lab)), (OWN_RUN_HISTORY, Wish(None, lab.vault))):
        with pytest.raises(NotPossible) as caught:
            TRIALS[what](lab, wish)
        assert isinstance(caught.value, BadInput)
        assert caught.value.code == "NotPossible"
    assert list(lab.media.rows) == before


@pytest.mark.parametrize("what", COMPUTE)
def test_disks_of_compute_take_no_key(lab: Lab, what: str) -> None:
    verdict = Verdict.of(lambda: TRIALS[what](lab, own(lab)))
    assert verdict.code == "DiskEncryptionNotSupported"


@pytest.mark.parametrize(("hbi", "owner"), [(False, NO_KEY), (True, "Microsoft")])
def test_high_business_impact_is_what_encrypts_the_temporary_disk(lab: Lab, hbi: bool, owner: str) -> None:
    used = TRIALS[COMPUTE_TEMPORARY](lab, Wish(None, lab.vault, hbi))
    assert [row[3] for row in disks(lab, used.medium)] == [owner]


def test_an_account_of_ones_own_takes_the_edition_that_is_wished(lab: Lab) -> None:
    assert not Verdict.of(lambda: TRIALS[OWN_RUN_HISTORY](lab, own(lab, edition="Basic"))).accepted
    assert Verdict.of(lambda: TRIALS[OWN_RUN_HISTORY](lab, own(lab, edition="Enterprise"))).accepted


# Statement enc-aks-cmk: the documents of 9 January 2020 speak of 13 January.
@pytest.mark.parametrize("what", CLUSTERS)
def test_disks_of_a_cluster_take_a_key_from_kubernetes_1_17_and_13_january_on(what: str) -> None:
    for release, version, passed, accepted in (
        ("2020-01", "1.17.0", "3d14h59m59s", False),
        ("2020-01", "1.17.0", "3d15h", True),
        ("2020-01", "1.16.9", "3d15h", False),
        ("2020-03", "1.16.9", "0s", False),
        ("2020-03", "1.18.0", "0s", True),
    ):
        lab = labkit.start(release)
        lab.clock.advance(passed)
        wish = own(lab, kubernetes=version)
        assert Verdict.of(lambda: TRIALS[what](lab, wish)).accepted is accepted, (release, version, passed)  # noqa: B023


def test_what_a_subscription_needs_may_be_done_twice(lab: Lab) -> None:
    request_own_cosmos(lab)
    request_own_cosmos(lab)
    assert TRIALS[OWN_RUN_HISTORY](lab, own(lab)).read is not None

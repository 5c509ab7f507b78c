from typing import Any

import pytest

from labkit.core.errors import BadInput
from labkit.course import revocations
from labkit.course.revocations import Revocations

BLOBS = {"register a model", "save a notebook", "create an image", "deploy to ACI", "deploy to AKS"}
BROKEN = {
    "workspace": set[str](),
    "storage account": BLOBS,
    "container registry": set[str](),
    "resource group of the workspace": {"deploy to ACI", "deploy to AKS", "list the keys"},
    "key vault": {"save a run secret", "open a data store"},
}


@pytest.fixture(scope="module")
def here() -> Revocations:
    return revocations()


@pytest.mark.proves("mi-do-not-revoke")
def test_what_breaks_without_each_permission(here: Revocations) -> None:
    assert {one.permission: {deed for deed, _ in one.broke} for one in here.each} == BROKEN
    assert here.harmless == {name for name, deeds in BROKEN.items() if not deeds}


@pytest.mark.proves("mi-do-not-revoke")
def test_resynchronizing_the_keys_brings_all_of_it_back(here: Revocations) -> None:
    assert all(one.restored for one in here.each)


@pytest.mark.proves("mi-permissions")
@pytest.mark.parametrize("release", ["2019-08", "2020-01", "2020-03"])
def test_a_vault_elsewhere_makes_it_one_permission_more(release: str) -> None:
    found = revocations(release, vault_elsewhere=True)
    elsewhere = "resource group of the key vault"
    assert {one.permission for one in found.each} == {*BROKEN, elsewhere}
    assert found.harmless == {"workspace", "container registry", elsewhere}


def test_each_refusal_is_in_the_words_of_who_refused(here: Revocations) -> None:
    codes = {one.permission: {code for _, code in one.broke} for one in here.each}
    assert codes["storage account"] == {"AuthorizationPermissionMismatch"}
    assert codes["key vault"] == {"ForbiddenByPolicy"}


def test_the_table_has_a_row_for_each_that_broke(here: Revocations) -> None:
    rows = here.as_table().rows
    assert len(rows) == sum(max(1, len(deeds)) for deeds in BROKEN.values())
    assert ("workspace", "nothing", "", "") in rows
    assert "2 of 5 revocations broke nothing" in repr(here)
    assert "works again" in here._repr_mimebundle_()["text/plain"]


def test_the_seed_makes_no_difference(here: Revocations) -> None:
    assert revocations(seed=7) == here


@pytest.mark.parametrize("wrong", [{"release": "2021-01"}, {"vault_elsewhere": "yes"}])
def test_bad_input_is_told_so(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        revocations(**wrong)

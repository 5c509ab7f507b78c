"""Ids of Resource Manager."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.core.errors import BadRequest
from labkit.services.resource_id import group_of, name_of, parent_of, resource_type

GROUP = "/subscriptions/s/resourceGroups/g"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/v"

names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.()-]{0,20}", fullmatch=True).filter(
    lambda n: n.lower() != "providers"
)


@pytest.mark.parametrize(
    ("scope", "type_"),
    [
        (VAULT, "Microsoft.KeyVault/vaults"),
        (VAULT + "/", "Microsoft.KeyVault/vaults"),
        (f"{VAULT}/secrets/x", "Microsoft.KeyVault/vaults/secrets"),
        (VAULT.upper(), "MICROSOFT.KEYVAULT/VAULTS"),
        (GROUP, "Microsoft.Resources/subscriptions/resourceGroups"),
        ("/subscriptions/s", "Microsoft.Resources/subscriptions"),
    ],
)
def test_an_id_names_its_type(scope: str, type_: str) -> None:
    assert resource_type(scope) == type_


@pytest.mark.parametrize(
    "scope",
    [
        *("", "/", "//", "x", "/subscriptions", "/subscriptions/", "/tenants/t", "subscriptions//s"),
        *("/subscriptions/s/resourceGroups", "/subscriptions/s/groups/g", f"{GROUP}/x", f"{GROUP}/providers"),
        *(f"{GROUP}/providers/Microsoft.KeyVault", f"{GROUP}/providers/Microsoft.KeyVault/vaults"),
        *(
            f"{VAULT}/secrets",
            f"{VAULT}//secrets/x",
            f"{VAULT}/secrets/",
            f"{VAULT}?api-version=1",
            f"{VAULT}#x",
        ),
        *(
            f"{GROUP}/providers/Microsoft.KeyVault/vaults/..",
            f"{GROUP}/providers/Microsoft.KeyVault/vaults/v v",
        ),
        *(
            f"{GROUP}/providers/Microsoft.KeyVault/vaults/é",
            f"{GROUP}/providers/Microsoft.KeyVault/vaults/%2e",
        ),
        *(f"{GROUP}/providers/Microsoft.KeyVault/vaults/" + "v" * 91, VAULT + "\n", f"{VAULT}\0", "\ud800"),
    ],
)
def test_what_is_no_id_is_a_bad_request(scope: str) -> None:
    with pytest.raises(BadRequest, match="not a resource id"):
        resource_type(scope)


@given(names, names, names, st.lists(st.tuples(names, names), min_size=1, max_size=3))
def test_an_id_comes_apart_as_it_was_put_together(
    subscription: str, group: str, namespace: str, path: list[tuple[str, str]]
) -> None:
    above = f"/subscriptions/{subscription}/resourceGroups/{group}"
    id = f"{above}/providers/{namespace}" + "".join(f"/{type_}/{name}" for type_, name in path)
    assert resource_type(id) == "/".join([namespace, *(type_ for type_, _ in path)])
    assert group_of(id) == above
    assert name_of(id) == path[-1][1]
    assert parent_of(id) == (above if len(path) == 1 else id.rsplit("/", 2)[0])

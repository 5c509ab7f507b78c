"""The explorer without a browser: the function, and the shell around it."""

from typing import Any

import pytest

from labkit.core.errors import BadInput
from labkit.course.explorer import explore, explorer
from labkit.course.operations import OPERATIONS
from labkit.course.role_matrix import DOCUMENTED_ROLES, SCOPES
from labkit.course.sample_roles import SAMPLES


def test_what_was_allowed_names_the_assignment() -> None:
    found = explore("Contributor", "Run experiment", "subscription")
    assert found.allowed
    assert found.reason == "Contributor at subscription your-sub-id grants *"
    assert found.missing == ""
    assert repr(found).endswith(f"  because     {found.reason}")


def test_what_was_refused_names_what_is_missing_and_what_to_do() -> None:
    found = explore("Contributor", "Share workspace")
    assert not found.allowed
    assert found.reason == (
        "Contributor at resource group your-resource-group-name without Microsoft.Authorization/*/Write"
    )
    assert found.missing.startswith("Microsoft.Authorization/roleAssignments/write at workspaces/ml-example")
    assert "what to do  ask an Owner for User Access Administrator" in repr(found)


@pytest.mark.parametrize("scope", ["another workspace", "none"])
def test_a_role_elsewhere_is_no_role_here(scope: str) -> None:
    found = explore("Owner", "Register model", scope)
    assert (found.allowed, found.reason) == (False, "no role assignment at or above this scope")


@pytest.mark.parametrize(("via", "group"), [("group", "juniors"), ("nested group", "team")])
def test_a_role_that_a_group_holds_is_as_good(via: str, group: str) -> None:
    found = explore("Reader", "View runs/metrics", via=via)
    assert found.allowed
    assert found.reason.endswith(f"held through the group {group}")
    assert not explore("Reader", "Register model", via=via).allowed


def test_a_way_that_was_refused_beside_one_that_was_open_is_told() -> None:
    found = explore("AKS operator", "Deploy web service")
    assert (found.allowed, found.missing) == (True, "")
    assert "services/aci/write" in repr(found)


def test_the_form_for_notebooks_has_the_cell_and_the_decision() -> None:
    bundle = explore()._repr_mimebundle_()
    assert list(bundle) == ["text/plain", "text/html"]
    assert "✓ yes, by token" in bundle["text/html"]
    assert "ALLOWED" in bundle["text/html"]


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        ({"role": "reader"}, "Reader"),
        ({"role": None}, "AKS operator"),
        ({"role": "x" * 100_000}, "Owner"),
        ({"operation": "Fly"}, "Upgrade to Enterprise edition"),
        ({"operation": ["Run experiment"]}, "Run experiment"),
        ({"operation": "Upgrade to Enterprise edition", "release": "2019-08"}, "Run experiment"),
        ({"scope": "everywhere"}, "another workspace"),
        ({"scope": "\ud800"}, "none"),
        ({"via": "a friend"}, "nested group"),
        ({"release": "2019-12"}, "2019-08"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_there_is_not_is_bad_input_with_what_there_is(arguments: dict[str, Any], option: str) -> None:
    with pytest.raises(BadInput) as caught:
        explore(**arguments)
    assert f'"{option}"' in caught.value.required
    assert f'"{arguments.get("operation")}"' not in caught.value.required


def test_its_lists_have_names_and_all_there_is() -> None:
    _, *controls, _, _ = explorer().box.children
    assert [control.description for control in controls] == ["Role", "Operation", "Role assigned at"]
    assert [tuple(control.options) for control in controls] == [
        (*DOCUMENTED_ROLES, *SAMPLES),
        tuple(OPERATIONS),
        tuple(SCOPES),
    ]


def test_it_offers_what_a_lab_of_the_release_has() -> None:
    operations = explorer("2019-08").box.children[2].options
    assert set(OPERATIONS) - set(operations) == {"Upgrade to Enterprise edition"}


def test_where_there_is_no_widget_its_text_is_that_of_the_first_choices() -> None:
    panel = explorer()
    first = explore("Owner", "Create workspace", "subscription")
    assert panel._repr_mimebundle_()["text/plain"] == repr(panel) == repr(first)

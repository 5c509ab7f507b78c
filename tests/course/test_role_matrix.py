"""The table of operations by role: found by trying, cell by cell, and compared with the ledger."""

import sys
from dataclasses import replace
from typing import Any

import pytest

import labkit
from labkit.access import role_definitions
from labkit.access.matrix import Matrix
from labkit.access.roles import Role, built_in
from labkit.core.errors import BadInput
from labkit.course.explorer import explore
from labkit.course.operations import OPERATIONS
from labkit.course.role_matrix import DOCUMENTED_ROLES, NEWCOMER, SCOPES, role_matrix
from labkit.course.sample_roles import SAMPLES
from labkit.ledger import statement, statements
from labkit.releases import RELEASES


@pytest.fixture(scope="module")
def matrix() -> Matrix:
    return role_matrix()


def test_the_documents_roles_are_the_columns() -> None:
    named = {role for one in statements().values() for roles in one.table.values() for role in roles}
    assert named == set(DOCUMENTED_ROLES)


def test_nothing_but_what_was_tried_makes_a_cell(matrix: Matrix) -> None:
    assert len(list(matrix)) == 39
    for cell in matrix:
        assert cell.ways
        assert cell.allowed is any(way.verdict.accepted for way in cell.ways if way.asks_role)
        assert all(way.calls for way in cell.ways)


def test_no_cell_influences_another(matrix: Matrix) -> None:
    turned = role_matrix(["Reader", "Owner", "Contributor"])
    for cell in matrix:
        assert repr(turned.cell(cell.operation, cell.role)) == repr(cell)
        assert repr(explore(cell.role, cell.operation).cell) == repr(cell)


def test_the_text_is_a_table_with_words_and_a_count(matrix: Matrix) -> None:
    lines = repr(matrix).splitlines()
    assert lines[0] == "Operations by role in a lab of 2020-03; roles assigned at: resource group"
    assert lines[1].split() == ["operation", "Owner", "Contributor", "Reader"]
    assert lines[3].split() == ["Create", "workspace", "✓", "yes", "✓", "yes", "✗", "no"]
    assert lines[-2].endswith("✓ yes  ✓ yes        ✓ yes, by token")
    assert lines[-1] == "39 cells, each found by trying: 39 as the documents say, 0 otherwise"
    assert len({line.index("✓") for line in lines[3:-1]}) == 1


def test_a_cell_explains_itself(matrix: Matrix) -> None:
    text = repr(matrix.cell("Call web service", "Reader"))
    assert "by token: accepted" in text
    assert "Reader at resource group your-resource-group-name grants */read" in text
    assert "by a fetched key: refused by Azure Machine Learning at authorization: AuthorizationFailed" in text
    assert "by a key handed over: accepted, no role was asked" in text


def test_the_cell_of_a_nested_refusal_names_the_call_that_was_turned_away() -> None:
    cell = role_matrix(["Contributor"], scope="workspace").cell("Attach compute target", "Contributor")
    [way] = cell.ways
    assert [call.ok for call in way.calls] == [False, False]
    assert way.missing.startswith("Microsoft.ContainerService/managedClusters/write at managedClusters/")
    assert "Contributor at workspaces/ml-example in your-resource-group-name grants *" in repr(cell)


def test_the_newcomer_holds_nothing_else(matrix: Matrix) -> None:
    lab = labkit.start()
    lab.hire(NEWCOMER)
    assert lab.access.assignments(NEWCOMER).rows == []
    everything = role_matrix(scope="none")
    assert [cell for cell in everything if cell.allowed] == []


def test_a_role_on_the_workspace_alone_creates_none_and_attaches_nothing() -> None:
    found = role_matrix(scope="workspace")
    differing = {(cell.operation, cell.role) for cell in found.disagreements}
    assert differing == {
        (operation, role)
        for operation in ("Create workspace", "Attach compute target")
        for role in ("Owner", "Contributor")
    }
    assert "✗ no ≠ documents: yes" in repr(found)
    assert repr(found).endswith("35 as the documents say, 4 otherwise")


@pytest.mark.parametrize("scope", ["another workspace", "none"])
def test_of_a_role_elsewhere_the_documents_do_not_speak(scope: str) -> None:
    found = role_matrix(["Owner"], scope)
    assert {cell.agrees for cell in found} == {None}
    assert not any(cell.allowed for cell in found)
    assert repr(found).endswith("13 of which they do not speak")


@pytest.mark.parametrize("release", RELEASES)
def test_a_role_comes_down_from_the_subscription(release: str) -> None:
    found = role_matrix(scope="subscription", release=release)
    assert found.disagreements == ()
    assert {cell.agrees for cell in found} == {True}


def test_custom_roles_are_columns_too() -> None:
    found = role_matrix(list(SAMPLES))
    assert {cell.agrees for cell in found} == {None}
    assert str(found.cell("Deploy web service", "AKS operator")) == "✓ yes, on AKS"
    assert str(found.cell("Create compute target", "Data scientist")) == "✗ no"
    assert str(found.cell("Run experiment", "Data scientist")) == "✓ yes"


@pytest.mark.usefixtures("none_copied")
def test_a_lab_whose_contributor_may_share_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    roles: dict[str, Role] = dict(built_in())
    roles["contributor"] = replace(roles["contributor"], not_actions=())
    monkeypatch.setattr(role_definitions, "built_in", lambda: roles)
    found = role_matrix(["Contributor"])
    assert {cell.operation for cell in found.disagreements} == {
        "Share workspace",
        "Upgrade to Enterprise edition",
    }


def test_documents_with_another_table_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {**statement("rbac-matrix").table, "Run experiment": ("Owner", "Reader")}
    other = {**statements(), "rbac-matrix": replace(statement("rbac-matrix"), table=table)}
    # The package gives out the function under the module's name.
    monkeypatch.setattr(sys.modules[role_matrix.__module__], "statements", lambda: other)
    found = role_matrix()
    assert [str(cell) for cell in found.rows["Run experiment"]] == [
        "✓ yes",
        "✓ yes ≠ documents: no",
        "✗ no ≠ documents: yes",
    ]
    assert len(found.disagreements) == 2


@pytest.mark.parametrize("seed", [1, None])
def test_another_seed_finds_the_same(matrix: Matrix, seed: int | None) -> None:
    other = role_matrix(["Reader"], seed=seed)
    assert [str(cell) for cell in other] == [str(row[2]) for row in matrix.rows.values()]


BAD: list[dict[str, Any]] = [
    *(
        {"roles": roles}
        for roles in ("Owner", [], None, 3, ["owner"], ["Owner", "Owner"], [["Owner"]], {"Owner"})
    ),
    *({"scope": scope} for scope in ("", "Workspace", None, ["workspace"], "/subscriptions/your-sub-id")),
    *({"release": release} for release in ("2019-12", None, 2020)),
]


@pytest.mark.parametrize("arguments", BAD, ids=repr)
def test_what_there_is_not_is_bad_input_with_what_there_is(arguments: dict[str, Any]) -> None:
    with pytest.raises(BadInput) as caught:
        role_matrix(**arguments)
    assert caught.value.required
    assert len(str(caught.value)) < 1500


def test_every_scope_and_every_sample_can_be_had() -> None:
    for scope in SCOPES:
        for sample in SAMPLES:
            assert explore(sample, "View runs/metrics", scope).cell.operation in OPERATIONS

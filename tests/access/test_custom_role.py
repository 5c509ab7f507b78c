"""What a custom role has to look like: for Azure, and for the documents."""

from typing import Any

import pytest

from labkit.access.custom_role import WORKSPACE, check_role, read_role
from labkit.access.errors import (
    InvalidActionOrNotAction,
    InvalidRoleDefinition,
    InvalidRoleDefinitionType,
    LinkedInvalidPropertyId,
    MissingAssignableScopes,
    OutsideDocumentedRoles,
    RoleDefinitionNameNullOrEmpty,
)
from labkit.access.roles import Role
from labkit.access.scope import LONGEST, management_group
from labkit.core.errors import Refusal, brief

GROUP = "/subscriptions/s/resourceGroups/g"
GOOD: dict[str, Any] = {
    "Name": "Mine",
    "Actions": [f"{WORKSPACE}/*/read"],
    "AssignableScopes": [GROUP],
}
BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"


def check(as_documented: bool = True, one_segment: bool = False, **changes: Any) -> Role:
    """The good role with these changes, read and checked."""
    role = read_role(GOOD | changes)
    check_role(role, one_segment, as_documented)
    return role


def refused(kind: type[Refusal], as_documented: bool = False, **changes: Any) -> Refusal:
    with pytest.raises(kind) as caught:
        check(as_documented, **changes)
    assert type(caught.value) is kind
    assert "\ud800" not in str(caught.value)
    assert len(str(caught.value)) < 2000
    return caught.value


class TestReading:
    def test_every_part_is_read(self) -> None:
        parts = {
            "Name": "Mine",
            "Id": "x",
            "IsCustom": True,
            "Description": "What it is for.",
            "Actions": ["a"],
            "NotActions": ["b"],
            "DataActions": ("c",),
            "NotDataActions": ["d", "e"],
            "AssignableScopes": ["/subscriptions/s"],
        }
        made = Role(
            *("x", "Mine", "What it is for.", ("a",), ("b",), ("c",), ("d", "e"), ("/subscriptions/s",)),
            custom=True,
        )
        assert read_role(parts) == made
        assert read_role({key.lower(): value for key, value in parts.items()}) == made

    def test_what_is_not_said_is_empty_and_available_nowhere(self) -> None:
        assert read_role({"Name": "Mine"}) == Role("", "Mine", assignable_scopes=(), custom=True)

    @pytest.mark.parametrize(
        "definition", [None, 5, "", "{}", b"{}", [], [("Name", "x")], object()], ids=brief
    )
    def test_what_is_no_mapping_is_refused(self, definition: Any) -> None:
        with pytest.raises(InvalidRoleDefinition, match="mapping"):
            read_role(definition)

    def test_a_mapping_of_another_kind_is_refused(self) -> None:
        class Shifty(dict[str, Any]):
            def items(self) -> Any:
                return {"Name": "Owner", "Actions": ["*"]}.items()

        with pytest.raises(InvalidRoleDefinition, match="mapping"):
            read_role(Shifty(GOOD))

    @pytest.mark.parametrize("key", ["Action", "", None, 5, b"Name", "\ud800", "x" * 10**5, ("Name",)])
    def test_a_part_that_there_is_not_is_refused(self, key: Any) -> None:
        with pytest.raises(InvalidRoleDefinition, match="no such part"):
            read_role(GOOD | {key: []})

    @pytest.mark.parametrize("key", ["name", "ACTIONS", "assignablescopes"])
    def test_a_part_is_given_once(self, key: str) -> None:
        with pytest.raises(InvalidRoleDefinition, match="once"):
            read_role(GOOD | {key: ["*"]})

    @pytest.mark.parametrize("name", [None, "", " ", "\t\n", "\u3000"])
    def test_a_role_without_a_name_is_refused(self, name: Any) -> None:
        refused(RoleDefinitionNameNullOrEmpty, Name=name)

    def test_a_name_that_is_not_given_is_refused(self) -> None:
        with pytest.raises(RoleDefinitionNameNullOrEmpty):
            read_role({"Actions": ["*"]})

    @pytest.mark.parametrize("part", ["Name", "Description", "Id"])
    @pytest.mark.parametrize("value", [5, b"x", ["x"], {}, "x" * 10**4, "half \ud800"])
    def test_what_is_no_text_is_refused(self, part: str, value: Any) -> None:
        refused(InvalidRoleDefinition, **{part: value})

    @pytest.mark.parametrize("value", [False, None, 0, "yes", []])
    def test_nobody_makes_a_built_in_role(self, value: Any) -> None:
        refused(InvalidRoleDefinitionType, IsCustom=value)

    @pytest.mark.parametrize(
        "value", [None, "*", 5, {}, {"*"}, [None], [5], [["*"]], ["x" * 10**4], ["\ud800"], ["*"] * 3000]
    )
    @pytest.mark.parametrize(
        "part", ["Actions", "NotActions", "DataActions", "NotDataActions", "AssignableScopes"]
    )
    def test_what_is_no_list_of_texts_is_refused(self, part: str, value: Any) -> None:
        refused(InvalidRoleDefinition, **{part: value})


class TestNames:
    @pytest.mark.parametrize("name", ["x", "Data scientist (EU), level 2", "Größe", "x" * 128])
    def test_a_name_is_visible(self, name: str) -> None:
        assert check(Name=name).name == name

    @pytest.mark.parametrize(
        "name",
        ["x" * 129, "Owner ", " Owner", "Owner\u200b", "Ow\nner", "Owner\x00", "\u202erenwO", "O\u00adwner"],
    )
    def test_a_name_does_not_pass_itself_off_as_another(self, name: str) -> None:
        refused(InvalidRoleDefinition, Name=name)


class TestPatterns:
    @pytest.mark.parametrize(
        "pattern",
        [f"{WORKSPACE}/read", f"{WORKSPACE.upper()}/*", f"{WORKSPACE}/*/delete", f"{WORKSPACE}/comp*"],
    )
    def test_a_pattern_covers_operations_that_exist(self, pattern: str) -> None:
        assert check(Actions=[pattern])

    @pytest.mark.parametrize("part", ["Actions", "NotActions", "DataActions", "NotDataActions"])
    @pytest.mark.parametrize(
        "pattern",
        [
            *("", " ", "read", "Nobody/knows/this", f"{WORKSPACE}/read ", f"{WORKSPACE}/r?ad", "**"),
            *(f"{WORKSPACE}/*/*/read", "*/*", f"{WORKSPACE}/\u017fecrets/read", f"{WORKSPACE}/[a-z]*", "/"),
            *("Nobody/*", f"{WORKSPACE}\n"),
        ],
    )
    def test_any_other_is_refused_and_with_it_the_role(self, part: str, pattern: str) -> None:
        changes: dict[str, Any] = {part: [*GOOD.get(part, []), pattern]}
        refused(InvalidActionOrNotAction, **changes)

    def test_two_wildcards_are_refused_as_such(self) -> None:
        assert "one * in a string" in refused(InvalidActionOrNotAction, Actions=["*/comp*"]).required

    def test_an_operation_of_the_other_plane_is_told_where_it_belongs(self) -> None:
        assert refused(InvalidActionOrNotAction, Actions=[BLOBS]).advice == "it belongs among the DataActions"
        refusal = refused(InvalidActionOrNotAction, DataActions=[f"{WORKSPACE}/read"])
        assert refusal.advice == "it belongs among the Actions"

    def test_a_role_grants_something(self) -> None:
        refused(InvalidRoleDefinition, Actions=[], NotActions=["*"])
        assert check(False, Actions=[], DataActions=[BLOBS])

    def test_the_reading_of_the_interior_wildcard_counts(self) -> None:
        pattern = "Microsoft.MachineLearningServices/workspaces/resynckeys/*/action"
        assert check(Actions=[pattern])
        with pytest.raises(InvalidActionOrNotAction):
            check(one_segment=True, Actions=[pattern])


class TestScopes:
    @pytest.mark.parametrize("scopes", [[], ()])
    def test_a_role_says_where_it_may_be_assigned(self, scopes: Any) -> None:
        refused(MissingAssignableScopes, AssignableScopes=scopes)

    @pytest.mark.parametrize(
        "scope",
        [
            "",
            "subscriptions/s",
            "/subscriptions/s/*",
            "/subscriptions/*",
            "*",
            f"{GROUP}//",
            f"{GROUP}/..",
            "g",
            GROUP.replace("s/", "\u017f/", 1),
            f"https://management.azure.com{GROUP}",
            f"{GROUP}?x",
            "x" * 1000,
        ],
    )
    def test_each_is_the_id_of_something(self, scope: str) -> None:
        assert refused(LinkedInvalidPropertyId, AssignableScopes=[GROUP, scope]).required

    def test_a_scope_has_an_end(self) -> None:
        with pytest.raises(InvalidRoleDefinition):
            check(AssignableScopes=["/subscriptions/s" + "/providers/a/b/c" * LONGEST])

    def test_nobody_s_role_is_available_everywhere(self) -> None:
        refused(InvalidRoleDefinition, AssignableScopes=["/"])

    def test_one_management_group_is_enough(self) -> None:
        groups = [management_group("a"), management_group("b")]
        assert check(False, AssignableScopes=[groups[0], "/subscriptions/s"])
        refused(InvalidRoleDefinition, AssignableScopes=groups)
        refused(InvalidRoleDefinition, AssignableScopes=[groups[0].upper(), "/subscriptions/s", groups[1]])

    def test_data_actions_do_not_go_with_a_management_group(self) -> None:
        refused(InvalidRoleDefinition, AssignableScopes=[management_group("a")], DataActions=[BLOBS])


class TestDocuments:
    """Custom roles are for the workspace and its compute alone; at a workspace, a group or a subscription."""

    @pytest.mark.parametrize(
        "pattern",
        ["*", "*/read", "Microsoft.Storage/*", "Microsoft.*", "Microsoft.MachineLearningServices/*"],
    )
    def test_other_actions_are_refused_with_the_reason(self, pattern: str) -> None:
        refusal = refused(OutsideDocumentedRoles, True, Actions=[pattern])
        assert "rbac-custom" in refusal.required
        assert pattern in refusal.presented
        assert "custom_roles = 'azure'" in refusal.advice
        assert check(False, Actions=[pattern])

    def test_so_are_data_actions(self) -> None:
        refused(OutsideDocumentedRoles, True, DataActions=[BLOBS])
        assert check(False, DataActions=[BLOBS])

    def test_taking_away_more_than_that_harms_nobody(self) -> None:
        assert check(NotActions=["*/delete"])

    @pytest.mark.parametrize(
        "scope",
        [
            "/subscriptions/s",
            GROUP,
            f"{GROUP}/providers/{WORKSPACE}/w",
            f"{GROUP}/providers/{WORKSPACE}/w/",
            f"{GROUP}/providers/{WORKSPACE}/w".upper(),
        ],
    )
    def test_the_documented_scopes_are_taken(self, scope: str) -> None:
        assert check(AssignableScopes=[scope])

    @pytest.mark.parametrize(
        "scope",
        [
            management_group("m"),
            f"{GROUP}/providers/Microsoft.Storage/storageAccounts/x",
            f"{GROUP}/providers/{WORKSPACE}/w/computes/c",
            f"/subscriptions/s/providers/{WORKSPACE}/w",
        ],
    )
    def test_other_scopes_are_refused_and_azure_takes_them(self, scope: str) -> None:
        assert "rbac-custom-scope" in refused(OutsideDocumentedRoles, True, AssignableScopes=[scope]).required
        assert check(False, AssignableScopes=[scope])

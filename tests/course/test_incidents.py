from typing import Any

import pytest

import labkit
from labkit.core.errors import BadInput
from labkit.course import believed_deny, leaked_key, rbac_incident
from labkit.course.deeds import tried
from labkit.course.incidents import DONE, GOES_ON
from labkit.course.scenes import give, object_id
from labkit.furniture import CLIENT_ID
from labkit.lab import Lab

DEPLOY = "Microsoft.MachineLearningServices/workspaces/services/aci/write"


@pytest.mark.parametrize("scene", [rbac_incident, believed_deny, leaked_key])
@pytest.mark.parametrize("lab", [None, "lab", labkit.Lab, 3])
def test_a_scene_is_set_in_a_lab(scene: Any, lab: Any) -> None:
    with pytest.raises(BadInput, match="set in a lab"):
        scene(lab)


def test_the_incident_is_in_the_trace(lab: Lab) -> None:
    rbac_incident(lab)
    done = [
        hop.operation for hop in lab.trace if hop.caller == "ines" and hop.ok and hop.service != "Azure AD"
    ]
    assert [one for one in done if "token" not in one] == ["Deploy web service (ACI)", "DELETE"]


def test_ines_could_do_it_again_until_two_assignments_are_gone(lab: Lab) -> None:
    rbac_incident(lab)
    assert all(tried(lab, "ines", deed) for deed in DONE)
    decision = lab.access.explain("ines", DEPLOY, lab.workspace)
    assert "through the group ml-projects" in repr(decision)
    assert "through the group students" in repr(decision)


def test_everybody_else_does_what_has_to_go_on(lab: Lab) -> None:
    rbac_incident(lab)
    refused = [
        (who, deed)
        for who, deed, here in GOES_ON
        if not tried(lab, who, deed, lab.workspace if here else lab.other_workspace)
    ]
    assert refused == []


def test_the_ids_of_the_incident_are_the_same_whatever_the_seed() -> None:
    def made(seed: int) -> list[tuple[str, str]]:
        lab = labkit.start(seed=seed)
        before = {one.id for one in lab.parts.access.roles}
        rbac_incident(lab)
        return [(one.id, one.scope) for one in lab.parts.access.roles if one.id not in before]

    assert made(1) == made(2)
    assert len(made(1)) == 7


@pytest.mark.parametrize("scene", [rbac_incident, believed_deny])
def test_a_scene_begins_in_a_new_lab_and_changes_nothing_in_another(lab: Lab, scene: object) -> None:
    assert callable(scene)
    lab.hire("dora")
    people, assignments = list(lab.people), list(lab.parts.access.roles)
    with pytest.raises(BadInput, match="people and groups"):
        scene(lab)
    assert (list(lab.people), list(lab.parts.access.roles)) == (people, assignments)


def test_a_scene_shows_its_story_and_its_groups(lab: Lab) -> None:
    scene = rbac_incident(lab)
    assert "ines" in scene.story
    assert "ml-projects   data-science, students" in repr(scene)


def test_the_role_that_was_meant_as_a_deny_denies_nothing(lab: Lab) -> None:
    scene = believed_deny(lab)
    assert tried(lab, "dora", "create compute")
    scene.leave("dora", "data-science")
    assert tried(lab, "dora", "create compute").code == "AuthorizationFailed"
    assert "dora" not in repr(scene.members)


@pytest.mark.parametrize(
    ("who", "group"),
    [
        ("rita", "data-science"),
        ("dora", "nobody"),
        ("nobody", "data-science"),
        (None, "data-science"),
        ("dora", None),
    ],
)
def test_only_a_member_leaves_a_group(lab: Lab, who: str, group: str) -> None:
    scene = believed_deny(lab)
    with pytest.raises(BadInput):
        scene.leave(who, group)
    assert "dora" in repr(scene.members)


def test_principals_are_found_by_name(lab: Lab) -> None:
    carl = lab.people["carl"].object_id
    assert object_id(lab, "carl") == object_id(lab, "Carl@contoso.example") == carl
    assert object_id(lab, CLIENT_ID) == "your-sp-object-id"
    with pytest.raises(BadInput, match="nobody of that name"):
        object_id(lab, "mallory")
    with pytest.raises(BadInput, match="nobody of that name"):
        object_id(lab, "carl@fabrikam.example")


def test_a_role_that_is_given_has_the_id_that_is_returned(lab: Lab) -> None:
    id = give(lab, "rita", "AcrPush", lab.resource_group)
    assert id in {one.resource_id for one in lab.parts.access.roles}

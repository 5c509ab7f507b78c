"""What else is right, and what else is not, in the exercises of 03-rbac-matrix."""

from typing import Any

import pytest

from labkit.course import exercise, rbac_incident
from labkit.course.sample_roles import SAMPLES
from labkit.lab import Lab
from tests.course.answers import (  # noqa: F401
    test_an_answer_that_cannot_be_tried_is_told_why,
    test_an_answer_that_is_nearly_right_does_not_pass,
    test_another_right_answer_passes,
)

ML = "Microsoft.MachineLearningServices/workspaces"
GROUP = "/subscriptions/your-sub-id/resourceGroups/your-resource-group-name"


def role(actions: list[str], not_actions: list[str] | None = None, **others: Any) -> dict[str, Any]:
    return {
        "Name": "Mine",
        "Actions": [f"{ML}/{one}" for one in actions],
        "NotActions": [f"{ML}/{one}" for one in not_actions or []],
        "AssignableScopes": [GROUP],
        **others,
    }


RIGHT: list[tuple[str, object]] = [
    (
        "rbac-mend-deny",
        {
            "remove": [("data-science", "contributor", GROUP)],
            "give": [("emil", "Contributor", GROUP), ("finn", "Contributor", GROUP)],
        },
    ),
    ("rbac-aci-block", role(["read", "*/read", "models/*", "services/aks/*"])),
    ("rbac-aci-block", role(["*"], ["services/aci/*"])),
    ("rbac-mend-notebooks", role(["*"], ["delete", "write", "computes/*/write"])),
    (
        "rbac-mend-notebooks",
        {key.lower(): value for key, value in role(["*"], ["delete", "write", "computes/write"]).items()},
    ),
    ("rbac-mend-wildcards", role(["computes/*/read", "experiments/runs/read", "models/*/read"])),
    ("rbac-revoke", ["container registry", "Workspace "]),
    ("rbac-mend-deny", {"leave": [("Dora@contoso.example", "Data-Science")]}),
    ("rbac-mend-deny", {"leave": [["dora", "data-science"]], "give": [("dora", "No compute", GROUP)]}),
]
NOT_YET: list[tuple[str, object, str]] = [
    ("rbac-mend-deny", {"remove": [("data-science", "Reader", GROUP)]}, "does not hold"),
    ("rbac-mend-deny", {"leave": [("dora", "nobody")]}, "nobody"),
    ("rbac-mend-deny", {"leave": [("dora",)]}, "who, group"),
    ("rbac-mend-deny", {"leave": ("dora", "data-science")}, "who, group"),
    ("rbac-mend-deny", {"leave": [("doris", "data-science")]}, "There are: olivia"),
    ("rbac-mend-deny", {"forbid": []}, "no kind of step"),
    ("rbac-mend-deny", {"give": [("dora", "Hero", GROUP)]}, "RoleDefinitionDoesNotExist"),
    ("rbac-aci-block", role(["*"], AssignableScopes=[f"{GROUP}-2"]), "nothing at this scope"),
    ("rbac-aci-block", role(["*"], ["services/vm/write"]), "InvalidActionOrNotAction"),
    ("rbac-aci-block", role([], Actions=["*"]), "By the documents"),
    ("rbac-mend-wildcards", role(["runs/read"]), "InvalidActionOrNotAction"),
    ("rbac-revoke", {"workspace", "subscription"}, "'subscription'"),
    ("rbac-least", {"look": "Hero", "train": "x", "share": "x", "push": "x", "read blobs": "x"}, "'Hero'"),
    ("rbac-least", {"LOOK": "Reader"}, "The five are look"),
    ("rbac-incident", ["nobody"], "no role assignment"),
    ("rbac-incident", ["/"], "no role assignment"),
]
SUBSCRIPTION = "/subscriptions/your-sub-id"
LEAVE = {"leave": [("dora", "data-science")]}
WRONG: list[tuple[str, object, str | None]] = [
    ("rbac-mend-notebooks", role(["*/read", "notebooks/*", "models/*", "experiments/*"]), "gives-too-little"),
    (
        "rbac-mend-notebooks",
        role(["*"], ["delete", "write", "computes/write", "computes/delete"]),
        "gives-too-little",
    ),
    (
        "rbac-mend-notebooks",
        role(["*"], ["delete", "write", "computes/write", "services/*"]),
        "takes-too-much",
    ),
    ("rbac-mend-notebooks", SAMPLES["Data scientist"], "gives-too-little"),
    ("rbac-mend-deny", LEAVE | {"give": [("dora", "No compute", SUBSCRIPTION)]}, "gives-more"),
    (
        "rbac-mend-deny",
        {
            "remove": [("data-science", "Contributor", GROUP)],
            "give": [("emil", "Contributor", SUBSCRIPTION), ("finn", "Contributor", SUBSCRIPTION)],
        },
        "gives-more",
    ),
    (
        "rbac-mend-deny",
        LEAVE
        | {
            "remove": [("dora", "No compute", GROUP)],
            "give": [("dora", "No compute", f"{GROUP}/providers/{ML}/ml-example")],
        },
        None,
    ),
]


def test_what_is_missing_is_not_named() -> None:
    for answer in (set(), {"workspace"}):
        assert "registry" not in repr(exercise("rbac-revoke").check(answer))


def ids(lab: Lab) -> dict[tuple[str, str], str]:
    """The ids of the assignments of the incident, by whom and which role."""
    rbac_incident(lab)
    return {
        (one.principal_name.partition("@")[0], lab.access.role(one.role_id).name): one.resource_id
        for one in lab.parts.access.roles
    }


def test_the_incident_takes_short_ids_as_well(lab: Lab) -> None:
    found = ids(lab)
    culprits = [found["ml-projects", "Contributor"], found["students", "Model publisher"]]
    assert exercise("rbac-incident").check([one.rpartition("/")[2].upper() for one in culprits]).passed


def test_half_of_the_incident_is_told_as_that(lab: Lab) -> None:
    found = ids(lab)
    for one in (found["students", "Model publisher"], found["ml-projects", "Contributor"] + "/"):
        assert exercise("rbac-incident").check([one]).misconception == "one-way-of-two"


@pytest.mark.parametrize(
    ("extra", "misconception"),
    [
        (("olivia", "Owner"), "others-pay"),
        (("ml-auth", "Contributor"), "others-pay"),
        (("ml-example", "Contributor"), "others-pay"),
        (("interns", "Contributor"), "others-pay"),
        (("finn", "Reader"), "others-pay"),
        (("ines", "Reader"), "all-of-hers"),
        (("Azure Machine Learning", "User Access Administrator"), "to-be-safe"),
    ],
)
def test_the_incident_is_not_ended_at_the_cost_of_others(
    lab: Lab, extra: tuple[str, str], misconception: str
) -> None:
    found = ids(lab)
    culprits = [found["ml-projects", "Contributor"], found["students", "Model publisher"]]
    assert exercise("rbac-incident").check([*culprits, found[extra]]).misconception == misconception

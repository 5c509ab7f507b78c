"""Scenes about roles: an incident, and a role that was meant to be a deny."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from labkit.core.errors import BadInput, brief
from labkit.core.show import Shown
from labkit.core.table import Table
from labkit.course.deeds import DEEDS, make_ready
from labkit.course.scenes import check_new, define, give, object_id
from labkit.furniture import CLIENT_ID, SUBSCRIPTION
from labkit.identity.directory import Group
from labkit.lab import Lab

_ML = "Microsoft.MachineLearningServices/workspaces"

PUBLISHER = {
    "Name": "Model publisher",
    "Description": "For the course on web services.",
    "Actions": [f"{_ML}/read", f"{_ML}/models/*", f"{_ML}/services/*"],
    "AssignableScopes": [SUBSCRIPTION],
}
NO_SERVICES = {
    "Name": "No services",
    "Description": "Looks at models, touches no service and no compute.",
    "Actions": [f"{_ML}/models/read"],
    "NotActions": [f"{_ML}/services/*", f"{_ML}/computes/delete"],
    "AssignableScopes": [SUBSCRIPTION],
}
NO_COMPUTE: dict[str, Any] = {
    "Name": "No compute",
    "Description": "Everything in a workspace, but no compute.",
    "Actions": [f"{_ML}/*"],
    "NotActions": [f"{_ML}/computes/write", f"{_ML}/computes/delete"],
    "AssignableScopes": [SUBSCRIPTION],
}


@dataclass(frozen=True, repr=False)
class Scene(Shown):
    """What is known at first: the story, and who is in which group."""

    lab: Lab
    story: str
    groups: tuple[Group, ...]

    @property
    def members(self) -> Table:
        """One row for each group, by names."""
        names = {id: name.partition("@")[0] for id, name, _ in self.lab.directory.principals()}
        rows = [(one.name, ", ".join(sorted(names[id] for id in one.members))) for one in self.groups]
        return Table(("group", "members"), rows)

    def leave(self, who: str, group: str) -> None:
        """Takes a member out of a group; tokens of now still say otherwise. Raises BadInput."""
        wanted = group.lower() if type(group) is str else ""
        found = next((one for one in self.groups if one.name == wanted), None)
        if found is None:
            names = ", ".join(one.name for one in self.groups)
            raise BadInput("The scene has no such group.", presented=brief(group), required=names)
        member = object_id(self.lab, who)
        if member not in found.members:
            raise BadInput("That group has no such member.", presented=brief((who, group)))
        found.members.discard(member)

    def __repr__(self) -> str:
        return f"{self.story}\n\n{self.members!r}"


def _group(lab: Lab, name: str, *members: str) -> Group:
    return lab.directory.add_group(name, *(object_id(lab, one) for one in members))


# What ines was found to have done, and may not do again.
DONE = ("deploy to ACI", "delete compute")
# What has to go on, as (who, what, whether in ml-example or in the other workspace of the group).
GOES_ON = (
    *(("dora", "submit a run", True), ("dora", "register a model", True)),
    *((CLIENT_ID, "deploy to AKS", True), (CLIENT_ID, "deploy to ACI", True)),
    *(("carl", "create compute", True), ("carl", "save a run secret", True), ("carl", "deploy to AKS", True)),
    *(("finn", "look at the workspace", True), ("finn", "register a model", False)),
    *(("rita", "look at the workspace", True), ("olivia", "delete compute", True)),
)
_STORY = """\
An intern, ines, has deployed a web service that nobody had asked for, and deleted a compute target. Both were
in ml-example, where she should only look. The interns learn in the other workspace of the resource group.

This has to go on: finn, the other intern, learns and looks. dora runs experiments and registers models. The
pipeline (the application ml-auth) deploys. carl and rita do what they always do."""


def incident(lab: Lab) -> Scene:
    """Sets the scene in a new lab: ines, an intern, has done DONE, with rights that she has through groups.
    Everything in it is made by olivia, through the door. Raises BadInput in a lab that has these people."""
    check_new(lab, "ines", "finn", "dora", "interns", "students", "data-science", "ml-projects")
    for name in ("ines", "finn", "dora"):
        lab.hire(name)
    groups = (
        _group(lab, "interns", "ines", "finn"),
        _group(lab, "students", "interns"),
        _group(lab, "data-science", "dora"),
        _group(lab, "ml-projects", "students", "data-science"),
    )
    make_ready(lab, lab.workspace)
    for definition in (PUBLISHER, NO_SERVICES):
        define(lab, definition)
    give(lab, "ines", "Reader", lab.resource_group)
    give(lab, "ines", "No services", lab.resource_group)
    give(lab, "finn", "Reader", lab.resource_group)
    give(lab, "interns", "Contributor", lab.other_workspace)
    give(lab, "students", "Model publisher", lab.resource_group)
    give(lab, "data-science", "AzureML Data Scientist", lab.resource_group)
    give(lab, "ml-projects", "Contributor", lab.subscription)
    for deed in DONE:
        DEEDS[deed](lab, lab.workspace, "ines", lab.sign_in("ines").bearer)
    return Scene(lab, _STORY, groups)


def believed_deny(lab: Lab) -> Scene:
    """Sets the scene in a new lab: dora holds the custom role "No compute", whose author takes its NotActions
    for a deny; and her group holds Contributor. Raises BadInput in a lab that has these people."""
    check_new(lab, "dora", "emil", "finn", "data-science")
    for name in ("dora", "emil", "finn"):
        lab.hire(name)
    groups = (_group(lab, "data-science", "dora", "emil", "finn"),)
    define(lab, NO_COMPUTE)
    give(lab, "dora", "No compute", lab.resource_group)
    give(lab, "data-science", "Contributor", lab.resource_group)
    story = 'dora should create no compute any more, so she was given the role "No compute". She still does.'
    return Scene(lab, story, groups)

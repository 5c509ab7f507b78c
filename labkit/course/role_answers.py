"""Reads a role definition that a learner has handed in, and has somebody hold it in a lab."""

from __future__ import annotations

from labkit.access.roles import Role
from labkit.core.errors import brief
from labkit.course.checking import as_mapping, as_sequence, as_text
from labkit.course.scenes import define, give
from labkit.lab import Lab

Definition = dict[str, str | list[str]]

_TEXTS = ("name", "description", "id")


def as_definition(answer: object) -> Definition:
    """The definition as plain values: texts, and lists of texts. Whether Azure would take it is for the lab
    to say. Raises NotUsable."""
    definition: Definition = {}
    for key, value in as_mapping(answer, at_most=20).items():
        if key.lower() == "iscustom":
            continue
        what = f"What stands under {brief(key)}"
        if key.lower() in _TEXTS:
            definition[key] = as_text(value, longest=1_000, what=what)
        else:
            patterns = as_sequence(value, at_most=100, what=what)
            definition[key] = [
                as_text(one, longest=300, what=f"A line under {brief(key)}") for one in patterns
            ]
    return definition


def hold(lab: Lab, definition: Definition, who: str) -> Role:
    """Hires somebody who holds the role in the resource group of the workspace, and nothing else. Returns it;
    raises what the door raises."""
    name = define(lab, definition)
    lab.hire(who)
    give(lab, who, name, lab.resource_group)
    return lab.access.role(name)

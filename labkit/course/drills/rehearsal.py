"""A drill from its beginning to its end: with nobody on call, or with the course's own response."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from labkit.core.errors import BadInput, brief
from labkit.course.drills import drill
from labkit.course.drills.incident import Incident
from labkit.course.drills.judging import RESPONSE
from labkit.course.drills.review import Review, watch
from labkit.course.exercise import Exercise
from labkit.course.registry import content

_SEED = "2020"


def rehearse(name: str, seed: int = 2020, release: str = "2020-03", respond: bool = False) -> Review:
    """Lets a drill happen and, with `respond`, has it ended by the solution of its exercise. Raises
    BadInput."""
    if type(respond) is not bool:
        raise BadInput("Somebody is on call or not.", presented=brief(respond), required="True or False")
    incident = drill(name, seed, release)
    return watch(incident, reference(incident, seed) if respond else None)


def reference(incident: Incident, seed: int) -> Callable[[Incident], object]:
    """The course's own response to an incident."""
    tasks: dict[str, Exercise] = {one.id: one for one in content("EXERCISES")}
    source = tasks[f"{incident.task}-end"].solution.replace(_SEED, str(seed))
    names: dict[str, Any] = {}
    exec(compile(source, "<response>", "exec"), names)
    response: Callable[[Incident], object] = names["answer"][RESPONSE]
    return response

"""A flow, one hop at a time: a pure function of the flow and the step, a widget around it, and the same as
text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.core.errors import BadInput, brief
from labkit.core.show import Shown
from labkit.core.trace import Hop, Trace
from labkit.course.data_flows import DataFlow

if TYPE_CHECKING:
    from labkit.course.widget import Panel


@dataclass(frozen=True, repr=False)
class FlowStep(Shown):
    """What is shown of a flow at a step: the diagram up to there, with the arrow of this step marked, and the
    sentence of its hop. `says` is what the documents say of it, "" where they say nothing."""

    trace: Trace
    step: int
    says: str

    @property
    def hop(self) -> Hop:
        """The hop of this step."""
        return self.trace[self.step - 1]

    @property
    def heading(self) -> str:
        """Which step it is."""
        inside = next((place for place, hop in enumerate(self.trace, 1) if hop.number == self.hop.parent), 0)
        during = f", during step {inside}" if inside else ""
        return f"Step {self.step} of {len(self.trace)}{during}"

    @property
    def sentence(self) -> str:
        """Who asks whom, with what, whom that proves, and why it is allowed."""
        return sentence(self.hop)

    @property
    def summary(self) -> str:
        """Which step it is, and what happens in it."""
        return f"{self.heading}. {self.sentence}"

    def __repr__(self) -> str:
        said = f"\nThe documents: {self.says}." if self.says else ""
        return f"{self.heading}\n{self.sentence}{said}"


def sentence(hop: Hop) -> str:
    """A hop in words."""
    asked = hop.service if hop.resource.startswith(hop.service) else f"{hop.service} [{hop.resource}]"
    way = "inside of" if hop.origin == hop.boundary else f"from {hop.origin} into"
    line = "encrypted" if hop.encrypted else "NOT ENCRYPTED"
    proved = f", which proves {hop.subject}" if hop.subject else ", which proves nobody"
    refused = f"Refused at {hop.stage}: {hop.outcome.removeprefix('0 ')}"
    end = f"Allowed: {hop.why}" if hop.ok else refused
    return (
        f"{hop.caller} asks {asked}: {hop.operation} ({way} {hop.boundary}, {line}). "
        f"Credential: {hop.credential}{proved}. {end}."
    )


def flow_step(flow: DataFlow | Trace, step: int) -> FlowStep:
    """What is shown of a flow, or of any trace, at a step (from 1). Raises BadInput."""
    trace = _trace(flow)
    if type(step) is not int or not 1 <= step <= len(trace):
        raise BadInput("There is no such step.", presented=brief(step), required=f"1 to {len(trace)}")
    steps = flow.steps.steps if isinstance(flow, DataFlow) else ()
    return FlowStep(trace, step, "; ".join(one.says for one in steps if one.place == step))


def _trace(flow: object) -> Trace:
    found = flow.trace if type(flow) is DataFlow else flow
    if type(found) is not Trace or not len(found):
        required = 'a data flow, such as data_flow("web service"), or a trace with a hop in it'
        raise BadInput("There is nothing to play.", presented=brief(flow), required=required)
    return found


class FlowPlayer:
    """The steps of a flow, one at a time. `text` and `all_steps` say the same without a widget."""

    def __init__(self, flow: DataFlow | Trace) -> None:
        self._steps = range(1, len(_trace(flow)) + 1)
        self._flow = flow

    def text(self, step: int) -> str:
        """A step as text. Raises BadInput."""
        return repr(flow_step(self._flow, step))

    def all_steps(self) -> str:
        """All of them, in order."""
        return "\n\n".join(map(self.text, self._steps))

    @property
    def panel(self) -> Panel:
        """The number of the step, with the picture and the text of that step below it."""
        from labkit.course.widget import chooser

        return chooser({"Step": self._steps}, lambda step: flow_step(self._flow, step))

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        return self.panel._repr_mimebundle_(**options)

    def __repr__(self) -> str:
        return self.text(1)


def flow_player(flow: DataFlow | Trace) -> FlowPlayer:
    """Plays a flow, or any trace, step by step. Raises BadInput for what is none or has no step."""
    return FlowPlayer(flow)

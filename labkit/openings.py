"""What a credential opens, found by trying every operation of the lab on everything there is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from labkit.core.credential import Credential
from labkit.core.door import Door
from labkit.core.errors import BadInput, Refusal, brief
from labkit.core.resource import Component
from labkit.core.show import Shown


@dataclass(frozen=True)
class Opening:
    """One attempt: the service, the operation, the target, and the code it was refused with ("" if not).
    `stage` is where it was refused."""

    service: str
    operation: str
    target: str
    code: str
    stage: str

    @property
    def opened(self) -> bool:
        """Whether the door would have let it through."""
        return not self.code


@dataclass(frozen=True, repr=False)
class Openings(Shown):
    """All attempts with one credential. The `repr` lists what opened and counts what did not."""

    kind: str
    attempts: tuple[Opening, ...]

    @property
    def opened(self) -> tuple[Opening, ...]:
        """The attempts that would have passed."""
        return tuple(one for one in self.attempts if one.opened)

    def on(self, target: str) -> Openings:
        """The attempts on one resource."""
        wanted = target.lower()
        return Openings(self.kind, tuple(one for one in self.attempts if one.target.lower() == wanted))

    def refusals(self) -> dict[tuple[str, str, str], int]:
        """How often each (service, stage, code) refused."""
        counts: dict[tuple[str, str, str], int] = {}
        for one in self.attempts:
            if not one.opened:
                key = (one.service, one.stage, one.code)
                counts[key] = counts.get(key, 0) + 1
        return counts

    def __repr__(self) -> str:
        head = f"{self.kind}: {len(self.opened)} of {len(self.attempts)} attempts would pass"
        passed = [f"  opens    {one.service}: {one.operation} on {_short(one.target)}" for one in self.opened]
        turned = [
            f"  refused  {service}: {count} at {stage}, {code}"
            for (service, stage, code), count in self.refusals().items()
        ]
        return "\n".join([head, *passed, *turned])


def _short(target: str) -> str:
    return target.rstrip("/").rpartition("/")[2]


def openings(door: Door, cred: Credential, caller: Component) -> Openings:
    """Tries a credential on every operation of every service, up to the authorization stage: nothing is
    carried out and no hop is left. Raises BadInput for what is no credential."""
    if not isinstance(cred, Credential):
        raise BadInput(
            "That is not a credential.",
            presented=brief(cred),
            required="for instance token.bearer or RunToken(raw)",
        )
    if cred.covers is not None:
        raise BadInput(
            "A signature is good for one request, so there is nothing to try.", presented=cred.kind
        )
    return Openings(cred.kind, tuple(attempts(door, cred, caller)))


def attempts(door: Door, cred: Credential, caller: Component) -> Iterator[Opening]:
    """One attempt for each operation of each service on each of its resources, without arguments."""
    for service in door.services.values():
        for op in service.operations():
            for target in service.targets(door.resources):
                try:
                    door.probe(caller, op, target, cred)
                except Refusal as refusal:
                    yield Opening(service.name, op.name, target, refusal.code, refusal.stage)
                else:
                    yield Opening(service.name, op.name, target, "", "")

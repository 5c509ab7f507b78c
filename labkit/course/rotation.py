"""Steps of a rotation: keys of a web service are regenerated, clients take others, and all of them call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from labkit.authenticators.service_key import ServiceKey
from labkit.course.checking import NotUsable, as_sequence, as_text
from labkit.course.describing import describe, in_short
from labkit.course.service_clients import answer_of
from labkit.course.service_scene import keys_of, regenerate
from labkit.lab import Lab
from labkit.services.machine_learning.scoring import Scoring
from labkit.services.machine_learning.service_forms import WHICH
from labkit.services.machine_learning.web_services import WebService

# ("regenerate", which key) or ("switch", which client, to which key).
Step = tuple[str, ...]
_KINDS = {"regenerate": 2, "switch": 3}
_REQUIRED = '("regenerate", which key) or ("switch", which client, to which key)'
_MOST = 40


@dataclass(frozen=True)
class Interruption:
    """A client was not answered: after which step, counted from 1. `back` is the step after which it was
    answered again, None where that does not come."""

    number: int
    step: Step
    client: str
    answer: str
    back: int | None = None

    def __str__(self) -> str:
        told = f"After step {self.number}, {in_short(self.step)}, {self.client} was answered {self.answer}."
        if self.back is None:
            return f"{told} It is refused to the end."
        return f"{told} It is answered again after step {self.back}."


class KeyHolders:
    """Clients of one service that takes keys. `clients` says which key each begins with."""

    def __init__(self, lab: Lab, service: WebService, clients: Mapping[str, str]) -> None:
        self._lab = lab
        self._service = service
        self.first = self._keys()
        self._held = {client: self.first[which] for client, which in clients.items()}

    def follow(self, steps: Iterable[Step]) -> Interruption | None:
        """Takes the steps, and lets all clients call after each of them, until one is not answered; then that
        one goes on calling, until it is. Raises what the door raises."""
        found: Interruption | None = None
        for number, step in enumerate(steps, start=1):
            self._take(step)
            for client, key in self._held.items():
                if found is None or found.client == client:
                    answer = self.answer(client, key)
                    if found is None and answer != "200":
                        found = Interruption(number, step, client, answer)
                    elif found is not None and answer == "200":
                        return replace(found, back=number)
        return found

    @property
    def alive(self) -> dict[str, bool]:
        """Which of the keys of the beginning still open the service, by trying them."""
        return {which: self.answer("mallory", key) == "200" for which, key in self.first.items()}

    def answer(self, caller: str, key: ServiceKey) -> str:
        """What a call with this key is answered now."""
        return answer_of(self._lab.attempt(caller, Scoring.score, self._service.address, key, "[1, 2, 3]"))

    def _take(self, step: Step) -> None:
        if step[0] == "regenerate":
            regenerate(self._lab, self._service, step[1])
        else:
            # Handed out as it is now, and not as it was at first.
            self._held[step[1]] = self._keys()[step[2]]

    def _keys(self) -> dict[str, ServiceKey]:
        return dict(zip(WHICH, keys_of(self._lab, self._service), strict=True))


def as_steps(answer: object, clients: Sequence[str], what: str = "Your answer") -> list[Step]:
    """The steps that somebody wrote down. Raises NotUsable."""
    if not any(type(answer) is kind for kind in (list, tuple)):
        raise NotUsable(f"{what} is {describe(answer)}. It should be a list of steps, each {_REQUIRED}.")
    given = as_sequence(answer, at_most=_MOST, what=what)
    return [_as_step(one, number, clients) for number, one in enumerate(given, start=1)]


def _as_step(given: object, number: int, clients: Sequence[str]) -> Step:
    if not any(type(given) is kind for kind in (list, tuple)):
        raise NotUsable(f"Step {number} is {describe(given)}. It should be {_REQUIRED}.")
    words = as_sequence(given, at_most=10, what=f"Step {number}")
    step = tuple(as_text(one, longest=60, what=f"A word of step {number}").strip() for one in words)
    step = (step[0].lower(), *step[1:]) if step else step
    if not step or len(step) != _KINDS.get(step[0]):
        raise NotUsable(f"Step {number} is {in_short(step)}. It should be {_REQUIRED}.")
    if step[0] == "switch" and step[1] not in clients:
        raise NotUsable(f"Step {number}: no client is called {step[1]!r}. There are {', '.join(clients)}.")
    which = step[-1].capitalize()
    if which not in WHICH:
        raise NotUsable(f"Step {number}: there is no key {step[-1]!r}. There are {' and '.join(WHICH)}.")
    return (*step[:-1], which)

"""The documents' table of what a web service takes by default, found by deploying and trying."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import labkit
from labkit.core.credential import Anonymous, Credential
from labkit.core.errors import BadRequest
from labkit.core.table import Table, Tabular
from labkit.core.verdict import Verdict
from labkit.course.service_scene import deploy, fetch, keys_of, opens
from labkit.course.stepping import uncounted
from labkit.lab import Lab
from labkit.services.machine_learning.scoring import Scoring
from labkit.services.machine_learning.service_forms import FORMS

OFF, ON, NOT_AVAILABLE = "off by default", "on by default", "not available"


@dataclass(frozen=True, repr=False)
class ServiceDefaults(Tabular):
    """What was found, by (form, target); and which callers a service let in that was deployed with no word
    about authentication, by target."""

    found: dict[tuple[str, str], str]
    let_in: dict[str, tuple[str, ...]]

    def as_table(self) -> Table:
        """One row for each form, one column for each target, and who was let in."""
        targets = tuple(FORMS)
        rows = [(form, *(self.found[form, target] for target in targets)) for form in ("key", "token")]
        open_to = ("let in by default", *(", ".join(self.let_in[target]) for target in targets))
        return Table(("", *(target.upper() for target in targets)), [*rows, open_to])


def service_defaults(release: str = "2020-03", seed: int | None = 2020) -> ServiceDefaults:
    """Deploys to ACI and to AKS without a word about authentication and calls each service with nothing, with
    its key and with its token; then asks for each form that nobody got. Each target has a lab of its own.
    Raises BadInput. Statement svc-defaults."""

    def found() -> ServiceDefaults:
        let_in = {target: _let_in(labkit.start(release, seed), target) for target in FORMS}
        return ServiceDefaults(
            {
                (form, target): ON if form in let_in[target] else _can_be(form, target, release, seed)
                for form in ("key", "token")
                for target in FORMS
            },
            let_in,
        )

    return uncounted(found)


def _let_in(lab: Lab, target: str) -> tuple[str, ...]:
    """What opens a service that was deployed as it comes."""
    service = deploy(lab, "", target=target, name="as-it-comes")
    callers: dict[str, Callable[[], Credential]] = {
        "anybody": Anonymous,
        "key": lambda: keys_of(lab, service)[0],
        "token": lambda: opens(fetch(lab, service)),
    }

    def enters(get: Callable[[], Credential]) -> bool:
        return Verdict.of(lambda: lab.ask("somebody", Scoring.score, service.address, get(), "[1]")).accepted

    return tuple(name for name, get in callers.items() if enters(get))


def _can_be(form: str, target: str, release: str, seed: int | None) -> str:
    """Whether somebody who asks for a form gets it. What else goes wrong is no answer to that, and is
    raised."""
    try:
        deploy(labkit.start(release, seed), form, target=target)
    except BadRequest:
        return NOT_AVAILABLE
    return OFF

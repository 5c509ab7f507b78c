"""Jobs that somebody wrote with passwords in their variables, and what becomes of one that is submitted."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from labkit.core.entropy import Entropy
from labkit.core.operation import Op, P, R
from labkit.core.verdict import Verdict
from labkit.furniture import CLUSTER
from labkit.lab import Lab
from labkit.services.machine_learning.run_secrets import RunSecrets
from labkit.services.machine_learning.runs import Runs

_CODED = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")


@dataclass(frozen=True)
class _Draft:
    """A job before passwords are drawn: two code names for its project, of each run secret the variable that
    its value is in, with what is there besides a password, and the settings."""

    experiment: str
    projects: tuple[str, str]
    secrets: Mapping[str, tuple[str, str]]
    settings: Mapping[str, str]


# One variable is called a password, and one has more in it than that.
_DRAFTS = (
    _Draft("forecast", ("heron", "quail"), {"sales-db": ("DB_PASSWORD", "{}")}, {"EPOCHS": "30"}),
    _Draft(
        *("nightly", ("osprey", "falcon")),
        {"warehouse": ("WAREHOUSE_LOGIN", "{}"), "weather-service": ("WEATHER_API", "{}")},
        {"BATCH_SIZE": "64"},
    ),
    _Draft(
        *("pricing", ("merlin", "toucan")),
        {"mail-server": ("MAIL_SERVER", "smtp://robot:{}@mail.contoso.example")},
        {"LANGUAGE": "fi", "LOG_LEVEL": "debug"},
    ),
)
JOBS = range(1, len(_DRAFTS) + 1)


@dataclass(frozen=True)
class Written:
    """A job as somebody wrote it.

    job       what there is to submit, and `asks_for`: the run secrets that its script asks for, each with the
              variable in which its value is now
    hidden    what nobody at Microsoft may read, by what it is: passwords first
    settings  the variables that anybody may read, and that the script needs
    """

    job: Mapping[str, Any]
    hidden: Mapping[str, str]
    settings: Mapping[str, str]

    @property
    def asked(self) -> Mapping[str, str]:
        """What the script has to get for each name that it asks for."""
        variables = self.job["environment_variables"]
        return {name: variables[variable] for name, variable in self.job["asks_for"].items()}

    def without(self, text: str) -> str:
        """A text without what is hidden."""
        for each in self.hidden.values():
            text = text.replace(each, "(not shown)")
        return text


def written(number: int, *, another: bool = False) -> Written:
    """One of JOBS, or another one that differs from it in what nobody may read, and in nothing else."""
    draft, draw = _DRAFTS[number - 1], Entropy(number)
    passwords = {name: draw(f"{name}/{another}", 7).hex() for name in draft.secrets}
    code = draft.projects[another]
    values = {variable: inside.format(passwords[name]) for name, (variable, inside) in draft.secrets.items()}
    job = {
        "experiment": draft.experiment,
        "run_id": f"{code}-{number}",
        "environment_variables": {**draft.settings, **values},
        "asks_for": {name: variable for name, (variable, _) in draft.secrets.items()},
    }
    found = {f"the password in {variable}": passwords[name] for name, (variable, _) in draft.secrets.items()}
    return Written(job, found | {"the code name": code}, draft.settings)


@dataclass(frozen=True)
class Offer:
    """What is to be submitted, and the run secrets to keep before, by name."""

    experiment: str
    run_id: str
    variables: Mapping[str, str]
    secrets: Mapping[str, str]


@dataclass(frozen=True)
class Submitted:
    """What became of it: what Microsoft has `collected` (values by field), the variables that the script
    found, and what it got for each name that it asked for (None where it was refused)."""

    collected: Mapping[str, str]
    variables: Mapping[str, str]
    got: Mapping[str, str | None]


def submitted(lab: Lab, offer: Offer, asked: Mapping[str, str]) -> Submitted:
    """carl keeps the secrets and submits the job in a new lab, and the cluster carries it out. Raises what
    the door raises. Statements data-env-vars, data-run-id."""
    variables: dict[str, str] = {}
    got: dict[str, str | None] = {}

    def script(run: Any) -> None:
        variables.update(run.environment)
        for name in asked:
            found = Verdict.of(lambda name=name: run.secret(name).reveal())  # type: ignore[misc]
            got[name] = found.value

    for name, value in offer.secrets.items():
        _asked(lab, RunSecrets.put, name, value)
    more: dict[str, Any] = {"run_id": offer.run_id, "environment_variables": dict(offer.variables)}
    _asked(lab, Runs.submit, offer.experiment, CLUSTER, script, **more)
    lab.work()
    collected = {field: value for one in lab.diagnostics.records for field, value in one.values.items()}
    return Submitted(collected, variables, got)


def _asked(lab: Lab, op: Op[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    return lab.ask("carl", op, lab.workspace, lab.sign_in("carl").bearer, *args, **kwargs)


def readings(text: str) -> Iterator[tuple[str, str]]:
    """What anybody can read out of a text, with how: as it is, backwards, and what is coded in it."""
    yield "as it is", text
    yield "backwards", text[::-1]
    for piece in _CODED.findall(text):
        for how, decode in (("hexadecimal", bytes.fromhex), ("base64", _from_base64)):
            try:
                yield how, decode(piece).decode()
            except (ValueError, binascii.Error):
                continue


def _from_base64(piece: str) -> bytes:
    return base64.b64decode(piece.rstrip("=") + "=" * (-len(piece.rstrip("=")) % 4), altchars=b"-_")

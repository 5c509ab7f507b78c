"""Drill: a job gets its secret in an environment variable, and those are kept where others read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from labkit.authenticators.service_key import ServiceKey
from labkit.core.errors import BadInput, LabError, brief
from labkit.course.drills.facts import LATER, moment
from labkit.course.drills.incident import ATTACKER, MINUTE, ON_CALL, Incident, RunFailed, Worker
from labkit.course.drills.recorded import recorded
from labkit.course.drills.words import Words
from labkit.course.key_scene import put
from labkit.course.scenes import give
from labkit.course.service_scene import deploy, keys_of
from labkit.services.machine_learning.diagnostics import Record
from labkit.services.machine_learning.run_secrets import RunSecrets
from labkit.services.machine_learning.runs import Runs
from labkit.services.machine_learning.scoring import Scoring
from labkit.services.machine_learning.service_forms import WHICH

_PEOPLE = ("dora", "emil", "finn")
_VARIABLES = ("BACKEND", "FEATURES", "LOOKUP", "UPSTREAM")
_HARMLESS = {"LOG_LEVEL": "info", "REGION": "eastus", "ROWS": "1000"}
_DECOYS = ("API_TOKEN", "PASSWORD", "SECRET_ID")
_FIELD = "environment variable: "
_BODY = "[1, 2, 3]"


class ShownSecret(Incident):
    """Besides what every incident has: the `service` that the job calls, and the `variables` that the job is
    submitted with at present."""

    name: ClassVar[str] = "shown-secret"
    task: ClassVar[str] = "drill-secret"
    deed: ClassVar[str] = "call the service with what stands in Microsoft's records"

    def _set(self) -> None:
        lab, draw = self.lab, self._draw
        self.service = deploy(lab, "key", target=draw.one("target", ("aks", "aci")), name="features")
        self._cluster = draw.one("cluster", ("gpu-east", "gpu-night"))
        put(lab, f"{lab.workspace}/computes/{self._cluster}")
        self._before, self._after = draw.some("people", _PEOPLE, 2)
        for person in (self._before, self._after):
            lab.hire(person)
            give(lab, person, "AzureML Data Scientist", lab.workspace)
        self._which = draw.one("key", WHICH)
        keys = dict(zip(WHICH, keys_of(lab, self.service), strict=True))
        self._portal = keys[next(one for one in WHICH if one != self._which)]
        self._shown = keys[self._which].key
        self._variable, self._decoy = draw.one("variable", _VARIABLES), draw.one("decoy", _DECOYS)
        self._experiment = draw.one("experiment", ("churn", "demand", "pricing"))
        # At first the job takes it from where it belongs.
        self._secret = "features"
        self.variables = {**_HARMLESS, self._decoy: lab.parts.entropy.text("drill/decoy")}
        self._store(self._shown)
        self._submits = self._before
        self.workers = (
            Worker("nightly", "score with the service", self._nightly, 5 * MINUTE),
            Worker("portal", "call the service with the other key", self._calls),
        )
        self._live_through()

    def _store(self, value: str) -> None:
        owner = self.lab.sign_in(ON_CALL).bearer
        self.lab.ask(ON_CALL, RunSecrets.put, self.lab.workspace, owner, "features", value)

    def _nightly(self) -> str:
        """The job, from its submission to its end. Returns the run's id; raises what the door raises, and
        what the run has failed with."""
        lab, who = self.lab, self._submits
        bearer = lab.sign_in(who).bearer
        run_id = lab.ask(
            *(who, Runs.submit, lab.workspace, bearer, self._experiment, self._cluster, self._script),
            environment_variables=dict(self.variables),
        ).run_id
        lab.work(f"{lab.workspace}/computes/{self._cluster}")
        ended = lab.ask(who, Runs.get, lab.workspace, bearer, run_id)
        if ended.status != "Completed":
            raise RunFailed(ended.error or ended.status)
        return run_id

    def _script(self, run: Any) -> None:
        key = run.secret(self._secret).reveal() if self._secret else run.environment[self._variable]
        self.lab.ask("nightly", Scoring.score, self.service.address, ServiceKey(key), _BODY)

    def _calls(self) -> object:
        return self.lab.ask("portal", Scoring.score, self.service.address, self._portal, _BODY)

    def _live_through(self) -> None:
        """Somebody puts the value into a variable, "for now"; days later somebody else finds it."""
        for turn in range(2 + self._draw.number("begin", 3)):
            self._turn(turn)
        self._submits, self._secret = self._after, ""
        self.variables = {**self.variables, self._variable: self._shown}
        self.lab.clock.advance(MINUTE * (3 + self._draw.number("change", 30)))
        self._since = self.lab.clock.now
        self._act("nightly", self._nightly)
        for turn in range(10, 12 + self._draw.number("unseen", 3)):
            self._turn(turn)
        for turn in range(20, 22):
            self._act(ATTACKER, self.attack)
            self._turn(turn)
        self.lab.clock.advance(35 * MINUTE)
        self._brief()

    def _turn(self, turn: int) -> None:
        for one in self.workers:
            self.lab.clock.advance(MINUTE * (60 + self._draw.number(f"turn/{turn}/{one.name}", 240)))
            self._act(one.name, one.work)

    def _brief(self) -> None:
        words = Words(self.name)
        self._briefing = words.briefing(experiment=self._experiment)
        variables = {
            one: "a-name-says-it" if one == self._decoy else "all-are-alike" for one in self.variables
        }
        other = next(one for one in WHICH if one != self._which)
        first = min(one.time for one in self.lab.diagnostics.records if _variables(one))
        self._facts = (
            words.fact("variable", self._variable, sorted(variables), variables),
            words.fact("key", self._which, WHICH, {other: "the-first-one-probably"}),
            words.fact("set by", self._after, _PEOPLE, {self._before: "who-came-first"}),
            words.fact(
                "since",
                moment(self._since),
                (),
                {moment(first): "a-variable-is-a-leak", LATER: "found-is-shown"},
            ),
        )

    def attack(self) -> object:
        """Tries every value of a variable that Microsoft's records have."""
        # The newest ones first: what was there before has been tried before.
        found = [value for one in self.lab.diagnostics.records[::-1] for value in _variables(one).values()]
        refused: LabError = BadInput("The records have no variable.")
        for value in dict.fromkeys(found):
            tried = self.lab.attempt(
                "somebody", Scoring.score, self.service.address, ServiceKey(value), _BODY
            )
            if tried.refusal is None:
                return tried.value
            refused = tried.refusal
        raise refused

    @recorded
    def define(self, variables: Mapping[str, str], secret: str = "") -> None:
        """How the job is submitted from now on: with these environment variables and, where `secret` is
        named, with the run secret of that name in place of the variable. Takes a minute. Raises BadInput."""
        texts = type(variables) is dict and all(
            type(text) is str for pair in variables.items() for text in pair
        )
        if not texts:
            raise BadInput(
                "Variables are texts by name.", presented=brief(type(variables)), required="a dict"
            )
        if type(secret) is not str:
            raise BadInput("A run secret has a name.", presented=brief(secret), required='"" for none')

        def defined() -> None:
            self.variables, self._secret = dict(variables), secret

        self.step(defined)


def _variables(one: Record) -> Mapping[str, str]:
    """The environment variables in a record of Microsoft's."""
    return {name.removeprefix(_FIELD): value for name, value in one.values.items() if name.startswith(_FIELD)}

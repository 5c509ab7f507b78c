"""Drill: the service token of a run has been copied from the machine on which it ran."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

from labkit.authenticators.run_token import RunToken
from labkit.core.errors import BadInput, LabError
from labkit.core.resource import Component
from labkit.core.secret import Secret
from labkit.course.drills.facts import moment
from labkit.course.drills.incident import ATTACKER, HOUR, MINUTE, ON_CALL, Incident, RunFailed, Worker
from labkit.course.drills.words import Words
from labkit.course.key_scene import put
from labkit.course.scenes import give
from labkit.services.machine_learning.data_stores import DataStores
from labkit.services.machine_learning.mount import BlobClient
from labkit.services.machine_learning.provider import DEFAULT_STORE
from labkit.services.machine_learning.runs import TOKEN_LIFETIME, Runs
from labkit.services.resource_id import name_of
from labkit.services.resource_manager import ResourceManager
from labkit.services.storage import BlobStorage, connection_string

_SETS = ("customers", "orders", "patients", "sales")
_EXPERIMENTS = ("churn", "demand", "fraud", "pricing", "vision")
_CLUSTERS = ("gpu-east", "gpu-night", "gpu-spot")
_PEOPLE = ("dora", "emil")
_RESTS = "may rest until the token has ended, and an hour longer"


class StolenToken(Incident):
    """Besides what every incident has: the id of the `storage` account."""

    name: ClassVar[str] = "stolen-token"
    task: ClassVar[str] = "drill-token"
    deed: ClassVar[str] = "read the data set"

    def _set(self) -> None:
        lab, draw = self.lab, self._draw
        self.storage = lab.storage
        self._file = f"data/{draw.one('data', _SETS)}.csv"
        self._string = Secret("")
        self._way = ""
        self._clusters = draw.some("clusters", _CLUSTERS, 2)
        for name in self._clusters:
            put(lab, f"{lab.workspace}/computes/{name}")
        for person in _PEOPLE:
            lab.hire(person)
            give(lab, person, "AzureML Data Scientist", lab.workspace)
        owner = lab.sign_in(ON_CALL).bearer
        keys = lab.ask(ON_CALL, ResourceManager.post, lab.storage, owner, "listKeys")
        held = connection_string(name_of(lab.storage), {"key1": keys["key2"]})
        self._portal = BlobClient(lab.parts.door, Component("portal"), Secret(held))
        self._portal.ask(BlobStorage.put, self._file, b"name,amount\nann,3\n")
        self._hire()
        self._live_through()

    def _hire(self) -> None:
        self._first, self._second = self._draw.some("people", _PEOPLE, 2)
        trains, counts = self._draw.some("experiments", _EXPERIMENTS, 2)
        self._trains = partial(self._run, self._first, trains, self._clusters[0], self._training)
        self._counts = partial(self._run, self._second, counts, self._clusters[1], self._counting)
        read = partial(self._portal.ask, BlobStorage.get, self._file)
        self.workers = (
            Worker("portal", "read the data set with key2", read),
            Worker(self._second, "submit runs that read no data", self._counts),
            # How long is known once it is known when the token ends.
            Worker(self._first, "submit runs that read the data set", self._trains, HOUR),
        )

    def _training(self, run: Any) -> None:
        folder, _, name = self._file.partition("/")
        run.log("rows", float(len(run.as_mount(DEFAULT_STORE, folder).read(name))))

    def _counting(self, run: Any) -> None:
        run.log("loss", 0.5)

    def _run(self, who: str, experiment: str, cluster: str, script: Callable[[Any], None]) -> str:
        """Somebody's run, from the submission to the end. Returns its id; raises what the door raises, and
        what the run has failed with."""
        lab, bearer = self.lab, self.lab.sign_in(who).bearer
        run_id = lab.ask(who, Runs.submit, lab.workspace, bearer, experiment, cluster, script).run_id
        target = f"{lab.workspace}/computes/{cluster}"
        self._token = RunToken(lab.waiting_jobs(target)[-1].token.reveal())
        lab.work(target)
        ended = lab.ask(who, Runs.get, lab.workspace, bearer, run_id)
        if ended.status != "Completed":
            raise RunFailed(ended.error or ended.status)
        return run_id

    def _live_through(self) -> None:
        """Two days of runs. From the machine of one of them its token is copied."""
        begin = 2 + self._draw.number("begin", 4)
        for turn in range(begin):
            self._turn(turn)
        self.lab.clock.advance(MINUTE * (5 + self._draw.number("quiet", 30)))
        self._submitted = self.lab.clock.now
        self._run_id, self._where = self._robbed()
        stolen = self._token
        pause = 2 + self._draw.number("pause", 3)
        for turn in range(begin, begin + pause):
            self._turn(turn)
        self.lab.clock.advance(MINUTE * (5 + self._draw.number("night", 30)))
        self._stolen = stolen
        self._since = self.lab.clock.now
        for turn in range(begin + pause, begin + pause + 3):
            self._act(ATTACKER, self.attack)
            self._turn(turn)
        self.lab.clock.advance(25 * MINUTE)
        self._ends = self._submitted + TOKEN_LIFETIME
        self._brief()

    def _turn(self, turn: int) -> None:
        for one in self._draw.some(f"turn/{turn}", self.workers, 3):
            self.lab.clock.advance(MINUTE * (20 + self._draw.number(f"turn/{turn}/{one.name}", 120)))
            self._act(one.name, one.work)

    def _robbed(self) -> tuple[str, str]:
        """The run whose token is copied. Returns its id and its cluster."""
        run, cluster = self._draw.one(
            "robbed", ((self._trains, self._clusters[0]), (self._counts, self._clusters[1]))
        )
        return run(), cluster

    def _brief(self) -> None:
        lab, words, ends = self.lab, Words(self.name), self._ends
        self._briefing = words.briefing(data=self._file.partition("/")[2].removesuffix(".csv"))
        *others, trains = self.workers
        self.workers = (*others, replace(trains, patience=ends - lab.clock.now + HOUR, rests=_RESTS))
        by_run = {hop.subject for hop in lab.trace if hop.credential == RunToken.kind}
        runs, begun = sorted(one.removesuffix(" (run)") for one in by_run), self._submitted
        wrong_end = {
            moment(begun): "it-ends-with-the-run",
            moment(begun + HOUR): "every-token-lives-an-hour",
            moment(self._since + TOKEN_LIFETIME): "counted-from-the-theft",
        }
        self._facts = (
            words.fact("run", self._run_id, runs, dict.fromkeys(runs, "every-run-reads")),
            words.fact("compute", self._where, (lab.cluster, *_CLUSTERS)),
            words.fact("since", moment(self._since), (), {moment(begun): "the-run-was-it"}),
            words.fact("ends", moment(ends), (), wrong_end),
        )

    def _end(self) -> int:
        return self._ends + HOUR

    def attack(self) -> object:
        """Reads the data set with the connection string at hand, or with one that the token still gets."""
        try:
            self._way = ", with the connection string that they had"
            return self._read()
        except LabError:
            self._way = ", with a connection string that the token had got them just then"
            self._string = self.lab.ask(
                "somebody", DataStores.credential, self.lab.workspace, self._stolen, DEFAULT_STORE
            )
            return self._read()

    def _read(self) -> bytes:
        if not self._string.reveal():
            raise BadInput("There is no connection string yet.")
        client = BlobClient(self.lab.parts.door, Component("somebody"), self._string)
        return client.ask(BlobStorage.get, self._file)

    def how(self) -> str:
        """With what."""
        return self._way

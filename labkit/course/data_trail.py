"""Scene: a job and a web service are run with texts that can be told apart, and the texts are looked for."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from labkit.authenticators.service_key import ServiceKey
from labkit.core.errors import BadInput
from labkit.core.operation import Op, P, R
from labkit.core.show import Shown
from labkit.course.key_scene import OWNER
from labkit.course.scenes import check_lab
from labkit.furniture import CLUSTER
from labkit.lab import Lab
from labkit.services.app_insights import AppInsights
from labkit.services.machine_learning.models import Models
from labkit.services.machine_learning.run_secrets import RunSecrets
from labkit.services.machine_learning.runs import Runs
from labkit.services.machine_learning.scoring import Scoring
from labkit.services.machine_learning.serving import ScoringScript
from labkit.services.machine_learning.web_services import WebServices
from labkit.services.machine_learning.workspace import Workspace

STORE, INSIGHTS, NEITHER = "Microsoft's diagnostic store", "Application Insights", "neither"
PLACES = (STORE, INSIGHTS, NEITHER)
FACTS = (
    *("experiment name", "run id", "environment variable", "run secret", "metric name"),
    *("printed line", "request body", "client's name"),
)
_MODEL, _SERVICE, _VARIABLE, _SECRET = "churn", "prices", "CITY", "weather"
_STORY = """\
carl has submitted a run, and the cluster has carried it out. He has deployed the web service prices with
enable_app_insights=True, and a client has called it. Each fact has a text of its own, texts[fact]:"""


@dataclass(frozen=True, repr=False)
class DataTrail(Shown):
    """The lab, the text of each of FACTS, and the id of the workspace's component of Application Insights."""

    lab: Lab
    texts: Mapping[str, str] = field(repr=False)
    insights: str

    def found(self, fact: str) -> tuple[str, ...]:
        """Where the text of one of FACTS is found by reading: by a support engineer in the diagnostic store,
        by olivia in Application Insights. Raises BadInput. Statements data-collected, data-endpoint-logs,
        mon-app-insights."""
        if type(fact) is not str or fact not in self.texts:
            raise BadInput("There is no such text.", required=", ".join(FACTS))
        text = self.texts[fact]
        held = {
            STORE: bool(self.lab.diagnostics.find(text).rows),
            INSIGHTS: any(text in value for value in self._reported()),
        }
        return tuple(place for place, is_there in held.items() if is_there)

    def _reported(self) -> list[str]:
        """All values of all fields in Application Insights."""
        token = self.lab.sign_in(OWNER).bearer
        requests = self.lab.ask(OWNER, AppInsights.query, self.insights, token)
        lines = self.lab.ask(OWNER, AppInsights.traces, self.insights, token)
        return [value for one in (*requests, *lines) for value in one.documented.values()]

    def __repr__(self) -> str:
        return f"{_STORY}\n{', '.join(FACTS)}."


def data_trail(lab: Lab) -> DataTrail:
    """Sets the scene in a new lab, in a workspace that is not one of high business impact. Raises
    BadInput for what is no lab, and what the door raises."""
    check_lab(lab)
    texts = {fact: f"{fact.split()[-1]}-{lab.parts.entropy(f'trail/{fact}', 4).hex()}" for fact in FACTS}
    _train(lab, texts)
    _serve(lab, texts)
    workspace = lab.resources.find(lab.workspace)
    assert isinstance(workspace, Workspace)
    return DataTrail(lab, texts, workspace.depends_on["insights"])


def _asked(lab: Lab, op: Op[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    return lab.ask("carl", op, lab.workspace, lab.sign_in("carl").bearer, *args, **kwargs)


def _train(lab: Lab, texts: Mapping[str, str]) -> None:
    def script(run: Any) -> None:
        run.secret(_SECRET)
        run.log(texts["metric name"], 0.9)

    _asked(lab, RunSecrets.put, _SECRET, texts["run secret"])
    variables = {_VARIABLE: texts["environment variable"]}
    more: dict[str, Any] = {"run_id": texts["run id"], "environment_variables": variables}
    _asked(lab, Runs.submit, texts["experiment name"], CLUSTER, script, **more)
    lab.work()


def _serve(lab: Lab, texts: Mapping[str, str]) -> None:
    script = ScoringScript(partial(_score, texts["printed line"]), text="score.py")
    _asked(lab, Models.register, _MODEL, b"weights")
    service = _asked(
        lab, WebServices.deploy_aci, _SERVICE, _MODEL, True, script=script, enable_app_insights=True
    )
    key, _ = _asked(lab, WebServices.get_aci_keys, _SERVICE)
    body = f'["{texts["request body"]}"]'
    lab.ask(texts["client's name"], Scoring.score, service.address, ServiceKey(key.reveal()), body)


def _score(line: str, raw: str) -> int:
    """What score.py does: the line is its own, and has nothing of the body."""
    # Its standard output belongs to the service. Nothing here writes to ours.
    sys.stdout.write(f"{line}\n")
    return len(raw)

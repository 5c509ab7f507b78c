"""What Microsoft has collected of one run that needs a password, by where the password was."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import labkit
from labkit.core.choice import choice
from labkit.core.errors import BadInput, brief
from labkit.course.stepping import uncounted
from labkit.furniture import CLUSTER, GROUPS, REGION, workspace_id
from labkit.lab import Lab
from labkit.services.machine_learning.diagnostics import SupportView
from labkit.services.machine_learning.high_business_impact import FLAG
from labkit.services.machine_learning.run_secrets import RunSecrets
from labkit.services.machine_learning.runs import Runs
from labkit.services.resource_manager import ResourceManager

PASSWORD = "lab-hunter2-for-clinic"
_NAME = "db-password"
# How the job is submitted, and how its script gets the password.
_Way = tuple[Mapping[str, Any], Callable[[Any], str]]
WAYS: Mapping[str, _Way] = {
    "environment variable": (
        {"environment_variables": {"DB_PASSWORD": PASSWORD}},
        lambda run: str(run.environment["DB_PASSWORD"]),
    ),
    "run id": ({"run_id": f"trial-{PASSWORD}"}, lambda run: str(run.run_id.removeprefix("trial-"))),
    "run secret": ({}, lambda run: str(run.secret(_NAME).reveal())),
}


def collected_of(
    reading: str = "opts out",
    *,
    hbi: bool = False,
    release: str = "2020-03",
    seed: int | None = 2020,
    password_in: str = "environment variable",
) -> SupportView:
    """Has carl submit a run to a new workspace, of high business impact or not, and returns what was
    collected. `password_in` is one of WAYS. The script fails unless it gets the password. Raises BadInput,
    and BadRequest for the flag in a release that does not have it. Statements data-env-vars, data-run-id,
    data-hbi-optout."""
    way = WAYS[choice("place for the password", password_in, WAYS)]
    if hbi is not True and hbi is not False:
        raise BadInput("High business impact?", presented=brief(hbi), required="True or False")
    return uncounted(lambda: _submitted(labkit.start(release, seed), reading, hbi, way))


def _submitted(lab: Lab, reading: str, hbi: bool, way: _Way) -> SupportView:
    lab.diagnostics.reading = reading
    owner, workspace = lab.sign_in("olivia").bearer, workspace_id(GROUPS[0], "clinic")
    lab.ask("olivia", ResourceManager.put, workspace, owner, REGION, {FLAG: True} if hbi else None)
    lab.ask("olivia", ResourceManager.put, f"{workspace}/computes/{CLUSTER}", owner, REGION)
    carl, (submitted, password) = lab.sign_in("carl").bearer, way

    def script(run: Any) -> None:
        if password(run) != PASSWORD:
            raise ValueError("no password")

    lab.ask("carl", RunSecrets.put, workspace, carl, _NAME, PASSWORD)
    run = lab.ask("carl", Runs.submit, workspace, carl, "trial", CLUSTER, script, **submitted)
    lab.work(f"{workspace}/computes/{CLUSTER}")
    assert lab.ask("carl", Runs.get, workspace, carl, run.run_id).status == "Completed"
    return lab.diagnostics

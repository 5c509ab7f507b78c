"""What a workspace of the SDK has: compute targets, models and web services by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from labkit.azure import ResourceManager
from labkit.lab import Lab
from labkit.sdk import prelude
from tests.sdk.azureml_lab import PLACE, hops, nothing_left_active


@pytest.fixture
def ws(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.chdir(tmp_path)
    with nothing_left_active(), lab.activate():
        from azureml.core import Workspace

        yield Workspace(**PLACE)


def test_a_new_workspace_has_one_cluster_and_nothing_else(ws: Any) -> None:
    assert {name: one.type for name, one in ws.compute_targets.items()} == {"cpu-cluster": "AmlCompute"}
    assert ws.models == ws.webservices == {}


def test_what_was_made_is_there_by_name(ws: Any) -> None:
    made = prelude(ws)
    assert ws.models["sample-model"].version == made.model.version == 1
    service = ws.webservices[made.service.name]
    assert type(service) is type(made.service)
    assert service.token_auth_enabled is True
    assert {name: one.type for name, one in ws.compute_targets.items()}["aks-cluster"] == "AKS"


def test_looking_reads_alone_and_each_time_anew(ws: Any, lab: Lab) -> None:
    begin = len(lab.trace)
    assert (ws.models, ws.webservices, len(ws.compute_targets)) == ({}, {}, 1)
    assert {hop.operation for hop in lab.trace[begin:]} == {"GET", "List", "List models", "List web services"}
    prelude(ws)
    assert len(ws.compute_targets) == 2


def test_each_is_asked_as_whoever_has_signed_in(ws: Any, lab: Lab) -> None:
    ws.webservices.clear()
    assert hops(lab, "List web services") == [("carl", "List web services", "bearer token", "ok")]


def test_of_a_workspace_that_is_gone_there_is_nothing_to_see(ws: Any, lab: Lab) -> None:
    lab.ask("olivia", ResourceManager.delete, lab.workspace, lab.sign_in("olivia").bearer)
    assert ws.compute_targets == {}
    with pytest.raises(Exception, match=r"nothing|no such|Nothing|There is"):
        ws.models.clear()

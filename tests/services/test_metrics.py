"""What Azure Monitor counts of a workspace, how it adds that up, and who reads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.azure import Models, Monitor, ResourceManager, Runs, ScoringScript, WebServices
from labkit.core.errors import BadInput, BadRequest, Conflict, Forbidden, NotFound, Refusal
from labkit.lab import Lab
from labkit.services.machine_learning.run_history import RunHistory
from labkit.services.metrics import INTERVALS, NAMES, RETENTION, Counted, Metrics, added_up
from tests.services.ml import ask, attach_cluster

NOW = 1_584_090_000


def metrics(lab: Lab, *args: Any, who: str = "rita", **kwargs: Any) -> Metrics:
    return lab.ask(who, Monitor.metrics, lab.workspace, lab.sign_in(who).bearer, *args, **kwargs)


def counts(lab: Lab) -> dict[str, int]:
    """What has been counted at all."""
    found = metrics(lab)
    return {name: found.total(name) for name in NAMES if found.total(name)}


def refused(step: Callable[[], object]) -> None:
    with pytest.raises(Refusal):
        step()


def test_nothing_is_counted_in_a_new_lab(lab: Lab) -> None:
    assert counts(lab) == {}


def test_runs(lab: Lab) -> None:
    def fails(run: Any) -> None:
        raise ValueError("diverged")

    for script in (lambda run: None, fails, lambda run: run.log("accuracy", 0.9)):
        ask(lab, "carl", Runs.submit, "train", "cpu-cluster", script)
    assert counts(lab) == {"Started Runs": 3}
    lab.work()
    assert counts(lab) == {"Started Runs": 3, "Completed Runs": 2, "Failed Runs": 1}
    # A run that has ended ends no second time.
    refused(lambda: ask(lab, "carl", Runs.complete, "train_1"))
    refused(lambda: ask(lab, "carl", Runs.submit, "train", "none", lambda run: None))
    assert counts(lab) == {"Started Runs": 3, "Completed Runs": 2, "Failed Runs": 1}


def test_registrations(lab: Lab) -> None:
    for _ in range(2):
        ask(lab, "carl", Models.register, "churn", b"weights")
    refused(lambda: ask(lab, "carl", Models.register, "no such name!", b"weights"))
    lab.switchboard.down("eastus")
    refused(lambda: ask(lab, "carl", Models.register, "churn", b"weights"))
    lab.switchboard.up("eastus")
    assert counts(lab) == {"Model Register Succeeded": 2, "Model Register Failed": 1}


def test_deployments(lab: Lab) -> None:
    ask(lab, "carl", Models.register, "churn", b"weights")
    ask(lab, "carl", WebServices.deploy_aci, "good", "churn")
    refused(lambda: ask(lab, "carl", WebServices.deploy_aci, "good", "churn"))

    def broken() -> None:
        raise ValueError

    script = ScoringScript(lambda raw: raw, init=broken)
    attach_cluster(lab)
    assert (
        ask(lab, "carl", WebServices.deploy_aks, "bad", "churn", "prod", None, None, script).state
        == "Unhealthy"
    )
    found = counts(lab)
    del found["Model Register Succeeded"]
    assert found == {"Model Deploy Started": 3, "Model Deploy Succeeded": 1, "Model Deploy Failed": 2}


def test_who_was_turned_away_counts_nowhere(lab: Lab) -> None:
    refused(lambda: ask(lab, "rita", Models.register, "churn", b"weights"))
    refused(lambda: ask(lab, "rita", WebServices.deploy_aci, "svc", "churn"))
    late = lab.sign_in("carl").bearer
    lab.clock.advance("2h")
    refused(lambda: lab.ask("carl", Models.register, lab.workspace, late, "churn", b"weights"))
    assert counts(lab) == {}


def test_each_workspace_has_its_own(lab: Lab) -> None:
    ask(lab, "carl", Models.register, "churn", b"weights")
    other = lab.ask("rita", Monitor.metrics, lab.other_workspace, lab.sign_in("rita").bearer)
    assert [other.total(name) for name in NAMES] == [0] * len(NAMES)
    assert other.resource == "your-workspace-name"


def test_they_are_added_up_by_stretches_of_the_clock(lab: Lab) -> None:
    def registered(pause: str) -> None:
        lab.clock.advance(pause)
        ask(lab, "carl", Models.register, "churn", b"weights")

    for pause in ("0s", "59m", "1m", "3h"):
        registered(pause)
    found = metrics(lab, timespan="6h")
    # It is 13:00 now, so what is shown begins at 07:00.
    assert found.totals["Model Register Succeeded"] == (0, 0, 2, 1, 0, 0, 1)
    assert "03-13 09:00: 2, 03-13 10:00: 1, 03-13 13:00: 1" in repr(found)
    assert metrics(lab, timespan="2h").total("Model Register Succeeded") == 1
    by_day = metrics(lab, "1d", "1d").totals["Model Register Succeeded"]
    assert by_day == (0, 4)


class Thing:
    """Something that is counted."""

    name = "thing"

    def __init__(self, *times: tuple[int, str]) -> None:
        self.counted = Counted(list(times))


@given(
    st.lists(st.tuples(st.integers(NOW - 90_000, NOW), st.sampled_from(NAMES)), max_size=30),
    st.sampled_from([one for one in INTERVALS if one != "1m"]),
    st.integers(1, 86_400),
)
def test_nothing_of_the_timespan_is_lost_or_counted_twice(
    times: list[tuple[int, str]], interval: str, timespan: int
) -> None:
    found = added_up(Thing(*times), NOW, interval, f"{timespan}s")
    assert found.begin % found.interval == 0
    assert NOW - timespan - found.interval < found.begin <= NOW - timespan
    for name in NAMES:
        assert found.total(name) == len([at for at, one in times if one == name and at >= found.begin])
        for place, number in enumerate(found.totals[name]):
            stretch = found.begin + place * found.interval
            inside = [at for at, one in times if one == name and stretch <= at < stretch + found.interval]
            assert number == len(inside)


def test_the_first_second_of_the_first_stretch_counts_and_the_one_before_does_not() -> None:
    found = added_up(Thing((NOW - 7200, "Failed Runs"), (NOW - 7201, "Failed Runs")), NOW, "1h", "2h")
    assert found.totals["Failed Runs"] == (1, 0, 0)


class TestReading:
    def test_it_takes_a_role_that_reads(self, lab: Lab) -> None:
        lab.hire("hana")
        with pytest.raises(Forbidden) as caught:
            metrics(lab, who="hana")
        assert caught.value.required == f"Microsoft.Insights/metrics/read on {lab.workspace}"
        assert {metrics(lab, who=who).resource for who in ("rita", "carl", "olivia")} == {"ml-example"}

    def test_of_workspaces_alone(self, lab: Lab) -> None:
        rita = lab.sign_in("rita").bearer
        with pytest.raises(BadRequest):
            lab.ask("rita", Monitor.metrics, lab.storage, rita)
        with pytest.raises(NotFound):
            lab.ask("rita", Monitor.metrics, f"{lab.workspace}-none", rita)
        lab.ask("olivia", ResourceManager.delete, lab.workspace, lab.sign_in("olivia").bearer)
        with pytest.raises(NotFound):
            metrics(lab)

    @pytest.mark.parametrize(
        ("interval", "timespan"),
        [("2h", "1d"), ("", "1d"), ("1h", "0s"), ("1h", "-1h"), ("1h", "soon"), ("1m", "25h"), ("1d", "94d")],
    )
    def test_by_intervals_that_there_are(self, lab: Lab, interval: str, timespan: str) -> None:
        with pytest.raises(BadRequest) as caught:
            metrics(lab, interval, timespan)
        assert caught.value.stage == "parse"

    def test_up_to_as_long_as_they_are_kept(self, lab: Lab) -> None:
        assert RETENTION == 93 * 86400
        assert len(metrics(lab, "1d", "93d").totals["Failed Runs"]) == 94
        assert len(metrics(lab, "1m", "1d").totals["Failed Runs"]) == 1441

    def test_a_metric_has_a_name(self, lab: Lab) -> None:
        found = metrics(lab)
        for name in ("Runs", None, "started runs"):
            with pytest.raises(BadInput):
                found.total(name)  # type: ignore[arg-type]

    def test_it_is_a_table_with_a_plot(self, lab: Lab) -> None:
        ask(lab, "carl", Models.register, "churn", b"weights")
        found = metrics(lab)
        caption, head, _, *rows = repr(found).splitlines()
        assert caption == "Metrics of ml-example from 2020-03-12 09:00:00Z on, by 1h"
        assert head.split() == ["metric", "total", "when"]
        assert len(rows) == len(NAMES)
        assert "<img" in found._repr_mimebundle_()["text/html"]


def test_what_is_undone_is_not_counted(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def written(*_: object) -> None:
        raise Conflict("Somebody else was faster.")

    ask(lab, "carl", Runs.submit, "train", "cpu-cluster", lambda run: None)
    monkeypatch.setattr(RunHistory, "write", written)
    refused(lambda: ask(lab, "carl", Runs.complete, "train_1"))
    assert counts(lab) == {"Started Runs": 1}
    monkeypatch.undo()
    ask(lab, "carl", Runs.complete, "train_1")
    assert counts(lab) == {"Started Runs": 1, "Completed Runs": 1}

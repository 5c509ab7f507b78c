"""Runs: submitted by a user, carried out by compute that calls back with a token of its own."""

import sys
from collections.abc import Callable
from typing import Any

import pytest

from labkit.authenticators.run_token import ISSUER, RunToken
from labkit.core.credential import Anonymous, Bearer
from labkit.core.errors import BadInput, BadRequest, Conflict, Forbidden, GuestNotSupported, NotFound, Refusal
from labkit.identity.errors import TokenExpired, TokenRefused, UnknownKey, WrongAudience
from labkit.identity.token import Token
from labkit.lab import Lab
from labkit.services.azure_ad import KEY_VAULT, STORAGE
from labkit.services.key_vault import KeyVault
from labkit.services.machine_learning.compute import Compute, RunContext
from labkit.services.machine_learning.data_stores import DataStores
from labkit.services.machine_learning.run_secrets import RunSecrets
from labkit.services.machine_learning.runs import TOKEN_LIFETIME, Runs
from labkit.services.machine_learning.workspace import Run
from labkit.services.resource_manager import ResourceManager
from labkit.services.storage import BlobStorage
from tests.services.ml import ask

Script = Callable[[RunContext], object]


@pytest.fixture
def carl(lab: Lab) -> Bearer:
    return lab.sign_in("carl").bearer


def submit(lab: Lab, script: Script, who: str = "carl") -> Run:
    token = lab.sign_in(who).bearer
    return lab.ask(who, Runs.submit, lab.workspace, token, "train", lab.cluster, script)


def history(lab: Lab, run: Run) -> Run:
    return lab.ask("carl", Runs.get, lab.workspace, lab.sign_in("carl").bearer, run.run_id)


def done(lab: Lab, script: Script) -> Run:
    """The history of a run that has been carried out."""
    run = submit(lab, script)
    lab.work()
    return history(lab, run)


def waiting_token(lab: Lab) -> Token:
    """The ML service token of a run that waits: what somebody sees who has broken into the machine."""
    submit(lab, lambda context: None)
    [job] = lab.waiting_jobs()
    return job.token


class TestLife:
    def test_a_run_is_queued_carried_out_and_completed_with_its_metrics(self, lab: Lab) -> None:
        def script(context: RunContext) -> None:
            context.log("loss", 0.5)
            context.log("loss", 0.25)
            context.log("epochs", 2)

        run = submit(lab, script)
        assert (run.run_id, run.status, run.metrics) == ("train_1", "Queued", [])
        assert run.submitted_by == "carl@contoso.example (user)"
        assert lab.work() == ["train_1"]
        after = history(lab, run)
        assert (after.status, after.error) == ("Completed", "")
        assert after.metrics == [("loss", 0.5), ("loss", 0.25), ("epochs", 2.0)]
        assert lab.work() == []

    def test_it_is_running_once_it_has_logged(self, lab: Lab) -> None:
        seen: list[str] = []

        def script(context: RunContext) -> None:
            seen.append(history(lab, run).status)
            context.log("loss", 1)
            seen.append(history(lab, run).status)

        run = submit(lab, script)
        lab.work()
        assert seen == ["Queued", "Running"]

    def test_runs_are_carried_out_in_order(self, lab: Lab) -> None:
        order: list[int] = []
        for number in range(3):
            submit(lab, lambda context, number=number: order.append(number))
        assert lab.work() == ["train_1", "train_2", "train_3"]
        assert order == [0, 1, 2]

    def test_what_is_read_is_a_copy(self, lab: Lab) -> None:
        run = done(lab, lambda context: context.log("loss", 1))
        run.metrics.clear()
        run.status = "Changed"
        assert (history(lab, run).status, history(lab, run).metrics) == ("Completed", [("loss", 1.0)])

    def test_a_run_that_has_ended_takes_no_metric_and_does_not_end_again(
        self, lab: Lab, carl: Bearer
    ) -> None:
        run = done(lab, lambda context: None)
        with pytest.raises(Conflict):
            lab.ask("carl", Runs.log_metric, lab.workspace, carl, run.run_id, "loss", 1)
        with pytest.raises(Conflict):
            lab.ask("carl", Runs.complete, lab.workspace, carl, run.run_id, "it failed after all")
        assert history(lab, run).status == "Completed"


class Odd(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


def raising(error: BaseException) -> Script:
    def script(context: RunContext) -> None:
        raise error

    return script


class TestFailure:
    @pytest.mark.parametrize(
        "error",
        [
            ValueError("bad data"),
            Odd(),
            RecursionError(),
            MemoryError(),
            StopIteration(),
            BadInput("no"),
            BadInput(""),
            SystemExit(1),
            SystemExit("text"),
            ExceptionGroup("many", [ValueError()]),
            Exception("x" * 10**6),
        ],
        ids=lambda error: type(error).__name__,
    )
    def test_a_script_that_raises_makes_its_run_failed_and_no_other(
        self, lab: Lab, error: BaseException
    ) -> None:
        bad, good = submit(lab, raising(error)), submit(lab, lambda context: None)
        assert lab.work() == [bad.run_id, good.run_id]
        assert history(lab, bad).status == "Failed"
        assert 0 < len(history(lab, bad).error) <= 1000
        assert history(lab, good).status == "Completed"

    def test_the_error_says_what_happened(self, lab: Lab) -> None:
        error = done(lab, raising(ValueError("bad data"))).error
        assert "ValueError" in error
        assert "bad data" in error

    @pytest.mark.parametrize("code", [None, 0])
    def test_a_script_that_exits_with_success_is_completed(self, lab: Lab, code: int | None) -> None:
        assert done(lab, lambda context: sys.exit(code)).status == "Completed"

    def test_an_interrupted_script_stays_in_the_queue(self, lab: Lab) -> None:
        submit(lab, raising(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            lab.work()
        assert len(lab.waiting_jobs()) == 1

    def test_a_refused_call_back_fails_the_run_unless_the_script_expects_it(self, lab: Lab) -> None:
        careless = done(lab, lambda context: context.secret("nothing"))
        assert careless.status == "Failed"
        assert "no such secret" in careless.error

        def careful(context: RunContext) -> None:
            with pytest.raises(NotFound):
                context.secret("nothing")

        assert done(lab, careful).status == "Completed"

    @pytest.mark.parametrize(
        "value",
        [float("nan"), float("inf"), -float("inf"), 10**400, True, None, "1", b"1", [1], 1j],
        ids=lambda value: type(value).__name__,
    )
    def test_a_metric_is_a_finite_number(self, lab: Lab, carl: Bearer, value: Any) -> None:
        run = submit(lab, lambda context: None)
        with pytest.raises(BadRequest):
            lab.ask("carl", Runs.log_metric, lab.workspace, carl, run.run_id, "loss", value)
        assert (history(lab, run).metrics, history(lab, run).status) == ([], "Queued")

    @pytest.mark.parametrize("name", [None, 5, [], b"loss"])
    def test_a_metric_has_a_name(self, lab: Lab, carl: Bearer, name: Any) -> None:
        run = submit(lab, lambda context: None)
        with pytest.raises(BadRequest):
            lab.ask("carl", Runs.log_metric, lab.workspace, carl, run.run_id, name, 1)

    def test_a_cluster_in_a_region_that_is_down_takes_no_run(self, lab: Lab, carl: Bearer) -> None:
        lab.ask("carl", ResourceManager.put, f"{lab.workspace}/computes/far", carl, "westus2")
        lab.switchboard.down("westus2")
        with pytest.raises(Refusal) as caught:
            lab.ask("carl", Runs.submit, lab.workspace, carl, "train", "far", lambda context: None)
        assert caught.value.code == "ServiceUnavailable"
        with pytest.raises(NotFound):
            lab.ask("carl", Runs.get, lab.workspace, carl, "train_1")


class TestSubmission:
    def test_an_unknown_compute_target_is_not_found(self, lab: Lab, carl: Bearer) -> None:
        with pytest.raises(NotFound) as caught:
            lab.ask("carl", Runs.submit, lab.workspace, carl, "train", "gpu", lambda context: None)
        assert caught.value.required == "cpu-cluster"

    @pytest.mark.parametrize("experiment", ["", " ", "-", "a b", "a/b", "a\n", None, 5, []])
    def test_an_experiment_has_a_name(self, lab: Lab, carl: Bearer, experiment: Any) -> None:
        with pytest.raises(BadRequest):
            lab.ask("carl", Runs.submit, lab.workspace, carl, experiment, "cpu-cluster", lambda context: None)

    @pytest.mark.parametrize(
        ("compute", "script"), [(None, print), ([], print), ("cpu-cluster", None), ("cpu-cluster", "x")]
    )
    def test_a_run_has_a_compute_target_and_a_script(
        self, lab: Lab, carl: Bearer, compute: Any, script: Any
    ) -> None:
        with pytest.raises(BadRequest):
            lab.ask("carl", Runs.submit, lab.workspace, carl, "train", compute, script)

    def test_a_reader_starts_no_run_and_reads_what_ran(self, lab: Lab) -> None:
        rita = lab.sign_in("rita").bearer
        with pytest.raises(Forbidden):
            lab.ask("rita", Runs.submit, lab.workspace, rita, "train", "cpu-cluster", lambda context: None)
        run = done(lab, lambda context: None)
        assert lab.ask("rita", Runs.get, lab.workspace, rita, run.run_id).status == "Completed"

    def test_a_guest_is_turned_away_though_it_is_a_contributor(self, lab: Lab) -> None:
        gita = lab.sign_in("gita").bearer
        assert lab.ask("gita", ResourceManager.get, lab.workspace, gita)
        for op, args in (
            (Runs.submit, ("train", "cpu-cluster", print)),
            (DataStores.list_stores, ()),
            (RunSecrets.get, ("x",)),
        ):
            with pytest.raises(GuestNotSupported) as caught:
                lab.ask("gita", op, lab.workspace, gita, *args)
            assert (caught.value.status, caught.value.code) == (403, "GuestUserNotSupported")
            assert caught.value.stage == "authorization"

    @pytest.mark.parametrize("run_id", ["", "train_1", "TRAIN_2"])
    def test_an_unknown_run_is_not_found(self, lab: Lab, carl: Bearer, run_id: str) -> None:
        with pytest.raises(NotFound):
            lab.ask("carl", Runs.get, lab.workspace, carl, run_id)

    @pytest.mark.parametrize("run_id", [None, 5, [], {}])
    def test_a_run_id_is_a_text(self, lab: Lab, carl: Bearer, run_id: Any) -> None:
        with pytest.raises(BadRequest):
            lab.ask("carl", Runs.get, lab.workspace, carl, run_id)

    def test_nobody_else_starts_a_job_on_the_compute(self, lab: Lab) -> None:
        cluster = f"{lab.workspace}/computes/cpu-cluster"
        [job] = (submit(lab, lambda context: None), lab.waiting_jobs())[1]
        for cred in (Anonymous(), lab.sign_in("rita").bearer):
            with pytest.raises(Refusal):
                lab.ask("somebody", Compute.start, cluster, cred, job)
        assert len(lab.waiting_jobs()) == 1


class TestToken:
    def test_it_is_azure_ml_s_and_names_run_and_workspace(self, lab: Lab) -> None:
        token = waiting_token(lab)
        assert token.claims["iss"] == ISSUER
        assert token.claims["aud"] == lab.workspace.lower()
        assert token.claims["sub"] == "train_1"
        assert token.claims["exp"] - token.claims["iat"] == TOKEN_LIFETIME == 7 * 86400
        assert "amr" not in token.claims

    def test_the_node_calls_back_with_it_and_not_with_the_user_s(self, lab: Lab) -> None:
        submit(lab, lambda context: (context.log("loss", 1), context.data_store("workspaceblobstore")))
        lab.trace.clear()
        lab.work()
        roots = [hop for hop in lab.trace if hop.parent == 0]
        assert [hop.operation for hop in roots] == ["Log metric", "Get data store credential", "Complete run"]
        assert {(hop.caller, hop.credential, hop.subject) for hop in roots} == {
            ("cpu-cluster", "ML service token", "train_1 (run)")
        }
        assert not any("carl" in hop.subject for hop in lab.trace)

    def test_it_outlives_the_user_s_token_and_expires_after_a_week(self, lab: Lab) -> None:
        run = submit(lab, lambda context: context.log("loss", 1))
        lab.clock.advance(TOKEN_LIFETIME - 1)
        assert lab.work() == [run.run_id]
        late = submit(lab, lambda context: context.log("loss", 1))
        lab.clock.advance(TOKEN_LIFETIME)
        lab.trace.clear()
        assert lab.work() == []
        assert {hop.outcome for hop in lab.trace} == {"401 ExpiredAuthenticationToken"}
        assert (history(lab, late).status, history(lab, late).metrics) == ("Queued", [])

    def test_expired_it_is_refused_by_name(self, lab: Lab) -> None:
        token = RunToken(waiting_token(lab).reveal())
        lab.clock.advance(TOKEN_LIFETIME)
        with pytest.raises(TokenExpired):
            lab.ask("thief", Runs.get, lab.workspace, token, "train_1")

    def test_at_another_workspace_it_is_for_another_audience(self, lab: Lab) -> None:
        token = RunToken(waiting_token(lab).reveal())
        with pytest.raises(WrongAudience) as caught:
            lab.ask("thief", Runs.get, lab.other_workspace, token, "train_1")
        assert (caught.value.status, caught.value.code) == (401, "InvalidAuthenticationTokenAudience")

    @pytest.mark.parametrize("kind", [RunToken, Bearer])
    def test_resource_manager_vault_and_storage_refuse_it_under_any_name(self, lab: Lab, kind: Any) -> None:
        token = kind(waiting_token(lab).reveal())
        account = next(one for one in lab.resources if one.service == "Azure Storage")
        for op, target, args in (
            (ResourceManager.get, lab.workspace, ()),
            (KeyVault.get_secret, lab.vault, ("x",)),
            (BlobStorage.get, account.id, ("x",)),
        ):
            with pytest.raises(Refusal) as caught:
                lab.ask("thief", op, target, token, *args)
            assert caught.value.stage == "authentication"
            assert caught.value.status in (401, 403)
            if kind is Bearer:
                assert isinstance(caught.value, UnknownKey)

    def test_as_a_bearer_token_it_opens_nothing_at_home_either(self, lab: Lab) -> None:
        with pytest.raises(UnknownKey):
            lab.ask("thief", Runs.get, lab.workspace, Bearer(waiting_token(lab).reveal()), "train_1")

    @pytest.mark.parametrize("resource", [None, KEY_VAULT, STORAGE])
    def test_a_user_s_token_is_no_run_token(self, lab: Lab, resource: str | None) -> None:
        token = lab.sign_in("carl", resource=resource) if resource else lab.sign_in("carl")
        with pytest.raises(UnknownKey):
            lab.ask("carl", Runs.get, lab.workspace, RunToken(token.reveal()), "train_1")

    def test_it_starts_no_further_run_and_writes_no_secret(self, lab: Lab) -> None:
        token = RunToken(waiting_token(lab).reveal())
        for op, args in ((Runs.submit, ("train", "cpu-cluster", print)), (RunSecrets.put, ("name", "value"))):
            with pytest.raises(Refusal):
                lab.ask("thief", op, lab.workspace, token, *args)

    def test_it_survives_a_rotation_of_azure_ad_s_keys(self, lab: Lab) -> None:
        run = submit(lab, lambda context: None)
        lab.parts.home.keys.rotate(lab.clock.now, overlap=0)
        assert lab.work() == [run.run_id]

    @pytest.mark.parametrize("token", ["", "a.b.c", None, 5, b"\xff"])
    def test_nonsense_in_its_place_is_refused(self, lab: Lab, token: Any) -> None:
        with pytest.raises(TokenRefused):
            lab.ask("thief", Runs.get, lab.workspace, RunToken(token), "train_1")


@pytest.mark.parametrize("error", ["", "it broke"])
def test_a_run_that_has_ended_well_or_badly_takes_nothing_more(lab: Lab, error: str) -> None:
    run = ask(lab, "carl", Runs.submit, "train", lab.cluster, print).run_id
    ask(lab, "carl", Runs.complete, run, error)
    ended = ask(lab, "carl", Runs.get, run)
    for op, args in ((Runs.log_metric, (run, "loss", 1.0)), (Runs.complete, (run, ""))):
        with pytest.raises(Conflict, match="has ended"):
            ask(lab, "carl", op, *args)
    assert ask(lab, "carl", Runs.get, run) == ended

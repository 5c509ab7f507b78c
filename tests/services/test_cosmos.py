"""Cosmos DB: documents, and the run history that Azure ML keeps there."""

from __future__ import annotations

from typing import Any

import pytest

from labkit.authenticators.shared_key import SharedKey
from labkit.azure import Anonymous, Authorization, Cosmos, ResourceManager, Runs
from labkit.core.errors import (
    BadRequest,
    Conflict,
    CredentialMissing,
    CredentialNotAccepted,
    Forbidden,
    InsecureTransport,
    NotFound,
    RegionDown,
    RequestNotCovered,
    Unauthenticated,
)
from labkit.core.operation import Op
from labkit.crypto.errors import Damaged
from labkit.furniture import GROUPS, SUBSCRIPTION, workspace_id
from labkit.lab import Lab, start
from labkit.services.cosmos import TYPE, CosmosAccount, PreconditionFailed
from labkit.services.machine_learning.workspace import Run, Workspace
from tests.services.ml import GROUP, ask, unchanged, workspace
from tests.services.own_history import KEY, feature, let_in, register
from tests.services.stores import new_version, put


def cosmos(lab: Lab) -> CosmosAccount:
    found = lab.resources.find(workspace(lab).history)
    assert isinstance(found, CosmosAccount)
    return found


def signed(lab: Lab, op: Op[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What Azure ML does, which has the key."""
    account = cosmos(lab)
    request = op.request(account.id, args, kwargs)
    cred = SharedKey.sign(account.name, account.access_keys["primary"], request, lab.clock.now)
    return lab.ask("Azure ML", op, account.id, cred, *args, **kwargs)


def logged(lab: Lab, *metrics: tuple[str, float]) -> Run:
    """The history of a run that has logged these and ended."""

    def script(context: Any) -> None:
        for name, value in metrics:
            context.log(name, value)

    run = ask(lab, "carl", Runs.submit, "train", lab.cluster, script)
    lab.work()
    return ask(lab, "carl", Runs.get, run.run_id)


class TestDocuments:
    def test_what_was_written_is_read_and_listed(self, lab: Lab) -> None:
        first = signed(lab, Cosmos.upsert, "a/1", b"{}")
        second = signed(lab, Cosmos.upsert, "a/1", b'{"n": 2}', if_match=first)
        found = signed(lab, Cosmos.read, "a/1")
        assert (found.name, found.body, found.etag) == ("a/1", b'{"n": 2}', second)
        signed(lab, Cosmos.upsert, "b/1", b"")
        assert signed(lab, Cosmos.query, "a/") == ["a/1"]
        assert "2}" not in repr(found)

    def test_of_two_writers_at_once_the_second_is_refused(self, lab: Lab) -> None:
        seen = signed(lab, Cosmos.upsert, "a", b"0")
        signed(lab, Cosmos.upsert, "a", b"1", if_match=seen)
        with unchanged(lab), pytest.raises(PreconditionFailed) as caught:
            signed(lab, Cosmos.upsert, "a", b"2", if_match=seen)
        assert (caught.value.status, caught.value.code) == (412, "PreconditionFailed")
        with unchanged(lab), pytest.raises(PreconditionFailed):
            signed(lab, Cosmos.upsert, "new", b"2", if_match=seen)
        assert signed(lab, Cosmos.read, "a").body == b"1"

    @pytest.mark.parametrize(
        ("name", "if_match"), [("", ""), ("x" * 1024, ""), (None, ""), ("a", "x"), ("a", None), ("a", "*")]
    )
    def test_bad_input_is_refused(self, lab: Lab, name: Any, if_match: Any) -> None:
        with unchanged(lab), pytest.raises(BadRequest):
            signed(lab, Cosmos.upsert, name, b"", if_match=if_match)

    def test_what_is_not_there_is_not_found(self, lab: Lab) -> None:
        with pytest.raises(NotFound) as caught:
            signed(lab, Cosmos.read, "nothing")
        assert (caught.value.status, caught.value.service) == (404, "Cosmos DB")

    def test_only_the_account_s_key_opens_it(self, lab: Lab) -> None:
        account, owner = cosmos(lab), lab.sign_in("olivia").bearer
        request = Cosmos.read.request(account.id, ("a",))
        stolen = SharedKey.sign(account.name, b"guess", request, lab.clock.now)
        own = SharedKey.sign(account.name, account.access_keys["primary"], request, lab.clock.now)
        for cred, kind in (
            (Anonymous(), CredentialMissing),
            (owner, CredentialNotAccepted),
            (stolen, Unauthenticated),
        ):
            with pytest.raises(kind) as caught:
                lab.ask("olivia", Cosmos.read, account.id, cred, "a")
            assert caught.value.status == 401
        with pytest.raises(RequestNotCovered):
            lab.ask("olivia", Cosmos.read, account.id, own, "b")
        with pytest.raises(InsecureTransport):
            lab.ask("olivia", Cosmos.read, f"http://{account.host}", own, "a")

    def test_its_bytes_are_sealed_and_no_change_on_the_disk_is_accepted(self, lab: Lab) -> None:
        signed(lab, Cosmos.upsert, "a", b"a metric of great importance")
        signed(lab, Cosmos.upsert, "b", b"another one")
        medium = cosmos(lab).documents.medium
        assert medium.find("importance") == []
        raw = medium.raw("a")
        for changed in (raw[:-1], medium.raw("b"), b"", raw[:-1] + bytes([raw[-1] ^ 1])):
            medium.overwrite("a", changed)
            with pytest.raises(Damaged) as caught:
                signed(lab, Cosmos.read, "a")
            assert (caught.value.status, caught.value.code) == (500, "InternalServerError")


class TestWhereItLives:
    def test_it_is_in_microsofts_subscription_and_the_customer_s_holds_no_such_thing(self, lab: Lab) -> None:
        account, owner = cosmos(lab), lab.sign_in("olivia").bearer
        assert account.boundary == "Microsoft subscription"
        assert not account.id.startswith(SUBSCRIPTION)
        everything = lab.parts.arm.documents
        assert [id for id in everything if "documentdb" in id] == []
        for op in (ResourceManager.get, ResourceManager.delete):
            with pytest.raises(Forbidden):
                lab.ask("olivia", op, account.id, owner)
        with pytest.raises(Forbidden):
            lab.ask(
                "olivia", Authorization.assign, account.id, owner, "Owner", lab.people["olivia"].object_id
            )

    def test_its_key_is_microsofts(self, lab: Lab) -> None:
        key = cosmos(lab).account_key
        assert key.owner == "Microsoft"
        assert key.wrapped.key_id == "Microsoft's key"
        assert key.kind.customer_key == ""

    def test_all_customers_of_a_region_share_one_and_another_region_has_another(self, lab: Lab) -> None:
        other = workspace_id(GROUPS[0], "elsewhere")
        put(lab, other, region="westus2")
        found = [one for one in lab.resources if isinstance(one, Workspace)]
        assert {(one.region, one.history.rpartition("/")[2]) for one in found} == {
            ("eastus", "azureml-eastus"),
            ("westus2", "azureml-westus2"),
        }

    def test_a_region_gets_none_with_a_workspace_that_fails(self, lab: Lab) -> None:
        with unchanged(lab), pytest.raises(BadRequest):
            put(lab, workspace_id(GROUPS[0], "elsewhere"), {"identity": "mine"}, region="westus2")
        assert lab.resources.at_host("azureml-westus2.documents.azure.com") is None


class TestRunHistory:
    def test_metrics_and_metadata_are_there_and_nowhere_else(self, lab: Lab) -> None:
        run = logged(lab, ("loss", 0.5), ("loss", 0.25))
        assert run.metrics == [("loss", 0.5), ("loss", 0.25)]
        name = workspace(lab).own("runs/train_1")
        assert cosmos(lab).documents.names() == [name]
        body = signed(lab, Cosmos.read, name).body
        assert b'"metrics": [["loss", 0.5], ["loss", 0.25]]' in body
        assert cosmos(lab).documents.medium.find("loss") == []
        del cosmos(lab).documents.written[name]
        with pytest.raises(NotFound, match="The workspace has no such run"):
            ask(lab, "carl", Runs.get, "train_1")

    def test_azure_ml_asks_for_it_and_the_trace_shows_it(self, lab: Lab) -> None:
        logged(lab, ("loss", 1))
        ask(lab, "carl", Runs.get, "train_1")
        above, below = lab.trace.last()
        assert (above.operation, below.operation) == ("Get run", "Read document")
        assert (below.caller, below.credential, below.initiator) == ("ml-example", "account key", "carl")
        assert (below.origin, below.boundary) == ("Microsoft subscription", "Microsoft subscription")

    def test_a_metric_is_one_document_read_and_written(self, lab: Lab) -> None:
        run = ask(lab, "carl", Runs.submit, "train", lab.cluster, lambda context: None)
        ask(lab, "carl", Runs.log_metric, run.run_id, "loss", 1.0)
        assert [hop.operation for hop in lab.trace.last()] == [
            "Log metric",
            "Read document",
            "Upsert document",
        ]

    def test_workspaces_that_share_the_account_see_their_own_runs_alone(self, lab: Lab) -> None:
        logged(lab, ("loss", 1))
        carl = lab.sign_in("carl").bearer
        with pytest.raises(NotFound):
            lab.ask("carl", Runs.get, lab.other_workspace, carl, "train_1")
        for id in ("../runs/train_1", workspace(lab).own("runs/train_1"), "", "x" * 5000, "\ud800"):
            with pytest.raises((NotFound, BadRequest)):
                lab.ask("carl", Runs.get, lab.other_workspace, carl, id)

    def test_while_its_region_is_down_nothing_is_read_and_nothing_is_lost(self, lab: Lab) -> None:
        logged(lab, ("loss", 1))
        lab.switchboard.down("eastus")
        with pytest.raises(RegionDown):
            ask(lab, "carl", Runs.get, "train_1")
        lab.switchboard.up("eastus")
        assert ask(lab, "carl", Runs.get, "train_1").metrics == [("loss", 1.0)]

    @pytest.mark.parametrize("value", [0.1, -0.0, 1e308, 5e-324, 1 / 3, 2**53 + 1])
    def test_every_number_comes_back_as_it_was(self, lab: Lab, value: float) -> None:
        [(name, kept)] = logged(lab, ("größe \ud800", value)).metrics
        assert (name, repr(kept)) == ("größe \ud800", repr(float(value)))

    def test_documents_that_were_changed_on_the_disk_are_no_history(self, lab: Lab) -> None:
        logged(lab, ("loss", 1))
        logged(lab, ("loss", 2))
        medium = cosmos(lab).documents.medium
        first, second = medium.names()
        medium.overwrite(first, medium.raw(second))
        with unchanged(lab), pytest.raises(Damaged) as caught:
            ask(lab, "carl", Runs.get, "train_1")
        assert caught.value.service == "Cosmos DB"
        assert ask(lab, "carl", Runs.get, "train_2").metrics == [("loss", 2.0)]

    def test_a_workspace_may_have_an_account_of_its_own(self, lab: Lab) -> None:
        """The seam for a dedicated instance: an account's id, and Azure ML has the key of it."""
        dedicated = cosmos(start())
        dedicated.id, dedicated.name, dedicated.host = f"{SUBSCRIPTION}/mine", "mine", "mine.example"
        dedicated.access_keys["primary"] = b"another"
        lab.resources.add(dedicated)
        runs: Any = lab.parts.door.services[Runs]
        runs._history.adopt(dedicated.id, b"another")
        workspace(lab).history = dedicated.id
        logged(lab, ("loss", 1))
        shared: Any = lab.resources.at_host("azureml-eastus.documents.azure.com")
        assert shared.documents.names() == []
        assert len(dedicated.documents.names()) == 1

    def test_an_ended_run_is_still_closed(self, lab: Lab) -> None:
        logged(lab, ("loss", 1))
        with unchanged(lab), pytest.raises(Conflict):
            ask(lab, "carl", Runs.log_metric, "train_1", "loss", 2.0)

    def test_submitting_that_fails_leaves_no_document(
        self, lab: Lab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*args: object) -> str:
            raise Conflict("No more room.")

        monkeypatch.setattr(Cosmos.upsert, "function", fail)
        with unchanged(lab), pytest.raises(Conflict):
            ask(lab, "carl", Runs.submit, "train", lab.cluster, lambda context: None)


def test_in_the_first_release_an_account_takes_no_key_of_the_customer_s() -> None:
    lab = start("2019-08")
    feature(lab)
    register(lab)
    let_in(lab)
    uri = new_version(lab, KEY).key_id
    with unchanged(lab), pytest.raises(BadRequest, match="takes no key of the customer's"):
        put(lab, f"{GROUP}/providers/{TYPE}/mine", {"keyVaultKeyUri": uri})

"""The benchmark measures what it says. How fast anything is, is no business of a test."""

import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from labkit.identity.verifier import verify
from labkit.lab import Lab
from labkit.wire.serve import Server
from tests import bench, bench_access, bench_blobs, bench_encryption, bench_scoring, bench_sweep, bench_wire
from tests.race import Row, Rows, race

OK = Row("a", "b", ours=1.0, other=1.0, ratio=1.0, target=1.2)
MISSED = Row("c", "d", ours=1.3, other=1.0, ratio=1.3, target=1.2)


def gives(*rows: Row) -> Callable[[int], Rows]:
    def measure(rounds: int) -> Iterator[Row]:
        return iter(rows)

    return measure


@pytest.mark.parametrize(
    ("measure", "targets"),
    [
        (partial(bench.verification, count=2), [1.2, None]),
        (bench.imports, [1.3, 2.5]),
        (partial(bench.door, count=2), [None, None]),
        (partial(bench_scoring.scoring, count=2), [None, None]),
        (partial(bench_encryption.sealing, scale=1000), [4.0, None, 1.2, None]),
        (partial(bench_encryption.through_the_door, count=2), [None] * 4),
        (bench_encryption.cold, [None]),
        (partial(bench_wire.tokens, count=2), [None, None]),
        (partial(bench_sweep.sweeping, count=1), [None, 0.1]),
    ],
    ids=["verification", "imports", "door", "scoring", "sealing", "put and get", "cold", "wire", "sweep"],
)
def test_every_piece_runs_and_has_its_targets(
    measure: Callable[[int], Rows], targets: list[float | None]
) -> None:
    rows = list(measure(1))
    assert [row.target for row in rows] == targets
    for row in rows:
        assert row.ours is not None
        assert row.ours > 0
        assert (row.ratio is None) == (row.other is None)
        assert row.target is None or row.ratio is not None


def test_scoring_is_told_in_requests_a_second_too() -> None:
    rows = list(bench_scoring.scoring(1, count=2))
    assert [row.what for row in rows] == ["score with a key", "score with a token"]
    assert all(re.fullmatch(r"[\d,]+ a second, against [\d,]+", row.verdict) for row in rows)


class TestWire:
    """What its rows are about: requests that are made, and connections that are."""

    @pytest.fixture
    def connections(self, monkeypatch: pytest.MonkeyPatch) -> list[object]:
        opened: list[object] = []
        before = Server.get_request

        def counted(server: Server) -> tuple[object, object]:
            opened.append(server)
            return before(server)

        monkeypatch.setattr(Server, "get_request", counted)
        return opened

    def test_a_new_app_asks_twice_and_opens_a_connection_where_it_is_served(
        self, lab: Lab, connections: list[object]
    ) -> None:
        with bench_wire.reachable(lab) as told:
            inside = [bench_wire.first_token(lab) for _ in range(2)]
            assert (len(lab.trace), len(connections)) == (4, 0)
            served = [bench_wire.first_token_served(lab, told) for _ in range(2)]
            assert (len(lab.trace), len(connections)) == (8, 2)
        assert len({*inside, *served}) == 4

    def test_another_token_is_one_request_and_keeps_the_connection(
        self, lab: Lab, connections: list[object]
    ) -> None:
        with bench_wire.reachable(lab) as told, closing(bench_wire.Served(told)) as session:
            for led, opened in ((None, 0), (session, 1)):
                app = bench_wire.new_app(lab, led)
                bench_wire.another_token(app)
                lab.trace.clear()
                assert len({bench_wire.another_token(app) for _ in range(3)}) == 3
                assert (len(lab.trace), len(connections)) == (3, opened)

    def test_a_token_out_of_msals_cache_is_not_measured(self, lab: Lab) -> None:
        with bench_wire.reachable(lab):
            app = bench_wire.new_app(lab)
            bench_wire.token(app)
            with pytest.raises(AssertionError, match="no request"):
                bench_wire.token(app)


class TestBlobs:
    OWN, CLIENT = "put and get 4 KiB", "put and get 4 KiB, by azure-storage-blob"

    def test_they_are_measured_against_moto_where_it_is_installed(self) -> None:
        for peer in bench_blobs.MODULES:
            pytest.importorskip(bench_blobs.MODULES[peer][0])
        rows = list(bench_blobs.blobs(1, count=2))
        assert [(row.what, row.target) for row in rows] == [(self.OWN, 1 / 15), (self.CLIENT, None)]
        assert all(row.ours and row.other and row.ratio for row in rows)

    def test_its_own_call_is_two_hops_with_a_token_that_was_verified_once(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lab = bench_encryption.with_a_role()
        work = bench_blobs.own_call(lab)
        assert work() == bench_blobs.DATA

        def never(*_: object) -> None:
            raise AssertionError("the signature was looked at again")

        monkeypatch.setattr("labkit.identity.verifier.genuine", never)
        lab.trace.clear()
        assert work() == bench_blobs.DATA
        assert [(hop.operation, hop.outcome) for hop in lab.trace] == [("Put Blob", "ok"), ("Get Blob", "ok")]
        assert all(hop.subject and hop.action and hop.why for hop in lab.trace)

    @pytest.mark.parametrize(
        ("module", "peers"), [("moto", ["moto"] * 2), ("azure.storage.blob", ["azure-storage-blob"])]
    )
    def test_what_is_not_installed_is_skipped_with_a_line(
        self, monkeypatch: pytest.MonkeyPatch, module: str, peers: list[str]
    ) -> None:
        monkeypatch.setattr(bench_blobs, "_beside", lambda row, *_: row)
        monkeypatch.setattr(bench_blobs, "import_module", partial(_without, module))
        rows = list(bench_blobs.blobs(1, count=2))
        assert [row.note for row in rows if row.note] == [
            f"skipped: {peer} is not installed" for peer in peers
        ]
        assert [row.what for row in rows] == [self.OWN, self.CLIENT]


def _without(module: str, name: str) -> None:
    """Imports everything but one module."""
    if name == module:
        raise ModuleNotFoundError(name)


def test_ratios_far_below_one_are_told_in_more_places() -> None:
    row = Row("a", "b", 1.0, 66.0, 1 / 66, target=1 / 15)
    assert row.cells[-2:] == ["0.015x", "<= 0.067x"]


def test_the_tokens_are_distinct_and_good() -> None:
    signed, keys, expected, now = bench.tokens(3)
    assert len({verify(token, keys, expected, now)["uti"] for token in signed}) == 3


def test_drawing_is_compared_with_dot_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dot = tmp_path / "dot"
    dot.write_text("#!/bin/sh\nexec cat >/dev/null\n")
    dot.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    rows = list(bench.drawing(1))
    assert [row.against for row in rows] == ["a dot process"] * 2
    assert all(row.ratio for row in rows)


def test_drawing_is_skipped_with_a_line_where_there_is_no_dot(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert bench.main(["--rounds", "1"], [bench.drawing]) == 0
    assert "skipped: there is no dot on PATH" in capsys.readouterr().out


def test_the_picture_has_a_dozen_nodes() -> None:
    assert len(bench.signed_in_and_created().nodes) >= 12


def test_a_missed_target_is_told_and_gives_exit_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main([], [gives(OK), gives(MISSED)]) == 1
    good, bad = capsys.readouterr().out.splitlines()[1:]
    assert good.split() == ["a", "b", "1000.0", "ms", "1000.0", "ms", "1.00x", "<=", "1.2x", "ok"]
    assert bad.endswith("1.30x  <= 1.2x  TOO SLOW")


def test_a_real_measurement_can_miss_its_target() -> None:
    row = race(Row("a", "b", target=0.0), lambda: sum(range(1000)), lambda: None, rounds=3)
    assert bench.main([], [gives(row)]) == 1


def test_met_targets_give_exit_status_0() -> None:
    assert bench.main([], [gives(OK, Row("no target", ours=1.0), Row("nothing", note="skipped"))]) == 0


def test_json_has_seconds_and_whether_targets_are_met(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["--json"], [gives(OK, MISSED)]) == 1
    first, second = json.loads(capsys.readouterr().out)
    assert first == {
        "what": "a",
        "against": "b",
        "ours": 1.0,
        "other": 1.0,
        "ratio": 1.0,
        "target": 1.2,
        "note": "",
        "met": True,
    }
    assert second["met"] is False


def test_both_take_turns_and_each_is_first_in_turn() -> None:
    order: list[str] = []
    race(Row("a"), lambda: order.append("ours"), lambda: order.append("other"), rounds=2)
    assert order == ["ours", "other", "other", "ours", "ours", "other"]


@pytest.mark.parametrize("rounds", ["0", "-1", "x"])
def test_rounds_are_at_least_one(rounds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        bench.main([f"--rounds={rounds}"], [])
    assert "--rounds" in capsys.readouterr().err


def shown(rows: Rows) -> list[tuple[str, str, float | None]]:
    return [(row.what, row.against, row.target) for row in rows]


def test_decisions_are_measured_at_every_size_against_every_peer(monkeypatch: pytest.MonkeyPatch) -> None:
    # The lab stands in for the peers, which the tests do without.
    monkeypatch.setattr(bench_access, "PEERS", dict.fromkeys(["pycasbin", "cedarpy"], bench_access.engine))
    assert shown(bench_access.decisions(1, sizes=(10, 200))) == [
        ("decide, 200 assignments", "10 assignments", 2.0),
        ("decide, 200 assignments, of the holder of 4", "10 assignments", None),
        ("decide, 10 assignments", "pycasbin, 100 questions", 1.0),
        ("decide, 200 assignments", "pycasbin, 100 questions", 1.0),
        ("decide, 10 assignments", "cedarpy, 100 questions", 1.0),
        ("decide, 200 assignments", "cedarpy, 100 questions", 1.0),
    ]


def test_a_peer_that_answers_otherwise_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def generous(world: bench_access.World) -> bench_access.Answers:
        return lambda asked: [True] * len(asked)

    monkeypatch.setattr(bench_access, "PEERS", {"cedarpy": generous})
    with pytest.raises(AssertionError, match="cedarpy answers otherwise"):
        list(bench_access.decisions(1, sizes=(10,)))


def test_a_peer_that_is_not_installed_is_skipped_with_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("casbin", "cedarpy"):
        monkeypatch.setitem(sys.modules, name, None)
    rows = list(bench_access.decisions(1, sizes=(10,)))[2:]
    assert [(row.against, row.note) for row in rows] == [
        ("pycasbin", "skipped: pycasbin is not installed"),
        ("cedarpy", "skipped: cedarpy is not installed"),
    ]


@pytest.mark.parametrize("size", [10, 1000])
def test_no_question_is_asked_twice_and_half_of_them_are_allowed(size: int) -> None:
    asked = bench_access.Asked(size)
    batches = asked.batches(100, 20)
    assert len({question for batch in batches for question in batch}) == 2000
    assert all(20 < sum(asked.ours(batch)) < 80 for batch in batches)


def test_assignments_are_spread_evenly_and_one_principal_holds_a_fiftieth() -> None:
    held = bench_access.world(1000).assignments
    spread = Counter(bench_access.subscription(scope) for _, _, scope in held)
    assert len(set(held)) == 1000
    assert set(spread.values()) == {20}
    assert len(spread) == 50
    assert sum(principal == bench_access.HEAVY for principal, _, _ in held) == 20


@pytest.mark.parametrize(("peer", "module"), [("pycasbin", "casbin"), ("cedarpy", "cedarpy")])
def test_a_peer_that_is_installed_answers_as_the_lab_does(peer: str, module: str) -> None:
    pytest.importorskip(module)
    asked = bench_access.Asked(1000)
    theirs = bench_access.PEERS[peer](asked.world)
    for heavy in (False, True):
        [batch] = asked.batches(300, 1, heavy)
        assert theirs(batch) == asked.ours(batch)

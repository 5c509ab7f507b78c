"""The benchmark measures what it says. How fast anything is, is no business of a test."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from labkit.identity.verifier import verify
from tests import bench
from tests.bench import Row, Rows

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
    ],
    ids=["verification", "imports", "door"],
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
    row = bench.race(Row("a", "b", target=0.0), lambda: sum(range(1000)), lambda: None, rounds=3)
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
    bench.race(Row("a"), lambda: order.append("ours"), lambda: order.append("other"), rounds=2)
    assert order == ["ours", "other", "other", "ours", "ours", "other"]


@pytest.mark.parametrize("rounds", ["0", "-1", "x"])
def test_rounds_are_at_least_one(rounds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        bench.main([f"--rounds={rounds}"], [])
    assert "--rounds" in capsys.readouterr().err

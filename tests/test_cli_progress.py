"""`labkit progress`: what it prints, what it changes, and what it leaves alone."""

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit import cli
from labkit.course.progress_json import from_json, to_json
from labkit.course.progress_place import progress_file
from labkit.course.progress_state import Progress, attempted, chose, hinted, revealed
from labkit.course.progress_store import SCHEMA, Store
from tests.course.progress_samples import PROGRESS, played

Run = Callable[..., tuple[int, str, str]]
DONE = (
    *(attempted("start-scope", True), hinted("auth-whose", 2), attempted("auth-whose", False)),
    *(chose("start-rita-reads", "refused"), revealed("start-rita-reads", "accepted")),
)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def go(*argv: str) -> tuple[int, str, str]:
        code = cli.main(["progress", *argv])
        return (code, *capsys.readouterr())

    return go


@pytest.fixture
def done() -> Progress:
    for change in DONE:
        Store().change(change)
    return played(*DONE)


def piped(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


# ---- looking


def test_it_says_how_far_and_where_to_go_on(run: Run, done: Progress) -> None:
    code, out, err = run()
    assert (code, err) == (0, "")
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line.strip()}
    assert rows["00-start-here"][:8] == ["1", "of", "1", "0", "of", "1", "1", "0"]
    assert rows["01-authentication-flow"][:3] == ["0", "of", "5"]
    assert "Go on in 00-start-here" not in out, "it is through"
    assert "Go on in 01-authentication-flow, " in out
    assert "\n0 of 1 prediction came true. Guessing gets about 0.5 of them." in out
    assert out.endswith(f"\nKept in {progress_file()}\n")


def test_who_has_not_begun_is_told_where_to_begin(run: Run) -> None:
    code, out, _ = run()
    assert code == 0
    assert "Begin with 00-start-here, " in out
    assert not progress_file().exists()


# ---- moving


def test_an_export_moves_everything(run: Run, done: Progress, tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    assert run("export", str(file)) == (0, "Exported: 2 exercises and 1 prediction.\n", "")
    assert file.read_text("utf-8") == to_json(done)
    assert run("reset", "--all", "--yes") == (0, "Forgotten: 2 exercises and 1 prediction.\n", "")
    assert Store().read() == Progress()
    assert run("import", str(file)) == (0, "Imported: 2 exercises and 1 prediction changed.\n", "")
    assert Store().read() == done
    assert run("import", str(file)) == (0, "Imported: 0 exercises and 0 predictions changed.\n", "")
    assert Store().read() == done


def test_an_export_can_be_piped(run: Run, done: Progress, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = run("export", "-")
    assert (code, from_json(out.encode())) == (0, done)
    run("reset", "--all", "--yes")
    piped(monkeypatch, out.encode())
    assert run("import", "-")[0] == 0
    assert Store().read() == done


def test_what_comes_in_is_merged_with_what_is_there(run: Run, done: Progress, tmp_path: Path) -> None:
    other = played(attempted("auth-whose", True), attempted("enc-bite", False))
    (tmp_path / "other.json").write_text(to_json(other), "utf-8")
    assert (
        run("import", str(tmp_path / "other.json"))[1] == "Imported: 2 exercises and 0 predictions changed.\n"
    )
    assert Store().read() == done | other
    assert Store().read().exercises["auth-whose"].passed


@settings(max_examples=20)
@given(st.lists(PROGRESS, min_size=2, max_size=3))
def test_the_order_of_imports_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, exports: list[Progress]
) -> None:
    folder = tmp_path_factory.mktemp("imports")
    found = []
    for number, order in enumerate((exports, [*reversed(exports), exports[0]])):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("LABKIT_DATA", str(folder / str(number)))
            for one in order:
                (folder / "one.json").write_text(to_json(one), "utf-8")
                assert cli.main(["progress", "import", str(folder / "one.json")]) == 0
            found.append(Store().read())
    assert found[0] == found[1]


def test_an_export_writes_over_nothing(run: Run, done: Progress, tmp_path: Path) -> None:
    (tmp_path / "diary").write_text("dear diary")
    code, out, err = run("export", str(tmp_path / "diary"))
    assert (code, out) == (2, "")
    assert "There is such a file already" in err
    assert (tmp_path / "diary").read_text() == "dear diary"


def test_half_an_export_is_removed(
    run: Run, done: Progress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill_up(*_: object) -> None:
        raise OSError(28, "No space left on device")

    opened = Path.open

    def small(path: Path, *args: object, **options: object) -> io.TextIOBase:
        file = opened(path, *args, **options)  # type: ignore[call-overload]
        monkeypatch.setattr(file, "write", fill_up, raising=False)
        return file  # type: ignore[no-any-return]

    monkeypatch.setattr(Path, "open", small)
    code, _, err = run("export", str(tmp_path / "mine.json"))
    assert (code, err) == (1, "labkit: [Errno 28] No space left on device\n")
    assert list(tmp_path.glob("*.json")) == []


@pytest.mark.parametrize("name", ["no/such/folder/mine.json", "."])
def test_where_nothing_can_be_written_or_read_it_says_so(
    run: Run, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for verb in ("export", "import"):
        code, out, err = run(verb, name)
        assert code in (1, 2)
        assert out == ""
        assert err.startswith("labkit: ")
        assert "Traceback" not in err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dear diary", "This is not progress of the lab: the file is wrong."),
        ('{"labkit-progress": 2, "sections": []}', "This was exported by a newer version of the lab."),
        ('{"labkit-progress": 1, "exercises": {"x": 1}, "predictions": {}}', "exercises/x is wrong"),
    ],
)
def test_what_is_no_export_changes_nothing(
    run: Run, done: Progress, tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "odd.json").write_text(text)
    before = progress_file().read_bytes()
    code, out, err = run("import", str(tmp_path / "odd.json"))
    assert (code, out) == (2, "")
    assert said in err
    assert progress_file().read_bytes() == before


def test_of_what_is_too_large_no_more_is_read_than_shows_it(
    run: Run, done: Progress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    huge = tmp_path / "huge.json"
    with huge.open("wb") as file:
        # A hole, which takes no room.
        file.truncate(10**12)
    assert run("import", str(huge))[0] == 2
    with huge.open("rb") as endless:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(endless))
        code, _, err = run("import", "-")
    assert (code, "presented: more than 5,000,000 bytes" in err) == (2, True)
    assert Store().read() == done


@pytest.mark.parametrize(
    ("verb", "stream", "said"), [("import", "stdin", "input"), ("export", "stdout", "output")]
)
def test_a_stream_that_is_closed_is_told(
    verb: str,
    stream: str,
    said: str,
    done: Progress,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, stream, None)
    assert cli.main(["progress", verb, "-"]) == 2
    assert f"the {said} is closed" in capsys.readouterr().err


@pytest.mark.parametrize("end", ["", "-journal"])
def test_an_export_does_not_take_the_place_of_what_is_kept(run: Run, end: str) -> None:
    progress_file().parent.mkdir(parents=True)
    code, out, err = run(
        "export", f"{progress_file().parent}/../{progress_file().parent.name}/progress.sqlite{end}"
    )
    assert (code, out) == (2, "")
    assert "Progress itself is kept there" in err
    assert list(progress_file().parent.iterdir()) == []


# ---- forgetting


def test_forgetting_asks_to_be_sure(run: Run, done: Progress) -> None:
    for what in (["--all"], ["start-scope"], ["00-start-here"]):
        code, out, err = run("reset", *what)
        assert (code, out) == (2, "")
        assert "would be forgotten for good." in err
        assert "--yes" in err
    assert Store().read() == done


@pytest.mark.parametrize(
    ("what", "left", "said"),
    [
        ("start-scope", {"auth-whose", "start-rita-reads"}, "1 exercise and 0 predictions"),
        ("start-rita-reads", {"auth-whose", "start-scope"}, "0 exercises and 1 prediction"),
        ("00-start-here", {"auth-whose"}, "1 exercise and 1 prediction"),
        ("00-start-here.ipynb", {"auth-whose"}, "1 exercise and 1 prediction"),
        ("--all", set(), "2 exercises and 1 prediction"),
    ],
)
def test_one_thing_or_all_of_it_is_forgotten(
    run: Run, done: Progress, what: str, left: set[str], said: str
) -> None:
    assert run("reset", what, "--yes") == (0, f"Forgotten: {said}.\n", "")
    assert Store().read().ids == left


def test_what_an_earlier_edition_of_the_course_had_can_be_forgotten(run: Run) -> None:
    Store().change(attempted("no-longer-asked", True))
    assert run("reset", "no-longer-asked", "--yes")[0] == 0
    assert Store().read() == Progress()


def test_where_nothing_was_done_there_is_nothing_to_forget(run: Run) -> None:
    for what in (["--all"], ["start-scope", "--yes"]):
        assert run("reset", *what) == (0, "Nothing was kept of that, and nothing was forgotten.\n", "")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("reset",), "What is to be forgotten?"),
        (("reset", "--yes"), "What is to be forgotten?"),
        (("reset", "start-scope", "--all", "--yes"), "What is to be forgotten?"),
        (("reset", "start-scop", "--yes"), '"start-scope"'),
        (("reset", "a", "b"), "presented: b"),
        (("export",), "FILE"),
        (("import",), "FILE"),
        (("improt", "x"), "invalid choice"),
        (("--json",), "presented: --json"),
    ],
)
def test_what_is_typed_wrongly_is_told_and_changes_nothing(
    run: Run, done: Progress, argv: tuple[str, ...], said: str
) -> None:
    code, out, err = run(*argv)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err
    assert Store().read() == done


# ---- a file that cannot be used


@pytest.mark.parametrize("argv", [(), ("export", "-"), ("import", "-"), ("reset", "--all", "--yes")])
def test_a_file_that_cannot_be_used_is_an_error_here_and_stays(
    run: Run, done: Progress, argv: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite3

    with sqlite3.connect(progress_file()) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    connection.close()
    before = progress_file().read_bytes()
    piped(monkeypatch, to_json(done).encode())
    code, out, err = run(*argv)
    assert (code, out) == (1, "")
    assert err.startswith(
        "labkit: Your progress is not kept: the file was written by a newer version of the lab."
    )
    assert progress_file().read_bytes() == before


def test_as_a_person_runs_it(done: Progress) -> None:
    program = Path(sys.executable).with_name("labkit")
    ended = subprocess.run(
        [program, "progress", "export", "-"], cwd="/", capture_output=True, text=True, timeout=120
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads(ended.stdout)["exercises"].keys() == {"start-scope", "auth-whose"}

"""A sweep on a Dask cluster comes to what it comes to here, whatever happens to the cluster."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import pytest

from labkit import cli
from labkit.core.errors import BadInput
from labkit.runner import dask_cluster, dask_pool
from labkit.runner.report import read as read_report
from labkit.runner.runs import Choice
from labkit.runner.sweep import sweep
from labkit.runner.warm.server import why_not

from .both_ways import comparable
from .conftest import Write, entry
from .dask_cluster import Cluster
from .said import OUTCOME, WAYS
from .test_pool import lives, wait_for

pytestmark = pytest.mark.usefixtures("temporary")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    pytest.importorskip("distributed", reason="it takes the extra `dask`")
    # Short, since sockets lie in it.
    folder = Path(tempfile.mkdtemp(prefix="d-"))
    made = Cluster(folder)
    try:
        yield made
        family = [one for worker in made.alive() for one in worker.children(recursive=True)]
    finally:
        made.end()
        shutil.rmtree(folder)
    assert wait_for(lambda: not any(map(lives, family)))


def report(out: Path) -> list[dict[str, Any]]:
    """The runs of a report, without what is measured."""
    runs = json.loads((out / "report.json").read_text("utf-8"))["runs"]
    return [{key: value for key, value in run.items() if key != "seconds"} for run in runs]


def kept(path: Path, out: Path) -> Any:
    """An executed notebook, without what is measured or drawn, and the name of its folder."""
    made = nbformat.read(path, as_version=4)
    for number, cell in enumerate(made.cells):
        # Those that papermill adds have names drawn at random.
        cell.id = cell.id if re.fullmatch(r"c\d", cell.id) else f"added-{number}"
    times = r'"(start_time|end_time|duration)": [^,\n]*'
    return re.sub(times, r'"\1": 0', comparable(made)).replace(str(out), "OUT")


# ---- before anything runs


def test_a_cluster_without_workers_is_refused(
    cluster: Cluster, notebook: Write, scenarios: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_cluster, "PATIENCE", 1.0)
    cluster.stop()
    notebook("a = 1")
    with pytest.raises(BadInput, match="has no workers"):
        sweep(scenarios(entry("one")), dask=cluster.address)


@pytest.mark.parametrize(
    "address",
    [
        *("", "x", "host", "tcp://", "tcp://host", "tcp://host:", "host:0", "host:99999", "host:port"),
        *(
            "http://host:80",
            "tcp://host:8786/path",
            "tcp://me@host:8786",
            "inproc://1/2/3",
            "tcp://a b:1",
            ":1",
        ),
        *("tcp://host:-1", "tcp://[::1:8786", "\n", "tcp://host:8786\n", "file:///etc/passwd"),
    ],
)
def test_what_is_no_address_is_refused(notebook: Write, scenarios: Write, address: str) -> None:
    notebook("a = 1")
    with pytest.raises(BadInput, match="no address of a Dask scheduler") as refused:
        sweep(scenarios(entry("one")), dask=address)
    assert "tcp://HOST:PORT" in str(refused.value)


@pytest.mark.parametrize(
    ("typed", "full"),
    [
        ("localhost:8786", "tcp://localhost:8786"),
        ("127.0.0.1:8786", "tcp://127.0.0.1:8786"),
        ("tls://scheduler.dask.svc:8786", "tls://scheduler.dask.svc:8786"),
        ("tcp://[::1]:8786", "tcp://[::1]:8786"),
    ],
)
def test_an_address_may_leave_out_its_scheme(typed: str, full: str) -> None:
    assert dask_cluster.full_address(typed) == full


@pytest.mark.parametrize("listens", [False, True])
def test_where_no_scheduler_answers_the_wait_is_bounded(
    notebook: Write, scenarios: Write, monkeypatch: pytest.MonkeyPatch, listens: bool
) -> None:
    pytest.importorskip("distributed", reason="it takes the extra `dask`")
    monkeypatch.setattr(dask_cluster, "PATIENCE", 0.5)
    notebook("a = 1")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if listens:
            silent.listen()
        begun = time.monotonic()
        with pytest.raises(BadInput, match="No Dask scheduler answers at tcp://127"):
            sweep(scenarios(entry("one")), dask=f"127.0.0.1:{silent.getsockname()[1]}")
        assert time.monotonic() - begun < 20


def test_tls_without_certificates_is_refused(notebook: Write, scenarios: Write) -> None:
    pytest.importorskip("distributed", reason="it takes the extra `dask`")
    notebook("a = 1")
    with pytest.raises(BadInput, match="names the certificates"):
        sweep(scenarios(entry("one")), dask="tls://127.0.0.1:1")


def test_without_distributed_it_is_said_how_to_get_it(
    notebook: Write, scenarios: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    notebook("a = 1")
    with pytest.raises(BadInput, match="the extra `dask`"):
        sweep(scenarios(entry("one")), dask="tcp://127.0.0.1:1")


def test_another_labkit_on_a_worker_is_refused_by_its_name(
    cluster: Cluster, notebook: Write, scenarios: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.have(2)
    first, second = sorted(cluster.asked(os.getpid))
    notebook("a = 1")
    monkeypatch.setattr(dask_cluster, "about", lambda: ("9.9", "other", ""))
    with pytest.raises(BadInput, match="need the same labkit") as refused:
        sweep(scenarios(entry("one")), dask=cluster.address)
    assert refused.value.presented == f"{first} has 0.1.0; {second} has 0.1.0"
    monkeypatch.setattr(dask_cluster, "about", lambda: ("0.1.0", "other", ""))
    with pytest.raises(BadInput, match=f"{first} has 0.1.0 too, but its files are others"):
        sweep(scenarios(entry("one")), dask=cluster.address)


def test_a_worker_without_labkit_is_refused_by_its_name(
    cluster: Cluster, notebook: Write, scenarios: Write, tmp_path: Path
) -> None:
    cluster.have(1)
    before = set(cluster.asked(os.getpid))
    without = tmp_path / "without.py"
    without.write_text("import sys\nsys.modules['labkit'] = None\n")
    [worker] = cluster.start(preload=without)
    [name] = set(cluster.asked(os.getpid)) - before
    notebook("a = 1")
    try:
        with pytest.raises(BadInput, match="need the same labkit") as refused:
            sweep(scenarios(entry("one")), dask=cluster.address)
    finally:
        worker.terminate()
        worker.wait(60)
    assert refused.value.presented.startswith(f"{name} cannot use it: No module named 'labkit")


def test_another_dask_is_refused(
    cluster: Cluster, notebook: Write, scenarios: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.have(1)
    notebook("a = 1")
    monkeypatch.setattr("distributed.versions._version_cached", lambda name: "1.2.3")
    with pytest.raises(BadInput, match="of other versions than this") as refused:
        sweep(scenarios(entry("one")), dask=cluster.address)
    assert "the scheduler has distributed 20" in refused.value.presented
    assert "distributed 1.2.3" in refused.value.required


def test_what_lies_beside_a_notebook_may_not_be_too_much(
    notebook: Write, scenarios: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed", reason="it takes the extra `dask`")
    monkeypatch.setattr(dask_pool, "MOST", 100_000)
    notebook("a = 1")
    (tmp_path / "data").write_bytes(bytes(100_000))
    with pytest.raises(BadInput, match="too much to travel"):
        sweep(scenarios(entry("one")), dask="tcp://127.0.0.1:1")


# ---- the same as here


@pytest.mark.parametrize("plain", WAYS)
def test_a_sweep_on_a_cluster_comes_to_the_same_as_here(
    cluster: Cluster,
    notebook: Write,
    scenarios: Write,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    plain: bool,
) -> None:
    workers = cluster.have(2)
    # Of kernels that take long, only some are started: one for each way to end.
    names = ["stuck", "good", "dead", "other", "error", "mute"][: 3 if plain and not why_not() else None]
    look = "import os\nfrom pathlib import Path\ncall = Path('beside.txt').read_text()\nprint(sorted('é'))"
    notebook("call = 'no'\nage = 59", look, OUTCOME)
    notebook("age = 1", "1 / (age - 1)", name="error.ipynb")
    notebook("age = 1", "import os\nos._exit(3)", name="dead.ipynb")
    notebook("age = 1", "import time\nprint('said')\ntime.sleep(600)", name="stuck.ipynb")
    notebook("age = 1", name="mute.ipynb").write_text('{"cells": []}', "utf-8")
    (tmp_path / "beside.txt").write_text("ok")
    entries = {
        "good": entry("good", age=61, expect={"age": 61, "call": "ok"}),
        "other": entry("other", expect={"age": 59.0}),
    }
    file = scenarios(*(entries.get(name, entry(name, f"{name}.ipynb")) for name in names))
    here, there = tmp_path / "here", tmp_path / "there"
    told = []
    for out, dask in ((here, None), (there, cluster.address)):
        assert sweep(file, out=out, timeout=4, reports=["junit"], plain=plain, dask=dask) == len(names) - 1
        told.append(capsys.readouterr())
    assert report(there) == report(here)
    assert sorted(os.listdir(there)) == sorted(os.listdir(here))
    # Whether a kernel still says that a cell begins before it dies is a matter of luck.
    for path in set(here.glob("*.ipynb")) - {here / "dead.ipynb"}:
        assert kept(there / path.name, there) == kept(path, here)
    written = (there / "good.ipynb").read_text("utf-8")
    assert written == nbformat.writes(nbformat.reads(written, as_version=4))
    last = -len(names)
    assert told[1].out.splitlines()[last:] == told[0].out.splitlines()[last:]
    assert re.findall(r"^labkit", told[1].err, re.MULTILINE) == []
    assert [one.pid for one in cluster.alive()] == [one.pid for one in workers]
    assert wait_for(cluster.idle)


def test_jobs_are_the_most_that_run_at_a_time(
    cluster: Cluster, notebook: Write, scenarios: Write, tmp_path: Path
) -> None:
    cluster.have(2)
    source = "import time\nbegun = time.monotonic()\ntime.sleep(0.3)"
    shown = (
        "from labkit.course.outcome import outcome\noutcome(begun=begun, ended=time.monotonic(), call='ok')"
    )
    notebook("age = 1", source, shown)
    file = scenarios(*(entry(name) for name in ("one", "two", "three")))
    assert sweep(file, out=tmp_path / "out", jobs=1, dask=cluster.address) == 0
    times = sorted((run.outcome["begun"], run.outcome["ended"]) for run in read_report(tmp_path / "out").runs)
    assert all(first[1] < second[0] for first, second in pairwise(times))


# ---- workers that are lost

# Says that it runs, in a folder that everybody sees, and waits for leave to end.
MARKED = """\
import os, time
from pathlib import Path
(Path(seen) / f"{who}-{os.getpid()}").touch()
while not (Path(seen) / "go").exists():
    time.sleep(0.02)
call = "ok"
age = 1"""


@pytest.fixture
def marked(notebook: Write, scenarios: Write, tmp_path: Path) -> tuple[Path, Path]:
    """Eight scenarios of this notebook, and the folder with its marks."""
    notebook("seen = ''\nwho = ''", MARKED, OUTCOME)
    seen = tmp_path / "seen"
    seen.mkdir()
    return scenarios(*(entry(f"s-{n}", seen=str(seen), who=f"s{n}") for n in range(8))), seen


def meanwhile(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_a_worker_that_is_killed_loses_nothing_and_nothing_comes_twice(
    cluster: Cluster, marked: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, seen = marked
    cluster.allow(3)
    first, second = cluster.have(2)[:2]

    def strike() -> None:
        wait_for(lambda: len(list(seen.iterdir())) == 4)
        family = first.children(recursive=True)
        first.kill()
        gone.append(wait_for(lambda: not any(map(lives, family))))
        (seen / "go").touch()

    gone: list[bool] = []
    thread = meanwhile(strike)
    assert sweep(file, out=tmp_path / "out", dask=cluster.address) == 0
    thread.join()
    out, err = capsys.readouterr()
    assert gone == [True], "the kernels of a killed worker end with it"
    begun = [path.name.partition("-")[0] for path in seen.glob("s*")]
    assert len(begun) == 10, "two ran where the worker died, and were begun anew"
    assert sorted(set(begun)) == [f"s{n}" for n in range(8)]
    names = [f"s-{n}" for n in range(8)]
    assert sorted(re.findall(r"^\d/8 (\S+): ok", err, re.MULTILINE)) == names
    assert [(run.name, run.state) for run in read_report(tmp_path / "out").runs] == [
        (name, "passed") for name in names
    ]
    assert sorted(path.stem for path in (tmp_path / "out").glob("*.ipynb")) == names
    assert out.splitlines()[-1] == "8 passed, 0 failed"
    assert lives(second)
    # What the dead one left is cleared away by the next.
    cluster.have(2)
    assert wait_for(cluster.idle)


KILLER = """\
import psutil
[worker] = [one for one in psutil.Process().parents() if any("dask_worker" in word for word in one.cmdline())]
worker.kill()
import time
time.sleep(60)"""


def test_a_notebook_that_kills_its_worker_again_and_again_fails_and_no_other_does(
    cluster: Cluster, marked: tuple[Path, Path], notebook: Write, scenarios: Write, tmp_path: Path
) -> None:
    file, seen = marked
    cluster.have(3)
    cluster.allow(0)
    notebook("age = 1", KILLER, name="killer.ipynb")
    file.write_text(file.read_text() + "".join(scenario_text("killer", "killer.ipynb")))
    (seen / "go").touch()
    assert sweep(file, out=tmp_path / "out", dask=cluster.address) == 1
    [failed] = [run for run in read_report(tmp_path / "out").runs if run.state != "passed"]
    assert failed.name == "killer"
    assert failed.failure is not None
    assert (
        str(failed.failure).strip() == "WorkerDied: the Dask workers that ran it died, 1 one after the other"
    )
    # The cluster knows of it before the process is gone.
    assert wait_for(lambda: len(cluster.alive()) == 1)
    cluster.allow(3)


def scenario_text(name: str, notebook: str) -> str:
    return f"[[scenario]]\nname = '{name}'\nnotebook = '{notebook}'\nsays = 'x'\nexpect = {{ call = 'ok' }}\n"


def test_when_nobody_is_left_the_rest_is_not_run_and_can_be_run_again(
    cluster: Cluster,
    marked: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file, seen = marked
    out = tmp_path / "out"
    monkeypatch.setattr(dask_pool, "WITHOUT", 1.0)
    monkeypatch.setattr("labkit.cli._sweep", lambda *_: sweep(file, out=out, dask=cluster.address))
    cluster.have(1)

    def strike() -> None:
        wait_for(lambda: len(list(seen.iterdir())) >= 2)
        for worker in cluster.alive():
            worker.kill()

    thread = meanwhile(strike)
    assert cli.main(["sweep"]) == 1
    thread.join()
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == "0 passed, 0 failed, 8 not run"
    assert "labkit: The Dask cluster is lost." in said.err
    assert "labkit sweep --failed" in said.err
    assert "Traceback" not in said.err
    cluster.have(1)
    (seen / "go").touch()
    assert sweep(file, Choice(failed=True), out=out, dask=cluster.address) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "8 passed, 0 failed"


# ---- an end that comes early

# Which signal it is matters here alone, and which kernels there are on the cluster alone.
ENDS = [
    pytest.param("SIGINT", bool(why_not()), id="SIGINT"),
    pytest.param("SIGTERM", True, id="SIGTERM-plain"),
]
SWEEP = """\
import pathlib, sys
import labkit.cli
from labkit.runner.sweep import sweep

file, out, address, plain = sys.argv[1:]
labkit.cli._sweep = lambda *_: sweep(
    pathlib.Path(file), out=pathlib.Path(out), dask=address, plain=plain == "True"
)
sys.exit(labkit.cli.main(["sweep"]))
"""


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize(("how", "plain"), ENDS)
def test_an_interrupted_sweep_leaves_nothing_on_the_cluster(
    cluster: Cluster, marked: tuple[Path, Path], tmp_path: Path, plain: bool, how: str
) -> None:
    file, seen = marked
    workers = cluster.have(2)
    program = tmp_path / "program.py"
    program.write_text(SWEEP, "utf-8")
    command = [sys.executable, program, file, tmp_path / "out", cluster.address, str(plain)]
    pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(list(map(str, command)), start_new_session=True, **pipes)
    try:
        assert wait_for(lambda: len(list(seen.iterdir())) >= 2)
        process.send_signal(getattr(signal, how))
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    summary = "a.ipynb    0 of 8    --------\n0 passed, 0 failed, 8 not run\n"
    assert (process.returncode, out, err) == (130, summary, "Interrupted.\n")
    assert [run.state for run in read_report(tmp_path / "out").runs] == 8 * ["not run"]
    assert wait_for(cluster.idle)
    assert wait_for(lambda: not any(cluster.asked(lambda dask_worker: len(dask_worker.state.tasks)).values()))
    assert [one.pid for one in cluster.alive()] == [one.pid for one in workers]

"""Nothing that one run does is seen by the next, though all kernels are forks of one process."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from labkit.runner.kernel import environment
from labkit.runner.warm.birth import Wish
from labkit.runner.warm.preload import COURSE, KERNEL
from labkit.runner.warm.server import Lane, NotWarm, Server, why_not

from .both_ways import executed

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "never")

# What a notebook may do to the process that it runs in.
SPOIL = """
import builtins, json, locale, logging, os, random, signal, sys, tempfile, threading, warnings
builtins.seen = seen = True
os.environ["SEEN"] = os.environ["PATH"] = "yes"
os.chdir("/")
os.umask(0o777)
json.own = json.load = None
sys.modules["hashlib"] = None
sys.path.insert(0, "/spoilt")
sys.setrecursionlimit(77777)
random.seed(3)
warnings.simplefilter("error", UserWarning)
logging.disable(logging.CRITICAL)
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
tempfile.tempdir = "/spoilt"
threading.Thread(target=threading.Event().wait, daemon=True).start()
import matplotlib, jwt, labkit.core.door
matplotlib.rcParams["figure.dpi"] = 1
jwt.decode = jwt.PyJWT.decode = labkit.core.door.Door = None
get_ipython().register_magic_function(print, magic_name="spoilt")
"""
LOOK = """
import builtins, hashlib, json, labkit.core.door, logging, matplotlib, os, random, signal, sys, tempfile
import jwt, threading, warnings
umask = os.umask(0o22); os.umask(umask)
{
    "globals": "seen" in globals(), "builtins": hasattr(builtins, "seen"), "env": os.environ.get("SEEN"),
    "path": os.environ["PATH"] == "yes", "folder": os.path.basename(os.getcwd()), "umask": umask,
    "json": hasattr(json, "own"), "modules": sys.modules["hashlib"] is None,
    "sys.path": "/spoilt" in sys.path,
    "limit": sys.getrecursionlimit() == 77777, "filters": warnings.filters[0][0],
    "logging": logging.root.manager.disable, "signal": signal.getsignal(signal.SIGUSR1).name,
    "tmp": tempfile.gettempdir() == "/spoilt", "dpi": matplotlib.rcParams["figure.dpi"] == 1,
    "jwt": jwt.decode is None, "door": labkit.core.door.Door is None,
    "threads": sum("Thread-" in thread.name for thread in threading.enumerate()),
    "magic": "spoilt" in get_ipython().magics_manager.magics["line"], "count": len(In),
}
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(environment(), [*KERNEL, *COURSE]) as started:
        yield started


@pytest.fixture
def lane(server: Server) -> Iterator[Lane]:
    with server.lane() as opened:
        yield opened


def shown(made: Any, cell: int = -1) -> str:
    [output] = made.cells[cell].outputs
    return str(output.get("data", output)["text/plain"])


def test_a_run_finds_the_process_as_if_it_were_the_first(lane: Lane, tmp_path: Path) -> None:
    before = shown(executed([LOOK], tmp_path / "one", lane))
    spoilt = executed(
        [SPOIL, LOOK.replace("import builtins, hashlib", "import builtins")], tmp_path / "two", lane
    )
    assert spoilt.cells[0].outputs == []
    assert shown(spoilt).count("True") >= 9
    after = shown(executed([LOOK], tmp_path / "three", lane))
    assert after == before.replace("'one'", "'three'")
    assert "True" not in after


def test_each_run_draws_its_own_random_numbers(lane: Lane, tmp_path: Path) -> None:
    source = (
        "import random, uuid, numpy, secrets\nrandom.random(), numpy.random.random(), secrets.token_hex(4)"
    )
    found = [shown(executed([source], tmp_path / str(n), lane)) for n in range(3)]
    for numbers in zip(*(text.strip("()").split(", ") for text in found), strict=True):
        assert len(set(numbers)) == 3


def test_sets_keep_their_order_and_files_go_where_the_run_says(lane: Lane, tmp_path: Path) -> None:
    source = "import os, tempfile\nlist(set('abcdefgh')), hash('x'), os.getpid() == os.getsid(0)"
    found = {shown(executed([source], tmp_path / str(n), lane)) for n in range(2)}
    assert len(found) == 1
    assert found.pop().endswith("True)")


def test_nothing_of_a_kernel_is_left(lane: Lane, tmp_path: Path) -> None:
    source = """
import subprocess, os
children = [subprocess.Popen(["sleep", "600"]), subprocess.Popen(["sleep", "600"], start_new_session=True)]
away = "setsid sleep 600 >/dev/null 2>&1 & echo $!"
daemon = subprocess.run(["sh", "-c", away], capture_output=True).stdout
[os.getpid(), *(one.pid for one in children), int(daemon)]
"""
    pids = [int(pid) for pid in shown(executed([source], tmp_path / "one", lane)).strip("[]").split(",")]
    assert len(pids) == 4
    assert not [pid for pid in pids if psutil.pid_exists(pid)]


def test_what_a_kernel_registered_for_its_end_is_done(lane: Lane, tmp_path: Path) -> None:
    source = "import atexit\nfrom pathlib import Path\natexit.register(Path('done').touch)"
    executed([source], tmp_path / "one", lane)
    assert (tmp_path / "one" / "done").exists()


def test_a_kernel_that_will_not_end_is_killed(lane: Lane, tmp_path: Path) -> None:
    source = "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()"
    executed([source], tmp_path / "one", lane)
    assert shown(executed(["1"], tmp_path / "two", lane)) == "1"


@pytest.mark.parametrize("how", ["os._exit(3)", "os.kill(os.getpid(), 9)", "os.abort()"])
def test_a_lane_outlives_its_kernels(lane: Lane, tmp_path: Path, how: str) -> None:
    from nbclient.exceptions import DeadKernelError

    with pytest.raises(DeadKernelError):
        executed([f"import os\nprint('said', flush=True)\n{how}"], tmp_path / "one", lane)
    assert shown(executed(["1"], tmp_path / "two", lane)) == "1"


def test_closing_the_server_ends_everything() -> None:
    with Server(environment(), KERNEL) as server:
        lane = server.lane()
        pid, talk = lane.start(Wish("/", dict(os.environ)))
        family = psutil.Process(server.pid).children(recursive=True)
        assert pid in {one.pid for one in family}
    assert not [one for one in family if one.is_running()]
    with lane, talk, pytest.raises(NotWarm):
        lane.end()
    with pytest.raises(NotWarm):
        server.lane()


def test_a_server_that_does_not_start_says_why() -> None:
    with (
        Server({**environment(), "PYTHONHOME": "/nowhere"}, KERNEL) as server,
        pytest.raises(NotWarm) as caught,
    ):
        server.lane()
    assert caught.value.presented

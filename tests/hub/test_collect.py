"""Whatever a learner puts in the way, the others are collected from, each under their own name."""

import json
import shlex
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from labhub.accounts import as_learner, checked, end_processes, running
from labhub.collect import LARGEST, collect, data_folder
from labhub.roster import Learner
from labhub.trouble import Trouble

from labkit.course.progress_json import to_json
from labkit.course.progress_state import attempted
from tests.course.progress_samples import played
from tests.hub.school import OPENING, School, until

ONE = to_json(played(attempted("start-scope", True)))
HONEST = ("anna", "ben")
KEEP = """
from labkit.course.progress_store import Store
from labkit.course.progress_state import attempted
Store().change(attempted("start-scope", True))
"""


@pytest.fixture(scope="module")
def school_of_eight(school: School) -> School:
    school.enrol("\n".join((*HONEST, *HOSTILE, "printer")))
    return school


@pytest.fixture
def printer(school_of_eight: School) -> Iterator[Learner]:
    """Somebody whose account prints whatever a test wants."""
    learner = school_of_eight.learners["printer"]
    yield learner
    end_processes(learner)


def act(school: School, login: str, code: str) -> None:
    """Lets a learner run a piece of Python."""
    learner = school.learners[login]
    home = school.settings.home(learner.account)
    variables = {"HOME": str(home), "LABKIT_DATA": str(data_folder(home))}
    command = [*OPENING, "env", "-i", *(f"{name}={value}" for name, value in variables.items())]
    command += as_learner(learner, [sys.executable, "-c", code])
    subprocess.run(command, check=True, timeout=120, cwd="/")


# ---- what is in the way of an export: a piece of Python, and what is told

IMPORTS = "import os, sqlite3; from pathlib import Path; data = Path(os.environ['LABKIT_DATA'])\n"
HOSTILE = {
    # A pipe that nobody writes into.
    "pipe": (
        "data.mkdir(); os.mkfifo(data / 'progress.sqlite')",
        "the export",
    ),
    # A table whose rows never end.
    "endless": (
        KEEP
        + """
numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
rows = "SELECT 'p' || i AS id, 'a' AS choice, 'b' AS outcome, 1 AS last FROM n"
with sqlite3.connect(data / "progress.sqlite") as c:
    c.execute("DROP TABLE prediction")
    c.execute(f"CREATE VIEW prediction AS {numbers} {rows}")
""",
        "the export",
    ),
    # More than anybody can have done.
    "huge": (
        KEEP
        + """
rows = ((f"p{i}", "a" * 150, "b") for i in range(9000))
with sqlite3.connect(data / "progress.sqlite") as c:
    c.executemany("INSERT INTO prediction VALUES (?, ?, ?, 1)", rows)
""",
        "the export is too large",
    ),
    # What is another's.
    "link": (
        "data.mkdir(); os.symlink('{anna}/progress.sqlite', data / 'progress.sqlite')",
        "the export failed",
    ),
    "folder-link": ("os.symlink('{anna}', data)", "the export failed"),
}


def test_the_honest_are_collected_from_whatever_the_others_do(school_of_eight: School) -> None:
    school = school_of_eight
    anna = data_folder(school.settings.home(school.learners["anna"].account))
    for login in HONEST:
        act(school, login, KEEP)
    for login, (code, _) in HOSTILE.items():
        act(school, login, IMPORTS + code.replace("{anna}", str(anna)))
    began = time.monotonic()
    done = school.hub("collect", LABHUB_PATIENCE="8")
    assert time.monotonic() - began < 45
    assert done.returncode == 1
    told = dict(
        line.removeprefix("hub: ").split(": ", 1) for line in done.stderr.splitlines() if "hub: " in line
    )
    assert {login: why for login, (_, why) in HOSTILE.items() if why not in told.get(login, "")} == {}
    assert told.keys() == HOSTILE.keys()
    assert "Collected from 3 of 8 learners" in done.stdout
    assert sorted(path.name for path in school.settings.progress.iterdir()) == [
        "anna.json",
        "ben.json",
        "printer.json",
    ]
    for login in HONEST:
        assert (school.settings.progress / f"{login}.json").read_text() == ONE
    for login in HOSTILE:
        # Nothing that was started for them is left.
        assert school.learners[login].uid not in running()


# ---- what an account prints

SLEEP = "sleep 1000"
PRINTED = {
    "without end": ("yes", "the export is too large"),
    "nothing": (SLEEP, "the export did not end in time"),
    "drop by drop": ("while :; do echo x; sleep 0.1; done", "the export did not end in time"),
    "and does not listen": (f"trap '' TERM INT HUP; {SLEEP}", "the export did not end in time"),
    "and somebody holds the pipe": (f"printf %s {{one}}; setsid {SLEEP} &", "the export did not end in time"),
    "and closes": (f"exec 1>&-; {SLEEP}", "the export did not end in time"),
    "and fails": ("printf %s {one}; exit 3", "the export failed with code 3"),
    "and dies": ("printf %s {one}; kill -9 $$", "the export failed with code -9"),
    "all memory": ("tail /dev/zero", "the export"),
    "an empty text": (":", "what was exported is no progress"),
    "something else": ("echo '{{}}'", "what was exported is no progress"),
    "twice": ("printf '%s%s' {one} {one}", "what was exported is no progress"),
    "a deep nest": ("yes [ | tr -d '\\n' | head -c 900000", "what was exported is no progress"),
    "escapes": ("printf '\\033[2J\\033]0;x\\007'", "what was exported is no progress"),
    "a newer version": ("echo '{{\"labkit-progress\": 2}}'", "what was exported is no progress"),
}


@pytest.mark.parametrize("what", PRINTED)
def test_what_is_no_export_changes_nothing(school_of_eight: School, printer: Learner, what: str) -> None:
    settings = replace(school_of_eight.settings, patience=1)
    good = ("/bin/sh", "-c", f"printf %s {shlex.quote(ONE)}")
    collect(printer, settings, good)
    before = {path.name: path.read_bytes() for path in settings.progress.iterdir()}
    script, why = PRINTED[what]
    began = time.monotonic()
    with pytest.raises(Trouble) as caught:
        collect(printer, settings, ("/bin/sh", "-c", script.format(one=shlex.quote(ONE))))
    assert time.monotonic() - began < 10
    assert why in str(caught.value)
    assert str(caught.value).replace("\n", "").isprintable()
    assert {path.name: path.read_bytes() for path in settings.progress.iterdir()} == before
    collect(printer, settings, good)


def test_what_is_kept_is_written_anew_and_is_the_instructors(
    school_of_eight: School, printer: Learner
) -> None:
    settings = school_of_eight.settings
    file = settings.progress / "printer.json"
    with suppress(FileNotFoundError):
        file.unlink()
    # Nobody but root can put this here, and even then it is not followed.
    file.symlink_to("/etc/hostname")
    spread = json.dumps(json.loads(ONE), indent=9)
    collect(printer, settings, ("/bin/sh", "-c", f"printf %s {shlex.quote(spread)}"))
    assert not file.is_symlink()
    assert file.read_text() == ONE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.stat().st_uid == settings.progress.stat().st_uid


def test_it_runs_as_the_learner_with_nothing_of_root(school_of_eight: School, printer: Learner) -> None:
    script = "id -u; id -G; pwd; grep NoNewPrivs /proc/self/status; env; ls -l /proc/self/fd"
    home = school_of_eight.settings.home(printer.account)
    seen = home / "seen"
    with pytest.raises(Trouble):
        collect(printer, school_of_eight.settings, ("/bin/sh", "-c", f"({script}) >{seen}"))
    lines = seen.read_text().splitlines()
    assert lines[:3] == [str(printer.uid), str(printer.gid), "/"]
    assert lines[3].split() == ["NoNewPrivs:", "1"]
    names = {line.partition("=")[0] for line in lines[4:] if "=" in line and "->" not in line}
    assert names <= {"HOME", "LABKIT_DATA", "LANG", "PWD", "SHLVL", "_", "OLDPWD"}
    # Nothing that root has open is handed on but the null device and the pipe.
    handed = [line.rpartition("-> ")[2] for line in lines if "->" in line]
    assert all(one == "/dev/null" or one.startswith(("pipe:", "/proc/", str(home))) for one in handed)


def test_an_account_that_is_no_longer_who_it_was_is_left_alone(
    school_of_eight: School, printer: Learner
) -> None:
    for wrong in (
        replace(printer, uid=printer.uid + 10_000),
        replace(printer, uid=0, gid=0),
        replace(printer, account="root"),
        replace(printer, account="root", uid=0, gid=0),
        replace(printer, account="daemon", uid=1, gid=1),
        replace(printer, account="no-such-account"),
    ):
        with pytest.raises(Trouble):
            checked(wrong)
        with pytest.raises(Trouble):
            collect(wrong, school_of_eight.settings, ("/bin/echo",))
        with pytest.raises(Trouble):
            end_processes(wrong)


def test_what_is_read_is_far_more_than_the_whole_course_needs() -> None:
    from labkit.course.exercise import Exercise
    from labkit.course.steps import tasks

    changes = [attempted(task.id, True) for task in tasks() if isinstance(task, Exercise)]
    assert 10 * len(to_json(played(*changes))) < LARGEST


# ---- accounts


def test_a_name_of_somebody_who_is_there_is_refused(school_of_eight: School) -> None:
    school = school_of_eight
    account = f"{school.settings.prefix}zoe"
    subprocess.run(["useradd", "--no-create-home", account], check=True, capture_output=True)
    before = Path("/etc/passwd").read_text()
    list = school.settings.folder.with_suffix(".more")
    list.write_text("zoe\n")
    try:
        done = school.hub("access", str(list))
    finally:
        list.unlink()
    assert done.returncode == 1
    assert f"There is a system user {account} already" in done.stderr
    assert Path("/etc/passwd").read_text() == before
    assert "zoe" not in school.learners


def test_somebody_later_comes_in_and_nobody_else_gets_a_new_code(school_of_eight: School) -> None:
    school = school_of_eight
    before = dict(school.learners)
    school.enrol("anna\nlate\n")
    assert {login: one for login, one in school.learners.items() if login != "late"} == before
    assert school.learners["late"].opens(school.codes["late"])
    again = school.hub("access", "--again", "late")
    assert again.returncode == 0
    assert not school.learners["late"].opens(school.codes["late"])
    assert school.hub("access", "--again", "nobody").returncode == 1


# ---- who has something running


def test_who_has_ended_runs_no_more_though_nobody_has_noticed_yet(printer: Learner) -> None:
    with subprocess.Popen(as_learner(printer, ["sleep", "1000"]), cwd="/") as process:
        until(lambda: printer.uid in running())
        process.kill()
        until(lambda: printer.uid not in running())
        assert Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"

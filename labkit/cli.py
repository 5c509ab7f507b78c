"""The `labkit` command."""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from labkit import __version__
from labkit.checkout import FIRST_NOTEBOOK
from labkit.core.errors import BadInput, LabError

# What a shell reports for a program that was ended by SIGINT, or that wrote to a closed pipe.
INTERRUPTED = 130
PIPE_CLOSED = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command; `argv` is what stands after `labkit`. Returns the exit code: 0 for success, 1 for
    something that failed, 2 for something that was typed wrongly."""
    _never_fail_to_print()
    try:
        arguments, others = _parser().parse_known_args(argv)
        if others and arguments.command is not _start:
            raise BadInput("labkit does not know this.", presented=" ".join(others), advice="labkit --help")
        code = arguments.command(arguments, others)
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        return int(code)
    except SystemExit as end:
        # How argparse answers --help and what it does not understand.
        return end.code if isinstance(end.code, int) else 2
    except BrokenPipeError:
        # Whoever read has seen enough. Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return PIPE_CLOSED
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return INTERRUPTED
    except BadInput as error:
        print(f"labkit: {error}", file=sys.stderr)
        return 2
    except ImportError as error:
        print(f"labkit: {error}\n  what to do: run `labkit doctor`", file=sys.stderr)
        return 1
    except (LabError, OSError) as error:
        print(f"labkit: {error}", file=sys.stderr)
        return 1


def _never_fail_to_print() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


Command = Callable[[argparse.Namespace, list[str]], int]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="labkit", description="The Azure ML Security Lab.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"labkit {__version__}")
    parser.set_defaults(command=_no_command)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    def add(name: str, command: Command, help: str, epilog: str = "") -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=help, description=help, epilog=epilog, allow_abbrev=False)
        one.set_defaults(command=command)
        return one

    others = "Other options go to JupyterLab: jupyter lab --help."
    add("start", _start, "open the course in JupyterLab", others)
    add("doctor", _doctor, "look at the installation and say what is missing")
    _sweep_options(add("sweep", _sweep, "run the scenarios beside the notebooks"))
    one = add(
        "serve",
        _serve,
        "serve a lab over TLS on this machine, for clients in other languages",
        "Prints one line of JSON (addresses, the file with the certificate to trust, the tenant's ids) and "
        "serves until Ctrl-C or SIGTERM.",
    )
    _serve_options(one)
    one = add("record", _record, "execute notebooks and store what comes out")
    one.add_argument("names", nargs="*", metavar="NOTEBOOK", help="file names; default: all of them")
    one.add_argument(
        "--notebooks", type=Path, metavar="DIR", help="the folder they are in; default: those of the course"
    )
    _verify_options(add)
    _progress_options(add("progress", _progress, "say how far you have come, and where to go on"))
    _teaching_options(add)
    one = add("statements", _statements, "list what the documents state, and where it is proved and shown")
    one.add_argument("--json", action="store_true", help="for programs")
    add("checklist", _checklist, "print the hardening checklist of the course, in Markdown")
    one = add("assumptions", _assumptions, "list what the lab assumes because no document says it")
    one.add_argument("--json", action="store_true", help="for programs")
    return parser


def _sweep_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("--jobs", type=int, metavar="N", help="so many at a time; default: one per processor")
    one.add_argument("--only", action="append", default=[], metavar="NAME", help="this one; may be repeated")
    help = "values of a parameter of --notebook: release=2019-08,2020-01; repeated, all combinations"
    one.add_argument("--grid", action="append", default=[], metavar="NAME=VALUES", help=help)
    one.add_argument("--notebook", metavar="FILE", help="the notebook for --grid")
    one.add_argument("--failed", action="store_true", help="run again what failed in the last sweep of --out")
    one.add_argument("--out", type=Path, metavar="DIR", help="keep the executed notebooks and reports in DIR")
    help = "html, junit or json, in DIR; may be repeated"
    one.add_argument("--report", action="append", default=[], metavar="KIND", help=help)
    one.add_argument("--plain", action="store_true", help="start each kernel anew, as papermill does")
    help = "run on this Dask cluster, tcp://HOST:PORT, as many at a time as it has threads, or N of --jobs"
    one.add_argument("--dask", metavar="ADDRESS", help=help)


def _serve_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("--host", default="127.0.0.1", help="an address of this machine's loopback")
    one.add_argument("--port", type=int, default=0, help="default: a free one")
    one.add_argument("--release", default="2020-03", help="release of the documents; default: 2020-03")
    one.add_argument(
        "--seed", type=_seed, default=2020, help="a whole number, or none for real entropy; default: 2020"
    )


def _verify_options(add: Callable[..., argparse.ArgumentParser]) -> None:
    help = "check notebooks as a gate: nbval's comparison, determinism, and no secret in anything"
    codes = "Exit codes: 0 all holds, 1 there are findings (a line for each), 2 nothing could be checked."
    one = add("verify", _verify, help, codes)
    one.add_argument(
        "--notebooks", type=Path, metavar="DIR", help="the folder they are in; default: those of the course"
    )
    one.add_argument(
        "--only", action="append", default=[], metavar="NOTEBOOK", help="this file; may be repeated"
    )
    one.add_argument(
        "--outputs",
        type=Path,
        metavar="DIR",
        help="what `labkit sweep --out DIR` has kept; default: the scenarios beside the notebooks are run",
    )
    one.add_argument("--junit", type=Path, metavar="FILE", help="write a JUnit file as well")
    one.add_argument("--jobs", type=int, metavar="N", help="so many at a time; default: one per processor")
    one.add_argument("--json", action="store_true", help="for programs")


def _progress_options(one: argparse.ArgumentParser) -> None:
    one.set_defaults(what=None)
    what = one.add_subparsers(title="what else", metavar="WHAT")

    def add(name: str, help: str) -> argparse.ArgumentParser:
        part = what.add_parser(name, help=help, description=help, allow_abbrev=False)
        part.set_defaults(what=name)
        return part

    part = add("export", "write it as JSON")
    part.add_argument("file", metavar="FILE", help="a new file, or - to print it")
    part = add("import", "merge what was exported")
    part.add_argument("file", metavar="FILE", help="a file, or - to read what is piped in")
    part = add("reset", "forget what was done")
    part.add_argument("id", nargs="?", metavar="ID", help="an exercise, a prediction or a notebook")
    part.add_argument("--all", action="store_true", help="everything")
    part.add_argument("--yes", action="store_true", help="really")


def _teaching_options(add: Callable[..., argparse.ArgumentParser]) -> None:
    one = add("class-report", _class_report, "merge what the learners of a class have exported")
    one.add_argument("folder", type=Path, metavar="FOLDER", help="a file for each, with the learner's name")
    one.add_argument("--html", type=Path, metavar="FILE", help="write the report as a page as well")
    one.add_argument("--plot", type=Path, metavar="FILE", help="draw who has done how much, as SVG")
    one = add("course", _course, "check the course itself, or plan a day with a class")
    one.set_defaults(what=None)
    what = one.add_subparsers(title="what", metavar="WHAT")
    help = "try every exercise and prediction of the course, and say what is wrong with any"
    part = what.add_parser("check", help=help, description=help, allow_abbrev=False)
    part.set_defaults(what="check")
    part.add_argument("--only", action="append", default=[], metavar="ID", help="this one; may be repeated")
    part.add_argument("--jobs", type=int, metavar="N", help="so many at a time; default: one per processor")
    part.add_argument("--json", action="store_true", help="for programs")
    help = "plan a day with a class: what every learner does, with breaks"
    part = what.add_parser("schedule", help=help, description=help, allow_abbrev=False)
    part.set_defaults(what="schedule")
    part.add_argument("--target", metavar="TIME", help="how long the day may be, such as 6h or 5h30m")
    help = "print the notes for whoever teaches a notebook, in Markdown"
    part = what.add_parser("notes", help=help, description=help, allow_abbrev=False)
    part.set_defaults(what="notes")
    part.add_argument("name", nargs="?", metavar="NAME", help="such as 01, or day; without: what there is")
    part.add_argument("--tried", action="store_true", help="with what the lab shows for each wrong idea")
    part.add_argument("--solutions", action="store_true", help="with the solutions of the exercises")


def _no_command(arguments: argparse.Namespace, others: list[str]) -> int:
    _parser().print_help(sys.stderr)
    return 2


def _start(arguments: argparse.Namespace, others: list[str]) -> int:
    from labkit.checkout import checkout
    from labkit.runner.kernel import environment

    folder = checkout() / "notebooks"
    if not (folder / FIRST_NOTEBOOK).is_file():
        raise BadInput("The first notebook is missing.", required=str(folder / FIRST_NOTEBOOK))
    where = (f"--ServerApp.root_dir={folder}", f"--LabApp.default_url=/lab/tree/{FIRST_NOTEBOOK}")
    # JupyterLab stops at an option that is given twice: what is typed counts.
    typed = {other.partition("=")[0] for other in others}
    ours = [option for option in (*where, *QUIET) if option.partition("=")[0] not in typed]
    command = [sys.executable, "-m", "jupyterlab", *ours, *others]
    folders = [SETTINGS, *filter(None, [os.environ.get("JUPYTER_CONFIG_PATH")])]
    around = {**environment(), "JUPYTER_CONFIG_PATH": os.pathsep.join(folders)}
    if os.name == "posix":
        os.execve(sys.executable, command, around)
    # On Windows a process that replaces itself loses its console.
    return subprocess.call(command, env=around)


# Where JupyterLab reads that it is not to ask whether one wants news.
SETTINGS = os.fspath(Path(__file__).resolve().with_name("jupyter"))

# JupyterLab asks no server for news, updates or extensions.
QUIET = (
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
)


def _doctor(arguments: argparse.Namespace, others: list[str]) -> int:
    from labkit.doctor import examine

    return examine()


def _sweep(arguments: argparse.Namespace, others: list[str]) -> int:
    from labkit.checkout import checkout
    from labkit.runner.runs import Choice
    from labkit.runner.sweep import sweep

    file = checkout() / "notebooks" / "scenarios.toml"
    choice = Choice(arguments.only, arguments.notebook, arguments.grid, arguments.failed)
    options = {"jobs": arguments.jobs, "out": arguments.out, "reports": arguments.report}
    return 1 if sweep(file, choice, plain=arguments.plain, dask=arguments.dask, **options) else 0


def _serve(arguments: argparse.Namespace, others: list[str]) -> int:
    from labkit import start
    from labkit.furniture import CLIENT_ID
    from labkit.wire.serve import serving, until_ended

    with until_ended() as wait:
        lab = start(arguments.release, arguments.seed)
        ids = {"tenant_id": lab.tenant, "subscription_id": lab.subscription.rpartition("/")[2]}
        ids |= {"client_id": CLIENT_ID, "workspace": lab.workspace}
        with serving(lab, arguments.host, arguments.port) as told:
            print(json.dumps({**told, **ids}), flush=True)
            wait()
    return 0


def _seed(typed: str) -> int | None:
    try:
        return None if typed == "none" else int(typed)
    except ValueError:
        raise argparse.ArgumentTypeError(f"neither a whole number nor none: {typed[:40]!r}") from None


def _record(arguments: argparse.Namespace, others: list[str]) -> int:
    from labkit.checkout import checkout
    from labkit.runner.record import record_all

    return record_all(arguments.notebooks or checkout() / "notebooks", arguments.names)


def _verify(arguments: argparse.Namespace, others: list[str]) -> int:
    from labkit.checkout import checkout
    from labkit.runner.verify import Wanted, verify

    folder = arguments.notebooks or checkout() / "notebooks"
    wanted = Wanted(folder, arguments.only, arguments.outputs, arguments.jobs)
    return verify(wanted, arguments.junit, arguments.json)


def _progress(arguments: argparse.Namespace, others: list[str]) -> int:
    from labkit.course import progress_commands

    if arguments.what == "export":
        text = progress_commands.export(arguments.file)
    elif arguments.what == "import":
        text = progress_commands.take_in(arguments.file)
    elif arguments.what == "reset":
        text = progress_commands.reset(arguments.id, arguments.all, arguments.yes)
    else:
        text = progress_commands.show()
    print(text, end="")
    return 0


def _class_report(arguments: argparse.Namespace, others: list[str]) -> int:
    from labkit.course.class_commands import report

    text, read = report(arguments.folder, arguments.html, arguments.plot)
    print(text, end="", file=sys.stdout if read else sys.stderr)
    return 0 if read else 1


def _course(arguments: argparse.Namespace, others: list[str]) -> int:
    if arguments.what is None:
        required = "labkit course check, labkit course schedule, or labkit course notes"
        raise BadInput("What about the course?", required=required)
    if arguments.what == "schedule":
        return _schedule(arguments.target)
    if arguments.what == "notes":
        return _notes(arguments)
    from labkit.runner.course_check import check

    return check(arguments.only, arguments.jobs, arguments.json)


def _schedule(target: str | None) -> int:
    from labkit.checkout import checkout
    from labkit.core.clock import seconds
    from labkit.course.schedule import schedule

    minutes = None if target is None else seconds(target) // 60
    day = schedule(checkout() / "notebooks", minutes)
    print(repr(day))
    return 1 if day.overruns else 0


def _notes(arguments: argparse.Namespace) -> int:
    from labkit.course.notes import names, note

    if arguments.name is None:
        print(*(f"labkit course notes {name}" for name in names()), sep="\n")
        return 0
    print(note(arguments.name).markdown(arguments.tried, arguments.solutions), end="")
    return 0


def _statements(arguments: argparse.Namespace, others: list[str]) -> int:
    from labkit.checkout import checkout
    from labkit.ledger import coverage, faults

    root = checkout()
    rows = coverage(root)
    for fault in faults(root):
        print(f"labkit: {fault}", file=sys.stderr)
    if arguments.json:
        print(json.dumps(rows, indent=2))
        return 0
    for row in rows:
        print("\n".join(_statement_lines(row)))
    proved = sum(row["proved"] for row in rows)
    print(f"{proved} of {len(rows)} statements are proved by a test and shown in a notebook.")
    return 0


def _statement_lines(row: dict[str, Any]) -> list[str]:
    from textwrap import fill

    mark = "proved" if row["proved"] else "not proved"
    return [
        f"{row['id']}  ({', '.join(row['releases'])})  {mark}",
        fill(row["says"], 100, initial_indent="  ", subsequent_indent="  "),
        *(f"  test      {test}" for test in row["tests"]),
        *(f"  notebook  {cell}" for cell in row["notebooks"]),
        "",
    ]


def _checklist(arguments: argparse.Namespace, others: list[str]) -> int:
    from labkit.course.checklist import checklist

    print(checklist().markdown())
    return 0


def _assumptions(arguments: argparse.Namespace, others: list[str]) -> int:
    from dataclasses import asdict

    from labkit.assumptions import assumptions

    if arguments.json:
        print(json.dumps([asdict(one) for one in assumptions()], indent=2))
    else:
        print("\n\n".join(map(repr, assumptions())))
    return 0

"""`python hub COMMAND`: what the instructor does."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from labhub import needs
from labhub.accounts import make, remove, undisturbed
from labhub.collect import collect_all, keep_collecting
from labhub.day import end, lay_out, start, the_only_one
from labhub.names import login_of, people
from labhub.roster import Learner, hashed, new_code, read, renewed, write
from labhub.settings import Settings, settings
from labhub.trouble import Trouble


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command, and returns its exit code: 1 where something is wrong, 2 where it was typed wrongly."""
    arguments = _parser().parse_args(argv)
    try:
        chosen = {f"LABHUB_{name.upper()}": str(value) for name, value in vars(arguments).items() if value}
        hub = settings({**os.environ, **chosen})
        needs.root()
        lay_out(hub)
        return int(arguments.command(hub, arguments))
    except (Trouble, OSError) as trouble:
        print(f"hub: {trouble}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("hub: interrupted; run the same command again to go on", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python hub", description="JupyterHub for a class, on this machine."
    )
    parser.add_argument("--folder", type=Path, help="of this hub; default: /srv/labkit-hub")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    one = commands.add_parser("access", help="give the learners of a class list their access")
    one.add_argument("list", type=Path, nargs="?", metavar="LIST", help="a file with a name on each line")
    one.add_argument("--again", metavar="LOGIN", help="a new code for somebody who lost theirs")
    one.set_defaults(command=_access)
    one = commands.add_parser("start", help="start the hub; Ctrl-C ends the day")
    one.add_argument("--address", help="where learners come in; default: 127.0.0.1, this machine alone")
    one.add_argument("--port", type=int, help="default: 8000")
    one.add_argument("--certificate", type=os.path.abspath, metavar="FILE", help="for TLS")
    one.add_argument("--key", type=os.path.abspath, metavar="FILE", help="of the certificate")
    one.add_argument("--domain", help="give each learner a host name below this one")
    one.set_defaults(command=_start)
    one = commands.add_parser("collect", help="collect everybody's progress now")
    one.add_argument("--on-and-on", action="store_true", help="what the hub itself does")
    one.set_defaults(command=_collect)
    commands.add_parser("end", help="end the day from another terminal").set_defaults(command=_end)
    one = commands.add_parser("remove", help="remove the learners' accounts and homes")
    one.add_argument("--yes", action="store_true", help="really")
    one.set_defaults(command=_remove)
    return parser


def _access(hub: Settings, arguments: argparse.Namespace) -> int:
    if (arguments.list is None) is (arguments.again is None):
        raise Trouble(
            "Whose access?", advice="`python hub access LIST`, or `python hub access --again LOGIN`"
        )
    learners = read(hub.roster)
    if arguments.again is not None:
        login = login_of(arguments.again[:200])
        if login not in learners:
            advice = f"one of {', '.join(learners)}" if learners else "`python hub access LIST` first"
            raise Trouble("Nobody in the class signs in so", arguments.again, advice)
        learner, code = renewed(learners[login])
        write(hub.roster, (learners | {learner.login: learner}).values())
        _slip(learner, code)
        return 0
    try:
        listed = people(arguments.list.read_text("utf-8"))
    except UnicodeDecodeError:
        advice = "save it as text in UTF-8, with a name on each line"
        raise Trouble("The class list is not text in UTF-8", str(arguments.list), advice) from None
    except FileNotFoundError:
        advice = "write it, with a name on each line"
        raise Trouble("There is no such class list", str(arguments.list), advice) from None
    if not listed:
        raise Trouble("There is no name in the class list", str(arguments.list), "write one on each line")
    before = len(learners)
    for person in listed:
        if (known := learners.get(person.login)) is not None:
            if known.name != person.name:
                found = f"{person.login} is {known.name}, and not {person.name}"
                raise Trouble("Two people would sign in alike", found, "write a login before one of them")
            continue
        account, code = hub.prefix + person.login, new_code()
        # One by one: whoever is told a code can use it.
        with undisturbed():
            uid, gid = make(account, hub.home(account))
            learner = Learner(person.login, person.name, account, uid, gid, hashed(code))
            learners[learner.login] = learner
            write(hub.roster, learners.values())
            _slip(learner, code)
    new = len(learners) - before
    print(
        f"{len(learners)} in the class, {new} new. Codes are not shown again; --again LOGIN gives a new one."
    )
    return 0


def _slip(learner: Learner, code: str) -> None:
    print(f"{learner.name:<32}  name: {learner.login:<22}  code: {code}", flush=True)


def _start(hub: Settings, arguments: argparse.Namespace) -> int:
    # Whether it runs already is said first, since then its ports are taken as well.
    with the_only_one(hub):
        found = needs.missing(hub, list(read(hub.roster).values()))
    for trouble in found:
        print(f"hub: {trouble}", file=sys.stderr)
    return 1 if found else start(hub)


def _collect(hub: Settings, arguments: argparse.Namespace) -> int:
    if arguments.on_and_on:
        with suppress(KeyboardInterrupt):
            keep_collecting(hub, lambda text: print(text, file=sys.stderr, flush=True))
        return 0
    return _told(collect_all(list(read(hub.roster).values()), hub), hub)


def _told(found: dict[str, str], hub: Settings) -> int:
    for login, reason in found.items():
        if reason:
            print(f"hub: {login}: not collected, {reason}", file=sys.stderr)
    got = sum(not reason for reason in found.values())
    print(f"Collected from {got} of {len(found)} learners: labkit class-report {hub.progress}")
    return 0 if got == len(found) else 1


def _end(hub: Settings, arguments: argparse.Namespace) -> int:
    end(hub)
    print("The hub has ended, and what was done is collected.")
    return 0


def _remove(hub: Settings, arguments: argparse.Namespace) -> int:
    learners = read(hub.roster)
    if not arguments.yes:
        names = ", ".join(one.account for one in learners.values())
        raise Trouble("These accounts and their homes would be removed for good", names, "--yes")
    with the_only_one(hub):
        for learner in list(learners.values()):
            with undisturbed():
                remove(learner, hub.home(learner.account))
                del learners[learner.login]
                write(hub.roster, learners.values())
        for file in hub.secrets.iterdir():
            file.unlink()
    print(f"Removed. What was collected is still in {hub.progress}")
    return 0

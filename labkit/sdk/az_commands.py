"""The commands that there are, and how a line of words becomes one of them."""

from __future__ import annotations

import re
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NoReturn

from labkit.core.errors import brief
from labkit.sdk.az_errors import UsageError
from labkit.sdk.az_output import FORMATS
from labkit.sdk.az_session import Session

ML_EXTENSION = "azure-cli-ml"
_FROM_EXTENSION = (
    "If the command is from an extension, please make sure the corresponding extension is installed."
)
# An option as it may be typed for a password, with or without the password in the same word.
_PASSWORD = re.compile("-p|--(p|se|client-se)")
Deed = Callable[[Session, Namespace], Any]


@dataclass(frozen=True)
class Option:
    """One option, by its spellings. `kind` is "text", "texts" (one or more), "number" or "flag"."""

    spellings: tuple[str, ...]
    kind: str = "text"
    required: bool = False
    default: Any = None


@dataclass(frozen=True)
class Command:
    """What `az` and these words do. `extension` is the one that has to be installed for it."""

    words: tuple[str, ...]
    carry_out: Deed
    options: tuple[Option, ...]
    extension: str = ""


COMMANDS: dict[tuple[str, ...], Command] = {}


def needed(*spellings: str, kind: str = "text") -> Option:
    """An option that has to be given."""
    return Option(spellings, kind, required=True)


def option(*spellings: str, kind: str = "text", default: Any = None) -> Option:
    """An option that may be given."""
    return Option(spellings, kind, default=default)


def command(words: str, *options: Option, extension: str = "") -> Callable[[Deed], Deed]:
    """Declares a command: the function gets the session and the options."""

    def declare(deed: Deed) -> Deed:
        path = tuple(words.split())
        COMMANDS[path] = Command(path, deed, options, extension)
        return deed

    return declare


class _Parser(ArgumentParser):
    """argparse, as az uses it, without its habit of ending the program."""

    usage_line = ""
    has_secret = False

    def error(self, message: str) -> NoReturn:
        what, separator, shown = message.partition(": ")
        if self.has_secret and separator and shown and what != "the following arguments are required":
            # What was typed beside a password may be a part of it.
            message = f"{what}: not shown"
        raise UsageError(f"{self.prog}: error: {brief_line(message)}", required=self.usage_line)


def brief_line(text: str, longest: int = 300) -> str:
    """A text that may hold whatever was typed, shortened and on one line."""
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= longest else f"{one_line[: longest - 3]}..."


def find(words: Sequence[str], installed: Callable[[str], bool]) -> Command:
    """The command that the words begin with. Raises UsageError, which says what there is at the first word
    that does not fit."""
    known = [path for path, one in COMMANDS.items() if not one.extension or installed(one.extension)]
    path: tuple[str, ...] = ()
    for word in words:
        choices = sorted({one[len(path)] for one in known if one[: len(path)] == path})
        if word not in choices:
            raise _unknown(path, word, choices)
        path = (*path, word)
        if path in known:
            return COMMANDS[path]
    raise _incomplete(path, known)


def _unknown(path: tuple[str, ...], word: str, choices: list[str]) -> UsageError:
    group = " ".join(("az", *path))
    if word.startswith("-"):
        shown = "not shown" if _PASSWORD.match(word) else brief_line(word, 60)
        return UsageError(f"{group}: error: unrecognized arguments: {shown}", required=_one_of(choices))
    text = f"{group}: {brief(word)} is not in the '{group}' command group. See '{group} --help'."
    missing = {one.extension for one in COMMANDS.values() if one.words[: len(path) + 1] == (*path, word)}
    if missing:
        return UsageError(
            f"{text} {_FROM_EXTENSION}",
            required=_one_of(choices),
            advice=f"az extension add -n {missing.pop()}",
        )
    near = get_close_matches(word, choices)
    advice = f"did you mean {group} {near[0]}?" if near else ""
    return UsageError(text, required=_one_of(choices), advice=advice)


def _incomplete(path: tuple[str, ...], known: list[tuple[str, ...]]) -> UsageError:
    choices = sorted({one[len(path)] for one in known if one[: len(path)] == path})
    group = " ".join(("az", *path))
    argument = "_subcommand" if path else "_command_package"
    return UsageError(
        f"{group}: error: the following arguments are required: {argument}", required=_one_of(choices)
    )


def _one_of(choices: list[str]) -> str:
    return f"one of {', '.join(choices)}"


def read(one: Command, words: Sequence[str]) -> Namespace:
    """The options of a command. Raises UsageError."""
    parser = _Parser(prog=" ".join(("az", *one.words)), add_help=False)
    parser.usage_line = usage(one)
    # Whoever types a password where there is no such option has typed it all the same.
    declared = any("--password" in each.spellings for each in one.options)
    parser.has_secret = declared or any(_PASSWORD.match(word) for word in words)
    for each in one.options:
        _add(parser, each)
    parser.add_argument("--output", "-o", default="json")
    parser.add_argument("--query", default="")
    parser.add_argument("--subscription", default="")
    arguments = parser.parse_args(list(words))
    if arguments.output not in FORMATS:
        choices = ", ".join(FORMATS)
        parser.error(f"argument --output/-o: invalid choice: {arguments.output!r} (choose from {choices})")
    return arguments


def _add(parser: ArgumentParser, each: Option) -> None:
    if each.kind == "flag":
        parser.add_argument(*each.spellings, action="store_true")
        return
    parser.add_argument(
        *each.spellings,
        required=each.required,
        default=each.default,
        nargs="+" if each.kind == "texts" else None,
        type=int if each.kind == "number" else str,
    )


def usage(one: Command) -> str:
    """The command with its options, in a line."""
    parts = []
    for each in one.options:
        value = "" if each.kind == "flag" else f" {each.spellings[0].strip('-').upper().replace('-', '_')}"
        text = f"{'/'.join(each.spellings)}{value}"
        parts.append(text if each.required else f"[{text}]")
    return " ".join(("az", *one.words, *parts))

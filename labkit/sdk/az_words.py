"""A line of text taken apart as a shell would, without a shell: whatever only a shell could do is refused."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from labkit.core.errors import BadInput, brief
from labkit.sdk.az_errors import UsageError

# As Linux limits one argument of a program.
_LONGEST = 131_072
_OPERATORS = {
    ";": "one command follows another",
    "|": "a pipe to another program",
    "&": "a program in the background",
    "<": "a file as the input",
    ">": "a file for the output",
    "(": "a subshell",
    ")": "a subshell",
    "`": "the output of another program",
}


def words_of(line: object) -> list[str]:
    """The words of one command, without `az` in front. Raises UsageError, and BadInput for what is no
    text."""
    commands = commands_of(line)
    if len(commands) > 1:
        raise UsageError(
            "az: error: one command at a time.",
            presented=f"{len(commands)} lines",
            required="a line that ends where the command ends",
            advice="%%az takes a command on each line of its cell; quotes hold a text with line breaks",
        )
    words = shlex.split(commands[0]) if commands else []
    return words[1:] if words[:1] == ["az"] else words


def commands_of(text: object) -> list[str]:
    """The commands in a text: one on each line, a backslash at the end of a line continues it, `#` at the
    beginning makes a comment. Raises UsageError, and BadInput for what is no text."""
    # The very type: what a subclass says may differ from one look to the next.
    if type(text) is not str:
        raise BadInput("A command line is a text.", presented=brief(text), required='"account show"')
    if len(text) > _LONGEST:
        raise UsageError(
            "az: error: Argument list too long.",
            presented=f"{len(text)} characters",
            required=f"{_LONGEST} at most",
        )
    odd = next((one for one in text if one not in "\n\t" and not one.isprintable()), "")
    if odd:
        raise UsageError(
            "az: error: a character that no command has.", presented=brief(odd), required="visible characters"
        )
    return [one for one in _split(text) if one]


def _split(text: str) -> Iterator[str]:
    command, quote, position = "", "", 0
    while position < len(text):
        one, pair = text[position], text[position : position + 2]
        if one == "#" and not quote and not command.strip():
            position = (text + "\n").index("\n", position)
            continue
        if one == "\\" and quote != "'":
            if len(pair) < 2:
                raise _unfinished("No escaped character", "no backslash at the very end")
            # A line that goes on; a shell leaves nothing of these two.
            command += "" if pair == "\\\n" else pair
            position += 2
            continue
        _refuse_shell(pair, quote)
        if one == "\n" and not quote:
            yield command.strip()
            command, position = "", position + 1
            continue
        if one in ("'", '"') and quote in ("", one):
            quote = "" if quote else one
        command += one
        position += 1
    if quote:
        raise _unfinished("No closing quotation", f"another {quote} where the text ends")
    yield command.strip()


def _unfinished(what: str, required: str) -> UsageError:
    # The text itself is not shown: it may hold a password.
    return UsageError(f"az: error: {what}.", required=required)


def _refuse_shell(pair: str, quote: str) -> None:
    """Raises UsageError for what only a shell could carry out. Single quotes keep everything from it, double
    quotes all but what a shell fills in."""
    one = pair[0]
    expands = one == "`" or (one == "$" and len(pair) > 1 and (pair[1].isalnum() or pair[1] in "_({?$!@*#-"))
    if quote == "'" or not (expands or (not quote and one in _OPERATORS)):
        return
    shown = pair if one == "$" else one
    raise UsageError(
        f"az: error: there is no shell here, so {shown} would mean nothing.",
        presented=f"{shown}: {_OPERATORS.get(one, 'what the shell puts in its place')}",
        required="one command of az and its arguments",
        advice="put it into single quotes if it is a part of a text; in a notebook, %az fills in {name}",
    )

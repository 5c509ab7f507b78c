"""The az commands of the documents, on the lab: `lab.az("account show")`, `%az account show`.

Nothing here decides what is allowed: each command asks the lab's services as whoever is logged in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from labkit.core.errors import LabError
from labkit.sdk import (
    az_account,
    az_applications,
    az_directory,
    az_ml,
    az_ml_parts,
    az_monitor,
    az_network,
    az_rbac,
    az_resources,
    az_roles,
    az_vault,
)
from labkit.sdk.az_commands import COMMANDS, Command, find, read, usage
from labkit.sdk.az_errors import AzError, in_words_of_az
from labkit.sdk.az_output import Verbatim, shown
from labkit.sdk.az_query import pick
from labkit.sdk.az_session import Session, session_of
from labkit.sdk.az_words import commands_of, words_of

if TYPE_CHECKING:
    from labkit.lab import Lab

__all__ = ["AzError", "commands_of", "run"]

# Loaded for the commands that they declare.
_MODULES = (
    *(az_account, az_applications, az_directory, az_ml, az_ml_parts, az_monitor, az_network, az_rbac),
    *(az_resources, az_roles, az_vault),
)


def run(lab: Lab, line: str) -> str:
    """Carries out one command, with or without `az` in front, and returns what az prints: the answer, without
    the end of the line. What az says besides is printed. Raises AzError, and BadInput for what is no
    text. Statements authn-sp-create, authn-sp-show, authn-sp-share, authn-sp-cli-extension."""
    session, words = session_of(lab), words_of(line)
    if {"-h", "--help"} & set(words):
        return _help(session, words)
    one = find(words, session.extensions.__contains__)
    given = read(one, words[len(one.words) :])
    try:
        if given.subscription:
            session.subscription(given.subscription)
        answer = one.carry_out(session, given)
    except AzError:
        raise
    except LabError as error:
        raise in_words_of_az(error, *session.known) from error
    if isinstance(answer, Verbatim):
        return answer.text
    return shown(pick(answer, given.query) if given.query else answer, given.output, bool(given.query))


def _help(session: Session, words: Sequence[str]) -> str:
    """The commands that begin with these words, each with its options and what it does."""
    begin = tuple(word for word in words if not word.startswith("-"))
    known = [one for one in COMMANDS.values() if not one.extension or one.extension in session.extensions]
    found = [one for one in known if one.words[: len(begin)] == begin or begin[: len(one.words)] == one.words]
    if not found:
        find(begin, session.extensions.__contains__)
    return "\n".join(_described(one) for one in sorted(found, key=lambda one: one.words))


def _described(one: Command) -> str:
    said = " ".join((one.carry_out.__doc__ or "").split())
    return f"{usage(one)}\n    {said}"

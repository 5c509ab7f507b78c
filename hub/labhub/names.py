"""From the names of a class list to names that learners sign in with and names of system users.

A system user's name always begins with the prefix of the hub, so that no name on a list, be it `root`, can be
that of an account which was there before.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

from labhub.trouble import Trouble

PREFIX = re.compile(r"[a-z][a-z0-9]{0,9}-")
LOGIN = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
# A system user's name may have 32 characters, and sockets in his home leave room for no more than this.
LONGEST_LOGIN = 20
_LONGEST_NAME = 100
# Letters of European names that do not come apart into a plain one and an accent.
_PLAIN = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "þ": "th", "ħ": "h"})
_OWN = "write a login before it, as in: lilei = 李雷"


@dataclass(frozen=True)
class Person:
    """Somebody on the class list, by the name to sign in with and the name as it was written."""

    login: str
    name: str


def login_of(name: str) -> str:
    """The name to sign in with, of small letters, digits and single hyphens; "" where the name has a letter
    or digit for which there is none."""
    text = unicodedata.normalize("NFKD", name.casefold().translate(_PLAIN)).lower()
    parts = []
    for char in text:
        if char.isascii() and char.isalnum():
            parts.append(char)
        elif char.isalnum():
            return ""
        elif not unicodedata.combining(char) and char not in "'’":
            parts.append("-")
    return "-".join(part for part in "".join(parts).split("-") if part)


def people(text: str) -> list[Person]:
    """Reads a class list: a name on each line, or `login = name`; empty lines and those that begin with #
    count for nothing. Raises Trouble with a line for each name that cannot be."""
    found, faults = [], []
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        written = line.strip()
        if not written or written.startswith("#"):
            continue
        own, equals, name = (part.strip() for part in written.partition("="))
        person = Person(own, name) if equals else Person(login_of(own), own)
        if fault := _fault(person):
            faults.append(f"line {number}, {written[:40]!r}: {fault}")
        found.append(person)
    for login, count in Counter(one.login for one in found if one.login).items():
        if count > 1:
            faults.append(f"{count} people would sign in as {login!r}: {_OWN}")
    if faults:
        raise Trouble("The class list cannot be used", "".join(f"\n  {fault}" for fault in faults))
    return found


def _fault(person: Person) -> str:
    if not person.name or len(person.name) > _LONGEST_NAME or not person.name.isprintable():
        return f"that is no name of 1 to {_LONGEST_NAME} printable characters"
    if not LOGIN.fullmatch(person.login):
        return f"there is no login of small Latin letters, digits and hyphens in it; {_OWN}"
    if len(person.login) > LONGEST_LOGIN:
        return f"the login {person.login!r} has more than {LONGEST_LOGIN} characters; {_OWN}"
    return ""

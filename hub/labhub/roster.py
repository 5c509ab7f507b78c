"""The learners of this class, with the system user of each and a hash of the code that opens it."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from jupyterhub.utils import compare_token, hash_token

from labhub.trouble import Trouble

# Without those that look like one another on paper.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP = 3, 4


@dataclass(frozen=True)
class Learner:
    """`login` is what is typed to sign in, `account` the system user with its `uid` and `gid`, and `code` the
    salted hash of the access code."""

    login: str
    name: str
    account: str
    uid: int
    gid: int
    code: str = field(repr=False)

    def opens(self, typed: str) -> bool:
        """Whether this is the learner's access code, with or without its hyphens."""
        return bool(compare_token(self.code, _bare(typed)))


def new_code() -> str:
    """An access code: 12 random characters, 59 bits, too many to be guessed through a login form."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


def hashed(code: str) -> str:
    """What is kept of a code: JupyterHub's own salted hash for tokens."""
    return str(hash_token(_bare(code)))


def _bare(code: str) -> str:
    return "".join(code.replace("-", " ").split()).lower()


def read(file: Path) -> dict[str, Learner]:
    """The learners by login; {} where there is no class yet. Raises Trouble and OSError."""
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError:
        return {}
    try:
        found = [Learner(**entry) for entry in json.loads(text)]
    except (ValueError, TypeError) as error:
        raise Trouble(
            "The roster is damaged", f"{file}: {error}", "`python hub remove`, and begin anew"
        ) from None
    return {one.login: one for one in found}


def write(file: Path, learners: Iterable[Learner]) -> None:
    """Writes all of them, or nothing. Raises OSError."""
    text = json.dumps([asdict(one) for one in learners], indent=1, ensure_ascii=False)
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(file)


def renewed(learner: Learner) -> tuple[Learner, str]:
    """The learner with a new code, which no longer opens with the one before, and that code."""
    code = new_code()
    return replace(learner, code=hashed(code)), code

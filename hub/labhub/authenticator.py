"""Who may come in: the learners of the class, each with a code of their own."""

from __future__ import annotations

from typing import Any

from jupyterhub.auth import Authenticator
from jupyterhub.utils import hash_token

from labhub.names import login_of
from labhub.roster import read
from labhub.settings import settings

# Hashed where there is nobody of that name, so that the time tells nobody who is in the class.
_NOBODY = "nobody"


class ClassAuthenticator(Authenticator):
    """Lets in who types the name and the code of one learner. Somebody added to the class, and a new code,
    count at once; so does somebody removed. There are no administrators: the instructor has the commands."""

    def normalize_username(self, username: str) -> str:
        """The learner's login, also where the full name was typed; "" where there can be none."""
        return login_of(username[:200])

    async def authenticate(self, handler: Any, data: dict[str, str]) -> str | None:
        """The login, or None."""
        learner = read(settings().roster).get(self.normalize_username(data["username"]))
        if learner is None:
            hash_token(_NOBODY)
            return None
        return learner.login if learner.opens(data["password"]) else None

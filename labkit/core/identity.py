"""Who a credential turned out to be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache


def within(scope: str, ancestor: str) -> bool:
    """Whether `scope` is `ancestor` or lies below it. Only whole segments count, and case does not:
    `/subscriptions/a` is no ancestor of `/subscriptions/ab`."""
    inner, outer = scope.lower().rstrip("/"), ancestor.lower().rstrip("/")
    return inner == outer or inner.startswith(outer + "/")


@lru_cache(maxsize=4096)
def action_pattern(pattern: str, one_segment: bool = False) -> re.Pattern[str]:
    """An action with wildcards, compiled. `*` stands for any run of characters, slashes included; case
    does not count. `/*/` in the middle stands for a single slash as well, so that `a/*/read` covers
    `a/read`; with `one_segment` something has to stand between its slashes."""
    # assumption: interior-wildcard
    middle = "/.*" if one_segment else "(?:/.*)?"
    parts = (".*".join(map(re.escape, part.split("*"))) for part in re.split(r"/\*(?=/)", pattern))
    return re.compile(middle.join(parts), re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Capability:
    """A right that comes with the credential itself and replaces role assignments: an account key, a
    service key, a run token. It opens `actions` (patterns with `*`) on `scope` and below."""

    scope: str
    actions: tuple[str, ...]

    def __str__(self) -> str:
        return f"opens {', '.join(self.actions)} on {self.scope}"

    def opens(self, action: str, scope: str) -> bool:
        """Whether it covers this action at this scope."""
        return within(scope, self.scope) and any(
            action_pattern(pattern).fullmatch(action) for pattern in self.actions
        )


@dataclass(frozen=True)
class Identity:
    """The subject that a credential proved.

    kind        "user", "service principal", "managed identity", "run", "account key", "service", "anonymous"
    name        as people know it: a user principal name, a display name, a run id
    object_id   what role assignments refer to; empty where there is none
    tenant_id   the tenant that vouches for it
    app_id      the client id of the application that asked, where there is one
    groups      object ids of the groups it belongs to, nested ones included
    amr         how a user proved it ("pwd", "mfa"); empty for applications
    guest       True for a user whose home is another tenant
    capability  what the credential opens by itself, bypassing role assignments
    token_id    which access token proved it; "" where none did
    """

    kind: str
    name: str
    object_id: str = ""
    tenant_id: str = ""
    app_id: str = ""
    groups: tuple[str, ...] = ()
    amr: tuple[str, ...] = ()
    guest: bool = False
    capability: Capability | None = None
    token_id: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.kind})"


ANONYMOUS = Identity("anonymous", "anonymous")

"""Access policies of key vaults: the older model, which a vault uses instead of role assignments for its
data plane."""

from __future__ import annotations

from dataclasses import dataclass

from labkit.core.errors import Forbidden
from labkit.core.identity import Identity, action_pattern


class NotInPolicy(Forbidden):
    """The vault's access policy does not have it."""


@dataclass(frozen=True)
class PolicyDecision:
    """What something other than a role says: whether, why, and what to do."""

    allowed: bool
    why: str
    advice: str = ""
    refusal: type[Forbidden] = Forbidden


class VaultPolicies:
    """Per vault: which principals (object ids) may do which data actions (patterns), and whether that counts:
    a vault follows its access policy or the role assignments, and never both."""

    def __init__(self) -> None:
        self._policies: dict[str, dict[str, tuple[str, ...]]] = {}
        self._by_roles: set[str] = set()

    def open(self, vault_id: str) -> None:
        """From now on this vault is guarded by its access policy, an empty one at first."""
        self._policies.setdefault(vault_id.lower(), {})

    def close(self, vault_id: str) -> dict[str, tuple[str, ...]]:
        """Forgets the policy of a vault that is gone. Returns what it was."""
        self._by_roles.discard(vault_id.lower())
        return self._policies.pop(vault_id.lower(), {})

    def restore(self, vault_id: str, policy: dict[str, tuple[str, ...]]) -> None:
        """Puts back what `close` returned."""
        self._policies[vault_id.lower()] = policy

    def follow_roles(self, vault_id: str, roles: bool) -> None:
        """From now on this vault follows role assignments, or its policy again, which is kept meanwhile."""
        (self._by_roles.add if roles else self._by_roles.discard)(vault_id.lower())

    def grant(self, vault_id: str, principal_id: str, actions: tuple[str, ...]) -> None:
        """Gives a principal these data actions, in place of what it had."""
        self._policies.setdefault(vault_id.lower(), {})[principal_id] = actions

    def revoke(self, vault_id: str, principal_id: str) -> tuple[str, ...]:
        """Takes a principal out of a vault's policy. Returns what it had."""
        return self._policies.get(vault_id.lower(), {}).pop(principal_id, ())

    def of(self, vault_id: str) -> dict[str, tuple[str, ...]]:
        """The data actions (patterns) by principal."""
        return dict(self._policies[vault_id.lower()])

    def knows(self, scope: str) -> bool:
        """Whether this is a vault, whichever of the two it follows."""
        return scope.lower() in self._policies

    def governs(self, scope: str) -> bool:
        """Whether data actions at this scope follow an access policy."""
        return self.knows(scope) and scope.lower() not in self._by_roles

    def decide(self, who: Identity, action: str, scope: str) -> PolicyDecision:
        """Whether the vault's policy allows it. Roles count for nothing here, Owner included."""
        policy = self._policies[scope.lower()]
        for principal_id in (who.object_id, *who.groups):
            for pattern in policy.get(principal_id, ()):
                if action_pattern(pattern).fullmatch(action):
                    return PolicyDecision(True, f"the vault's access policy grants {pattern}")
        advice = "have the vault's access policy changed"
        return PolicyDecision(False, "not in the vault's access policy", advice, NotInPolicy)

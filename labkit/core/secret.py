"""A secret value that does not print itself."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, repr=False)
class Secret:
    """A value that a service has handed out: a secret, a key, a connection string. Whoever wants to use it
    says so: `reveal()`."""

    _value: str = field(repr=False)

    def reveal(self) -> str:
        """The value itself."""
        return self._value

    def __repr__(self) -> str:
        return f"<secret, {len(self._value)} characters, not shown>"

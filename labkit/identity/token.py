"""An access token as an object that can be looked at without giving it away."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from labkit.core.clock import Clock, iso
from labkit.core.credential import Bearer
from labkit.core.errors import BadInput
from labkit.core.show import Shown
from labkit.identity.jwt_parts import take_apart

_TIMES = ("iat", "nbf", "exp")
_BAR = 40
_COUNTABLE = 10**12


@dataclass(frozen=True, repr=False)
class Token(Shown):
    """A JWT and the clock on which it ages. Its `repr` has header and claims but not the signature, so
    that what is printed opens nothing; `reveal()` gives the whole.

    Raises NotAJwt when made from a text that is none, and BadInput for anything but a text.
    """

    _raw: str
    _clock: Clock = field(compare=False)

    def __post_init__(self) -> None:
        take_apart(self._raw)
        if type(self._raw) is not str or not isinstance(self._clock, Clock):
            raise BadInput("A token is a text, and ages on a clock.", required="Token(text, lab.clock)")

    @property
    def header(self) -> dict[str, Any]:
        """The decoded header. Decoded is not verified."""
        return take_apart(self._raw).header

    @property
    def claims(self) -> dict[str, Any]:
        """The decoded claims. Decoded is not verified."""
        return take_apart(self._raw).claims

    @property
    def bearer(self) -> Bearer:
        """The credential to present: `Bearer(token.reveal())`."""
        return Bearer(self._raw)

    @property
    def seconds_left(self) -> int:
        """Until `exp` on the lab's clock; negative afterwards, and for a token that never had a lifetime."""
        return self._moment("exp") - self._clock.now

    def _moment(self, name: str) -> int:
        value = self.claims.get(name)
        return value if isinstance(value, int) and abs(value) < _COUNTABLE else 0

    def reveal(self) -> str:
        """The usable secret itself. Whoever has it is taken for its subject until it expires."""
        return self._raw

    @property
    def lifetime(self) -> str:
        """The lifetime as a bar on the lab's clock, in text."""
        begin, end, now = self._moment("iat"), self._moment("exp"), self._clock.now
        span = max(end - begin, 1)
        used = min(max(now - begin, 0), span)
        filled = used * _BAR // span
        state = "expired" if now >= end else "valid" if now >= self._moment("nbf") else "not yet valid"
        bar = "#" * filled + "." * (_BAR - filled)
        return f"{iso(begin)} [{bar}] {iso(end)}\n{state} at {iso(now)}, {self.seconds_left} seconds left"

    def rows(self) -> list[tuple[str, str, str]]:
        """(part, name, value) of everything in it, times also in readable form."""
        header = [("header", name, str(value)) for name, value in self.header.items()]
        claims = [
            (
                "claim",
                name,
                f"{value}  {iso(value)}" if name in _TIMES and isinstance(value, int) else str(value),
            )
            for name, value in self.claims.items()
        ]
        length = len(self._raw.rpartition(".")[2])
        return [*header, *claims, ("signature", "", f"{length} characters, not shown")]

    def __repr__(self) -> str:
        lines = [f"{part:<9} {name:<10} {value}".rstrip() for part, name, value in self.rows()]
        # Half a character in a claim is no reason not to show the rest.
        return "\n".join([*lines, self.lifetime]).encode("utf-8", "backslashreplace").decode()

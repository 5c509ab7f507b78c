"""What is refused when the bytes on a disk are not those that were written."""

from __future__ import annotations

from labkit.core.errors import Refusal


class Damaged(Refusal):
    """What lies on the medium is not what was written there: no part of it is given out."""

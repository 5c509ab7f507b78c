"""Entropy, drawn by label: one more draw somewhere changes nothing anywhere else."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from labkit.core.errors import BadInput, brief

_LARGEST_SEED = 2**63
# What a value begins with that is worthless outside of the lab.
MARK = "lab-"


class Entropy:
    """Bytes that depend on the seed and a label, and on nothing else.

    With a seed every byte is predictable, so a seeded lab keeps no secret from anybody. `seed=None`
    takes a root from the operating system instead; the rest is the same.
    """

    def __init__(self, seed: object) -> None:
        if seed is None:
            self._root = secrets.token_bytes(32)
        elif type(seed) is int and 0 <= seed < _LARGEST_SEED:
            self._root = hashlib.sha256(b"labkit seed %d" % seed).digest()
        else:
            raise BadInput(
                "That is not a seed.",
                presented=brief(seed),
                required="a whole number from 0 to 2**63 - 1, or None for real entropy",
            )
        self.seeded = seed is not None

    def __call__(self, label: str, length: int = 32) -> bytes:
        """`length` bytes for this label; the same label gives the same bytes."""
        # Names that others choose are in it, of half characters too.
        blocks, what = -(-length // 32), label.encode("utf-8", "surrogatepass")
        stream = b"".join(
            [hmac.digest(self._root, b"%d/%b" % (number, what), "sha256") for number in range(blocks)]
        )
        return stream[:length]

    def uuid(self, label: str) -> str:
        """A random UUID (version 4 in form) for this label."""
        number = bytearray(self(label, 16))
        # RFC 4122, 4.4: where the version and the variant stand.
        number[6], number[8] = number[6] & 0x0F | 0x40, number[8] & 0x3F | 0x80
        text = number.hex()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def text(self, label: str) -> str:
        """A password-like text for this label, marked as worthless outside of the lab."""
        return MARK + self(label, 12).hex()

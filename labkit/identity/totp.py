"""Time-based one-time passwords (RFC 6238): six digits, new every 30 seconds of the lab's clock."""

from __future__ import annotations

import hmac

STEP = 30
DIGITS = 6


def totp(secret: bytes, now: int) -> str:
    """The code for this moment (seconds)."""
    mac = hmac.digest(secret, (now // STEP).to_bytes(8, "big"), "sha1")
    start = mac[-1] & 0xF
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"

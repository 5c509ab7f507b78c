"""What the SDK prints where it runs: the sign-in prompt, and how a deployment goes."""

from __future__ import annotations


def say(text: str) -> None:
    """Prints a line."""
    print(text)

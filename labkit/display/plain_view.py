"""What has no drawing of its own: its text, whose long lines JupyterLab would break within words."""

from __future__ import annotations

from labkit.display.text import block


def html(shown: object) -> str:
    """The text as it stands."""
    return block(repr(shown))

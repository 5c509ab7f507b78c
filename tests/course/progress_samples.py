"""Progress as hypothesis draws it, and files of it that cannot be written."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from labkit.course.progress_state import (
    MOST,
    Change,
    Effort,
    Forecast,
    Progress,
    attempted,
    chose,
    explained,
    hinted,
    revealed,
)

IDS = st.sampled_from(["auth-fresh", "enc-raw", "a-scope-is-everybody's", "x"])
COUNTS = st.one_of(st.integers(1, 4), st.integers(1, MOST))
TEXTS = st.sampled_from(["accepted", "refused", "Microsoft's key"])


@st.composite
def efforts(draw: st.DrawFn) -> Effort:
    attempts = draw(st.one_of(st.just(0), COUNTS))
    shown = st.dictionaries(IDS, st.integers(1, attempts)) if attempts else st.just({})
    return Effort(
        attempts,
        draw(st.booleans()) and attempts > 0,
        draw(st.integers(0, MOST)),
        draw(shown),
        draw(st.booleans()),
        draw(COUNTS),
    )


@st.composite
def forecasts(draw: st.DrawFn) -> Forecast:
    choice = draw(st.one_of(st.none(), TEXTS))
    outcome = draw(TEXTS if choice is None else st.one_of(st.none(), TEXTS))
    return Forecast(choice, outcome, draw(COUNTS))


PROGRESS = st.builds(
    Progress, st.dictionaries(IDS, efforts(), max_size=3), st.dictionaries(IDS, forecasts(), max_size=3)
)
CHANGES: st.SearchStrategy[Change] = st.one_of(
    st.builds(attempted, IDS, st.booleans(), st.one_of(st.none(), IDS)),
    st.builds(hinted, IDS, st.integers(1, 4)),
    st.builds(explained, IDS),
    st.builds(chose, IDS, TEXTS),
    st.builds(revealed, IDS, TEXTS),
)


def played(*changes: Change, after: Progress | None = None) -> Progress:
    """What is known after these, in order."""
    progress = after or Progress()
    for change in changes:
        progress = change(progress)
    return progress


def only_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on a file can be read and not written."""
    connect = sqlite3.connect

    def read_only(path: Path, **options: Any) -> sqlite3.Connection:
        connection = connect(path, **options)
        connection.execute("PRAGMA query_only = 1")
        return connection

    monkeypatch.setattr(sqlite3, "connect", read_only)

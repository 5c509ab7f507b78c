"""How far a sweep has come: a bar in a terminal, plain lines elsewhere, on stderr; failures on stdout."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from labkit.runner.execute import Result


@contextmanager
def progress(total: int) -> Iterator[Callable[[Result], None]]:
    """What to call with each result."""
    if sys.stderr is not None and sys.stderr.isatty():
        with _bar(total) as show:
            yield show
        return
    done = 0

    def line(result: Result) -> None:
        nonlocal done
        done += 1
        state = "ok" if result.failure is None else "FAILED"
        print(f"{done}/{total} {result.name}: {state}, {result.seconds:.1f} s", file=sys.stderr, flush=True)
        if result.failure is not None:
            print(_failed(result), flush=True)

    yield line


@contextmanager
def _bar(total: int) -> Iterator[Callable[[Result], None]]:
    from tqdm import tqdm  # type: ignore[import-untyped]

    with tqdm(total=total, file=sys.stderr, unit="scenario", leave=False) as bar:

        def show(result: Result) -> None:
            if result.failure is not None:
                tqdm.write(_failed(result), file=sys.stdout)
            bar.set_postfix_str(result.name, refresh=False)
            bar.update()

        yield show


def _failed(result: Result) -> str:
    return f"FAILED {result.name}\n{result.failure}"

"""Runs a learner's function for so many steps and no more."""

from __future__ import annotations

import os
import sys
import sysconfig
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")

STEPS = 500_000
DEEPEST = 150

_PATHS = sysconfig.get_paths()
# Trusted to come to an end, and not counted: how many lines an import or a call on the lab takes is no
# business of the learner's, and is not the same the second time.
_FOLDERS = (str(Path(__file__).parent.parent), *(_PATHS[name] for name in ("stdlib", "purelib", "platlib")))
_LIBRARIES = ("<frozen ", *(f"{folder}{os.sep}" for folder in _FOLDERS))


def _is_library(frame: FrameType) -> bool:
    file = frame.f_code.co_filename
    if file == "<string>":
        # What dataclasses write themselves; it belongs to the module of the class.
        file = str(frame.f_globals.get("__file__"))
    return file.startswith(_LIBRARIES)


@dataclass(frozen=True)
class Ran:
    """How it went: the `value` that came back, or the `error` that was raised (of any kind, SystemExit too),
    or why it was `stopped`, as the end of a sentence about the function."""

    value: Any = None
    error: BaseException | None = None
    stopped: str = ""


class _Meter:
    """Counts the steps of the code in one thread, and holds that thread for good once they are too many."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.taken = 0
        self.depth = 0
        self.over = threading.Event()
        self.ran = Ran()

    def enter(self, frame: FrameType, _event: str, _: Any) -> Callable[..., Any] | None:
        """The tracer of new frames."""
        if _is_library(frame):
            return None
        # By instructions and not only by lines, where `while True: pass` never comes to a new line. Later
        # Pythons do count such a loop by lines, and some of them crash when watched by instructions.
        frame.f_trace_opcodes = sys.version_info < (3, 12)
        self.depth += 1
        # Earlier than Python's RecursionError, which could hit the tracer itself and so switch it off.
        if self.depth > DEEPEST:
            self._hold(f"is {DEEPEST} calls deep in itself and does not come back")
        return self.step(frame, "call", None)

    def step(self, _frame: FrameType, event: str, _: Any) -> Callable[..., Any]:
        """The tracer of what happens inside a frame."""
        if event == "return":
            self.depth -= 1
        self.taken += 1
        if self.taken > self.steps:
            self._hold(f"does not come to an end within {self.steps:,} steps")
        return self.step

    def _hold(self, why: str) -> None:
        # Not raised: a bare `except:` in the endless loop would swallow it, and tracing ends with it. So the
        # thread goes to sleep where it is, and goes when the process goes.
        self.ran = Ran(stopped=why)
        self.over.set()
        threading.Event().wait()


def run(function: Callable[..., Any], *args: object, steps: int = STEPS) -> Ran:
    """Calls `function(*args)` and stops it once it has taken `steps` steps (instructions; lines from Python
    3.12 on) or is DEEPEST calls deep: at the same place every time, since no clock is involved. A tracer or
    debugger of the caller's stays as it is. Only whoever interrupts the kernel gets an exception out of this.

    Python's libraries and labkit are not counted. What never returns from one call into C, such as
    `sum(itertools.count())`, cannot be stopped.
    """
    meter = _Meter(steps)

    def work() -> None:
        sys.settrace(meter.enter)
        try:
            meter.ran = Ran(function(*args))
        except BaseException as error:
            meter.ran = Ran(error=error)
        finally:
            sys.settrace(None)
            meter.over.set()

    threading.Thread(target=work, name="a learner's function", daemon=True).start()
    meter.over.wait()
    return meter.ran


def uncounted(function: Callable[[], T]) -> T:
    """What `function()` returns; it is ours, and steps are not counted meanwhile. Watched, everything runs
    at a third of its speed."""
    before = sys.gettrace()
    sys.settrace(None)
    try:
        return function()
    finally:
        sys.settrace(before)

"""The view of time that client libraries have: the lab's clock while a lab is attached, the machine's
otherwise.

adal and msal keep tokens by the clock on the wall. Each of their modules that uses `time` or `datetime` gets
one of its own under that name; nothing else in the process has another time than before.
"""

from __future__ import annotations

import datetime as real_datetime
import math
import sys
import time as real_time
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

from labkit.wire import attached

CLIENTS = ("adal", "msal")


def _now() -> int | None:
    """The time in an attached lab, in seconds; None where none is attached."""
    lab = attached.current()
    return None if lab is None else lab.clock.now


class ClientDatetime(real_datetime.datetime):
    """`datetime.datetime`, asked by a client."""

    @classmethod
    def now(cls, tz: real_datetime.tzinfo | None = None) -> Any:
        """The present moment, in a time zone or in the machine's own."""
        moment = _now()
        return super().now(tz) if moment is None else super().fromtimestamp(moment, tz)

    @classmethod
    def today(cls) -> Any:
        """The same in the machine's own time zone."""
        return cls.now()

    @classmethod
    def utcnow(cls) -> Any:
        """The same in UTC, though it does not say so."""
        return cls.now(real_datetime.UTC).replace(tzinfo=None)


class ClientTime(ModuleType):
    """The module `time`, asked by a client."""

    def time(self) -> float:
        """Seconds since 1970."""
        moment = _now()
        wall: float = self._real("time")()
        return wall if moment is None else float(moment)

    def sleep(self, seconds: float) -> None:
        """In a lab nothing else moves the clock while a client waits, so waiting moves it.
        Raises ValueError for less than nothing."""
        # assumption: waiting-client
        lab = attached.current()
        if lab is None or not seconds >= 0:
            self._real("sleep")(seconds)
        else:
            lab.clock.advance(math.ceil(seconds))

    def localtime(self, seconds: float | None = None) -> real_time.struct_time:
        """A moment, or the present one, in the machine's time zone."""
        found: real_time.struct_time = self._real("localtime")(self.time() if seconds is None else seconds)
        return found

    def gmtime(self, seconds: float | None = None) -> real_time.struct_time:
        """The same in UTC."""
        return real_time.gmtime(self.time() if seconds is None else seconds)

    def _real(self, name: str) -> Any:
        return getattr(real_time, name)

    def __getattr__(self, name: str) -> Any:
        return getattr(real_time, name)


class ClientDatetimeModule(ModuleType):
    """The module `datetime`, asked by a client."""

    datetime = ClientDatetime

    def __getattr__(self, name: str) -> Any:
        return getattr(real_datetime, name)


_TIME = ClientTime("time", real_time.__doc__)
_DATETIME = ClientDatetimeModule("datetime", real_datetime.__doc__)


def _is_client(name: str) -> bool:
    return name.partition(".")[0] in CLIENTS


def dress(module: ModuleType) -> None:
    """Gives a module its own view of time, where it uses any."""
    for name, value in list(vars(module).items()):
        if value is real_time:
            setattr(module, name, _TIME)
        elif value is real_datetime:
            setattr(module, name, _DATETIME)
        elif value is real_datetime.datetime:
            setattr(module, name, ClientDatetime)


class _Dressing(Loader):
    """Loads a module as it would have been, and dresses it."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        dress(module)

    def __getattr__(self, name: str) -> Any:
        # Whoever asks for sources or data files gets them.
        return getattr(self._loader, name)


class _Finder(MetaPathFinder):
    """Finds the clients' modules where they are, for those that are loaded later."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not _is_client(name):
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Dressing(spec.loader)
        return spec


def install() -> None:
    """Dresses the modules that are loaded, and those that will be. They stay so: without an attached lab they
    read the machine's clock, as before."""
    for name in [name for name in sys.modules if _is_client(name)]:
        dress(sys.modules[name])
    sys.meta_path.insert(0, _Finder())

"""What a script may change of the interpreter that it shares with the lab, and what is put back after it."""

from __future__ import annotations

import builtins
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

_HOOKS = ("stdin", "stdout", "stderr", "displayhook", "excepthook")
_LISTS = ("path", "meta_path", "path_hooks")


def _list_back(name: str, found: list[Any], content: list[Any]) -> None:
    # Others hold the very list.
    found[:] = content
    setattr(sys, name, found)


def _environment_back(found: Any, content: dict[str, str]) -> None:
    vars(os)["environ"] = found
    if dict(found) != content:
        found.clear()
        found.update(content)


def _modules_back(found: dict[str, Any], content: dict[str, Any]) -> None:
    # What was imported meanwhile stays: some modules can be loaded once only.
    sys.modules = found
    for name in [one for one in found if type(one) is not str]:
        del found[name]
    found.update({name: one for name, one in content.items() if found.get(name) is not one})


def _steps() -> Iterator[Callable[[], object]]:
    yield partial(vars(builtins).update, dict(vars(builtins)))
    yield partial(_modules_back, sys.modules, dict(sys.modules))
    for name in _LISTS:
        found = getattr(sys, name)
        yield partial(_list_back, name, found, list(found))
    for name in _HOOKS:
        yield partial(setattr, sys, name, getattr(sys, name))
    yield partial(sys.setrecursionlimit, sys.getrecursionlimit())
    yield partial(_environment_back, os.environ, dict(os.environ))
    with suppress(OSError):
        yield partial(os.chdir, os.getcwd())


@contextmanager
def kept_as_it_is() -> Iterator[None]:
    """Whatever happens in it to the interpreter's own settings is taken back after it: built-in functions,
    modules that were there, where modules are found, the standard streams, the environment variables of the
    kernel, and the working directory."""
    steps = list(_steps())
    try:
        yield
    finally:
        for step in steps:
            with suppress(OSError, RecursionError):
                step()

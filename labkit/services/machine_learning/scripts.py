"""Running a user's script: a function, or what a file of a code snapshot defines. It is foreign code:
whatever it raises is its run's error, and not the lab's."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine, Generator, Iterator, Mapping
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from labkit.core.errors import LabError, brief
from labkit.core.text import plain
from labkit.services.machine_learning.interpreter import kept_as_it_is

_MAIN = "main"
_LONGEST = 500
# What the lab and its kernel are made of. While it is out of the way they would find something else.
_OWN = {
    *("labkit", "cryptography", "_openssl", "_cffi_backend", "cffi", "jwt"),
    *(
        "IPython",
        "ipykernel",
        "comm",
        "traitlets",
        "zmq",
        "tornado",
        "jupyter_client",
        "jupyter_core",
        "matplotlib_inline",
    ),
}
# A file of a snapshot never takes the place of these.
_TAKEN = sys.stdlib_module_names | _OWN


def outcome(script: Callable[..., object], *args: Any, files: Mapping[str, bytes] | None = None) -> str:
    """Calls it. Returns how it failed, or "": for a script out of `files` with the line where that was. An
    interrupt passes through."""
    try:
        returned = script(*args)
        if isinstance(returned, Coroutine | Generator):
            returned.close()
            raise LabError("The script was called and has not begun: it has an async or a yield too many.")
    except BaseException as end:
        if _interrupts(end):
            raise
        return _said(end, files or {})
    return ""


def _interrupts(end: BaseException) -> bool:
    kind = type(end)
    if issubclass(kind, BaseExceptionGroup):
        return BaseExceptionGroup.subgroup(end, KeyboardInterrupt) is not None  # type: ignore[call-overload]
    return issubclass(kind, KeyboardInterrupt)


def _said(end: BaseException, files: Mapping[str, bytes]) -> str:
    """How it failed, in a line. Whoever has written the script may have written its exceptions too, so
    nothing is asked of them that could fail without being caught."""
    kind = type(end)
    try:
        if issubclass(kind, SystemExit):
            code = end.code  # type: ignore[attr-defined]
            return "" if code is None or (type(code) in (int, bool) and not code) else brief(code, _LONGEST)
        if issubclass(kind, LabError):
            heading = end.heading  # type: ignore[attr-defined]
            said = heading if type(heading) is str else brief(heading, _LONGEST)
            return plain(said, _LONGEST) or plain(kind.__name__, _LONGEST)
        where = _place(end, files)
        return brief(end, _LONGEST) + (f", {where}" if where else "")
    except BaseException as again:
        if _interrupts(again):
            raise
        return "The script has failed with an error that cannot be shown."


def _place(failure: BaseException, files: Mapping[str, bytes]) -> str:
    """The last line in a file of the snapshot on the way to a failure, which is being handled."""
    place, step = "", sys.exc_info()[2]
    if issubclass(type(failure), SyntaxError):
        name, line = failure.filename, failure.lineno  # type: ignore[attr-defined]
        if type(name) is str and name in files and type(line) is int:
            place = f"{name}, line {line}"
    while step is not None:
        if step.tb_frame.f_code.co_filename in files:
            place = f"{step.tb_frame.f_code.co_filename}, line {step.tb_lineno}"
        step = step.tb_next
    return place


def run_file(files: Mapping[str, bytes], script: str, context: object) -> str:
    """Runs a file of a snapshot: its code, and then `main(run)`, which it defines. Imports find the other
    files. Returns how it failed, or ""."""

    @kept_as_it_is()
    def begin() -> object:
        code = compile(files[script], script, "exec", dont_inherit=True)
        module = ModuleType("__azureml__")
        module.__file__ = script
        exec(code, vars(module))
        main = vars(module).get(_MAIN)
        if not callable(main):
            raise LabError(f"{script} defines no function {_MAIN}(run).")
        return main(context)

    if script not in files:
        return f"The snapshot has no file {brief(script)}."
    with _importable(files):
        return outcome(begin, files=files)


class _Finder(MetaPathFinder, Loader):
    """Imports modules and packages from the files of a snapshot."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def names(self) -> set[str]:
        """The modules and packages at the top."""
        first = {path.partition("/")[0] for path in self._files if path.endswith(".py")}
        return {name.removesuffix(".py") for name in first} - _TAKEN

    def _path(self, name: str) -> str:
        base = name.replace(".", "/")
        return next((path for path in (f"{base}.py", f"{base}/__init__.py") if path in self._files), "")

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        found = self._path(fullname)
        folder = f"{fullname.replace('.', '/')}/"
        package = found.endswith("/__init__.py") or (
            not found and any(one.startswith(folder) for one in self._files)
        )
        if fullname.partition(".")[0] not in self.names() or not (found or package):
            return None
        return ModuleSpec(fullname, self, origin=found or None, is_package=package)

    def exec_module(self, module: ModuleType) -> None:
        if path := self._path(module.__name__):
            exec(compile(self._files[path], path, "exec", dont_inherit=True), vars(module))


@contextmanager
def _importable(files: Mapping[str, bytes]) -> Iterator[None]:
    """What the kernel has imported under the same names, from wherever, is out of the way meanwhile."""
    finder = _Finder(files)
    names = finder.names()

    def taken_out() -> dict[str, ModuleType]:
        inside = [one for one in sys.modules if one.partition(".")[0] in names]
        return {one: sys.modules.pop(one) for one in inside}

    before = taken_out()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        taken_out()
        sys.modules.update(before)

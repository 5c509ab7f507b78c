"""Running a script out of a code snapshot: its imports, its failures, and the kernel it leaves as it was."""

from __future__ import annotations

import builtins
import os
import subprocess
import sys
import types
from contextlib import suppress
from typing import Any

import pytest

from labkit.core.errors import BadInput
from labkit.services.machine_learning.scripts import _TAKEN, outcome, run_file


def run(source: bytes, context: object = None, **files: bytes) -> str:
    """How train.py fails, among other modules."""
    others = {f"{name}.py": data for name, data in files.items()}
    return run_file({"train.py": source, **others}, "train.py", context)


class TestFailures:
    @pytest.mark.parametrize(
        ("source", "says"),
        [
            (b"", "train.py defines no function main(run)."),
            (b"main = 5\n", "train.py defines no function main(run)."),
            (b"x = 1\n\ndef main(run:\n    pass\n", "train.py, line 3"),
            (b"\xff\xfe", "SyntaxError"),
            (b"x = 1\0", "null bytes"),
            (b"raise ValueError('at import')\n", "ValueError('at import'), train.py, line 1"),
            (b"def main(run):\n\n    1 / 0\n", "division by zero'), train.py, line 3"),
            (b"def main():\n    pass\n", "takes 0 positional arguments"),
            (b"import not_there\n", "No module named 'not_there'"),
            (b"def main(run):\n    main(run)\n", "RecursionError"),
            (b"raise SystemExit('no data')\n", "no data"),
            (b"(" * 300, "SyntaxError"),
            (b"def main(run):\n    raise ExceptionGroup('many', [ValueError()])\n", "many"),
        ],
        ids=lambda value: value[:20],
    )
    def test_it_is_said_in_a_line_and_never_raised(self, source: bytes, says: str) -> None:
        found = run(source)
        assert says in found
        assert "\n" not in found
        assert len(found) < 700

    @pytest.mark.parametrize("end", [b"", b"0", b"None"])
    def test_a_script_that_exits_with_success_has_not_failed(self, end: bytes) -> None:
        assert run(b"import sys\ndef main(run):\n    sys.exit(" + end + b")\n") == ""

    def test_the_line_is_the_last_one_in_the_snapshot(self) -> None:
        deep = b"import json\n\ndef parse(text):\n    return json.loads(text)\n"
        found = run(b"import deep\ndef main(run):\n    deep.parse('{')\n", deep=deep)
        assert found.endswith(", deep.py, line 4")

    def test_a_refusal_is_told_in_its_own_words(self) -> None:
        def refuse() -> None:
            raise BadInput("Not like this.")

        assert outcome(refuse) == "Not like this."
        assert run(b"def main(run):\n    run()\n", refuse) == "Not like this."

    def test_an_interrupt_passes_through(self) -> None:
        with pytest.raises(KeyboardInterrupt):
            run(b"def main(run):\n    raise KeyboardInterrupt\n")

    def test_a_file_that_is_not_there_is_said(self) -> None:
        assert run_file({}, "train.py", None) == "The snapshot has no file 'train.py'."


class TestImports:
    def test_other_files_of_the_snapshot_are_found_packages_too(self) -> None:
        seen: list[Any] = []
        source = b"import a\nfrom p import q\nimport n.m\n\ndef main(run):\n    run += [a.X, q.Y, n.m.Z]\n"
        package = {"p/__init__.py": b"", "p/q.py": b"from .r import Y\n", "p/r.py": b"Y = 2\n"}
        files = {"train.py": source, "a.py": b"X = 1\n", **package, "n/m.py": b"Z = 3\n"}
        assert run_file(files, "train.py", seen) == ""
        assert seen == [1, 2, 3]

    def test_they_come_before_what_the_kernel_has_imported(self, monkeypatch: pytest.MonkeyPatch) -> None:
        local = types.ModuleType("helper")
        local.X = "local"  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "helper", local)
        seen: list[str] = []
        assert (
            run(b"import helper\ndef main(run):\n    run.append(helper.X)\n", seen, helper=b"X = 'kept'\n")
            == ""
        )
        assert seen == ["kept"]
        assert sys.modules["helper"] is local

    def test_afterwards_the_kernel_is_as_before_whatever_happened(self) -> None:
        before, path = set(sys.modules), list(sys.meta_path)
        for end in (b"", b"1 / 0\n", b"raise KeyboardInterrupt\n"):
            with suppress(KeyboardInterrupt):
                run(b"import helper\ndef main(run):\n    pass\n" + end, helper=b"")
        assert set(sys.modules) - before <= {"importlib.abc"}
        assert list(sys.meta_path) == path

    def test_a_file_takes_no_place_of_the_standard_library_s_or_of_the_lab_s(self) -> None:
        seen: list[Any] = []
        source = b"import json, labkit\ndef main(run):\n    run.append((json.loads('1'), labkit.start))\n"
        assert run(source, seen, json=b"", labkit=b"") == ""
        assert len(seen) == 1

    def test_each_run_has_modules_of_its_own(self) -> None:
        seen: list[int] = []
        source = b"import counter\ndef main(run):\n    counter.n += 1\n    run.append(counter.n)\n"
        for _ in range(2):
            assert run(source, seen, counter=b"n = 0\n") == ""
        assert seen == [1, 1]

    def test_the_code_does_not_take_over_how_the_lab_is_compiled(self) -> None:
        seen: list[Any] = []
        assert run(b"def main(run: list[int]):\n    run.append(main.__annotations__)\n", seen) == ""
        assert seen == [{"run": list[int]}]


# What a script does to the interpreter, and how somebody sees whether it is still there afterwards.
HARM: dict[str, str] = {
    "meta_path": "sys.meta_path.clear()",
    "path": "sys.path.insert(0, '/elsewhere')",
    "both": "sys.path, sys.meta_path = 5, []",
    "hooks": "sys.path_hooks.clear()",
    "modules": "sys.modules = {}",
    "a module": "sys.modules['json'] = None",
    "no name": "sys.modules[5] = 5",
    "environment": "os.environ['LAB_X'] = '1'",
    "another environment": "os.environ = {}",
    "built-in": "builtins.len = lambda what: 0",
    "no built-in": "del builtins.isinstance",
    "directory": "os.chdir('/')",
    "streams": "sys.stdout = sys.stderr = None",
    "depth": "sys.setrecursionlimit(sys.getrecursionlimit() + 1)",
}


def interpreter() -> list[Any]:
    """What the lab and other runs find."""
    return [
        *((one, list(one)) for one in (sys.meta_path, sys.path, sys.path_hooks)),
        (sys.modules, [name for name in sys.modules if type(name) is not str], sys.modules["json"]),
        (os.environ, dict(os.environ), os.getcwd(), sys.getrecursionlimit()),
        (sys.stdout, sys.stderr, dict(vars(builtins))),
    ]


class TestTheInterpreter:
    @pytest.mark.parametrize("what", HARM)
    @pytest.mark.parametrize("end", ["", "; 1 / 0"])
    def test_what_a_script_does_to_it_is_taken_back(self, what: str, end: str) -> None:
        before = interpreter()
        source = f"import builtins, os, sys\ndef main(run):\n    {HARM[what]}{end}\n"
        failed = run(source.encode())
        after = interpreter()
        assert after == before
        assert all(one[0] is other[0] for one, other in zip(after[:4], before[:4], strict=True))
        assert bool(failed) is bool(end)

    def test_what_it_was_changed_by_is_there_while_it_runs(self) -> None:
        seen: list[Any] = []
        source = (
            b"import os\ndef main(run):\n    os.environ['LAB_X'] = '1'\n    run.append(os.getenv('LAB_X'))\n"
        )
        assert run(source, seen) == ""
        assert seen == ["1"]
        assert "LAB_X" not in os.environ

    def test_a_file_takes_no_place_of_what_the_lab_is_made_of(self) -> None:
        """Whatever comes with a lab, from outside of the standard library."""
        code = "import labkit, sys; labkit.start(); print(*{one.partition('.')[0] for one in sys.modules})"
        made_of = subprocess.run(
            [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
        )
        ours = {"__main__", "__mp_main__", "sitecustomize", "usercustomize", "_distutils_hack"}
        loaded = {one for one in made_of.stdout.split() if not one.startswith(("_virtualenv", "__editable"))}
        assert {"cryptography", "jwt", "labkit"} <= loaded - sys.stdlib_module_names - ours <= _TAKEN


class TestUnkindErrors:
    @pytest.mark.parametrize(
        "body",
        [
            "class E(BaseException): pass",
            "E = GeneratorExit",
            "class E(Exception):\n    __traceback__ = property(lambda self: 5)",
            "class E(Exception):\n    __class__ = property(lambda self: 1 / 0)",
            "class E(Exception):\n    def __repr__(self): raise GeneratorExit",
            "class M(type):\n    __name__ = property(lambda self: 1 / 0)\n"
            "class E(Exception, metaclass=M):\n    def __repr__(self): 1 / 0",
            "def E(): return SyntaxError('x', ([], [], 1, ''))",
            "from labkit.core.errors import LabError\ndef E(): return LabError(5)",
            "from labkit.core.errors import LabError\ndef E(): return LabError('x\\n' * 10 ** 6)",
            "from labkit.core.errors import LabError\n"
            "class E(LabError):\n    heading = property(lambda s: 1 / 0)\n    __init__ = lambda s: None",
            "class C:\n    def __eq__(self, other): 1 / 0\ndef E(): return SystemExit(C())",
        ],
        ids=range(11),
    )
    def test_each_is_told_in_a_short_line(self, body: str) -> None:
        found = run(f"{body}\ndef main(run):\n    raise E()\n".encode())
        assert type(found) is str
        assert 0 < len(found) < 700
        assert "\n" not in found

    @pytest.mark.parametrize("code", ["0", "None", "False"])
    def test_a_success_stays_one(self, code: str) -> None:
        assert run(f"def main(run):\n    raise SystemExit({code})\n".encode()) == ""

    def test_an_interrupt_among_others_passes_through(self) -> None:
        with pytest.raises(BaseExceptionGroup):
            run(b"def main(run):\n    raise BaseExceptionGroup('x', [KeyboardInterrupt()])\n")
        with pytest.raises(KeyboardInterrupt):
            run(
                b"class E(Exception):\n    def __repr__(s): raise KeyboardInterrupt\ndef main(run): raise E\n"
            )
        assert "group" in run(b"def main(run):\n    raise BaseExceptionGroup('group', [GeneratorExit()])\n")

    @pytest.mark.parametrize(
        "main", [b"async def main(run):\n    1 / 0\n", b"def main(run):\n    yield 1 / 0\n"]
    )
    def test_a_script_that_has_not_begun_has_not_succeeded(self, main: bytes) -> None:
        assert "has not begun" in run(main)

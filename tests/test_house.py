"""The house stands as it was drawn: layers, sizes, and what nobody may use. Read from the source, not run."""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

import labkit

PACKAGE = Path(labkit.__file__).parent
MODULES = {
    path.relative_to(PACKAGE).with_suffix("").as_posix().replace("/", "."): path
    for path in sorted(PACKAGE.rglob("*.py"))
}

# A package or module imports its own rank and what lies below. What stands side by side on rank 1 is pure: it
# imports core and itself alone.
RANKS = [
    {"core"},
    {"identity", "access", "network", "crypto", "releases", "stores"},
    {"services", "authenticators"},
    {
        *("openings", "media", "whereabouts", "providers", "wiring", "furniture", "lab", "azure"),
    },
    {"ledger", "citations", "assumptions", "checkout"},
    {"display"},
    {"course", "runner", "sdk", "wire"},
    {"cli", "doctor", "__main__", "__init__"},
]
RANK = {name: rank for rank, names in enumerate(RANKS) for name in names}
PURE = RANKS[1]

# The composition root connects everything, so that nothing else needs to.
MAY_IMPORT_LAB = {"__init__", "sdk", "course", "runner", "cli", "doctor"}

# Which services a service may import; what is not listed may import `resource_id` alone.
SERVICES = {
    "resource_id": set[str](),
    "azure_ad": {"resource_id"},
    "activity_log": set[str](),
    "metrics": set[str](),
    "monitor": {"management_plane", "activity_log", "metrics"},
    "app_insights": {"resource_id", "management_plane", "encryption"},
    "key_vault": {"resource_id", "azure_ad"},
    "encryption": {"resource_id", "azure_ad", "key_vault"},
    "customer_keys": {"resource_id", "resource_manager", "encryption", "managed_identity"},
    "storage": {"resource_id", "azure_ad", "key_vault", "encryption"},
    "registry": {"resource_id", "azure_ad", "key_vault", "encryption"},
    "cosmos": {"resource_id", "azure_ad", "key_vault", "encryption"},
    "registrations": set[str](),
    "management_plane": {"resource_id", "registrations", "activity_log"},
    "provider_registration": {"resource_id", "management_plane", "registrations"},
    "key_address": {"resource_id", "resource_manager", "key_vault", "encryption", "customer_keys"},
    "container_instances": {"encryption"},
    "disk_encryption_set": {"encryption"},
    "kubernetes": {"encryption"},
    "virtual_machine": {"encryption"},
    "databricks": {"encryption"},
    "resource_manager": {"resource_id", "management_plane", "registrations"},
    "authorization": {"resource_id", "management_plane"},
    "blueprints": {"resource_id", "management_plane"},
    "graph": {"resource_id", "azure_ad"},
    "management_groups": {"resource_id", "management_plane"},
    "vault_access": {"resource_id", "management_plane", "key_vault"},
    "virtual_network": {"resource_id", "management_plane"},
    "machine_learning": {
        *("resource_id", "resource_manager", "azure_ad", "key_vault", "storage", "registry", "cosmos"),
        "encryption",
        *("key_address", "container_instances"),
        "metrics",
        *(
            "kubernetes",
            "virtual_machine",
            "virtual_network",
            "management_plane",
            "authorization",
            "vault_access",
            "app_insights",
        ),
    },
}

HEAVY = {
    *("matplotlib", "ipywidgets", "graphviz", "papermill", "IPython", "nbformat", "requests", "wasmtime"),
    *("distributed", "dask"),
}
LONGEST_FILE, LONGEST_FUNCTION = 400, 40

WALL_CLOCK_AND_CHANCE = {
    *("time.time", "time.time_ns", "time.monotonic", "time.perf_counter", "time.localtime", "time.sleep"),
    *("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today"),
    *("os.urandom", "os.getrandom", "uuid.uuid1", "uuid.uuid4"),
    *("random", "secrets", "socket", "numpy.random"),
}
# What records the bytes between two sockets of this machine has to open them.
MAY_ALSO = {"wire.relay": {"socket"}}
MAY_MEASURE_AND_DRAW = {"core.entropy", "cli", "doctor", "runner"}
MAY_PRINT = {"cli", "doctor", "runner", "sdk.azureml.terminal"}


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text("utf-8"))


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every name that is imported, at whatever depth, and the line. `from a import b` counts as a.b, since b
    may be a module. What is loaded by name counts as well."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import"
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and "import_module" in ast.unparse(node.func):
            name = node.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield name.value, node.lineno


def own_imports(module: str) -> Iterator[tuple[str, int]]:
    """Imports of labkit's own modules, without the leading `labkit.`. What the package offers counts as an
    import of the module that it comes from."""
    for name, line in imports(tree_of(module)):
        if name == "labkit" or name.startswith("labkit."):
            bare = name.removeprefix("labkit").removeprefix(".") or "__init__"
            yield labkit._HOME.get(bare, bare).removeprefix("labkit."), line


def part(module: str) -> str:
    """The first level of a module's name."""
    first = module.partition(".")[0]
    return first if first in RANK else "__init__"


def violations(wrong: Callable[[str, str], str]) -> list[str]:
    """Every import for which `wrong(importer, imported)` gives a reason."""
    return [
        f"{module}:{line} imports {imported}: {reason}"
        for module in MODULES
        for imported, line in own_imports(module)
        if (reason := wrong(module, imported))
    ]


def within(module: str, names: set[str]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in names)


def too_high(importer: str, imported: str) -> str:
    mine, other = part(importer), part(imported)
    if mine == other:
        return ""
    if other == "__init__":
        # At the top it stands for the version, the folder, and the door that a learner uses.
        return "" if RANK[mine] > RANK["lab"] else "it lies above"
    if mine == "core":
        return "core imports core alone"
    if RANK[other] > RANK[mine]:
        return f"{other} lies above {mine}"
    return "it is pure" if mine in PURE and other in PURE - {mine} else ""


def test_every_module_has_a_place_in_the_house() -> None:
    assert {module.partition(".")[0] for module in MODULES} - RANK.keys() == set()


def test_a_layer_imports_itself_and_what_lies_below() -> None:
    # The one way up: lab loads by name what a learner's call to it needs, when it is called.
    found = violations(too_high)
    assert [one for one in found if not re.match(r"lab:\d+ imports (display|sdk|wire)\b", one)] == []
    above = {one for one in MODULES if part(one) in ("display", "sdk", "wire")}
    assert modules_imported("lab") & above == set()


def test_only_the_top_imports_the_lab() -> None:
    def wrong(importer: str, imported: str) -> str:
        if not within(imported, {"lab"}) or part(importer) in MAY_IMPORT_LAB:
            return ""
        return "the composition root is for the top alone"

    assert violations(wrong) == []


def test_drawing_is_imported_by_nothing_below_it() -> None:
    below = {name for name, rank in RANK.items() if rank < RANK["display"]}

    def wrong(importer: str, imported: str) -> str:
        return "drawing" if part(imported) == "display" and part(importer) in below - {"lab"} else ""

    assert violations(wrong) == []


def out_of_order(importer: str, imported: str) -> str:
    if not (importer.startswith("services.") and imported.startswith("services.")):
        return ""
    mine, other = importer.split(".")[1], imported.split(".")[1]
    allowed = SERVICES.get(mine, {"resource_id"})
    return "" if other in allowed | {mine} else f"{mine} may import {', '.join(sorted(allowed)) or 'none'}"


def test_services_import_one_another_in_order() -> None:
    assert violations(out_of_order) == []


def modules_imported(module: str) -> set[str]:
    """Modules imported when this one is loaded: not inside of functions, not for type checkers alone."""

    def loaded(nodes: list[ast.stmt]) -> Iterator[ast.stmt]:
        for node in nodes:
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
                continue
            if not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
                yield node

    names = {name for node in loaded(tree_of(module).body) for name, _ in imports(node)}
    found = set()
    for name in names:
        own = name.removeprefix("labkit.")
        within, _, last = own.rpartition(".")
        found |= {own} & MODULES.keys()
        if within in MODULES and last in exported(within):
            found.add(within)
    return found


@cache
def exported(module: str) -> set[str]:
    """Names that a module defines at its top."""
    names = {node.name for node in tree_of(module).body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    for node in tree_of(module).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


def test_no_module_imports_itself_through_others() -> None:
    direct = {module: modules_imported(module) - {module} for module in MODULES}

    def reaches(start: str) -> set[str]:
        seen: set[str] = set()
        ahead = set(direct[start])
        while ahead:
            seen |= ahead
            ahead = set().union(*(direct[module] for module in ahead)) - seen
        return seen

    assert len(direct["lab"]) > 10, "the imports were not read"
    assert [module for module in MODULES if module in reaches(module)] == []


@pytest.mark.parametrize(
    "code",
    ["import labkit", "import labkit; labkit.start().sign_in('carl')", "import labkit.cli, labkit.ledger"],
    ids=["import", "start", "command"],
)
def test_the_light_things_load_nothing_heavy(code: str) -> None:
    seen = f"{code}; import sys; print(*sorted({HEAVY!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("module", MODULES)
def test_files_are_small(module: str) -> None:
    path = PACKAGE / f"{module.replace('.', '/')}.py"
    assert len(path.read_text("utf-8").splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("module", MODULES)
def test_functions_are_small(module: str) -> None:
    functions = (
        n for n in ast.walk(tree_of(module)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    lengths = {f"{one.name} (line {one.lineno})": one.end_lineno - one.lineno + 1 for one in functions}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION} == {}


def forbidden(tree: ast.Module, names: set[str]) -> list[str]:
    """Uses of names that stand for a wall clock or for chance, under whatever name they were imported."""
    aliases: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            # `import a.b` binds a, `import a.b as c` binds a.b.
            aliases |= {a.asname: a.name for a in node.names if a.asname}
            aliases |= {top: top for a in node.names if not a.asname for top in [a.name.partition(".")[0]]}
        elif isinstance(node, ast.ImportFrom):
            aliases |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    found = [f"imported: {full}" for full in aliases.values() if within(full, names)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            head, _, rest = ast.unparse(node).partition(".")
            if within(full := f"{aliases.get(head, head)}.{rest}", names):
                found.append(f"line {node.lineno}: {full}")
    return found


@pytest.mark.parametrize("module", [name for name in MODULES if not within(name, MAY_MEASURE_AND_DRAW)])
def test_no_wall_clock_no_chance_no_network(module: str) -> None:
    assert forbidden(tree_of(module), WALL_CLOCK_AND_CHANCE - MAY_ALSO.get(module, set())) == []


@pytest.mark.parametrize(
    "code",
    [
        "import time\ntime.time()",
        "from time import time",
        "import datetime as d\nd.datetime.now()",
        "from datetime import datetime\ndatetime.now(tz)",
        "from datetime import datetime as dt\ndt.utcnow()",
        "import os\ndef f():\n    return os.urandom(4)",
        "def f():\n    import random",
        "from random import choice",
        "import socket",
        "from uuid import uuid4",
    ],
)
def test_the_search_for_clocks_and_chance_finds_them(code: str) -> None:
    assert forbidden(ast.parse(code), WALL_CLOCK_AND_CHANCE)


@pytest.mark.parametrize(
    "code", ["import os\nos.cpu_count()", "from datetime import datetime\ndatetime.fromisoformat(x)", "x.now"]
)
def test_the_search_for_clocks_and_chance_finds_nothing_else(code: str) -> None:
    assert forbidden(ast.parse(code), WALL_CLOCK_AND_CHANCE) == []


@pytest.mark.parametrize("module", [name for name in MODULES if not within(name, MAY_PRINT)])
def test_nothing_prints(module: str) -> None:
    calls = (node.func for node in ast.walk(tree_of(module)) if isinstance(node, ast.Call))
    assert [f"line {one.lineno}" for one in calls if isinstance(one, ast.Name) and one.id == "print"] == []


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("core.door", "identity.token"),
        ("identity.token", "access.rbac"),
        ("access.rbac", "services.storage"),
        ("authenticators.bearer", "lab"),
        ("services.storage", "display"),
        ("wiring", "course.outcome"),
        ("display.table", "course.widget"),
        ("course.outcome", "cli"),
        ("wiring", "__init__"),
    ],
)
def test_the_layers_refuse_what_they_should(importer: str, imported: str) -> None:
    assert too_high(importer, imported)


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("services.azure_ad", "services.key_vault.KeyVault"),
        ("services.key_vault", "services.storage"),
        ("services.resource_manager", "services.machine_learning.workspace"),
        ("services.resource_manager", "services.key_vault"),
        ("services.monitor", "services.storage"),
        ("services.storage", "services.machine_learning"),
        ("services.management_plane", "services.resource_manager"),
        ("services.authorization", "services.resource_manager"),
        ("services.vault_access", "services.authorization"),
    ],
)
def test_the_order_of_the_services_refuses_what_it_should(importer: str, imported: str) -> None:
    assert out_of_order(importer, imported)

"""Images: what is copied is equal to what was built, and shares nothing with it that could change."""

from collections import deque
from collections.abc import Callable, Iterator
from itertools import count
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import pytest

import labkit
from labkit import lab as lab_module
from labkit.access.assignment import RoleAssignment
from labkit.access.roles import Role
from labkit.core.errors import BadInput
from labkit.core.image import Image
from labkit.core.operation import Op
from labkit.core.trace import Hop
from labkit.crypto.wrapper import KeyInHand, WrappedKey
from labkit.furniture import GROUPS, workspace_id
from labkit.identity.verifier import KeySet
from labkit.lab import Lab
from labkit.releases import RELEASES, Release, find_release
from labkit.services.machine_learning.runs import Runs
from labkit.services.resource_manager import ResourceManager
from labkit.stores import StoreKind
from labkit.wiring import build

# What never changes.
PLAIN = (
    str,
    bytes,
    int,
    float,
    type(None),
    type,
    ModuleType,
    BuiltinFunctionType,
    Op,
    Role,
    Release,
    StoreKind,
    KeySet,
    KeyInHand,
    RoleAssignment,
    WrappedKey,
)


def plain(found: object) -> bool:
    return isinstance(found, PLAIN) or type(found).__module__.startswith("cryptography.")


def inside(found: Any) -> list[Any]:
    """What something consists of, in an order that is the same in an equal one."""
    if isinstance(found, FunctionType):
        cells = [cell.cell_contents for cell in found.__closure__ or ()]
        return [*cells, *(found.__defaults__ or ()), *(found.__kwdefaults__ or {}).values()]
    if isinstance(found, MethodType):
        return [found.__func__, found.__self__]
    if isinstance(found, dict):
        return [one for pair in found.items() for one in pair]
    if isinstance(found, list | tuple | deque):
        return list(found)
    if isinstance(found, set | frozenset):
        return sorted(found, key=repr)
    if isinstance(found, count):
        return [repr(found)]
    slots = [name for kind in type(found).__mro__ for name in getattr(kind, "__slots__", ())]
    assert slots or hasattr(found, "__dict__"), f"what is a {type(found)} made of?"
    names = [*slots, *getattr(found, "__dict__", {})]
    return [one for name in names for one in (name, getattr(found, name, "not there"))]


def walk(start: object) -> Iterator[Any]:
    """Everything that something consists of, in one order; what is not plain once only."""
    seen: set[int] = set()
    ahead = [start]
    while ahead:
        one = ahead.pop()
        yield one
        if id(one) not in seen and not plain(one):
            seen.add(id(one))
            ahead += inside(one)


def shape(start: object) -> list[str]:
    """Of everything the type, which of them it is, and the value where it is plain."""
    numbers: dict[int, int] = {}
    lines = []
    for one in walk(start):
        known = isinstance(one, str | bytes | int | float | type(None))
        name = repr(one) if known else getattr(one, "__qualname__", "")
        number = "" if plain(one) else numbers.setdefault(id(one), len(numbers))
        lines.append(f"{type(one).__qualname__} {number} {name}")
    return lines


def changeable(start: object) -> dict[int, object]:
    """By id everything that could be changed."""
    immutable = FunctionType | MethodType | tuple | frozenset
    return {id(one): one for one in walk(start) if not plain(one) and not isinstance(one, immutable)}


def built(release: str = "2020-03", seed: int = 2020) -> Lab:
    return Lab(find_release(release), seed)


def lived(lab: Lab) -> list[str]:
    """A morning in a lab: what people got to see, and every hop."""
    token = lab.sign_in("carl").bearer
    lab.ask("carl", ResourceManager.put, workspace_id(GROUPS[0], "new"), token, "eastus")
    lab.ask("carl", Runs.submit, lab.workspace, token, "train", lab.cluster, print)
    lab.ask("olivia", ResourceManager.delete, lab.other_workspace, lab.sign_in("olivia").bearer)
    lab.clock.advance("61m")
    refused = lab.attempt("carl", ResourceManager.get, lab.workspace, token)
    fields = [repr([getattr(hop, name) for name in Hop.__slots__]) for hop in lab.trace]
    return [*fields, *lab.work(), repr(refused), repr(lab.resources), lab.hire("bob").password]


class TestImage:
    @pytest.mark.parametrize(
        "original",
        [[1, "a"], {"a": [1]}, {1, 2}, deque([1]), (1, [2]), print, len, Lab, None],
        ids=lambda original: type(original).__name__,
    )
    def test_a_copy_is_equal(self, original: Any) -> None:
        assert Image(original).copy() == original

    def test_what_is_one_object_is_one_in_a_copy_too(self) -> None:
        one: list[Any] = []
        one.append(one)
        first, second = Image([one, one]).copy()
        assert first is second is first[0]

    def test_a_function_finds_the_copies_of_what_it_had_around_it(self) -> None:
        def enclosed(values: list[int]) -> Callable[..., int]:
            def add(value: int = 3, *, twice: bool = False) -> int:
                values.extend([value, value] if twice else [value])
                return len(values)

            return add

        values = [1]
        original = (values, enclosed(values))
        image = Image(original)
        copied, add = image.copy()
        assert (add(), add(2, twice=True)) == (2, 4)
        assert (values, copied, image.copy()[0]) == ([1], [1, 3, 2, 2], [1])

    def test_a_function_may_be_what_it_has_around_it(self) -> None:
        def down(number: int) -> int:
            return down(number - 1) if number else 0

        copied = Image(down).copy()
        assert copied is not down
        assert copied(5) == 0

    def test_counting_goes_on_where_it_was(self) -> None:
        original = count(5)
        next(original)
        image = Image(original)
        assert [next(image.copy()), next(image.copy())] == [6, 6]

    def test_what_never_changes_is_shared(self) -> None:
        release = find_release("2020-03")
        image = Image([release, Release, RELEASES], Release)
        copied = image.copy()
        assert copied[0] is release
        assert copied[2]["2020-03"] is release
        assert copied[2] is not RELEASES
        assert Image([release]).copy()[0] is not release


class TestLabs:
    @pytest.mark.parametrize("release", RELEASES)
    @pytest.mark.parametrize("seed", [2020, 7])
    def test_a_copied_lab_is_to_the_last_object_as_one_that_was_built(self, release: str, seed: int) -> None:
        labkit.start(release, seed)
        assert shape(labkit.start(release, seed)) == shape(built(release, seed))

    @pytest.mark.parametrize(
        "change",
        [
            lambda lab: lab.clock.advance("1s"),
            lambda lab: next(lab.parts.door._flows),
            lambda lab: lab.people.pop("gita"),
            lambda lab: lab.parts.home.drawn.update(["uti"]),
        ],
    )
    def test_that_would_show_any_difference(self, change: Callable[[Lab], object]) -> None:
        other = built()
        assert shape(other) == shape(built())
        change(other)
        assert shape(other) != shape(built())

    def test_it_lives_as_one_that_was_built(self) -> None:
        labkit.start()
        assert lived(labkit.start()) == lived(built()) == lived(labkit.start())

    def test_two_copies_share_nothing_that_could_change(self) -> None:
        first, second, third = changeable(labkit.start()), changeable(labkit.start()), labkit.start()
        assert len(second) > 500
        assert not first.keys() & second.keys()
        assert not second.keys() & changeable(third).keys()

    def test_all_are_copies_of_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        builds: list[Any] = []
        monkeypatch.setattr(lab_module, "build", lambda *of: builds.append(of) or build(*of))
        for _ in range(4):
            labkit.start("2020-01", 977)
        assert len(builds) == 1

    def test_without_a_seed_none_is(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(lab_module, "_image", None)
        passwords = {labkit.start(seed=None).people["carl"].password for _ in range(3)}
        assert len(passwords) == 3

    def test_what_only_looks_like_a_seed_finds_no_image(self) -> None:
        for _ in range(3):
            labkit.start(seed=1)
        for seed in (True, 1.0):
            with pytest.raises(BadInput):
                labkit.start(seed=seed)  # type: ignore[arg-type]

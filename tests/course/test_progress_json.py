"""What is exported comes in again, and nothing else does."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.core.errors import BadInput
from labkit.course.progress_json import MARK, from_json, to_json
from labkit.course.progress_state import MOST, Effort, Forecast, Progress
from tests.course.progress_samples import PROGRESS

SAMPLE = Progress(
    {"auth-fresh": Effort(3, True, 1, {"idea": 2}, True, 5)}, {"enc-raw": Forecast("found", None, 4)}
)


def spoilt(path: str, value: Any) -> bytes:
    """The sample with something else at a place."""
    content = json.loads(to_json(SAMPLE))
    at = content
    *parts, last = path.split("/")
    for part in parts:
        at = at[part]
    if value is KeyError:
        del at[last]
    else:
        at[last] = value
    return json.dumps(content).encode()


@given(PROGRESS)
def test_an_export_comes_in_as_it_went_out(progress: Progress) -> None:
    assert from_json(to_json(progress).encode()) == progress


def test_an_export_can_be_read_by_people() -> None:
    assert to_json(SAMPLE).splitlines()[:4] == [
        "{",
        '  "exercises": {',
        '    "auth-fresh": {',
        '      "attempts": 3,',
    ]
    assert to_json(SAMPLE) == to_json(copy.deepcopy(SAMPLE))
    assert to_json(SAMPLE).endswith("}\n")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_a_shell_makes_of_a_redirected_export_comes_in(encoding: str) -> None:
    assert from_json(to_json(SAMPLE).encode(encoding)) == SAMPLE


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (MARK, 2, "exported by a newer version of the lab"),
        (MARK, True, "the file is wrong"),
        (MARK, 0, "the file is wrong"),
        (MARK, "1", "the file is wrong"),
        (MARK, KeyError, "the file is wrong"),
        ("more", 1, "the export is wrong"),
        ("exercises", KeyError, "the export is wrong"),
        ("exercises", [], "exercises is wrong"),
        ("exercises", {f"x{n}": {} for n in range(10_001)}, "exercises is wrong"),
        ("exercises/", {}, "an id in exercises is wrong"),
        ("exercises/two words", {}, "an id in exercises is wrong"),
        (f"exercises/{'x' * 121}", {}, "an id in exercises is wrong"),
        ("exercises/\u202ex", {}, "an id in exercises is wrong"),
        ("exercises/auth-fresh", None, "exercises/auth-fresh is wrong"),
        ("exercises/auth-fresh/more", 1, "exercises/auth-fresh is wrong"),
        ("exercises/auth-fresh/last", KeyError, "exercises/auth-fresh is wrong"),
        ("exercises/auth-fresh/last", 0, "exercises/auth-fresh/last is wrong"),
        ("exercises/auth-fresh/last", MOST + 1, "exercises/auth-fresh/last is wrong"),
        ("exercises/auth-fresh/attempts", -1, "exercises/auth-fresh/attempts is wrong"),
        ("exercises/auth-fresh/attempts", 3.0, "exercises/auth-fresh/attempts is wrong"),
        ("exercises/auth-fresh/attempts", True, "exercises/auth-fresh/attempts is wrong"),
        ("exercises/auth-fresh/attempts", 0, "passed without an attempt"),
        ("exercises/auth-fresh/attempts", 1, "exercises/auth-fresh/misconceptions/idea is wrong"),
        ("exercises/auth-fresh/hints", "1", "exercises/auth-fresh/hints is wrong"),
        ("exercises/auth-fresh/passed", 1, "exercises/auth-fresh/passed is wrong"),
        ("exercises/auth-fresh/explained", None, "exercises/auth-fresh/explained is wrong"),
        ("exercises/auth-fresh/misconceptions", [], "exercises/auth-fresh/misconceptions is wrong"),
        ("exercises/auth-fresh/misconceptions/idea", 0, "exercises/auth-fresh/misconceptions/idea is wrong"),
        ("predictions/enc-raw", [], "predictions/enc-raw is wrong"),
        ("predictions/enc-raw/choice", None, "neither choice nor outcome"),
        ("predictions/enc-raw/choice", "", "predictions/enc-raw/choice is wrong"),
        ("predictions/enc-raw/choice", "x" * 201, "predictions/enc-raw/choice is wrong"),
        ("predictions/enc-raw/choice", "\x1b[2J", "predictions/enc-raw/choice is wrong"),
        ("predictions/enc-raw/choice", "\ud800", "predictions/enc-raw/choice is wrong"),
        ("predictions/enc-raw/outcome", ["x"], "predictions/enc-raw/outcome is wrong"),
        ("predictions/enc-raw/last", None, "predictions/enc-raw/last is wrong"),
    ],
)
def test_each_fault_is_named(path: str, value: Any, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        from_json(spoilt(path, value))
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"not json",
        b"\xff\xfe\xfd",
        b"[" * 100_000,
        b'{"labkit-progress": ' + b"1" * 5_000 + b"}",
        b'{"labkit-progress": 1, "labkit-progress": 1, "exercises": {}, "predictions": {}}',
        b'{"labkit-progress": 1, "exercises": {}, "predictions": {}} more',
        b" " * 5_000_001,
    ],
    ids=lambda data: repr(data[:20]),
)
def test_what_is_no_export_is_told(data: bytes) -> None:
    with pytest.raises(BadInput, match=r"This is not progress of the lab: the file is wrong\."):
        from_json(data)


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
PATHS = st.sampled_from(
    [
        *("exercises", "exercises/x", "exercises/auth-fresh", "exercises/auth-fresh/misconceptions"),
        *(f"exercises/auth-fresh/{name}" for name in Effort.__dataclass_fields__),
        *("predictions", "predictions/x", "predictions/enc-raw", "more", MARK),
        *(f"predictions/enc-raw/{name}" for name in Forecast.__dataclass_fields__),
    ]
)


def accepted_as_it_is(data: bytes) -> None:
    """What is not refused is progress, and is exported as the same again."""
    try:
        progress = from_json(data)
    except BadInput:
        return
    assert from_json(to_json(progress).encode()) == progress
    assert json.loads(to_json(progress)) == json.loads(data)


@given(PATHS, VALUES)
def test_a_spoilt_export_is_refused_or_is_another_export(path: str, value: Any) -> None:
    accepted_as_it_is(spoilt(path, value))


@given(st.one_of(st.binary(), VALUES.map(lambda value: json.dumps(value).encode())))
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput):
        from_json(data)


@given(st.data())
def test_an_export_with_a_byte_changed_is_refused_or_is_another_export(data: st.DataObject) -> None:
    text = bytearray(to_json(SAMPLE), "ascii")
    text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    accepted_as_it_is(bytes(text))

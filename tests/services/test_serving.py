"""The scoring script, its settings, and what is taken for a body."""

import json
from traceback import format_exception
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.core.errors import BadRequest
from labkit.services.machine_learning.serving import (
    DEEPEST_BODY,
    LONGEST_BODY,
    USUAL_MILLISECONDS,
    BodyTooLarge,
    ScoringScript,
    ScriptFailed,
    Serving,
    body_text,
    check_ahead,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(), inside, max_size=4),
)


def nested(depth: int, kind: str = "list") -> str:
    return "[" * depth + "]" * depth if kind == "list" else '{"a":' * depth + "1" + "}" * depth


@given(JSON, st.booleans())
def test_every_json_is_a_body_as_text_and_as_bytes(value: Any, escaped: bool) -> None:
    text = json.dumps(value, ensure_ascii=escaped)
    try:
        raw = text.encode()
    except UnicodeEncodeError:
        return
    assert body_text(text) == body_text(raw) == text


@given(st.text() | st.binary())
def test_anything_else_is_a_bad_request_and_nothing_worse(value: str | bytes) -> None:
    try:
        body_text(value)
    except BadRequest:
        return
    json.loads(value)


@pytest.mark.parametrize(
    "body",
    [
        *(
            "",
            " ",
            "x",
            "{",
            "[1,]",
            "{'a': 1}",
            "NaN",
            "[Infinity]",
            "-Infinity",
            "1 2",
            "\ufeff1",
            '"',
            '"\\',
        ),
        *('"\ud800"', b"", b"\xff", "1".encode("utf-16"), None, 5, [], {}, bytearray(b"1")),
    ],
    ids=ascii,
)
def test_what_is_no_json_is_a_bad_request(body: Any) -> None:
    with pytest.raises(BadRequest) as caught:
        body_text(body)
    assert str(caught.value).encode()


@pytest.mark.parametrize("kind", ["list", "dict"])
def test_nesting_is_taken_up_to_a_depth(kind: str) -> None:
    assert body_text(nested(DEEPEST_BODY, kind))
    for depth in (DEEPEST_BODY + 1, 10_000, 200_000):
        with pytest.raises(BadRequest, match="deeply"):
            body_text(nested(depth, kind))
        # Not closed, or closed first: it is looked at before anything reads it.
        with pytest.raises(BadRequest):
            body_text(nested(depth, kind)[: depth * 3])
        with pytest.raises(BadRequest):
            body_text("]" * depth + nested(depth, kind))


def test_brackets_side_by_side_or_in_strings_are_not_nested() -> None:
    for value in ([[]] * 10_000, ["[" * 10_000], {"{" * 500: '"[' * 500}, ["\\" * 99 + '"', "[{" * 200]):
        assert body_text(json.dumps(value))


def test_a_long_number_is_json() -> None:
    assert body_text("9" * 10_000)


@pytest.mark.parametrize("long", [LONGEST_BODY + 1, 10_000_000])
def test_a_long_body_is_too_large(long: int) -> None:
    for body in ("1" * long, b"[" * long, " " * long, "é" * (long // 2 + 1)):
        with pytest.raises(BodyTooLarge) as caught:
            body_text(body)
        assert len(str(caught.value)) < 300
    assert body_text("1" + " " * (LONGEST_BODY - 1))


class TestScript:
    def test_it_gets_the_body_and_gives_a_copy(self) -> None:
        kept: list[Any] = []

        def run(raw: str) -> Any:
            kept.append(json.loads(raw))
            return kept

        script = ScoringScript(run)
        assert script.answer('{"a": 1}') == [{"a": 1}]
        script.answer("2").append("changed by the client")
        assert kept == [{"a": 1}, 2]
        assert script.takes("1") == USUAL_MILLISECONDS

    @pytest.mark.parametrize(
        "error",
        [ValueError("lab-secret"), KeyError(), SystemExit(3), RecursionError(), MemoryError()],
        ids=repr,
    )
    def test_what_it_raises_is_its_failure_and_is_not_told(self, error: BaseException) -> None:
        def run(raw: str) -> Any:
            raise error

        with pytest.raises(ScriptFailed) as caught:
            ScoringScript(run).answer("1")
        assert caught.value.presented == type(error).__name__
        assert "lab-secret" not in "".join(format_exception(caught.value))

    def test_who_interrupts_it_interrupts_it(self) -> None:
        def run(raw: str) -> Any:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            ScoringScript(run).answer("1")

    @pytest.mark.parametrize(
        "result", [object(), b"x", {1, 2}, float("nan"), lambda: 1], ids=lambda x: type(x).__name__
    )
    def test_what_it_returns_is_json(self, result: Any) -> None:
        with pytest.raises(ScriptFailed):
            ScoringScript(lambda raw: result).answer("1")

    def test_what_it_takes_may_depend_on_the_body(self) -> None:
        script = ScoringScript(str, milliseconds=lambda body: 10 * len(body))
        assert [script.takes(body) for body in ("1", "111")] == [10, 30]

    @pytest.mark.parametrize("taken", [-1, 1.5, True, None, "9", 10**5000], ids=lambda x: type(x).__name__)
    def test_time_that_cannot_be_is_a_failure_or_a_bad_request(self, taken: Any) -> None:
        with pytest.raises(ScriptFailed):
            ScoringScript(str, milliseconds=lambda body: taken).takes("1")
        with pytest.raises(BadRequest):
            ScoringScript(str, milliseconds=taken)

    @pytest.mark.parametrize("run", [None, "run", 5])
    def test_it_is_a_function(self, run: Any) -> None:
        for args in ({"run": run}, {"run": str, "init": "init"}):
            with pytest.raises(BadRequest):
                ScoringScript(**args)

    def test_it_starts_unless_its_init_raises(self) -> None:
        assert ScoringScript(str).starts
        assert ScoringScript(str, init=dict).starts
        assert not ScoringScript(str, init=lambda: 1 / 0).starts
        assert not ScoringScript(str, init=lambda: exit(1)).starts


class TestSettings:
    @pytest.mark.parametrize("value", [-1, 1.0, True, None, "1", 10**10])
    def test_settings_are_whole_numbers(self, value: Any) -> None:
        for name in vars(Serving()):
            with pytest.raises(BadRequest, match=name):
                Serving(**{name: value})

    def test_only_the_wait_may_be_nothing(self) -> None:
        assert Serving(max_request_wait_time=0)
        for name in set(vars(Serving())) - {"max_request_wait_time"}:
            with pytest.raises(BadRequest, match=name):
                Serving(**{name: 0})

    def test_the_defaults_are_the_sdk_s(self) -> None:
        assert vars(Serving()) == {
            "num_replicas": 1,
            "replica_max_concurrent_requests": 1,
            "max_request_wait_time": 500,
            "scoring_timeout_ms": 60_000,
        }

    @given(st.integers(1, 50), st.integers(1, 10), st.integers(0, 1000), st.integers(0, 1000))
    def test_waiting_is_what_a_line_before_as_many_counters_makes(
        self, replicas: int, each: int, ahead: int, takes: int
    ) -> None:
        free_at = [0] * (replicas * each)
        for _ in range(ahead):
            first = free_at.index(min(free_at))
            free_at[first] += takes
        serving = Serving(num_replicas=replicas, replica_max_concurrent_requests=each)
        assert serving.wait(ahead, takes) == min(free_at)

    @pytest.mark.parametrize("ahead", [-1, 1.0, True, None, "1", 10**5000], ids=lambda x: type(x).__name__)
    def test_how_many_are_there_is_a_number(self, ahead: Any) -> None:
        with pytest.raises(BadRequest):
            check_ahead(ahead)

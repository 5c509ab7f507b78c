"""What can happen to progress, and how two of them become one."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from labkit.course.progress_json import from_json, to_json
from labkit.course.progress_state import (
    MOST,
    Change,
    Effort,
    Forecast,
    Progress,
    attempted,
    chose,
    explained,
    forgotten,
    hinted,
    merged,
    revealed,
)
from tests.course.progress_samples import CHANGES, IDS, PROGRESS, played

# ---- merging


@given(PROGRESS)
def test_merging_twice_is_merging_once(one: Progress) -> None:
    assert one | one == one
    assert one | Progress() == one == Progress() | one


@given(PROGRESS, PROGRESS)
def test_it_does_not_matter_which_comes_first(one: Progress, other: Progress) -> None:
    assert one | other == other | one
    assert merged(other)(one) == one | other
    assert merged(other)(merged(other)(one)) == one | other


@given(PROGRESS, PROGRESS, PROGRESS)
def test_it_does_not_matter_which_two_come_together_first(a: Progress, b: Progress, c: Progress) -> None:
    assert (a | b) | c == a | (b | c)


@given(PROGRESS, PROGRESS)
def test_what_was_merged_holds_what_either_holds(one: Progress, other: Progress) -> None:
    both = one | other
    assert both.ids == one.ids | other.ids
    for id, effort in one.exercises.items():
        kept = both.exercises[id]
        assert (kept.passed, kept.explained) >= (effort.passed, False)
        assert kept.explained or not effort.explained
        assert kept.attempts >= effort.attempts
        assert kept.hints >= effort.hints
        assert kept.last >= effort.last
        assert all(kept.misconceptions[name] >= count for name, count in effort.misconceptions.items())
    for id, forecast in both.predictions.items():
        assert forecast in (one.predictions.get(id), other.predictions.get(id))
    # What was merged can be exported, and comes in again.
    assert from_json(to_json(both).encode()) == both


@given(PROGRESS, st.lists(CHANGES, max_size=8))
def test_no_change_makes_progress_that_is_none(progress: Progress, changes: list[Change]) -> None:
    after = played(*changes, after=progress)
    assert from_json(to_json(after).encode()) == after
    before = progress.exercises
    assert all(after.exercises[id].passed >= effort.passed for id, effort in before.items())


def test_of_two_predictions_one_comes_whole() -> None:
    made, seen = Forecast("accepted", None, 9), Forecast(None, "refused", 20)
    assert made | seen == seen, "never the choice of one with the outcome of the other"
    assert made | Forecast("refused", None, 10) == Forecast("refused", None, 10), "the later choice"
    first, second = Forecast("accepted", "refused", 3), Forecast("refused", "refused", 5)
    assert first | second == second | first == first, "the first reveal"


# ---- what happens


def test_attempts_are_counted_and_what_was_passed_stays_so() -> None:
    done = played(attempted("x", False, "idea"), attempted("x", True), attempted("x", False, "idea"))
    assert done.exercises == {"x": Effort(3, True, 0, {"idea": 2}, True, 3)}


def test_an_answer_that_does_not_pass_explains_nothing() -> None:
    assert played(attempted("x", False)).exercises["x"] == Effort(attempts=1, last=1)


def test_the_same_hint_again_is_no_other_hint() -> None:
    done = played(hinted("x", 1), hinted("x", 2), hinted("x", 1))
    assert done.exercises["x"] == Effort(hints=2, last=3)


def test_a_solution_can_be_read_without_passing() -> None:
    assert played(explained("x")).exercises["x"] == Effort(explained=True, last=1)


def test_the_last_choice_before_the_reveal_counts_and_nothing_after_it() -> None:
    done = played(chose("p", "a"), chose("p", "b"), revealed("p", "a"), chose("p", "a"), revealed("p", "b"))
    assert done.predictions == {"p": Forecast("b", "a", 3)}
    assert done.predictions["p"].right is False


def test_a_reveal_without_a_choice_closes_the_prediction_too() -> None:
    done = played(revealed("p", "a"), chose("p", "a"))
    assert done.predictions == {"p": Forecast(None, "a", 1)}
    assert done.predictions["p"].right is None


def test_the_same_choice_again_changes_nothing() -> None:
    once = played(chose("p", "a"))
    assert chose("p", "a")(once) == once
    assert once.predictions["p"].right is None


def newest(progress: Progress) -> int:
    efforts, forecasts = progress.exercises.values(), progress.predictions.values()
    return max([0, *(one.last for one in efforts), *(one.last for one in forecasts)])


@given(PROGRESS, CHANGES)
def test_the_counter_goes_up_over_all_entries(progress: Progress, change: Change) -> None:
    after = change(progress)
    if after == progress:
        return
    before, now = newest(progress), newest(after)
    assert now == progress.next == min(before + 1, MOST)


def test_counts_end_where_an_export_could_not_hold_them() -> None:
    full = Progress({"x": Effort(MOST, False, 0, {"idea": MOST}, False, MOST)})
    after = attempted("x", False, "idea")(full)
    assert after == full
    assert from_json(to_json(after).encode()) == full


@given(PROGRESS, st.sets(IDS))
def test_what_is_forgotten_is_gone_and_the_rest_stays(progress: Progress, ids: set[str]) -> None:
    after = forgotten(ids)(progress)
    assert after.ids == progress.ids - ids
    assert all(progress.exercises[id] == effort for id, effort in after.exercises.items())
    assert all(progress.predictions[id] == one for id, one in after.predictions.items())


def test_what_was_forgotten_may_begin_anew() -> None:
    revealed_once = played(chose("p", "a"), revealed("p", "b"))
    again = played(forgotten({"p"}), chose("p", "b"), revealed("p", "b"), after=revealed_once)
    assert again.predictions["p"].right is True
    assert replace(again.predictions["p"], last=0) == Forecast("b", "b")

import subprocess
import sys
from dataclasses import replace

import pytest

from labkit.core.errors import BadInput
from labkit.course import exercise, prediction, registry
from labkit.course.exercise import Bench, Exercise, Result
from labkit.course.registry import pick
from labkit.course.worksheet import Worksheet, exercises
from tests.course.samples import ABOVE, ROLES, SAMPLES
from tests.hostile import CORPUS, dispose


def checked_by(check: object) -> Worksheet:
    return Worksheet(replace(ROLES, check=check))  # type: ignore[arg-type]


def test_a_worksheet_says_what_to_do() -> None:
    text = repr(Worksheet(ROLES))
    assert text.startswith("Exercise sample-roles: Who may do what (2 minutes, optional)")
    assert ROLES.prompt in text
    assert text.endswith('exercise("sample-roles").check(answer)')
    assert ROLES.prompt in Worksheet(ROLES)._repr_mimebundle_()["text/markdown"]


def test_an_answer_that_passes_is_explained() -> None:
    result = Worksheet(ROLES).check({"carl": "contributor", "rita": "reader"})
    assert result.passed
    assert repr(result) == "Passed. Two people, two roles.\nRoles say what somebody may do."


def test_a_wrong_answer_gets_a_counterexample_and_a_next_step() -> None:
    result = Worksheet(ROLES).check({"carl": "reader", "rita": "reader"})
    assert result.misconception == "all-equal"
    assert repr(result) == (
        "Not yet. carl holds another role than 'reader'. Roles differ.\n"
        'Hint 1 of 3: exercise("sample-roles").hint()'
    )


def test_what_was_said_is_not_said_twice() -> None:
    sheet = checked_by(lambda answer, bench: Result.wrong("Look. Roles differ.", "all-equal"))
    assert sheet.check(1).message == "Look. Roles differ."


def test_hints_come_one_by_one_and_end() -> None:
    sheet = Worksheet(ROLES)
    hints = [repr(sheet.hint()) for _ in range(5)]
    assert hints[:3] == [f"Hint {number} of 3: {hint}" for number, hint in enumerate(ROLES.hints, 1)]
    assert hints[3] == hints[4]
    assert hints[3].startswith("There are no more hints.")
    assert 'exercise("sample-roles").reveal()' in hints[3]


def test_hints_are_counted_by_exercise_and_not_by_worksheet() -> None:
    Worksheet(ROLES).hint()
    assert repr(Worksheet(ROLES).hint()).startswith("Hint 2")
    assert repr(Worksheet(ABOVE).hint()).startswith("Hint 1")
    assert "Hint 3 of 3" in repr(Worksheet(ROLES).check(None))
    Worksheet(ROLES).hint()
    assert 'exercise("sample-roles").reveal()' in repr(Worksheet(ROLES).check(None))


def test_no_answer_yet() -> None:
    assert "three dots" in repr(Worksheet(ROLES).check(...))


@pytest.mark.parametrize("name", CORPUS)
def test_a_careless_checker_still_cannot_hurt(name: str) -> None:
    def careless(answer: object, bench: Bench) -> Result:
        if answer == "carl" or len(answer) in {answer: 4}:  # type: ignore[arg-type]
            return Result.right(f"{answer} {list(answer)}")  # type: ignore[call-overload]
        return Result.not_yet(f"{answer!r} is not it.")

    answer = CORPUS[name]()
    result = checked_by(careless).check(answer)
    dispose(answer)
    assert type(result) is Result
    assert repr(result)


@pytest.mark.parametrize("check", [lambda answer, bench: None, lambda answer, bench: True, lambda: 1])
def test_a_checker_that_does_not_answer_passes_nobody(check: object) -> None:
    assert not checked_by(check).check(1).passed


def test_what_the_lab_says_to_the_checker_reaches_the_learner() -> None:
    result = checked_by(lambda answer, bench: bench.lab().sign_in(answer)).check("nobody")
    assert "The lab said no to your answer: Nobody of that name is in the lab." in repr(result)


def test_each_attempt_gets_a_fresh_lab() -> None:
    labs = []

    def check(answer: object, bench: Bench) -> Result:
        labs.extend([bench.lab(), bench.lab(release="2019-08", seed=7)])
        labs[0].clock.advance("1h")
        return Result.right(f"{labs[-2]!r} {labs[-1]!r}")

    first, second = (checked_by(check).check(1) for _ in range(2))
    assert len(set(map(id, labs))) == 4
    assert "2020-03" in first.message
    assert "release 2019-08, seed 7" in first.message
    assert second.message != first.message, "the clock of the first lab was moved, after all"


def test_an_unknown_id_names_the_nearest() -> None:
    with pytest.raises(BadInput, match='"sample-roles"'):
        pick("exercise", SAMPLES, "sample-role")
    with pytest.raises(BadInput, match="There is no such exercise"):
        exercise("zzz")


@pytest.mark.parametrize("name", CORPUS)
def test_an_id_may_be_anything(name: str) -> None:
    id = CORPUS[name]()
    with pytest.raises(BadInput) as refused:
        pick("exercise", SAMPLES, id)
    dispose(id)
    assert "one of sample-above, sample-roles" in str(refused.value) or '"sample-' in str(refused.value)


def test_content_is_found_in_the_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(isinstance(task, Exercise) for task in exercises())
    assert registry.content("NO_SUCH_TABLE") == ()


def test_importing_the_course_loads_no_exercise_and_nothing_heavy() -> None:
    code = (
        "import sys, labkit.course; "
        "print([m for m in sys.modules if m.startswith('labkit.course.exercises') or m == 'ipywidgets'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_package_hands_out_functions_and_not_their_modules() -> None:
    import labkit.course

    exercises()
    found = {name: getattr(labkit.course, name) for name in labkit.course.__all__}
    assert [name for name, value in found.items() if not callable(value)] == []
    assert prediction.predict is labkit.course.predict

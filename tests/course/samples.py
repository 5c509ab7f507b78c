"""Two small exercises, for testing the engine and the tests of exercises themselves."""

from labkit.course.checking import as_function, as_mapping, as_text, call_safely
from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer


def _check_roles(answer: object, bench: Bench) -> Result:
    roles = as_mapping(answer, at_most=10)
    for name, role in {"carl": "contributor", "rita": "reader"}.items():
        said = as_text(roles.get(name), what=f"What you say of {name}")
        if said != role:
            return Result.wrong(f"{name} holds another role than {said!r}.", "all-equal" if said else "empty")
    if "gita" in roles:
        return Result.wrong("gita was not asked for.", "guests-too")
    return Result.right("Two people, two roles.")


ROLES = Exercise(
    id="sample-roles",
    notebook="00-start-here.ipynb",
    title="Who may do what",
    minutes=2,
    prompt="Which role has carl, and which has rita? Set `answer` to a dict.",
    starter='answer = {"carl": "", "rita": ""}',
    solution='answer = {"carl": "contributor", "rita": "reader"}',
    hints=("One of them changes things.", "The other one looks at them.", "Azure has a word for each role."),
    explanation="Roles say what somebody may do.",
    check=_check_roles,
    wrong=(
        WrongAnswer('answer = {"carl": "reader", "rita": "reader"}', "all-equal", "Roles differ."),
        WrongAnswer('answer = {"carl": ""}', "empty", "Everybody here has a role."),
        WrongAnswer(
            'answer = {"carl": "contributor", "rita": "reader", "gita": "reader"}',
            "guests-too",
            "A guest is somebody else.",
        ),
    ),
)


def _check_above(answer: object, bench: Bench) -> Result:
    above = as_function(answer, parameters=1)
    for scope in (bench.lab().workspace, "/subscriptions/one"):
        said = as_text(call_safely(above, scope), what="What your function returns")
        if said == scope:
            return Result.wrong(f"For {scope!r} it says the same again.", "same")
        if said == "/":
            return Result.wrong(f"For {scope!r} it goes all the way up.", "root")
        if said.endswith("/"):
            return Result.wrong(f"For {scope!r} it says {said!r}.", "slash")
        if said != scope[: scope.rindex("/")]:
            return Result.not_yet(f"For {scope!r} it says {said!r}.")
    return Result.right()


ABOVE = Exercise(
    id="sample-above",
    notebook="00-start-here.ipynb",
    title="One step up",
    minutes=3,
    prompt="Write `above(scope)`, which returns the path without its last part. Set `answer` to it.",
    starter="def above(scope):\n    return scope\n\n\nanswer = above",
    solution='def above(scope):\n    return scope.rpartition("/")[0]\n\n\nanswer = above',
    hints=(
        "Where does the last part begin?",
        "Texts can be cut from the right.",
        "Keep the piece without the last part.",
    ),
    explanation="A scope is a beginning of an id.",
    check=_check_above,
    wrong=(
        WrongAnswer("answer = lambda scope: scope", "same", "A scope is not above itself."),
        WrongAnswer('answer = lambda scope: "/"', "root", "One step, not all of them."),
        WrongAnswer(
            'answer = lambda scope: scope[: scope.rindex("/") + 1]', "slash", "A scope ends with a name."
        ),
    ),
)

SAMPLES = (ROLES, ABOVE)

"""An exercise of 07-secrets-and-managed-identity: a connection string has leaked."""

from __future__ import annotations

from collections.abc import Sequence

from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.leaked_string import STEPS, Interruption, follow, leaked_string
from labkit.course.naming import in_order, list_source
from labkit.course.stepping import uncounted

NOTEBOOK = "07-secrets-and-managed-identity.ipynb"
_MOST = 12
_SWITCH, _RESYNC, _HIDE, _AWAY = (
    *("switch to key2", "resync"),
    *("delete the secret", "people out of the vault"),
)


def _check_leak(answer: object, bench: Bench) -> Result:
    steps = in_order(answer, STEPS)
    if not steps:
        return Result.not_yet("There is no step in the answer yet.")
    if len(steps) > _MOST:
        return Result.not_yet(f"Those are {len(steps)} steps. At most {_MOST} are needed.")
    return uncounted(lambda: _ended(bench, steps))


def _ended(bench: Bench, steps: Sequence[str]) -> Result:
    scene = leaked_string(bench.lab())
    found = follow(scene, steps)
    if found is not None:
        done = f"Step {found.number}, {steps[found.number - 1]!r}"
        if found.refused:
            return Result.not_yet(f"{done}, was refused: {found.said}")
        return Result.wrong(f"{done}: after it a run failed, with {found.said}", _interrupted(steps, found))
    alive = scene.alive()
    if alive:
        said = f"No run failed. After the last step mallory read a blob with the leaked string of {' and that of '.join(alive)}."
        return Result.wrong(said, _still_open(steps, alive))
    return Result.right(
        f"{len(steps)} steps, and a run after each of them: none failed. Both strings are worthless."
    )


def _interrupted(steps: Sequence[str], found: Interruption) -> str:
    """What somebody believes whose run fails after this step."""
    step, before = steps[found.number - 1], steps[: found.number - 1]
    if step == _HIDE:
        return "what-nobody-finds-is-safe"
    if step == "regenerate key2":
        return "the-other-is-always-free"
    return "resync-makes-new-keys" if _RESYNC in before else "resync-comes-in-time"


def _still_open(steps: Sequence[str], alive: Sequence[str]) -> str:
    """What somebody believes who leaves these strings alive."""
    if _AWAY in steps and len(alive) > 1:
        return "the-vault-has-leaked"
    return "moving-is-ending" if "key1" in alive else "the-one-in-use-is-the-one"


def _answer(*steps: str) -> str:
    return list_source(steps)


_RIGHT = ("regenerate key2", _SWITCH, "regenerate key1")

LEAK = Exercise(
    id="kv-leak",
    notebook=NOTEBOOK,
    title="The connection string in the repository",
    minutes=8,
    prompt="""
`scene = leaked_string(lab)`, called once with a new lab, sets the scene and tells the story: a connection string of the workspace's storage account
was committed to a public repository, with `key1`. In an older commit there is another one, with `key2`. Runs mount the account and write
to it, with the connection string that lies in the workspace's vault: at first that is the one with `key1`.

These steps are there, and `scene.take(step)` takes one:

- `"delete the secret"`: deletes the connection string from the workspace's vault
- `"people out of the vault"`: takes everybody out of the vault's access policy, but not the workspace's identity
- `"regenerate key1"`, `"regenerate key2"`: olivia regenerates this key of the storage account
- `"resync"`: olivia has the workspace's keys resynchronized
- `"switch to key2"`: olivia puts a connection string with `key2`, as it is then, into the workspace's vault

Set `answer` to the list of the steps that end it. After each of them a run starts, and none may fail. In the end neither of the strings that were
found opens anything. The two steps that stand there are those of the how-to.
""",
    starter=_answer("regenerate key1", _RESYNC),
    solution=_answer(*_RIGHT),
    hints=(
        "A string dies when the key in it is regenerated, and by nothing else. How many have to die?",
        "Whoever works with a key is refused at the moment in which it is regenerated. With which of the two does nobody work at first?",
        "Resynchronizing stores what the first key is at that moment. That is the right thing afterwards, and what you need is something before.",
    ),
    explanation="Two keys are there so that one can be replaced while the other works. The how-to, regenerate and resynchronize, is shorter, and each run that "
    "starts in between fails. In the end a resync may follow, at leisure. With tokens of the managed identity instead of keys there would "
    "have been nothing to commit.",
    check=_check_leak,
    wrong=(
        WrongAnswer(
            _answer("regenerate key1", _RESYNC),
            "resync-comes-in-time",
            "A resync brings the new key when the old one has been refused already.",
        ),
        WrongAnswer(
            _answer(_RESYNC, "regenerate key1"),
            "resync-makes-new-keys",
            "Resynchronizing stores the key that there is. It makes none.",
        ),
        WrongAnswer(
            _answer(_SWITCH, "regenerate key1"),
            "the-one-in-use-is-the-one",
            "The string in the older commit opens the account as well, whoever worked with it.",
        ),
        WrongAnswer(
            _answer("regenerate key2", _SWITCH),
            "moving-is-ending",
            "A key that nobody honest uses any more is still a key.",
        ),
        WrongAnswer(
            _answer(_SWITCH, "regenerate key1", "regenerate key2"),
            "the-other-is-always-free",
            "By then the runs work with this one.",
        ),
        WrongAnswer(
            _answer(_HIDE, "regenerate key1", "regenerate key2"),
            "what-nobody-finds-is-safe",
            "Copies are outside. What is deleted here is missing to the honest alone.",
        ),
        WrongAnswer(
            _answer(_AWAY),
            "the-vault-has-leaked",
            "Nobody took it out of the vault, and the storage account does not ask the vault who may come in.",
        ),
    ),
)

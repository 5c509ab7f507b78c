"""An exercise of 05-encryption-at-rest: the steps that give a storage account a key of one's own."""

from __future__ import annotations

from collections.abc import Sequence

from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.naming import in_order, list_source
from labkit.course.own_key import STEPS, begin, follow, follows, needed, opened, survives
from labkit.course.stepping import uncounted
from labkit.course.store_trials import account
from labkit.lab import Lab

NOTEBOOK = "05-encryption-at-rest.ipynb"
_ENCRYPTIONS = ("encryption", "encryption, this version")
# What somebody believes who takes a step that is not needed.
_SUPERFLUOUS = {
    "upload again": "one-more-cannot-hurt",
    "contributor": "roles-open-the-vault",
    "all permissions": "all-to-be-safe",
}


def _check_own_key(answer: object, bench: Bench) -> Result:
    steps = in_order(answer, STEPS)
    if not steps:
        return Result.not_yet("There is no step in the answer yet.")
    return uncounted(lambda: _taken(bench, steps))


def _taken(bench: Bench, steps: Sequence[str]) -> Result:
    lab = bench.lab()
    begin(lab)
    refused = follow(lab, steps)
    if refused is not None:
        number, refusal = refused
        found = f"Step {number}, {steps[number - 1]!r}, was refused: {refusal.heading}"
        return Result.wrong(found, _order(steps[: number - 1], steps[number - 1]))
    if account(lab).account_key.owner != "customer":
        found = "Every step went through. Whose key it is then, as the disk tells: Microsoft's."
        return Result.wrong(found, "making-it-is-using-it")
    more = sorted(opened(lab) - needed(lab))
    if more:
        found = f"The account uses olivia's key. Its identity could do this as well: {', '.join(more[:4])}."
        return Result.wrong(found, "all-to-be-safe")
    return _afterwards(lab, steps) or _least(bench, steps)


def _order(before: Sequence[str], step: str) -> str:
    """What somebody believes whose step is refused after those."""
    if step not in _ENCRYPTIONS or not {"identity", "key"} <= {*before}:
        return "any-order-will-do"
    return "roles-open-the-vault" if "contributor" in before else "the-store-asks-as-the-owner"


def _afterwards(lab: Lab, steps: Sequence[str]) -> Result | None:
    """What is wrong with it later: when the key is rotated, and when somebody deletes it."""
    if not follows(lab):
        found = "Then the key got a new version. An hour later the old one still wrapped the account's key."
        return Result.wrong(found, "a-version-is-more-exact")
    answers = survives(lab)
    if answers["read"] != "200":
        wrong = "deleted-is-not-gone" if "soft delete" in steps else "nobody-deletes-a-key"
        told = ", ".join(f"{step}: {answer}" for step, answer in answers.items())
        found = f"Somebody deleted the key by mistake, and cleaned up after that. olivia tried to recover it: the blob stays unreadable ({told})."
        return Result.wrong(found, wrong)
    return None


def _least(bench: Bench, steps: Sequence[str]) -> Result:
    """Whether each of the steps was needed."""
    for number, name in enumerate(steps):
        if _holds(bench.lab(), [*steps[:number], *steps[number + 1 :]]):
            found = f"It works, and does so without {name!r} as well."
            belief = _SUPERFLUOUS.get(name)
            return Result.wrong(found, belief) if belief else Result.not_yet(found)
    return Result.right("The blob that was there before reads as ever, and nobody has written it anew.")


def _holds(lab: Lab, steps: Sequence[str]) -> bool:
    begin(lab)
    if follow(lab, steps) is not None or account(lab).account_key.owner != "customer":
        return False
    return follows(lab) and survives(lab)["read"] == "200"


_PROTECT = ("soft delete", "purge protection")
_USE = ("key", "identity", "access policy", "encryption")


def _answer(*steps: str) -> str:
    return list_source(steps)


OWN_KEY = Exercise(
    id="enc-own-key",
    notebook=NOTEBOOK,
    title="A storage account under olivia's key",
    minutes=8,
    prompt="""
The storage account of `lab.workspace` holds a blob under Microsoft's key. From now on it is to be under a key in the workspace's vault. The
account follows when the key gets a new version, the key cannot be lost by somebody's mistake, and nobody gets rights that are not needed.
These steps are there; olivia takes them.

- `"encryption"`: tells the storage account the name of the key and the address of the vault
- `"encryption, this version"`: the same, with the key's present version
- `"identity"`: gives the storage account a managed identity
- `"access policy"`: lets that identity get, wrap and unwrap with the keys of the vault
- `"all permissions"`: lets that identity do everything with them
- `"contributor"`: makes that identity a Contributor of the vault
- `"key"`: makes the key in the vault
- `"purge protection"`: turns that on in the vault
- `"soft delete"`: turns that on in the vault
- `"upload again"`: reads the blob and writes it once more

Set `answer` to the list of the steps that it takes, in an order in which each goes through.
""",
    starter=_answer("encryption"),
    solution=_answer(*_PROTECT, *_USE),
    hints=(
        "Begin at the end: at the moment in which the account is told its key, it tries it out. What does it need for that, and as whom does it ask?",
        "Something can only be permitted to somebody who exists. And a vault protects from purging only what it would keep.",
        "Two of the steps have nothing to do with whether it works today. They decide what a careless administrator can do next year.",
    ),
    explanation="The account asks the vault itself, as its own managed identity: so first the key and the identity, then the permission, and then the account "
    "is told. No version means that it follows the newest. Nothing is uploaded again: only the account's key is wrapped anew. Azure itself insists on "
    "soft delete and purge protection here. The lab lets you go without, to see what happens.",
    check=_check_own_key,
    wrong=(
        WrongAnswer(
            _answer("encryption", *_USE[:3]),
            "any-order-will-do",
            "Each step needs what it speaks of: a permission needs somebody, protection from purging something that is kept. And the account tries its key out at once.",
        ),
        WrongAnswer(
            _answer(*_PROTECT, "key", "identity", "encryption"),
            "the-store-asks-as-the-owner",
            "olivia told it. It asks for itself, with its own identity, whenever it unwraps.",
        ),
        WrongAnswer(
            _answer(*_PROTECT, "key", "identity", "contributor", "encryption"),
            "roles-open-the-vault",
            "This vault follows its access policy, and a role on it wraps nothing.",
        ),
        WrongAnswer(
            _answer(*_PROTECT, *_USE[:3]),
            "making-it-is-using-it",
            "A key in a vault encrypts nothing until a store is told of it.",
        ),
        WrongAnswer(
            _answer(*_PROTECT, "key", "identity", "all permissions", "encryption"),
            "all-to-be-safe",
            "Whoever takes over the account has what its identity has.",
        ),
        WrongAnswer(
            _answer(*_PROTECT, *_USE[:3], "encryption, this version"),
            "a-version-is-more-exact",
            "An account that was told a version stays with it, and somebody has to remember it each year.",
        ),
        WrongAnswer(
            _answer(*_USE),
            "nobody-deletes-a-key",
            "In a vault without soft delete, deleting is final, and the data goes with the key.",
        ),
        WrongAnswer(
            _answer("soft delete", *_USE),
            "deleted-is-not-gone",
            "What is deleted can be purged, and then it is gone.",
        ),
        WrongAnswer(
            _answer(*_PROTECT, *_USE, "upload again"),
            "one-more-cannot-hurt",
            "Another key for the account changes no byte of what is stored.",
        ),
    ),
)

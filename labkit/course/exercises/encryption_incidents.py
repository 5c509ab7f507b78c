"""An exercise of 05-encryption-at-rest: five incidents with a key, and the one thing to do about each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.key_incidents import ACTIONS, Outcome, Scene, after, deleted, former_employee, gone, usual
from labkit.course.naming import chosen, dict_source
from labkit.course.stepping import uncounted
from labkit.lab import Lab

NOTEBOOK = "05-encryption-at-rest.ipynb"


def _unreadable(scene: Scene, found: Outcome) -> str:
    left = ", ".join(name for name in scene.stores if name not in found.readable)
    return f"An hour later nobody reads this any more: {left}." if left else ""


def _locked_out(scene: Scene, found: Outcome) -> str:
    unwrapped = "An hour later fred had the vault unwrap his copy of the account key, and it did."
    return _unreadable(scene, found) or (unwrapped if found.fred else "")


def _ended(scene: Scene, found: Outcome) -> str:
    if found.readable:
        return f"An hour later this could still be read: {', '.join(found.readable)}."
    left = ", ".join(name for name in scene.stores if name not in found.restored)
    lifted = f"Nobody reads anything. Then the order was lifted, and this stayed unreadable: {left}."
    return lifted if left else ""


def _rotated(scene: Scene, found: Outcome) -> str:
    same = "An hour later the same version of the key wrapped the account's key as before."
    return _unreadable(scene, found) or ("" if found.rotated else same)


@dataclass(frozen=True)
class Incident:
    """A story, the scene for it, what is wrong afterwards ("" for nothing), and what somebody believes who does
    the other things."""

    story: str
    scene: Callable[[Lab], Scene]
    wrong: Callable[[Scene, Outcome], str]
    beliefs: Mapping[str, str]


INCIDENTS: Mapping[str, Incident] = {
    "fred": Incident(
        "fred has left the company. The vault's access policy still lets him get, wrap and unwrap, and he took a copy of the storage account's "
        "wrapped key with him. He must not be able to unwrap it. Everybody else goes on as before.",
        former_employee,
        _locked_out,
        {"rotate": "a-new-version-shuts-out", "disable": "the-key-is-to-blame", "purge": "gone-is-safest"},
    ),
    "regulator": Incident(
        "A regulator orders that nobody is to read any of the data until further notice, within an hour. When the order is lifted, every byte "
        "is to be there.",
        usual,
        _ended,
        {
            "rotate": "rotating-is-revoking",
            "remove from access policy": "one-store-is-all",
            "purge": "gone-is-safest",
        },
    ),
    "policy": Incident(
        "The company's policy: once a year another version of the key has to be in use. Nobody is to notice.",
        usual,
        _rotated,
        {"disable": "the-old-one-has-to-go", "purge": "gone-is-safest"},
    ),
    "mistake": Incident(
        "An administrator of the vault deleted the key by mistake, yesterday. The vault has soft delete, and there is a backup of last week. The "
        "stores are to be readable again.",
        deleted,
        _unreadable,
        {
            "restore backup": "a-backup-comes-first",
            "rotate": "the-name-is-the-key",
            "purge": "gone-is-safest",
        },
    ),
    "old vault": Incident(
        "The same in a vault that was made without soft delete. There is a backup of last week.",
        gone,
        _unreadable,
        {
            "recover": "deleted-can-be-recovered",
            "rotate": "the-name-is-the-key",
            "purge": "gone-is-safest",
        },
    ),
}


def _check_incidents(answer: object, bench: Bench) -> Result:
    said = chosen(answer, dict.fromkeys(INCIDENTS, ACTIONS))
    return uncounted(lambda: _done(bench, said))


def _done(bench: Bench, said: Mapping[str, str]) -> Result:
    for name, incident in INCIDENTS.items():
        scene = incident.scene(bench.lab())
        found = after(scene, said[name])
        wrong = incident.wrong(scene, found)
        if wrong:
            told = f"olivia was told: {found.refused.heading} " if found.refused else ""
            belief = incident.beliefs.get(said[name], "")
            message = f"{name!r}, {said[name]!r}: {told}{wrong}"
            return Result.wrong(message, belief) if belief else Result.not_yet(message)
    return Result.right("Each was done in a lab of its own, and nothing was lost.")


_RIGHT = {
    "fred": "remove from access policy",
    "regulator": "disable",
    "policy": "rotate",
    "mistake": "recover",
    "old vault": "restore backup",
}


def _answer(**others: str) -> str:
    return dict_source(_RIGHT | {name.replace("_", " "): action for name, action in others.items()})


REVOKE_OR_ROTATE = Exercise(
    id="enc-revoke-or-rotate",
    notebook=NOTEBOOK,
    title="Revoke, rotate, recover",
    minutes=8,
    prompt="\n".join(
        [
            "The storage account and the container registry of a workspace are encrypted with one key of olivia's. Both follow its newest version. "
            "Each asks the vault with an identity of its own. Five things happen, each to a workspace of its own:",
            "",
            *(f'- `"{name}"`: {incident.story}' for name, incident in INCIDENTS.items()),
            "",
            "For each of them olivia does one of these:",
            "",
            '- `"rotate"`: makes a new version of the key',
            '- `"disable"`: disables all of its versions',
            '- `"remove from access policy"`: takes fred out of it; in the other incidents the identity of the storage account',
            '- `"recover"`: recovers the deleted key',
            '- `"restore backup"`: restores the key from its backup',
            '- `"purge"`: deletes the key if it is there, and purges it',
            "",
            "Set `answer` to a dict: for each incident what she does. It is done in a lab, and looked at an hour later.",
        ]
    ),
    starter=dict_source(dict.fromkeys(INCIDENTS, "")),
    solution=_answer(),
    hints=(
        "For each incident ask first who has to lose something: one person, everybody, or nobody.",
        "Old versions of a key stay as they are when there is a new one, and whoever may use the key may use them all. Which incident is this good for, and which one not?",
        "For the last two: a name that somebody deleted is either kept for a while, or it is free. What could you do in each of the two cases?",
    ),
    explanation="Rotating changes which version wraps, and takes nothing away from anybody. The access policy is about one principal. Disabling is about "
    "everybody, and can be undone to the last byte. Purging cannot. What fred had unwrapped before that day would stay his: the account's key "
    "itself is never changed, only what wraps it.",
    check=_check_incidents,
    wrong=(
        WrongAnswer(
            _answer(fred="rotate"),
            "a-new-version-shuts-out",
            "His copy was wrapped by the old version, which is still there, and he may still use it.",
        ),
        WrongAnswer(
            _answer(fred="disable"),
            "the-key-is-to-blame",
            "The key is fine. One of those who may use it should not.",
        ),
        WrongAnswer(
            _answer(regulator="rotate"),
            "rotating-is-revoking",
            "Rotation is made so that nobody notices.",
        ),
        WrongAnswer(
            _answer(regulator="remove from access policy"),
            "one-store-is-all",
            "Each store has an identity of its own. What they share is the key.",
        ),
        WrongAnswer(
            _answer(regulator="purge"),
            "gone-is-safest",
            "A purged key takes all with it that it has wrapped, for good.",
        ),
        WrongAnswer(
            _answer(policy="disable"),
            "the-old-one-has-to-go",
            "As long as it wraps the account's key, it is the only way to the data.",
        ),
        WrongAnswer(
            _answer(mistake="restore backup"),
            "a-backup-comes-first",
            "A backup replaces nothing, and the deleted key still has the name.",
        ),
        WrongAnswer(
            _answer(mistake="rotate"),
            "the-name-is-the-key",
            "Another key under the same name opens nothing of what the first one has wrapped.",
        ),
        WrongAnswer(
            _answer(old_vault="recover"),
            "deleted-can-be-recovered",
            "Only a vault with soft delete keeps what was deleted.",
        ),
    ),
)

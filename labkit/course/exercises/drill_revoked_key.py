"""Exercises of 10-incident-drills: something was done to the key under which production lies."""

from __future__ import annotations

from labkit.course.drills.judging import ending, finding
from labkit.course.drills.review import LET_IN, Review
from labkit.course.drills.revoked_key import RevokedKey
from labkit.course.exercise import Exercise, WrongAnswer

NOTEBOOK = "10-incident-drills.ipynb"

# Three kinds of deed, by the log in which each stands.
_SEARCH = """\
    vault, activity = case.log("Key Vault"), case.log("activity log")
    people = [f"{name}@contoso.example" for name in ("nils", "paul", "rosa", "ulla")]
    deeds = [
        (cause, person.partition("@")[0], found[0])
        for person in people
        for cause, found in (
            ("a version was disabled", vault.where(operation="Update key", identity=f"{person} *")),
            ("the key was deleted", vault.where(operation="Delete key", identity=f"{person} *")),
            ("an identity was taken out", activity.where(operationName="*accessPolicies/write", caller=person)),
        )
        if len(found)
    ]
    cause, who, deed = deeds[0]"""

_FIND = f"""\
from labkit.azure import KeyVault
from labkit.core.clock import iso
from labkit.course import drill


def search(case):
{_SEARCH}
    return cause, who, deed.timestamp


case = drill("revoked-key", seed=2020)
cause, who, since = search(case)
version = "all of them"
if cause == "a version was disabled":
    version = case.ask(KeyVault.list_key_versions, case.vault, case.key)[-1].version
refused = case.log("Azure Storage").where(operation="Get Blob", status="403*")
answer = {{
    "seed": 2020,
    "cause": cause,
    "version": version,
    "who": who,
    "since": iso(since),
    "felt": iso(refused[0].timestamp),
}}"""


def _found(seed: int = 2020, **said: str) -> str:
    """The solution, but for these."""
    changed = (f'answer["{name}"] = {value}' for name, value in said.items())
    return "\n".join([_FIND.replace("2020", str(seed)), *changed])


FIND = Exercise(
    id="drill-revoked-find",
    notebook=NOTEBOOK,
    title="What was done to the key",
    minutes=10,
    prompt="""
`case = drill("revoked-key", seed=...)` is the incident. `case.log("Key Vault")` has every call on the vault, `case.log("activity log")` every
change to it, `case.log("Azure Storage")` every request to the storage account. `case.principals` is the access policy. The vault itself can be asked:
`case.ask(KeyVault.list_key_versions, case.vault, case.key)`, `case.ask(KeyVault.list_deleted_keys, case.vault)`.

Set `answer` to a dict with the seed of your case and:

- `"cause"`: `"a version was disabled"`, `"the key was deleted"` or `"an identity was taken out"` (of the access policy)
- `"version"`: the version that it is about, or `"all of them"`
- `"who"`: nils, paul, rosa, ulla or olivia
- `"since"`: the minute in which it was done
- `"felt"`: the minute of the first request for a blob that was refused
""",
    starter='answer = {"seed": 2020, "cause": "", "version": "", "who": "", "since": "", "felt": ""}',
    solution=_FIND,
    hints=(
        "Many calls in the vault's log use the key. Which ones change something?",
        "Two kinds of log tell of changes: one of what happens in the vault, one of what happens to it.",
        "A store may hold what it has unwrapped for up to an hour. So look further back than the first refusal.",
    ),
    explanation="Whoever looks at the minute of the first refusal finds nothing there: the store had held the unwrapped key for a while. Routine changes of the same "
    "kind stand in the same log. What counts is whether something is wrapped with that version.",
    check=finding(RevokedKey.name),
    wrong=(
        WrongAnswer(
            _found(since='answer["felt"]'),
            "felt-is-done",
            "What was done comes before what is felt: revoking takes up to an hour to bite.",
        ),
        WrongAnswer(
            _found(felt='answer["since"]'),
            "done-is-felt",
            "A store goes on with what it has unwrapped, for up to an hour: felt is later than done.",
        ),
        WrongAnswer(
            _found(who='"olivia"'),
            "an-old-version-matters",
            "After a rotation and an hour, an old version is of no account.",
        ),
        WrongAnswer(
            _found(1, cause='"an identity was taken out"'),
            "who-is-asked-is-to-blame",
            "A refusal names who was refused, and not why. Look at the policy.",
        ),
        WrongAnswer(
            _found(cause='"the key was deleted"'),
            "gone-is-gone",
            "A deleted key is not found under its name. Ask.",
        ),
        WrongAnswer(
            _found(version="case.ask(KeyVault.list_key_versions, case.vault, case.key)[-1].version"),
            "one-version-is-the-key",
            "A key has versions. A policy and a deletion are about the key, disabling is about a version.",
        ),
    ),
)

_END = f"""\
from labkit.azure import Authorization, KeyVault, ResourceManager, VaultAccess

ENOUGH = {{"keys": ["get", "wrapKey", "unwrapKey"]}}


def search(case):
{_SEARCH}
    return cause, who


def out(case, who):
    person = case.lab.people[who].object_id
    case.ask(VaultAccess.remove_policy, case.vault, person)
    for one in case.ask(Authorization.assignments, case.lab.resource_group):
        if one["principalId"] == person:
            case.ask(Authorization.unassign, one["id"])


def back(case, cause):
    if cause == "the key was deleted":
        case.ask(KeyVault.recover_deleted_key, case.vault, case.key)
    elif cause == "a version was disabled":
        newest = case.ask(KeyVault.list_key_versions, case.vault, case.key)[-1].version
        case.ask(KeyVault.update_key, case.vault, case.key, newest, enabled=True)
    else:
        case.ask(VaultAccess.set_policy, case.vault, case.identity, ENOUGH)


def contain(case):
    cause, who = search(case)
    STEPS


answer = {{"seed": 2020, "contain": contain}}"""
_OUT, _BACK = "out(case, who)", "back(case, cause)"
_EVERYBODY = (
    *('for name in ("nils", "paul", "rosa", "ulla"):',),
    *("    case.ask(VaultAccess.remove_policy, case.vault, case.lab.people[name].object_id)",),
)


def _ended(*steps: str, seed: int = 2020) -> str:
    return _END.replace("STEPS", "\n    ".join(steps)).replace("2020", str(seed))


def _in(review: Review) -> bool:
    return review.fault == LET_IN


def _archivist(review: Review) -> bool:
    return isinstance(review.incident, RevokedKey) and review.incident.archivist == review.who


def _restored(review: Review) -> bool:
    return review.did("Update key", "Recover deleted key", "Set access policy")


END = Exercise(
    id="drill-revoked-end",
    notebook=NOTEBOOK,
    title="Back, and not once more",
    minutes=12,
    prompt="""
Write `contain(case)`. Within the hour the blobs and the images have to be readable, all of them, and whoever did it must not be able to do it again. They try
it again every minute. Whoever wraps keys of the archive must not be refused, not even once.

olivia may use all keys of the vault, and write its access policy: `VaultAccess.set_policy` and `remove_policy` on `case.vault` take an object id;
`KeyVault.update_key(name, version, enabled=...)`, `recover_deleted_key`, `create_key`, `restore_key` are on `case.vault` too. `case.lab.people["nils"].object_id` is
nils's; `case.identity` is that of the storage account's identity.

Set `answer` to a dict with the seed of your case and `"contain"`, your function.
""",
    starter='def contain(case):\n    return case.look()\n\n\nanswer = {"seed": 2020, "contain": contain}',
    solution=_ended(_OUT, _BACK),
    hints=(
        "By what right could they do it? That is what has to go, from one person.",
        "The data lies there as it always did. What is missing is one thing that was there this morning.",
        "They try again each minute. What follows for the order of your steps?",
    ),
    explanation="First out, then back: as long as somebody can undo what you mend, you have mended nothing. Nothing of the data was lost, since the key that "
    "wraps it was never gone for good. That is what soft delete is for.",
    check=ending(
        RevokedKey.name,
        ("the-vault-has-to-go", lambda review: review.did("vaults/delete")),
        ("rotate-it-away", lambda review: review.did("Create key", "Restore key")),
        ("everybody-out", _archivist),
        ("mended-is-over", lambda review: _in(review) and _restored(review)),
        ("mended-first", lambda review: review.who and _restored(review)),
        ("out-is-mended", lambda review: review.who and not _in(review)),
    ),
    wrong=(
        WrongAnswer(
            _ended(_BACK),
            "mended-is-over",
            "They could do it, and they still can.",
        ),
        WrongAnswer(
            _ended(_OUT),
            "out-is-mended",
            "Nobody can do it again. What they did is done all the same.",
        ),
        WrongAnswer(
            _ended(_BACK, _OUT),
            "mended-first",
            "Between your first step and your last one they did it again.",
        ),
        WrongAnswer(
            _ended(*_EVERYBODY, _BACK, seed=1),
            "everybody-out",
            "One of them did it. Another one works there.",
        ),
        WrongAnswer(
            _ended(_OUT, "case.ask(KeyVault.create_key, case.vault, case.key)", seed=2),
            "rotate-it-away",
            "What is wrapped is wrapped with an old version. Without that one it stays wrapped.",
        ),
        WrongAnswer(
            _ended("case.ask(ResourceManager.delete, case.vault)"),
            "the-vault-has-to-go",
            "The only key to the data is in it.",
        ),
    ),
)

EXERCISES = (FIND, END)

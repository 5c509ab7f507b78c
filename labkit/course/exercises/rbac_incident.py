"""Exercises of 03-rbac-matrix: who has what, in a tenant where others work; and the managed identity's permissions."""

from __future__ import annotations

from labkit.core.errors import brief
from labkit.course.checking import NotUsable, as_sequence, as_text
from labkit.course.deeds import tried
from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.exercises.rbac_deny import MEND_DENY
from labkit.course.incidents import DONE, GOES_ON, incident
from labkit.course.revocations import VAULT, revocations
from labkit.lab import Lab
from labkit.services.authorization import Authorization

NOTEBOOK = "03-rbac-matrix.ipynb"


def _texts(answer: object, at_most: int = 40) -> list[str]:
    """The answer's texts, each once. Raises NotUsable for what is no set or list of texts."""
    if not any(type(answer) is kind for kind in (set, frozenset, list, tuple)):
        raise NotUsable('Set answer to a set or a list of texts, for instance {"..."}.')
    found = [as_text(one, longest=400, what="One of them") for one in as_sequence(answer, at_most=at_most)]
    return list(dict.fromkeys(found))


def _check_revoke(answer: object, bench: Bench) -> Result:
    said = [one.strip().lower() for one in _texts(answer)]
    tried_all = revocations()
    found = {one.permission: one for one in tried_all.each}
    if unknown := sorted(brief(one) for one in said if one not in found):
        return Result.not_yet(
            f"Not among the permissions: {', '.join(unknown)}. They are {', '.join(found)}."
        )
    for name, one in found.items():
        if one.broke and name in said:
            deeds = ", ".join(deed for deed, _ in one.broke)
            return Result.wrong(
                f"You say that nothing breaks without {name!r}. This broke: {deeds}.", _HURTS[name]
            )
    if tried_all.harmless <= set(said):
        return Result.right()
    # Which one it is stays unsaid: two answers would be enough to hear them all.
    if said:
        return Result.wrong("One is missing. Without it, all that was tried still worked.", "half-the-answer")
    return Result.wrong(
        "You say that each of them matters. Yet one was revoked, and all that was tried still worked.",
        "all-matter",
    )


# What somebody believes who takes the loss for harmless.
_HURTS = {
    "storage account": "contributor-reads-blobs",
    "resource group of the workspace": "own-rows-are-enough",
    VAULT: "roles-open-the-vault",
}

REVOKE = Exercise(
    id="rbac-revoke",
    notebook=NOTEBOOK,
    title="What the managed identity could do without",
    minutes=8,
    prompt="""
The managed identity of `lab.workspace` has five permissions:

- `"workspace"`: Contributor on the workspace
- `"storage account"`: Storage Blob Data Contributor on the storage account
- `"container registry"`: Contributor on the container registry
- `"resource group of the workspace"`: Contributor on that
- `"key vault"`: everything in the key vault, by its access policy

An administrator takes one of them away, and carl goes on working: models, notebooks, run secrets, data stores, runs, images, web
services on ACI and AKS, keys. For which of the five does nothing break, as long as the other four are there?

Set `answer` to the set of those. Think first; then you may try: revoke it in a lab, and do what carl does.
""",
    starter="answer = set()",
    solution='answer = {"workspace", "container registry"}',
    hints=(
        "Two of the five are about data: what is inside of a resource. No role on the management plane stands in for those.",
        "Draw the five as scopes: which of them lie below another one where the identity has the same role?",
        "And the one above the others: what is created in the group, and belongs to none of the other four?",
    ),
    explanation="What a wider assignment hides is not needed, until somebody tidies up the wider one. The documents ask not to "
    "revoke any of it: nobody can see from a row alone which of them carries the weight. Resynchronizing the keys "
    "brings all of them back.",
    check=_check_revoke,
    wrong=(
        WrongAnswer("answer = set()", "all-matter", "Some of these rights are there twice."),
        WrongAnswer(
            'answer = {"workspace"}',
            "half-the-answer",
            "What holds for the workspace holds for whatever else lies in the group.",
        ),
        WrongAnswer(
            'answer = {"workspace", "container registry", "storage account"}',
            "contributor-reads-blobs",
            "Contributor of the group manages the account, and reads no blob of it with a token.",
        ),
        WrongAnswer(
            'answer = {"workspace", "container registry", "key vault"}',
            "roles-open-the-vault",
            "This vault follows its access policy, and no role opens what is in it.",
        ),
        WrongAnswer(
            'answer = {"workspace", "container registry", "resource group of the workspace"}',
            "own-rows-are-enough",
            "Some of what Azure ML does is at no other row's scope: new things in the group, and keys.",
        ),
    ),
)


def _remove(lab: Lab, names: list[str]) -> str | None:
    """Removes assignments by their ids, as olivia. Returns the first name that is none, and then nothing is removed."""
    token = lab.sign_in("olivia").bearer
    ids = {one.id: one.resource_id for one in lab.parts.access.roles}
    if unknown := [name for name in names if name not in ids]:
        return unknown[0]
    for name in names:
        lab.ask("olivia", Authorization.unassign, ids[name], token)
    return None


_ML = "Microsoft.MachineLearningServices/workspaces"
_TAKES = dict(zip(DONE, (f"{_ML}/services/aci/write", f"{_ML}/computes/delete"), strict=True))


def _ends_it(bench: Bench, names: list[str]) -> bool:
    lab = bench.lab()
    incident(lab)
    _remove(lab, names)
    return not any(tried(lab, "ines", deed) for deed in DONE)


def _check_incident(answer: object, bench: Bench) -> Result:
    names = list(dict.fromkeys(one.strip().rstrip("/").rpartition("/")[2].lower() for one in _texts(answer)))
    if not names:
        return Result.not_yet("The answer names no role assignment yet.")
    lab = bench.lab()
    incident(lab)
    through_groups = {id for holder, *_, id in lab.access.assignments("ines").rows if "@" not in str(holder)}
    if (unknown := _remove(lab, names)) is not None:
        return Result.not_yet(f"The incident has no role assignment with the id {brief(unknown)}.")
    verdicts = {deed: tried(lab, "ines", deed) for deed in DONE}
    accepted = [deed for deed, verdict in verdicts.items() if verdict]
    if accepted:
        wrong = "one-way-of-two" if through_groups & set(names) else "her-name-on-it"
        why = lab.access.explain("ines", _TAKES[accepted[0]], lab.workspace).why
        return Result.wrong(f"These are gone, and ines may still {accepted[0]}: {why}.", wrong)
    if not tried(lab, "ines", "look at the workspace"):
        return Result.wrong("It is over, and ines may not even look at the workspace.", "all-of-hers")
    for who, deed, here in GOES_ON:
        if not tried(lab, who, deed, lab.workspace if here else lab.other_workspace):
            where = "" if here else " in the interns' own workspace"
            return Result.wrong(f"It is over, and {who} may not {deed}{where} any more.", "others-pay")
    return _least(bench, names)


def _least(bench: Bench, names: list[str]) -> Result:
    """Whether each of the removals was needed."""
    for name in names:
        if _ends_it(bench, [one for one in names if one != name]):
            return Result.wrong(f"It is over, and would be without removing {name}.", "to-be-safe")
    return Result.right()


def _answer(condition: str) -> str:
    return (
        "from labkit.azure import Authorization\n"
        "from labkit.course import rbac_incident\n\n"
        "scene = labkit.start()\n"
        "rbac_incident(scene)\n"
        'token = scene.sign_in("olivia").bearer\n'
        "found = [\n"
        "    one\n"
        "    for scope in (scene.workspace, scene.other_workspace)\n"
        '    for one in scene.ask("olivia", Authorization.assignments, scope, token)\n'
        "]\n"
        f'answer = [one["id"] for one in found if {condition}]'
    )


_CULPRITS = 'one["principalName"] in ("ml-projects", "students")'
_HERS = 'one["principalName"].startswith("ines")'

INCIDENT = Exercise(
    id="rbac-incident",
    notebook=NOTEBOOK,
    title="The intern and the web service",
    minutes=10,
    prompt="""
`rbac_incident(lab)`, called once with a new lab, sets the scene and tells the story: ines, an intern, has deployed a web service
to ACI and deleted a compute target in `lab.workspace`. There she should only look. Everybody else has to go on as before.

Find out how she came to have the rights, and which role assignments have to go: as few as possible, so that she can do neither
again, and nobody loses what they need. ines learns in `lab.other_workspace`, and is to go on with that as well.

Set `answer` to the list of their ids. `lab.access.assignments(...)` shows ids; so does `Authorization.assignments`, asked as olivia.
""",
    starter="answer = []",
    solution=_answer(_CULPRITS),
    hints=(
        "Take her two deeds one by one: lab.access.explain says which assignment grants it, and through which group.",
        "It says because of one assignment, and lists all that it looked at. How many of them grant the deed?",
        "For each assignment that you want to remove, look at who else holds it, and whether they have another one that "
        "is enough for what they do.",
    ),
    explanation="One of them reached her through three groups, from the subscription; the other was waiting behind it. "
    "Nobody had given ines either of them. Whoever nests groups hands out rights without seeing to whom, so ask for the "
    "decision (explain, who_can), and not for the assignments with a name on them.",
    check=_check_incident,
    wrong=(
        WrongAnswer(
            _answer(_HERS),
            "her-name-on-it",
            "Rights come through groups, and groups in groups, as well.",
        ),
        WrongAnswer(
            _answer('one["principalName"] == "ml-projects"'),
            "one-way-of-two",
            "Assignments add up: behind the one that grants there may be another.",
        ),
        WrongAnswer(
            _answer(f"{_CULPRITS} or {_HERS}"),
            "all-of-hers",
            "She is to look, and needs a role for that.",
        ),
        WrongAnswer(
            _answer('one["principalName"] in ("ml-projects", "students", "data-science", "interns")'),
            "others-pay",
            "An assignment is there for everybody whom it reaches.",
        ),
        WrongAnswer(
            _answer(
                'one["principalName"] in ("ml-projects", "students") or one["roleDefinitionName"] == "No services"'
            ),
            "to-be-safe",
            "Removing what does no harm is not the least that ends it.",
        ),
    ),
)

EXERCISES = (MEND_DENY, REVOKE, INCIDENT)

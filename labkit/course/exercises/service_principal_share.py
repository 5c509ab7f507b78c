"""An exercise of 02-service-principals: the role that create-for-rbac of 2019 gave unasked."""

from __future__ import annotations

from labkit.core.errors import LabError
from labkit.core.identity import within
from labkit.core.verdict import Verdict
from labkit.course.checking import NotUsable, as_sequence, as_text, text_of
from labkit.course.deeds import tried
from labkit.course.describing import in_short
from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.exercises.service_principal_ids import OBJECT_ID, az, follow_the_how_to
from labkit.course.naming import list_source
from labkit.furniture import CLIENT_ID, GROUPS, workspace_id
from labkit.lab import Lab
from labkit.services.authorization import Authorization

NOTEBOOK = "02-service-principals.ipynb"
_WORK = ("submit a run", "register a model")
_READ = "Microsoft.MachineLearningServices/workspaces/read"

# Who holds which role where: object id, role id, scope.
Held = tuple[str, str, str]


def _commands(answer: object) -> list[str]:
    if not any(type(answer) is kind for kind in (list, tuple)):
        raise NotUsable('Set answer to a list of commands, for instance ["az account show"].')
    return [as_text(one, longest=1_000, what="One of them") for one in as_sequence(answer, at_most=20)]


def _held(lab: Lab) -> set[Held]:
    return {(one.principal_id, one.role_id, one.scope) for one in lab.parts.access.roles}


def _named(lab: Lab, held: Held) -> str:
    who, role, scope = held
    return f"{lab.directory.name_of(who) or who}, {lab.access.role(role).name} of {scope}"


def _carry_out(lab: Lab, commands: list[str]) -> str:
    """What az says to the first that it does not carry out; "" where it carries out all."""
    for command in commands:
        try:
            az(lab, command)
        except LabError as error:
            return f"az stops at {in_short(command)}: {text_of(error)}"
    return ""


def _check_share(answer: object, bench: Bench) -> Result:
    commands = _commands(answer)
    if not commands:
        return Result.not_yet("There is no command in the answer yet.")
    lab = bench.lab()
    follow_the_how_to(lab)
    before = _held(lab)
    stopped = _carry_out(lab, commands)
    if lost := sorted(one for one in before - _held(lab) if one[0] != OBJECT_ID):
        return Result.wrong(f"This is gone as well: {_named(lab, lost[0])}.", "a-scope-is-everybody's")
    signed_in = Verdict.of(lambda: lab.sign_in(CLIENT_ID))
    if signed_in.refusal is not None:
        wrong = "new-secret" if signed_in.code == "AADSTS7000215" else "starts-anew"
        found = "The pipeline signs in with what it has, and gets"
        return Result.wrong(f"{found} {signed_in.refusal.heading}", wrong)
    if stopped:
        return Result.not_yet(stopped)
    return _here_alone(lab, before)


def _here_alone(lab: Lab, before: set[Held]) -> Result:
    """Whether ml-auth may work in ml-example, nowhere else, and hand out nothing."""
    if not tried(lab, CLIENT_ID, "look at the workspace"):
        return Result.wrong("ml-auth may not even look at ml-example.", "nothing-left")
    for deed in _WORK:
        if not tried(lab, CLIENT_ID, deed):
            return Result.wrong(f"In ml-example ml-auth may not {deed}.", "looks-and-does-nothing")
    mine = sorted(one for one in _held(lab) if one[0] == OBJECT_ID)
    for other in (lab.other_workspace, workspace_id(GROUPS[1], "your-workspace-name")):
        if tried(lab, CLIENT_ID, "look at the workspace", other):
            wide = any(
                within(lab.resource_group, scope) and scope != lab.resource_group for *_, scope in mine
            )
            place = "the same" if within(other, lab.resource_group) else "another"
            why = lab.access.explain(OBJECT_ID, _READ, other).why
            found = f"ml-auth reads your-workspace-name in {place} resource group as well: {why}."
            return Result.wrong(found, "a-share-takes-away" if wide else "the-group-is-enough")
    if wider := [one for one in mine if not within(one[2], lab.workspace)]:
        return Result.not_yet(f"There is more than ml-example in it: {_named(lab, wider[0])}.")
    if won := sorted(one for one in _held(lab) - before if one[0] != OBJECT_ID):
        return Result.not_yet(f"Nobody asked for this one: {_named(lab, won[0])}.")
    return _hands_out_nothing(lab)


def _hands_out_nothing(lab: Lab) -> Result:
    token, mallory = lab.sign_in(CLIENT_ID).bearer, lab.hire("mallory").object_id
    if lab.attempt("pipeline", Authorization.assign, lab.workspace, token, "Contributor", mallory):
        return Result.wrong(
            "With the pipeline's secret, mallory was made Contributor of ml-example.", "owner-as-printed"
        )
    return Result.right()


_SUBSCRIPTION = "/subscriptions/your-sub-id"
_GROUP = f"{_SUBSCRIPTION}/resourceGroups/your-resource-group-name"
_WORKSPACE = f"{_GROUP}/providers/Microsoft.MachineLearningServices/workspaces/ml-example"
_ADD = "az extension add -n azure-cli-ml"
_SHARE = (
    f"az ml workspace share -w ml-example -g your-resource-group-name --user {OBJECT_ID} --role contributor"
)
_TAKE = f"az role assignment delete --assignee {CLIENT_ID} --scope {_SUBSCRIPTION}"
_ANEW = f"az ad sp create-for-rbac --sdk-auth --name ml-auth --role contributor --scopes {_WORKSPACE}"


def _answer(*commands: str) -> str:
    return list_source(commands)


SHARE = Exercise(
    id="sp-share-least",
    notebook=NOTEBOOK,
    title="One workspace, and not the subscription",
    minutes=10,
    prompt="""
Somebody followed the how-to as far as `az ad sp create-for-rbac --sdk-auth --name ml-auth`, and pasted the secret into the nightly
pipeline. Which commands of az does olivia run now, so that ml-auth

- reads `ml-example` and works there: submits runs, registers models;
- holds no role anywhere else in the subscription, and cannot give roles to anybody;
- signs in with the secret that the pipeline has?

Nobody else is to lose anything. Set `answer` to the list of commands, as texts, in order. They are carried out in a fresh lab, where
olivia is logged in and no extension is installed. You may try them in a lab of your own: `lab.az("…")`.
""",
    starter="answer = []",
    solution=_answer(_ADD, _SHARE, _TAKE),
    hints=(
        "Start from what ml-auth has by now: az role assignment list --all --assignee your-client-id.",
        "Two things are to be done, and each is a role assignment: one comes, one goes. The how-to has a command for the first, and az "
        "has one for the second.",
        "Whichever takes an assignment away can be told whose it is, and where. Tell it both.",
    ),
    explanation="Give the small role before you take the large one, and no night fails. Making it right from the beginning is one "
    "command, create-for-rbac with --role and --scopes; later versions of az give no role unless they are told one. A token that the "
    "pipeline has used already may keep what it saw for up to half an hour.",
    check=_check_share,
    wrong=(
        WrongAnswer(
            _answer(_ADD, _SHARE),
            "a-share-takes-away",
            "Assignments add up: a small one beside a large one changes nothing. Contributor of the subscription came with "
            "create-for-rbac, unasked.",
        ),
        WrongAnswer(
            _answer(f"az ad sp delete --id {CLIENT_ID}", _ANEW),
            "starts-anew",
            "What was deleted is gone, its ids and its secret too. What is made under the old name is another application.",
        ),
        WrongAnswer(
            _answer(_TAKE, _ANEW),
            "new-secret",
            "create-for-rbac for a name that exists gives it the role, and a new secret that takes the place of all it had.",
        ),
        WrongAnswer(
            _answer(
                f"az role assignment create --assignee {CLIENT_ID} --role contributor -g {GROUPS[0]}", _TAKE
            ),
            "the-group-is-enough",
            "A role holds for everything below its scope, and a resource group may hold other workspaces.",
        ),
        WrongAnswer(
            _answer(_TAKE),
            "nothing-left",
            "The role that went was its only one.",
        ),
        WrongAnswer(
            _answer(_ADD, _SHARE.replace("contributor", "reader"), _TAKE),
            "looks-and-does-nothing",
            "Whoever only reads gets no work done.",
        ),
        WrongAnswer(
            _answer(_ADD, _SHARE.replace("contributor", "owner"), _TAKE),
            "owner-as-printed",
            "An Owner gives roles to others, and whoever has the secret is that Owner. The how-to prints owner, and this work does not "
            "need it.",
        ),
        WrongAnswer(
            _answer(_ADD, _SHARE, f"az role assignment delete --scope {_SUBSCRIPTION}"),
            "a-scope-is-everybody's",
            "Without an assignee the command is about all assignments at the scope.",
        ),
    ),
)

EXERCISES = (SHARE,)

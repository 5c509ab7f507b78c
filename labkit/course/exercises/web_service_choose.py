"""An exercise of 04-web-service-keys-vs-tokens: key or token, for three teams and what they need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from labkit.core.errors import brief
from labkit.course.auth_choice import FORMS, NEEDS, key_or_token
from labkit.course.checking import NotUsable, as_mapping, as_sequence, as_text
from labkit.course.describing import describe
from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer

NOTEBOOK = "04-web-service-keys-vs-tokens.ipynb"


@dataclass(frozen=True)
class Team:
    """What a team needs, as its story says; and what somebody believes who gives it the other form."""

    story: str
    needs: tuple[str, ...]
    belief: str


TEAMS: Mapping[str, Team] = {
    "price scanners": Team(
        "Four hundred scanners in the shops of other companies. Nobody there has an account in the tenant. What opens the "
        "service is put on a scanner when it leaves the factory, and nobody comes by to change it.",
        ("callers have no account", "callers have nothing to renew"),
        "tokens-are-always-safer",
    ),
    "sales tablets": Team(
        "Thirty sellers, all with accounts in the tenant. Tablets get lost, and often nobody says so: what is on one has to be "
        "worthless the next day, without anybody doing a thing. When a seller leaves, that one loses access and the others notice nothing.",
        ("a stolen credential ends by itself", "one caller can be shut out alone"),
        "a-key-for-each",
    ),
    "emergency line": Team(
        "Two programs of the team itself. They have a service principal, and could renew whatever it takes. The cluster is far from "
        "the workspace, on purpose: calls are to be answered also on a day when the workspace's region is down for hours. If what "
        "one program holds is stolen, olivia has to end that at once, and not what the other one holds.",
        ("the workspace's region may go down", "a stolen credential can be ended at once"),
        "renewing-in-time-is-enough",
    ),
}


def _choices(answer: object) -> dict[str, tuple[str, str]]:
    """The form and the need of each team. Raises NotUsable."""
    given = as_mapping(answer, at_most=20)
    if unknown := sorted(brief(name) for name in given.keys() - TEAMS.keys()):
        raise NotUsable(f"Not among the teams: {', '.join(unknown)}. They are {', '.join(TEAMS)}.")
    if missing := [name for name in TEAMS if name not in given]:
        raise NotUsable(f"The answer says nothing of {', '.join(missing)} yet.")
    return {name: _pair(name, given[name]) for name in TEAMS}


def _pair(name: str, said: object) -> tuple[str, str]:
    if not any(type(said) is kind for kind in (list, tuple)):
        raise NotUsable(f"What you say of {name!r} is {describe(said)}. It should be (key or token, a need).")
    words = as_sequence(said, at_most=10)
    if len(words) != 2:
        raise NotUsable(
            f"What you say of {name!r} has {len(words)} parts. It should be (key or token, a need)."
        )
    form, need = (as_text(one, longest=200, what=f"What you say of {name!r}").strip() for one in words)
    if form.lower() not in FORMS:
        raise NotUsable(f"For {name!r} the form is {brief(form)}. It should be {' or '.join(FORMS)}.")
    known = next((one for one in NEEDS if one.lower() == need.lower().replace("\u2019", "'")), None)
    if known is None:
        raise NotUsable(f"For {name!r} the need is {brief(need)}. It should be one of the seven in the list.")
    return form.lower(), known


def _check_choose(answer: object, bench: Bench) -> Result:
    for name, (form, need) in _choices(answer).items():
        team = TEAMS[name]
        choice = key_or_token(*team.needs)
        if form != choice.form:
            met = sum(form in forms for forms in choice.met.values())
            found = f"For the {name}: of {len(team.needs)} needs in the story, {form}s meet {met} when the lab tries."
            return Result.wrong(found, team.belief)
        if need not in choice.met:
            found = f"For the {name}: {form}s it is, and nothing in the story asks for this need: {need}."
            return Result.wrong(found, "good-to-have")
    return Result.right()


_RIGHT = {
    "price scanners": ("key", "callers have no account"),
    "sales tablets": ("token", "a stolen credential ends by itself"),
    "emergency line": ("key", "the workspace's region may go down"),
}


def _answer(**others: tuple[str, str]) -> str:
    chosen = _RIGHT | {name.replace("_", " "): pair for name, pair in others.items()}
    return "\n".join(
        [
            "answer = {",
            *(f'    "{name}": ("{form}", "{need}"),' for name, (form, need) in chosen.items()),
            "}",
        ]
    )


CHOOSE = Exercise(
    id="svc-choose",
    notebook=NOTEBOOK,
    title="Three teams, key or token",
    minutes=7,
    prompt="\n".join(
        [
            "Three teams have each deployed a service. Which form of authentication suits them, and which need decides it?",
            "",
            *(f'- `"{name}"`: {team.story}' for name, team in TEAMS.items()),
            "",
            "A need decides if the team's story states it, and only one of the two forms meets it. These are the needs that the lab can try:",
            "",
            *(f"- {need}" for need in NEEDS),
            "",
            'Set `answer` to a dict: for each team `("key", "...")` or `("token", "...")`, with one need that decides, in the words of the list.',
        ]
    ),
    starter="answer = {}",
    solution=_answer(),
    hints=(
        "Underline in each story what has to be so. What a team could do, or has anyway, decides nothing.",
        "For each need ask: what does a token need that a key does without? And what does it do by itself that a key never does?",
        "key_or_token(...) tries needs, one or several, with both forms. Its table has a column for each.",
    ),
    explanation="Neither is the safe one. A key needs nobody: no account, no region, no clock, and so it also ends by nobody's doing but yours. "
    "A token ends by itself and belongs to somebody, and needs the workspace for that. Where a team needs both, the service has to be split.",
    check=_check_choose,
    wrong=(
        WrongAnswer(
            _answer(price_scanners=("token", "callers have no account")),
            "tokens-are-always-safer",
            "Who fetches a token signs in first, and does so again each hour.",
        ),
        WrongAnswer(
            _answer(sales_tablets=("key", "one caller can be shut out alone")),
            "a-key-for-each",
            "A service has two keys, however many callers there are, and neither ends by itself.",
        ),
        WrongAnswer(
            _answer(emergency_line=("token", "a stolen credential can be ended at once")),
            "renewing-in-time-is-enough",
            "Renewing on time covers a short outage. And there is no operation that ends one token of a service.",
        ),
        WrongAnswer(
            _answer(emergency_line=("key", "callers have nothing to renew")),
            "good-to-have",
            "A form has many properties. What decides is what this team cannot do without.",
        ),
    ),
)

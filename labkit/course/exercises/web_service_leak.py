"""An exercise of 04-web-service-keys-vs-tokens: a key was committed to a public repository."""

from __future__ import annotations

from labkit.authenticators.service_key import ServiceKey
from labkit.core.errors import brief
from labkit.course.checking import NotUsable, as_mapping, as_sequence, as_text
from labkit.course.describing import describe
from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.rotation import KeyHolders, Step, as_steps
from labkit.course.service_incident import HONEST, QUESTIONS, Leak, leaked_key, undecided
from labkit.course.stepping import uncounted
from labkit.services.machine_learning.service_forms import WHICH

NOTEBOOK = "04-web-service-keys-vs-tokens.ipynb"
_PARTS = ("key", "steps", "unknown")


def _read(answer: object) -> tuple[str, list[Step], set[str]]:
    given = as_mapping(answer, at_most=10)
    if unknown := sorted(brief(part) for part in given.keys() - set(_PARTS)):
        raise NotUsable(f"Not among the parts: {', '.join(unknown)}. They are {', '.join(_PARTS)}.")
    if missing := [part for part in _PARTS if part not in given]:
        raise NotUsable(f"The answer has no {missing[0]!r} yet.")
    key = as_text(given["key"], longest=200, what="What you say of 'key'").strip().capitalize()
    if key not in WHICH:
        raise NotUsable(f"What you say of 'key' is {brief(given['key'])}. It should be {' or '.join(WHICH)}.")
    steps = as_steps(given["steps"], tuple(HONEST), what="What you say of 'steps'")
    return key, steps, _questions(given["unknown"])


def _questions(said: object) -> set[str]:
    if not any(type(said) is kind for kind in (set, frozenset, list, tuple)):
        raise NotUsable(f"What you say of 'unknown' is {describe(said)}. It should be a set of questions.")
    words = {
        as_text(one, longest=200, what="One of 'unknown'").strip() for one in as_sequence(said, at_most=20)
    }
    if strange := sorted(brief(one) for one in words - set(QUESTIONS)):
        raise NotUsable(f"Not among the questions: {', '.join(strange)}. They are {', '.join(QUESTIONS)}.")
    return words


def _check_leak(answer: object, bench: Bench) -> Result:
    key, steps, unknown = _read(answer)

    def judged() -> Result:
        return _ended(leaked_key(bench.lab()), key, steps) or _left_open(unknown, undecided(bench.lab))

    return uncounted(judged)


def _ended(scene: Leak, key: str, steps: list[Step]) -> Result | None:
    """What is wrong with the key or with the steps."""
    stolen = ServiceKey(scene.leaked.reveal())
    holders = KeyHolders(scene.lab, scene.service, HONEST)
    if holders.first[key] != stolen:
        found = f"The {key.lower()} key of the service is another text than the one that was found."
        return Result.wrong(found, "the-first-one-probably")
    if not steps:
        return Result.not_yet("It is that key. There is no step in the answer yet.")
    interruption = holders.follow(steps)
    if interruption is not None:
        return Result.wrong(str(interruption), "first-things-first")
    if holders.answer("mallory", stolen) == "200":
        wrong = "moving-is-ending" if all(one[0] == "switch" for one in steps) else "any-key-will-do"
        now = holders.alive
        told = "; ".join(
            f"the {which.lower()} key is {'the same' if now[which] else 'another'}" for which in WHICH
        )
        found = (
            f"After the last step mallory called, and was answered 200. Compared with the beginning, {told}."
        )
        return Result.wrong(found, wrong)
    return None


# What somebody believes who takes this for known.
_BELIEFS = {
    "which key": "the-log-knows-the-key",
    "which data": "the-log-keeps-the-data",
    "who": "names-are-proved",
}


def _left_open(said: set[str], found: frozenset[str]) -> Result:
    for question in QUESTIONS:
        if question in found - said:
            return Result.wrong(
                f"It is over. You take it for known {question!r}. The lab lived through that hour once more with another answer to "
                "that, and the requests looked the same.",
                _BELIEFS[question],
            )
        if question in said - found:
            return Result.wrong(
                f"It is over. You take it for unknown {question!r}. The lab lived through that hour once more with another answer to "
                "that, and the requests looked otherwise.",
                "logs-say-nothing",
            )
    return Result.right("mallory is refused, and neither of the honest clients ever was.")


_MOVE, _END = ("switch", "night job", "Primary"), ("regenerate", "Secondary")
_OPEN = ("which key", "which data", "who")


def _answer(
    key: str = "Secondary", steps: tuple[Step, ...] = (_MOVE, _END), unknown: tuple[str, ...] = _OPEN
) -> str:
    listed = ", ".join(repr(one) for one in steps)
    asked = "{" + ", ".join(repr(one) for one in unknown) + "}" if unknown else "set()"
    return f'answer = {{\n    "key": "{key}",\n    "steps": [{listed}],\n    "unknown": {asked},\n}}'.replace(
        "'", '"'
    )


LEAK = Exercise(
    id="svc-leak",
    notebook=NOTEBOOK,
    title="The key in the repository",
    minutes=10,
    prompt="""
`scene = leaked_key(lab)`, called once with a new lab, sets the scene and tells the story: a key of a web service was committed to a
public repository. `scene.leaked.reveal()` is the value that was found, `scene.service` the service, and `scene.insights` the
Application Insights component that it reports to. Its requests are read with `AppInsights.query`, by whoever has a role for that.

Set `answer` to a dict with three entries:

- `"key"`: which key it is, `"Primary"` or `"Secondary"`
- `"steps"`: what ends it, without a refusal for the shop or the night job. The steps are those of the rotation, for instance
  `("regenerate", "Primary")` and `("switch", "shop", "Secondary")`; after each one both clients call
- `"unknown"`: the set of what the requests, as Application Insights shows them, do not tell:
    - `"how many"`: how many requests there were in all
    - `"when"`: when they were made
    - `"which were refused"`: which were refused, and which were answered
    - `"which key"`: which of the two keys a request presented
    - `"which data"`: what a request asked
    - `"who"`: whether a request under the name of an honest client was that client's
""",
    starter='answer = {"key": "", "steps": [], "unknown": set()}',
    solution=_answer(),
    hints=(
        "olivia may have both keys shown to her. Texts can be compared.",
        "Before you take a key away, look who works with it: the owner's list says so, and the requests do not.",
        "Seven fields and a time: go through them one by one, and ask of each who wrote it there, the service or the caller.",
    ),
    explanation="Deleting the file would have ended nothing. A key says that somebody has it, and never who: so mallory's requests "
    "under another's name look like that one's, and what was asked with the key stays unknown. "
    "A token in that file would have ended by itself, within the hour.",
    check=_check_leak,
    wrong=(
        WrongAnswer(
            _answer(key="Primary"),
            "the-first-one-probably",
            "Nothing in the requests says which. Whoever has the value can find out.",
        ),
        WrongAnswer(
            _answer(steps=(_END, _MOVE)),
            "first-things-first",
            "It ends mallory's access, and somebody else's with it: an honest client held this key.",
        ),
        WrongAnswer(
            _answer(steps=(_MOVE,)),
            "moving-is-ending",
            "A key that nobody honest holds any more is still a key.",
        ),
        WrongAnswer(
            _answer(steps=(("switch", "shop", "Secondary"), ("regenerate", "Primary"))),
            "any-key-will-do",
            "Regenerating one key leaves the other as it is, for everybody who holds it.",
        ),
        WrongAnswer(
            _answer(unknown=("which data", "who")),
            "the-log-knows-the-key",
            "None of the fields is about what a request presented.",
        ),
        WrongAnswer(
            _answer(unknown=("which key", "who")),
            "the-log-keeps-the-data",
            "None of the fields is about what a request had in its body.",
        ),
        WrongAnswer(
            _answer(unknown=("which key", "which data")),
            "names-are-proved",
            "The user agent is what a caller says of itself.",
        ),
        WrongAnswer(
            _answer(unknown=(*_OPEN, "how many")),
            "logs-say-nothing",
            "The service reports every request that reaches it, refused ones too.",
        ),
    ),
)

"""The exercises and predictions of 01-authentication-flow: what tokens say and who has to look."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from labkit.core.credential import Bearer
from labkit.course.checking import NotUsable, as_exactly, as_function, as_text, as_truth, call_safely
from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.exercises.authentication_reach import MFA_REACH, STOLEN
from labkit.course.prediction import Prediction
from labkit.furniture import CLIENT_ID, PARTNER_TENANT
from labkit.identity.token import Token
from labkit.lab import Lab
from labkit.services.azure_ad import KEY_VAULT
from labkit.services.resource_manager import ResourceManager

NOTEBOOK = "01-authentication-flow.ipynb"

PREDICTIONS = (
    Prediction(
        id="mfa-password-alone",
        notebook=NOTEBOOK,
        question="The tenant requires a second factor. rita signs in with the right password and nothing else.",
        options=("accepted", "refused"),
    ),
    Prediction(
        id="token-at-61-minutes",
        notebook=NOTEBOOK,
        question="A token that was good for an hour is shown after 61 minutes.",
        options=("accepted", "refused"),
    ),
    Prediction(
        id="metric-after-two-hours",
        notebook=NOTEBOOK,
        question="carl's token has expired an hour ago. Now the machine writes the metric of his run.",
        options=("accepted", "refused"),
    ),
    Prediction(
        id="run-token-data-store",
        notebook=NOTEBOOK,
        question="Does a run's token open the data store credentials of its workspace?",
        options=("yes", "no"),
    ),
)

Claims = dict[str, Any]


def _check_whose(answer: object, bench: Bench) -> Result:
    whose = as_function(answer, parameters=1)
    lab = bench.lab()
    person, application = lab.sign_in("rita").claims, lab.sign_in(CLIENT_ID).claims
    for owner, claims, wanted in (
        ("rita", person, "person"),
        ("the application", application, "application"),
    ):
        said = as_text(call_safely(whose, dict(claims)), what="What whose(claims) returns")
        if said not in ("person", "application"):
            return Result.not_yet('whose(claims) has to return "person" or "application".')
        if said != wanted:
            why, misconception = _leaned_on(whose, person, application)
            return Result.wrong(f"For a token of {owner} it says {said!r}. {why}", misconception)
    return Result.right()


def _leaned_on(whose: Callable[..., Any], person: Claims, application: Claims) -> tuple[str, str]:
    """Which claim the answer depends on, found by changing one at a time."""
    for claims in (person, application):
        said = _says(whose, claims)
        for name, why in _MISLEADING.items():
            without = {key: value for key, value in claims.items() if key != name}
            for changed in (without, claims | {name: "carl@contoso.example"}):
                if _says(whose, changed) != said:
                    return why, f"{name}-tells"
    return "It says the same whatever the claims are.", "does-not-look"


def _says(whose: Callable[..., Any], claims: Claims) -> str:
    """What the function returns for these claims; a complaint is an answer too."""
    try:
        return as_text(call_safely(whose, dict(claims)))
    except NotUsable as complaint:
        return str(complaint)


_MISLEADING = {
    "appid": "A person's token has an appid too: the application through which they signed in.",
    "oid": "Both have an object id: both are accounts of the tenant.",
    "sub": "The subject is an opaque id for both of them.",
}

WHOSE = Exercise(
    id="auth-whose",
    notebook=NOTEBOOK,
    title="Whose token is this?",
    minutes=5,
    prompt="""
A service wants to treat people and applications differently. Write `whose(claims)`: it gets the claims of a token whose
signature was checked already, and returns `"person"` or `"application"`.

Set `answer` to the function.
""",
    starter='def whose(claims):\n    return "person"\n\n\nanswer = whose',
    solution=(
        "def whose(claims):\n"
        '    return "application" if claims.get("idtyp") == "app" else "person"\n\n\n'
        "answer = whose"
    ),
    hints=(
        "Sign in as carl and as the application, and put the two lists of claims side by side (section 3).",
        "Look for a claim that only one of the two has. Which of those says so in so many letters?",
        "One claim is there to name the type of the identity. For people it is absent, so ask for it carefully.",
    ),
    explanation="idtyp is made for this question: Azure AD writes app into it for an application. Most other claims are "
    "there for both, with another meaning than their name suggests.",
    check=_check_whose,
    wrong=(
        WrongAnswer(
            'def whose(claims):\n    return "application" if "appid" in claims else "person"\n\n\nanswer = whose',
            "appid-tells",
            "appid names the client. People use one as well.",
        ),
        WrongAnswer(
            'def whose(claims):\n    return "person" if "oid" in claims else "application"\n\n\nanswer = whose',
            "oid-tells",
            "Every account of a tenant has an object id.",
        ),
        WrongAnswer(
            'def whose(claims):\n    return "person" if "@" in claims["sub"] else "application"\n\n\nanswer = whose',
            "sub-tells",
            "sub identifies, it does not name.",
        ),
    ),
)


def _cases(lab: Lab) -> list[tuple[str, Claims, int, bool, str]]:
    """(what it is, claims, moment, whether to believe it, the misconception of who gets it wrong)."""
    good = lab.sign_in("carl").claims
    vault = lab.sign_in("carl", resource=KEY_VAULT).claims
    partner = lab.sign_in("gita", tenant=PARTNER_TENANT).claims
    now, end = lab.clock.now, int(good["exp"])
    return [
        (
            "a token of this tenant, for Resource Manager, ten minutes old",
            good,
            now + 600,
            True,
            "too-strict",
        ),
        ("a good token for Key Vault", vault, now, False, "any-audience"),
        ("a good token of another tenant", partner, now, False, "any-tenant"),
        ("the good token, two hours old", good, now + 7200, False, "any-time"),
        ("the good token at the very second of exp", good, end, False, "exp-included"),
        ("the good token, on a machine whose clock is a minute behind", good, now - 60, False, "not-before"),
    ]


def _check_believe(answer: object, bench: Bench) -> Result:
    believe = as_function(answer, parameters=2)
    for what, claims, now, wanted, misconception in _cases(bench.lab()):
        said = as_truth(call_safely(believe, dict(claims), now), what="What believe(claims, now) returns")
        if said is not wanted:
            verb = "believes" if said else "does not believe"
            return Result.wrong(f"Your function {verb} {what}.", misconception)
    return Result.right()


def _believe(*conditions: str) -> str:
    return f"def believe(claims, now):\n    return {' and '.join(conditions)}\n\n\nanswer = believe"


_AUD = 'claims["aud"] == "https://management.azure.com/"'
_TID = 'claims["tid"] == "your-tenant-id"'
_TIME = 'claims["nbf"] <= now < claims["exp"]'

BELIEVE = Exercise(
    id="auth-believe",
    notebook=NOTEBOOK,
    title="What a service has to check",
    minutes=10,
    prompt="""
You are Azure Resource Manager of the tenant `your-tenant-id`; your audience is `https://management.azure.com/`. Somebody else has
checked the signature. Write `believe(claims, now)`, which returns `True` when the token may be believed at the moment `now`
(in seconds, like the times in the claims), and otherwise `False`.

Set `answer` to the function.
""",
    starter="def believe(claims, now):\n    return True\n\n\nanswer = believe",
    solution=_believe(_AUD, _TID, _TIME),
    hints=(
        "A good signature says who made the token. It does not say whether it was made for you. Which claims do?",
        "Section 4 showed two tokens with a good signature that had to be refused. What was wrong with each?",
        "Two more claims are moments, one at either end. At the second one the token is over already.",
    ),
    explanation="Signature, tenant, audience, beginning and end: leave one out and a token that was never meant for you gets in. "
    "That is why services take a library for this, and why a library has to be told the audience.",
    check=_check_believe,
    wrong=(
        WrongAnswer(
            _believe(_TID, _TIME), "any-audience", "A token for another service is not a token for you."
        ),
        WrongAnswer(_believe(_AUD, _TIME), "any-tenant", "Every tenant can get tokens for your audience."),
        WrongAnswer(
            _believe(_AUD, _TID, 'claims["nbf"] <= now <= claims["exp"]'),
            "exp-included",
            "exp is the first moment at which the token is no longer valid.",
        ),
        WrongAnswer(_believe(_AUD, _TID), "any-time", "Without a look at exp a stolen token works for ever."),
        WrongAnswer(
            _believe(_AUD, _TID, 'now < claims["exp"]'),
            "not-before",
            "nbf is the first moment at which it counts.",
        ),
        WrongAnswer(
            _believe(_AUD, _TID, _TIME, '"groups" in claims'),
            "too-strict",
            "Claims that not every token has cannot be demanded of all.",
        ),
    ),
)

# Seconds between two calls, and on the way to the service. The third call of a cycle finds the token with 14 seconds left.
_WAITS = (1200, 1155, 1170)
_UNDERWAY = 30
_CYCLES = 4
_MANY_SIGN_INS = 8


def _check_fresh(answer: object, bench: Bench) -> Result:
    fresh = as_function(answer, parameters=2)
    lab = bench.lab()
    token = lab.sign_in(CLIENT_ID)
    begin = len(lab.trace)
    for wait in _WAITS * _CYCLES:
        lab.clock.advance(wait)
        token = as_exactly(call_safely(fresh, lab, token), Token, what="What fresh(lab, token) returns")
        left = token.seconds_left
        lab.clock.advance(_UNDERWAY)
        verdict = lab.attempt("pipeline", ResourceManager.get, lab.workspace, Bearer(token.reveal()))
        if not verdict:
            again = as_exactly(call_safely(fresh, lab, token), Token, what="What fresh(lab, token) returns")
            return _late(str(verdict.code), left, stuck=again == token)
    sign_ins = sum(hop.operation == "Get token" for hop in lab.trace[begin:])
    if sign_ins > _MANY_SIGN_INS:
        calls = len(_WAITS) * _CYCLES
        return Result.wrong(
            f"All calls went through, with {sign_ins} sign-ins for {calls} calls.", "sign-in-every-time"
        )
    return Result.right()


def _late(code: str, left: int, stuck: bool) -> Result:
    if code != "ExpiredAuthenticationToken":
        return Result.wrong(f"Resource Manager refused your token: {code}.", "any-token")
    seen = f"The token had {left} seconds left when you returned it, and none when the call arrived."
    return Result.wrong(seen, "tokens-last" if stuck else "too-late")


def _fresh(body: str) -> str:
    return f"def fresh(lab, token):\n    {body}\n\n\nanswer = fresh"


FRESH = Exercise(
    id="auth-fresh",
    notebook=NOTEBOOK,
    title="A pipeline that never shows a stale token",
    minutes=10,
    prompt="""
A pipeline calls Resource Manager every twenty minutes or so, all day, as the application `your-client-id`. Before each call it runs
`fresh(lab, token)` and uses what comes back. The call then takes half a minute to arrive. Write `fresh`, so that no call is
refused, without signing in more often than needed.

Set `answer` to the function. `token.seconds_left` says how long a token is still good.
""",
    starter="def fresh(lab, token):\n    return token\n\n\nanswer = fresh",
    solution=_fresh('return token if token.seconds_left > 300 else lab.sign_in("your-client-id")'),
    hints=(
        "The starter works for the first hour. What has to happen, and when?",
        "The same sign-in as at the beginning gives a new token. Do it only when the old one has little time left.",
        "How much is little? More than the half minute that a call is under way; most libraries take five minutes.",
    ),
    explanation="Refresh by the clock and with a margin, before the token ends and not after the first refusal. Libraries such as "
    "MSAL do exactly this for you, and keep the token in a cache in between.",
    check=_check_fresh,
    wrong=(
        WrongAnswer(
            _fresh("return token"), "tokens-last", "A token ends after an hour, whether it was used or not."
        ),
        WrongAnswer(
            _fresh('return lab.sign_in("your-client-id")'),
            "sign-in-every-time",
            "Each sign-in costs a round trip, and Azure AD throttles those who overdo it.",
        ),
        WrongAnswer(
            _fresh('return token if token.seconds_left > 0 else lab.sign_in("your-client-id")'),
            "too-late",
            "What is valid when you look may be over when it arrives.",
        ),
        WrongAnswer(
            _fresh('return lab.sign_in("your-client-id", resource="https://vault.azure.net")'),
            "any-token",
            "A fresh token for another audience is no help.",
        ),
    ),
)

EXERCISES = (WHOSE, BELIEVE, FRESH, STOLEN, MFA_REACH)

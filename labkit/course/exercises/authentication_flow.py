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
        id="token-at-exp",
        notebook=NOTEBOOK,
        question="The claim exp of a token says 09:59:59. At 09:59:59 the token is shown.",
        options=("accepted", "refused"),
    ),
    Prediction(
        id="metric-after-two-hours",
        notebook=NOTEBOOK,
        question="carl's token has expired an hour ago. Now the machine writes the metric of his run.",
        options=("accepted", "refused"),
    ),
    Prediction(
        id="run-token-other-run",
        notebook=NOTEBOOK,
        question="The token of one run is shown to read the metrics of another run of the same workspace.",
        options=("accepted", "refused"),
    ),
)

Claims = dict[str, Any]


def _owners(lab: Lab) -> list[tuple[str, Claims, str]]:
    """(whose token it is, its claims, what to say), the two plain ones first."""
    person, application = lab.sign_in("rita").claims, lab.sign_in(CLIENT_ID).claims
    return [
        ("rita", person, "person"),
        ("the application", application, "application"),
        ("a person who signed in through a web application", person | {"appidacr": "1"}, "person"),
        ("a person, with the name of the client in it", person | {"app_displayname": "Portal"}, "person"),
        ("a person who has no password", person | {"amr": ["rsa", "mfa"]}, "person"),
        ("a person, where idtyp says so", person | {"idtyp": "user"}, "person"),
        ("another application", application | {"appid": "another-client-id"}, "application"),
    ]


def _check_whose(answer: object, bench: Bench) -> Result:
    whose = as_function(answer, parameters=1)
    owners = _owners(bench.lab())
    said = []
    for owner, claims, wanted in owners:
        word = as_text(call_safely(whose, dict(claims)), what="What whose(claims) returns")
        if word not in ("person", "application"):
            return Result.not_yet('whose(claims) has to return "person" or "application".')
        said.append((owner, word, wanted))
    wrong = next(((owner, word) for owner, word, wanted in said if word != wanted), None)
    if wrong is None:
        return Result.right()
    if [word for _, word, _ in said[:2]] == ["application", "person"]:
        return _leaned_on(whose, owners) or Result.not_yet("The other way round.")
    found = f"For a token of {wrong[0]} it says {wrong[1]!r}."
    if said[0][1] == said[1][1]:
        leaned = _leaned_on(whose, owners)
        return leaned or Result.not_yet(f"{found} Print the claims of both and compare them.")
    return Result.not_yet(found)


def _leaned_on(whose: Callable[..., Any], owners: list[tuple[str, Claims, str]]) -> Result | None:
    """The misleading claim that the answer depends on, found by changing one at a time."""
    for owner, claims, _ in owners[:2]:
        said = _says(whose, claims)
        for name, other in _MISLEADING.items():
            without = {key: value for key, value in claims.items() if key != name}
            if any(_says(whose, changed) != said for changed in (without, without | {name: other})):
                return Result.wrong(
                    f"For a token of {owner} it says {said!r}, because of {name}.", f"{name}-tells"
                )
    return None


def _says(whose: Callable[..., Any], claims: Claims) -> str:
    """What the function returns for these claims; a complaint is an answer too."""
    try:
        return as_text(call_safely(whose, dict(claims)))
    except NotUsable as complaint:
        return str(complaint)


# Claims that both have, and a value that means nothing in them.
_MISLEADING = {"appid": "", "oid": "", "sub": "someone@elsewhere.example"}

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
            "A person's token has an appid too: the client through which they signed in.",
        ),
        WrongAnswer(
            'def whose(claims):\n    return "person" if "oid" in claims else "application"\n\n\nanswer = whose',
            "oid-tells",
            "Both have an object id: both are accounts of the tenant.",
        ),
        WrongAnswer(
            'def whose(claims):\n    return "person" if "@" in claims["sub"] else "application"\n\n\nanswer = whose',
            "sub-tells",
            "The subject identifies without naming: it is opaque for both of them.",
        ),
    ),
)


Case = tuple[str, Claims, int, bool, str]


def _cases(lab: Lab) -> list[Case]:
    """(what it is, claims, moment, whether to believe it, the misconception of who gets it wrong)."""
    good, application = lab.sign_in("carl").claims, lab.sign_in(CLIENT_ID).claims
    vault = lab.sign_in("carl", resource=KEY_VAULT).claims
    partner = lab.sign_in("gita", tenant=PARTNER_TENANT).claims
    now, end = lab.clock.now, int(good["exp"])
    lookalike = good | {"aud": "https://management.azure.com.attacker.example/"}
    return [
        ("a token of carl for Resource Manager, ten minutes old", good, now + 600, True, "too-strict"),
        ("a token of the application, ten minutes old", application, now + 600, True, "too-strict"),
        ("a good token for Key Vault", vault, now, False, "any-audience"),
        ("a good token for another service with a similar name", lookalike, now, False, "any-audience"),
        ("a good token of another tenant", partner, now, False, "any-tenant"),
        ("the good token, two hours old", good, now + 7200, False, "any-time"),
        ("the good token at the very second of exp", good, end, False, "exp-included"),
        ("the good token, on a machine whose clock is a minute behind", good, now - 60, False, "not-before"),
        ("the good token at the very second of nbf", good, now, True, "nbf-excluded"),
    ]


def _check_believe(answer: object, bench: Bench) -> Result:
    believe = as_function(answer, parameters=2)
    for what, claims, now, wanted, misconception in _cases(bench.lab()):
        said = as_truth(call_safely(believe, dict(claims), now), what="What believe(claims, now) returns")
        if said is wanted:
            continue
        if misconception == "too-strict" and not _demands_more(believe, claims, now):
            return Result.not_yet(
                f"Your function does not believe {what}. Compare letter by letter: aud is {claims['aud']!r}, tid is "
                f"{claims['tid']!r}, nbf {claims['nbf']}, now {now}, exp {claims['exp']}."
            )
        return Result.wrong(
            f"Your function {'believes' if said else 'does not believe'} {what}.", misconception
        )
    return Result.right()


def _demands_more(believe: Callable[..., Any], claims: Claims, now: int) -> bool:
    """Whether it would believe the same token with claims in it that only some tokens have."""
    more = {"groups": ["a"], "upn": "a@b.example", "amr": ["pwd", "mfa"], "scp": "user_impersonation"}
    return call_safely(believe, more | claims, now) is True


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
(in seconds, like the times in the claims), and otherwise `False`. To the second: no leeway for other people's clocks.

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
            _believe(_AUD, _TID, 'claims["nbf"] < now < claims["exp"]'),
            "nbf-excluded",
            "nbf is the first moment at which the token counts: at that second it is good already.",
        ),
        WrongAnswer(
            _believe(_AUD, _TID, _TIME, '"groups" in claims'),
            "too-strict",
            "Claims that not every token has cannot be demanded of all.",
        ),
    ),
)

# Seconds between two calls, and on the way to the service. Every third call finds the token with few of them left.
_WAITS = (1200, 1155, 1170, *(1200, 1125, 1159) * 3)
_UNDERWAY = 30
_NEEDED = len(_WAITS) // 3


def _check_fresh(answer: object, bench: Bench) -> Result:
    fresh = as_function(answer, parameters=2)
    lab = bench.lab()
    token = lab.sign_in(CLIENT_ID)
    begin = len(lab.trace)
    late: list[tuple[Token, int]] = []
    for wait in _WAITS:
        lab.clock.advance(wait)
        token = as_exactly(call_safely(fresh, lab, token), Token, what="What fresh(lab, token) returns")
        left = token.seconds_left
        lab.clock.advance(_UNDERWAY)
        verdict = lab.attempt("pipeline", ResourceManager.get, lab.workspace, Bearer(token.reveal()))
        if not verdict and verdict.code != "ExpiredAuthenticationToken":
            return Result.wrong(f"Resource Manager refused your token: {verdict.code}.", "any-token")
        if token.claims.get("appid") != CLIENT_ID:
            return Result.not_yet("That is somebody else's token. The pipeline calls as the application.")
        late += [(token, left)] * (not verdict)
    if late:
        again = as_exactly(call_safely(fresh, lab, token), Token, what="What fresh(lab, token) returns")
        return _late([left for _, left in late], stuck=again == late[0][0])
    sign_ins = sum(hop.operation == "Get token" for hop in lab.trace[begin:])
    if sign_ins > _NEEDED + 1:
        calls = len(_WAITS)
        return Result.wrong(
            f"All {calls} calls went through, with {sign_ins} sign-ins; {_NEEDED} are enough.",
            "sign-in-every-time",
        )
    return Result.right()


def _late(left: list[int], stuck: bool) -> Result:
    seen = f"The token had {left[0]} seconds left when you returned it, and none when the call arrived."
    seen += f" Of {len(_WAITS)} calls, {len(left)} were refused."
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

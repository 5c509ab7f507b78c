"""Two exercises of 01-authentication-flow: how far a stolen run token reaches, and how far MFA does."""

from __future__ import annotations

from typing import Any

from labkit.authenticators.client_secret import ClientSecret
from labkit.authenticators.password import Password
from labkit.authenticators.refresh_token import RefreshToken
from labkit.authenticators.run_token import RunToken
from labkit.core.credential import Bearer
from labkit.core.errors import brief
from labkit.core.verdict import Verdict
from labkit.course.checking import as_mapping, as_sequence, as_text
from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.furniture import CLIENT_ID, CLIENT_SECRET
from labkit.lab import Lab
from labkit.services.azure_ad import AzureAD
from labkit.services.key_vault import KeyVault
from labkit.services.machine_learning.data_stores import DataStores
from labkit.services.machine_learning.run_secrets import RunSecrets
from labkit.services.machine_learning.runs import Runs
from labkit.services.resource_manager import ResourceManager

NOTEBOOK = "01-authentication-flow.ipynb"


def _script(run: object) -> None:
    """A run that does nothing."""


def _stolen(lab: Lab) -> dict[str, bool]:
    """What the token of a waiting run opens, each found by trying."""
    bearer = lab.sign_in("carl").bearer
    run, other = (
        lab.ask("carl", Runs.submit, lab.workspace, bearer, name, lab.cluster, _script)
        for name in ("churn", "prices")
    )
    lab.ask("carl", RunSecrets.put, lab.workspace, bearer, "api", "lab-value")
    raw = lab.waiting_jobs()[0].token.reveal()
    token, here = RunToken(raw), lab.workspace
    tried: dict[str, Verdict[Any]] = {
        "metrics": lab.attempt("mallory", Runs.log_metric, here, token, run.run_id, "accuracy", 1.0),
        "data stores": lab.attempt("mallory", DataStores.credential, here, token, "workspaceblobstore"),
        "secrets": lab.attempt("mallory", RunSecrets.get, here, token, "api"),
        "another run": lab.attempt("mallory", Runs.get, here, token, other.run_id),
        "new run": lab.attempt("mallory", Runs.submit, here, Bearer(raw), "mining", lab.cluster, _script),
        "other workspace": lab.attempt("mallory", DataStores.list_stores, lab.other_workspace, token),
        "Key Vault": lab.attempt("mallory", KeyVault.list_secrets, lab.vault, Bearer(raw)),
        "Resource Manager": lab.attempt("mallory", ResourceManager.get, here, Bearer(raw)),
    }
    return {name: verdict.accepted for name, verdict in tried.items()}


# What somebody believes who gets this one wrong.
_STOLEN_BELIEFS = {
    "metrics": "bound-to-the-machine",
    "data stores": "only-metrics",
    "secrets": "only-metrics",
    "another run": "one-run-alone",
    "new run": "the-token-is-the-user",
    "other workspace": "the-token-is-the-user",
    "Key Vault": "vault-directly",
    "Resource Manager": "the-token-is-the-user",
}


def _check_stolen(answer: object, bench: Bench) -> Result:
    # Compared by identity: a type may bring an equality of its own.
    if not any(type(answer) is kind for kind in (set, frozenset, list, tuple)):
        return Result.not_yet('Set answer to a set, for instance {"metrics"}.')
    named = {as_text(one, what="One of them") for one in as_sequence(answer, at_most=20)}
    opens = _stolen(bench.lab())
    if unknown := sorted(brief(one) for one in named - opens.keys()):
        return Result.not_yet(f"Not among the eight: {', '.join(unknown)}.")
    for name, opened in opens.items():
        if (name in named) != opened:
            said = "You say that it opens" if name in named else "You say that it does not open"
            found = "accepted" if opened else "refused"
            return Result.wrong(f"{said} {name!r}; the lab tried, and it was {found}.", _STOLEN_BELIEFS[name])
    return Result.right()


STOLEN = Exercise(
    id="auth-stolen",
    notebook=NOTEBOOK,
    title="The stolen run token",
    minutes=10,
    prompt="""
mallory, the attacker of this course, has read the ML service token of one of carl's runs from the memory of the machine that was to carry it out, and uses it from
her own. What does it open, in this lab?

- `"metrics"`: write metrics of the run
- `"data stores"`: get the credential of a data store of the workspace
- `"secrets"`: read a run secret of the workspace
- `"another run"`: read the metrics of another run of the workspace
- `"new run"`: submit another run
- `"other workspace"`: list the data stores of another workspace that carl may use
- `"Key Vault"`: list the secrets of the workspace's vault
- `"Resource Manager"`: read the workspace through Resource Manager

Set `answer` to the set of those that it opens. You may try them in the lab first.
""",
    starter="answer = set()",
    solution='answer = {"metrics", "data stores", "secrets", "another run"}',
    hints=(
        "Nothing about a bearer token says which machine it is shown from.",
        "Ask for each of the eight who verifies the token there: Azure ML, or somebody who trusts Azure AD only?",
        "Section 8 let the lab try a token like this one on everything. Its list has your answer in other words.",
    ),
    explanation="The token stays inside of one workspace, and there it opens what a training script needs, for every run. Among "
    "that is a connection string, which opens the whole storage account, so the damage does not stay inside. Regenerating "
    "the storage key shuts out whoever has copied the string. It does not end the token: in this lab that goes on "
    "opening what it opens until it expires, days after the run is over.",
    check=_check_stolen,
    wrong=(
        WrongAnswer("answer = set()", "bound-to-the-machine", "Bearer tokens work for whoever bears them."),
        WrongAnswer(
            'answer = {"metrics", "data stores", "secrets"}',
            "one-run-alone",
            "Its limit is the workspace: what the run may do there, it may do to every run in it.",
        ),
        WrongAnswer(
            'answer = {"metrics"}',
            "only-metrics",
            "A training script needs its data and may ask for secrets, so its token opens them.",
        ),
        WrongAnswer(
            'answer = {"metrics", "data stores", "secrets", "another run", "Key Vault"}',
            "vault-directly",
            "The vault takes Azure AD's tokens only. Azure ML fetches the secret for the run and passes it on.",
        ),
        WrongAnswer(
            'answer = {"metrics", "data stores", "secrets", "another run", "new run", "other workspace"}',
            "the-token-is-the-user",
            "A run has a token of its own: signed by Azure ML, for one workspace, with less in it than the user's.",
        ),
    ),
)


def _sign_ins(lab: Lab) -> dict[str, bool]:
    """Which sign-ins a tenant lets pass once it has come to require a second factor, each found by trying."""
    rita = lab.people["rita"]
    before = lab.ask("rita", AzureAD.token, lab.tenant, Password(rita.upn, rita.password))
    lab.directory.mfa_required = True
    code = rita.code(lab.clock.now)
    application = ClientSecret(CLIENT_ID, CLIENT_SECRET)
    tried: dict[str, Verdict[Any]] = {
        "password": lab.attempt("rita", AzureAD.token, lab.tenant, Password(rita.upn, rita.password)),
        "password and code": lab.attempt(
            "rita", AzureAD.token, lab.tenant, Password(rita.upn, rita.password, code)
        ),
        "client secret": lab.attempt("pipeline", AzureAD.token, lab.tenant, application),
        "refresh token": lab.attempt("rita", AzureAD.token, lab.tenant, RefreshToken(before.refresh_token)),
        "access token": lab.attempt("rita", ResourceManager.get, lab.workspace, before.access_token.bearer),
    }
    return {name: verdict.accepted for name, verdict in tried.items()}


_MFA_BELIEFS = {
    "password": "a-setting-is-advice",
    "password and code": "nobody-gets-in",
    "client secret": "applications-have-phones",
    "refresh token": "old-proof-is-enough",
    "access token": "tokens-are-recalled",
}


def _check_mfa(answer: object, bench: Bench) -> Result:
    given = as_mapping(answer, at_most=20)
    said = {key: as_text(value, what=f"What you say of {key!r}") for key, value in given.items()}
    passes = _sign_ins(bench.lab())
    if unknown := sorted(brief(one) for one in said.keys() - passes.keys()):
        return Result.not_yet(f"Not among the five: {', '.join(unknown)}.")
    for name in passes:
        if said.get(name) not in ("passes", "accepted", "refused"):
            return Result.not_yet(f'For {name!r} the answer has to say "passes" or "refused".')
    for name, passed in passes.items():
        if (said[name] != "refused") != passed:
            found = "it passed" if passed else "it was refused"
            return Result.wrong(f"{name!r}: the lab tried, and {found}.", _MFA_BELIEFS[name])
    return Result.right()


def _mfa(*words: str) -> str:
    return f"answer = {dict(zip(_MFA_BELIEFS, words, strict=True))!r}"


MFA_REACH = Exercise(
    id="auth-mfa-reach",
    notebook=NOTEBOOK,
    title="Who feels the second factor?",
    minutes=10,
    prompt="""
rita signs in with her password at 9 o'clock and gets an access token and a refresh token (a text with which her client can get
further access tokens without asking her again). At 9:05 the tenant starts to require multi-factor authentication. What happens to
each of these at 9:06?

- `"password"`: rita signs in with her password
- `"password and code"`: rita signs in with her password and the code on her phone
- `"client secret"`: a pipeline signs in as the application, with its client secret
- `"refresh token"`: rita's client presents the refresh token from 9 o'clock
- `"access token"`: rita's client shows Resource Manager the access token from 9 o'clock

Set `answer` to a dict with these five keys, and `"passes"` or `"refused"` for each.
""",
    starter="answer = {}",
    solution=_mfa("refused", "passes", "passes", "refused", "passes"),
    hints=(
        "Ask of each who is asked: Azure AD, which knows the setting, or somebody else?",
        "Azure AD knows how each of its tokens was earned (the claim amr). Would rita's morning sign-in still do?",
        "A program has no phone, and a service that verifies a token by itself does not hear of new settings.",
    ),
    explanation="Requiring MFA changes what Azure AD asks of people from now on. It does not reach applications, which is why their "
    "secrets deserve more care, and it does not recall access tokens that are out already.",
    check=_check_mfa,
    wrong=(
        WrongAnswer(
            _mfa("refused", "passes", "refused", "refused", "passes"),
            "applications-have-phones",
            "Second factors are for people. An application has only its secret.",
        ),
        WrongAnswer(
            _mfa("refused", "passes", "passes", "passes", "passes"),
            "old-proof-is-enough",
            "It stands for a sign-in without a second factor, and is worth no more than that.",
        ),
        WrongAnswer(
            _mfa("refused", "passes", "passes", "refused", "refused"),
            "tokens-are-recalled",
            "Nobody recalls an access token or looks it up when it is shown: it is good until it expires.",
        ),
        WrongAnswer(
            _mfa("passes", "passes", "passes", "refused", "passes"),
            "a-setting-is-advice",
            "Required means required: the setting is enforced at every sign-in.",
        ),
        WrongAnswer(
            _mfa("refused", "refused", "passes", "refused", "passes"),
            "nobody-gets-in",
            "The password together with the code is exactly what the setting asks for.",
        ),
    ),
)

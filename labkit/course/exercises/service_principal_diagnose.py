"""An exercise of 02-service-principals: five nights on which a job failed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from labkit.authenticators.client_secret import ClientSecret
from labkit.core.errors import brief
from labkit.core.verdict import Verdict
from labkit.course.checking import as_mapping, as_text
from labkit.course.deeds import DEEDS
from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.exercises.service_principal_ids import OBJECT_ID, az, follow_the_how_to, share
from labkit.furniture import CLIENT_ID, CLIENT_SECRET, TENANT
from labkit.lab import Lab
from labkit.services.azure_ad import AzureAD

NOTEBOOK = "02-service-principals.ipynb"
_READ = "Microsoft.MachineLearningServices/workspaces/read"


@dataclass
class Night:
    """A lab in which the job fails. The job signs in with `tenant`, `client_id` and `secret`; `printed` is
    the secret that create-for-rbac printed last."""

    lab: Lab
    tenant: str = TENANT
    client_id: str = CLIENT_ID
    secret: str = field(default=CLIENT_SECRET, repr=False)
    printed: str = field(default=CLIENT_SECRET, repr=False)

    def run(self) -> Verdict[object]:
        """What comes of the job: it signs in and submits a run in ml-example."""

        def work() -> object:
            credential = ClientSecret(self.client_id, self.secret)
            token = self.lab.ask("nightly job", AzureAD.token, self.tenant, credential).access_token
            return DEEDS["submit a run"](self.lab, self.lab.workspace, "nightly job", token.bearer)

        return Verdict.of(work)

    def create_again(self, more: str = "") -> None:
        """olivia logs in, since a login does not last for a year, and runs create-for-rbac for the same name."""
        az(self.lab, "login --username olivia")
        told = json.loads(az(self.lab, f"ad sp create-for-rbac --name ml-auth {more}"))
        self.printed = str(told["password"])


def _a_year_on(night: Night) -> None:
    night.lab.clock.advance("366d")


def _other_id(night: Night) -> None:
    night.client_id = OBJECT_ID


def _other_tenant(night: Night) -> None:
    night.tenant = "your-sub-id"


def _no_role(night: Night) -> None:
    az(night.lab, f"role assignment delete --assignee {CLIENT_ID} --scope {night.lab.subscription}")


NIGHTS: dict[str, Callable[[Night], None]] = {
    "Monday": Night.create_again,
    "Tuesday": _a_year_on,
    "Wednesday": _other_id,
    "Thursday": _other_tenant,
    "Friday": _no_role,
}


def night(lab: Lab, name: str) -> Night:
    """A night, set up in a fresh lab."""
    follow_the_how_to(lab)
    failing = Night(lab)
    NIGHTS[name](failing)
    return failing


def log(failing: Night) -> str:
    """The first two lines of what the job was told."""
    return "\n".join(str(failing.run().refusal).splitlines()[:2])


def _printed(night: Night) -> None:
    night.secret = night.printed


def _new_secret(night: Night) -> None:
    night.create_again("--skip-assignment")
    night.secret = night.printed


def _client_id(night: Night) -> None:
    night.client_id = CLIENT_ID


def _tenant_id(night: Night) -> None:
    night.tenant = TENANT


def _share(night: Night) -> None:
    share(night.lab, OBJECT_ID)


def _owner(night: Night) -> None:
    az(night.lab, f"role assignment create --assignee {CLIENT_ID} --role owner")


def _wait(night: Night) -> None:
    night.lab.clock.advance("1h")


_FIXES: dict[str, Callable[[Night], None]] = {
    "last secret": _printed,
    "new secret": _new_secret,
    "client id": _client_id,
    "tenant id": _tenant_id,
    "share": _share,
    "owner": _owner,
    "wait": _wait,
}


def _belief(name: str, fix: str) -> str:
    if fix == "wait":
        return "it-will-pass"
    if name == "Friday":
        return "still-signing-in"
    if fix in ("share", "owner"):
        return "roles-sign-in"
    return (
        "a-right-secret-stays-right" if (name, fix) == ("Tuesday", "last secret") else "codes-are-all-alike"
    )


def _check_diagnose(answer: object, bench: Bench) -> Result:
    given = as_mapping(answer, at_most=20)
    said = {
        key: as_text(value, what=f"What you say of {brief(key)}").strip().lower()
        for key, value in given.items()
    }
    if unknown := sorted(brief(one) for one in said.keys() - NIGHTS.keys()):
        return Result.not_yet(
            f"Not among the five nights: {', '.join(unknown)}. They are {', '.join(NIGHTS)}."
        )
    for name in NIGHTS:
        if said.get(name) not in _FIXES:
            found = f", and not {brief(given[name])}" if name in given else ""
            return Result.not_yet(
                f"For {name} the answer has to name one of these: {', '.join(_FIXES)}{found}."
            )
    for name in NIGHTS:
        result = _mended(night(bench.lab(), name), name, said[name])
        if not result.passed:
            return result
    return Result.right()


def _mended(failing: Night, name: str, fix: str) -> Result:
    """What comes of the job once the fix was applied."""
    lab = failing.lab
    before = lab.access.explain(OBJECT_ID, _READ, lab.other_workspace).allowed
    _FIXES[fix](failing)
    verdict = failing.run()
    if verdict.refusal is not None:
        found = f"{name}, after {fix!r}: the job ran again, and ended with {verdict.refusal.heading}"
        return Result.wrong(found, _belief(name, fix))
    if lab.access.explain(OBJECT_ID, _READ, lab.other_workspace).allowed and not before:
        found = f"{name}, after {fix!r}: the job passes, and ml-auth may read your-workspace-name as well."
        return Result.wrong(found, "more-than-it-needs")
    return Result.right()


def _answer(*fixes: str) -> str:
    return f"answer = {dict(zip(NIGHTS, fixes, strict=True))!r}"


DIAGNOSE = Exercise(
    id="sp-diagnose",
    notebook=NOTEBOOK,
    title="Five bad nights",
    minutes=10,
    prompt="""
A job signs in as ml-auth every night and submits a run in `ml-example`. On five nights it failed, each time for one reason. Its log keeps two
lines of what it was told.

```text
Monday
401 AADSTS7000215: This is not a secret of the application.
  presented: a secret for ml-auth

Tuesday
401 AADSTS7000222: This client secret has expired.
  presented: a secret that was valid until 2021-03-13 09:00:00Z

Wednesday
400 AADSTS700016: The tenant has no such application.
  presented: client id your-sp-object-id

Thursday
400 AADSTS90002: There is no such tenant.
  presented: 'your-sub-id'

Friday
403 AuthorizationFailed: ml-auth may not do this.
  presented: no role assignment at or above this scope
```

These can be done about it:

- `"last secret"`: the job gets the secret that create-for-rbac printed when it was last run
- `"new secret"`: olivia runs create-for-rbac for ml-auth again, with `--skip-assignment`, and the job gets what it prints
- `"client id"`: the job gets the clientId as its client id
- `"tenant id"`: the job gets the tenantId as its tenant
- `"share"`: olivia shares ml-example with ml-auth, as a contributor
- `"owner"`: olivia makes ml-auth an Owner of the subscription
- `"wait"`: the job runs again an hour later

Set `answer` to a dict: for each night, by its name, what makes the job pass and gives it no more than it needs. Each is tried, in a lab with that night's fault.
""",
    starter="answer = {}",
    solution=_answer("last secret", "new secret", "client id", "tenant id", "share"),
    hints=(
        "Sort them first: on which nights did Azure AD say no, and on which did it give a token that somebody else refused?",
        "Each code of a sign-in points at one of the things that the job was given. The second line shows what stood there.",
        "Secrets have a life: they begin when they are made, end when others take their place, and end with the years. Which of these was it, on the two nights?",
    ),
    explanation="A code that begins with AADSTS is about signing in: tenant, application, secret, in the order in which Azure AD looks at them. "
    "AuthorizationFailed comes from the service, and then a role is missing. A secret of create-for-rbac lasts for a year unless it is told "
    "--years, so note the day; and a new one takes the place of all that other jobs may still use.",
    check=_check_diagnose,
    wrong=(
        WrongAnswer(
            _answer("last secret", "last secret", "client id", "tenant id", "share"),
            "a-right-secret-stays-right",
            "It was the right secret, and its time was up.",
        ),
        WrongAnswer(
            _answer("last secret", "new secret", "new secret", "tenant id", "share"),
            "codes-are-all-alike",
            "The code says which of the things that the job was given is wrong; the others were fine.",
        ),
        WrongAnswer(
            _answer("owner", "new secret", "client id", "tenant id", "share"),
            "roles-sign-in",
            "Roles come after signing in: whoever has no token has nothing to show a role with.",
        ),
        WrongAnswer(
            _answer("last secret", "new secret", "client id", "tenant id", "new secret"),
            "still-signing-in",
            "That night the sign-in was fine: another token says the same.",
        ),
        WrongAnswer(
            _answer("last secret", "new secret", "client id", "tenant id", "owner"),
            "more-than-it-needs",
            "The job works in one workspace.",
        ),
        WrongAnswer(
            _answer("wait", "new secret", "client id", "tenant id", "share"),
            "it-will-pass",
            "Nothing of this mends itself.",
        ),
    ),
)

EXERCISES = (DIAGNOSE,)

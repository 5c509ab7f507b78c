"""An exercise of 02-service-principals: what a saved notebook gives away."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from typing import Any, NamedTuple

from labkit.authenticators.client_secret import ClientSecret
from labkit.core.credential import Bearer
from labkit.course.checking import NotUsable, as_number, as_sequence
from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.stepping import uncounted
from labkit.furniture import CLIENT_ID, CLIENT_SECRET, TENANT
from labkit.lab import Lab
from labkit.services.azure_ad import AzureAD
from labkit.services.machine_learning.models import Models
from labkit.services.machine_learning.web_services import WebServices
from labkit.services.resource_manager import ResourceManager

NOTEBOOK = "02-service-principals.ipynb"
_SERVICE = "churn"
_ENVIRONMENT = {
    "AML_TENANT_ID": TENANT,
    "AML_PRINCIPAL_ID": CLIENT_ID,
    "AML_PRINCIPAL_PASS": CLIENT_SECRET,
}

# From top to bottom, in one kernel. The last expression of a cell is shown, as in any notebook.
CELLS = (
    """\
import os
from azureml.core import Workspace
from azureml.core.authentication import ServicePrincipalAuthentication
from azureml.core.webservice import Webservice

print("tenant:", os.environ["AML_TENANT_ID"], " application:", os.environ["AML_PRINCIPAL_ID"])""",
    """\
sp = ServicePrincipalAuthentication(tenant_id=os.environ["AML_TENANT_ID"],
                                    service_principal_id=os.environ["AML_PRINCIPAL_ID"],
                                    service_principal_password=os.environ["AML_PRINCIPAL_PASS"])
sp""",
    """\
ws = Workspace.get(name="ml-example", auth=sp, subscription_id="your-sub-id")
ws.get_details()""",
    """\
header = sp.get_authentication_header()
header""",
    """\
print("the password has", len(os.environ["AML_PRINCIPAL_PASS"]), "characters")""",
    """\
# sp = ServicePrincipalAuthentication("your-tenant-id", "your-client-id", "your-client-secret")
print(sp)""",
    """\
service = Webservice(ws, "churn")
primary, secondary = service.get_keys()
print("the two keys differ:", primary != secondary)""",
    """\
service.get_keys()""",
    """\
{name: value for name, value in os.environ.items() if name.startswith("AML_")}""",
    """\
print(lab.az("ad sp show --id your-client-id --query objectId"))""",
    """\
created = lab.az("ad sp create-for-rbac --sdk-auth --name ml-auth")
print(created)""",
)


class Saved(NamedTuple):
    """What the file of the notebook holds of a cell."""

    source: str
    output: str


def run_cells(lab: Lab) -> list[Saved]:
    """Carries out the cells in a lab that is active, in a kernel that has the environment variables. The
    process's own come back afterwards."""
    token = lab.sign_in("olivia").bearer
    lab.ask("olivia", Models.register, lab.workspace, token, _SERVICE, b"weights")
    lab.ask("olivia", WebServices.deploy_aci, lab.workspace, token, _SERVICE, _SERVICE, True)
    names: dict[str, Any] = {"lab": lab}
    with lab.activate(person=None), _environment():
        return [Saved(source, _output(source, names)) for source in CELLS]


@contextmanager
def _environment() -> Iterator[None]:
    before = {name: os.environ.get(name) for name in _ENVIRONMENT}
    os.environ.update(_ENVIRONMENT)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _output(source: str, names: dict[str, Any]) -> str:
    """What a cell writes, on both streams, and the value that it ends with, as a kernel shows it."""
    *body, last = ast.parse(source).body
    rest = [] if isinstance(last, ast.Expr) else [last]
    written = StringIO()
    with redirect_stdout(written), redirect_stderr(written):
        exec(compile(ast.Module([*body, *rest], []), "<cell>", "exec"), names)
        value = None
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)
    return written.getvalue() + ("" if value is None else repr(value))


_JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")


def _opens(lab: Lab, text: str) -> str:
    """What somebody who reads this text can use of it, found by using it; "" for nothing."""
    for found in _JWT.findall(text):
        if lab.attempt("mallory", ResourceManager.get, lab.workspace, Bearer(found)):
            return "a token that Resource Manager accepts"
    secret = next((one for one in _ENVIRONMENT.values() if one in text and _signs_in(lab, one)), "")
    if secret:
        return "a secret that signs in as ml-auth"
    keys = lab.ask("olivia", WebServices.get_aci_keys, lab.workspace, lab.sign_in("olivia").bearer, _SERVICE)
    return "a key of the web service" if any(key.reveal() in text for key in keys) else ""


def _signs_in(lab: Lab, secret: str) -> bool:
    credential = ClientSecret(CLIENT_ID, secret)
    return lab.attempt("mallory", AzureAD.token, lab.tenant, credential).accepted


def leaks(lab: Lab) -> dict[int, str]:
    """What each cell leaves in the file that opens something, by number; cells that leave nothing are not in
    it."""
    found: dict[int, str] = {}
    for number, saved in enumerate(run_cells(lab), 1):
        for place, text in saved._asdict().items():
            if opened := _opens(lab, text):
                found[number] = f"{opened}, in its {place}"
    return found


# What somebody believes who gets a cell wrong: who overlooks it, or who takes it for a leak.
_BELIEFS = {
    1: "ids-are-secrets",
    2: "objects-tell-all",
    3: "objects-tell-all",
    4: "tokens-do-not-matter",
    5: "to-use-is-to-show",
    6: "comments-do-not-run",
    7: "to-use-is-to-show",
    8: "nobody-printed-it",
    9: "variables-protect",
    10: "ids-are-secrets",
    11: "tools-keep-secrets",
}


def _numbers(answer: object) -> set[int]:
    if not any(type(answer) is kind for kind in (set, frozenset, list, tuple)):
        raise NotUsable("Set answer to a set of numbers, for instance {1, 2}.")
    numbers = [as_number(one, what="One of them") for one in as_sequence(answer, at_most=40)]
    if unknown := [one for one in numbers if one not in _BELIEFS]:
        raise NotUsable(f"There is no cell {unknown[0]}. The cells are 1 to {len(CELLS)}.")
    return {int(one) for one in numbers}


def _check_leaks(answer: object, bench: Bench) -> Result:
    said = _numbers(answer)
    if not said:
        return Result.not_yet("There is no cell in the answer yet, and at least one of them leaks.")
    lab = bench.lab()
    found = uncounted(lambda: leaks(lab))
    for number in _BELIEFS:
        if number in said and number not in found:
            return Result.wrong(
                f"Cell {number} was carried out, and nothing in its source or output opens anything.",
                _BELIEFS[number],
            )
        if number in found and number not in said:
            return Result.wrong(f"Cell {number} leaves {found[number]}.", _BELIEFS[number])
    return Result.right()


_SHOWN = "\n\n".join(f"Cell {number}:\n\n```python\n{cell}\n```" for number, cell in enumerate(CELLS, 1))

LEAKS = Exercise(
    id="sp-leaks",
    notebook=NOTEBOOK,
    title="What a saved notebook gives away",
    minutes=8,
    prompt=f"""
The notebook below was run from top to bottom, saved, and pushed to a repository that everybody may read. The environment variables were set outside of
it; `churn` is a web service with keys, and in this lab `your-client-secret` is the secret itself. Which cells leave something in the file
that opens something, be it in the source or in the output?

{_SHOWN}

Set `answer` to the set of their numbers.
""",
    starter="answer = set()",
    solution="answer = {4, 6, 8, 9, 11}",
    hints=(
        "A notebook's file has two parts for each cell. A secret may stand in either.",
        "What does a cell show without being asked to print? And what of it would work for somebody who copies it?",
        "For each value that is shown, ask: does it say who somebody is, or does it prove it? Only what proves something opens something.",
    ),
    explanation="A variable keeps a secret out of the source, and the output has to be kept clean as well: no secret, token or key as the last line of a cell, "
    "and no print of a whole response. What has been pushed is known: clearing the output does not take it back, and a new secret does.",
    check=_check_leaks,
    wrong=(
        WrongAnswer(
            "answer = {4, 8, 9, 11}",
            "comments-do-not-run",
            "The file holds the source as well, comments included.",
        ),
        WrongAnswer(
            "answer = {6, 8, 9, 11}",
            "tokens-do-not-matter",
            "A token needs no secret beside it: for an hour it is as good as one.",
        ),
        WrongAnswer(
            "answer = {4, 6, 9, 11}",
            "nobody-printed-it",
            "The value of a cell's last line is shown and saved, without a print.",
        ),
        WrongAnswer(
            "answer = {4, 6, 8, 11}",
            "variables-protect",
            "An environment variable protects nothing once its value is shown.",
        ),
        WrongAnswer(
            "answer = {4, 6, 8, 9}",
            "tools-keep-secrets",
            "create-for-rbac prints the secret, since that is the one time that anybody gets to see it.",
        ),
        WrongAnswer(
            "answer = {2, 4, 6, 8, 9, 11}",
            "objects-tell-all",
            "Some objects keep to themselves what they hold. Look at what it shows.",
        ),
        WrongAnswer(
            "answer = {4, 5, 6, 7, 8, 9, 11}",
            "to-use-is-to-show",
            "Holding a secret in a variable, measuring or comparing it leaves none of it in the file.",
        ),
        WrongAnswer(
            "answer = {1, 4, 6, 8, 9, 10, 11}",
            "ids-are-secrets",
            "Ids say who it is and prove nothing; nobody gets in with them.",
        ),
    ),
)

EXERCISES = (LEAKS,)

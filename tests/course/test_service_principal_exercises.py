"""What else is right, and what is not, in the exercises of 02-service-principals; and its predictions."""

import os
from collections.abc import Callable
from typing import Any

import pytest

import labkit
from labkit.azure import CLIENT_ID, ResourceManager
from labkit.core.errors import LabError
from labkit.course import exercise
from labkit.course.exercises.service_principal_diagnose import DIAGNOSE, NIGHTS, Night, log, night
from labkit.course.exercises.service_principal_leaks import CELLS, LEAKS, leaks, run_cells
from labkit.lab import Lab
from tests.course.answers import (  # noqa: F401
    test_a_prediction_comes_out_as_azure_would_have_it,
    test_an_answer_that_cannot_be_tried_is_told_why,
    test_an_answer_that_is_nearly_right_does_not_pass,
    test_another_right_answer_passes,
)
from tests.sdk.azureml_lab import nothing_left_active

SUBSCRIPTION = "/subscriptions/your-sub-id"
GROUP = f"{SUBSCRIPTION}/resourceGroups/your-resource-group-name"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/ml-example"
ADD = "extension add -n azure-cli-ml"
TAKE = f"role assignment delete --assignee {CLIENT_ID}"
ASSIGN = f"role assignment create --assignee {CLIENT_ID} --role"
HERE = f"{ASSIGN} Contributor --scope {WORKSPACE}"
SIGN_IN = "https://login.microsoftonline.com"
ARM = "https://management.azure.com"


def asks(path: str = "oauth2/token", host: str = SIGN_IN, **fields: str) -> Callable[[str, str, str], Any]:
    """A request of client credentials with these fields besides; an empty one is left out."""

    def request(tenant: str, client_id: str, secret: str) -> Any:
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret, **fields}
        return f"{host}/{tenant}/{path}", {name: value for name, value in form.items() if value}

    return request


def to_common(tenant: str, client_id: str, secret: str) -> Any:
    return asks(resource=ARM)("common", client_id, secret)


def with_a_password(tenant: str, client_id: str, secret: str) -> Any:
    carl = labkit.start().people["carl"]
    more = {"username": carl.upn, "password": carl.password, "grant_type": "password", "resource": ARM}
    return asks(**more)(tenant, client_id, secret)


IDS = {
    "share": "object id",
    "show": "either",
    "assign": "either",
    "login": "client id",
    "sdk": "client id",
    "appid": "client id",
    "oid": "object id",
}
FIXES = {
    "Monday": "last secret",
    "Tuesday": "new secret",
    "Wednesday": "client id",
    "Thursday": "tenant id",
    "Friday": "share",
}
RIGHT: list[tuple[str, object]] = [
    ("sp-ids", dict(reversed(IDS.items()))),
    ("sp-ids", {place: f" {word.title()}" for place, word in IDS.items()}),
    ("sp-share-least", [HERE, TAKE]),
    ("sp-share-least", (f"az {TAKE} --role Contributor", f"az {HERE}")),
    ("sp-share-least", [TAKE, HERE.replace("Contributor", "'AzureML Data Scientist'")]),
    (
        "sp-share-least",
        ["account show", HERE, f"{ASSIGN} Reader --scope {WORKSPACE}/computes/cpu-cluster", TAKE],
    ),
    ("sp-leaks", [11, 9, 8, 6, 4, 4]),
    ("sp-rest", asks(resource=ARM)),
    ("sp-rest", asks(host="https://login.windows.net", resource=f"{ARM}/")),
    ("sp-rest", asks("oauth2/v2.0/token", scope=f"{ARM}/.default")),
    ("sp-rest", lambda *three: list(asks(resource=ARM, unknown="x")(*three))),
    ("sp-diagnose", FIXES | {"Monday": "New secret "}),
]
NOT_YET: list[tuple[str, object, str]] = [
    ("sp-ids", {"share": "object id"}, "For 'show'"),
    ("sp-ids", IDS | {"oid": "your-sp-object-id"}, "For 'oid'"),
    ("sp-ids", IDS | {"oid": "your-sp-object-id"}, "and not 'your-sp-object-id'"),
    ("sp-ids", IDS | {"tid": "either"}, "'tid'. They are share"),
    ("sp-share-least", [f"ml workspace share -w ml-example -g g --user {CLIENT_ID} --role x"], ADD),
    ("sp-share-least", [HERE, "role assignment remove"], "az stops at 'role assignment remove'"),
    ("sp-share-least", [HERE, TAKE, "az logout", TAKE], "az login"),
    ("sp-share-least", [HERE, f"{ASSIGN} Reader --scope {GROUP}-2", TAKE], "az stops at"),
    ("sp-share-least", [HERE, f"{ASSIGN} AcrPush --scope {GROUP}", TAKE], "AcrPush of"),
    ("sp-share-least", [HERE, TAKE, "az ad sp create-for-rbac --name spare"], "spare, Contributor of"),
    ("sp-share-least", [HERE, "a" * 2_000], "At most 1,000"),
    ("sp-share-least", {HERE, TAKE}, "list of commands"),
    ("sp-share-least", [HERE, None], "It should be a text"),
    ("sp-leaks", {0}, "no cell 0"),
    ("sp-leaks", {4.5}, "no cell 4.5"),
    ("sp-leaks", {"4"}, "It should be a number"),
    ("sp-rest", lambda *_: "https://x", "two things: the url and the form"),
    ("sp-rest", asks(), "'resource'"),
    ("sp-rest", asks("oauth2/v2.0/token"), "'scope'"),
    ("sp-rest", lambda *_: ("https://x", {}, 1), "3 parts"),
    ("sp-rest", lambda *_: ("http://[", {}), "no address"),
    ("sp-rest", lambda *_: ("login.microsoftonline.com/t/oauth2/token", {}), "no address"),
    ("sp-rest", lambda *_: (f"{SIGN_IN}/t", {"resource": 1}), "'resource' in the form is a number"),
    ("sp-rest", asks("oauth2/authorize", resource=ARM), "has no endpoint here"),
    ("sp-rest", asks("oauth2/devicecode", resource=ARM), "no token"),
    ("sp-rest", asks(resource="management.azure.com"), "AADSTS500011"),
    ("sp-rest", asks(resource=ARM, client_secret=""), "AADSTS7000218"),
    ("sp-diagnose", {"Monday": "client id"}, "For Tuesday"),
    ("sp-diagnose", FIXES | {"Friday": "role"}, "For Friday"),
    ("sp-diagnose", FIXES | {"Friday": "role"}, "and not 'role'"),
    ("sp-diagnose", FIXES | {"Sunday": "wait"}, "'Sunday'. They are Monday"),
]
WRONG: list[tuple[str, object, str]] = [
    ("sp-ids", IDS | {"assign": "object id"}, "only-as-printed"),
    ("sp-ids", IDS | {"sdk": "either"}, "object-ids-sign-in"),
    ("sp-ids", IDS | {"oid": "either"}, "claims-swapped"),
    ("sp-share-least", [HERE, TAKE, f"{ASSIGN} Reader -g your-resource-group-id"], "the-group-is-enough"),
    ("sp-share-least", ["account show"], "a-share-takes-away"),
    ("sp-share-least", [f"ad sp delete --id {CLIENT_ID}", HERE], "starts-anew"),
    ("sp-share-least", [TAKE, "ad sp create-for-rbac -n ml-auth --skip-assignment", HERE], "new-secret"),
    ("sp-share-least", ["role assignment delete --yes", HERE], "a-scope-is-everybody's"),
    (
        "sp-share-least",
        [f"{ASSIGN} 'User Access Administrator' --scope {WORKSPACE}", HERE, TAKE],
        "owner-as-printed",
    ),
    ("sp-leaks", set(range(1, 12)), "ids-are-secrets"),
    ("sp-rest", asks("oauth2/v2.0/token", resource=ARM), "versions-mixed"),
    ("sp-rest", asks("oauth2/v2.0/token", scope=ARM), "a-permission-as-scope"),
    ("sp-rest", asks(resource=ARM, grant_type=""), "another-grant"),
    ("sp-rest", with_a_password, "another-grant"),
    ("sp-rest", asks(host=SIGN_IN.replace("com", "org"), resource=ARM), "where-the-token-is-for"),
    ("sp-rest", lambda t, c, s: (f"{SIGN_IN}/{t}/oauth2/token#{s}", {}), "secret-in-the-address"),
    ("sp-rest", lambda t, c, s: asks(resource=ARM)(t, CLIENT_ID, "your-client-secret"), "typed-in"),
    ("sp-rest", lambda t, c, s: asks(resource=ARM)("your-tenant-id", c, s), "typed-in"),
    ("sp-rest", to_common, "typed-in"),
    ("sp-diagnose", FIXES | {"Monday": "tenant id"}, "codes-are-all-alike"),
    ("sp-diagnose", FIXES | {"Thursday": "share"}, "roles-sign-in"),
    ("sp-diagnose", FIXES | {"Friday": "wait"}, "it-will-pass"),
]


def test_each_wrong_idea_comes_with_what_the_lab_found() -> None:
    said: list[tuple[str, object, str]] = [
        ("sp-ids", IDS | {"share": "client id"}, "PrincipalNotFound"),
        ("sp-ids", IDS | {"login": "object id"}, "AADSTS700016"),
        ("sp-share-least", [f"ad sp delete --id {CLIENT_ID}"], "AADSTS700016"),
        ("sp-share-least", [ADD], "reads your-workspace-name"),
        ("sp-diagnose", FIXES | {"Tuesday": "last secret"}, "AADSTS7000222"),
    ]
    for id, answer, found in said:
        assert found in exercise(id).check(answer).message


def test_az_says_nothing_beside_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    answers = {"sp-ids": IDS, "sp-share-least": [HERE, TAKE], "sp-leaks": {4}, "sp-diagnose": FIXES}
    for id, answer in answers.items():
        exercise(id).check(answer)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("name", NIGHTS)
def test_the_log_in_the_prompt_is_what_the_lab_says(lab: Lab, name: str) -> None:
    assert f"{name}\n{log(night(lab, name))}\n" in DIAGNOSE.prompt


def test_without_a_fault_the_job_passes(lab: Lab) -> None:
    assert Night(lab).run()


class TestTheNotebookThatLeaks:
    def test_the_prompt_shows_the_cells_by_number(self) -> None:
        for number, cell in enumerate(CELLS, 1):
            assert f"\nCell {number}:\n\n```python\n{cell}\n```\n" in LEAKS.prompt

    def test_what_leaks_is_found_by_using_it(self, lab: Lab) -> None:
        assert leaks(lab) == {
            4: "a token that Resource Manager accepts, in its output",
            6: "a secret that signs in as ml-auth, in its source",
            8: "a key of the web service, in its output",
            9: "a secret that signs in as ml-auth, in its output",
            11: "a secret that signs in as ml-auth, in its output",
        }

    def test_the_cells_show_what_a_kernel_shows(self, lab: Lab) -> None:
        outputs = [saved.output for saved in run_cells(lab)]
        assert outputs[0] == "tenant: your-tenant-id  application: your-client-id\n"
        assert outputs[1] == outputs[5].rstrip()
        assert "'name': 'ml-example'" in outputs[2]
        assert outputs[6] == "the two keys differ: True\n"
        assert outputs[9] == '"your-sp-object-id"\n'

    def test_the_kernel_is_afterwards_as_it_was(self, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AML_PRINCIPAL_PASS", "mine")
        monkeypatch.delenv("AML_TENANT_ID", raising=False)
        before = dict(os.environ)
        with nothing_left_active():
            assert exercise("sp-leaks").check({4, 6, 8, 9, 11}).passed
        assert dict(os.environ) == before

    def test_a_lab_that_is_active_stays_so(self, lab: Lab) -> None:
        with nothing_left_active(), lab.activate():
            from azureml.core import Workspace

            place = ("your-sub-id", "your-resource-group-name", "ml-example")
            assert exercise("sp-leaks").check({4, 6, 8, 9, 11}).passed
            assert exercise("sp-ids").check(IDS).passed
            assert Workspace(*place).auth.session.lab is lab


def first_call(lab: Lab) -> str:
    lab.az("ad sp create-for-rbac --sdk-auth --name ml-auth")
    return lab.attempt("pipeline", ResourceManager.get, lab.workspace, lab.sign_in(CLIENT_ID).bearer).word


def other_workspace(lab: Lab) -> str:
    lab.az("ad sp create-for-rbac --sdk-auth --name ml-auth")
    bearer = lab.sign_in(CLIENT_ID).bearer
    return lab.attempt("pipeline", ResourceManager.get, lab.other_workspace, bearer).word


def client_id_as_user(lab: Lab) -> str:
    lab.az(ADD)
    place = "ml workspace share -w ml-example -g your-resource-group-name --role owner --user"
    lab.az(f"{place} your-sp-object-id")
    try:
        lab.az(f"{place} {CLIENT_ID}")
    except LabError:
        return "refused"
    return "accepted"


def after_expiry(lab: Lab) -> str:
    bearer = lab.sign_in(CLIENT_ID).bearer
    lab.clock.advance("59m")
    assert lab.attempt("pipeline", ResourceManager.get, lab.workspace, bearer)
    lab.clock.advance("2m")
    return lab.attempt("pipeline", ResourceManager.get, lab.workspace, bearer).word


def msal_can(lab: Lab) -> str:
    import msal

    with lab.activate():
        client = msal.ConfidentialClientApplication(
            CLIENT_ID, authority=f"{SIGN_IN}/{lab.tenant}", client_credential="your-client-secret"
        )
        result = client.acquire_token_for_client([f"{ARM}/.default"])
    return "a token" if "access_token" in result else "an error"


def headless(lab: Lab) -> str:
    with lab.activate(person=None):
        from azureml.core import Workspace
        from azureml.core.authentication import ServicePrincipalAuthentication

        sp = ServicePrincipalAuthentication("your-tenant-id", CLIENT_ID, "your-client-secret")
        assert Workspace.get("ml-example", sp, "your-sub-id").name == "ml-example"
        try:
            Workspace.get("ml-example", subscription_id="your-sub-id")
        except LabError:
            return "fails"
    return "signs in"


def carl_creates(lab: Lab) -> str:
    lab.az("login --username carl")
    begin = len(lab.trace)
    with pytest.raises(LabError):
        lab.az("ad sp create-for-rbac --sdk-auth --name carls")
    return next((hop.operation for hop in lab.trace[begin:] if not hop.ok), "none")


OUTCOMES: dict[str, tuple[Callable[[Lab], str], str]] = {
    "sp-first-call": (first_call, "accepted"),
    "sp-other-workspace": (other_workspace, "accepted"),
    "sp-client-id-as-user": (client_id_as_user, "refused"),
    "sp-after-expiry": (after_expiry, "refused"),
    "msal-can": (msal_can, "a token"),
    "headless": (headless, "fails"),
    "carl-creates": (carl_creates, "Create role assignment"),
}

"""The SDK's exceptions: its names, the lab's words."""

import pickle
from typing import Any

import pytest

from labkit.core.errors import BadInput, Conflict, Refusal
from labkit.core.verdict import Verdict
from labkit.identity.errors import TokenExpired
from labkit.lab import Lab
from labkit.sdk import prelude
from labkit.sdk.azureml import exceptions
from labkit.sdk.azureml.authentication import InteractiveLoginAuthentication
from labkit.sdk.azureml.exceptions import (
    AuthenticationException,
    AzureMLException,
    ProjectSystemException,
    UserErrorException,
    WebserviceException,
    WorkspaceException,
    refused_as,
)
from labkit.sdk.azureml.inference import InferenceConfig
from labkit.sdk.azureml.model import Model
from labkit.sdk.azureml.workspace import Workspace
from tests.sdk.azureml_lab import PLACE


def refusal(kind: type[Refusal] = Conflict) -> Refusal:
    made = kind("It cannot be.", presented="this", required="that", advice="think again")
    made.status, made.code, made.service = 409, "TakenAlready", "Web service"
    return made


def raised(kind: type[AzureMLException], error: Exception) -> AzureMLException:
    with pytest.raises(AzureMLException) as caught, refused_as(kind):
        raise error
    return caught.value


@pytest.mark.parametrize("kind", [ProjectSystemException, WebserviceException, WorkspaceException])
def test_a_refusal_keeps_its_text(kind: type[AzureMLException]) -> None:
    error = raised(kind, refusal())
    assert type(error) is kind
    assert str(error) == str(refusal())
    assert (error.message, error.code, error.advice) == ("It cannot be.", "TakenAlready", "think again")
    assert isinstance(error.inner_exception, Conflict)
    assert error.__cause__ is error.inner_exception


def test_what_proves_no_identity_and_what_cannot_be_used_have_names_of_their_own() -> None:
    assert type(raised(WebserviceException, refusal(TokenExpired))) is AuthenticationException
    assert type(raised(WebserviceException, BadInput("No such thing."))) is UserErrorException


def test_an_exception_of_the_sdk_passes_as_it_is() -> None:
    inner = WorkspaceException("Two of them.", found_multiple=True)
    assert raised(WebserviceException, inner) is inner
    with pytest.raises(ZeroDivisionError), refused_as(WebserviceException):
        _ = 1 / 0


def test_the_status_is_there_where_somebody_was_asked() -> None:
    error = raised(WebserviceException, refusal())
    assert isinstance(error, WebserviceException)
    assert error.status_code == 409
    assert WebserviceException("No.").status_code is None
    assert WebserviceException("No.", status_code=404).status_code == 404


def test_the_notebook_shows_the_text_and_no_traceback() -> None:
    error = raised(WebserviceException, refusal())
    assert error._render_traceback_() == [f"WebserviceException: {refusal()}"]
    assert repr(error) == f"<WebserviceException {refusal()}>"


def test_it_can_be_tried_like_any_call_of_the_lab() -> None:
    def call() -> None:
        with refused_as(WebserviceException):
            raise refusal()

    verdict = Verdict.of(call)
    assert (verdict.accepted, verdict.code) == (False, "TakenAlready")


@pytest.mark.parametrize("error", [raised(WebserviceException, refusal()), WorkspaceException("Two.", True)])
def test_it_is_pickled_with_its_text(error: AzureMLException) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (type(error), str(error))
    assert vars(again).keys() == vars(error).keys()


class Unprintable:
    def __repr__(self) -> str:
        raise ZeroDivisionError


@pytest.mark.parametrize(
    "value", [Unprintable(), [Unprintable()], 10**5000], ids=lambda one: type(one).__name__
)
def test_what_cannot_be_printed_is_refused_all_the_same(lab: Lab, value: Any) -> None:
    with lab.activate():
        ws = Workspace(**PLACE)
        for call in (
            lambda: Workspace.from_config(value),
            lambda: ws.write_config(value),
            lambda: prelude(ws, value),
            lambda: Model.register(ws, value, "churn"),
            lambda: InferenceConfig(value),
            lambda: InteractiveLoginAuthentication(cloud=value),
        ):
            with pytest.raises(UserErrorException) as caught:
                call()
            assert "something of type" in str(caught.value)


def test_all_of_them_have_one_base() -> None:
    kinds = [
        one for one in vars(exceptions).values() if isinstance(one, type) and one.__name__.endswith("ption")
    ]
    assert len(kinds) == 7
    assert all(issubclass(one, AzureMLException) for one in kinds)

"""The SDK's exceptions. Each says what the lab's refusal says, in the same words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from labkit.core.errors import BadInput, LabError, Refusal, Unauthenticated, brief


class AzureMLException(LabError):
    """Base of all of them. `inner_exception` is the lab's own refusal, where there was one."""

    def __init__(
        self,
        exception_message: str,
        inner_exception: LabError | None = None,
        *,
        presented: str = "",
        required: str = "",
        advice: str = "",
    ) -> None:
        super().__init__(exception_message, presented=presented, required=required, advice=advice)
        self.inner_exception = inner_exception
        if inner_exception is not None:
            self.code, self.presented = inner_exception.code, inner_exception.presented
            self.required, self.advice = inner_exception.required, inner_exception.advice

    @property
    def heading(self) -> str:
        """The first line, which is that of the lab's refusal."""
        return self.inner_exception.heading if self.inner_exception else self.message


class AuthenticationException(AzureMLException):
    """Nobody could be signed in, or the token proves nothing."""


class UserErrorException(AzureMLException):
    """An argument or a file that cannot be used."""


class ProjectSystemException(AzureMLException):
    """Resource Manager does not give the workspace out."""


class WorkspaceException(AzureMLException):
    """No workspace of that name, or more than one. `found_multiple` says which."""

    def __init__(self, exception_message: str, found_multiple: bool = False, **kwargs: Any) -> None:
        super().__init__(exception_message, **kwargs)
        self.found_multiple = found_multiple


class ComputeTargetException(AzureMLException):
    """No such compute target."""


class WebserviceException(AzureMLException):
    """A model or a web service is refused. `status_code` is the HTTP status, None where nobody was asked."""

    def __init__(self, exception_message: str, status_code: int | None = None, **kwargs: Any) -> None:
        super().__init__(exception_message, **kwargs)
        inner = self.inner_exception
        self.status_code = inner.status if status_code is None and isinstance(inner, Refusal) else status_code


@contextmanager
def refused_as(kind: type[AzureMLException]) -> Iterator[None]:
    """What the lab refuses in it is raised as `kind`; as AuthenticationException if no identity was proved,
    and as UserErrorException where the lab could not use what it was given."""
    try:
        yield
    except Unauthenticated as refusal:
        raise AuthenticationException(refusal.message, inner_exception=refusal) from refusal
    except Refusal as refusal:
        raise kind(refusal.message, inner_exception=refusal) from refusal
    except BadInput as bad:
        raise UserErrorException(bad.message, inner_exception=bad) from bad


def check_text(what: str, value: object, advice: str = "") -> str:
    """Raises UserErrorException for what is no text, or none that can stand in an id."""
    if type(value) is str and value and "/" not in value:
        return value
    shown = type(value).__name__ if not isinstance(value, str) else brief(value)
    raise UserErrorException(
        f"{what} is missing, or no name.", presented=shown, required=f"{what} as a text", advice=advice
    )

"""Run secrets: what a training script asks for by name, kept in the workspace's vault."""

from __future__ import annotations

from labkit.authenticators.run_token import RunToken
from labkit.core.credential import Bearer
from labkit.core.errors import BadRequest
from labkit.core.operation import Call, operation
from labkit.core.secret import Secret
from labkit.services.machine_learning.workspace import TYPE, MachineLearning, Workspace


def _check_secret(name: str) -> None:
    if not name:
        raise BadRequest("A run secret is a text under a name.", presented="an empty name")


def _kept_as(name: str) -> str:
    # Apart from what opens the data stores: that is for those who have listsecrets.
    return f"run/{name}"


class RunSecrets(MachineLearning):
    """Set by whoever may write the workspace, read by its runs and by whoever may read the workspace."""

    @operation("Set run secret", action=f"{TYPE}/metadata/secrets/write", parse=_check_secret)
    def put(self, call: Call[Workspace], name: str, value: str) -> None:
        """Stores a secret in the workspace's vault."""
        self.to_vault(call, _kept_as(name), value)

    @operation(
        "Get run secret",
        action=f"{TYPE}/metadata/secrets/read",
        accepts=(Bearer, RunToken),
        parse=_check_secret,
    )
    def get(self, call: Call[Workspace], name: str) -> Secret:
        """A secret by name. Raises NotFound, in the vault's words."""
        return self.from_vault(call, _kept_as(name))

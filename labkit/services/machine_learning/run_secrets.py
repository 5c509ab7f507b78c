"""Run secrets: what a training script asks for by name, kept in the workspace's vault."""

from __future__ import annotations

from labkit.authenticators.run_token import RunToken
from labkit.core.credential import Bearer
from labkit.core.operation import Call, operation
from labkit.core.secret import Secret
from labkit.services.machine_learning.workspace import TYPE, MachineLearning, Workspace


class RunSecrets(MachineLearning):
    """Set by whoever may write the workspace, read by its runs."""

    @operation("Set run secret", action=f"{TYPE}/metadata/secrets/write")
    def put(self, call: Call[Workspace], name: str, value: str) -> None:
        """Stores a secret in the workspace's vault."""
        self.to_vault(call, name, value)

    @operation("Get run secret", action=f"{TYPE}/metadata/secrets/read", accepts=(Bearer, RunToken))
    def get(self, call: Call[Workspace], name: str) -> Secret:
        """A secret by name. Raises NotFound, in the vault's words."""
        return self.from_vault(call, name)

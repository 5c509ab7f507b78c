"""The workspace, as the Azure ML service sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from labkit.authenticators.platform import Platform
from labkit.core.credential import Bearer
from labkit.core.operation import Call, Service
from labkit.core.resource import Resource
from labkit.core.secret import Secret
from labkit.services.azure_ad import ARM, KEY_VAULT, AzureAD
from labkit.services.key_vault import KeyVault
from labkit.services.resource_manager import TOKEN_DIALECT

TYPE = "Microsoft.MachineLearningServices/workspaces"


@dataclass
class Run:
    """One execution of a training script. `status` is Queued, Running, Completed or Failed."""

    run_id: str
    experiment: str
    submitted_by: str
    compute: str
    status: str = "Queued"
    metrics: list[tuple[str, float]] = field(default_factory=list)
    error: str = ""


@dataclass(eq=False)
class Workspace(Resource):
    """A workspace: its system-assigned managed identity (object id), the resources it depends on (ids by
    role: storage, vault, registry, insights), its runs and its data stores (secret name by name)."""

    service: ClassVar[str] = "Azure Machine Learning"
    refuses_guests: ClassVar[bool] = True
    identity_id: str = field(default="", kw_only=True)
    depends_on: dict[str, str] = field(default_factory=dict, kw_only=True)
    runs: dict[str, Run] = field(default_factory=dict, kw_only=True)
    data_stores: dict[str, str] = field(default_factory=dict, kw_only=True)
    computes: dict[str, str] = field(default_factory=dict, kw_only=True)


class MachineLearning(Service):
    """Base of the services that a workspace offers. They take Resource Manager's tokens and answer with
    its codes (assumption: ml-codes)."""

    name = "Azure Machine Learning"
    resource: ClassVar[type[Resource]] = Workspace
    dialect = TOKEN_DIALECT

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def as_workspace(self, call: Call[Any], workspace: Workspace, resource: str = ARM) -> Bearer:
        """A token of the workspace's managed identity for a resource, fetched from Azure AD now, each time
        anew (assumption: no-token-cache)."""
        certificate = self._platform.certificate(workspace.identity_id)
        return call.ask(AzureAD.token, workspace.tenant_id, certificate, resource).access_token.bearer

    def from_vault(self, call: Call[Workspace], name: str) -> Secret:
        """A secret of the workspace's vault, read as its managed identity: the caller never reaches the
        vault."""
        as_identity = self.as_workspace(call, call.target, KEY_VAULT)
        return call.ask(KeyVault.get_secret, call.target.depends_on["vault"], as_identity, name)

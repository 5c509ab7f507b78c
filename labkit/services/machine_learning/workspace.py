"""The workspace, as the Azure ML service sees it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, ClassVar

from labkit.authenticators.platform import Platform
from labkit.core.credential import Bearer
from labkit.core.errors import BadRequest, brief
from labkit.core.operation import Call, Service
from labkit.core.resource import Resource
from labkit.core.secret import Secret
from labkit.core.trace import Hop
from labkit.network.places import AZURE_ML
from labkit.services.azure_ad import ARM, KEY_VAULT, STORAGE, AzureAD
from labkit.services.key_vault import KeyVault
from labkit.services.machine_learning.high_business_impact import Passed
from labkit.services.machine_learning.serving import ScoringScript
from labkit.services.machine_learning.watching import Watched
from labkit.services.management_plane import TOKEN_DIALECT
from labkit.services.metrics import Counted
from labkit.services.storage import BlobStorage

TYPE = "Microsoft.MachineLearningServices/workspaces"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def check_name(of: str, name: str) -> None:
    """Raises BadRequest for what is no name of a model, a notebook or the like."""
    if not _NAME.fullmatch(name):
        raise BadRequest(
            f"A {of} needs a name.",
            presented=brief(name),
            required="1 to 100 letters, digits, . _ and -, a letter or digit first",
        )


@dataclass
class Run:
    """One execution of a training script. `status` is Queued, Running, Completed or Failed. What somebody
    submitted with it, if it was more than a function:

    snapshot_id, script    the code snapshot, and the file in it that is run
    image                  the image of its environment in the workspace's registry, if it has one
    environment_variables  as they were given: Azure ML takes no value for a secret
    data_stores            the names of those that were said to be used
    """

    run_id: str
    experiment: str
    submitted_by: str
    compute: str
    status: str = "Queued"
    metrics: list[tuple[str, float]] = field(default_factory=list)
    error: str = ""
    snapshot_id: str = ""
    script: str = ""
    image: str = ""
    environment_variables: dict[str, str] = field(default_factory=dict)
    data_stores: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Snapshot:
    """A code snapshot: the path and size (in bytes) of each of its files, and how much they are together.
    `digest` (SHA-256) is that of the archive which lies in `blob`; `created` is a time (UTC)."""

    snapshot_id: str
    files: tuple[tuple[str, int], ...]
    size: int
    digest: str
    created: str
    created_by: str
    blob: str

    @property
    def names(self) -> tuple[str, ...]:
        """The paths of its files."""
        return tuple(path for path, _ in self.files)


@dataclass(frozen=True)
class Model:
    """One version of a registered model, `size` bytes in a blob of the workspace's storage account."""

    name: str
    version: int
    size: int
    blob: str
    registered_by: str


@dataclass(frozen=True)
class Image:
    """One version of an image, made of one version of a model, and of a score file and the packages that it
    needs, if there are any."""

    name: str
    version: int
    model: str
    model_version: int
    dependencies: tuple[str, ...] = ()
    script: ScoringScript | None = field(default=None, repr=False)

    @property
    def tag(self) -> str:
        """Its name and version, as a registry wants them."""
        return f"{self.name}:{self.version}"


@dataclass(eq=False)
class Workspace(Resource):
    """A workspace: its system-assigned managed identity (object id), the resources it depends on (ids by
    role: storage, vault, registry, insights), the account that keeps its run history (id), its data stores
    (secret name by name), its compute targets (ids by name), the versions of its models and images (by name),
    its code snapshots (by id), and its edition ("" in a release that knows none).

    hbi          whether it is one of high business impact
    credentials  what its clusters need, by what it is for
    watched      what was noted of the operations in it
    """

    service: ClassVar[str] = "Azure Machine Learning"
    refuses_guests: ClassVar[bool] = True
    provider_network: ClassVar[str] = AZURE_ML
    identity_id: str = field(default="", kw_only=True)
    depends_on: dict[str, str] = field(default_factory=dict, kw_only=True)
    history: str = field(default="", kw_only=True)
    data_stores: dict[str, str] = field(default_factory=dict, kw_only=True)
    computes: dict[str, str] = field(default_factory=dict, kw_only=True)
    models: dict[str, list[Model]] = field(default_factory=dict, kw_only=True)
    images: dict[str, list[Image]] = field(default_factory=dict, kw_only=True)
    snapshots: dict[str, Snapshot] = field(default_factory=dict, kw_only=True)
    edition: str = field(default="", kw_only=True)
    hbi: bool = field(default=False, kw_only=True)
    credentials: dict[str, Passed] = field(default_factory=dict, repr=False, kw_only=True)
    watched: Watched = field(default_factory=Watched, repr=False, kw_only=True)

    @property
    def counted(self) -> Counted:
        """What Azure Monitor counts of it."""
        return self.watched.counted

    def own(self, name: str) -> str:
        """What something of this workspace is called in what it depends on. Another workspace that shares
        that, or that had this one's name before, has other names there."""
        return f"{self.identity_id}/{name}"  # assumption: names-by-workspace


class MachineLearning(Service):
    """Base of the services that a workspace offers. They take Resource Manager's tokens and answer with
    its codes (assumption: ml-codes)."""

    name = "Azure Machine Learning"
    resource: ClassVar[type[Resource]] = Workspace
    dialect = TOKEN_DIALECT
    keeps_log = True

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def ended(self, call: Call[Any], hop: Hop) -> None:
        """Has the workspace note what was done in it."""
        if isinstance(call.target, Workspace):
            call.target.watched.note(call, hop)

    def as_workspace(self, call: Call[Any], workspace: Workspace, resource: str = ARM) -> Bearer:
        """A token of the workspace's managed identity for a resource, fetched from Azure AD now, each time
        anew (assumption: no-token-cache)."""
        certificate = self._platform.certificate(workspace.identity_id)
        return call.ask(AzureAD.token, workspace.tenant_id, certificate, resource).access_token.bearer

    def from_vault(self, call: Call[Workspace], name: str) -> Secret:
        """A secret that the workspace keeps in its vault, read as its managed identity: the caller never
        reaches the vault. Raises NotFound, in the vault's words."""
        workspace, as_identity = call.target, self.as_workspace(call, call.target, KEY_VAULT)
        return call.ask(KeyVault.get_secret, workspace.depends_on["vault"], as_identity, workspace.own(name))

    def to_storage(self, call: Call[Workspace], blob: str, data: bytes) -> None:
        """Writes a blob of the workspace's storage account as its managed identity."""
        as_identity = self.as_workspace(call, call.target, STORAGE)
        call.ask(BlobStorage.put, call.target.depends_on["storage"], as_identity, blob, data)

    def from_storage(self, call: Call[Workspace], blob: str) -> bytes:
        """Reads one, in the same way. Raises NotFound, in the words of Azure Storage."""
        as_identity = self.as_workspace(call, call.target, STORAGE)
        return call.ask(BlobStorage.get, call.target.depends_on["storage"], as_identity, blob)

    def to_vault(self, call: Call[Workspace], name: str, value: str) -> None:
        """Keeps a secret of the workspace in its vault, as its managed identity."""
        workspace, as_identity = call.target, self.as_workspace(call, call.target, KEY_VAULT)
        vault, name = workspace.depends_on["vault"], workspace.own(name)
        call.ask(KeyVault.set_secret, vault, as_identity, name, value)

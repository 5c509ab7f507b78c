"""The applications that Azure ML makes for itself in a subscription: one for each region of a workspace."""

from __future__ import annotations

from labkit.core.credential import Bearer
from labkit.core.entropy import Entropy
from labkit.core.operation import Call
from labkit.identity.directory import Directory
from labkit.services.machine_learning.permissions import Permissions
from labkit.services.machine_learning.workspace import Workspace

PREFIX = "Microsoft-AzureML-Support-App-"


def ensure(
    call: Call[Workspace], permissions: Permissions, directory: Directory, entropy: Entropy, provider: Bearer
) -> None:
    """Makes the application of the workspace's region, with Contributor on the subscription, unless there is
    one. It stays when the workspace goes, and is undone with its creation. Statement app-aml."""
    workspace = call.target
    subscription = "/".join(workspace.id.split("/")[:3])
    client_id = entropy.uuid(f"support application/{subscription.lower()}/{workspace.region}")
    if directory.application(client_id) is not None:
        return
    # The documents give the beginning of the name only.  # assumption: support-app-name
    application = directory.register(PREFIX + workspace.region, client_id)
    principal = directory.add_service_principal(application)
    permissions.assign(call, provider, "Contributor", principal.object_id, subscription)

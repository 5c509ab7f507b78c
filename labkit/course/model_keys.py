"""Scene: keys with which a model's container on ACI can be encrypted, right ones and others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labkit.core.choice import choice
from labkit.core.operation import Op, P, R
from labkit.core.show import Shown
from labkit.core.table import Table
from labkit.course.key_scene import OWNER, address, at_vault, let_in, new_version
from labkit.course.store_trials import TEXT
from labkit.identity.first_party import CONTAINER_INSTANCES
from labkit.lab import Lab
from labkit.services.azure_ad import ARM
from labkit.services.container_instances import ContainerGroup
from labkit.services.key_vault import KeyVault, KeyVersion
from labkit.services.machine_learning.models import Models
from labkit.services.machine_learning.web_services import WebService, WebServices
from labkit.services.provider_registration import ProviderRegistration

# The key that is to be used, and one that others use.
MODELS, PIPELINE = "models", "pipeline"
NAME = "rows"


@dataclass(frozen=True, repr=False)
class ModelKeys(Shown):
    """The lab, the address of the vault, and all versions of its keys, the oldest first."""

    lab: Lab
    vault: str
    versions: tuple[KeyVersion, ...]

    def newest(self, name: str) -> KeyVersion:
        """The newest version of a key. Raises BadInput."""
        known = {one.name: one for one in self.versions}
        return known[choice("key", name, known)]

    def __repr__(self) -> str:
        rows = [(one.name, one.version, "yes" if one.enabled else "no", one.key_id) for one in self.versions]
        return repr(Table(("key", "version", "enabled", "full address"), rows, caption=self.vault))


def _asked(lab: Lab, op: Op[P, R], target: str, *args: P.args, **kwargs: P.kwargs) -> R:
    return lab.ask(OWNER, op, target, lab.sign_in(OWNER, resource=ARM).bearer, *args, **kwargs)


def model_keys(lab: Lab) -> ModelKeys:
    """Sets the scene in a new lab: a model, two keys in the workspace's vault, of which one has had its first
    version disabled, and Azure Container Instance Service let in. Raises what the door raises."""
    _asked(lab, Models.register, lab.workspace, NAME, TEXT.encode())
    _asked(lab, ProviderRegistration.register, lab.subscription, "Microsoft.ContainerInstance")
    service = CONTAINER_INSTANCES.principal(lab.directory)
    assert service is not None
    let_in(lab, service.object_id)
    first = new_version(lab, name=MODELS)
    at_vault(lab, KeyVault.update_key, lab.vault, MODELS, first.version, enabled=False)
    new_version(lab, name=PIPELINE)
    new_version(lab, name=MODELS)
    found = [at_vault(lab, KeyVault.list_key_versions, lab.vault, name) for name in (MODELS, PIPELINE)]
    return ModelKeys(lab, address(lab.vault), tuple(one for versions in found for one in versions))


def deploy(scene: ModelKeys, arguments: Mapping[str, Any]) -> WebService:
    """olivia deploys the model to ACI with these arguments. Raises what the door raises."""
    lab = scene.lab
    return _asked(lab, WebServices.deploy_aci, lab.workspace, NAME, NAME, **arguments)


def group(lab: Lab) -> ContainerGroup:
    """The container group in which the one web service of a lab runs."""
    [found] = [one for one in lab.resources if isinstance(one, ContainerGroup)]
    return found

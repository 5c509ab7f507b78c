"""Scene: olivia wants a workspace whose run history is under her own key, and not all of it is ready."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from labkit.access.rbac import PROPAGATION
from labkit.core.errors import BadInput
from labkit.core.operation import Op, P, R
from labkit.core.show import Shown
from labkit.core.verdict import Verdict
from labkit.course.key_scene import OWNER, let_in, new_version, put
from labkit.furniture import GROUPS, workspace_id
from labkit.identity.first_party import COSMOS
from labkit.lab import Lab
from labkit.services.authorization import Authorization
from labkit.services.machine_learning.dedicated_cosmos import KEY, VAULT
from labkit.services.machine_learning.permissions import PROVIDER_APP
from labkit.services.provider_registration import COSMOS_KEYS, Features, ProviderRegistration

WORKSPACE = workspace_id(GROUPS[0], "ml-own")
# After so many seconds a role that was given is seen by everybody.
_PATIENCE = PROPAGATION + 60
_STORY = """\
olivia wants a workspace ml-own whose run history is in a Cosmos DB account of her own, under her own key. She
has the key, its full address, and the vault: create() asks for an Enterprise workspace with them, half an
hour later each time. It is refused. do(step) takes one of these steps:
{steps}"""


def _asked(lab: Lab, op: Op[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    return lab.ask(OWNER, op, lab.subscription, lab.sign_in(OWNER).bearer, *args, **kwargs)


def _principal(lab: Lab, client_id: str, name: str) -> str:
    """The object id of an application. Raises BadInput where the tenant does not have it."""
    found = lab.directory.principal_of(client_id)
    if found is None:
        raise BadInput(
            f"The tenant has no service principal of {name}.", required="the one that comes with its provider"
        )
    return found.object_id


def _contributor(lab: Lab, client_id: str, name: str) -> None:
    _asked(lab, Authorization.assign, "Contributor", _principal(lab, client_id, name))


# Each raises BadInput, or what the door raises.
STEPS: Mapping[str, Callable[[Lab], object]] = {
    "contributor": lambda lab: _contributor(lab, PROVIDER_APP, "Azure Machine Learning"),
    "cosmos contributor": lambda lab: _contributor(lab, COSMOS.client_id, COSMOS.name),
    "cosmos provider": lambda lab: _asked(lab, ProviderRegistration.register, "Microsoft.DocumentDB"),
    "feature": lambda lab: _asked(lab, Features.register, COSMOS_KEYS),
    "machine learning provider": lambda lab: _asked(
        lab, ProviderRegistration.register, "Microsoft.MachineLearningServices"
    ),
    "new version": new_version,
    "vault access": lambda lab: let_in(lab, _principal(lab, COSMOS.client_id, COSMOS.name)),
}


@dataclass(frozen=True, repr=False)
class OwnHistory(Shown):
    """The lab, and the full address of olivia's key, with its version."""

    lab: Lab
    key: str

    def do(self, step: str) -> Verdict[object]:
        """Takes one of STEPS. Raises BadInput for any other."""
        if type(step) is not str or step not in STEPS:
            raise BadInput("There is no such step.", required=", ".join(STEPS))
        return Verdict.of(lambda: STEPS[step](self.lab))

    def create(self) -> Verdict[dict[str, Any]]:
        """Asks for the workspace, half an hour later: a role that somebody was just given may take as long to
        be seen."""
        self.lab.clock.advance(_PATIENCE)
        wanted = {KEY: self.key, VAULT: self.lab.vault, "edition": "Enterprise"}
        return Verdict.of(lambda: put(self.lab, WORKSPACE, wanted))

    def __repr__(self) -> str:
        return _STORY.format(steps="\n".join(f"- {step}" for step in STEPS))


def own_history(lab: Lab) -> OwnHistory:
    """Sets the scene in a new lab. Raises what the door raises."""
    return OwnHistory(lab, new_version(lab).key_id)

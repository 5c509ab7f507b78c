"""The edition of a workspace: Basic at first, Enterprise once its Owner upgrades it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

from labkit.authenticators.platform import Forwarded, Platform
from labkit.core.errors import BadInput, BadRequest, Conflict, brief
from labkit.core.operation import Call, operation
from labkit.core.resource import Resource, Resources
from labkit.releases import TAKES
from labkit.services.machine_learning.workspace import MachineLearning, Workspace
from labkit.services.resource_manager import ResourceManager, may_change

# No reference gives an action. This one an Owner may and a Contributor may not.
# assumption: upgrade-action
_UPGRADE = "Microsoft.Authorization/roleAssignments/write"


def edition_changed(editions: tuple[str, ...]) -> Callable[[Call[Workspace], Mapping[str, Any]], None]:
    """What a PUT over an existing workspace may change: its description. The edition it can only repeat:
    changing it is not for everybody who may write."""

    def changed(call: Call[Workspace], changes: Mapping[str, Any]) -> None:
        same = bool(editions) and changes.get("edition") == call.target.edition
        may_change("description", *(("edition",) if same else ()))(call, changes)

    return changed


def begin_edition(
    call: Call[Workspace], platform: Platform, editions: tuple[str, ...], properties: Mapping[str, Any]
) -> None:
    """Gives a new workspace the edition that is asked for. The highest one takes what an upgrade takes
    Raises BadRequest, and Forbidden."""
    wanted = properties.get("edition", *editions[:1] or [None])
    if "edition" in properties and not editions:
        raise BadRequest("There are no editions in this release.", presented=brief(wanted))
    if type(wanted) is str and wanted == editions[-1] != call.target.edition:
        call.ask(Editions.begin, call.target.id, platform.forward(call.identity))


class EditionRequired(BadRequest):
    """The workspace has another edition than what is asked for takes."""

    # assumption: edition-enforced
    fixed_code: ClassVar[str] = "EditionNotSupported"


def check_edition(workspace: Workspace, what: str, of: str = "") -> None:
    """Whether a workspace can have one of `TAKES`, `of` a resource that it depends on. In a release without
    editions it can. Raises EditionRequired. Statement net-edition-table."""
    needed = TAKES[what]
    if workspace.edition in ("", needed):
        return
    raise EditionRequired(
        f"The {needed} edition is what it takes: {what}.",
        presented=f"{workspace.name}, edition: {workspace.edition}" + (f"; {of}" if of else ""),
        required=f"edition: {needed}",
        advice="an Owner can upgrade a workspace (Editions.upgrade), or create it with that property",
    )


class Editions(MachineLearning):
    """`editions` are those of the lab's release, the first one first; () where the documents know none."""

    def __init__(self, platform: Platform, editions: tuple[str, ...]) -> None:
        super().__init__(platform)
        self._editions = editions

    def locate(self, target: str, resources: Resources) -> tuple[Resource, str]:
        """A workspace. Raises BadInput in a lab whose release knows no editions."""
        if not self._editions:
            raise BadInput(
                "This release of the documents knows no editions.",
                required="a lab of 2020-01 or 2020-03",
                advice='labkit.start("2020-03")',
            )
        return super().locate(target, resources)

    def targets(self, resources: Resources) -> Iterator[str]:
        return super().targets(resources) if self._editions else iter(())

    @operation("Begin with edition", action=_UPGRADE, accepts=(Forwarded,))
    def begin(self, call: Call[Workspace]) -> None:
        """Makes a workspace that is being created an Enterprise one."""
        workspace, before = call.target, call.target.edition
        call.undo(lambda: setattr(workspace, "edition", before))
        workspace.edition = self._editions[-1]

    @operation("Upgrade edition", action=_UPGRADE)
    def upgrade(self, call: Call[Workspace]) -> str:
        """Makes the workspace an Enterprise one and returns the edition. It takes the right to write the
        workspace as well. Raises Conflict for one that is that already. Statement rbac-upgrade."""
        workspace, before = call.target, call.target.edition
        highest = self._editions[-1]
        if before == highest:
            raise Conflict("The workspace has this edition already.", presented=before)
        call.undo(lambda: setattr(workspace, "edition", before))
        workspace.edition = highest
        as_caller = self._platform.forward(call.identity)
        call.ask(ResourceManager.put, workspace.id, as_caller, workspace.region, {"edition": highest})
        return highest

"""Images: a model and what scores with it, built and kept in the workspace's registry."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from labkit.authenticators.platform import Forwarded
from labkit.core.errors import BadRequest, brief
from labkit.core.operation import Call, operation
from labkit.services.machine_learning.environments import environment_of
from labkit.services.machine_learning.models import newest_model
from labkit.services.machine_learning.scoring import SCRIPT
from labkit.services.machine_learning.serving import ScoringScript, check_script
from labkit.services.machine_learning.workspace import TYPE, Image, MachineLearning, Model, Workspace
from labkit.services.registry import ContainerRegistry

_ENVIRONMENTS = f"{TYPE}/environments"
_NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")


def packed(
    model: Model, data: bytes, script: ScoringScript | None = None, dependencies: Sequence[str] = ()
) -> bytes:
    """What an image holds: in its first line which model it is for, what scores with it and what that needs,
    then the model."""
    head: dict[str, object] = {"model": model.name, "version": model.version, "entry": SCRIPT}
    if script is not None:
        head[SCRIPT] = script.source.decode("utf-8", "replace")
    if dependencies:
        head["dependencies"] = list(dependencies)
    return json.dumps(head).encode() + b"\n" + data


def model_in(image: bytes) -> bytes:
    """The model's bytes, out of an image."""
    return image.partition(b"\n")[2]


def build(
    service: MachineLearning,
    call: Call[Workspace],
    name: str,
    model: Model,
    content: bytes,
    script: ScoringScript | None = None,
    dependencies: tuple[str, ...] = (),
) -> Image:
    """Puts the next version of an image into the workspace's registry, as its managed identity."""
    images, before = call.target.images, call.target.images.get(name)
    image = Image(name, len(before or ()) + 1, model.name, model.version, dependencies, script)
    as_identity = service.as_workspace(call, call.target)
    registry, tag = call.target.depends_on["registry"], call.target.own(image.tag)
    call.ask(ContainerRegistry.push, registry, as_identity, tag, content)
    call.undo(lambda: images.pop(name, None) if before is None else images.update({name: before}))
    images[name] = [*(before or ()), image]
    return image


def _check_image(name: str, script: ScoringScript | None, dependencies: Sequence[str]) -> None:
    if not _NAME.fullmatch(name) or len(name) > 60:
        raise BadRequest(
            "An image needs a name.", presented=brief(name), required="a-z, 0-9 and single . _ - between"
        )
    check_script(script)
    environment_of(dependencies, "", False)


class Images(MachineLearning):
    """Creating one takes two permissions: to build, and to package the model."""

    @operation("Create image", action=f"{_ENVIRONMENTS}/build/action", parse=_check_image)
    def create(
        self,
        call: Call[Workspace],
        name: str,
        model: str,
        script: ScoringScript | None = None,
        dependencies: Sequence[str] = (),
    ) -> Image:
        """Builds an image of the latest version of a model, of a score file (`script`) and of the packages
        that this needs, and keeps it in the registry. What is deployed from it runs that score file, unless
        another one comes with the deployment. Raises NotFound. Statement flow-web-service."""
        as_caller, packages = self._platform.forward(call.identity), tuple(dependencies)
        content = call.ask(Images.package, call.target.id, as_caller, model, script, packages)
        return build(self, call, name, newest_model(call.target, model), content, script, packages)

    @operation("Package model", action=f"{TYPE}/models/package/action", accepts=(Forwarded,))
    def package(
        self,
        call: Call[Workspace],
        model: str,
        script: ScoringScript | None = None,
        dependencies: Sequence[str] = (),
    ) -> bytes:
        """What an image of this model holds. Raises NotFound."""
        found = newest_model(call.target, model)
        return packed(found, self.from_storage(call, found.blob), script, dependencies)

    @operation("List images", action=f"{_ENVIRONMENTS}/read")
    def list_images(self, call: Call[Workspace]) -> list[Image]:
        """All versions of all images, in order of name and version."""
        return [image for name in sorted(call.target.images) for image in call.target.images[name]]

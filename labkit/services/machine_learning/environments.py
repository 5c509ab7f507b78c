"""Environments: what a training script needs around it, and the image that is built of that."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass

from labkit.core.errors import BadRequest, brief
from labkit.core.operation import Call
from labkit.services.machine_learning.workspace import MachineLearning, Workspace
from labkit.services.registry import ContainerRegistry

# What an environment begins with that names no base image.
# https://learn.microsoft.com/python/api/azureml-core/azureml.core.environment.dockersection
BASE_IMAGE = "mcr.microsoft.com/azureml/base:intelmpi2018.3-ubuntu16.04"
_IMAGE = re.compile(r"[a-z0-9][a-z0-9./_-]{0,200}(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?")
_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:\[[A-Za-z0-9,_-]+\])?(?:[=<>!~]=?[A-Za-z0-9.*]+)?")
_TAG = "latest"


@dataclass(frozen=True)
class Environment:
    """The packages of a script and the image that they are installed on. On a managed cluster it is a
    container in any case, elsewhere with `docker`."""

    dependencies: tuple[str, ...] = ()
    base_image: str = BASE_IMAGE
    docker: bool = False

    @property
    def definition(self) -> bytes:
        """What an image is built of: the same for all that have the same in them."""
        recipe = {"base_image": self.base_image, "dependencies": list(self.dependencies)}
        return json.dumps(recipe, sort_keys=True).encode()

    @property
    def name(self) -> str:
        """What the image is called, after what it is built of."""
        # assumption: environment-name
        return f"azureml_{hashlib.sha256(self.definition).hexdigest()[:32]}"


def environment_of(dependencies: object, image: str, docker: bool) -> Environment:
    """What somebody submits as an environment. Raises BadRequest."""
    given = dependencies if type(dependencies) in (tuple, list) else None
    fit = given is not None and all(type(one) is str and _PACKAGE.fullmatch(one) for one in given)  # type: ignore[attr-defined]
    if not fit or given is None:
        raise BadRequest(
            "That is no list of packages.",
            presented=brief(dependencies),
            required='texts such as "scikit-learn==0.22.1"',
        )
    if image and not _IMAGE.fullmatch(image):
        raise BadRequest("That is no base image.", presented=brief(image), required=BASE_IMAGE)
    if type(docker) is not bool:
        raise BadRequest("With Docker?", presented=brief(docker), required="True or False")
    # In whatever order they are named, they are the same environment.
    packages: set[str] = set(given)  # type: ignore[call-overload]
    return Environment(tuple(sorted(packages)), image or BASE_IMAGE, docker)


def ensure_image(service: MachineLearning, call: Call[Workspace], environment: Environment) -> str:
    """The name of the environment's image in the workspace's registry, where it is built, as the managed
    identity, unless it is there. Statement flow-training-managed."""
    registry, repository = call.target.depends_on["registry"], call.target.own(environment.name)
    as_identity, name = service.as_workspace(call, call.target), f"{repository}:{_TAG}"
    if _TAG not in call.ask(ContainerRegistry.tags, registry, as_identity, repository):
        call.ask(ContainerRegistry.build, registry, as_identity, name, environment.definition)
    return name

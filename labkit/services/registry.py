"""Container Registry: images under a name and a tag."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import ClassVar

from labkit.core.errors import BadRequest, Forbidden, NotFound, Unauthenticated, brief
from labkit.core.operation import Call, Service, operation
from labkit.core.resource import Resource

TYPE = "Microsoft.ContainerRegistry/registries"
# https://distribution.github.io/distribution/spec/api/: lower case, parts joined by slashes, then a tag.
_PART = r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*"
_NAME = re.compile(rf"(?=.{{1,255}}\Z){_PART}(?:/{_PART})*:[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}}")


@dataclass(eq=False)
class Registry(Resource):
    """A registry. Images by `name:tag`."""

    service: ClassVar[str] = "Container Registry"
    images: dict[str, bytes] = field(default_factory=dict, repr=False, kw_only=True)


def _check_image(name: str, image: bytes = b"") -> None:
    if not _NAME.fullmatch(name):
        raise BadRequest(
            "That is not the name of an image.", presented=brief(name), required="name:tag, in lower case"
        )


class ContainerRegistry(Service):
    """Takes Resource Manager's tokens directly (assumption: registry-token)."""

    name = "Container Registry"
    resource = Registry
    dialect = {
        # https://distribution.github.io/distribution/spec/api/#errors-2
        Unauthenticated: (401, "UNAUTHORIZED"),
        Forbidden: (403, "DENIED"),
        NotFound: (404, "MANIFEST_UNKNOWN"),
    }

    @operation("Push image", action=f"{TYPE}/push/write", parse=_check_image)
    def push(self, call: Call[Registry], name: str, image: bytes) -> str:
        """Stores an image, replacing what was under this name. Returns its digest."""
        images, before = call.target.images, call.target.images.get(name)
        call.undo(lambda: images.pop(name, None) if before is None else images.update({name: before}))
        images[name] = image
        return "sha256:" + hashlib.sha256(image).hexdigest()

    @operation("Pull image", action=f"{TYPE}/pull/read", parse=_check_image)
    def pull(self, call: Call[Registry], name: str) -> bytes:
        """The image. Raises NotFound."""
        if name not in call.target.images:
            raise NotFound("The registry has no such image.", presented=name)
        return call.target.images[name]

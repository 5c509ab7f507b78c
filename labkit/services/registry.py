"""Container Registry: images under a name and a tag."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from labkit.authenticators.registry_password import RegistryPassword
from labkit.core.credential import Bearer
from labkit.core.errors import BadRequest, Forbidden, NetworkDenied, NotFound, Unauthenticated, brief
from labkit.core.identity import Capability
from labkit.core.operation import Call, Service, operation
from labkit.core.resource import Resource
from labkit.core.secret import Secret
from labkit.crypto.errors import Damaged
from labkit.services import encryption
from labkit.services.encryption import AccountKey, Disk

TYPE = "Microsoft.ContainerRegistry/registries"
PASSWORDS = ("password", "password2")
_ACCEPTED = (Bearer, RegistryPassword)
# https://distribution.github.io/distribution/spec/api/: lower case, parts joined by slashes, then a tag.
_PART = r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*"
_NAME = re.compile(rf"(?=.{{1,255}}\Z){_PART}(?:/{_PART})*:[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}}")


@dataclass(eq=False)
class Registry(Resource):
    """A registry. Images by `name:tag`. `identity_id` is the object id of its own managed identity, "" while
    it has none; `given_identities` are object ids of others by client id."""

    service: ClassVar[str] = "Container Registry"
    identity_id: str = field(default="", kw_only=True)
    given_identities: dict[str, str] = field(default_factory=dict, kw_only=True)
    account_key: AccountKey = field(repr=False, kw_only=True)
    images: Disk = field(repr=False, kw_only=True)
    passwords: dict[str, str] = field(default_factory=dict, repr=False, kw_only=True)

    @property
    def opened(self) -> Capability:
        """What the passwords of its admin account open: all of it, whatever roles say."""
        return Capability(self.id, (f"{TYPE}/push/write", f"{TYPE}/pull/read"))

    def disks(self) -> Iterator[Disk]:
        """All images lie on one."""
        yield self.images


def list_credentials(call: Call[Registry], body: Mapping[str, Any]) -> dict[str, Secret]:
    """The POST action listCredentials: both passwords of the admin account, whose name is the registry's."""
    return {name: Secret(password) for name, password in call.target.passwords.items()}


def _check_repository(repository: str) -> None:
    _check_image(f"{repository}:latest")


def _check_image(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise BadRequest(
            "That is not the name of an image.", presented=brief(name), required="name:tag, in lower case"
        )


class ContainerRegistry(Service):
    """Takes Resource Manager's tokens directly (assumption: registry-token)."""

    name = "Container Registry"
    resource = Registry
    dialect = {
        # assumption: registry-key-codes
        encryption.KeyUnavailable: (403, "DENIED"),
        Damaged: (500, "UNKNOWN"),
        # https://distribution.github.io/distribution/spec/api/#errors-2
        Unauthenticated: (401, "UNAUTHORIZED"),
        Forbidden: (403, "DENIED"),
        NetworkDenied: (403, "DENIED"),
        NotFound: (404, "MANIFEST_UNKNOWN"),
    }

    @operation("Push image", action=f"{TYPE}/push/write", accepts=_ACCEPTED, parse=_check_image)
    def push(self, call: Call[Registry], name: str, image: bytes) -> str:
        """Stores an image, replacing what was under this name: it is encrypted before it is stored. Returns
        its digest. Raises KeyUnavailable. Statement enc-acr."""
        digest = "sha256:" + hashlib.sha256(image).hexdigest()
        call.target.images.write(call, name, image)
        return digest

    @operation("Pull image", action=f"{TYPE}/pull/read", accepts=_ACCEPTED, parse=_check_image)
    def pull(self, call: Call[Registry], name: str) -> bytes:
        """The image, decrypted on the fly. Raises NotFound, KeyUnavailable, and Damaged."""
        if name not in call.target.images:
            raise NotFound("The registry has no such image.", presented=name)
        return call.target.images.read(call, name)

    @operation("List tags", action=f"{TYPE}/pull/read", accepts=_ACCEPTED, parse=_check_repository)
    def tags(self, call: Call[Registry], repository: str) -> list[str]:
        """The tags under which there are images of this name: none, if there is none."""
        return [name.rpartition(":")[2] for name in call.target.images.names(f"{repository}:")]

    @operation("Build image", action=f"{TYPE}/scheduleRun/action", parse=_check_image)
    def build(self, call: Call[Registry], name: str, definition: bytes) -> str:
        """A remote Docker build: makes an image of what defines it, and stores it under its name. Returns its
        digest. Raises KeyUnavailable. Statement flow-training-managed."""
        # https://learn.microsoft.com/rest/api/containerregistry/registries/schedule-run
        digest = "sha256:" + hashlib.sha256(definition).hexdigest()
        call.target.images.write(call, name, definition)
        return digest

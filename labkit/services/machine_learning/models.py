"""Registered models: bytes in the workspace's storage account, under a name and a version."""

from __future__ import annotations

from labkit.core.errors import NotFound
from labkit.core.operation import Call, operation
from labkit.services.machine_learning.workspace import TYPE, MachineLearning, Model, Workspace, check_name

_MODELS = f"{TYPE}/models"


def newest_model(workspace: Workspace, name: str) -> Model:
    """The latest version of a model. Raises NotFound."""
    if name not in workspace.models:
        known = ", ".join(workspace.models) or "none yet"
        raise NotFound("The workspace has no such model.", presented=name[:60], required=known)
    return workspace.models[name][-1]


def _check_model(name: str) -> None:
    check_name("model", name)


class Models(MachineLearning):
    """What users register and deploy. The bytes are written and read as the workspace's managed identity."""

    @operation("Register model", action=f"{_MODELS}/write", parse=_check_model)
    def register(self, call: Call[Workspace], name: str, data: bytes) -> Model:
        """Stores the next version of a model. Statement flow-web-service."""
        models = call.target.models
        version = len(models.get(name, ())) + 1
        blob = f"azureml/{call.target.own(f'models/{name}/{version}')}"
        model = Model(name, version, len(data), blob, call.identity.name)
        self.to_storage(call, model.blob, data)
        before = models.get(name)
        call.undo(lambda: models.pop(name) if before is None else models.update({name: before}))
        models[name] = [*(before or ()), model]
        return model

    @operation("List models", action=f"{_MODELS}/read")
    def list_models(self, call: Call[Workspace]) -> list[Model]:
        """All versions of all models, in order of name and version."""
        return [model for name in sorted(call.target.models) for model in call.target.models[name]]

    @operation("Get model", action=f"{_MODELS}/read")
    def get(self, call: Call[Workspace], name: str) -> Model:
        """The latest version. Raises NotFound."""
        return newest_model(call.target, name)

    @operation("Download model", action=f"{_MODELS}/read")
    def download(self, call: Call[Workspace], name: str) -> bytes:
        """The bytes of the latest version. Raises NotFound."""
        return self.from_storage(call, newest_model(call.target, name).blob)

"""`azureml.core.model`: registered models, and their deployment."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from labkit.core.errors import brief
from labkit.sdk.azureml.compute import ComputeTarget
from labkit.sdk.azureml.configuration import DeploymentConfiguration
from labkit.sdk.azureml.exceptions import UserErrorException, WebserviceException, check_text
from labkit.sdk.azureml.handle import Handle
from labkit.sdk.azureml.inference import InferenceConfig
from labkit.sdk.azureml.webservice import Webservice, deploy
from labkit.sdk.azureml.workspace import Workspace, check_workspace
from labkit.services.machine_learning.models import Models
from labkit.services.machine_learning.workspace import Model as Registered

_LARGEST = 10_000_000


class Model(Handle):
    """The latest version of a registered model. Raises WebserviceException."""

    def __init__(self, workspace: Workspace, name: str) -> None:
        check_workspace(workspace)
        self._fill(workspace, workspace.ask(Models.get, check_text("name", name)))

    def _fill(self, workspace: Workspace, registered: Registered) -> None:
        self.workspace = workspace
        self.name, self.version = registered.name, registered.version
        self.id = f"{registered.name}:{registered.version}"

    @classmethod
    def of(cls, workspace: Workspace, registered: Registered) -> Model:
        """What the lab says of a version of a model, as the SDK shows it."""
        model = cls.__new__(cls)
        model._fill(workspace, registered)
        return model

    @classmethod
    def register(cls, workspace: Workspace, model_path: str | os.PathLike[str], model_name: str) -> Model:
        """Registers a file as the next version of a model. Raises WebserviceException, and UserErrorException
        for a file that cannot be read."""
        check_workspace(workspace)
        try:
            with Path(model_path).open("rb") as file:
                data = file.read(_LARGEST + 1)
        except (OSError, TypeError, ValueError) as error:
            raise UserErrorException(
                "The model cannot be read.", presented=brief(model_path, 80), required="a file"
            ) from error
        if len(data) > _LARGEST:
            raise UserErrorException("The model is too large for the lab.", required=f"{_LARGEST} bytes")
        return cls.of(workspace, workspace.ask(Models.register, check_text("model_name", model_name), data))

    @classmethod
    def list(cls, workspace: Workspace) -> Listed:
        """All versions of all models."""
        return [cls.of(workspace, one) for one in check_workspace(workspace).ask(Models.list_models)]

    @staticmethod
    def deploy(
        workspace: Workspace,
        name: str,
        models: Sequence[Model],
        inference_config: InferenceConfig | None = None,
        deployment_config: DeploymentConfiguration | None = None,
        deployment_target: ComputeTarget | None = None,
        overwrite: bool = False,
    ) -> Webservice:
        """Deploys one model to a new container instance, or to the attached cluster that `deployment_target`
        or the configuration names. Raises WebserviceException. Statement svc-deploy."""
        model = _only(models)
        newest = Model(workspace, model.name)
        if newest.version != model.version:
            raise WebserviceException(
                "The lab deploys the latest version of a model.",
                presented=model.id,
                required=newest.id,
                advice=f'Model(ws, name="{model.name}") is the latest',
            )
        if inference_config is not None and not isinstance(inference_config, InferenceConfig):
            raise UserErrorException(
                "That is no inference configuration.",
                presented=type(inference_config).__name__,
                required='InferenceConfig(entry_script="score.py", environment=myenv)',
            )
        if overwrite:
            raise WebserviceException(
                "The lab does not overwrite a web service.",
                presented="overwrite=True",
                required="another name",
            )
        script = inference_config.scoring_script() if inference_config else None
        return deploy(workspace, name, model.name, script, deployment_config, deployment_target)

    def __repr__(self) -> str:
        return f"Model(workspace={self.workspace!r}, name={self.name}, id={self.id}, version={self.version})"


Listed = list[Model]


def _only(models: object) -> Model:
    if isinstance(models, list | tuple) and len(models) == 1 and isinstance(models[0], Model):
        return models[0]
    many = f"{len(models)} of them" if isinstance(models, list | tuple) else type(models).__name__
    raise WebserviceException(
        "The lab deploys one model to a web service.", presented=many, required="models=[model]"
    )

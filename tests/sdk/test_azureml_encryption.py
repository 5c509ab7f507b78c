"""The SDK's arguments for keys of the customer's, as the documents print them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from labkit.azure import ResourceManager
from labkit.lab import Lab, start
from labkit.sdk.azureml.authentication import InteractiveLoginAuthentication
from labkit.sdk.azureml.exceptions import UserErrorException, WebserviceException, WorkspaceException
from labkit.sdk.azureml.inference import InferenceConfig
from labkit.sdk.azureml.model import Model
from labkit.sdk.azureml.webservice import AciWebservice
from labkit.sdk.azureml.workspace import Workspace
from labkit.services.container_instances import ContainerGroup
from labkit.services.cosmos import CosmosAccount
from labkit.services.machine_learning.workspace import Workspace as Made
from tests.sdk.azureml_lab import PLACE, nothing_left_active
from tests.services.container_key import let_in
from tests.services.own_history import OWN, prepare
from tests.services.state import everything
from tests.services.stores import address, new_version

SCORE = "def init():\n    pass\n\n\ndef run(data):\n    return 'secret formula'\n"


@pytest.fixture
def active(lab: Lab) -> Iterator[Lab]:
    with nothing_left_active(), lab.activate("olivia"):
        yield lab


def create(**more: Any) -> Workspace:
    place = {"subscription_id": "your-sub-id", "resource_group": "your-resource-group-name"}
    return Workspace.create(**({"name": "own-history", "location": "eastus"} | place | more))


def made(lab: Lab) -> Made:
    found = lab.resources.find(OWN)
    assert isinstance(found, Made)
    return found


class TestWorkspaceCreate:
    def test_with_both_parameters_run_history_is_under_the_customer_s_key(self, active: Lab) -> None:
        ws = create(resource_cmk_uri=prepare(active), cmk_keyvault=active.vault, sku="enterprise")
        assert (ws.name, ws.location, ws.id) == ("own-history", "eastus", OWN)
        account = active.resources.find(made(active).history)
        assert isinstance(account, CosmosAccount)
        assert (account.account_key.owner, account.throughput) == ("customer", 8000)

    @pytest.mark.parametrize("left", ["resource_cmk_uri", "cmk_keyvault"])
    def test_with_one_alone_the_other_is_said_to_be_missing(self, active: Lab, left: str) -> None:
        both = {"resource_cmk_uri": prepare(active), "cmk_keyvault": active.vault}
        [missing] = both.keys() - {left}
        InteractiveLoginAuthentication()
        before = everything(active)
        with pytest.raises(WorkspaceException, match=f"{missing} is missing"):
            create(**{left: both[left]})
        assert everything(active) == before

    def test_the_vault_may_be_the_same_one(self, active: Lab) -> None:
        own = active.vault
        create(resource_cmk_uri=prepare(active), cmk_keyvault=own, key_vault=own, sku="enterprise")
        assert made(active).depends_on["vault"] == active.vault

    def test_without_them_it_is_an_ordinary_one_in_a_new_resource_group(self, active: Lab) -> None:
        ws = create(resource_group="brand-new", hbi_workspace=True, friendly_name="A new one")
        assert ws.resource_group == "brand-new"
        document = ws.ask(ResourceManager.get)
        assert document["properties"]["hbiWorkspace"] is True
        assert document["properties"]["description"] == "A new one"

    def test_without_leave_to_make_a_group_there_has_to_be_one(self, active: Lab) -> None:
        with pytest.raises(WorkspaceException, match="does not exist"):
            create(resource_group="brand-new", create_resource_group=False)

    def test_one_that_is_there_is_taken_only_if_that_is_all_right(self, active: Lab) -> None:
        name = PLACE["workspace_name"]
        with pytest.raises(WorkspaceException, match="exists already"):
            create(name=name)
        assert create(name=name, exist_ok=True) == Workspace(**PLACE)

    def test_what_is_no_name_and_what_the_lab_does_not_do_is_refused(self, active: Lab) -> None:
        for wrong in ({"name": "a/b"}, {"location": None}, {"subscription_id": None}):
            with pytest.raises(UserErrorException):
                create(**wrong)
        with pytest.raises(UserErrorException, match="default_cpu_compute_target"):
            create(default_cpu_compute_target="yes")
        with pytest.raises(WorkspaceException):
            create(sku="premium")
        assert active.resources.get(OWN) is None


class TestDeployConfiguration:
    def deploy(self, lab: Lab, folder: Any, **key: str) -> Any:
        ws = Workspace(**PLACE)
        (folder / "model.bin").write_bytes(b"weights")
        (folder / "score.py").write_text(SCORE)
        model = Model.register(ws, str(folder / "model.bin"), "churn")
        inference = InferenceConfig("score.py", source_directory=str(folder))
        configuration = AciWebservice.deploy_configuration(**key)
        return Model.deploy(ws, "svc", [model], inference, configuration)

    def key(self, lab: Lab) -> dict[str, str]:
        let_in(lab)
        key = new_version(lab, "aci-key")
        return {
            "cmk_vault_base_url": address(lab.vault),
            "cmk_key_name": key.name,
            "cmk_key_version": key.version,
        }

    def test_with_the_three_parameters_the_disk_is_under_the_customer_s_key(
        self, active: Lab, tmp_path: Any
    ) -> None:
        service = self.deploy(active, tmp_path, **self.key(active))
        [group] = [one for one in active.resources if isinstance(one, ContainerGroup)]
        assert group.account_key is not None
        assert group.account_key.owner == "customer"
        assert group.disk.medium.find("secret formula") == []
        assert service.run("[1]") == "secret formula"

    @pytest.mark.parametrize("left", ["cmk_vault_base_url", "cmk_key_name", "cmk_key_version"])
    def test_with_one_missing_it_is_said_which(self, active: Lab, tmp_path: Any, left: str) -> None:
        key = self.key(active)
        del key[left]
        with pytest.raises(WebserviceException, match=f"{left} is missing"):
            self.deploy(active, tmp_path, **key)

    def test_in_the_earlier_release_it_is_refused_and_without_the_script_lies_there_in_plain_text(
        self, tmp_path: Any
    ) -> None:
        lab = start("2020-01")
        with nothing_left_active(), lab.activate("olivia"):
            with pytest.raises(WebserviceException, match="does not support disk encryption"):
                self.deploy(lab, tmp_path, **self.key(lab))
            self.deploy(lab, tmp_path)
        [group] = [one for one in lab.resources if isinstance(one, ContainerGroup)]
        assert group.disk.medium.raw("score.py") == SCORE.encode()
        assert group.disk.medium.find("secret formula") == ["score.py"]

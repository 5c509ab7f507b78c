"""What lies on the disk of a web service on Container Instances, and under whose key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from labkit.azure import (
    KeyVault,
    Models,
    ProviderRegistration,
    ResourceManager,
    Scoring,
    ScoringScript,
    WebServices,
)
from labkit.core.credential import Anonymous
from labkit.core.errors import BadRequest, Refusal
from labkit.crypto.errors import Damaged
from labkit.furniture import SUBSCRIPTION
from labkit.identity.first_party import CONTAINER_INSTANCES
from labkit.lab import Lab, start
from labkit.services.container_instances import ContainerGroup, DiskNotEncrypted
from labkit.services.encryption import HOLD, KeyRefused, VaultGone
from labkit.services.key_vault import TYPE as VAULTS
from labkit.services.key_vault import KeyVersion
from labkit.services.key_vault.errors import KeyDisabled, KeyExpired, KeyNotFound, KeyOperationForbidden
from tests.services.container_key import let_in
from tests.services.ml import GROUP, WEIGHTS, ask, deploy, workspace
from tests.services.own_history import owner
from tests.services.state import everything
from tests.services.stores import address, at_vault, disable, enable, new_version, put

KEY = "aci-key"


def secret_formula(data: str) -> str:
    return "secret formula: " + data


SCRIPT = ScoringScript(secret_formula)


def three(key: KeyVersion, vault: str) -> tuple[str, str, str]:
    """The three parameters, in their order."""
    return address(vault), key.name, key.version


def run(lab: Lab, *key: Any, name: str = "svc", script: ScoringScript | None = SCRIPT) -> Any:
    """carl deploys a web service, with the three parameters of a key or without."""
    ask(lab, "carl", Models.register, "churn", WEIGHTS)
    return ask(lab, "carl", WebServices.deploy_aci, name, "churn", False, None, script, *key)


def encrypted(lab: Lab, name: str = "svc") -> Any:
    """One under a customer's key."""
    let_in(lab)
    return run(lab, *three(new_version(lab, KEY), lab.vault), name=name)


def group(lab: Lab) -> ContainerGroup:
    [found] = [one for one in lab.resources if isinstance(one, ContainerGroup)]
    return found


def score(lab: Lab, service: Any) -> Any:
    return lab.ask("somebody", Scoring.score, service.address, Anonymous(), "[1]")


def refused(lab: Lab, kind: type[Refusal], *key: Any) -> Any:
    """The refusal of a deployment, of this very kind, that leaves nothing behind."""
    ask(lab, "carl", Models.register, "churn", WEIGHTS)
    before = everything(lab)
    with pytest.raises(kind) as caught:
        ask(lab, "carl", WebServices.deploy_aci, "svc", "churn", False, None, SCRIPT, *key)
    assert type(caught.value) is kind
    assert everything(lab) == before
    return caught.value


class TestTheEarlierReleases:
    @pytest.fixture(params=["2019-08", "2020-01"])
    def lab(self, request: Any) -> Lab:
        return start(request.param)

    def test_asking_for_encryption_is_refused_and_kubernetes_is_recommended(self, lab: Lab) -> None:
        refusal = refused(lab, DiskNotEncrypted, *three(new_version(lab, KEY), lab.vault))
        assert refusal.message == "Container Instances does not support disk encryption."
        assert "Azure Kubernetes Service" in refusal.advice

    def test_deployed_without_it_model_and_script_lie_there_in_plain_text(self, lab: Lab) -> None:
        service = run(lab)
        medium = group(lab).disk.medium
        assert medium.find(WEIGHTS) == ["model"]
        assert medium.find("secret formula: ") == ["score.py"]
        assert group(lab).account_key is None
        assert score(lab, service) == "secret formula: [1]"
        assert set(lab.media.find(WEIGHTS).rows) == {(medium.name, "model")}

    def test_what_somebody_changes_there_is_what_answers(self, lab: Lab) -> None:
        service = run(lab, script=None)
        before = score(lab, service)
        group(lab).disk.medium.overwrite("model", b"evil weights")
        assert score(lab, service) != before


class TestTheLastRelease:
    def test_without_a_key_of_the_customer_s_it_is_microsoft_s(self, lab: Lab) -> None:
        service = run(lab)
        medium = group(lab).disk.medium
        assert medium.find(WEIGHTS) == medium.find("secret formula: ") == []
        key: Any = group(lab).account_key
        assert key.owner == "Microsoft"
        assert score(lab, service) == "secret formula: [1]"

    def test_the_customer_s_key_may_be_in_the_workspace_s_vault(self, lab: Lab) -> None:
        assert lab.vault == workspace(lab).depends_on["vault"]
        service = encrypted(lab)
        medium, key = group(lab).disk.medium, group(lab).account_key
        assert key is not None
        assert medium.names() == ["model", "score.py"]
        assert medium.find(WEIGHTS) == medium.find("secret formula: ") == []
        version = at_vault(lab, KeyVault.get_key, KEY).version
        assert (key.owner, key.wrapped.version) == ("customer", version)
        assert key.wrapped.key_id == f"{address(lab.vault)}/keys/{KEY}"
        assert score(lab, service) == "secret formula: [1]"

    def test_or_in_another_one(self, lab: Lab) -> None:
        vault = f"{GROUP}/providers/{VAULTS}/elsewhere"
        put(lab, vault)
        let_in(lab, vault)
        run(lab, *three(new_version(lab, KEY, vault), vault))
        key: Any = group(lab).account_key
        assert key.wrapped.key_id == f"{address(vault)}/keys/{KEY}"

    @pytest.mark.parametrize("kept", [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2)])
    def test_of_the_three_parameters_none_may_be_missing(self, lab: Lab, kept: tuple[int, ...]) -> None:
        let_in(lab)
        names = ("cmk_vault_base_url", "cmk_key_name", "cmk_key_version")
        all_three = three(new_version(lab, KEY), lab.vault)
        some = [value if index in kept else None for index, value in enumerate(all_three)]
        missing = [name for index, name in enumerate(names) if index not in kept]
        assert refused(lab, BadRequest, *some).message == f"{' and '.join(missing)} is missing."

    @pytest.mark.parametrize(
        "change",
        [
            lambda url, name, version: ("", name, version),
            lambda url, name, version: (url, "", version),
            lambda url, name, version: (url, name, ""),
            lambda url, name, version: (url.replace("https", "http"), name, version),
            lambda url, name, version: (f"{url}/keys", name, version),
            lambda url, name, version: (url, "a/b", version),
            lambda url, name, version: (url, name, "newest"),
            lambda url, name, version: (5, name, version),
            lambda url, name, version: (url, [name], version),
        ],
    )
    def test_each_has_its_form(self, lab: Lab, change: Callable[..., tuple[Any, ...]]) -> None:
        let_in(lab)
        refused(lab, BadRequest, *change(*three(new_version(lab, KEY), lab.vault)))

    def test_a_vault_that_is_not_there_is_said(self, lab: Lab) -> None:
        let_in(lab)
        key = new_version(lab, KEY)
        refused(lab, VaultGone, "https://nowhere.vault.azure.net", key.name, key.version)

    @pytest.mark.parametrize(
        ("change", "cause"),
        [
            (lambda lab: disable(lab, name=KEY), KeyDisabled),
            (lambda lab: at_vault(lab, KeyVault.update_key, KEY, expires=lab.clock.now), KeyExpired),
            (lambda lab: at_vault(lab, KeyVault.delete_key, KEY), KeyNotFound),
            (lambda lab: at_vault(lab, KeyVault.update_key, KEY, operations=["sign"]), KeyOperationForbidden),
        ],
        ids=["disabled", "expired", "deleted", "of another kind"],
    )
    def test_a_key_that_cannot_be_used_is_refused_and_the_vault_says_why(
        self, lab: Lab, change: Callable[[Lab], None], cause: type[Refusal]
    ) -> None:
        let_in(lab)
        key = three(new_version(lab, KEY), lab.vault)
        change(lab)
        assert type(refused(lab, KeyRefused, *key).__cause__) is cause

    def test_container_instances_itself_asks_the_vault_and_has_to_be_let_in(self, lab: Lab) -> None:
        key = three(new_version(lab, KEY), lab.vault)
        refusal = refused(lab, BadRequest, *key)
        assert CONTAINER_INSTANCES.client_id in refusal.required
        owner(lab, ProviderRegistration.register, SUBSCRIPTION, "Microsoft.ContainerInstance")
        assert "Azure Container Instance Service may not" in refused(lab, KeyRefused, *key).presented
        let_in(lab)
        lab.trace.clear()
        run(lab, *key)
        assert {hop.subject for hop in lab.trace if hop.operation in ("Wrap key", "Unwrap key")} == {
            "Azure Container Instance Service (service principal)"
        }

    def test_revoked_the_service_fails_within_the_hour_and_comes_back(self, lab: Lab) -> None:
        service = encrypted(lab)
        other = run(lab, name="other")
        disable(lab, name=KEY)
        lab.clock.advance(HOLD - 1)
        assert score(lab, service) == "secret formula: [1]"
        lab.clock.advance(1)
        with pytest.raises(KeyRefused) as caught:
            score(lab, service)
        refusal = caught.value
        assert (refusal.service, refusal.status, refusal.code) == ("Web service", 503, "ServiceUnavailable")
        assert isinstance(refusal.__cause__, KeyDisabled)
        assert "KeyDisabled" in refusal.presented
        assert score(lab, other) == "secret formula: [1]"
        enable(lab, name=KEY)
        assert score(lab, service) == "secret formula: [1]"

    def test_it_stays_with_its_version(self, lab: Lab) -> None:
        service = encrypted(lab)
        key: Any = group(lab).account_key
        version = key.wrapped.version
        new_version(lab, KEY)
        lab.clock.advance(HOLD)
        score(lab, service)
        assert key.wrapped.version == version
        disable(lab, version, KEY)
        lab.clock.advance(HOLD)
        with pytest.raises(KeyRefused):
            score(lab, service)

    def test_a_changed_disk_answers_with_an_error_and_never_with_a_wrong_model(self, lab: Lab) -> None:
        service = encrypted(lab)
        medium = group(lab).disk.medium
        raw = medium.raw("model")
        for changed in (raw[:-1], b"", WEIGHTS, medium.raw("score.py"), raw[:40] + b"x" + raw[41:]):
            medium.overwrite("model", changed)
            with pytest.raises(Damaged) as caught:
                score(lab, service)
            assert (caught.value.status, caught.value.service) == (500, "Web service")
        medium.overwrite("model", raw)
        assert score(lab, service) == "secret formula: [1]"

    def test_the_disk_goes_with_the_service(self, lab: Lab) -> None:
        encrypted(lab)
        name = group(lab).disk.medium.name
        ask(lab, "carl", WebServices.delete_aci, "svc")
        assert name not in [medium.name for medium in lab.media]

    def test_one_that_comes_again_has_another_account_key(self, lab: Lab) -> None:
        raws = []
        for _ in range(2):
            run(lab)
            raws.append(group(lab).disk.medium.raw("model"))
            ask(lab, "carl", WebServices.delete_aci, "svc")
        assert raws[0] != raws[1]

    def test_a_group_s_encryption_cannot_be_changed(self, lab: Lab) -> None:
        encrypted(lab)
        with pytest.raises(BadRequest, match="cannot be changed"):
            put(lab, group(lab).id, {"encryptionProperties": {}})

    @pytest.mark.parametrize("given", ["yes", [], {}, {"vaultBaseUrl": "https://x"}, {"a": 1}])
    def test_half_an_encryption_of_a_group_is_refused(self, lab: Lab, given: Any) -> None:
        let_in(lab)
        id = f"{GROUP}/providers/Microsoft.ContainerInstance/containerGroups/by-hand"
        with pytest.raises(BadRequest):
            put(lab, id, {"encryptionProperties": given})
        assert lab.resources.get(id) is None


def test_a_deployment_without_a_key_asks_no_more_than_it_ever_did(lab: Lab) -> None:
    lab.trace.clear()
    deploy(lab, "svc", "aci", "none")
    after = [hop.operation for hop in lab.trace.last()]
    assert after == [
        *("Deploy web service (ACI)", "Get token", "Get Blob", "Get token", "Push image", "Get token"),
        *("Pull image", "Get token", "PUT", "Provision", "Collect diagnostics"),
    ]


def test_deleting_the_workspace_evicts_the_service(lab: Lab) -> None:
    service = encrypted(lab)
    owner(lab, ResourceManager.delete, lab.workspace)
    assert lab.resources.get(service.endpoint) is None

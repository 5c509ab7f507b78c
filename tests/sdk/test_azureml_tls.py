"""TLS for web services under the SDK's names, as Microsoft's how-to prints them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from labkit.azure import ResourceManager
from labkit.lab import Lab
from labkit.wire.certificates import Authority
from tests.sdk.azureml_lab import PLACE, nothing_left_active
from tests.sdk.test_azureml_web_services import BODY, lab_of, on_aci, refused, sdk
from tests.services.ml import CLUSTERS, GROUP, attach_cluster

HOST = "www.contoso.com"
AUTHORITY = Authority("tests")
# From https://learn.microsoft.com/azure/machine-learning/v1/how-to-secure-web-service
ACI_SAMPLE = """
from azureml.core.webservice import AciWebservice

aci_config = AciWebservice.deploy_configuration(
    ssl_enabled=True, ssl_cert_pem_file="cert.pem", ssl_key_pem_file="key.pem", ssl_cname="www.contoso.com")
"""
AKS_SAMPLE = """
from azureml.core.compute import AksCompute

# Config used to create a new AKS cluster and enable TLS
provisioning_config = AksCompute.provisioning_configuration()
provisioning_config.enable_ssl(ssl_cert_pem_file="cert.pem",
                                    ssl_key_pem_file="key.pem", ssl_cname="www.contoso.com")

# Config used to attach an existing AKS cluster to your workspace and enable SSL
attach_config = AksCompute.attach_configuration(resource_group = resource_group,
                                     cluster_name = cluster_name)
attach_config.enable_ssl(ssl_cert_pem_file="cert.pem",
                                    ssl_key_pem_file="key.pem", ssl_cname="www.contoso.com")
"""
OWN: dict[str, Any] = {
    "ssl_cert_pem_file": "cert.pem",
    "ssl_key_pem_file": "key.pem",
    "ssl_cname": HOST,
}


@pytest.fixture
def ws(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The workspace, a model, and cert.pem with key.pem in the folder."""
    monkeypatch.chdir(tmp_path)
    AUTHORITY.certificate(HOST).save(tmp_path)
    with nothing_left_active(), lab.activate("olivia"):
        found = sdk("core", "Workspace")(**PLACE)
        Path("model.bin").write_bytes(b"weights")
        sdk("core.model", "Model").register(found, "model.bin", "churn")
        yield found


def ran(sample: str, **names: Any) -> dict[str, Any]:
    exec(sample, names)
    return names


def deployed(ws: Any, config: Any, name: str = "one", target: Any = None) -> Any:
    model = sdk("core.model", "Model")
    return model.deploy(ws, name, [model(ws, "churn")], None, config, target)


def at(ws: Any, target: Any) -> Any:
    """A service on a cluster."""
    return deployed(ws, sdk("core.webservice", "AksWebservice").deploy_configuration(), "on-aks", target)


class TestAci:
    def test_the_sample_deploys_a_service_over_https(self, ws: Any) -> None:
        service = deployed(ws, ran(ACI_SAMPLE)["aci_config"])
        assert service.scoring_uri == f"https://{HOST}/score"
        assert service.run(BODY)["model"] == "churn:1"
        assert all(hop.encrypted for hop in lab_of(ws).trace)

    def test_by_default_it_is_http(self, ws: Any) -> None:
        service = on_aci(ws)
        assert service.scoring_uri.startswith("http://")
        assert service.run(BODY)["model"] == "churn:1"
        assert not all(hop.encrypted for hop in lab_of(ws).trace)

    def test_a_certificate_without_the_switch_would_only_look_protected(self, ws: Any) -> None:
        for said in (OWN, {"ssl_enabled": True}, {"ssl_enabled": True, "ssl_cname": HOST}):
            error = refused(lambda said=said: on_aci(ws, **said))
            assert error.status_code == 400
        assert sdk("core", "Webservice").list(ws) == []

    def test_a_certificate_for_another_name_is_the_lab_s_refusal(self, ws: Any) -> None:
        error = refused(lambda: on_aci(ws, **{**OWN, "ssl_enabled": True, "ssl_cname": "a.contoso.com"}))
        assert type(error.inner_exception).__name__ == "NameNotCovered"
        assert (error.presented, error.required) == (HOST, "a.contoso.com")

    @pytest.mark.parametrize("file", ["nothing.pem", ".", 5, "a\0b"])
    @pytest.mark.parametrize("argument", ["ssl_cert_pem_file", "ssl_key_pem_file"])
    def test_a_file_that_cannot_be_read_is_said(self, ws: Any, argument: str, file: Any) -> None:
        error = refused(lambda: on_aci(ws, ssl_enabled=True, **{**OWN, argument: file}), "UserErrorException")
        assert error.message == f"{argument} cannot be read."

    def test_a_configuration_does_not_show_the_key(self, ws: Any) -> None:
        config = ran(ACI_SAMPLE)["aci_config"]
        assert Path("key.pem").read_text()[40:80] not in repr(config)
        assert Path("key.pem").stat().st_mode & 0o077 == 0

    def test_an_update_enables_and_disables_it(self, ws: Any) -> None:
        service = on_aci(ws)
        plain = service.scoring_uri
        service.update(ssl_enabled=True, **OWN)
        assert service.scoring_uri == f"https://{HOST}/score"
        assert service.run(BODY)
        service.update(ssl_enabled=False)
        assert service.scoring_uri == plain
        assert service.run(BODY)


class TestAks:
    def test_the_sample_makes_a_cluster_and_attaches_another(self, ws: Any) -> None:
        attach_cluster(lab_of(ws), "prod")
        names = ran(AKS_SAMPLE, resource_group=GROUP.rpartition("/")[2], cluster_name="prod")
        compute = sdk("core.compute", "ComputeTarget")
        attached = compute.attach(ws, "attached", names["attach_config"])
        attached.wait_for_completion(show_output=True)
        service = at(ws, attached)
        assert service.scoring_uri == f"https://{HOST}/api/v1/service/on-aks/score"
        assert service.run(BODY)["model"] == "churn:1"
        service.delete()
        lab = lab_of(ws)
        lab.ask("olivia", ResourceManager.delete, f"{GROUP}/{CLUSTERS}/prod", lab.sign_in("olivia").bearer)
        made = compute.create(ws, "made", names["provisioning_config"])
        assert at(ws, made).scoring_uri.startswith(f"https://{HOST}/")

    def test_without_enable_ssl_it_is_http(self, ws: Any) -> None:
        compute, aks = sdk("core.compute", "ComputeTarget"), sdk("core.compute", "AksCompute")
        made = compute.create(ws, "made", aks.provisioning_configuration(agent_count=3))
        assert (type(made).__name__, made.type) == ("AksCompute", "AKS")
        assert at(ws, made).scoring_uri.startswith("http://")

    def test_the_certificate_may_be_given_at_once(self, ws: Any) -> None:
        aks = sdk("core.compute", "AksCompute")
        made = sdk("core.compute", "ComputeTarget").create(ws, "made", aks.provisioning_configuration(**OWN))
        assert at(ws, made).scoring_uri.startswith(f"https://{HOST}/")

    def test_microsoft_gives_a_certificate_for_a_label(self, ws: Any) -> None:
        aks = sdk("core.compute", "AksCompute")
        config = aks.provisioning_configuration(location="westeurope")
        config.enable_ssl(leaf_domain_label="contoso")
        made = sdk("core.compute", "ComputeTarget").create(ws, "made", config)
        host = at(ws, made).scoring_uri.split("/")[2]
        assert host.endswith(".westeurope.cloudapp.azure.com")
        assert made.wait_for_completion() is None

    def test_a_label_and_a_certificate_are_not_had_together(self, ws: Any) -> None:
        aks = sdk("core.compute", "AksCompute")
        config = aks.provisioning_configuration(**OWN)
        config.enable_ssl(**OWN, leaf_domain_label="contoso")
        create = sdk("core.compute", "ComputeTarget").create
        assert refused(lambda: create(ws, "made", config), "ComputeTargetException").code == "BadRequest"

    @pytest.mark.parametrize("config", [None, "cluster", {}])
    def test_what_is_no_configuration_is_refused(self, ws: Any, config: Any) -> None:
        compute = sdk("core.compute", "ComputeTarget")
        for act in (compute.attach, compute.create):
            refused(lambda act=act: act(ws, "made", config), "ComputeTargetException")
        one = sdk("core.compute", "AksCompute").attach_configuration()
        refused(lambda: compute.create(ws, "made", one), "ComputeTargetException")
        refused(lambda: compute.attach(ws, "made", one), "UserErrorException")

"""Web services that are called over http, which is the default, and over https."""

from __future__ import annotations

from typing import Any

import pytest

from labkit.azure import Anonymous, ResourceManager, Scoring, ServiceKey, WebServices
from labkit.core.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    InsecureTransport,
    NotFound,
    TlsNotEnabled,
    Unreachable,
)
from labkit.core.verdict import Verdict
from labkit.lab import Lab
from labkit.network.rules import within
from labkit.services.machine_learning.deployment import WebService
from labkit.services.machine_learning.tls import CertificateExpired, KeyDoesNotFit, Ssl, as_configuration
from labkit.wire.certificates import Authority
from tests.services.ml import CLUSTERS, GROUP, ask, attach, attach_cluster, deploy, refused, unchanged

HOST = "score.contoso.com"
AUTHORITY = Authority("tests")
GOOD, TWIN = AUTHORITY.certificate(HOST), AUTHORITY.certificate(HOST)
LABEL = Ssl(True, leaf_domain_label="contoso")
NO_KEY = (None,) * 4


def on_aci(lab: Lab, ssl: Ssl | None, name: str = "one", who: str = "carl") -> Any:
    return ask(lab, who, WebServices.deploy_aci, name, "churn", False, *NO_KEY, None, ssl)


def secured_cluster(lab: Lab, ssl: Ssl, name: str = "secured") -> str:
    """The id of a cluster that is attached under that name, with TLS."""
    cluster = f"{GROUP}/{CLUSTERS}/{name}"
    lab.ask("olivia", ResourceManager.put, cluster, lab.sign_in("olivia").bearer, "eastus")
    attach(lab, "olivia", name, attachment(cluster, as_configuration(ssl)))
    return cluster


def attachment(cluster: str, configuration: Any) -> dict[str, Any]:
    properties = {"sslConfiguration": configuration}
    return {"computeType": "AKS", "resourceId": cluster, "properties": properties}


@pytest.fixture
def model(lab: Lab) -> Lab:
    """With a model to deploy."""
    deploy(lab, "plain", "aci", "none")
    return lab


def score(lab: Lab, address: str) -> Verdict[Any]:
    return lab.attempt("client", Scoring.score, address, Anonymous(), "[1]")


def as_other(service: WebService) -> str:
    """The service's address with the scheme that it does not speak."""
    scheme, rest = service.address.split("://")
    return f"{'http' if scheme == 'https' else 'https'}://{rest}"


class TestWithout:
    @pytest.mark.parametrize("kind", ["aci", "aks"])
    def test_it_is_called_over_http_and_every_hop_says_so(self, lab: Lab, kind: str) -> None:
        service = deploy(lab, "one", kind, "none")
        assert (service.address.split("://")[0], service.ssl_enabled) == ("http", False)
        for target in (service.address, service.endpoint):
            lab.trace.clear()
            assert score(lab, target)
            assert [hop.encrypted for hop in lab.trace if hop.operation == "Score"] == [False]
            assert all(hop.encrypted for hop in lab.trace if hop.operation != "Score")

    @pytest.mark.parametrize("kind", ["aci", "aks"])
    def test_there_is_no_tls_at_its_address(self, lab: Lab, kind: str) -> None:
        service = deploy(lab, "one", kind, "none")
        verdict = score(lab, as_other(service))
        assert type(verdict.refusal) is TlsNotEnabled
        assert lab.trace[-1].encrypted

    def test_nothing_else_in_the_lab_speaks_http(self, lab: Lab) -> None:
        deploy(lab, "one", "aci", "none")
        deploy(lab, "two", "aks", "none")
        plain = {one.service for one in lab.resources if one.plain_http}
        assert plain == {"Web service"}


class TestOnAci:
    def test_with_a_certificate_it_is_called_over_https_at_its_name(self, model: Lab) -> None:
        service = on_aci(model, GOOD.ssl)
        assert (service.address, service.ssl_enabled) == (f"https://{HOST}/score", True)
        assert score(model, service.address)
        assert score(model, service.endpoint)
        assert all(hop.encrypted for hop in model.trace.last(2))

    def test_plain_http_is_refused_there_before_anybody_looks_at_the_key(self, model: Lab) -> None:
        service = on_aci(model, GOOD.ssl)
        verdict = model.attempt("client", Scoring.score, as_other(service), ServiceKey("x"), "[1]")
        assert type(verdict.refusal) is InsecureTransport
        assert (verdict.refusal.stage, verdict.refusal.code) == ("reach", "HttpsRequired")
        assert not model.trace[-1].encrypted
        assert model.trace[-1].subject == ""

    @pytest.mark.parametrize(
        ("ssl", "refusal"),
        [
            (Ssl(True), BadRequest),
            (Ssl(None, HOST, GOOD.certificate, GOOD.key), BadRequest),
            (LABEL, BadRequest),
            (Ssl(True, HOST, GOOD.certificate, TWIN.key), KeyDoesNotFit),
            (AUTHORITY.certificate(HOST, valid_to="2020-01-01").ssl, CertificateExpired),
        ],
    )
    def test_what_would_not_do_is_refused_and_changes_nothing(
        self, model: Lab, ssl: Ssl, refusal: type[BadRequest]
    ) -> None:
        arguments = ("one", "churn", False, *NO_KEY, None, ssl)
        caught = refused(model, refusal, "carl", WebServices.deploy_aci, *arguments)
        assert type(caught) is refusal
        assert not any(hop.operation == "PUT" for hop in model.trace.last())

    def test_a_host_name_is_one_service_s(self, model: Lab) -> None:
        on_aci(model, GOOD.ssl)
        arguments = ("two", "churn", False, *NO_KEY, None, TWIN.ssl)
        refused(model, Conflict, "carl", WebServices.deploy_aci, *arguments)

    def test_a_deleted_service_gives_its_host_name_back(self, model: Lab) -> None:
        on_aci(model, GOOD.ssl)
        ask(model, "carl", WebServices.delete_aci, "one")
        assert not score(model, f"https://{HOST}/score")
        assert score(model, on_aci(model, TWIN.ssl).address)

    def test_the_key_is_shown_nowhere(self, model: Lab) -> None:
        service = on_aci(model, GOOD.ssl)
        endpoint = model.resources.find(service.endpoint)
        piece = GOOD.key.reveal()[40:80]
        told = f"{service!r}{endpoint!r}{model.trace!r}{model.parts.arm.documents!r}{GOOD!r}{GOOD.ssl!r}"
        assert piece not in told
        assert piece in GOOD.key.reveal()


class TestUpdating:
    def test_tls_is_enabled_and_disabled_and_the_address_follows(self, model: Lab) -> None:
        before = on_aci(model, None)
        secured = ask(model, "carl", WebServices.update_aci, "one", None, None, GOOD.ssl)
        assert secured.address == f"https://{HOST}/score"
        assert (bool(score(model, secured.address)), bool(score(model, before.address))) == (True, False)
        after = ask(model, "carl", WebServices.update_aci, "one", None, None, Ssl(False))
        assert after == before
        assert (bool(score(model, secured.address)), bool(score(model, before.address))) == (False, True)

    def test_a_certificate_is_renewed_under_the_same_name(self, model: Lab) -> None:
        service = on_aci(model, GOOD.ssl)
        assert ask(model, "carl", WebServices.update_aci, "one", None, None, TWIN.ssl) == service
        endpoint: Any = model.resources.find(service.endpoint)
        assert endpoint.tls.certificate == TWIN.certificate
        assert score(model, service.address)

    def test_keys_and_everything_else_stay_as_they_are(self, model: Lab) -> None:
        ask(model, "carl", WebServices.deploy_aci, "keyed", "churn", True)
        before = ask(model, "carl", WebServices.get_aci_keys, "keyed")
        service = ask(model, "carl", WebServices.update_aci, "keyed", None, None, GOOD.ssl)
        assert ask(model, "carl", WebServices.get_aci_keys, "keyed") == before
        assert service.auth_enabled

    def test_what_would_not_do_is_refused_and_changes_nothing(self, model: Lab) -> None:
        on_aci(model, GOOD.ssl)
        for ssl, refusal in (
            (Ssl(True, HOST, GOOD.certificate, TWIN.key), KeyDoesNotFit),
            (Ssl(), BadRequest),
            (Ssl(False, HOST), BadRequest),
        ):
            arguments = ("plain", None, None, ssl)
            refused(model, refusal, "carl", WebServices.update_aci, *arguments)
        refused(model, Conflict, "carl", WebServices.update_aci, "plain", None, None, TWIN.ssl)
        refused(model, Forbidden, "rita", WebServices.update_aci, "plain", None, None, Ssl(False))


class TestOnAks:
    def test_all_services_of_a_cluster_are_called_over_https(self, model: Lab) -> None:
        secured_cluster(model, GOOD.ssl)
        for name in ("one", "two"):
            service = ask(model, "carl", WebServices.deploy_aks, name, "churn", "secured", False)
            assert service.address == f"https://{HOST}/api/v1/service/{name}/score"
            assert score(model, service.address)
            assert type(score(model, as_other(service)).refusal) is InsecureTransport
        nothing = score(model, f"https://{HOST}/api/v1/service/three/score")
        assert type(nothing.refusal) is NotFound
        plainly = score(model, f"http://{HOST}/api/v1/service/three/score")
        assert type(plainly.refusal) is InsecureTransport

    def test_another_cluster_of_the_workspace_goes_on_over_http(self, model: Lab) -> None:
        secured_cluster(model, GOOD.ssl)
        assert deploy(model, "other", "aks", "none").address.startswith("http://")

    def test_resource_manager_shows_neither_certificate_nor_key(self, model: Lab) -> None:
        secured_cluster(model, GOOD.ssl)
        document = ask_arm(model, f"{model.workspace}/computes/secured")
        assert document["properties"]["properties"] == {
            "sslConfiguration": {"status": "Enabled", "cname": HOST}
        }

    def test_microsoft_gives_a_name_and_a_certificate(self, model: Lab) -> None:
        secured_cluster(model, LABEL)
        service = ask(model, "carl", WebServices.deploy_aks, "one", "churn", "secured", False)
        host = service.address.split("/")[2]
        assert host.startswith("contoso")
        assert host.endswith(".eastus.cloudapp.azure.com")
        assert score(model, service.address)

    @pytest.mark.parametrize("before", [True, False])
    def test_behind_an_internal_load_balancer_the_certificate_is_one_s_own(
        self, model: Lab, before: bool
    ) -> None:
        cluster: Any = model.resources.find(attach_cluster(model))
        more = {} if before else {"loadBalancerType": "InternalLoadBalancer"}
        if before:
            cluster.balancer.rules = within(
                f"{GROUP}/providers/Microsoft.Network/virtualNetworks/x/subnets/y"
            )
        for_label = attachment(cluster.id, as_configuration(LABEL)) | more
        with unchanged(model), pytest.raises(BadRequest, match="internal load balancer"):
            attach(model, "olivia", "again", for_label)
        if before:
            attach(model, "olivia", "again", attachment(cluster.id, as_configuration(GOOD.ssl)))

    @pytest.mark.parametrize(
        "configuration",
        [
            None,
            {"status": "Enabled"},
            as_configuration(Ssl(True, HOST, GOOD.certificate, TWIN.key)),
            as_configuration(AUTHORITY.certificate("www.contoso.com").ssl) | {"cname": HOST},
        ],
    )
    def test_what_would_not_do_is_not_attached(self, model: Lab, configuration: Any) -> None:
        cluster = attach_cluster(model)
        with unchanged(model), pytest.raises(BadRequest) as caught:
            attach(model, "olivia", "again", attachment(cluster, configuration))
        assert GOOD.key.reveal()[40:80] not in str(caught.value)

    def test_a_name_that_is_taken_is_a_conflict_when_something_is_deployed(self, model: Lab) -> None:
        on_aci(model, GOOD.ssl)
        secured_cluster(model, TWIN.ssl)
        arguments = ("two", "churn", "secured")
        refused(model, Conflict, "carl", WebServices.deploy_aks, *arguments)

    def test_nor_does_a_service_elsewhere_take_the_name_of_a_cluster(self, model: Lab) -> None:
        secured_cluster(model, TWIN.ssl)
        ask(model, "carl", WebServices.deploy_aks, "one", "churn", "secured", False)
        arguments = ("two", "churn", False, *NO_KEY, None, GOOD.ssl)
        refused(model, Conflict, "carl", WebServices.deploy_aci, *arguments)

    @pytest.mark.parametrize("kind", ["AmlCompute", "VirtualMachine"])
    def test_it_is_for_clusters_alone(self, lab: Lab, kind: str) -> None:
        properties: dict[str, Any] = {"computeType": kind, "properties": {"sslConfiguration": {}}}
        with unchanged(lab), pytest.raises(BadRequest):
            attach(lab, "olivia", "again", properties)

    def test_a_cluster_that_goes_takes_its_front_ends_along(self, model: Lab) -> None:
        cluster = secured_cluster(model, GOOD.ssl)
        service = ask(model, "carl", WebServices.deploy_aks, "one", "churn", "secured", False)
        model.ask("olivia", ResourceManager.delete, cluster, model.sign_in("olivia").bearer)
        assert isinstance(score(model, service.address).refusal, Unreachable)
        assert score(model, on_aci(model, TWIN.ssl).address)


def ask_arm(lab: Lab, id: str) -> Any:
    return lab.ask("olivia", ResourceManager.get, id, lab.sign_in("olivia").bearer)

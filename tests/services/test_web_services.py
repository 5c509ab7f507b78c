"""Web services: deploying a model, listing what is deployed, and handing out what opens it."""

from typing import Any

import pytest

from labkit.azure import Images, Models, ResourceManager, Scoring, ScoringScript, WebServices
from labkit.core.credential import Anonymous
from labkit.core.errors import BadRequest, Conflict, Forbidden, NotFound, RegionDown, UnknownHost
from labkit.core.secret import Secret
from labkit.lab import Lab, start
from labkit.services.authorization import Authorization
from labkit.services.machine_learning.run_secrets import RunSecrets
from labkit.services.machine_learning.scoring import ScoringEndpoint
from labkit.services.machine_learning.web_services import CONTAINER_GROUP, TOKEN_LIFETIME
from tests.services.ml import (
    GROUP,
    OTHER_GROUP,
    WEIGHTS,
    ask,
    attach,
    attach_cluster,
    deploy,
    keep,
    machine_account,
    make_machine,
    model_at,
    refused,
    revoke,
    share,
    unchanged,
    workspace,
)

FORMS = [("aci", "none"), ("aci", "key"), ("aks", "none"), ("aks", "key"), ("aks", "token")]
UPDATES: dict[str, Any] = {"aci": WebServices.update_aci, "aks": WebServices.update_aks}
ML = "Microsoft.MachineLearningServices/workspaces"


@pytest.fixture
def lab() -> Lab:
    """A lab with a registered model and an attached cluster, `prod`."""
    lab = start()
    ask(lab, "carl", Models.register, "churn", WEIGHTS)
    attach_cluster(lab)
    return lab


class TestDeploying:
    @pytest.mark.parametrize(("kind", "auth"), FORMS)
    def test_a_service_is_deployed_listed_and_reachable(self, lab: Lab, kind: str, auth: str) -> None:
        service = deploy(lab, "churn-svc", kind, auth)
        assert (service.name, service.kind, service.auth, service.model) == (
            "churn-svc",
            kind,
            auth,
            "churn:2",
        )
        assert ask(lab, "rita", WebServices.list_services) == [service]
        endpoint = lab.resources.find(service.endpoint)
        assert isinstance(endpoint, ScoringEndpoint)
        assert lab.parts.door.services[Scoring].locate(service.address, lab.resources)[0] is endpoint
        assert service.address.endswith("/score" if kind == "aci" else "/api/v1/service/churn-svc/score")
        assert (model_at(lab, endpoint), endpoint.region) == (WEIGHTS, "eastus")

    def test_the_documents_defaults(self, lab: Lab) -> None:
        on_aci = ask(lab, "carl", WebServices.deploy_aci, "one", "churn")
        on_aks = ask(lab, "carl", WebServices.deploy_aks, "two", "churn", "prod")
        assert (on_aci.auth, on_aks.auth) == ("none", "key")
        assert ask(lab, "rita", WebServices.list_services) == [on_aci, on_aks] != [on_aks, on_aci]

    def test_on_aci_the_identity_creates_a_container_group(self, lab: Lab) -> None:
        ask(lab, "carl", WebServices.deploy_aci, "one", "churn")
        puts = [(hop.caller, hop.subject) for hop in lab.trace.last() if hop.operation == "PUT"]
        assert puts == [("ml-example", "ml-example (managed identity)")]
        [group] = [one.id for one in lab.resources if one.service == "Container Instances"]
        document = lab.ask("rita", ResourceManager.get, group, lab.sign_in("rita").bearer)
        assert document["type"] == "Microsoft.ContainerInstance/containerGroups"
        assert document["properties"] == {"image": workspace(lab).own("one:1")}

    def test_on_aks_the_identity_reaches_the_cluster(self, lab: Lab) -> None:
        ask(lab, "carl", WebServices.deploy_aks, "two", "churn", "prod")
        hops = [hop for hop in lab.trace.last() if hop.service == "Azure Kubernetes Service"]
        assert [(hop.operation, hop.subject) for hop in hops] == [
            ("Deploy container", "ml-example (managed identity)")
        ]
        cluster: Any = next(one for one in lab.resources if one.service == "Azure Kubernetes Service")
        assert cluster.containers == {f"{lab.workspace}/two": workspace(lab).own("two:1")}

    def test_an_image_of_the_model_is_taken_where_there_is_one(self, lab: Lab) -> None:
        image = ask(lab, "carl", Images.create, "scorer", "churn")
        ask(lab, "carl", WebServices.deploy_aci, "one", "churn")
        assert ask(lab, "rita", Images.list_images) == [image]
        ask(lab, "carl", Models.register, "churn", b"newer")
        service = ask(lab, "carl", WebServices.deploy_aci, "two", "churn")
        assert service.model == "churn:2"
        assert [one.tag for one in ask(lab, "rita", Images.list_images)] == ["scorer:1", "two:1"]

    def test_of_two_images_of_a_model_the_later_is_taken(self, lab: Lab) -> None:
        for content in (b"first", b"second"):
            tag = workspace(lab).own(ask(lab, "carl", Images.create, content.decode(), "churn").tag)
            keep(lab, "registry", tag, b"\n" + content)
        endpoint: Any = lab.resources.find(ask(lab, "carl", WebServices.deploy_aci, "one", "churn").endpoint)
        assert model_at(lab, endpoint) == b"second"
        group = lab.ask("carl", ResourceManager.get, endpoint.runs_on, lab.sign_in("carl").bearer)
        assert group["properties"]["image"] == tag

    def test_what_somebody_pushed_over_the_image_is_what_is_deployed(self, lab: Lab) -> None:
        ask(lab, "carl", Images.create, "scorer", "churn")
        for content in (b"", b"no line", b"\xff\nother weights"):
            keep(lab, "registry", workspace(lab).own("scorer:1"), content)
            name = f"svc-{len(content)}"
            endpoint: Any = lab.resources.find(
                ask(lab, "carl", WebServices.deploy_aci, name, "churn").endpoint
            )
            assert model_at(lab, endpoint) == content.partition(b"\n")[2]

    @pytest.mark.parametrize("kind", ["aci", "aks"])
    def test_deploying_takes_the_one_permission_of_the_documents_table(self, lab: Lab, kind: str) -> None:
        owner = lab.sign_in("olivia").bearer
        role = {"Name": "Deployer", "Actions": [f"{ML}/services/{kind}/write"], "AssignableScopes": [GROUP]}
        lab.ask("olivia", Authorization.define, GROUP, owner, role)
        share(lab, lab.hire("hana").object_id, "Deployer", lab.workspace)
        for mine, op, args in (
            ("aci", WebServices.deploy_aci, ("one", "churn")),
            ("aks", WebServices.deploy_aks, ("two", "churn", "prod")),
        ):
            if mine == kind:
                assert ask(lab, "hana", op, *args)
            else:
                refusal = refused(lab, Forbidden, "hana", op, *args)
                assert refusal.required.startswith(f"{ML}/services/{mine}/write on ")

    def test_a_reader_deploys_nothing(self, lab: Lab) -> None:
        refused(lab, Forbidden, "rita", WebServices.deploy_aci, "one", "churn")
        refused(lab, Forbidden, "rita", WebServices.deploy_aks, "one", "churn", "prod")


class TestRefusedDeployments:
    def test_a_name_that_is_taken_is_a_conflict_on_either(self, lab: Lab) -> None:
        ask(lab, "carl", WebServices.deploy_aci, "one", "churn")
        ask(lab, "carl", Models.register, "churn", b"newer")
        refused(lab, Conflict, "carl", WebServices.deploy_aci, "one", "churn")
        refused(lab, Conflict, "carl", WebServices.deploy_aks, "one", "churn", "prod")

    @pytest.mark.parametrize("model", ["", "Churn", "churn:1"])
    def test_an_unknown_model_is_not_found(self, lab: Lab, model: str) -> None:
        assert refused(lab, NotFound, "carl", WebServices.deploy_aci, "one", model).required == "churn"
        assert (
            refused(lab, NotFound, "carl", WebServices.deploy_aks, "one", model, "prod").required == "churn"
        )

    @pytest.mark.parametrize("compute", ["", "gpu", "Prod"])
    def test_an_unknown_compute_target_is_not_found(self, lab: Lab, compute: str) -> None:
        refusal = refused(lab, NotFound, "carl", WebServices.deploy_aks, "one", "churn", compute)
        assert refusal.required == "cpu-cluster, prod"

    def test_a_container_group_that_somebody_else_made_is_not_taken_over(self, lab: Lab) -> None:
        group = f"{GROUP}/providers/{CONTAINER_GROUP}/one-{workspace(lab).identity_id[:8]}"
        wanted = {"image": workspace(lab).own("one:1"), "command": "listen"}
        lab.ask("carl", ResourceManager.put, group, lab.sign_in("carl").bearer, "eastus", wanted)
        refused(lab, Conflict, "carl", WebServices.deploy_aci, "one", "churn")

    @pytest.mark.parametrize("op", [WebServices.deploy_aci, WebServices.deploy_aks], ids=str)
    def test_one_that_is_interrupted_leaves_nothing(self, lab: Lab, op: Any) -> None:
        def interrupted() -> None:
            raise KeyboardInterrupt

        script, compute = ScoringScript(len, init=interrupted), ["prod"] if op.name.endswith("(AKS)") else []
        with unchanged(lab), pytest.raises(KeyboardInterrupt):
            ask(lab, "carl", op, "one", "churn", *compute, None, None, script)
        assert ask(lab, "carl", op, "one", "churn", *compute).state == "Healthy"

    def test_a_script_that_is_not_quite_one_is_none(self, lab: Lab) -> None:
        class Script(ScoringScript):
            def answer(self, body: str) -> str:
                return body

        for script in (Script(len), len, "score.py", 5):
            refused(lab, BadRequest, "carl", WebServices.deploy_aci, "one", "churn", None, None, script)

    def test_one_that_is_no_cluster_is_a_bad_request(self, lab: Lab) -> None:
        make_machine(lab)
        attach(lab, "carl", "box", machine_account())
        for compute, kind in (("box", "VirtualMachine"), ("cpu-cluster", "AmlCompute")):
            refusal = refused(lab, BadRequest, "carl", WebServices.deploy_aks, "one", "churn", compute)
            assert refusal.presented == f"{compute}, {kind}"

    @pytest.mark.parametrize("flag", ["", "True", 1, 0, [], {}], ids=repr)
    def test_a_switch_is_on_or_off(self, lab: Lab, flag: Any) -> None:
        for flags in ((flag,), (None, flag), (flag, flag)):
            refused(lab, BadRequest, "carl", WebServices.deploy_aci, "one", "churn", *flags)
            refused(lab, BadRequest, "carl", WebServices.deploy_aks, "one", "churn", "prod", *flags)
            for op in UPDATES.values():
                refused(lab, BadRequest, "carl", op, "one", *flags)

    def test_both_forms_at_once_are_refused(self, lab: Lab) -> None:
        refusal = refused(lab, BadRequest, "carl", WebServices.deploy_aks, "one", "churn", "prod", True, True)
        assert "only one of the two at a time" in refusal.message
        deploy(lab, "two", "aks", "key")
        assert refused(lab, BadRequest, "carl", WebServices.update_aks, "two", True, True).presented
        assert ask(lab, "rita", WebServices.list_services)[0].auth == "key"

    @pytest.mark.parametrize("keys", [None, False, True])
    def test_tokens_are_not_available_on_aci(self, lab: Lab, keys: bool | None) -> None:
        refusal = refused(lab, BadRequest, "carl", WebServices.deploy_aci, "one", "churn", keys, True)
        assert "AKS" in refusal.advice
        deploy(lab, "two", "aci", "key")
        refused(lab, BadRequest, "carl", WebServices.update_aci, "two", keys, True)
        assert ask(lab, "carl", WebServices.get_aci_keys, "two")

    @pytest.mark.parametrize("script", ["score.py", print, {}, True], ids=repr)
    def test_a_script_is_a_script(self, lab: Lab, script: Any) -> None:
        refused(lab, BadRequest, "carl", WebServices.deploy_aci, "one", "churn", None, None, script)
        refused(lab, BadRequest, "carl", WebServices.deploy_aks, "one", "churn", "prod", None, None, script)
        serving = (None, None, None, script)
        refused(lab, BadRequest, "carl", WebServices.deploy_aks, "one", "churn", "prod", *serving)

    @pytest.mark.parametrize(
        "name",
        ["", "ab", "A-b", "1ab", "-ab", "ab-", "a b", "a/b", "a.b", "abc\n", "a" * 33, None, 5, [], b"abc"],
        ids=repr,
    )
    def test_a_service_has_a_name(self, lab: Lab, name: Any) -> None:
        refused(lab, BadRequest, "carl", WebServices.deploy_aci, name, "churn")
        refused(lab, BadRequest, "carl", WebServices.deploy_aks, name, "churn", "prod")

    @pytest.mark.parametrize(
        "args",
        [
            (),
            ("one",),
            ("one", None),
            ("one", 5, True),
            ("one", "churn", "key"),
            ("one", "churn", True, None, None, None, 1),
        ],
    )
    def test_arguments_of_other_types_are_a_bad_request(self, lab: Lab, args: Any) -> None:
        refused(lab, BadRequest, "carl", WebServices.deploy_aci, *args)
        refused(lab, BadRequest, "carl", WebServices.deploy_aks, *args[:2], None, *args[2:])

    def test_a_cluster_in_a_region_that_is_down_takes_no_service(self, lab: Lab) -> None:
        attach_cluster(lab, "far", "westus2")
        lab.switchboard.down("westus2")
        refused(lab, RegionDown, "carl", WebServices.deploy_aks, "one", "churn", "far")
        lab.switchboard.up("westus2")
        assert ask(lab, "carl", WebServices.deploy_aks, "one", "churn", "far").region == "westus2"

    def test_a_cluster_that_is_gone_takes_no_service(self, lab: Lab) -> None:
        cluster = next(one.id for one in lab.resources if one.service == "Azure Kubernetes Service")
        lab.ask("carl", ResourceManager.delete, cluster, lab.sign_in("carl").bearer)
        refused(lab, UnknownHost, "carl", WebServices.deploy_aks, "one", "churn", "prod")

    def test_a_cluster_in_another_group_needs_a_role_for_the_identity(self, lab: Lab) -> None:
        cluster = attach_cluster(lab, "other", group=OTHER_GROUP)
        refusal = refused(lab, Forbidden, "carl", WebServices.deploy_aks, "one", "churn", "other")
        assert "listClusterAdminCredential/action on" in refusal.required
        share(lab, workspace(lab).identity_id, "Azure Kubernetes Service Cluster Admin Role", cluster)
        assert ask(lab, "carl", WebServices.deploy_aks, "one", "churn", "other")

    def test_without_its_role_on_the_group_the_identity_creates_no_container_group(self, lab: Lab) -> None:
        revoke(lab, "ml-example", "Contributor", GROUP)
        refusal = refused(lab, Forbidden, "carl", WebServices.deploy_aci, "one", "churn")
        assert "Microsoft.ContainerInstance/containerGroups/write on" in refusal.required
        assert ask(lab, "rita", Images.list_images) == []


class TestKeys:
    @pytest.mark.parametrize(
        ("kind", "op"), [("aci", WebServices.get_aci_keys), ("aks", WebServices.get_aks_keys)]
    )
    def test_there_are_two_without_being_asked_for(self, lab: Lab, kind: str, op: Any) -> None:
        deploy(lab, "keyed", kind, "key")
        primary, secondary = keys = ask(lab, "carl", op, "keyed")
        assert type(primary) is type(secondary) is Secret
        assert primary != secondary
        everything = (
            repr(keys) + repr(lab.trace) + repr(lab.resources) + repr(lab.resources.find(lab.trace[-1].scope))
        )
        assert not any(key.reveal() in everything for key in keys)
        assert ask(lab, "carl", op, "keyed") == keys
        refusal = refused(lab, Forbidden, "rita", op, "keyed")
        assert refusal.required.startswith(f"{ML}/services/{kind}/listkeys/action on ")

    def test_no_two_services_share_a_key(self, lab: Lab) -> None:
        deploy(lab, "one", "aks", "key")
        deploy(lab, "two", "aks", "key")
        keys = [
            *ask(lab, "carl", WebServices.get_aks_keys, "one"),
            *ask(lab, "carl", WebServices.get_aks_keys, "two"),
        ]
        assert len({key.reveal() for key in keys}) == 4

    @pytest.mark.parametrize("auth", ["none", "token"])
    def test_a_service_without_keys_has_none(self, lab: Lab, auth: str) -> None:
        deploy(lab, "one", "aks", auth)
        assert refused(lab, Conflict, "carl", WebServices.get_aks_keys, "one").required == auth

    def test_the_permission_for_one_kind_opens_no_other(self, lab: Lab) -> None:
        deploy(lab, "one", "aci", "key")
        deploy(lab, "two", "aks", "key")
        assert refused(lab, NotFound, "carl", WebServices.get_aci_keys, "two").required == "one"
        assert refused(lab, NotFound, "carl", WebServices.get_aks_keys, "one").required == "two"

    @pytest.mark.parametrize(
        "op", [WebServices.get_aci_keys, WebServices.get_aks_keys, WebServices.get_token], ids=str
    )
    def test_an_unknown_service_is_not_found(self, lab: Lab, op: Any) -> None:
        refused(lab, NotFound, "carl", op, "nothing")
        for name in (None, 5, [], b"x"):
            refused(lab, BadRequest, "carl", op, name)

    def test_two_labs_of_a_seed_have_the_same_and_another_seed_has_others(self) -> None:
        found = []
        for seed in (7, 7, 8):
            lab = start(seed=seed)
            deploy(lab, "one", "aks", "key")
            deploy(lab, "two", "aks", "token")
            token = ask(lab, "rita", WebServices.get_token, "two").token
            found.append((ask(lab, "carl", WebServices.get_aks_keys, "one"), token.reveal(), repr(lab.trace)))
        assert found[0] == found[1]
        assert found[0] != found[2]
        assert not {key.reveal() for key in found[0][0]} & {key.reveal() for key in found[2][0]}


class TestTokens:
    def test_whoever_reads_the_workspace_gets_one_for_an_hour(self, lab: Lab) -> None:
        service = deploy(lab, "one", "aks", "token")
        token, _ = ask(lab, "rita", WebServices.get_token, "one")
        claims, now, endpoint = token.claims, lab.clock.now, lab.resources.find(service.endpoint)
        assert isinstance(endpoint, ScoringEndpoint)
        assert [claims.pop(time) - now for time in ("iat", "nbf", "exp")] == [0, 0, TOKEN_LIFETIME]
        assert claims == {
            "aud": service.endpoint.lower(),
            "iss": "https://ml.azure.com/",
            "sub": lab.people["rita"].object_id,
            "tid": lab.tenant,
            "deployment": endpoint.deployment,
        }
        assert TOKEN_LIFETIME == 3600

    @pytest.mark.parametrize(("kind", "auth"), [form for form in FORMS if form[1] != "token"])
    def test_a_service_without_tokens_has_none(self, lab: Lab, kind: str, auth: str) -> None:
        deploy(lab, "one", kind, auth)
        assert refused(lab, Conflict, "carl", WebServices.get_token, "one").required == auth

    def test_who_may_not_read_the_workspace_gets_none(self, lab: Lab) -> None:
        deploy(lab, "one", "aks", "token")
        lab.hire("hana")
        assert refused(lab, Forbidden, "hana", WebServices.get_token, "one").required.startswith(
            f"{ML}/read on "
        )

    def test_none_is_to_be_had_while_the_workspace_s_region_is_down(self, lab: Lab) -> None:
        attach_cluster(lab, "far", "westus2")
        service = ask(lab, "carl", WebServices.deploy_aks, "one", "churn", "far", False, True)
        keyed = ask(lab, "carl", WebServices.deploy_aks, "two", "churn", "far", False)
        lab.switchboard.down("eastus")
        refused(lab, RegionDown, "carl", WebServices.get_token, "one")
        assert lab.ask("x", Scoring.score, keyed.endpoint, Anonymous(), "[1]")
        lab.switchboard.up("eastus")
        assert ask(lab, "carl", WebServices.get_token, "one").token.claims["aud"] == service.endpoint.lower()


class TestEnd:
    @pytest.mark.parametrize("kind", ["aci", "aks"])
    def test_with_the_machine_the_service_goes(self, lab: Lab, kind: str) -> None:
        service = deploy(lab, "one", kind, "none")
        endpoint: Any = lab.resources.find(service.endpoint)
        lab.ask("carl", ResourceManager.delete, endpoint.runs_on, lab.sign_in("carl").bearer)
        with pytest.raises(UnknownHost):
            lab.ask("x", Scoring.score, service.endpoint, Anonymous(), "[1]")
        with pytest.raises(UnknownHost):
            lab.ask("x", Scoring.score, service.address, Anonymous(), "[1]")
        assert ask(lab, "rita", WebServices.list_services) == []

    def test_with_the_workspace_its_services_go_and_no_others(self, lab: Lab) -> None:
        service = deploy(lab, "one", "aci", "none")
        owner = lab.sign_in("olivia").bearer
        lab.ask("olivia", ResourceManager.delete, lab.other_workspace, owner)
        assert lab.ask("x", Scoring.score, service.endpoint, Anonymous(), "[1]")
        lab.ask("olivia", ResourceManager.delete, lab.workspace, owner)
        with pytest.raises(UnknownHost):
            lab.ask("x", Scoring.score, service.endpoint, Anonymous(), "[1]")

    def test_a_deletion_that_fails_keeps_them(self, lab: Lab) -> None:
        deploy(lab, "one", "aks", "key")
        attach(lab, "carl", "far", {})
        cluster: Any = lab.resources.find(f"{lab.workspace}/computes/far")
        cluster.region = "westus2"
        lab.switchboard.down("westus2")
        with unchanged(lab), pytest.raises(RegionDown):
            lab.ask("carl", ResourceManager.delete, lab.workspace, lab.sign_in("carl").bearer)

    def test_one_workspace_s_services_are_no_other_s(self, lab: Lab) -> None:
        deploy(lab, "one", "aci", "key")
        carl = lab.sign_in("carl").bearer
        assert lab.ask("carl", WebServices.list_services, lab.other_workspace, carl) == []
        with pytest.raises(NotFound):
            lab.ask("carl", WebServices.get_aci_keys, lab.other_workspace, carl, "one")
        lab.ask("carl", Models.register, lab.other_workspace, carl, "churn", b"others")
        other = lab.ask("carl", WebServices.deploy_aci, lab.other_workspace, carl, "one", "churn")
        assert lab.ask("x", Scoring.score, other.endpoint, Anonymous(), "[1]")
        assert len([one for one in lab.resources if one.service == "Container Instances"]) == 2


def test_a_service_needs_nothing_that_was_not_deployed(lab: Lab) -> None:
    # A run secret of the vault and a web service's keys have nothing to do with one another.
    ask(lab, "carl", RunSecrets.put, "one", "value")
    refused(lab, NotFound, "carl", WebServices.get_aci_keys, "one")

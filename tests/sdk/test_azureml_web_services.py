"""Models and web services under the SDK's names. What may be enabled where, the lab says: here it is only
asked and heard."""

import copy
import pickle
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from labkit.azure import Scoring, ServiceKey, ServiceToken
from labkit.core.errors import Unauthenticated
from labkit.identity.token import Token
from labkit.lab import Lab
from labkit.sdk import prelude
from labkit.services.machine_learning.scoring import ScoringEndpoint
from tests.sdk.azureml_lab import PLACE, hops, nothing_left_active
from tests.services.ml import attach_cluster

BODY = '{"data": [[1, 2, 3]]}'
GOOD = """
import json

def init():
    global factor
    factor = 10

def run(raw_data):
    return json.loads(raw_data)["data"][0][0] * factor
"""


@pytest.fixture(autouse=True)
def _clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    with nothing_left_active():
        yield


@pytest.fixture
def ws(lab: Lab) -> Iterator[Any]:
    """The workspace in an activation, with a model `churn` and a cluster `prod`."""
    attach_cluster(lab)
    with lab.activate():
        ws = sdk("core", "Workspace")(**PLACE)
        Path("model.bin").write_bytes(b"weights")
        sdk("core.model", "Model").register(ws, "model.bin", "churn")
        lab.trace.clear()
        yield ws


def sdk(module: str, name: str) -> Any:
    return getattr(__import__(f"azureml.{module}", fromlist=[name]), name)


def lab_of(ws: Any) -> Lab:
    found: Lab = ws.auth.session.lab
    return found


def refused(call: Any, name: str = "WebserviceException") -> Any:
    with pytest.raises(sdk("exceptions", name)) as caught:
        call()
    assert type(caught.value).__name__ == name
    return caught.value


def on_aci(ws: Any, name: str = "on-aci", script: Any = None, **form: Any) -> Any:
    model, config = sdk("core.model", "Model"), sdk("core.webservice", "AciWebservice")
    wanted = config.deploy_configuration(cpu_cores=1, memory_gb=1, **form)
    return model.deploy(ws, name, [model(ws, "churn")], script, wanted)


def on_aks(ws: Any, name: str = "on-aks", script: Any = None, **form: Any) -> Any:
    model, config = sdk("core.model", "Model"), sdk("core.webservice", "AksWebservice")
    wanted = config.deploy_configuration(compute_target_name="prod", **form)
    return model.deploy(ws, name, [model(ws, "churn")], script, wanted)


class TestModels:
    def test_a_file_is_registered_and_its_versions_counted(self, ws: Any) -> None:
        model = sdk("core.model", "Model")
        again = model.register(workspace=ws, model_path="model.bin", model_name="churn")
        assert (again.name, again.version, again.id) == ("churn", 2, "churn:2")
        assert model(ws, "churn").version == 2
        assert [one.id for one in model.list(ws)] == ["churn:1", "churn:2"]

    def test_an_unknown_model_is_the_labs_refusal(self, ws: Any) -> None:
        error = refused(lambda: sdk("core", "Model")(ws, "nothing"))
        assert (error.status_code, error.required) == (404, "churn")

    @pytest.mark.parametrize("path", ["nothing.bin", ".", None, 5, "a\0b"])
    def test_a_file_that_is_none_is_refused(self, ws: Any, path: Any) -> None:
        refused(lambda: sdk("core", "Model").register(ws, path, "churn"), "UserErrorException")

    def test_a_file_that_is_too_large_is_refused(self, ws: Any) -> None:
        Path("large.bin").write_bytes(bytes(10_000_001))
        refused(lambda: sdk("core", "Model").register(ws, "large.bin", "churn"), "UserErrorException")


class TestDeploying:
    def test_the_defaults_are_the_labs(self, ws: Any) -> None:
        here, there = on_aci(ws), on_aks(ws)
        assert type(here).__name__ == "AciWebservice"
        assert type(there).__name__ == "AksWebservice"
        assert not here.auth_enabled
        assert (there.auth_enabled, there.token_auth_enabled) == (True, False)

    def test_without_a_configuration_it_is_the_kind_of_the_target(self, ws: Any) -> None:
        model, target = sdk("core.model", "Model"), sdk("core.compute", "AksCompute")(ws, "prod")
        models = [model(ws, "churn")]
        assert model.deploy(ws, "one", models).compute_type == "ACI"
        assert model.deploy(ws, "two", models, deployment_target=target).compute_type == "AKS"

    def test_auth_enabled_works_on_both(self, ws: Any) -> None:
        assert on_aci(ws, auth_enabled=True).auth_enabled
        assert not on_aks(ws, auth_enabled=False).auth_enabled

    @pytest.mark.parametrize("kind", ["AciWebservice", "AksWebservice"])
    def test_the_misspelling_is_a_type_error_and_deploys_nothing(self, ws: Any, kind: str) -> None:
        with pytest.raises(TypeError, match="unexpected keyword argument 'auth_enable'"):
            sdk("core.webservice", kind).deploy_configuration(auth_enable=True)
        assert len(lab_of(ws).trace) == 0

    def test_token_authentication_has_no_name_on_aci(self, ws: Any) -> None:
        with pytest.raises(TypeError, match="token_auth_enabled"):
            on_aci(ws, token_auth_enabled=True)

    def test_both_forms_at_once_are_refused_by_the_lab(self, ws: Any) -> None:
        error = refused(lambda: on_aks(ws, auth_enabled=True, token_auth_enabled=True))
        assert "only one of the two" in error.message
        assert sdk("core", "Webservice").list(ws) == []

    @pytest.mark.parametrize("value", ["yes", 1, 0, [], "False"])
    def test_a_switch_that_is_neither_on_nor_off_is_refused_by_the_lab(self, ws: Any, value: Any) -> None:
        assert refused(lambda: on_aci(ws, auth_enabled=value)).status_code == 400
        assert refused(lambda: on_aks(ws, token_auth_enabled=value)).status_code == 400

    @pytest.mark.parametrize(
        "argument", [{"dns_name_label": "mine"}, {"primary_key": "mine"}, {"location": "westus2"}]
    )
    def test_what_would_only_look_protected_is_refused(self, ws: Any, argument: dict[str, Any]) -> None:
        error = refused(lambda: on_aci(ws, **argument))
        assert error.message == f"The lab does not cover {next(iter(argument))}."
        assert "mine" not in str(error)

    def test_how_a_service_is_run_reaches_the_lab(self, ws: Any) -> None:
        on_aks(ws, num_replicas=3, max_request_wait_time=0)
        [endpoint] = [one for one in lab_of(ws).resources if isinstance(one, ScoringEndpoint)]
        assert (endpoint.serving.num_replicas, endpoint.serving.max_request_wait_time) == (3, 0)
        assert refused(lambda: on_aks(ws, "other", num_replicas=0)).message.startswith("num_replicas")

    @pytest.mark.parametrize("models", [[], None, "churn", ["churn"], [None]])
    def test_it_takes_one_model(self, ws: Any, models: Any) -> None:
        error = refused(lambda: sdk("core", "Model").deploy(ws, "one", models))
        assert error.required == "models=[model]"

    def test_it_takes_the_latest_version_and_never_another_silently(self, ws: Any) -> None:
        model = sdk("core.model", "Model")
        old = model(ws, "churn")
        model.register(ws, "model.bin", "churn")
        error = refused(lambda: model.deploy(ws, "one", [old]))
        assert (error.presented, error.required) == ("churn:1", "churn:2")

    def test_it_does_not_overwrite(self, ws: Any) -> None:
        model = sdk("core.model", "Model")
        on_aci(ws)
        assert refused(lambda: on_aci(ws)).status_code == 409
        error = refused(lambda: model.deploy(ws, "on-aci", [model(ws, "churn")], overwrite=True))
        assert error.presented == "overwrite=True"

    def test_a_configuration_and_a_target_have_to_fit(self, ws: Any) -> None:
        model, web = sdk("core.model", "Model"), sdk("core", "webservice")
        models, target = [model(ws, "churn")], sdk("core.compute", "ComputeTarget")(ws, "prod")
        aci, aks = web.AciWebservice.deploy_configuration(), web.AksWebservice.deploy_configuration()
        refused(lambda: model.deploy(ws, "one", models, None, aci, target))
        refused(lambda: model.deploy(ws, "one", models, None, aks))
        refused(lambda: model.deploy(ws, "one", models, None, {"auth_enabled": True}))

    def test_a_cluster_that_the_workspace_does_not_have_is_refused(self, ws: Any) -> None:
        error = refused(lambda: sdk("core.compute", "AksCompute")(ws, "none"), "ComputeTargetException")
        assert error.code == "NotFound"

    def test_a_reader_deploys_nothing(self, lab: Lab, ws: Any) -> None:
        with lab.activate("rita"):
            theirs = sdk("core", "Workspace")(**PLACE)
            assert refused(lambda: on_aci(theirs)).code == "AuthorizationFailed"

    def test_waiting_shows_what_the_sdk_shows(self, ws: Any, capsys: pytest.CaptureFixture[str]) -> None:
        service = on_aci(ws)
        service.wait_for_deployment()
        assert capsys.readouterr().out == ""
        service.wait_for_deployment(show_output=True)
        assert capsys.readouterr().out.splitlines() == [
            "Succeeded",
            'ACI service creation operation finished, operation "Succeeded"',
        ]
        service.delete()
        assert "WebserviceNotFound" in str(refused(lambda: service.wait_for_deployment(True)))


class TestScript:
    def config(self, source: str) -> Any:
        Path("score.py").write_text(source)
        environment = sdk("core", "Environment")("myenv")
        return sdk("core.model", "InferenceConfig")(entry_script="score.py", environment=environment)

    def test_it_is_what_scores(self, ws: Any) -> None:
        service = on_aci(ws, script=self.config(GOOD))
        assert (service.state, service.run(BODY)) == ("Healthy", 10)

    def test_it_is_the_one_that_was_deployed(self, ws: Any) -> None:
        service = on_aci(ws, script=self.config(GOOD))
        Path("score.py").unlink()
        assert service.run(BODY) == 10

    @pytest.mark.parametrize(
        "source", ["raise ValueError", "def run(raw): pass", "def (", "import nothing_like_it", "exit()"]
    )
    def test_one_that_does_not_start_makes_the_service_unhealthy(self, ws: Any, source: str) -> None:
        service = on_aci(ws, script=self.config(source))
        assert service.state == "Unhealthy"
        assert "did not start" in str(refused(service.wait_for_deployment))
        assert refused(lambda: service.run(BODY)).status_code == 503

    def test_one_without_run_fails_when_it_is_asked(self, ws: Any) -> None:
        service = on_aci(ws, script=self.config("def init(): pass"))
        assert refused(lambda: service.run(BODY)).status_code == 502

    @pytest.mark.parametrize("script", ["nothing.py", ".", 5, None, "a\0b"])
    def test_one_that_is_not_there_is_refused(self, ws: Any, script: Any) -> None:
        with pytest.raises(sdk("exceptions", "AzureMLException")):
            sdk("core.model", "InferenceConfig")(entry_script=script)

    def test_what_is_no_configuration_is_refused(self, ws: Any) -> None:
        refused(lambda: on_aci(ws, script="score.py"), "UserErrorException")
        Path("score.py").write_text(GOOD)
        with pytest.raises(sdk("exceptions", "UserErrorException")):
            sdk("core.model", "InferenceConfig")("score.py", environment="myenv")


class TestKeys:
    def test_both_keys_are_plain_texts_that_open_the_service(self, ws: Any) -> None:
        service = on_aks(ws)
        keys = service.get_keys()
        assert [type(key) for key in keys] == [str, str]
        for key in keys:
            assert lab_of(ws).ask("app", Scoring.score, service.scoring_uri, ServiceKey(key), BODY)

    @pytest.mark.parametrize(("which", "place"), [("Primary", 0), ("Secondary", 1), ("primary", 0)])
    def test_one_is_regenerated_and_the_other_stays(self, ws: Any, which: str, place: int) -> None:
        service = on_aci(ws, auth_enabled=True)
        before = service.get_keys()
        assert service.regen_key(which) is None
        after = service.get_keys()
        assert [old == new for old, new in zip(before, after, strict=True)] == [place != 0, place != 1]
        old = ServiceKey(before[place])
        with pytest.raises(Unauthenticated):
            lab_of(ws).ask("app", Scoring.score, service.scoring_uri, old, BODY)

    @pytest.mark.parametrize("which", ["Tertiary", "", None, 1, ["Primary"]])
    def test_another_key_is_refused_by_the_lab(self, ws: Any, which: Any) -> None:
        service = on_aci(ws, auth_enabled=True)
        before = service.get_keys()
        assert refused(lambda: service.regen_key(which)).status_code == 400
        assert service.get_keys() == before

    def test_a_key_of_ones_own_is_not_covered(self, ws: Any) -> None:
        error = refused(lambda: on_aci(ws, auth_enabled=True).regen_key("Primary", set_key="mine"))
        assert error.message == "The lab does not cover set_key."

    def test_a_service_without_keys_has_none(self, ws: Any) -> None:
        assert refused(on_aci(ws).get_keys).status_code == 409

    def test_a_reader_gets_none(self, lab: Lab, ws: Any) -> None:
        on_aks(ws)
        with lab.activate("rita"):
            service = sdk("core", "Webservice")(sdk("core", "Workspace")(**PLACE), "on-aks")
            assert refused(service.get_keys).status_code == 403


class TestTokens:
    def test_the_token_is_a_plain_text_with_a_time_to_ask_again(self, ws: Any) -> None:
        service, lab = on_aks(ws, token_auth_enabled=True), lab_of(ws)
        token, refresh_by = service.get_token()
        assert type(token) is str
        claims, now = Token(token, lab.clock).claims, datetime.fromtimestamp(lab.clock.now, UTC)
        assert now < refresh_by <= datetime.fromtimestamp(claims["exp"], UTC)
        assert lab.ask("app", Scoring.score, service.scoring_uri, ServiceToken(token), BODY)

    def test_a_service_that_takes_none_has_none(self, ws: Any) -> None:
        for service in (on_aci(ws, auth_enabled=True), on_aks(ws)):
            assert refused(service.get_token).status_code == 409

    def test_a_region_that_is_down_gives_none(self, lab: Lab, ws: Any) -> None:
        service = on_aks(ws, token_auth_enabled=True)
        lab.switchboard.down("eastus")
        error = refused(service.get_token)
        assert (error.status_code, error.code) == (503, "ServiceUnavailable")
        lab.switchboard.up("eastus")
        assert service.get_token()


class TestUpdating:
    def test_keys_and_tokens_are_switched(self, ws: Any) -> None:
        service = on_aks(ws)
        for form in ("token", "key", "none"):
            if form == "none":
                service.update(auth_enabled=False)
            else:
                service.update(auth_enabled=form == "key", token_auth_enabled=form == "token")
            assert (service.auth_enabled, service.token_auth_enabled) == (form == "key", form == "token")
            assert service.run(BODY)["model"] == "churn:1"

    def test_on_aci_there_are_keys_alone(self, ws: Any) -> None:
        service = on_aci(ws)
        service.update(auth_enabled=True)
        assert (service.auth_enabled, len(service.get_keys())) == (True, 2)
        with pytest.raises(TypeError, match="token_auth_enabled"):
            service.update(token_auth_enabled=True)
        with pytest.raises(TypeError, match="auth_enable"):
            service.update(auth_enable=False)

    def test_both_at_once_and_nothing_at_all_are_refused_by_the_lab(self, ws: Any) -> None:
        service = on_aks(ws)
        error = refused(lambda: service.update(auth_enabled=True, token_auth_enabled=True))
        assert "only one of the two" in error.message
        assert refused(service.update).status_code == 400
        assert service.auth_enabled


class TestLookingAround:
    def test_a_service_is_found_by_its_name_and_kind(self, ws: Any) -> None:
        web = sdk("core", "Webservice")
        on_aci(ws)
        on_aks(ws)
        assert type(web(ws, "on-aci")).__name__ == "AciWebservice"
        assert [one.name for one in web.list(ws)] == ["on-aci", "on-aks"]
        assert [one.name for one in web.list(ws, compute_type="AKS")] == ["on-aks"]
        error = refused(lambda: web(ws, "nothing"))
        assert error.required == "on-aci, on-aks"

    def test_a_service_of_the_other_kind_is_not_found(self, ws: Any) -> None:
        on_aks(ws)
        error = refused(lambda: sdk("core.webservice", "AciWebservice")(ws, "on-aks"))
        assert (error.required, error.message[-7:]) == ("none yet", "on ACI.")

    @pytest.mark.parametrize("wrong", [None, "ml-example", 5])
    def test_what_is_no_workspace_is_refused(self, ws: Any, wrong: Any) -> None:
        web, model = sdk("core", "Webservice"), sdk("core", "Model")
        for call in (web, model, sdk("core.compute", "AksCompute")):
            refused(lambda call=call: call(wrong, "name"), "UserErrorException")
        for listing in (web.list, model.list):
            refused(lambda listing=listing: listing(wrong), "UserErrorException")
        refused(lambda: model.register(wrong, "model.bin", "churn"), "UserErrorException")
        refused(lambda: model.deploy(wrong, "one", [model(ws, "churn")]), "UserErrorException")

    def test_what_an_object_does_not_have_it_says_with_what_it_has(self, ws: Any) -> None:
        service = on_aci(ws)
        with pytest.raises(AttributeError, match=r"AciWebservice has no get_logs\. It has: .*run, "):
            service.get_logs()
        with pytest.raises(AttributeError, match=r"Workspace has no datastores\. It has: .*name, "):
            _ = ws.datastores
        with pytest.raises(AttributeError, match=r"Workspace has no setup\. It has: .*create, from_config"):
            sdk("core", "Workspace").setup()

    @pytest.mark.parametrize("form", [{}, {"auth_enabled": False}, {"token_auth_enabled": True}])
    def test_running_fetches_what_opens_it(self, ws: Any, form: dict[str, bool]) -> None:
        assert on_aks(ws, **form).run(BODY)["model"] == "churn:1"

    @pytest.mark.parametrize("body", ["no json", b"\xff", 5, None, "[" * 1000])
    def test_a_body_that_is_none_is_refused_and_it_still_answers(self, ws: Any, body: Any) -> None:
        service = on_aks(ws)
        assert refused(lambda: service.run(body)).status_code == 400
        assert service.run(BODY.encode())

    def test_services_and_models_are_not_pickled(self, ws: Any) -> None:
        service = on_aci(ws)
        for one in (service, sdk("core", "Model")(ws, "churn")):
            with pytest.raises(TypeError, match="belongs to a lab of this kernel"):
                pickle.dumps(one)
            assert copy.copy(one) is one

    def test_configurations_are_pickled_and_read_when_nothing_is_active(self, lab: Lab) -> None:
        with lab.activate():
            config = sdk("core.webservice", "AksWebservice").deploy_configuration(token_auth_enabled=True)
            content = pickle.dumps(config)
        assert pickle.loads(content) == config


class TestPrelude:
    def test_it_gives_what_the_samples_leave_out(self, ws: Any) -> None:
        myenv, model, service = prelude(ws)
        assert (myenv.name, model.version, service.token_auth_enabled) == ("myenv", 1, True)
        assert service.get_token()
        assert sorted(one.name for one in Path.cwd().iterdir()) == ["model.bin"]

    def test_again_it_makes_nothing_new(self, ws: Any) -> None:
        prelude(ws)
        lab_of(ws).trace.clear()
        assert prelude(ws).model.version == 1
        assert {operation for _, operation, *_ in hops(lab_of(ws), "PUT", "Register model")} == set()

    def test_a_script_is_written_where_one_is_asked_for_and_none_overwritten(self, ws: Any) -> None:
        environment, *_ = prelude(ws, folder=".")
        config = sdk("core.model", "InferenceConfig")("score.py", environment=environment)
        assert on_aci(ws, script=config).run(BODY) == [-2.5]
        Path("score.py").write_text("mine")
        prelude(ws, folder=".")
        assert Path("score.py").read_text() == "mine"

    def test_two_workspaces_of_a_group_have_one_each(self, ws: Any) -> None:
        other = sdk("core", "Workspace")(**{**PLACE, "workspace_name": "your-workspace-name"})
        assert prelude(ws).service.scoring_uri != prelude(other).service.scoring_uri

    @pytest.mark.parametrize("folder", ["nowhere/at/all", 5, "a\0b"])
    def test_a_folder_that_is_none_is_refused(self, ws: Any, folder: Any) -> None:
        refused(lambda: prelude(ws, folder=folder), "UserErrorException")

    def test_it_needs_a_workspace(self, lab: Lab, ws: Any) -> None:
        wrong: Any = lab
        assert "no workspace" in str(refused(lambda: prelude(wrong), "UserErrorException"))

    def test_a_reader_is_refused_as_anywhere(self, lab: Lab) -> None:
        with lab.activate("rita"):
            theirs = sdk("core", "Workspace")(**PLACE)
            assert refused(lambda: prelude(theirs)).code == "AuthorizationFailed"

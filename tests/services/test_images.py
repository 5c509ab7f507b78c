"""Images: a model, packed and kept in the workspace's registry."""

import json
from typing import Any

import pytest

from labkit.azure import Anonymous, Images, Models, Scoring, ScoringScript, WebServices
from labkit.core.errors import BadRequest, CredentialNotAccepted, Forbidden, NotFound, UnknownHost
from labkit.lab import Lab, start
from labkit.services.authorization import Authorization
from labkit.services.machine_learning.images import model_in
from labkit.services.machine_learning.workspace import Image
from labkit.services.resource_manager import ResourceManager
from tests.services.ml import GROUP, WEIGHTS, ask, kept, refused, revoke, workspace


@pytest.fixture
def lab() -> Lab:
    """A lab in which a model is registered."""
    lab = start()
    ask(lab, "carl", Models.register, "churn", WEIGHTS)
    return lab


def test_an_image_holds_the_model_and_is_in_the_registry(lab: Lab) -> None:
    image = ask(lab, "carl", Images.create, "scorer", "churn")
    assert image == Image("scorer", 1, "churn", 1)
    assert image.tag == "scorer:1"
    content = kept(lab, "registry", workspace(lab).own("scorer:1"))
    assert content == b'{"model": "churn", "version": 1, "entry": "score.py"}\n' + WEIGHTS
    assert model_in(content) == WEIGHTS


def test_created_again_it_has_another_version_with_the_latest_model(lab: Lab) -> None:
    first = ask(lab, "carl", Images.create, "scorer", "churn")
    ask(lab, "carl", Models.register, "churn", b"\n2\n")
    second = ask(lab, "carl", Images.create, "scorer", "churn")
    assert (second.version, second.model_version) == (2, 2)
    assert ask(lab, "rita", Images.list_images) == [first, second]
    names = map(workspace(lab).own, ("scorer:1", "scorer:2"))
    assert [model_in(kept(lab, "registry", name)) for name in names] == [WEIGHTS, b"\n2\n"]


def test_the_caller_is_asked_for_two_permissions_and_the_identity_does_the_rest(lab: Lab) -> None:
    ask(lab, "carl", Images.create, "scorer", "churn")
    hops = [(hop.operation, hop.action.rpartition("workspaces/")[2], hop.subject) for hop in lab.trace.last()]
    carl, identity = "carl@contoso.example (user)", "ml-example (managed identity)"
    assert hops[:2] == [
        ("Create image", "environments/build/action", carl),
        ("Package model", "models/package/action", carl),
    ]
    assert [one for one in hops if one[0] in ("Get Blob", "Push image")] == [
        ("Get Blob", "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read", identity),
        ("Push image", "Microsoft.ContainerRegistry/registries/push/write", identity),
    ]


@pytest.mark.parametrize("missing", ["environments/build/action", "models/package/action"])
def test_one_of_the_two_is_not_enough(lab: Lab, missing: str) -> None:
    workspaces = "Microsoft.MachineLearningServices/workspaces"
    token = lab.sign_in("olivia").bearer
    role = {
        "Name": "Half a builder",
        "Actions": [f"{workspaces}/*"],
        "NotActions": [f"{workspaces}/{missing}"],
        "AssignableScopes": [GROUP],
    }
    lab.ask("olivia", Authorization.define, GROUP, token, role)
    person = lab.hire("hana")
    lab.ask("olivia", Authorization.assign, GROUP, token, "Half a builder", person.object_id)
    refusal = refused(lab, Forbidden, "hana", Images.create, "scorer", "churn")
    assert refusal.required.startswith(f"{workspaces}/{missing} on ")


def test_nobody_packages_a_model_by_a_direct_call(lab: Lab) -> None:
    refused(lab, CredentialNotAccepted, "olivia", Images.package, "churn")


def test_a_reader_lists_and_creates_nothing(lab: Lab) -> None:
    refused(lab, Forbidden, "rita", Images.create, "scorer", "churn")
    assert ask(lab, "rita", Images.list_images) == []


def test_an_unknown_model_is_not_found(lab: Lab) -> None:
    for model in ("", "Churn", "other"):
        assert refused(lab, NotFound, "carl", Images.create, "scorer", model).required == "churn"


@pytest.mark.parametrize(
    "name", ["", "A", "a b", "-a", "a-", "a--b", "a:1", "a/b", "a" * 61, None, 5, []], ids=repr
)
def test_an_image_has_a_name(lab: Lab, name: Any) -> None:
    refused(lab, BadRequest, "carl", Images.create, name, "churn")


@pytest.mark.parametrize("model", [None, 5, [], b"churn"], ids=repr)
def test_a_model_is_named_by_a_text(lab: Lab, model: Any) -> None:
    refused(lab, BadRequest, "carl", Images.create, "scorer", model)


def test_without_a_registry_there_is_no_image(lab: Lab) -> None:
    registry = workspace(lab).depends_on["registry"]
    lab.ask("carl", ResourceManager.delete, registry, lab.sign_in("carl").bearer)
    refused(lab, UnknownHost, "carl", Images.create, "scorer", "churn")


def test_the_role_on_the_registry_alone_is_missed_by_nobody_while_the_one_on_the_group_is_there(
    lab: Lab,
) -> None:
    registry = workspace(lab).depends_on["registry"]
    revoke(lab, "ml-example", "Contributor", registry)
    ask(lab, "carl", Images.create, "scorer", "churn")
    revoke(lab, "ml-example", "Contributor", GROUP)
    refusal = refused(lab, Forbidden, "carl", Images.create, "scorer", "churn")
    assert (refusal.service, refusal.code) == ("Container Registry", "DENIED")


def _scores(body: str) -> str:
    return "from the image"


def test_with_a_score_file_and_packages_the_image_holds_these_too(lab: Lab) -> None:
    image = ask(lab, "carl", Images.create, "scorer", "churn", ScoringScript(_scores), ["scikit-learn"])
    assert (image.script, image.dependencies) == (ScoringScript(_scores), ("scikit-learn",))
    content = kept(lab, "registry", workspace(lab).own("scorer:1"))
    head = json.loads(content.partition(b"\n")[0])
    assert head["dependencies"] == ["scikit-learn"]
    assert 'return "from the image"' in head[head["entry"]]
    assert model_in(content) == WEIGHTS


def test_what_is_deployed_from_it_runs_its_score_file_unless_another_one_comes_along(lab: Lab) -> None:
    ask(lab, "carl", Images.create, "scorer", "churn", ScoringScript(_scores))
    mine = ScoringScript(lambda body: "mine")
    for name, script, said in (("plain", None, "from the image"), ("own", mine, "mine")):
        service = ask(lab, "carl", WebServices.deploy_aci, name, "churn", None, None, script)
        assert lab.ask("app", Scoring.score, service.address, Anonymous(), "[]") == said


@pytest.mark.parametrize("given", [(_scores,), ("score.py",), (None, "numpy"), (None, ["a b"]), (None, [5])])
def test_what_is_no_score_file_or_no_list_of_packages_is_refused(lab: Lab, given: Any) -> None:
    refused(lab, BadRequest, "carl", Images.create, "scorer", "churn", *given)

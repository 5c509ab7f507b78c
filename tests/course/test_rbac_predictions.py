"""What the lab answers to the predictions of 03-rbac-matrix is among their options, and is as in Azure."""

from labkit.azure import (
    STORAGE,
    BlobStorage,
    Blueprints,
    Models,
    ResourceManager,
    RunSecrets,
    WebServices,
)
from labkit.course import revocations
from labkit.course.deeds import AKS, MODEL, make_ready, tried
from labkit.course.incidents import NO_COMPUTE
from labkit.course.scenes import define, give
from labkit.lab import Lab
from tests.course.answers import (  # noqa: F401
    test_a_prediction_comes_out_as_azure_would_have_it,
)


def next_door(lab: Lab) -> str:
    lab.hire("dora")
    give(lab, "dora", "Contributor", lab.workspace)
    assert tried(lab, "dora", "look at the workspace")
    return tried(lab, "dora", "look at the workspace", lab.other_workspace).word


def old_token(lab: Lab) -> str:
    lab.hire("dora")
    token = lab.sign_in("dora").bearer
    assert not lab.attempt("dora", ResourceManager.get, lab.workspace, token)
    give(lab, "dora", "Reader", lab.workspace)
    lab.clock.advance("1m")
    assert lab.attempt("dora", ResourceManager.get, lab.workspace, lab.sign_in("dora").bearer)
    return lab.attempt("dora", ResourceManager.get, lab.workspace, token).word


def reader_secret(lab: Lab) -> str:
    lab.ask("carl", RunSecrets.put, lab.workspace, lab.sign_in("carl").bearer, "api", "lab-value")
    return lab.attempt("rita", RunSecrets.get, lab.workspace, lab.sign_in("rita").bearer, "api").word


def two_roles(lab: Lab) -> str:
    dora = lab.hire("dora")
    lab.directory.add_group("data-science", dora.object_id)
    give(lab, "dora", define(lab, NO_COMPUTE), lab.workspace)
    assert not tried(lab, "dora", "create compute")
    give(lab, "data-science", "Contributor", lab.workspace)
    return tried(lab, "dora", "create compute").word


def owner_blob(lab: Lab) -> str:
    model = lab.ask("carl", Models.register, lab.workspace, lab.sign_in("carl").bearer, "churn", b"weights")
    found = lab.ask("olivia", ResourceManager.get, lab.workspace, lab.sign_in("olivia").bearer)
    token = lab.sign_in("olivia", resource=STORAGE).bearer
    return lab.attempt("olivia", BlobStorage.get, found["properties"]["storage"], token, model.blob).word


def owner_locked(lab: Lab) -> str:
    token = lab.sign_in("olivia").bearer
    lab.ask(
        "olivia",
        Blueprints.assign,
        lab.subscription,
        token,
        "frozen",
        lab.resource_group,
        "AllResourcesReadOnly",
    )
    return tried(lab, "olivia", "change the workspace").word


def reader_score(lab: Lab) -> str:
    make_ready(lab, lab.workspace)
    carl, rita = lab.sign_in("carl").bearer, lab.sign_in("rita").bearer
    lab.ask("carl", WebServices.deploy_aks, lab.workspace, carl, "churn", MODEL, AKS)
    return lab.attempt("rita", WebServices.get_aks_keys, lab.workspace, rita, "churn").word


def revoke_group(lab: Lab) -> str:
    broke = next(one.broke for one in revocations().each if one.permission == "workspace")
    return "nothing" if not broke else "runs" if "submit a run" in dict(broke) else "secrets"


OUTCOMES = {
    "rbac-next-door": (next_door, "refused"),
    "rbac-old-token": (old_token, "refused"),
    "rbac-reader-secret": (reader_secret, "accepted"),
    "rbac-two-roles": (two_roles, "accepted"),
    "rbac-owner-blob": (owner_blob, "refused"),
    "rbac-owner-locked": (owner_locked, "refused"),
    "rbac-reader-score": (reader_score, "refused"),
    "rbac-revoke-group": (revoke_group, "nothing"),
}

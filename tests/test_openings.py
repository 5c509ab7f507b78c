"""What a credential opens, found by trying it on everything."""

from typing import Any

import pytest

from labkit.authenticators.run_token import RunToken
from labkit.core.credential import Anonymous, Bearer, Credential
from labkit.core.errors import BadInput, Refusal
from labkit.lab import Lab
from labkit.openings import Openings
from labkit.services.azure_ad import KEY_VAULT, STORAGE
from labkit.services.machine_learning.runs import Runs


def opened(found: Openings) -> set[tuple[str, str]]:
    return {(one.operation, one.target.rpartition("/")[2]) for one in found.opened}


def run_token(lab: Lab) -> RunToken:
    token = lab.sign_in("carl").bearer
    lab.ask("carl", Runs.submit, lab.workspace, token, "train", lab.cluster, lambda context: None)
    return RunToken(lab.waiting_jobs()[0].token.reveal())


def test_every_operation_is_tried_on_everything_it_can_be_called_on(lab: Lab) -> None:
    found = lab.opens(lab.sign_in("carl").bearer)
    tried = {(one.service, one.operation, one.target) for one in found.attempts}
    assert len(tried) == len(found.attempts)
    for service in lab.parts.door.services.values():
        for op in service.operations():
            for target in service.targets(lab.resources):
                assert (service.name, op.name, target) in tried


def test_trying_carries_nothing_out(lab: Lab) -> None:
    cred = lab.sign_in("olivia").bearer
    lab.trace.clear()
    before = (repr(lab.resources), str(lab.parts.arm.documents), lab.waiting_jobs())
    lab.opens(cred)
    assert (repr(lab.resources), str(lab.parts.arm.documents), lab.waiting_jobs()) == before
    assert len(lab.trace) == 0


def test_a_run_token_opens_what_a_run_needs_in_its_workspace_and_nothing_else(lab: Lab) -> None:
    found = lab.opens(run_token(lab))
    assert {one.target for one in found.opened} == {lab.workspace}
    assert opened(found) == {
        (operation, "ml-example")
        for operation in (
            *("Log metric", "Complete run", "Get run"),
            *("List data stores", "Get data store credential", "Get run secret"),
        )
    }


def test_somebody_who_shows_nothing_opens_what_is_public(lab: Lab) -> None:
    assert {one.operation for one in lab.opens(Anonymous()).opened} == {
        *("Get device code", "Get signing keys", "Get OpenID configuration")
    }


@pytest.mark.parametrize("resource", [KEY_VAULT, STORAGE])
def test_no_role_opens_data(lab: Lab, resource: str) -> None:
    assert lab.opens(lab.sign_in("olivia", resource=resource).bearer).opened == ()


def test_a_reader_opens_less_than_a_contributor_and_an_owner_no_less(lab: Lab) -> None:
    sets = [opened(lab.opens(lab.sign_in(name).bearer)) for name in ("rita", "carl", "olivia")]
    assert sets[0] < sets[1] <= sets[2]
    # Azure's name for reading a run's secret ends in `/read`, which is all that a Reader's role asks for.
    # So does that of pulling an image, and a web service's token asks for reading the workspace.
    assert {operation for operation, _ in sets[0]} >= {
        *("GET", "Get run", "List data stores", "Get run secret"),
        *("List models", "Get model", "Download model", "List images", "Pull image", "Open notebook"),
        *("List web services", "Get service token"),
    }
    assert {operation for operation, _ in sets[1]} - {operation for operation, _ in sets[0]} >= {
        *("Submit run", "Set run secret", "Get data store credential", "Attach data store", "Register model"),
        *("Create image", "Push image", "Save notebook", "List workspace keys"),
        *("Deploy web service (ACI)", "Deploy web service (AKS)"),
        *("List service keys (ACI)", "List service keys (AKS)"),
    }
    assert "Upgrade edition" in {operation for operation, _ in sets[2] - sets[1]}


def test_a_reader_opens_nothing_but_what_is_called_reading(lab: Lab) -> None:
    ops = {op.name: op for service in lab.parts.door.services.values() for op in service.operations()}
    opened = lab.opens(lab.sign_in("rita").bearer).opened
    assert opened
    demands = (ops[one.operation].demand(one.target, (), {}) for one in opened)
    assert [one.action for one in demands if one.action and not one.action.endswith("/read")] == []


@pytest.mark.parametrize("cred", [Bearer("nonsense"), Bearer("")])
def test_nonsense_opens_nothing(lab: Lab, cred: Credential) -> None:
    assert lab.opens(cred).opened == ()


def test_what_would_pass_does_pass_the_door(lab: Lab) -> None:
    found = lab.opens(lab.sign_in("rita").bearer)
    ops = {op.name: op for service in lab.parts.door.services.values() for op in service.operations()}
    for one in found.attempts:
        try:
            lab.ask("rita", ops[one.operation], one.target, lab.sign_in("rita").bearer)
        except Refusal as refusal:
            stage = refusal.stage
        else:
            stage = "operation"
        assert (stage in ("parse", "operation")) is one.opened, one


def test_one_resource_can_be_looked_at(lab: Lab) -> None:
    found = lab.opens(lab.sign_in("carl").bearer)
    at_home = found.on(lab.workspace.upper())
    assert {one.target for one in at_home.attempts} == {lab.workspace}
    assert len(found.on("/nowhere").attempts) == 0


def test_refusals_are_counted_by_service_stage_and_code(lab: Lab) -> None:
    found = lab.opens(lab.sign_in("carl").bearer)
    counts = found.refusals()
    assert sum(counts.values()) + len(found.opened) == len(found.attempts)
    assert ("Key Vault", "authentication", "AKV10022") in counts


def test_the_text_lists_what_opens_and_counts_what_does_not(lab: Lab) -> None:
    lines = repr(lab.opens(run_token(lab))).splitlines()
    assert lines[0].startswith("ML service token: 6 of ")
    assert "  opens    Azure Machine Learning: Get run on ml-example" in lines
    assert any(line.startswith("  refused  Key Vault: ") for line in lines)


@pytest.mark.parametrize("cred", [None, "token", 5, Bearer])
def test_what_is_no_credential_is_bad_input(lab: Lab, cred: Any) -> None:
    with pytest.raises(BadInput):
        lab.opens(cred)

"""What the documents say about how web services are authenticated to, attempted in a lab of each release with
the how-to's own samples. Each test does what the ledger's `shown_by` says of its statement."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from labkit.azure import WebServices
from labkit.lab import Lab
from tests.sdk import azureml_samples as samples
from tests.sdk.azureml_lab import PLACE
from tests.statements.conftest import (
    at_work,
    called,
    on_aci,
    on_aks,
    posted,
    refused,
    run,
    sdk,
    spelt,
    token_of,
)

DEPLOY: dict[str, Callable[..., Any]] = {"ACI": on_aci, "AKS": on_aks}
on_both = pytest.mark.parametrize("where", DEPLOY)


@pytest.fixture
def lab(stating: Lab, folder: Path) -> Lab:
    return stating


@pytest.fixture
def names(lab: Lab) -> Iterator[dict[str, Any]]:
    """What the how-to's samples have defined by then: ws, model, myenv, and a service that takes tokens."""
    with at_work(lab) as names:
        yield names


@pytest.fixture
def aci_service(names: dict[str, Any]) -> Any:
    """What the sample deploys, its misspelt argument put right."""
    return run(spelt(samples.ACI_CONFIG), samples.DEPLOY, **names)["aci_service"]


def services(names: dict[str, Any]) -> list[str]:
    """The names of all that is deployed."""
    return [one.name for one in sdk("core.webservice", "Webservice").list(names["ws"])]


def opens(lab: Lab, service: Any) -> dict[str, bool]:
    """What opens a web service: each thing is asked for, and if it is given out, tried."""
    found = {"nothing": called(lab, service) == 200}
    for name, fetch in (("key", lambda: service.get_keys()[0]), ("token", lambda: token_of(service))):
        try:
            found[name] = called(lab, service, fetch()) == 200
        except sdk("exceptions", "WebserviceException"):
            found[name] = False
    return found


NOTHING = {"nothing": True, "key": False, "token": False}
KEYS = {"nothing": False, "key": True, "token": False}
TOKENS = {"nothing": False, "key": False, "token": True}


# ---- one form at a time, and which by default


@pytest.mark.proves("svc-one-form")
def test_both_at_once_are_refused_and_change_nothing(lab: Lab, names: dict[str, Any]) -> None:
    before = services(names)
    both: dict[str, Any] = {"auth_enabled": True, "token_auth_enabled": True}
    error = refused("WebserviceException", lambda: on_aks(names, **both))
    assert "only one of the two" in error.message
    assert services(names) == before
    service = on_aks(names)
    refused("WebserviceException", lambda: service.update(**both))
    assert opens(lab, service) == KEYS


@pytest.mark.proves("svc-one-form")
def test_switching_ends_what_opened_it_before(lab: Lab, names: dict[str, Any]) -> None:
    service = on_aks(names)
    keys = service.get_keys()
    assert [called(lab, service, key) for key in keys] == [200, 200]
    service.update(auth_enabled=False, token_auth_enabled=True)
    token = token_of(service)
    assert [called(lab, service, one) for one in (*keys, token)] == [401, 401, 200]
    service.update(auth_enabled=True, token_auth_enabled=False)
    assert [called(lab, service, one) for one in (*keys, token)] == [401, 401, 401]
    assert opens(lab, service) == KEYS


@pytest.mark.proves("svc-defaults")
def test_the_table_of_the_documents_is_what_deploying_and_trying_finds(
    lab: Lab, names: dict[str, Any]
) -> None:
    found = {where: opens(lab, deploy(names)) for where, deploy in DEPLOY.items()}
    assert found == {"ACI": NOTHING, "AKS": KEYS}
    # Off is not the same as not available: what is off can be switched on.
    assert opens(lab, on_aci(names, "aci-keys", auth_enabled=True)) == KEYS
    assert opens(lab, on_aks(names, "aks-tokens", token_auth_enabled=True)) == TOKENS


@pytest.mark.proves("svc-defaults")
def test_tokens_cannot_be_had_on_aci_by_any_way(lab: Lab, names: dict[str, Any]) -> None:
    before = services(names)
    with pytest.raises(TypeError, match="token_auth_enabled"):
        on_aci(names, token_auth_enabled=True)
    carl = lab.sign_in("carl").bearer
    call = (WebServices.deploy_aci, lab.workspace, carl, "on-aci", names["model"].name)
    verdict = lab.attempt("carl", *call, token_auth_enabled=True)
    assert verdict.refusal is not None
    assert verdict.refusal.message == "There is no token authentication on ACI."
    assert services(names) == before
    service = on_aci(names)
    update = lab.attempt("carl", WebServices.update_aci, lab.workspace, carl, service.name, None, True)
    assert update.refusal is not None
    assert update.refusal.message == "There is no token authentication on ACI."
    assert opens(lab, service) == NOTHING


# ---- keys


@pytest.mark.proves("svc-key-static")
@on_both
def test_a_year_later_the_same_keys_open_it_and_a_wrong_one_does_not(
    lab: Lab, names: dict[str, Any], where: str
) -> None:
    service = DEPLOY[where](names, auth_enabled=True)
    keys = service.get_keys()
    lab.clock.advance("365d")
    assert [posted(service, key) for key in keys] == [200, 200]
    assert [posted(service, one) for one in ("", keys[0][:-1], f"{keys[0]}0")] == [401, 401, 401]


@pytest.mark.proves("svc-key-auto")
@on_both
def test_two_keys_are_there_that_nobody_made(lab: Lab, names: dict[str, Any], where: str) -> None:
    service = DEPLOY[where](names, auth_enabled=True)
    assert not [hop for hop in lab.trace if "Regenerate" in hop.operation]
    first = service.get_keys()
    assert service.get_keys() == first
    off = DEPLOY[where](names, "off", auth_enabled=False)
    refused("WebserviceException", off.get_keys)
    off.update(auth_enabled=True)
    assert len({*first, *off.get_keys()}) == 4
    for one in (service, off):
        assert [posted(one, key) for key in (*one.get_keys(), "")] == [200, 200, 401]


@pytest.mark.proves("svc-key-auto")
def test_a_day_of_calls_takes_fewer_steps_with_a_key_than_with_tokens(
    lab: Lab, names: dict[str, Any]
) -> None:
    by_key, by_token = on_aks(names, "by-key"), names["service"]
    key, steps = by_key.get_keys()[0], {"key": [1, 0], "token": [0, 0]}
    for _ in range(24):
        lab.clock.advance("1h")
        for way in steps:
            lab.trace.clear()
            # Whoever has a key goes on with it, and a token of an hour ago has to be replaced.
            steps[way][0] += way == "token"
            token = token_of(by_token) if way == "token" else ""
            assert posted(by_token if token else by_key, token or key) == 200
            steps[way][0] += 1
            steps[way][1] += len([hop for hop in lab.trace if hop.parent == 0])
    assert (steps["key"][0], steps["token"][0]) == (25, 48)
    assert steps["key"][1] == 24
    # A sign-in, a token of the service and a call, each hour.
    assert steps["token"][1] == 72


@pytest.mark.proves("svc-get-keys")
def test_the_two_keys_are_the_primary_and_the_secondary_and_both_call(lab: Lab, aci_service: Any) -> None:
    primary, secondary = run("keys = aci_service.get_keys()", aci_service=aci_service)["keys"]
    assert [posted(aci_service, key) for key in (primary, secondary)] == [200, 200]
    run('aci_service.regen_key("Primary")', aci_service=aci_service)
    assert aci_service.get_keys()[0] != primary
    assert aci_service.get_keys()[1] == secondary


@pytest.mark.proves("svc-get-keys")
def test_a_reader_gets_none_of_them(lab: Lab, aci_service: Any) -> None:
    with lab.activate("rita"):
        ws = sdk("core", "Workspace")(**PLACE)
        service = sdk("core", "Webservice")(ws, aci_service.name)
        assert refused("WebserviceException", service.get_keys).code == "AuthorizationFailed"


@pytest.mark.proves("svc-regen-key")
@on_both
@pytest.mark.parametrize("which", ["Primary", "Secondary"])
def test_the_key_that_is_named_changes_at_once_and_the_other_goes_on(
    lab: Lab, names: dict[str, Any], where: str, which: str
) -> None:
    service = DEPLOY[where](names, auth_enabled=True)
    old, place = service.get_keys(), ("Primary", "Secondary").index(which)
    service.regen_key(which)
    new = service.get_keys()
    assert new[1 - place] == old[1 - place]
    assert new[place] not in old
    assert [called(lab, service, one) for one in (old[place], old[1 - place], new[place])] == [401, 200, 200]


@pytest.mark.proves("svc-regen-key")
def test_a_rotation_without_downtime(lab: Lab, aci_service: Any) -> None:
    first = aci_service.get_keys()
    held, answers = first[0], []
    for rotate, move_to in (("", 1), ("Primary", 0), ("Secondary", 0)):
        if rotate:
            run(f'aci_service.regen_key("{rotate}")', aci_service=aci_service)
        # The client calls with what it had, and then moves to a key that stays.
        answers.append(called(lab, aci_service, held))
        held = aci_service.get_keys()[move_to]
        answers.append(called(lab, aci_service, held))
    assert answers == [200] * 6
    assert [called(lab, aci_service, key) for key in first] == [401, 401]


@pytest.mark.proves("svc-regen-key")
@pytest.mark.parametrize("which", ["Tertiary", "", "both", None, 1])
def test_any_other_name_is_a_clear_error_and_changes_nothing(aci_service: Any, which: Any) -> None:
    before = aci_service.get_keys()
    error = refused("WebserviceException", lambda: aci_service.regen_key(which))
    assert "Primary or Secondary" in error.required or "which" in error.required
    assert aci_service.get_keys() == before


@pytest.mark.proves("svc-auth-enabled")
@on_both
def test_what_auth_enabled_says_is_so_when_creating_and_when_updating(
    lab: Lab, names: dict[str, Any], where: str
) -> None:
    for wanted in (True, False):
        service = DEPLOY[where](names, f"begins-{wanted}".lower(), auth_enabled=wanted)
        assert opens(lab, service) == (KEYS if wanted else NOTHING)
        service.update(auth_enabled=not wanted)
        assert opens(lab, service) == (NOTHING if wanted else KEYS)


@pytest.mark.proves("svc-auth-enabled")
def test_the_misspelt_sample_is_a_type_error_and_what_it_would_have_deployed_is_open(
    lab: Lab, names: dict[str, Any]
) -> None:
    before = services(names)
    assert "auth_enable=True" in samples.ACI_CONFIG
    for call in (
        lambda: run(samples.ACI_CONFIG, samples.DEPLOY, **names),
        lambda: on_aci(names, auth_enable=True),
        lambda: on_aks(names, auth_enable=True),
        lambda: names["service"].update(auth_enable=True),
    ):
        with pytest.raises(TypeError, match="unexpected keyword argument 'auth_enable'"):
            call()
    assert services(names) == before
    ignored = samples.ACI_CONFIG.replace(", auth_enable=True", "")
    unprotected = run(ignored, samples.DEPLOY, **names)["aci_service"]
    assert posted(unprotected) == 200


@pytest.mark.proves("svc-no-sp-needed")
@on_both
def test_who_has_only_the_key_calls_and_azure_ad_is_not_asked(
    lab: Lab, names: dict[str, Any], where: str
) -> None:
    service = DEPLOY[where](names, auth_enabled=True)
    key = service.get_keys()[0]
    lab.az("az ad sp delete --id your-client-id")
    lab.trace.clear()
    assert called(lab, service, key, who="somebody") == posted(service, key) == 200
    assert {hop.service for hop in lab.trace} == {"Web service", "Application Insights"}
    assert {hop.credential for hop in lab.trace if hop.parent == 0} == {"service key"}
    # The other way round it is needed: with the principal gone nobody gets a token for the other service.
    refused("AuthenticationException", lambda: (lab.clock.advance("1h"), token_of(names["service"])))


@pytest.mark.proves("svc-deploy")
def test_the_snippet_runs_as_printed_but_for_the_misspelt_argument(
    lab: Lab, names: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    before = services(names)
    with pytest.raises(TypeError, match="auth_enable"):
        run(samples.ACI_CONFIG, samples.DEPLOY, **names)
    assert services(names) == before
    names = run(spelt(samples.ACI_CONFIG), samples.DEPLOY, **names)
    service = names["aci_service"]
    assert 'ACI service creation operation finished, operation "Succeeded"' in capsys.readouterr().out
    assert (type(service).__name__, service.state) == ("AciWebservice", "Healthy")
    assert services(names) == sorted([*before, "aci_service_sample"])
    # score.py is what answers: 1 * 0.5 + 2 * 1.5 + 3 * -2.0.
    assert service.run('{"data": [[1, 2, 3]]}') == [-2.5]
    assert opens(lab, service) == KEYS
    again = refused("WebserviceException", lambda: run(samples.DEPLOY, **names))
    assert "has a web service of this name" in again.message


@pytest.mark.proves("svc-deploy")
@pytest.mark.parametrize("script", ["raise ValueError", "def run(raw): return raw", "import nothing_like_it"])
def test_waiting_tells_of_a_service_that_did_not_start(
    names: dict[str, Any], folder: Path, script: str
) -> None:
    (folder / "score.py").write_text(script)
    with pytest.raises(sdk("exceptions", "WebserviceException"), match="did not start"):
        run(spelt(samples.ACI_CONFIG), samples.DEPLOY, **names)

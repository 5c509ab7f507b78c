"""What the documents say about the tokens of web services, attempted in a lab of each release. Each test does
what the ledger's `shown_by` says of its statement."""

from collections.abc import Iterator
from datetime import UTC
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import requests

from labkit.authenticators.run_token import ISSUER
from labkit.azure import ARM, CLIENT_ID, Models, ResourceManager, WebServices
from labkit.furniture import CLIENT_SECRET, workspace_id
from labkit.identity.token import Token
from labkit.lab import Lab
from labkit.network.distance import kilometres
from labkit.network.regions import REGIONS
from tests.sdk import azureml_samples as samples
from tests.services.ml import CLUSTERS, OTHER_GROUP, attach_cluster, revoke
from tests.statements.conftest import (
    LOGIN,
    at_work,
    called,
    on_aks,
    posted,
    refused,
    rest,
    run,
    token_of,
)

FAR = "westeurope"


@pytest.fixture
def lab(stating: Lab, folder: Path) -> Lab:
    return stating


@pytest.fixture
def names(lab: Lab) -> Iterator[dict[str, Any]]:
    """What the how-to's samples have defined by then: ws, model, myenv, and a service that takes tokens."""
    with at_work(lab) as names:
        yield names


def exp_of(lab: Lab, token: str) -> int:
    return int(Token(token, lab.clock).claims["exp"])


# ---- what it is


@pytest.mark.proves("svc-token-jwt")
def test_nothing_but_its_own_token_opens_the_service(lab: Lab, names: dict[str, Any]) -> None:
    service = names["service"]
    neighbour, keyed = on_aks(names, "neighbour", token_auth_enabled=True), on_aks(names, "keyed")
    own = token_of(service)
    head, body, signature = own.split(".")
    other = token_of(neighbour)
    wrong = {
        "nothing": "",
        "a key": keyed.get_keys()[0],
        "a neighbour's token": other,
        "a token of Azure AD": lab.sign_in("olivia").reveal(),
        "another body": f"{head}.{other.split('.')[1]}.{signature}",
        "no signature": f"{head}.{body}.",
    }
    assert {name: posted(service, one) for name, one in wrong.items()} == dict.fromkeys(wrong, 401)
    assert [posted(one, token) for one, token in ((service, own), (neighbour, other))] == [200, 200]


@pytest.mark.proves("svc-token-jwt")
def test_it_is_made_by_azure_ml_and_token_auth_enabled_controls_it(lab: Lab, names: dict[str, Any]) -> None:
    service = on_aks(names, "switched", token_auth_enabled=True)
    token = Token(token_of(service), lab.clock)
    assert (token.header["alg"], token.claims["iss"]) == ("RS256", ISSUER)
    assert token.header["kid"] != lab.sign_in(CLIENT_ID).header["kid"]
    assert (called(lab, service), called(lab, service, token.reveal())) == (401, 200)
    service.update(token_auth_enabled=False)
    refused("WebserviceException", service.get_token)
    assert (called(lab, service), called(lab, service, token.reveal())) == (200, 401)
    service.update(token_auth_enabled=True)
    assert (called(lab, service), called(lab, service, token_of(service))) == (401, 200)


@pytest.mark.proves("svc-get-token")
def test_the_snippet_gives_a_token_and_a_time_that_is_not_the_one_at_which_it_expires(
    lab: Lab, names: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    names, begin = run(samples.TOKEN, **names), lab.clock.now
    token, refresh_by = names["token"], int(names["refresh_by"].timestamp())
    assert capsys.readouterr().out == f"{token}\n"
    # A moment, wherever the clock on the wall is.
    assert names["refresh_by"].tzinfo is UTC
    assert begin < refresh_by < exp_of(lab, token)
    answers = {}
    for reading, moment in (("refresh_by", refresh_by), ("exp", exp_of(lab, token))):
        lab.clock.advance(moment - lab.clock.now - 1)
        before = called(lab, names["service"], token)
        lab.clock.advance(1)
        answers[reading] = (before, called(lab, names["service"], token))
    # By the text the token would have ended with the second value. It ends with exp.
    assert answers == {"refresh_by": (200, 200), "exp": (200, 401)}


# ---- how long it lasts


@pytest.mark.proves("svc-token-expires")
def test_who_renews_goes_on_calling_and_who_does_not_is_refused_from_its_end_on(
    lab: Lab, names: dict[str, Any]
) -> None:
    service = names["service"]
    (asleep, _), (awake, due) = service.get_token(), service.get_token()
    renewed, answers = 0, []
    end = exp_of(lab, asleep)
    for _ in range(6 * 12):
        lab.clock.advance("5m")
        if lab.clock.now > due.timestamp():
            awake, due = service.get_token()
            renewed += 1
        answers.append((called(lab, service, awake), called(lab, service, asleep), lab.clock.now < end))
    assert {one for one, _, _ in answers} == {200}
    assert {(other, alive) for _, other, alive in answers} == {(200, True), (401, False)}
    assert renewed >= 6


@pytest.mark.proves("svc-token-refresh-by")
def test_three_clients_on_one_timeline(lab: Lab, names: dict[str, Any]) -> None:
    service = names["service"]
    held, due = service.get_token()
    refresh_by, end = int(due.timestamp()), exp_of(lab, held)
    moments = {"before refresh_by": refresh_by - 60, "between": refresh_by + 60, "after exp": end + 60}
    begin, found = lab.clock.now, {}
    for when, moment in moments.items():
        lab.clock.advance(moment - lab.clock.now)
        new, later = service.get_token()
        found[when] = (called(lab, service, held), called(lab, service, new))
        # Whoever asks gets one that has a whole life before it.
        whole = (int(later.timestamp()) - moment, exp_of(lab, new) - moment)
        assert whole == (refresh_by - begin, end - begin)
    assert found == {"before refresh_by": (200, 200), "between": (200, 200), "after exp": (401, 200)}


# ---- over HTTP


def fetched(lab: Lab, name: str = "aks-service-sample") -> requests.Response:
    """What a client that has a client secret and HTTP gets for a token of a web service: two calls."""
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    url = f"{LOGIN}/{lab.tenant}/oauth2/token"
    answer = requests.post(url, {**form, "resource": ARM}, timeout=5).json()
    return rest("POST", f"{lab.workspace}/services/{name}/token", answer["access_token"])


@pytest.mark.proves("svc-token-refresh-sp")
def test_a_client_with_a_principal_and_http_calls_on_across_three_expiries(
    lab: Lab, names: dict[str, Any]
) -> None:
    lab.trace.clear()
    service, first = names["service"], fetched(lab).json()
    held, ends, answers = first, [first["expiryTimeUtc"]], set()
    assert first["refreshAfterTimeUtc"] < first["expiryTimeUtc"] == exp_of(lab, first["accessToken"])
    for _ in range(16):
        lab.clock.advance("15m")
        if lab.clock.now >= held["refreshAfterTimeUtc"]:
            held = fetched(lab).json()
            ends.append(held["expiryTimeUtc"])
        answers.add(posted(service, held["accessToken"]))
    assert answers == {200}
    assert len([end for end in ends if end <= lab.clock.now]) >= 3
    assert posted(service, first["accessToken"]) == 401
    made = {(hop.caller, hop.operation, hop.credential) for hop in lab.trace if hop.parent == 0}
    assert made == {
        ("client", "Get token", "client secret"),
        ("client", "Get service token", "bearer token"),
        ("client", "Score", "service token"),
    }


@pytest.mark.proves("svc-token-refresh-sp")
def test_over_http_too_it_takes_a_role_and_a_service_with_tokens(lab: Lab, names: dict[str, Any]) -> None:
    on_aks(names, "keyed")
    path = f"{lab.workspace}/services/aks-service-sample/token"
    assert [fetched(lab, name).status_code for name in ("keyed", "none")] == [409, 404]
    assert rest("POST", path).status_code == 401
    assert rest("GET", path, lab.sign_in(CLIENT_ID).reveal()).status_code >= 400
    at_plain = f"http://management.azure.com{path}?api-version=2020-01-01"
    headers = {"Authorization": f"Bearer {lab.sign_in(CLIENT_ID).reveal()}"}
    assert requests.post(at_plain, headers=headers, timeout=5).json()["error"]["code"] == "HttpsRequired"
    revoke(lab, "ml-auth", "Contributor", lab.subscription)
    assert fetched(lab).status_code == 403


# ---- regions


@pytest.mark.proves("svc-token-region")
def test_while_the_workspace_s_region_is_down_there_is_no_token_and_keys_go_on(
    lab: Lab, names: dict[str, Any]
) -> None:
    attach_cluster(lab, "far", FAR)
    by_token = on_aks(names, "by-token", "far", token_auth_enabled=True)
    by_key = on_aks(names, "by-key", "far")
    key, token = by_key.get_keys()[0], token_of(by_token)
    lab.switchboard.down(names["ws"].location)
    for _ in range(3):
        error = refused("WebserviceException", by_token.get_token)
        assert (error.status_code, error.code) == (503, "ServiceUnavailable")
        assert posted(by_key, key) == 200
        # The cluster itself is there: who is not let in is answered, and not with 503.
        assert posted(by_token) == 401
        # What becomes of other regions does not end it, and neither does time.
        for region in REGIONS:
            if region not in (names["ws"].location, FAR):
                lab.switchboard.down(region).up(region)
        lab.clock.advance("1d")
    assert posted(by_token, token) == 401
    lab.switchboard.up(names["ws"].location)
    assert posted(by_token, token_of(by_token)) == 200


@pytest.mark.proves("svc-token-region")
def test_it_is_the_workspace_s_region_that_counts_and_not_the_cluster_s(
    lab: Lab, names: dict[str, Any]
) -> None:
    attach_cluster(lab, "far", FAR)
    by_token = on_aks(names, "by-token", "far", token_auth_enabled=True)
    others = [region for region in REGIONS if region != names["ws"].location]
    lab.switchboard.down(FAR)
    assert called(lab, by_token, token_of(by_token)) == 503
    lab.switchboard.up(FAR)
    for region in others:
        lab.switchboard.down(region)
    assert token_of(by_token)


def took(lab: Lab, home: str, clusters: tuple[str, ...]) -> dict[str, int]:
    """Milliseconds of fetching a token, by the cluster's region, in a workspace of this region."""
    owner, workspace = lab.sign_in("olivia").bearer, workspace_id("your-resource-group-id", f"in-{home}")
    lab.ask("olivia", ResourceManager.put, workspace, owner, home)
    lab.ask("olivia", Models.register, workspace, owner, "model", b"weights")
    found = {}
    for region in clusters:
        cluster = f"{OTHER_GROUP}/{CLUSTERS}/{home}-{region}"
        lab.ask("olivia", ResourceManager.put, cluster, owner, region)
        attached = {"computeType": "AKS", "resourceId": cluster}
        lab.ask("olivia", ResourceManager.put, f"{workspace}/computes/{region}", owner, home, attached)
        lab.ask(
            *("olivia", WebServices.deploy_aks, workspace, owner, f"in-{region}", "model", region),
            token_auth_enabled=True,
        )
        lab.ask("olivia", WebServices.get_token, workspace, owner, f"in-{region}")
        found[region] = lab.trace[-1].milliseconds
    return found


@pytest.mark.proves("svc-token-latency")
def test_the_farther_the_two_regions_the_longer_it_takes_and_in_one_it_takes_least(lab: Lab) -> None:
    table = {home: took(lab, home, REGIONS) for home in REGIONS}
    pairs = list(product(REGIONS, repeat=2))
    by_distance = sorted(pairs, key=lambda pair: kilometres(*pair))
    times = [table[home][region] for home, region in by_distance]
    assert times == sorted(times)
    for home, row in table.items():
        assert [region for region, time in row.items() if time <= row[home]] == [home]
    # From one ocean's side to the other it is several times as long.
    assert max(times) > 10 * min(times) > 0


@pytest.mark.proves("svc-token-latency")
def test_calling_the_service_does_not_depend_on_it(lab: Lab, names: dict[str, Any]) -> None:
    attach_cluster(lab, "far", FAR)
    near, far = names["service"], on_aks(names, "by-token", "far", token_auth_enabled=True)
    durations = []
    for service in (near, far):
        token = token_of(service)
        assert called(lab, service, token) == 200
        durations.append([hop.milliseconds for hop in lab.trace if hop.operation == "Score"][-1])
    assert durations[0] == durations[1]

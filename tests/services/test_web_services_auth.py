"""How web services are authenticated to: the defaults, one form at a time, keys that are replaced, tokens."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.azure import Models, ResourceManager, Scoring, ServiceKey, ServiceToken, WebServices
from labkit.core.credential import Anonymous, Credential
from labkit.core.errors import BadRequest, Conflict, Forbidden, NotFound, RegionDown, UnknownHost
from labkit.core.verdict import Verdict
from labkit.lab import Lab, start
from labkit.network.distance import round_trip
from labkit.network.regions import REGIONS
from labkit.services.machine_learning.deployment import WebService
from labkit.services.machine_learning.web_services import REFRESH_AFTER, TOKEN_LIFETIME
from tests.services.ml import CLUSTERS, GROUP, ask, attach_cluster, deploy, refused, unchanged, workspace

KEYS: dict[str, Any] = {"aci": WebServices.get_aci_keys, "aks": WebServices.get_aks_keys}
REGEN: dict[str, Any] = {"aci": WebServices.regen_aci_key, "aks": WebServices.regen_aks_key}
UPDATE: dict[str, Any] = {"aci": WebServices.update_aci, "aks": WebServices.update_aks}
DELETE: dict[str, Any] = {"aci": WebServices.delete_aci, "aks": WebServices.delete_aks}
KINDS = ("aci", "aks")


def status(lab: Lab, service: WebService, cred: Credential) -> int:
    """What a client sees: 200, or the status of the refusal."""
    answer: Verdict[Any] = lab.attempt("client", Scoring.score, service.address, cred, "[1]")
    return 200 if answer else answer.refusal.status if answer.refusal else 0


def key_of(lab: Lab, service: WebService, which: int = 0) -> ServiceKey:
    return ServiceKey(ask(lab, "carl", KEYS[service.kind], service.name)[which].reveal())


def token_of(lab: Lab, service: WebService, who: str = "rita") -> ServiceToken:
    return ServiceToken(ask(lab, who, WebServices.get_token, service.name).token.reveal())


def enabled(lab: Lab, service: WebService) -> dict[str, bool]:
    """What a service takes, found by trying to get what opens it, and by calling with that."""
    found = {}
    for name, opener in (("key", key_of), ("token", token_of)):
        try:
            found[name] = status(lab, service, opener(lab, service)) == 200
        except Conflict:
            found[name] = False
    assert status(lab, service, Anonymous()) == (401 if any(found.values()) else 200)
    return found


class TestDefaults:
    def test_the_documents_table_is_what_deploying_and_trying_finds(self, lab: Lab) -> None:
        deploy(lab, "first", "aks", "none")
        services = {
            "ACI": ask(lab, "carl", WebServices.deploy_aci, "on-aci", "churn"),
            "AKS": ask(lab, "carl", WebServices.deploy_aks, "on-aks", "churn", "prod"),
        }
        assert {where: enabled(lab, one) for where, one in services.items()} == {
            "ACI": {"key": False, "token": False},
            "AKS": {"key": True, "token": False},
        }
        refused(lab, BadRequest, "carl", WebServices.update_aci, "on-aci", None, True)
        assert ask(lab, "carl", WebServices.update_aks, "on-aks", False, True).token_auth_enabled
        assert enabled(lab, services["AKS"]) == {"key": False, "token": True}

    def test_tokens_alone_switch_the_default_keys_off(self, lab: Lab) -> None:
        deploy(lab, "first", "aks", "none")
        service = ask(lab, "carl", WebServices.deploy_aks, "one", "churn", "prod", None, True)
        assert (service.auth_enabled, service.token_auth_enabled) == (False, True)
        assert enabled(lab, service) == {"key": False, "token": True}


class TestSwitching:
    def test_the_old_credential_stops_working_at_once_and_for_good(self, lab: Lab) -> None:
        service = deploy(lab, "one", "aks", "key")
        keys = [key_of(lab, service), key_of(lab, service, 1)]
        ask(lab, "carl", WebServices.update_aks, "one", False, True)
        token = token_of(lab, service)
        assert [status(lab, service, one) for one in (*keys, token)] == [401, 401, 200]
        ask(lab, "carl", WebServices.update_aks, "one", True, False)
        assert [status(lab, service, one) for one in (*keys, token)] == [401, 401, 401]
        assert status(lab, service, key_of(lab, service)) == 200
        ask(lab, "carl", WebServices.update_aks, "one", None, True)
        assert [status(lab, service, one) for one in (*keys, token)] == [401, 401, 401]
        assert status(lab, service, token_of(lab, service)) == 200

    @pytest.mark.parametrize("kind", KINDS)
    def test_keys_are_switched_on_and_off(self, lab: Lab, kind: str) -> None:
        service = deploy(lab, "one", kind, "none")
        assert status(lab, service, Anonymous()) == 200
        assert ask(lab, "carl", UPDATE[kind], "one", True).auth_enabled
        key = key_of(lab, service)
        assert [status(lab, service, one) for one in (Anonymous(), key)] == [401, 200]
        assert ask(lab, "carl", UPDATE[kind], "one", False).auth == "none"
        assert status(lab, service, Anonymous()) == 200
        refused(lab, Conflict, "carl", KEYS[kind], "one")

    @pytest.mark.parametrize(
        ("auth", "flags"), [("key", (True,)), ("token", (False, True)), ("none", (False,))]
    )
    def test_what_is_so_already_stays_with_what_opens_it(
        self, lab: Lab, auth: str, flags: tuple[bool, ...]
    ) -> None:
        service = deploy(lab, "one", "aks", auth)
        cred = {"key": key_of, "token": token_of}[auth](lab, service) if auth != "none" else Anonymous()
        with unchanged(lab):
            ask(lab, "carl", WebServices.update_aks, "one", *flags)
        assert status(lab, service, cred) == 200

    @pytest.mark.parametrize("kind", KINDS)
    def test_nothing_to_update_and_nobody_to_update(self, lab: Lab, kind: str) -> None:
        deploy(lab, "one", kind, "key")
        other = "aks" if kind == "aci" else "aci"
        refused(lab, BadRequest, "carl", UPDATE[kind], "one")
        refused(lab, NotFound, "carl", UPDATE[kind], "two", True)
        refused(lab, NotFound, "carl", UPDATE[other], "one", True)
        refusal = refused(lab, Forbidden, "rita", UPDATE[kind], "one", False)
        assert f"services/{kind}/write on" in refusal.required


class TestRegenerating:
    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("which", ["Primary", "Secondary"])
    def test_the_named_key_changes_at_once_and_the_other_goes_on(
        self, lab: Lab, kind: str, which: str
    ) -> None:
        service = deploy(lab, "one", kind, "key")
        old = [key_of(lab, service, place) for place in (0, 1)]
        assert ask(lab, "carl", REGEN[kind], "one", which) is None
        new = [key_of(lab, service, place) for place in (0, 1)]
        changed, kept = (0, 1) if which == "Primary" else (1, 0)
        assert new[kept] == old[kept]
        assert len({*new, *old}) == 3
        assert [status(lab, service, one) for one in (old[changed], old[kept], new[changed])] == [
            401,
            200,
            200,
        ]

    @pytest.mark.parametrize(
        "which", ["Tertiary", "primary", "PRIMARY", "Primary ", "", "both", None, 1, ["Primary"], b"Primary"]
    )
    def test_any_other_name_is_a_clear_error(self, lab: Lab, which: Any) -> None:
        for kind in KINDS:
            deploy(lab, f"on-{kind}", kind, "key")
            refusal = refused(lab, BadRequest, "carl", REGEN[kind], f"on-{kind}", which)
            assert refusal.status == 400
            assert "Primary or Secondary" in refusal.required or "which: str" in refusal.required

    @pytest.mark.parametrize(("kind", "auth"), [("aks", "none"), ("aks", "token"), ("aci", "none")])
    def test_where_there_are_no_keys_none_is_made(self, lab: Lab, kind: str, auth: str) -> None:
        deploy(lab, "one", kind, auth)
        refused(lab, Conflict, "carl", REGEN[kind], "one", "Primary")
        refused(lab, NotFound, "carl", REGEN[kind], "two", "Primary")
        refused(lab, NotFound, "carl", REGEN["aci" if kind == "aks" else "aks"], "one", "Primary")

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_reader_makes_no_keys(self, lab: Lab, kind: str) -> None:
        deploy(lab, "one", kind, "key")
        refusal = refused(lab, Forbidden, "rita", REGEN[kind], "one", "Primary")
        assert f"services/{kind}/write on" in refusal.required

    def test_no_key_comes_back(self, lab: Lab) -> None:
        service = deploy(lab, "one", "aks", "key")
        seen = {key_of(lab, service, place) for place in (0, 1)}
        for number in range(20):
            ask(lab, "carl", WebServices.regen_aks_key, "one", ("Primary", "Secondary")[number % 2])
            seen |= {key_of(lab, service, place) for place in (0, 1)}
        assert len(seen) == 22


STEPS = st.lists(st.sampled_from(["Primary", "Secondary", "hour"]), max_size=12)


@settings(max_examples=25)
@given(st.sampled_from(KINDS), STEPS)
def test_at_each_moment_of_a_rotation_one_of_the_two_keys_works(kind: str, steps: list[str]) -> None:
    """The law of a rotation without downtime: clients hold both keys, one is replaced at a time, and the
    clients learn of the new one later. As long as nobody replaces the other one before, they never fail."""
    lab = ROTATED[kind]
    service = lab.services[kind]
    held = [key_of(lab.lab, service, place).key for place in (0, 1)]

    def works() -> list[bool]:
        return [status(lab.lab, service, ServiceKey(key)) == 200 for key in held]

    assert works() == [True, True]
    for step in steps:
        if step == "hour":
            lab.lab.clock.advance("1h")
            continue
        place = 0 if step == "Primary" else 1
        ask(lab.lab, "carl", REGEN[kind], service.name, step)
        assert works() == [place != 0, place != 1]
        held[place] = key_of(lab.lab, service, place).key
        assert works() == [True, True]


class Rotated:
    """A lab with a service of each kind, made once: every example leaves it with two good keys."""

    def __init__(self) -> None:
        self.lab = start()
        self.services = {kind: deploy(self.lab, f"on-{kind}", kind, "key") for kind in KINDS}


class _Lazy(dict[str, Rotated]):
    def __missing__(self, kind: str) -> Rotated:
        self["aci"] = self["aks"] = Rotated()
        return self[kind]


ROTATED = _Lazy()


class TestDeleting:
    @pytest.mark.parametrize("kind", KINDS)
    def test_it_is_gone_with_what_it_ran_in(self, lab: Lab, kind: str) -> None:
        keep, service = deploy(lab, "keep", kind, "key"), deploy(lab, "one", kind, "key")
        key = key_of(lab, service)
        ask(lab, "carl", DELETE[kind], "one")
        assert [one.name for one in ask(lab, "rita", WebServices.list_services)] == ["keep"]
        assert status(lab, keep, key_of(lab, keep)) == 200
        with pytest.raises(UnknownHost):
            lab.ask("client", Scoring.score, service.endpoint, key, "[1]")
        assert status(lab, service, key) == (404 if kind == "aks" else 0)
        groups = [one.name for one in lab.resources if one.service == "Container Instances"]
        clusters: list[Any] = [one for one in lab.resources if one.service == "Azure Kubernetes Service"]
        running = groups or [what for cluster in clusters for what in cluster.containers]
        assert len(running) == 1
        assert "keep" in running[0]

    @pytest.mark.parametrize("kind", KINDS)
    def test_one_that_comes_after_it_has_other_keys(self, lab: Lab, kind: str) -> None:
        old = key_of(lab, deploy(lab, "one", kind, "key"))
        ask(lab, "carl", DELETE[kind], "one")
        again = deploy(lab, "one", kind, "key")
        assert [status(lab, again, one) for one in (old, key_of(lab, again))] == [401, 200]

    @pytest.mark.parametrize("kind", KINDS)
    def test_it_takes_its_own_permission_and_a_service_that_is_there(self, lab: Lab, kind: str) -> None:
        deploy(lab, "one", kind, "key")
        refusal = refused(lab, Forbidden, "rita", DELETE[kind], "one")
        assert f"services/{kind}/delete on" in refusal.required
        refused(lab, NotFound, "carl", DELETE[kind], "two")
        refused(lab, NotFound, "carl", DELETE["aks" if kind == "aci" else "aci"], "one")

    def test_a_cluster_that_does_not_answer_keeps_it(self, lab: Lab) -> None:
        deploy(lab, "first", "aks", "none")
        attach_cluster(lab, "far", "westus2")
        ask(lab, "carl", WebServices.deploy_aks, "one", "churn", "far")
        lab.switchboard.down("westus2")
        refused(lab, RegionDown, "carl", WebServices.delete_aks, "one")


class TestTokens:
    def test_the_two_readings_of_the_second_value_are_two_moments(self, lab: Lab) -> None:
        deploy(lab, "one", "aks", "token")
        token, refresh_by = ask(lab, "rita", WebServices.get_token, "one")
        assert refresh_by - lab.clock.now == REFRESH_AFTER
        assert token.claims["exp"] - refresh_by == TOKEN_LIFETIME - REFRESH_AFTER == 900

    @pytest.mark.parametrize(
        ("age", "expected"),
        [(0, 200), (REFRESH_AFTER, 200), (TOKEN_LIFETIME - 1, 200), (TOKEN_LIFETIME, 401), (10**7, 401)],
    )
    def test_three_clients_before_refresh_by_after_it_and_after_exp(
        self, lab: Lab, age: int, expected: int
    ) -> None:
        service = deploy(lab, "one", "aks", "token")
        cred = token_of(lab, service)
        lab.clock.advance(age)
        assert status(lab, service, cred) == expected
        assert status(lab, service, token_of(lab, service)) == 200

    def test_who_refreshes_on_time_never_fails_and_who_does_not_fails_after_an_hour(self, lab: Lab) -> None:
        service = deploy(lab, "one", "aks", "token")
        asleep, refreshed = token_of(lab, service), []
        token, refresh_by = ask(lab, "rita", WebServices.get_token, "one")
        answers: list[tuple[int, int]] = []
        for _ in range(40):
            lab.clock.advance("5m")
            if lab.clock.now > refresh_by:
                token, refresh_by = ask(lab, "rita", WebServices.get_token, "one")
                refreshed.append(lab.clock.now)
            awake = ServiceToken(token.reveal())
            answers.append((status(lab, service, awake), status(lab, service, asleep)))
        assert {one for one, _ in answers} == {200}
        assert [other for _, other in answers] == [200] * 11 + [401] * 29
        assert len(refreshed) == 4

    def test_an_expired_token_says_what_to_do(self, lab: Lab) -> None:
        service = deploy(lab, "one", "aks", "token")
        cred = token_of(lab, service)
        lab.clock.advance("2h")
        refusal = lab.attempt("client", Scoring.score, service.address, cred, "[1]").refusal
        assert refusal is not None
        assert "get_token" in refusal.advice

    def test_a_service_principal_gets_them_over_and_over(self, lab: Lab) -> None:
        service = deploy(lab, "one", "aks", "token")
        for _ in range(4):
            bearer = lab.sign_in("your-client-id").bearer
            token, _ = lab.ask("app", WebServices.get_token, lab.workspace, bearer, "one")
            assert status(lab, service, ServiceToken(token.reveal())) == 200
            lab.clock.advance("61m")


class TestRegions:
    @pytest.fixture
    def services(self, lab: Lab) -> dict[str, WebService]:
        """Both forms, on a cluster in another region than the workspace's."""
        deploy(lab, "first", "aks", "none")
        attach_cluster(lab, "far", "westeurope")
        return {
            "token": ask(lab, "carl", WebServices.deploy_aks, "by-token", "churn", "far", False, True),
            "key": ask(lab, "carl", WebServices.deploy_aks, "by-key", "churn", "far"),
        }

    def test_without_the_workspace_s_region_no_token_and_keys_go_on(
        self, lab: Lab, services: dict[str, WebService]
    ) -> None:
        key, carl = key_of(lab, services["key"]), lab.sign_in("carl").bearer
        lab.switchboard.down("eastus")
        refusal = lab.attempt("carl", WebServices.get_token, lab.workspace, carl, "by-token").refusal
        assert isinstance(refusal, RegionDown)
        assert "eastus" in refusal.message
        assert status(lab, services["key"], key) == 200
        lab.clock.advance("2h")
        assert status(lab, services["key"], key) == 200
        lab.switchboard.up("eastus")
        assert status(lab, services["token"], token_of(lab, services["token"])) == 200

    def test_a_token_in_the_hand_is_good_until_it_expires(
        self, lab: Lab, services: dict[str, WebService]
    ) -> None:
        token = token_of(lab, services["token"])
        lab.switchboard.down("eastus")
        assert status(lab, services["token"], token) == 200
        lab.clock.advance("1h")
        assert status(lab, services["token"], token) == 401

    def test_without_the_cluster_s_region_tokens_are_to_be_had_and_nobody_answers(
        self, lab: Lab, services: dict[str, WebService]
    ) -> None:
        lab.switchboard.down("westeurope")
        assert status(lab, services["token"], token_of(lab, services["token"])) == 503
        assert status(lab, services["key"], key_of(lab, services["key"])) == 503

    def test_the_farther_the_longer_and_the_clock_stands_still(self, lab: Lab) -> None:
        deploy(lab, "first", "aks", "none")
        before, took = lab.clock.now, {}
        for region in REGIONS:
            attach_cluster(lab, f"in-{region}", region)
            ask(lab, "carl", WebServices.deploy_aks, f"in-{region}", "churn", f"in-{region}", False, True)
            ask(lab, "rita", WebServices.get_token, f"in-{region}")
            took[region] = lab.trace[-1].milliseconds
        assert took == {region: round_trip("eastus", region) for region in REGIONS}
        assert min(took, key=lambda region: took[region]) == workspace(lab).region == "eastus"
        assert lab.clock.now == before


def test_services_of_one_name_on_two_clusters_are_told_apart_by_the_host(lab: Lab) -> None:
    one, other, owner = deploy(lab, "one", "aks", "key"), lab.other_workspace, lab.sign_in("olivia").bearer
    cluster = f"{GROUP}/{CLUSTERS}/second"
    lab.ask("olivia", ResourceManager.put, cluster, owner, "eastus")
    properties = {"computeType": "AKS", "resourceId": cluster}
    lab.ask("olivia", ResourceManager.put, f"{other}/computes/second", owner, "eastus", properties)
    lab.ask("olivia", Models.register, other, owner, "churn", b"others")
    two = lab.ask("olivia", WebServices.deploy_aks, other, owner, "one", "churn", "second", False)
    assert [status(lab, service, Anonymous()) for service in (one, two)] == [401, 200]
    assert [status(lab, service, key_of(lab, one)) for service in (one, two)] == [200, 401]


def test_two_workspaces_share_a_cluster_and_no_name(lab: Lab) -> None:
    deploy(lab, "one", "aks", "key")
    carl, other = lab.sign_in("carl").bearer, lab.other_workspace
    cluster = next(one.id for one in lab.resources if one.service == "Azure Kubernetes Service")
    properties = {"computeType": "AKS", "resourceId": cluster}
    lab.ask("carl", ResourceManager.put, f"{other}/computes/prod", carl, "eastus", properties)
    lab.ask("carl", Models.register, other, carl, "churn", b"others")
    with unchanged(lab), pytest.raises(Conflict):
        lab.ask("carl", WebServices.deploy_aks, other, carl, "one", "churn", "prod")
    two = lab.ask("carl", WebServices.deploy_aks, other, carl, "two", "churn", "prod", False)
    assert status(lab, two, Anonymous()) == 200

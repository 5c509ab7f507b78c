"""The lab as the learner gets it: `labkit.start()` and what it gives."""

import subprocess
import sys
from typing import Any

import pytest

import labkit
from labkit.authenticators.password import Password
from labkit.core.credential import Anonymous
from labkit.core.errors import BadInput, Forbidden, UnknownHost
from labkit.core.identity import Identity
from labkit.furniture import CLIENT_ID, GROUPS, PARTNER_TENANT, SUBSCRIPTION, workspace_id
from labkit.identity.errors import SecondFactorRequired, UnknownApplication, UnknownResource, UnknownUser
from labkit.lab import Lab
from labkit.services.azure_ad import KEY_VAULT, AzureAD
from labkit.services.machine_learning.runs import Runs
from labkit.services.resource_manager import ResourceManager

BEGINNINGS = {
    "2019-08": "2019-08-07 09:00:00Z",
    "2020-01": "2020-01-09 09:00:00Z",
    "2020-03": "2020-03-13 09:00:00Z",
}


def fingerprint(lab: Lab) -> list[str]:
    """What two labs of the same seed have in common to the last byte."""
    run = lab.ask("carl", Runs.submit, lab.workspace, lab.sign_in("carl").bearer, "train", lab.cluster, print)
    [job] = lab.waiting_jobs()
    tokens = [lab.sign_in(name).reveal() for name in (*lab.people, CLIENT_ID)]
    people = [f"{one.upn} {one.password} {one.code(lab.clock.now)}" for one in lab.people.values()]
    return [*tokens, *people, job.token.reveal(), run.run_id, repr(lab.resources), repr(lab.trace)]


class TestStart:
    @pytest.mark.parametrize("release", BEGINNINGS)
    def test_a_lab_begins_on_the_morning_of_its_release(self, release: str) -> None:
        lab = labkit.start(release)
        assert repr(lab.clock) == f"{BEGINNINGS[release]} on the lab's clock"
        assert lab.release.name == release
        assert len(lab.trace) == 0

    def test_without_arguments_it_is_the_latest_release_and_a_fixed_seed(self, lab: Lab) -> None:
        assert (lab.release.name, lab.seed) == ("2020-03", 2020)
        assert "release 2020-03, seed 2020; people: olivia, carl, rita, gita" in repr(lab)

    @pytest.mark.parametrize(
        "release", ["", "2020", "2020-3", "2020-02", "2020-03 ", None, 2020, 2020.03, [], {}, b"2020-03"]
    )
    def test_an_unknown_release_is_bad_input_and_the_known_ones_are_named(self, release: Any) -> None:
        with pytest.raises(BadInput, match="no such release") as caught:
            labkit.start(release=release)
        assert caught.value.required == '"2019-08" or "2020-01" or "2020-03"'

    @pytest.mark.parametrize(
        "seed",
        [-1, True, False, "2020", 2.5, 2**80, 10**5000, [], {}, b"1"],
        ids=lambda seed: type(seed).__name__,
    )
    def test_a_bad_seed_is_bad_input(self, seed: Any) -> None:
        with pytest.raises(BadInput, match="not a seed"):
            labkit.start(seed=seed)

    @pytest.mark.parametrize("seed", [0, 1, 2**63 - 1])
    def test_any_other_seed_is_good(self, seed: int) -> None:
        assert labkit.start(seed=seed).sign_in("carl")

    def test_the_same_seed_gives_the_same_lab_to_the_last_byte(self) -> None:
        assert fingerprint(labkit.start(seed=7)) == fingerprint(labkit.start(seed=7))

    def test_what_was_done_in_between_does_not_matter_to_what_is_drawn_by_label(self) -> None:
        quiet, busy = labkit.start(seed=7), labkit.start(seed=7)
        for lab in (quiet, busy):
            token = lab.sign_in("carl").bearer
            if lab is busy:
                lab.ask("carl", ResourceManager.put, workspace_id(GROUPS[0], "other"), token, "westus2")
            lab.ask("carl", ResourceManager.put, workspace_id(GROUPS[0], "new"), token, "eastus")
        names = [{one.name for one in lab.resources if one.name.startswith("new")} for lab in (quiet, busy)]
        assert names[0] == names[1]

    def test_another_seed_gives_another_lab(self) -> None:
        first, second = (fingerprint(labkit.start(seed=seed)) for seed in (7, 8))
        # The user tokens and what people carry; a run's token has nothing in it that is drawn.
        assert not set(first[:9]) & set(second[:9])

    def test_without_a_seed_every_lab_has_its_own_keys_and_secrets(self) -> None:
        first, second = labkit.start(seed=None), labkit.start(seed=None)
        kids = [lab.sign_in("carl").header["kid"] for lab in (first, second, labkit.start())]
        assert len(set(kids)) == 3
        assert first.people["carl"].password != second.people["carl"].password
        stranger = second.attempt("carl", ResourceManager.get, second.workspace, first.sign_in("carl").bearer)
        assert stranger.code == "InvalidAuthenticationToken"

    def test_labs_share_nothing(self) -> None:
        first, second = labkit.start(), labkit.start()
        first.clock.advance("1h")
        first.directory.mfa_required = True
        first.switchboard.down("eastus")
        first.parts.home.keys.rotate(first.clock.now, overlap=0)
        assert second.ask("carl", ResourceManager.get, second.workspace, second.sign_in("carl").bearer)


class TestLoading:
    @pytest.mark.parametrize(
        ("before", "after"),
        [("gc.enable()", "True True"), ("gc.disable()", "False False")],
        ids=["collecting", "not collecting"],
    )
    def test_the_garbage_collector_goes_on_as_before_and_passes_over_the_lab(
        self, before: str, after: str
    ) -> None:
        code = (
            f"import gc, labkit; {before}; labkit.Lab; frozen = gc.get_freeze_count(); labkit.Lab\n"
            "print(gc.isenabled(), frozen > 10_000, gc.get_freeze_count() == frozen)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.split() == [*after.split(), "True"]


class TestFurniture:
    @pytest.mark.parametrize(
        ("group", "name"),
        [
            ("your-resource-group-name", "ml-example"),
            ("your-resource-group-name", "your-workspace-name"),
            ("your-resource-group-id", "your-workspace-name"),
        ],
    )
    def test_the_placeholders_of_the_documents_are_real_names(self, lab: Lab, group: str, name: str) -> None:
        type_ = "Microsoft.MachineLearningServices/workspaces"
        id = f"/subscriptions/your-sub-id/resourceGroups/{group}/providers/{type_}/{name}"
        found = lab.ask("olivia", ResourceManager.get, id, lab.sign_in("olivia").bearer)
        assert (found["id"], found["name"], found["location"]) == (id, name, "eastus")

    def test_so_are_tenant_client_and_secret(self, lab: Lab) -> None:
        assert lab.tenant == "your-tenant-id"
        claims = lab.sign_in("your-client-id").claims
        assert (claims["tid"], claims["appid"]) == ("your-tenant-id", "your-client-id")

    @pytest.mark.parametrize(
        ("who", "reads", "writes", "owns"),
        [
            ("olivia", True, True, True),
            ("carl", True, True, False),
            ("rita", True, False, False),
            (CLIENT_ID, True, True, False),
        ],
    )
    def test_the_people_have_their_roles(
        self, lab: Lab, who: str, reads: bool, writes: bool, owns: bool
    ) -> None:
        token = lab.sign_in(who)
        assert bool(lab.attempt(who, ResourceManager.get, lab.workspace, token.bearer)) is reads
        assert bool(lab.attempt(who, ResourceManager.put, lab.workspace, token.bearer, "eastus")) is writes
        identity = Identity("user", who, object_id=token.claims["oid"])
        share = "Microsoft.Authorization/roleAssignments/write"
        assert lab.parts.access.roles.decide(identity, share, False, lab.workspace, 0).allowed is owns

    @pytest.mark.parametrize("who", ["carl", "rita"])
    def test_only_the_owner_and_the_application_see_the_whole_subscription(self, lab: Lab, who: str) -> None:
        for name in ("olivia", CLIENT_ID):
            assert lab.ask(name, ResourceManager.get, SUBSCRIPTION, lab.sign_in(name).bearer)
        with pytest.raises(Forbidden):
            lab.ask(who, ResourceManager.get, SUBSCRIPTION, lab.sign_in(who).bearer)

    def test_everything_that_is_created_is_known_to_both_tables(self, lab: Lab) -> None:
        known = {one.id.lower() for one in lab.resources if one.id.startswith(lab.subscription)}
        assert known < set(lab.parts.arm.documents)
        assert lab.vault in {one.id for one in lab.resources}

    def test_no_secret_shows(self, lab: Lab) -> None:
        shown = repr(lab) + repr(lab.people) + repr(lab.resources) + repr(lab.parts.home)
        for person in lab.people.values():
            assert person.password not in shown


class TestSignIn:
    @pytest.mark.parametrize("who", ["", "nobody", "Carl", "carl@contoso.example", None, 5, [], {}, b"carl"])
    def test_a_name_that_the_lab_does_not_know_is_bad_input(self, lab: Lab, who: Any) -> None:
        with pytest.raises(BadInput, match="Nobody of that name") as caught:
            lab.sign_in(who)
        assert caught.value.required == "olivia, carl, rita, gita, your-client-id"
        assert len(lab.trace) == 0

    def test_it_asks_for_what_it_is_told(self, lab: Lab) -> None:
        assert lab.sign_in("carl", resource=KEY_VAULT).claims["aud"] == KEY_VAULT
        assert lab.sign_in("carl", second_factor=True).claims["amr"] == ["pwd", "mfa"]
        assert lab.sign_in("gita", tenant=PARTNER_TENANT).claims["tid"] == PARTNER_TENANT

    def test_refusals_come_from_azure_ad(self, lab: Lab) -> None:
        for refusal, arguments in (
            (UnknownUser, {"who": "carl", "tenant": PARTNER_TENANT}),
            (UnknownApplication, {"who": CLIENT_ID, "tenant": PARTNER_TENANT}),
            (UnknownResource, {"who": "carl", "resource": "https://nowhere.example"}),
            (UnknownHost, {"who": "carl", "tenant": "nowhere"}),
        ):
            with pytest.raises(refusal):
                lab.sign_in(**arguments)
        lab.directory.mfa_required = True
        with pytest.raises(SecondFactorRequired):
            lab.sign_in("carl")


class TestAsk:
    @pytest.mark.parametrize("caller", ["", None, 5, [], b"carl", object])
    def test_somebody_has_to_ask(self, lab: Lab, caller: Any) -> None:
        with pytest.raises(BadInput, match="Somebody has to ask"):
            lab.ask(caller, AzureAD.jwks, lab.tenant, Anonymous())
        with pytest.raises(BadInput, match="Somebody has to ask"):
            lab.opens(Anonymous(), caller)
        assert isinstance(lab.attempt(caller, AzureAD.jwks, lab.tenant, Anonymous()).refusal, BadInput)

    def test_any_name_is_somebody_at_a_computer_and_a_resource_is_itself(self, lab: Lab) -> None:
        for caller, origin in (("someone new", "Client"), ("cpu-cluster", "Microsoft subscription")):
            lab.ask(caller, AzureAD.jwks, lab.tenant, Anonymous())
            assert (lab.trace[-1].caller, lab.trace[-1].origin) == (caller, origin)

    def test_an_attempt_is_a_verdict(self, lab: Lab) -> None:
        carl = lab.people["carl"]
        good = lab.attempt("carl", AzureAD.token, lab.tenant, Password(carl.upn, carl.password))
        bad = lab.attempt("carl", AzureAD.token, lab.tenant, Password(carl.upn, "wrong"))
        assert good.accepted
        assert good.value is not None
        assert (bad.accepted, bad.code) == (False, "AADSTS50126")
        assert carl.password not in repr(good) + repr(bad)

    @pytest.mark.parametrize("target", [None, 5, []])
    def test_a_target_is_a_text(self, lab: Lab, target: Any) -> None:
        with pytest.raises(BadInput):
            lab.ask("carl", AzureAD.jwks, target, Anonymous())

    @pytest.mark.parametrize("cluster", ["", "gpu", None, 5, [], {}, "../cpu-cluster"])
    def test_a_cluster_that_is_not_there_is_bad_input(self, lab: Lab, cluster: Any) -> None:
        for call in (lab.work, lab.waiting_jobs):
            with pytest.raises(BadInput, match="no such cluster"):
                call(cluster)

    def test_a_negative_step_of_the_clock_is_bad_input(self, lab: Lab) -> None:
        before = lab.clock.now
        for step in (-1, "-1h"):
            with pytest.raises(BadInput):
                lab.clock.advance(step)
        assert lab.clock.now == before


def test_an_unknown_name_of_the_package_says_which_ones_there_are() -> None:
    with pytest.raises(AttributeError, match="Lab, start, statement"):
        _ = labkit.begin


def test_a_compute_target_asks_by_its_name_and_no_other_resource_can_be_borrowed(lab: Lab) -> None:
    lab.ask(lab.cluster, AzureAD.jwks, lab.tenant, Anonymous())
    assert lab.trace[-1].origin == "Microsoft subscription"
    for name in ("Azure Resource Manager", "ml-example"):
        lab.ask(name, AzureAD.jwks, lab.tenant, Anonymous())
        assert lab.trace[-1].origin == "Client"


class Twofaced(str):
    """A text that is never the same."""

    def __str__(self) -> str:
        return "somebody else"


@pytest.mark.parametrize("caller", [Twofaced("carl"), "", None, 5, b"carl"])
def test_whoever_asks_has_a_name_that_every_log_reads_alike(lab: Lab, caller: Any) -> None:
    lab.trace.clear()
    with pytest.raises(BadInput):
        lab.ask(caller, ResourceManager.get, lab.workspace, lab.sign_in("carl").bearer)
    assert [hop.operation for hop in lab.trace] == ["Get token"]


@pytest.mark.parametrize("name", [5, 10**5000, None, b"x", Twofaced("cpu-cluster")], ids=range(5))
def test_a_compute_target_is_named_by_a_text(lab: Lab, name: Any) -> None:
    for use in (lab.work, lab.waiting_jobs):
        with pytest.raises(BadInput):
            use(name)

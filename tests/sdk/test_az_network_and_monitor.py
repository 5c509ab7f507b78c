"""`az network` and `az monitor`: what is there, what was changed, what was counted."""

from __future__ import annotations

import pytest

from labkit.azure import Models, Monitor, ResourceManager
from labkit.core.errors import InsecureTransport
from labkit.course.key_scene import put
from labkit.course.scenes import give
from labkit.lab import Lab
from labkit.services.resource_id import name_of
from labkit.services.storage import BlobStorage
from tests.sdk.az_lab import IN_GROUP, ask, refused
from tests.services.ml import GROUP, workspace

NETWORK = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/team"
SUBNET = f"{NETWORK}/subnets/default"
ENDPOINT = f"{GROUP}/providers/Microsoft.Network/privateEndpoints/ml"
LOG = "monitor activity-log list"


@pytest.fixture
def az(lab: Lab) -> Lab:
    lab.az("account show")
    return lab


def network(lab: Lab) -> None:
    put(lab, NETWORK, {"subnets": [{"name": "default"}]})


class TestNetwork:
    def test_networks_and_endpoints_are_shown_as_they_are(self, az: Lab) -> None:
        assert ask(az, "network vnet list") == ask(az, "network private-endpoint list") == []
        network(az)
        connections = [{"privateLinkServiceId": az.workspace}]
        put(az, ENDPOINT, {"subnet": {"id": SUBNET}, "privateLinkServiceConnections": connections})
        [shown] = ask(az, f"network vnet list {IN_GROUP}")
        assert (shown["id"], shown["resourceGroup"]) == (NETWORK, "your-resource-group-name")
        assert [one["name"] for one in shown["subnets"]] == ["default"]
        assert ask(az, f"network vnet show {IN_GROUP} -n team") == shown
        [endpoint] = ask(az, "network private-endpoint list")
        assert endpoint["privateLinkServiceConnections"][0]["privateLinkServiceId"] == az.workspace
        assert ask(az, f"network private-endpoint show {IN_GROUP} -n ml") == endpoint
        assert "was not found" in refused(az, f"network vnet show {IN_GROUP} -n none").message

    @pytest.mark.parametrize(
        ("role", "property_", "line", "path"),
        [
            ("storage", "networkAcls", "storage account show", "networkRuleSet"),
            ("registry", "networkRuleSet", "acr show", "networkRuleSet"),
            ("vault", "networkAcls", "keyvault show", "properties.networkAcls"),
        ],
    )
    def test_a_firewall_is_shown_in_the_spelling_of_az(
        self, az: Lab, role: str, property_: str, line: str, path: str
    ) -> None:
        line = f"{line} -n {name_of(workspace(az).depends_on[role])}"
        before = ask(az, line)
        rules = before["properties"]["networkAcls"] if role == "vault" else before["networkRuleSet"]
        assert (rules or {"defaultAction": "Allow"})["defaultAction"] == "Allow"
        put(az, workspace(az).depends_on[role], {property_: {"defaultAction": "Deny"}})
        assert ask(az, f"{line} --query {path}.defaultAction") == "Deny"

    def test_a_rule_names_its_subnet_as_az_does(self, az: Lab) -> None:
        network(az)
        put(
            az,
            az.storage,
            {"networkAcls": {"defaultAction": "Deny", "virtualNetworkRules": [{"id": SUBNET}]}},
        )
        rules = ask(
            az, f"storage account show -n {name_of(az.storage)} --query networkRuleSet.virtualNetworkRules"
        )
        assert rules == [{"virtualNetworkResourceId": SUBNET}]

    def test_https_only_is_what_an_account_says_and_does(self, az: Lab) -> None:
        shown = ask(az, f"storage account show -n {name_of(az.storage)}")
        assert shown["enableHttpsTrafficOnly"] is True
        host = az.resources.find(az.storage).host
        token = az.sign_in("olivia").bearer
        with pytest.raises(InsecureTransport):
            az.ask("olivia", BlobStorage.get, f"http://{host}", token, "x")


class TestActivityLog:
    def test_it_tells_what_was_changed_by_whom_the_newest_first(self, az: Lab) -> None:
        give(az, "rita", "Contributor", az.workspace)
        az.clock.advance("1h")
        az.attempt("rita", ResourceManager.delete, az.storage, az.sign_in("rita").bearer)
        refusal, assignment = ask(az, f"{LOG} {IN_GROUP}")
        assert assignment["operationName"]["value"] == "Microsoft.Authorization/roleAssignments/write"
        assert (assignment["caller"], assignment["status"]["value"]) == (
            "olivia@contoso.example",
            "Succeeded",
        )
        assert assignment["eventTimestamp"] == "2020-03-13T09:00:00+00:00"
        assert (refusal["caller"], refusal["status"]["value"]) == ("rita@contoso.example", "Failed")
        assert refusal["subStatus"]["value"] == "403 AuthorizationFailed"
        assert refusal["resourceId"] == az.storage
        assert refusal["authorization"] == {
            "action": "Microsoft.Storage/storageAccounts/delete",
            "scope": az.storage,
        }

    def test_it_is_sieved_by_caller_status_time_and_number(self, az: Lab) -> None:
        give(az, "rita", "Contributor", az.workspace)
        az.clock.advance("7h")
        az.attempt("rita", ResourceManager.delete, az.storage, az.sign_in("rita").bearer)
        assert len(ask(az, LOG)) == 1
        assert len(ask(az, f"{LOG} --offset 8h")) == 2
        assert len(ask(az, f"{LOG} --offset 1d --max-events 1")) == 1
        assert ask(az, f"{LOG} --offset 1d --max-events -1") == []
        assert len(ask(az, f"{LOG} --offset 1d --status failed")) == 1
        assert len(ask(az, f"{LOG} --offset 1d --caller OLIVIA@contoso.example")) == 1
        assert ask(az, f"{LOG} --offset 1d --caller Succeeded") == []
        [one] = ask(az, f"{LOG} --offset 1d --resource-id {az.workspace}")
        assert ask(az, f"{LOG} --offset 1d --correlation-id {one['correlationId']}") == [one]

    def test_it_is_what_monitor_says(self, az: Lab) -> None:
        give(az, "rita", "Contributor", az.workspace)
        log = az.ask("olivia", Monitor.activity_log, az.subscription, az.sign_in("olivia").bearer)
        assert [one.correlation_id for one in log.found] == [one["correlationId"] for one in ask(az, LOG)]

    @pytest.mark.parametrize("offset", ["x", "0h", "", "1", "1w", "99999d"])
    def test_what_is_no_time_is_refused(self, az: Lab, offset: str) -> None:
        assert "argument --offset: invalid value" in refused(az, f"{LOG} --offset '{offset}'").message

    def test_who_may_not_read_the_subscription_reads_no_log(self, az: Lab) -> None:
        az.az("login -u rita")
        assert "Microsoft.Insights/eventtypes/values/read" in refused(az, LOG).message
        assert isinstance(ask(az, f"{LOG} {IN_GROUP}"), list)


class TestMetrics:
    def test_what_was_counted_is_shown_by_the_hour(self, az: Lab) -> None:
        az.ask("olivia", Models.register, az.workspace, az.sign_in("olivia").bearer, "churn", b"weights")
        line = f"monitor metrics list --resource {az.workspace} --metric 'Model Register Succeeded'"
        shown = ask(az, f"{line} --offset 2h")
        [metric] = shown["value"]
        assert metric["name"]["value"] == "Model Register Succeeded"
        totals = {one["timeStamp"]: one["total"] for one in metric["timeseries"][0]["data"]}
        assert totals["2020-03-13T09:00:00+00:00"] == sum(totals.values()) == 1
        assert shown["interval"] == "1:00:00"
        begin, end = shown["timespan"].split("/")
        assert begin == min(totals)
        assert end > max(totals)

    def test_without_names_all_are_shown(self, az: Lab) -> None:
        names = [
            one["name"]["value"]
            for one in ask(az, f"monitor metrics list --resource {az.workspace}")["value"]
        ]
        assert {"Started Runs", "Failed Runs", "Model Deploy Failed"} <= set(names)

    @pytest.mark.parametrize(
        ("options", "says"),
        [
            ("--metric none", "Failed to find metric configuration for 'none'"),
            ("--interval x", "argument --interval: invalid value"),
            ("--offset 1h30", "argument --offset: invalid value"),
            ("--interval 7h", "Metrics are not added up by that."),
            ("--offset 400d", "That timespan is not to be had by this interval."),
        ],
    )
    def test_what_is_not_counted_is_refused(self, az: Lab, options: str, says: str) -> None:
        assert says in refused(az, f"monitor metrics list --resource {az.workspace} {options}").message

    def test_nothing_else_is_measured(self, az: Lab) -> None:
        assert "counts nothing" in refused(az, f"monitor metrics list --resource {az.vault}").message

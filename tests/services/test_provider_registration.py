"""Registering resource providers and features in a subscription."""

from __future__ import annotations

from typing import Any

import pytest

from labkit.azure import Features, ProviderRegistration, ResourceManager
from labkit.core.errors import BadRequest, Conflict, Forbidden, NotFound
from labkit.furniture import SUBSCRIPTION
from labkit.identity.first_party import CONTAINER_INSTANCES, COSMOS
from labkit.lab import Lab
from labkit.services.provider_registration import COSMOS_KEYS
from labkit.services.registrations import MissingSubscriptionRegistration
from tests.services.ml import GROUP
from tests.services.own_history import COSMOS_PROVIDER, owner
from tests.services.state import everything
from tests.services.stores import put

ACCOUNT = f"{GROUP}/providers/Microsoft.DocumentDB/databaseAccounts/mine"
VAULTS = "Microsoft.KeyVault"


def state(lab: Lab, namespace: str) -> str:
    return str(owner(lab, ProviderRegistration.get, SUBSCRIPTION, namespace)["registrationState"])


class TestProviders:
    def test_what_the_lab_begins_with_is_registered_but_for_cosmos_db(self, lab: Lab) -> None:
        assert state(lab, COSMOS_PROVIDER) == "NotRegistered"
        for namespace in ("Microsoft.MachineLearningServices", "microsoft.storage", VAULTS):
            assert state(lab, namespace) == "Registered"

    def test_resources_of_one_that_is_not_registered_cannot_be_created(self, lab: Lab) -> None:
        before = everything(lab)
        with pytest.raises(MissingSubscriptionRegistration) as caught:
            put(lab, ACCOUNT)
        assert (caught.value.status, caught.value.code) == (409, "MissingSubscriptionRegistration")
        assert everything(lab) == before
        shown = owner(lab, ProviderRegistration.register, SUBSCRIPTION, COSMOS_PROVIDER.upper())
        assert shown == {"namespace": COSMOS_PROVIDER.upper(), "registrationState": "Registered"}
        put(lab, ACCOUNT)

    def test_its_application_comes_with_it_and_once(self, lab: Lab) -> None:
        assert COSMOS.principal(lab.directory) is None
        for _ in range(2):
            owner(lab, ProviderRegistration.register, SUBSCRIPTION, COSMOS_PROVIDER)
        named = [one for one in lab.directory.service_principals() if one.name == "Azure Cosmos DB"]
        assert [one.app_id for one in named] == [COSMOS.client_id]

    def test_one_that_is_registered_already_brings_its_application_when_registered_again(
        self, lab: Lab
    ) -> None:
        assert state(lab, "Microsoft.ContainerInstance") == "Registered"
        assert CONTAINER_INSTANCES.principal(lab.directory) is None
        owner(lab, ProviderRegistration.register, SUBSCRIPTION, "Microsoft.ContainerInstance")
        principal: Any = CONTAINER_INSTANCES.principal(lab.directory)
        assert principal.name == "Azure Container Instance Service"

    def test_one_that_is_used_cannot_be_unregistered(self, lab: Lab) -> None:
        for namespace in (VAULTS, "Microsoft.Resources"):
            with pytest.raises(Conflict, match="used"):
                owner(lab, ProviderRegistration.unregister, SUBSCRIPTION, namespace)
            assert state(lab, namespace) == "Registered"

    def test_one_that_is_used_no_more_can(self, lab: Lab) -> None:
        owner(lab, ProviderRegistration.register, SUBSCRIPTION, COSMOS_PROVIDER)
        put(lab, ACCOUNT)
        with pytest.raises(Conflict):
            owner(lab, ProviderRegistration.unregister, SUBSCRIPTION, COSMOS_PROVIDER)
        owner(lab, ResourceManager.delete, ACCOUNT)
        shown = owner(lab, ProviderRegistration.unregister, SUBSCRIPTION, COSMOS_PROVIDER)
        assert shown["registrationState"] == state(lab, COSMOS_PROVIDER) == "NotRegistered"
        with pytest.raises(MissingSubscriptionRegistration):
            put(lab, ACCOUNT)

    @pytest.mark.parametrize("who", ["carl", "rita"])
    def test_it_takes_a_role_on_the_subscription(self, lab: Lab, who: str) -> None:
        token = lab.sign_in(who).bearer
        for op in (ProviderRegistration.register, ProviderRegistration.unregister):
            with pytest.raises(Forbidden) as caught:
                lab.ask(who, op, SUBSCRIPTION, token, COSMOS_PROVIDER)
            verb = op.name.partition(" ")[0].lower()
            assert f"{COSMOS_PROVIDER}/{verb}/action" in caught.value.required
        assert state(lab, COSMOS_PROVIDER) == "NotRegistered"
        assert COSMOS.principal(lab.directory) is None

    @pytest.mark.parametrize(
        "namespace", ["", "*", "Microsoft", "Microsoft.A/b", 5, None, "Microsoft.\ud800"]
    )
    def test_what_is_no_namespace_is_refused(self, lab: Lab, namespace: Any) -> None:
        for op in (ProviderRegistration.register, ProviderRegistration.unregister, ProviderRegistration.get):
            with pytest.raises(BadRequest):
                owner(lab, op, SUBSCRIPTION, namespace)

    @pytest.mark.parametrize("target", [GROUP, ACCOUNT])
    def test_it_is_for_a_subscription(self, lab: Lab, target: str) -> None:
        for op in (ProviderRegistration.register, ProviderRegistration.unregister, ProviderRegistration.get):
            with pytest.raises(NotFound):
                owner(lab, op, target, COSMOS_PROVIDER)


class TestFeatures:
    def test_one_is_on_for_those_who_ask_and_off_again(self, lab: Lab) -> None:
        states = [
            owner(lab, op, SUBSCRIPTION, COSMOS_KEYS)["state"]
            for op in (Features.get, Features.register, Features.get, Features.unregister, Features.get)
        ]
        assert states == ["NotRegistered", "Registered", "Registered", "NotRegistered", "NotRegistered"]

    def test_its_name_is_the_same_in_whatever_case(self, lab: Lab) -> None:
        owner(lab, Features.register, SUBSCRIPTION, COSMOS_KEYS.upper())
        assert owner(lab, Features.get, SUBSCRIPTION, COSMOS_KEYS.lower())["state"] == "Registered"

    @pytest.mark.parametrize("name", ["", "Microsoft.DocumentDB", "Microsoft.DocumentDB/Other", 5])
    def test_others_the_lab_does_not_have(self, lab: Lab, name: Any) -> None:
        with pytest.raises(BadRequest):
            owner(lab, Features.register, SUBSCRIPTION, name)

    def test_a_reader_may_not_ask_for_one(self, lab: Lab) -> None:
        with pytest.raises(Forbidden, match="may not"):
            lab.ask("rita", Features.register, SUBSCRIPTION, lab.sign_in("rita").bearer, COSMOS_KEYS)

    def test_it_is_for_a_subscription(self, lab: Lab) -> None:
        for op in (Features.register, Features.unregister, Features.get):
            with pytest.raises(NotFound):
                owner(lab, op, GROUP, COSMOS_KEYS)

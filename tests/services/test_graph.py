"""Azure AD Graph: who may register applications, and what becomes of their secrets."""

from typing import Any

import pytest

from labkit.authenticators.client_secret import ClientSecret
from labkit.azure import GRAPH, AzureAD, Graph
from labkit.core.credential import Anonymous, Bearer
from labkit.core.errors import (
    BadInput,
    BadRequest,
    CredentialNotAccepted,
    Forbidden,
    InsecureTransport,
    NotFound,
    UnknownHost,
)
from labkit.furniture import CLIENT_ID, CLIENT_SECRET, PARTNER_TENANT
from labkit.identity.errors import TokenExpired, WrongAudience, WrongClientSecret, WrongTenant
from labkit.lab import Lab
from tests.services.state import refused

HOME = f"{GRAPH}/your-tenant-id"
APPLICATIONS, PRINCIPALS = f"{HOME}/applications", f"{HOME}/servicePrincipals"
ML_AUTH = f"{APPLICATIONS}/{CLIENT_ID}"


def token(lab: Lab, who: str, tenant: str = "your-tenant-id") -> Bearer:
    return lab.sign_in(who, resource=GRAPH, tenant=tenant).bearer


def register(lab: Lab, who: str, name: str = "app", uri: str = "http://app") -> str:
    made = lab.ask(who, Graph.register, APPLICATIONS, token(lab, who), name, uri)
    return str(made["appId"])


class TestRegistering:
    @pytest.mark.parametrize("who", ["olivia", "carl", "rita"])
    def test_every_member_may_and_owns_what_it_registers(self, lab: Lab, who: str) -> None:
        made = lab.ask(who, Graph.register, APPLICATIONS, token(lab, who), "app", "http://app")
        assert made["displayName"] == "app"
        assert made["identifierUris"] == ["http://app"]
        assert made["passwordCredentials"] == []
        assert made["objectId"] != made["appId"]
        assert lab.directory.owners_of(made["appId"]) == {lab.people[who].object_id}

    def test_it_takes_no_role_at_all(self, lab: Lab) -> None:
        lab.hire("nora")
        assert lab.directory.application(register(lab, "nora"))

    def test_a_tenant_may_keep_its_members_from_it(self, lab: Lab) -> None:
        lab.directory.members_may_register = False
        refusal = refused(
            lab, Forbidden, Graph.register, APPLICATIONS, token(lab, "olivia"), "app", "http://app"
        )
        assert "does not let its members" in refusal.presented
        lab.directory.register("app", "some-client")
        refused(lab, Forbidden, Graph.add_service_principal, PRINCIPALS, token(lab, "olivia"), "some-client")
        # What is there already goes on being its owner's.
        lab.ask("olivia", Graph.set_secret, ML_AUTH, token(lab, "olivia"), "another")

    @pytest.mark.parametrize("value", [None, 0, "no", "False", []])
    def test_that_setting_is_yes_or_no(self, lab: Lab, value: Any) -> None:
        with pytest.raises(BadInput):
            lab.directory.members_may_register = value
        assert lab.directory.members_may_register is True

    @pytest.mark.parametrize("who", ["gita", CLIENT_ID])
    def test_guests_and_applications_may_neither_register_nor_look(self, lab: Lab, who: str) -> None:
        cred = token(lab, who)
        for op, target, args in (
            (Graph.register, APPLICATIONS, ("app", "http://app")),
            (Graph.add_service_principal, PRINCIPALS, (CLIENT_ID,)),
            (Graph.applications, APPLICATIONS, ()),
            (Graph.service_principals, PRINCIPALS, ()),
            (Graph.users, f"{HOME}/users", ()),
            (Graph.objects, f"{HOME}/objects", ("x",)),
        ):
            refusal = refused(lab, Forbidden, op, target, cred, *args)
            assert (refusal.status, refusal.code) == (403, "Authorization_RequestDenied")

    def test_names_are_not_unique_and_uris_are(self, lab: Lab) -> None:
        assert register(lab, "carl") != register(lab, "carl", uri="http://other")
        refused(lab, BadRequest, Graph.register, APPLICATIONS, token(lab, "rita"), "app", "http://app")

    @pytest.mark.parametrize("uri", [CLIENT_ID, "app", "http://", "http://a b", "http://\u00e9", "x" * 500])
    def test_nobody_takes_another_s_client_id_for_a_name(self, lab: Lab, uri: str) -> None:
        refused(lab, BadRequest, Graph.register, APPLICATIONS, token(lab, "carl"), "app", uri)

    @pytest.mark.parametrize("name", ["", " ", " app", "app\n", "\x1b[2J", "\ud800", "x" * 121, None, 5])
    def test_a_name_can_be_read(self, lab: Lab, name: Any) -> None:
        refused(lab, BadRequest, Graph.register, APPLICATIONS, token(lab, "carl"), name)


class TestSecrets:
    def test_a_new_one_takes_the_place_of_all_others(self, lab: Lab) -> None:
        lab.directory.add_secret(lab.directory.application(CLIENT_ID), "third", lab.clock.now)  # type: ignore[arg-type]
        lab.ask("olivia", Graph.set_secret, ML_AUTH, token(lab, "olivia"), "new")
        answer = lab.ask("app", AzureAD.token, lab.tenant, ClientSecret(CLIENT_ID, "new"))
        assert answer.access_token.claims["appid"] == CLIENT_ID
        for old in (CLIENT_SECRET, "third"):
            with pytest.raises(WrongClientSecret):
                lab.ask("app", AzureAD.token, lab.tenant, ClientSecret(CLIENT_ID, old))

    def test_it_lasts_as_long_as_was_said(self, lab: Lab) -> None:
        lab.ask("olivia", Graph.set_secret, ML_AUTH, token(lab, "olivia"), "new", 7200)
        lab.clock.advance("1h59m59s")
        lab.ask("app", AzureAD.token, lab.tenant, ClientSecret(CLIENT_ID, "new"))
        lab.clock.advance("1s")
        verdict = lab.attempt("app", AzureAD.token, lab.tenant, ClientSecret(CLIENT_ID, "new"))
        assert verdict.code == "AADSTS7000222"

    @pytest.mark.parametrize("who", ["carl", "rita", "gita", CLIENT_ID])
    def test_owners_alone_may(self, lab: Lab, who: str) -> None:
        for op, args in ((Graph.set_secret, ("mine",)), (Graph.unregister, ())):
            refused(lab, Forbidden, op, ML_AUTH, token(lab, who), *args)
        lab.sign_in(CLIENT_ID)

    def test_azure_s_own_applications_are_nobody_s(self, lab: Lab) -> None:
        ours = {CLIENT_ID}
        others = [one.client_id for one in lab.directory.applications() if one.client_id not in ours]
        assert len(others) >= 3
        for client_id in others:
            target = f"{APPLICATIONS}/{client_id}"
            refused(lab, Forbidden, Graph.set_secret, target, token(lab, "olivia"), "mine")

    @pytest.mark.parametrize("secret", ["", "x" * 1001, None, 5, b"secret"])
    def test_a_secret_is_a_text_of_some_length(self, lab: Lab, secret: Any) -> None:
        refused(lab, BadRequest, Graph.set_secret, ML_AUTH, token(lab, "olivia"), secret)
        lab.sign_in(CLIENT_ID)

    @pytest.mark.parametrize("lifetime", [0, -1, 10**20, 1.5, True, None, "1"])
    def test_a_secret_ends_some_day(self, lab: Lab, lifetime: Any) -> None:
        refused(lab, BadRequest, Graph.set_secret, ML_AUTH, token(lab, "olivia"), "new", lifetime)

    def test_it_shows_when_a_secret_ends_and_not_what_it_is(self, lab: Lab) -> None:
        [shown] = lab.ask("carl", Graph.applications, APPLICATIONS, token(lab, "carl"), "ml-auth")
        assert shown["passwordCredentials"] == [{"endDate": "2021-03-13T09:00:00Z", "value": None}]
        assert CLIENT_SECRET not in str(shown)
        assert CLIENT_SECRET not in repr(lab.trace[-1])


class TestPrincipals:
    def test_an_application_gets_one_presence_in_the_tenant(self, lab: Lab) -> None:
        client_id = register(lab, "carl")
        cred = token(lab, "carl")
        made = lab.ask("carl", Graph.add_service_principal, PRINCIPALS, cred, client_id)
        assert made["objectType"] == "ServicePrincipal"
        assert made["servicePrincipalNames"] == ["http://app", client_id]
        assert len({made["objectId"], client_id}) == 2
        refused(lab, BadRequest, Graph.add_service_principal, PRINCIPALS, cred, client_id)
        refused(lab, BadRequest, Graph.add_service_principal, PRINCIPALS, cred, "nobody")

    @pytest.mark.parametrize("name", [CLIENT_ID, "http://ml-auth"])
    def test_it_is_found_by_each_of_its_names(self, lab: Lab, name: str) -> None:
        [found] = lab.ask("rita", Graph.service_principals, PRINCIPALS, token(lab, "rita"), name)
        assert found["objectId"] == "your-sp-object-id"

    @pytest.mark.parametrize("name", ["ml-auth", "your-sp-object-id", "YOUR-CLIENT-ID", "x"])
    def test_it_is_found_by_nothing_else(self, lab: Lab, name: str) -> None:
        assert lab.ask("rita", Graph.service_principals, PRINCIPALS, token(lab, "rita"), name) == []

    def test_it_goes_with_its_application(self, lab: Lab) -> None:
        client_id, cred = register(lab, "carl"), token(lab, "carl")
        made = lab.ask("carl", Graph.add_service_principal, PRINCIPALS, cred, client_id)
        lab.ask("carl", Graph.unregister, f"{APPLICATIONS}/{client_id}", cred)
        assert lab.directory.application(client_id) is None
        assert lab.directory.principal(made["objectId"]) is None
        refused(lab, Forbidden, Graph.unregister, f"{APPLICATIONS}/{client_id}", cred)

    def test_objects_are_told_apart_by_their_type(self, lab: Lab) -> None:
        group = lab.directory.add_group("team").object_id
        people = [lab.people["carl"].object_id, lab.people["gita"].object_id]
        ids = ",".join([*people, group, "your-sp-object-id", "nobody"])
        found = lab.ask("rita", Graph.objects, f"{HOME}/objects", token(lab, "rita"), ids)
        assert [(one["objectType"], one.get("userType", "")) for one in found] == [
            *(("User", "Member"), ("User", "Guest"), ("Group", ""), ("ServicePrincipal", ""))
        ]

    def test_users_are_found_by_name_in_whatever_case(self, lab: Lab) -> None:
        upn = lab.people["carl"].upn
        [found] = lab.ask("rita", Graph.users, f"{HOME}/users", token(lab, "rita"), upn.upper())
        assert found["objectId"] == lab.people["carl"].object_id
        assert lab.ask("rita", Graph.users, f"{HOME}/users", token(lab, "rita"), "carl") == []


class TestTheDoor:
    def test_it_takes_tokens_for_itself_alone(self, lab: Lab) -> None:
        for_arm = lab.sign_in("olivia").bearer
        refusal = refused(lab, WrongAudience, Graph.applications, APPLICATIONS, for_arm)
        assert (refusal.status, refusal.code) == (401, "Authentication_MissingOrMalformed")
        refused(lab, WrongTenant, Graph.applications, APPLICATIONS, token(lab, "gita", tenant=PARTNER_TENANT))
        late = token(lab, "olivia")
        lab.clock.advance("1h")
        assert refused(lab, TokenExpired, Graph.applications, APPLICATIONS, late).code.endswith("Token")

    def test_it_takes_no_secret_and_no_nothing(self, lab: Lab) -> None:
        secret = ClientSecret(CLIENT_ID, CLIENT_SECRET)
        refused(lab, CredentialNotAccepted, Graph.applications, APPLICATIONS, secret)
        assert not lab.attempt("x", Graph.applications, APPLICATIONS, Anonymous())

    @pytest.mark.parametrize("target", [GRAPH, f"{GRAPH}/partner-tenant-id/applications", f"{GRAPH}//x", "x"])
    def test_it_serves_one_tenant(self, lab: Lab, target: str) -> None:
        refused(lab, UnknownHost, Graph.applications, target, token(lab, "olivia"))

    def test_it_speaks_https(self, lab: Lab) -> None:
        plain = APPLICATIONS.replace("https", "http")
        refused(lab, InsecureTransport, Graph.applications, plain, token(lab, "olivia"))

    def test_an_owner_of_the_subscription_owns_nothing_in_the_directory(self, lab: Lab) -> None:
        client_id = register(lab, "carl")
        target = f"{APPLICATIONS}/{client_id}"
        refused(lab, Forbidden, Graph.set_secret, target, token(lab, "olivia"), "mine")

    @pytest.mark.parametrize("where", ["servicePrincipals", "users", "applications/x"])
    def test_an_application_is_found_where_applications_are(self, lab: Lab, where: str) -> None:
        target = f"{HOME}/{where}/{CLIENT_ID}"
        kind = refused(lab, NotFound, Graph.set_secret, target, token(lab, "olivia"), "new")
        assert kind.code == "Request_ResourceNotFound"

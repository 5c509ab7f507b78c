"""The token endpoint, what it puts into a token, and what it publishes to anybody."""

from typing import Any

import jwt
import pytest

from labkit.authenticators.client_secret import ClientSecret
from labkit.authenticators.password import Password
from labkit.core.credential import Anonymous, Bearer
from labkit.core.errors import BadRequest, InsecureTransport, UnknownHost
from labkit.furniture import CLIENT_ID, CLIENT_SECRET, PARTNER_TENANT
from labkit.identity.errors import UnknownResource, UnknownTenant, UnknownUser
from labkit.lab import Lab
from labkit.services.azure_ad import ARM, KEY_VAULT, STORAGE, AzureAD

AUTHORITY = "https://login.microsoftonline.com"
USER_CLAIMS = (
    *("amr", "appid", "appidacr", "aud", "exp", "iat", "iss", "nbf"),
    *("oid", "scp", "sub", "tid", "upn", "uti", "ver"),
)
APP_CLAIMS = (
    *("app_displayname", "appid", "appidacr", "aud", "exp", "iat", "idtyp", "iss"),
    *("nbf", "oid", "sub", "tid", "uti", "ver"),
)
APP = ClientSecret(CLIENT_ID, CLIENT_SECRET)


def password(lab: Lab, name: str) -> Password:
    return Password(lab.people[name].upn, lab.people[name].password)


class TestClaims:
    def test_a_user_s_token_has_the_claims_of_version_1_in_order(self, lab: Lab) -> None:
        claims = lab.sign_in("carl").claims
        assert tuple(claims) == USER_CLAIMS
        assert claims["ver"] == "1.0"
        assert claims["iss"] == "https://sts.windows.net/your-tenant-id/"
        assert claims["tid"] == "your-tenant-id"
        assert claims["scp"] == "user_impersonation"

    def test_an_application_s_token_has_others(self, lab: Lab) -> None:
        claims = lab.sign_in(CLIENT_ID).claims
        assert tuple(claims) == APP_CLAIMS
        assert claims["app_displayname"] == "ml-auth"

    def test_groups_stand_in_it_where_there_are_any(self, lab: Lab) -> None:
        carl = lab.directory.user("carl")
        assert carl is not None
        ids = sorted(lab.directory.add_group(name, carl.object_id).object_id for name in ("a", "b"))
        assert lab.sign_in("carl").claims["groups"] == ids
        assert "groups" not in lab.sign_in("rita").claims

    def test_it_lasts_an_hour_but_for_a_second(self, lab: Lab) -> None:
        answer = lab.ask("app", AzureAD.token, lab.tenant, APP)
        claims = answer.access_token.claims
        assert claims["iat"] == claims["nbf"] == lab.clock.now
        assert claims["exp"] - claims["iat"] == answer.expires_in == 3599

    def test_the_subject_is_pairwise_for_people_and_the_object_id_for_applications(self, lab: Lab) -> None:
        people = [lab.sign_in("carl", resource=resource).claims["sub"] for resource in (ARM, ARM, KEY_VAULT)]
        assert people[0] == people[1] != people[2]
        assert lab.sign_in("rita").claims["sub"] != people[0]
        apps = {lab.sign_in(CLIENT_ID, resource=resource).claims["sub"] for resource in (ARM, KEY_VAULT)}
        assert apps == {"your-sp-object-id"}

    def test_two_tokens_of_one_moment_are_told_apart(self, lab: Lab) -> None:
        first, second = lab.sign_in("carl"), lab.sign_in("carl")
        assert first.reveal() != second.reveal()
        assert first.claims | {"uti": ""} == second.claims | {"uti": ""}


class TestResource:
    @pytest.mark.parametrize("resource", [ARM, KEY_VAULT, STORAGE, ARM.rstrip("/"), KEY_VAULT + "/"])
    def test_the_audience_is_what_was_asked_for(self, lab: Lab, resource: str) -> None:
        answer = lab.ask("app", AzureAD.token, lab.tenant, APP, resource)
        assert answer.access_token.claims["aud"] == answer.resource == resource

    @pytest.mark.parametrize(
        "resource", ["", "https://nowhere.example", "https://management.azure.com/x", CLIENT_ID]
    )
    def test_an_unknown_resource_is_refused(self, lab: Lab, resource: str) -> None:
        with pytest.raises(UnknownResource) as caught:
            lab.ask("app", AzureAD.token, lab.tenant, APP, resource)
        assert (caught.value.status, caught.value.code) == (400, "AADSTS500011")

    @pytest.mark.parametrize("resource", [None, 5, b"x", [ARM], {}])
    def test_what_is_no_text_is_a_bad_request(self, lab: Lab, resource: Any) -> None:
        with pytest.raises(BadRequest):
            lab.ask("app", AzureAD.token, lab.tenant, APP, resource)

    def test_a_refused_request_leaves_nothing_behind(self, lab: Lab) -> None:
        with pytest.raises(UnknownResource):
            lab.ask("carl", AzureAD.token, lab.tenant, password(lab, "carl"), "nowhere")
        assert [
            grant for grant in lab.parts.home.refresh_grants.values() if "carl" in grant.identity.name
        ] == []


class TestTenant:
    def test_each_tenant_issues_its_own_tokens(self, lab: Lab) -> None:
        claims = lab.sign_in("gita", tenant=PARTNER_TENANT).claims
        assert claims["tid"] == PARTNER_TENANT
        assert claims["iss"] == f"https://sts.windows.net/{PARTNER_TENANT}/"

    def test_an_address_names_its_tenant(self, lab: Lab) -> None:
        cred = password(lab, "gita")
        for path in (PARTNER_TENANT, f"{PARTNER_TENANT}/oauth2/token"):
            answer = lab.ask("gita", AzureAD.token, f"{AUTHORITY}/{path}", cred)
            assert answer.access_token.claims["tid"] == PARTNER_TENANT
        with pytest.raises(UnknownUser):
            lab.ask("carl", AzureAD.token, f"{AUTHORITY}/{PARTNER_TENANT}", password(lab, "carl"))

    @pytest.mark.parametrize("tenant", ["", "nobody", AUTHORITY, f"{AUTHORITY}/", f"{AUTHORITY}/nobody", ARM])
    def test_a_tenant_that_does_not_exist_does_not_answer(self, lab: Lab, tenant: str) -> None:
        with pytest.raises(UnknownHost):
            lab.ask("app", AzureAD.token, tenant, APP)

    @pytest.mark.parametrize(
        "tenant", ["", "nobody", f"{AUTHORITY}/nobody", f"{AUTHORITY}/nobody/oauth2/token"]
    )
    def test_the_authority_says_that_it_has_no_such_tenant(self, lab: Lab, tenant: str) -> None:
        verdict = lab.attempt("app", AzureAD.token, tenant, APP)
        assert isinstance(verdict.refusal, UnknownTenant)
        assert (verdict.refusal.status, verdict.code) == (400, "AADSTS90002")
        assert "your-tenant-id" in verdict.refusal.required

    def test_nothing_is_said_without_encryption(self, lab: Lab) -> None:
        with pytest.raises(InsecureTransport):
            lab.ask("app", AzureAD.token, f"http://login.microsoftonline.com/{lab.tenant}", APP)
        assert lab.trace[-1].encrypted is False


class TestPublished:
    def test_anybody_may_ask_where_everything_is(self, lab: Lab) -> None:
        found = lab.ask("anybody", AzureAD.openid_configuration, f"{AUTHORITY}/{lab.tenant}", Anonymous())
        assert found["issuer"] == lab.sign_in("carl").claims["iss"]
        assert found["token_endpoint"] == f"{AUTHORITY}/{lab.tenant}/oauth2/token"
        assert found["id_token_signing_alg_values_supported"] == ["RS256"]
        by_address = lab.ask("anybody", AzureAD.jwks, found["jwks_uri"], Anonymous())
        assert by_address == lab.ask("anybody", AzureAD.jwks, lab.tenant, Anonymous())

    def test_anybody_may_have_the_keys_of_now(self, lab: Lab) -> None:
        [first] = lab.ask("anybody", AzureAD.jwks, lab.tenant, Anonymous())["keys"]
        lab.parts.home.keys.rotate(lab.clock.now)
        both = lab.ask("anybody", AzureAD.jwks, lab.tenant, Anonymous())["keys"]
        assert both[0] == first
        assert lab.sign_in("carl").header["kid"] == both[1]["kid"]
        lab.clock.advance("1d")
        assert lab.ask("anybody", AzureAD.jwks, lab.tenant, Anonymous())["keys"] == both[1:]

    def test_all_tenants_share_the_keys(self, lab: Lab) -> None:
        sets = [lab.ask("anybody", AzureAD.jwks, one, Anonymous()) for one in (lab.tenant, PARTNER_TENANT)]
        assert sets[0] == sets[1]

    def test_nobody_is_proved_by_asking(self, lab: Lab) -> None:
        lab.ask("anybody", AzureAD.jwks, lab.tenant, Anonymous())
        assert (lab.trace[-1].credential, lab.trace[-1].subject) == ("no credential", "anonymous (anonymous)")
        assert not lab.attempt("carl", AzureAD.jwks, lab.tenant, Bearer("token"))

    @pytest.mark.parametrize("name", ["carl", CLIENT_ID])
    def test_a_real_client_verifies_a_token_with_what_is_published(self, lab: Lab, name: str) -> None:
        token = lab.sign_in(name)
        found = lab.ask("client", AzureAD.openid_configuration, lab.tenant, Anonymous())
        published = jwt.PyJWKSet.from_dict(lab.ask("client", AzureAD.jwks, found["jwks_uri"], Anonymous()))
        # The times are the lab's and not those of PyJWT's wall clock.
        ours: Any = {
            "verify_exp": False,
            "verify_nbf": False,
            "verify_iat": False,
            "require": ["exp", "iat", "nbf"],
        }
        claims = jwt.decode(
            token.reveal(),
            published[token.header["kid"]],
            algorithms=found["id_token_signing_alg_values_supported"],
            audience=ARM,
            issuer=found["issuer"],
            options=ours,
        )
        assert claims == token.claims


def test_an_answer_shows_no_token(lab: Lab) -> None:
    answer = lab.ask("carl", AzureAD.token, lab.tenant, password(lab, "carl"))
    assert answer.access_token.reveal() not in repr(answer)
    assert answer.refresh_token not in repr(answer)
    assert "expires_in    3599 seconds" in repr(answer)

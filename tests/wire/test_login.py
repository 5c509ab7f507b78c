"""Azure AD over HTTP: what it publishes, how it answers, and how it refuses what is wrong."""

from typing import Any

import jwt
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

import labkit
from labkit.authenticators.password import AZURE_CLI
from labkit.core.errors import Refusal
from labkit.furniture import CLIENT_ID, CLIENT_SECRET
from labkit.lab import Lab
from labkit.wire import routes
from labkit.wire.login import HOSTS
from labkit.wire.message import LONGEST_BODY, Request
from tests.services.state import everything
from tests.wire.conftest import ARM, LOGIN

APP = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
V1, V2 = {**APP, "resource": f"{ARM}/"}, {**APP, "scope": f"{ARM}/.default"}
TOKEN, TOKEN_V2 = "/your-tenant-id/oauth2/token", "/your-tenant-id/oauth2/v2.0/token"


def get(path: str, **query: str) -> Any:
    answer = requests.get(LOGIN + path, params=query, timeout=5)
    assert answer.status_code == 200, answer.text
    return answer.json()


def post(path: str, form: Any, **options: Any) -> requests.Response:
    return requests.post(LOGIN + path, data=form, timeout=5, **options)


def refused(lab: Lab, path: str, form: Any, code: int, status: int = 400, **options: Any) -> Any:
    before = everything(lab)
    answer = post(path, form, **options)
    assert everything(lab) == before
    told = answer.json()
    assert (answer.status_code, told["error_codes"]) == (status, [code]), told
    assert told["error_description"].startswith(f"AADSTS{code}: ")
    assert len(told["error_description"]) < 2000
    assert CLIENT_SECRET not in answer.text
    # It still answers.
    assert post(TOKEN, V1).status_code == 200
    return told


class TestDiscovery:
    @pytest.mark.parametrize("host", HOSTS)
    @pytest.mark.parametrize("tenant", ["your-tenant-id", "contoso.example", "common"])
    def test_version_2_names_the_endpoints_of_the_host_that_was_asked(
        self, attached: Lab, host: str, tenant: str
    ) -> None:
        path = f"https://{host}/{tenant}/v2.0/.well-known/openid-configuration"
        told = requests.get(path, timeout=5).json()
        base = f"https://{host}/{tenant}"
        assert told["token_endpoint"] == f"{base}/oauth2/v2.0/token"
        assert told["authorization_endpoint"] == f"{base}/oauth2/v2.0/authorize"
        assert told["device_authorization_endpoint"] == f"{base}/oauth2/v2.0/devicecode"
        assert told["jwks_uri"] == f"{base}/discovery/v2.0/keys"
        issuer = "{tenantid}" if tenant == "common" else "your-tenant-id"
        assert told["issuer"] == f"https://login.microsoftonline.com/{issuer}/v2.0"

    def test_version_1(self, attached: Lab) -> None:
        told = get("/your-tenant-id/.well-known/openid-configuration")
        assert told["issuer"] == "https://sts.windows.net/your-tenant-id/"
        assert told["token_endpoint"] == f"{LOGIN}{TOKEN}"

    @pytest.mark.parametrize("version", ["", "v2.0/"])
    def test_the_published_keys_verify_the_tokens(self, attached: Lab, version: str) -> None:
        config = get(f"/your-tenant-id/{version}.well-known/openid-configuration")
        keys = jwt.PyJWKSet.from_dict(requests.get(config["jwks_uri"], timeout=5).json())
        token = post(TOKEN, V1).json()["access_token"]
        key = keys[jwt.get_unverified_header(token)["kid"]]
        options: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
        claims = jwt.decode(token, key, audience=f"{ARM}/", options=options, algorithms=["RS256"])
        assert claims["appid"] == CLIENT_ID

    @pytest.mark.parametrize("version", ["", "v2.0/"])
    @pytest.mark.parametrize("host", HOSTS)
    def test_an_instance_of_this_cloud_is_known(self, attached: Lab, host: str, version: str) -> None:
        asked = f"https://{host}/your-tenant-id/oauth2/{version}authorize"
        path = {"authorization_endpoint": asked, "api-version": "1.1"}
        told = get("/common/discovery/instance", **path)
        config = requests.get(told["tenant_discovery_endpoint"], timeout=5).json()
        assert config["token_endpoint"] == f"https://{host}/your-tenant-id/oauth2/{version}token"
        assert told["metadata"][0]["aliases"] == list(HOSTS)

    @pytest.mark.parametrize("asked", ["https://evil.example/common", "", "nonsense", "https://["])
    def test_another_one_is_not(self, attached: Lab, asked: str) -> None:
        path = f"{LOGIN}/common/discovery/instance"
        answer = requests.get(path, params={"authorization_endpoint": asked}, timeout=5)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_instance")

    @pytest.mark.parametrize("name", ["UserRealm", "userrealm"])
    def test_where_a_user_signs_in(self, attached: Lab, name: str) -> None:
        told = get(f"/common/{name}/rita@contoso.example", **{"api-version": "1.0"})
        assert told["account_type"] == "Managed"
        # Whether somebody is there, nobody is told.
        nobody = get(f"/common/{name}/nobody@contoso.example")
        assert nobody == told
        assert get(f"/common/{name}/rita@elsewhere.example")["account_type"] == "Unknown"


class TestTokens:
    def test_version_1_writes_numbers_as_texts(self, attached: Lab) -> None:
        told, now = post(TOKEN, V1).json(), attached.clock.now
        assert {name: value for name, value in told.items() if name != "access_token"} == {
            "token_type": "Bearer",
            "expires_in": "3599",
            "ext_expires_in": "3599",
            "expires_on": str(now + 3599),
            "not_before": str(now),
            "resource": f"{ARM}/",
        }

    def test_version_2_writes_numbers(self, attached: Lab) -> None:
        told = post(TOKEN_V2, V2).json()
        assert {name: value for name, value in told.items() if name != "access_token"} == {
            "token_type": "Bearer",
            "expires_in": 3599,
            "ext_expires_in": 3599,
        }

    @pytest.mark.parametrize("v2", [False, True])
    def test_an_id_token_opens_nothing(self, attached: Lab, v2: bool) -> None:
        rita = attached.people["rita"]
        form = {"grant_type": "password", "username": rita.upn, "password": rita.password}
        form |= {"client_id": AZURE_CLI, "scope": f"openid {ARM}/.default", "resource": f"{ARM}/"}
        form["nonce"] = "once"
        told = post(TOKEN_V2 if v2 else TOKEN, form).json()
        claims = jwt.decode(told["id_token"], options={"verify_signature": False})
        assert claims["aud"] == AZURE_CLI
        # Version 1 of the endpoint had no use for a nonce here.
        assert claims.get("nonce") == ("once" if v2 else None)
        headers = {"Authorization": f"Bearer {told['id_token']}"}
        answer = requests.get(f"{ARM}/subscriptions?api-version=1", headers=headers, timeout=5)
        assert answer.json()["error"]["code"] == "InvalidAuthenticationToken"

    def test_a_device_code_is_approved_over_the_wire(self, attached: Lab) -> None:
        asked = {"client_id": AZURE_CLI, "resource": f"{ARM}/"}
        code = post("/common/oauth2/devicecode", asked).json()
        assert (code["expires_in"], code["interval"]) == (900, 5)
        poll = {**asked, "grant_type": "device_code", "code": code["device_code"]}
        pending = post("/common/oauth2/token", poll)
        assert (pending.status_code, pending.json()["error"]) == (400, "authorization_pending")
        attached.directory.mfa_required = True
        rita = attached.people["rita"]
        page = {"user_code": code["user_code"], "username": rita.upn, "password": rita.password}
        assert post("/common/oauth2/deviceauth", page).json()["error_codes"] == [50076]
        page["otc"] = rita.code(attached.clock.now)
        assert post("/common/oauth2/deviceauth", page).status_code == 200
        told = post("/common/oauth2/token", poll).json()
        assert jwt.decode(told["access_token"], options={"verify_signature": False})["amr"] == ["pwd", "mfa"]

    def test_a_code_that_carries_no_scope_is_for_resource_manager(self, attached: Lab) -> None:
        form = {"grant_type": "device_code", "device_code": "lab-guess.%%%", "client_id": AZURE_CLI}
        refused(attached, TOKEN_V2, form, 70018)

    def test_the_clients_correlation_id_comes_back(self, attached: Lab) -> None:
        headers = {"client-request-id": "a1-b2"}
        answer = post(TOKEN, {**V1, "client_secret": "x"}, headers=headers)
        assert answer.headers["client-request-id"] == answer.json()["correlation_id"] == "a1-b2"
        assert "Correlation ID: a1-b2" in answer.json()["error_description"]
        assert "client-request-id" not in post(TOKEN, V1, headers={"client-request-id": "a b"}).headers


class TestWrong:
    @pytest.mark.parametrize("missing", ["grant_type", "client_id", "resource"])
    def test_a_missing_parameter(self, attached: Lab, missing: str) -> None:
        form = {name: value for name, value in V1.items() if name != missing}
        told = refused(attached, TOKEN, form, 900144)
        assert f"'{missing}'" in told["error_description"]

    @pytest.mark.parametrize(
        "change", [{"client_secret": ""}, {"client_secret": "", "client_assertion": "x"}]
    )
    def test_a_missing_secret(self, attached: Lab, change: dict[str, str]) -> None:
        assert refused(attached, TOKEN, {**V1, **change}, 7000218, 401)["error"] == "invalid_client"

    @pytest.mark.parametrize(
        ("change", "code", "error"),
        [
            ({"grant_type": "implicit"}, 70003, "unsupported_grant_type"),
            ({"scope": "openid"}, 70011, "invalid_scope"),
            ({"scope": "user.read"}, 70011, "invalid_scope"),
            ({"scope": "https://a/.default https://b/.default"}, 28000, "invalid_scope"),
            ({"scope": f"{ARM}/user_impersonation"}, 1002012, "invalid_scope"),
            ({"scope": "https://nobody.example/.default"}, 500011, "invalid_resource"),
            ({"client_id": "x" * 5000}, 700016, "unauthorized_client"),
            ({"client_id": "\x00"}, 700016, "unauthorized_client"),
            ({"grant_type": "refresh_token", "refresh_token": "x"}, 9002313, "invalid_grant"),
            ({"grant_type": "device_code", "code": "x"}, 70018, "bad_verification_code"),
        ],
    )
    def test_wrong_values(self, attached: Lab, change: dict[str, str], code: int, error: str) -> None:
        assert refused(attached, TOKEN_V2, {**V2, **change}, code)["error"] == error

    @pytest.mark.parametrize(
        "path", ["/nowhere/oauth2/token", "/%00/oauth2/token", f"/{'x' * 3000}/oauth2/token"]
    )
    def test_a_tenant_that_does_not_exist(self, attached: Lab, path: str) -> None:
        refused(attached, path, V1, 90002)

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b"", 900144),
            (b'{"grant_type": "client_credentials"}', 900144),
            (b"\xff\xfe=\xff", 90100),
            (b"grant_type=%ff", 90100),
            (b"&".join([b"a=b"] * 200), 90100),
            (b"client_id=a&client_id=b", 9000411),
            (b"[" * 100_000, 900144),
        ],
    )
    def test_a_malformed_body(self, attached: Lab, body: bytes, code: int) -> None:
        refused(attached, TOKEN, body, code)

    @pytest.mark.parametrize(
        "body",
        [
            b"client_secret=your-client-secret&x=\xff",
            b"client_secret=your-client-secret&client_secret=your-client-secret",
            b'{"client_secret": "your-client-secret"}',
            b"client_secret=your-client-secret" + b"&a=b" * 200,
        ],
    )
    def test_what_a_malformed_body_holds_is_not_repeated(self, attached: Lab, body: bytes) -> None:
        assert "your-client-secret" not in requests.post(LOGIN + TOKEN, body, timeout=5).text
        token = attached.sign_in("carl").reveal()
        to_manager = requests.put(
            f"https://management.azure.com{attached.workspace}?api-version=1",
            body,
            headers={"Authorization": f"Bearer {token}"},
            timeout=5,
        )
        assert (to_manager.status_code, "your-client-secret" in to_manager.text) == (400, False)

    def test_a_body_of_10_megabytes(self, attached: Lab) -> None:
        refused(attached, TOKEN, b"client_secret=" + b"x" * 10_000_000, 90100, 413)
        assert LONGEST_BODY < 10_000_000

    @pytest.mark.parametrize(
        "path", ["/", "/your-tenant-id", "/a/b/c", "/common/oauth2/v3/token", "/%2e%2e/x"]
    )
    def test_an_unknown_path(self, attached: Lab, path: str) -> None:
        told = refused(attached, path, V1, 90100, 404)
        assert "oauth2/v2.0/token" in told["error_description"]

    def test_another_verb(self, attached: Lab) -> None:
        answer = requests.get(LOGIN + TOKEN, timeout=5)
        assert (answer.status_code, answer.json()["error_codes"]) == (405, [900561])

    def test_without_encryption(self, attached: Lab) -> None:
        answer = requests.post(f"http://login.microsoftonline.com{TOKEN}", V1, timeout=5)
        assert (answer.status_code, "access_token" in answer.text) == (400, False)


LAB = labkit.start()
PATHS = st.sampled_from(
    [TOKEN, TOKEN_V2, "/common/oauth2/devicecode", "/common/oauth2/deviceauth", "/x/userrealm/y"]
)
FIELDS = ["grant_type", "client_id", "client_secret", "resource", "scope", "code", "username", "password"]


@given(
    path=st.one_of(PATHS, st.text(max_size=30).map(lambda text: f"/{text}")),
    verb=st.sampled_from(["GET", "POST", "PUT", "\u0130"]),
    body=st.one_of(
        st.binary(max_size=60),
        st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=20))
        .map(lambda form: requests.models.PreparedRequest._encode_params(form))
        .map(lambda text: text.encode("utf-8", "replace") if isinstance(text, str) else text),
    ),
    query=st.text(max_size=20),
)
def test_whatever_is_sent_is_answered(path: str, verb: str, body: bytes, query: str) -> None:
    request = Request(verb, "https", HOSTS[0], path, query, {}, body)
    answer = routes.answer(LAB, request)
    assert answer is not None
    assert answer.status in (200, 400, 401, 404, 405, 413)
    for hop in LAB.trace:
        assert not hop.outcome.endswith(("Error", Refusal.__name__))

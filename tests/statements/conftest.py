"""What the tests of statements share: a lab of each release, and the samples that the how-to prints."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

import labkit
from labkit.azure import CLIENT_ID, AzureAD, Bearer, ClientSecret, Scoring, ServiceKey, ServiceToken
from labkit.core.credential import Anonymous, Credential
from labkit.lab import Lab
from labkit.ledger import statement
from labkit.releases import RELEASES
from labkit.sdk import prelude
from tests.sdk import azureml_samples as samples
from tests.sdk.azureml_lab import nothing_left_active

ARM, LOGIN = "https://management.azure.com", "https://login.microsoftonline.com"
BODY = '{"data": [[1, 2, 3]]}'
# From the how-to, with names and arguments as they are there.
ADAL = """
from adal import AuthenticationContext
client_id = "your-client-id"
client_secret = "your-client-secret"
resource_url = "https://login.microsoftonline.com"
tenant_id = "your-tenant-id"
authority = "{}/{}".format(resource_url, tenant_id)
context = AuthenticationContext(authority)
token_response = context.acquire_token_with_client_credentials(
    "https://management.azure.com/", client_id, client_secret)
print(token_response)
"""
ADAL_NODE = """
const adal = require('adal-node').AuthenticationContext;
const authorityUrl = 'https://login.microsoftonline.com/' + 'your-tenant-id';
const context = new adal(authorityUrl);
context.acquireTokenWithClientCredentials(
  'https://management.azure.com/', 'your-client-id', 'your-client-secret', (err, tokenResponse) => {
    if (err) {
      console.log(`Token generation failed due to ${err}`);
    } else {
      console.log(JSON.stringify(tokenResponse));
    }
  }
);
"""


@pytest.fixture(params=RELEASES)
def stating(request: pytest.FixtureRequest) -> Lab:
    """A lab of each release. The documents of all of them state what the test proves."""
    for mark in request.node.iter_markers("proves"):
        assert {statement(id).stance(request.param) for id in mark.args} == {"states"}
    return labkit.start(request.param)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder to work in; whatever is activated in it has ended afterwards."""
    monkeypatch.chdir(tmp_path)
    with nothing_left_active():
        yield tmp_path


def run(*cells: str, **names: Any) -> dict[str, Any]:
    """The names that are there after these cells of one notebook."""
    for cell in cells:
        exec(cell, names)
    return names


def spelt(sample: str) -> str:
    """A sample with what is wrong in it put right: the misspelt argument."""
    return sample.replace("auth_enable=", "auth_enabled=")


def sdk(module: str, name: str) -> Any:
    """A name of the SDK, as the activation that holds now has it."""
    __import__(f"azureml.{module}")
    return getattr(sys.modules[f"azureml.{module}"], name)


def refused(kind: str, call: Callable[[], object]) -> Any:
    """The exception of this name that the SDK raises."""
    with pytest.raises(sdk("exceptions", kind)) as caught:
        call()
    assert type(caught.value).__name__ == kind
    return caught.value


def write_config(folder: Path, **other: str) -> None:
    """The file of connection details, where one is looked for before any further up is."""
    details = {
        "subscription_id": "your-sub-id",
        "resource_group": "your-resource-group-id",
        "workspace_name": "your-workspace-name",
    }
    (folder / ".azureml").mkdir(exist_ok=True)
    (folder / ".azureml" / "config.json").write_text(json.dumps({**details, **other}))


@contextmanager
def at_work(lab: Lab, person: str | None = None) -> Iterator[dict[str, Any]]:
    """An activation, after the samples that sign in as the service principal and open the workspace, with
    what the later ones leave undefined."""
    with lab.activate(person):
        names = run(samples.PRINCIPAL, samples.GET)
        yield names | prelude(names["ws"], folder=".")._asdict()


def on_aci(names: dict[str, Any], name: str = "on-aci", **form: bool) -> Any:
    """A web service on ACI that is deployed with no more said than this."""
    wanted = sdk("core.webservice", "AciWebservice").deploy_configuration(cpu_cores=1, memory_gb=1, **form)
    return sdk("core.model", "Model").deploy(names["ws"], name, [names["model"]], None, wanted)


def on_aks(names: dict[str, Any], name: str = "on-aks", cluster: str = "aks-cluster", **form: bool) -> Any:
    """The same on AKS."""
    wanted = sdk("core.webservice", "AksWebservice").deploy_configuration(**form)
    target = sdk("core.compute", "AksCompute")(names["ws"], cluster)
    models = [names["model"]]
    return sdk("core.model", "Model").deploy(names["ws"], name, models, None, wanted, target)


def token_of(service: Any) -> str:
    """The token of a web service, fetched now."""
    return str(service.get_token()[0])


def called(lab: Lab, service: Any, presented: str = "", who: str = "client") -> int:
    """The status that somebody gets from a web service who holds this key or token, or nothing."""
    cred: Credential = Anonymous()
    if presented:
        cred = (ServiceToken if presented.count(".") == 2 else ServiceKey)(presented)
    verdict = lab.attempt(who, Scoring.score, service.scoring_uri, cred, BODY)
    return 200 if verdict else int(getattr(verdict.refusal, "status", 0))


def posted(service: Any, presented: str = "") -> int:
    """The same over HTTP."""
    headers = {"Authorization": f"Bearer {presented}"} if presented else {}
    return requests.post(service.scoring_uri, BODY, headers=headers, timeout=5).status_code


def rest(verb: str, path: str, token: str = "") -> requests.Response:
    """A call on Resource Manager's REST API."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.request(
        verb, ARM + path, params={"api-version": "2020-01-01"}, headers=headers, timeout=5
    )


def signed_in(lab: Lab, secret: str, client_id: str = CLIENT_ID) -> Bearer:
    """The token for Resource Manager that an application gets with its secret."""
    answer = lab.ask("app", AzureAD.token, lab.tenant, ClientSecret(client_id, secret))
    return answer.access_token.bearer

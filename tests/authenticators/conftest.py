"""The token endpoint, as the tests of its credentials ask it."""

from collections.abc import Callable

import pytest

from labkit.core.credential import Credential
from labkit.lab import Lab
from labkit.services.azure_ad import ARM, AzureAD, TokenResponse

TokenEndpoint = Callable[..., TokenResponse]


@pytest.fixture
def get_token(lab: Lab) -> TokenEndpoint:
    """Asks the home tenant's token endpoint, or another one's, with a credential."""

    def ask(cred: Credential, resource: str = ARM, tenant: str = lab.tenant) -> TokenResponse:
        return lab.ask("somebody", AzureAD.token, tenant, cred, resource)

    return ask

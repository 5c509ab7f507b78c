"""Fixtures of the tests of roles."""

import pytest

from tests.access.tenant import Tenant


@pytest.fixture
def tenant() -> Tenant:
    return Tenant()

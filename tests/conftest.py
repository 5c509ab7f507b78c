"""What the tests of all packages share."""

import pytest
from hypothesis import settings

import labkit
from labkit import lab as lab_module
from labkit.lab import Lab
from labkit.releases import RELEASES
from tests.chromium import browser as browser

# The same examples in every run, so that a red build is red on the next machine too.
settings.register_profile("labkit", derandomize=True, deadline=None, database=None)
settings.load_profile("labkit")


# From here on these are copied. No test that changes what a lab is made of is what the others get copies of.
for _release in RELEASES:
    labkit.start(_release)


@pytest.fixture
def none_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a test that changes what a lab is made of: every one is built."""
    monkeypatch.setattr(lab_module, "_image", lab_module._image.__wrapped__)


@pytest.fixture
def lab() -> Lab:
    """A new lab, as a learner gets it."""
    return labkit.start()

"""What the tests of all packages share."""

import pytest
from hypothesis import settings

import labkit
from labkit.lab import Lab

# The same examples in every run, so that a red build is red on the next machine too.
settings.register_profile("labkit", derandomize=True, deadline=None, database=None)
settings.load_profile("labkit")


@pytest.fixture
def lab() -> Lab:
    """A new lab, as a learner gets it."""
    return labkit.start()

"""Fixtures of the core's tests."""

import pytest

from tests.core.tiny import Badge, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def ann() -> Badge:
    return Badge("ann")

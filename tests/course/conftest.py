"""What a kernel remembers of the course, each test begins without."""

import pytest

from labkit.course import keeper, worksheet


@pytest.fixture(autouse=True)
def restarted_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worksheet, "_taken", {})
    monkeypatch.setattr(keeper, "_keeper", keeper.Keeper())

"""What a kernel remembers, each test begins without; tests that files share get the tables of each file."""

import pytest

pytest.register_assert_rewrite("tests.course.answers")

from labkit.course import keeper, worksheet  # noqa: E402
from tests.course.answers import TABLES  # noqa: E402


@pytest.fixture(autouse=True)
def restarted_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worksheet, "_taken", {})
    monkeypatch.setattr(keeper, "_keeper", keeper.Keeper())


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.function.__module__ == "tests.course.answers":
        names, rows = TABLES[metafunc.function.__name__]
        metafunc.parametrize(names, rows(metafunc.module))

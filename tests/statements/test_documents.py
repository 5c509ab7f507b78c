"""What the documents say about themselves: attempted in a lab of each release that states it."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.version import Version

import labkit
from labkit.lab import Lab
from labkit.ledger import statement
from labkit.sdk.pins import MAY_BE_OLDER, NEW_ENOUGH, OLDER, pins
from tests.statements.at_rest import in_each_release
from tests.statements.conftest import sdk


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    in_each_release(metafunc)


@pytest.fixture
def lab(release: str) -> Lab:
    return labkit.start(release)


@pytest.mark.proves("docs-sdk-version")
def test_the_sdk_of_the_lab_is_the_earliest_that_the_documents_are_about(lab: Lab, folder: Path) -> None:
    with lab.activate():
        version = sdk("core", "VERSION")
        assert sdk("core", "__version__") == version
    assert version in statement("docs-sdk-version").says
    major, minor, patch, build = Version(version).release
    before, after = f"{major}.{minor}.{patch - 1}", f"{major}.{minor}.{patch}.{build + 1}"
    text = f"azureml-sdk=={before}\nazureml-core>={before}\nazureml-core=={version}\nazureml-sdk=={after}\n"
    found = pins(text)
    assert [one.verdict for one in found.rows] == [OLDER, MAY_BE_OLDER, NEW_ENOUGH, NEW_ENOUGH]
    # As a number, of which 9 is less than 83, and also as conda writes it.
    assert [one.verdict for one in pins("azureml-sdk==1.0.9\n- azureml-core=1.0.65\n").rows] == [OLDER, OLDER]
    # Whoever pins an older one is told which line it is, and what the documents are about.
    assert [one.line for one in found.older] == [1, 2]
    assert f"the documents apply from {version} on" in repr(found)

"""Without JupyterHub none of the other tests here can run."""

import tomllib
from importlib.metadata import version

import pytest
from packaging.requirements import Requirement

from labkit.checkout import checkout


def test_jupyterhub_is_the_one_that_the_extra_asks_for() -> None:
    pytest.importorskip("jupyterhub", reason="JupyterHub is not installed: pip install --editable '.[hub]'")
    project = tomllib.loads((checkout() / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = {one.name: one for one in map(Requirement, project["optional-dependencies"]["hub"])}
    assert version("jupyterhub") in wanted["jupyterhub"].specifier

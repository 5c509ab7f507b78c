"""Environments: what is in one, and what its image is called."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.core.errors import BadRequest
from labkit.services.machine_learning.environments import BASE_IMAGE, Environment, environment_of

PACKAGES = st.lists(st.from_regex(r"[a-z][a-z0-9-]{0,8}(==[0-9]\.[0-9])?", fullmatch=True), max_size=5)


@given(PACKAGES, PACKAGES)
def test_two_have_the_same_name_where_they_have_the_same_in_them(one: list[str], other: list[str]) -> None:
    first, second = environment_of(one, "", False), environment_of(tuple(other), "", False)
    assert (first.name == second.name) is (set(one) == set(other))
    assert environment_of(one, "", True).name == first.name
    assert environment_of(one, "ubuntu:18.04", False).name != first.name


def test_its_definition_says_what_it_is_built_of() -> None:
    made = environment_of(["numpy", "azureml-sdk[automl]>=1.0"], "", False)
    assert json.loads(made.definition) == {
        "base_image": BASE_IMAGE,
        "dependencies": ["azureml-sdk[automl]>=1.0", "numpy"],
    }
    assert made.name.startswith("azureml_")
    assert environment_of((), "", False) == Environment()


@pytest.mark.parametrize("image", ["A", "a b", "a:b:c", "/a", "a\n", "-a", "a@sha256:0"])
def test_what_is_no_image_is_refused(image: str) -> None:
    with pytest.raises(BadRequest):
        environment_of((), image, False)


@pytest.mark.parametrize("packages", ["numpy", None, 5, {"numpy"}, [b"numpy"], ["nu mpy"], ["-e ."], ["a\n"]])
def test_what_is_no_list_of_packages_is_refused(packages: Any) -> None:
    with pytest.raises(BadRequest):
        environment_of(packages, "", False)


@pytest.mark.parametrize("docker", [0, 1, None, "yes"])
def test_with_docker_or_without(docker: Any) -> None:
    with pytest.raises(BadRequest):
        environment_of((), "", docker)

"""Which version of the SDK a project asks for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from labkit.core.errors import BadInput
from labkit.sdk.azureml.modules import VERSION
from labkit.sdk.pins import (
    MAY_BE_OLDER,
    NEW_ENOUGH,
    NO_VERSION,
    NOT_PINNED,
    OLDER,
    UNREADABLE,
    pins,
)

CONDA = """\
name: train
channels:
  - conda-forge
dependencies:
  - python=3.6
  - azureml-core=1.0.60
  - azureml-train=1.0.83.1=py36  # exact
  - pip:
    - azureml-sdk[notebooks,automl]==1.0.60
"""
REQUIREMENTS = """\
-r other.txt
--index-url https://packages.example/simple
# azureml-sdk==1.0.1
numpy==1.18
azureml-core \\
    ==1.0.79 \\
    --hash=sha256:abc
azureml-defaults
"""


@pytest.mark.parametrize(
    ("asked", "verdict"),
    [
        ("==1.0.60", OLDER),
        ("==1.0.83", OLDER),
        ("==1.0.83.0", OLDER),
        ("==1.0.83.1", NEW_ENOUGH),
        ("==1.0.83.1.post1", NEW_ENOUGH),
        ("==1.0.83.1rc1", OLDER),
        ("==1.0.100", NEW_ENOUGH),
        ("==1.1.0", NEW_ENOUGH),
        ("==1.0.8", OLDER),
        ("===1.0.60", OLDER),
        ("<1.0.83.1", OLDER),
        ("<=1.0.83.1", MAY_BE_OLDER),
        (">1.0.83", MAY_BE_OLDER),
        (">=1.0.83.1", NEW_ENOUGH),
        (">1.0.83.1", NEW_ENOUGH),
        (">=1.0.43", MAY_BE_OLDER),
        (">1.0.60,<1.0.61", OLDER),
        ("~=1.0.83", MAY_BE_OLDER),
        ("~=1.0.85", NEW_ENOUGH),
        ("==1.0.*", MAY_BE_OLDER),
        ("==1.1.*", NEW_ENOUGH),
        ("==1.0.83.*", MAY_BE_OLDER),
        ("!=1.0.60", MAY_BE_OLDER),
        (">=1.0.85,<1.1", NEW_ENOUGH),
        ("<1.0.80,>1.0.90", NO_VERSION),
        ("==1.0.60,!=1.0.60", NO_VERSION),
        ("", NOT_PINNED),
    ],
)
def test_what_a_requirement_admits_is_compared(asked: str, verdict: str) -> None:
    [pin] = pins(f"azureml-sdk{asked}").rows
    assert (pin.verdict, pin.package) == (verdict, "azureml-sdk")
    assert bool(pins(f"azureml-sdk{asked}").older) is (verdict in (OLDER, MAY_BE_OLDER))


@given(st.lists(st.integers(0, 120), min_size=1, max_size=5))
def test_a_pin_is_older_exactly_where_its_version_is(numbers: list[int]) -> None:
    version = ".".join(map(str, numbers))
    [pin] = pins(f"azureml-core=={version}").rows
    assert (pin.verdict == OLDER) is (Version(version) < Version(VERSION))


@given(st.lists(st.integers(0, 120), min_size=1, max_size=4), st.sampled_from(["<", "<=", ">", ">="]))
def test_a_bound_admits_the_documents_version_or_one_beside_it(numbers: list[int], sign: str) -> None:
    bound, documents = Version(".".join(map(str, numbers))), Version(VERSION)
    [pin] = pins(f"azureml-core{sign}{bound}").rows
    if sign == "<":
        assert (pin.verdict == OLDER) is (bound <= documents) or bound == Version("0")
    if sign == ">=":
        assert (pin.verdict == NEW_ENOUGH) is (bound >= documents)


def test_a_conda_file_is_read_line_by_line() -> None:
    assert [(one.line, one.verdict) for one in pins(CONDA).rows] == [(6, OLDER), (7, NEW_ENOUGH), (9, OLDER)]


def test_a_requirements_file_is_read_with_what_goes_on_in_the_next_line() -> None:
    assert [(one.line, one.package, one.verdict) for one in pins(REQUIREMENTS).rows] == [
        (5, "azureml-core", OLDER),
        (8, "azureml-defaults", NOT_PINNED),
    ]


@pytest.mark.parametrize(
    "text",
    ["azureml-sdk = = 5", "azureml-sdk==", "azureml-core @ https://x.example/y.whl", "azureml-sdk==x y"],
)
def test_what_cannot_be_read_is_said_to_be_so(text: str) -> None:
    assert [one.verdict for one in pins(text).rows] == [UNREADABLE]


@pytest.mark.parametrize(
    "text", ["", "numpy==1.0", "azureml-dataprep==1.1", "azure-cli-ml==1.0.60", "azureml", "\n\n"]
)
def test_what_is_not_the_sdk_is_left_out(text: str) -> None:
    found = pins(text)
    assert found.rows == ()
    assert "no package of the SDK is asked for" in repr(found)


def test_quotes_commas_markers_and_underscores_do_not_matter() -> None:
    for text in (
        '"azureml-sdk==1.0.60",',
        "- 'azureml_sdk==1.0.60'",
        'AzureML.SDK==1.0.60; python_version<"4"',
    ):
        assert [one.verdict for one in pins(text).rows] == [OLDER], text


def test_the_table_says_which_version_the_documents_are_about() -> None:
    assert repr(pins("azureml-sdk==1.0.60")).split("\n") == [
        "line  asks for             the documents apply from 1.0.83.1 on",
        "----  -------------------  ------------------------------------",
        "1     azureml-sdk==1.0.60  older",
    ]


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    repr(pins(f"azureml-sdk{text}"))


class Text(str):
    """No text of Python's own."""


@pytest.mark.parametrize(
    "bad", [None, 5, b"azureml-sdk==1.0.60", ["azureml-sdk"], Text("azureml-sdk"), "x" * 100_001]
)
def test_what_is_no_text_or_too_long_is_refused(bad: Any) -> None:
    with pytest.raises(BadInput) as caught:
        pins(bad)
    assert "requirements" in caught.value.required
    assert len(str(caught.value)) < 600

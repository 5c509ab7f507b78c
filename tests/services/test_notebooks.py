"""Notebooks that are kept in the workspace."""

from typing import Any

import pytest

from labkit.azure import Notebooks
from labkit.core.errors import BadRequest, Forbidden, NotFound
from labkit.lab import Lab
from tests.services.ml import ask, dependency, kept, refused, revoke, workspace
from tests.services.test_models import BAD_NAMES


def test_what_was_saved_is_what_is_opened(lab: Lab) -> None:
    for text in ("{}", "größer\n", ""):
        ask(lab, "carl", Notebooks.save, "first.ipynb", text)
        assert ask(lab, "rita", Notebooks.open, "first.ipynb") == text
    assert kept(lab, "storage", f"azureml/{workspace(lab).own('notebooks/first.ipynb')}") == b""


def test_the_identity_reads_and_writes(lab: Lab) -> None:
    ask(lab, "carl", Notebooks.save, "a", "text")
    ask(lab, "carl", Notebooks.open, "a")
    at_storage = [hop for hop in lab.trace if hop.service == "Azure Storage"]
    assert [(hop.operation, hop.subject) for hop in at_storage] == [
        ("Put Blob", "ml-example (managed identity)"),
        ("Get Blob", "ml-example (managed identity)"),
    ]


def test_a_reader_opens_and_saves_nothing(lab: Lab) -> None:
    refusal = refused(lab, Forbidden, "rita", Notebooks.save, "a", "text")
    assert "workspaces/notebooks/storage/write on" in refusal.required


def test_without_the_identity_s_role_on_the_account_there_are_none(lab: Lab) -> None:
    ask(lab, "carl", Notebooks.save, "a", "text")
    revoke(lab, "ml-example", "Storage Blob Data Contributor", dependency(lab, "storage").id)
    refused(lab, Forbidden, "carl", Notebooks.save, "a", "other")
    refused(lab, Forbidden, "carl", Notebooks.open, "a")


def test_what_is_not_there_is_not_found(lab: Lab) -> None:
    assert refused(lab, NotFound, "carl", Notebooks.open, "nothing").code == "BlobNotFound"


@pytest.mark.parametrize("name", BAD_NAMES, ids=repr)
def test_a_notebook_has_a_name(lab: Lab, name: Any) -> None:
    refused(lab, BadRequest, "carl", Notebooks.save, name, "text")
    refused(lab, BadRequest, "carl", Notebooks.open, name)


@pytest.mark.parametrize("text", [None, b"text", 5, [], "\ud800"], ids=repr)
def test_a_notebook_is_a_text(lab: Lab, text: Any) -> None:
    refused(lab, BadRequest, "carl", Notebooks.save, "a", text)

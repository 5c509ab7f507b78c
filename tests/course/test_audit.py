"""Carrying it home: every command runs in the lab, reads alone, and sees a wrong setting."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest

import labkit
from labkit.checkout import checkout
from labkit.core.errors import BadInput
from labkit.core.trace import Hop
from labkit.course.audit import AZ, SDK, Audit, Audits, audit, audits
from labkit.display import render
from labkit.lab import Lab
from labkit.ledger import statements
from labkit.releases import RELEASES
from labkit.sdk.az_session import session_of
from tests.course.audit_scenes import SCENES, as_it_is
from tests.sdk.azureml_lab import nothing_left_active
from tests.services.state import everything

NOTEBOOKS = tuple(dict.fromkeys(one.notebook for one in audits()))
EACH = pytest.mark.parametrize("one", audits(), ids=lambda one: one.id)


@pytest.fixture(autouse=True)
def _nothing_stays_active() -> Iterator[None]:
    with nothing_left_active():
        yield


def said(lab: Lab, one: Audit) -> str:
    """What one of them says."""
    return Audits(one.notebook, (one,)).run(lab).said[one.id]


def reads(hop: Hop) -> bool:
    """Whether a call changes nothing: a sign-in, a list, or what takes a right to read."""
    signs_in = hop.service == "Azure AD"
    return signs_in or hop.operation == "List" or hop.action.endswith(("/read", "/readMetadata/action"))


@EACH
def test_it_reads_and_changes_nothing(one: Audit) -> None:
    lab = labkit.start()
    SCENES[one.id][0](lab)
    lab.az("account show")
    before, begin = everything(lab), len(lab.trace)
    said(lab, one)
    hops = list(lab.trace[begin:])
    assert [str(hop) for hop in hops if not reads(hop)] == []
    assert any(hop.service != "Azure AD" for hop in hops) or one.id in ("start-account", "auth-factor")
    assert everything(lab) == before


@EACH
def test_it_sees_what_is_wrong(one: Audit) -> None:
    answers = []
    for setting in SCENES[one.id]:
        lab = labkit.start()
        setting(lab)
        answers.append(said(lab, one))
    right, wrong = answers
    assert right != wrong
    assert "(not typed" not in right + wrong


@EACH
def test_it_is_carried_out_and_not_refused(one: Audit) -> None:
    lab = labkit.start()
    SCENES[one.id][0](lab)
    # A vault that tells its secrets' names to nobody is as it should be.
    assert ("ERROR" in said(lab, one)) is (one.id == "kv-names")
    assert "Exception:" not in said(lab, one)


def test_every_audit_has_its_two_scenes_and_no_scene_is_left_over() -> None:
    assert list(SCENES) == [one.id for one in audits()]


@EACH
def test_it_checks_a_statement_and_says_what_to_look_for(one: Audit) -> None:
    assert one.statement in statements()
    assert one.kind in (AZ, SDK)
    assert one.kind == SDK or one.command.startswith("az ")
    assert re.fullmatch(r"[A-Z`].*\.", one.look_for)
    if one.today:
        assert re.search(r"https://learn\.microsoft\.com/\S+", one.today)


@EACH
def test_no_column_of_a_table_has_a_name_that_az_leaves_out(one: Audit) -> None:
    if "-o table" in one.command:
        assert re.findall(r"[{,](id|type|etag|revision):", one.command) == []


def test_the_names_are_those_of_notebooks_and_no_id_is_there_twice() -> None:
    assert len({one.id for one in audits()}) == len(audits())
    written = {path.stem for path in (checkout() / "notebooks").glob("*.ipynb")}
    planned = {"06-network-and-transit", "08-data-collection-and-monitoring", "09-data-flows"}
    assert set(NOTEBOOKS) <= written | planned | {"10-incident-drills"}


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_a_list_shows_every_command_whole(notebook: str) -> None:
    listed = audit(notebook)
    for text in (repr(listed), "".join(ElementTree.fromstring(render(listed)["text/html"]).itertext())):
        for one in listed.audits:
            assert all(line in text for line in one.command.split("\n"))
            assert one.statement in text
            assert all(place in text for place in one.places)
    assert "<script" not in render(listed)["text/html"]


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_what_a_new_lab_says_is_shown_and_is_the_same_every_time(notebook: str) -> None:
    first, second = (audit(notebook).run(labkit.start()) for _ in range(2))
    assert repr(first) == repr(second)
    assert "olivia" in repr(first)
    html = render(first)["text/html"]
    assert "what it says" in html
    ElementTree.fromstring(html)


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_a_lab_of_any_release_answers(notebook: str, release: str) -> None:
    ran = audit(notebook).run(labkit.start(release))
    assert set(ran.said) == {one.id for one in ran_audits(notebook)}
    assert [said for said in ran.said.values() if "Error:" in said] == []


def ran_audits(notebook: str) -> tuple[Audit, ...]:
    return tuple(one for one in audits() if one.notebook == notebook)


def test_what_goes_wrong_in_python_is_said_as_python_says_it() -> None:
    one = Audit("x", "01-authentication-flow", SDK, "print(1 / 0)", "Nothing.", "authn-mfa")
    assert said(labkit.start(), one) == "ZeroDivisionError: division by zero"


def test_whoever_is_logged_in_is_the_one_who_audits() -> None:
    lab = labkit.start()
    lab.az("login -u rita")
    ran = audit("07-secrets-and-managed-identity").run(lab)
    assert ran.caller == "rita"
    assert "does not have secrets list permission" in ran.said["kv-names"]
    lab.hire("nora")
    lab.az("login -u nora --allow-no-subscriptions")
    assert "ERROR" in audit("03-rbac-matrix").run(lab).said["rbac-custom-roles"]
    assert (
        "ProjectSystemException" in audit("04-web-service-keys-vs-tokens").run(lab).said["svc-forms-python"]
    )


def test_an_application_that_is_logged_in_audits_with_az_and_olivia_with_python() -> None:
    lab = labkit.start()
    lab.az("login --service-principal -u your-client-id -p your-client-secret --tenant your-tenant-id")
    ran = audit("05-encryption-at-rest").run(lab)
    assert ran.caller == "your-client-id"
    assert ran.said["enc-hbi"] == "False"


def test_the_extension_is_there_for_as_long_as_it_takes() -> None:
    lab = labkit.start()
    audit("09-data-flows").run(lab)
    assert session_of(lab).extensions == set()
    lab.az("extension add -n azure-cli-ml")
    audit("09-data-flows").run(lab)
    assert session_of(lab).extensions == {"azure-cli-ml"}


def test_what_the_lab_does_not_have_is_not_typed() -> None:
    lab = labkit.start()
    as_it_is(lab)
    [item] = [one for one in audit("05-encryption-at-rest").run(lab).items if "list-versions" in one.code]
    assert "<key>" in item.code
    assert item.output == "(not typed: this lab has no <key> yet)"


class Text(str):
    """No text of Python's own."""


@pytest.mark.parametrize(
    "hostile", [None, 3, "", "no such", [], {}, Text("03-rbac-matrix"), object, "x" * 10**5]
)
def test_what_is_no_notebook_and_what_is_no_lab_is_refused(hostile: Any) -> None:
    with pytest.raises(BadInput):
        audit(hostile)
    with pytest.raises(BadInput, match="That is no lab"):
        audit("03-rbac-matrix").run(hostile)


def test_a_slip_in_the_name_is_answered_with_the_name() -> None:
    with pytest.raises(BadInput) as caught:
        audit("3-rbac")
    assert '"03-rbac-matrix"' in caught.value.required

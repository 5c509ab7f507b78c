"""The table of editions, found by trying, beside the documents' own."""

from functools import cache
from typing import Any

import pytest

import labkit
from labkit import releases
from labkit.core.errors import BadInput
from labkit.course.edition_table import ROWS, Arrangement, EditionTable, attempt, edition_table
from labkit.services.machine_learning.edition import EditionRequired
from tests.course.refusing import said_otherwise

found = cache(lambda release, order: edition_table(release, resources_first=order))
# The documents of 2020-03, in their order: (Enterprise, Basic).
DOCUMENTS = [
    *((True, True), (True, True), (True, False), (True, True)),
    *((True, False), (True, True), (True, False), (True, False)),
]
TEXT = """\
What can be had in which edition, found by trying, 2020-03
arrangement                                                 Enterprise  Basic
----------------------------------------------------------  ----------  -----------------------------
no virtual network, no private link                         ✓ yes       ✓ yes
others (not ACR) in a virtual network                       ✓ yes       ✓ yes
others with private link                                    ✓ yes       ✗ no, 400 EditionNotSupported
workspace with private link, others (not ACR) in a network  ✓ yes       ✓ yes
workspace and another resource with private link            ✓ yes       ✗ no, 400 EditionNotSupported
workspace with private link, others with neither            ✓ yes       ✓ yes
ACR in a virtual network                                    ✓ yes       ✗ no, 400 EditionNotSupported
customer-managed keys for the workspace                     ✓ yes       ✗ no, 400 EditionNotSupported"""


def grid(table: EditionTable) -> list[tuple[bool, ...]]:
    return [tuple(bool(table.verdict(row, one)) for one in ("Enterprise", "Basic")) for row in ROWS]


@pytest.mark.parametrize("resources_first", [False, True])
def test_it_is_the_documents_table_whatever_comes_first(resources_first: bool) -> None:
    assert grid(found("2020-03", resources_first)) == DOCUMENTS
    assert repr(found("2020-03", resources_first)) == TEXT


def test_the_other_release_with_editions_is_silent_and_does_the_same() -> None:
    assert grid(found("2020-01", False)) == DOCUMENTS


def test_what_is_refused_is_refused_for_the_edition() -> None:
    refusals = [one.refusal for one in found("2020-03", False).verdicts.values() if not one]
    assert [type(one) for one in refusals] == [EditionRequired] * 4


def test_all_of_it_together_takes_the_higher_edition() -> None:
    everything = Arrangement(("storage", "vault", "registry"), ("storage",), True, True)
    assert attempt(labkit.start(), everything, "Enterprise")
    assert not attempt(labkit.start(), everything, "Basic")


def test_it_changes_with_the_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(releases.TAKES, releases.PRIVATE_LINK, "Basic")
    assert grid(edition_table()) != DOCUMENTS


def test_a_row_is_put_together_as_it_says() -> None:
    lab = labkit.start()
    attempt(lab, ROWS["workspace with private link, others (not ACR) in a network"], "Basic")
    new: Any = next(one for one in lab.resources if one.name == "new")
    assert len(new.firewall.endpoints) == 1
    stores: dict[str, Any] = {role: lab.resources.find(id) for role, id in new.depends_on.items()}
    assert [len(stores[one].firewall.subnets) for one in ("storage", "vault")] == [1, 1]
    assert stores["registry"].firewall is None
    assert not stores["storage"].firewall.public


def test_a_verdict_explains_itself() -> None:
    verdict = found("2020-03", False).verdict("ACR in a virtual network", "Basic")
    assert "registry of a workspace in a virtual network" in repr(verdict)
    for row, edition in (("ACR", "Basic"), ("ACR in a virtual network", "Free"), (None, "Basic")):
        with pytest.raises(BadInput, match="There is no such"):
            found("2020-03", False).verdict(row, edition)


def test_a_release_without_editions_has_no_such_table() -> None:
    with pytest.raises(BadInput, match="knows no editions"):
        edition_table("2019-08")


@pytest.mark.parametrize("first", [None, 1, "yes"])
def test_the_order_is_one_or_the_other(first: Any) -> None:
    with pytest.raises(BadInput, match="Which comes first"):
        edition_table(resources_first=first)


def test_the_release_and_the_seed_are_those_of_a_lab() -> None:
    assert said_otherwise(edition_table) == []
    assert grid(edition_table(seed=None)) == DOCUMENTS


def test_it_is_drawn() -> None:
    shown = found("2020-03", False)._repr_mimebundle_()
    assert "EditionNotSupported" in shown["text/html"]
    assert shown["text/plain"] == TEXT

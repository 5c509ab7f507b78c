"""What a credential opens, as a notebook shows it."""

from xml.etree import ElementTree

import pytest

from labkit.core.credential import Anonymous
from labkit.display.openings_view import html
from labkit.display.text import plain
from labkit.lab import Lab
from labkit.openings import Opening, Openings


def tables(openings: Openings) -> list[ElementTree.Element]:
    return ElementTree.fromstring(f"<div>{html(openings)}</div>").findall(".//table")


def rows(table: ElementTree.Element) -> list[tuple[str, ...]]:
    return [tuple(cell.text or "" for cell in row) for row in table.iterfind("tbody/tr")]


@pytest.fixture
def ritas(lab: Lab) -> Openings:
    """What the token of a Reader opens."""
    return lab.opens(lab.sign_in("rita").bearer)


def test_every_operation_that_would_pass_is_a_row_with_the_number_of_its_targets(ritas: Openings) -> None:
    counts: dict[tuple[str, str], int] = {}
    for one in ritas.opened:
        counts[one.service, one.operation] = counts.get((one.service, one.operation), 0) + 1
    shown = {(service, operation): int(count) for service, operation, count, _ in rows(tables(ritas)[0])}
    assert shown == counts
    assert sum(shown.values()) == len(ritas.opened) > 20


def test_every_target_that_would_open_is_told_from_every_other(ritas: Openings) -> None:
    for _, _, count, targets in rows(tables(ritas)[0]):
        assert len(set(targets.split(", "))) == int(count)


def test_targets_of_one_name_are_told_apart_by_their_resource_group(ritas: Openings) -> None:
    targets = {target for row in rows(tables(ritas)[0]) for target in row[3].split(", ")}
    assert "your-workspace-name in your-resource-group-id" in targets
    assert "your-workspace-name in your-resource-group-name" in targets
    assert "ml-example" in targets


def test_targets_of_one_name_without_a_resource_group_are_written_out() -> None:
    both = [Opening("s", "o", f"https://{host}/same", "", "") for host in ("a", "b")]
    assert rows(tables(Openings("key", tuple(both)))[0])[0][3] == "https://a/same, https://b/same"


def test_every_reason_of_refusal_is_a_row_with_its_count(ritas: Openings) -> None:
    shown = {tuple(row[:3]): int(row[3]) for row in rows(tables(ritas)[1])}
    assert shown == ritas.refusals()
    assert len(ritas.opened) + sum(shown.values()) == len(ritas.attempts)


def test_the_caption_is_the_heading_of_the_text_form(lab: Lab) -> None:
    openings = lab.opens(Anonymous())
    assert tables(openings)[0].findtext("caption") == repr(openings).splitlines()[0]


def test_what_opens_nothing_has_an_empty_table() -> None:
    opened, refused = tables(Openings("key", (Opening("s", "o", "t", "Forbidden", "authorization"),)))
    assert rows(opened) == [("none",)]
    assert rows(refused) == [("s", "authorization", "Forbidden", "1")]


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", "\"'&quot;", "two\nlines", "x" * 10_000])
def test_names_of_any_kind_stay_text(hostile: str) -> None:
    attempts = (
        Opening(hostile, hostile, hostile, "", ""),
        Opening(hostile, hostile, hostile, hostile, hostile),
    )
    opened, refused = tables(Openings(hostile, attempts))
    tags = {part.tag for table in (opened, refused) for part in table.iter()}
    assert tags == {"table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert rows(opened)[0][:2] == (plain(hostile), plain(hostile))
    assert rows(refused)[0][:3] == (plain(hostile),) * 3

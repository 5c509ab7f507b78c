"""What a page owes to those who do not see it."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

from tests.site.conftest import Built
from tests.site.page import Element


def test_every_page_says_its_language_and_its_title(site: Built) -> None:
    titles = Counter[str]()
    for name, page in site.pages().items():
        [top] = page.all("html")
        assert top["lang"] == "en", name
        title = page.all("title")[0].text
        assert title, name
        titles[title] += 1
    assert [title for title, count in titles.items() if count > 1] == []


def test_every_image_says_what_is_to_be_seen(site: Built) -> None:
    found = [(name, one) for name, page in site.pages().items() for one in page.all("img")]
    assert len(found) > 20
    for name, one in found:
        assert len(one["alt"].split()) > 1, f"{name}: {one['src'][:60]}"


def test_every_drawing_in_a_page_has_a_role_and_a_name_or_is_hidden(site: Built) -> None:
    for name, page in site.pages().items():
        for one in page.all("svg"):
            named = one["role"] == "img" and (one["aria-label"] or one["aria-labelledby"])
            assert named or one["aria-hidden"] == "true", name


def test_no_id_is_given_twice_on_a_page(site: Built) -> None:
    for name, page in site.pages().items():
        twice = [id for id, count in Counter(page.ids).items() if count > 1]
        assert twice == [], name


def test_headings_begin_with_the_title_and_leave_out_no_level(site: Built) -> None:
    for name, page in site.pages().items():
        headings = [one for one in page.elements if re.fullmatch("h[1-6]", one.tag) and one.inside("main")]
        levels = [int(one.tag[1]) for one in headings]
        assert levels[:1] == [1], name
        assert levels.count(1) == 1, name
        assert [pair for pair in pairwise(levels) if pair[1] > pair[0] + 1] == [], name
        assert [one.text for one in headings if not one.text] == [], name


def test_every_table_has_headers(site: Built) -> None:
    for name, page in site.pages().items():
        tables = [one for one in page.all("table") if one.inside("main")]
        headed = {id(above) for one in page.all("th") for above in one.within if above.tag == "table"}
        assert [one.text[:60] for one in tables if id(one) not in headed] == [], name


def test_every_link_says_where_it_leads(site: Built) -> None:
    for name, page in site.pages().items():
        assert [one["href"] for one in page.all("a") if one["href"] and not says(one)] == [], name


def says(one: Element) -> str:
    return one.text or one["aria-label"] or one["title"]

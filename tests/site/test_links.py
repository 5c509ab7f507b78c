"""Where the pages lead, and what they load. Addresses of other hosts are looked at and not fetched: there is
no network here."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from tests.site.conftest import Built

# What the course cites.
HOSTS = {"learn.microsoft.com", "keepachangelog.com", "z2jh.jupyter.org"}
_FETCHED_BY_CSS = re.compile(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)")


def local(site: Built) -> Iterator[tuple[str, str, str]]:
    """Each link inside of the site: on which page, to which file, to which id there."""
    for name, page in site.pages().items():
        for address in page.links:
            parts = urlsplit(address)
            if not parts.scheme and not parts.netloc:
                path = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(parts.path)))
                yield name, path if parts.path else name, unquote(parts.fragment)


def test_every_link_inside_of_the_site_leads_to_a_page_and_a_place_on_it(site: Built) -> None:
    pages = site.pages()
    found = list(local(site))
    assert len(found) > 1000
    broken = []
    for name, path, fragment in found:
        if path not in pages:
            broken.append(f"{name}: no page {path}")
        elif fragment and fragment not in pages[path].ids:
            broken.append(f"{name}: no {fragment} on {path}")
    assert broken == []


def test_no_link_leads_to_a_notebook_or_a_file_of_the_checkout(site: Built) -> None:
    assert [path for _, path, _ in local(site) if not path.endswith(".html")] == []


def test_every_link_to_another_host_is_https_and_to_one_that_the_course_cites(site: Built) -> None:
    outside = {address for page in site.pages().values() for address in page.links if "://" in address}
    assert len(outside) > 20
    for address in outside:
        parts = urlsplit(address)
        assert parts.scheme == "https", address
        assert parts.hostname in HOSTS, address
        assert parts.port is None, address
        assert parts.username is None, address
        assert re.fullmatch(r"[!-~]+", address), address


def test_no_link_is_of_another_kind(site: Built) -> None:
    for name, page in site.pages().items():
        assert {urlsplit(address).scheme for address in page.links} <= {"", "https"}, name


def test_pages_load_nothing_from_another_host(site: Built) -> None:
    for name, page in site.pages().items():
        for address in page.loads:
            parts = urlsplit(address)
            assert parts.scheme in ("", "data"), f"{name} loads {address[:80]}"
            assert not parts.netloc, f"{name} loads {address[:80]}"


def test_what_pages_load_is_there(site: Built) -> None:
    for name, page in site.pages().items():
        for address in page.loads:
            parts = urlsplit(address)
            if not parts.scheme and parts.path:
                path = site.folder / posixpath.join(posixpath.dirname(name), unquote(parts.path))
                assert path.is_file() or path.with_suffix(".html").is_file(), f"{name} loads {address}"


def test_style_sheets_load_nothing_from_another_host_and_only_what_is_there(site: Built) -> None:
    sheets = sorted(site.folder.rglob("*.css"))
    assert sheets
    for sheet in sheets:
        for found in _FETCHED_BY_CSS.findall(sheet.read_text("utf-8")):
            parts = urlsplit("".join(found))
            assert parts.scheme in ("", "data"), f"{sheet.name} loads {found}"
            assert not parts.netloc, f"{sheet.name} loads {found}"
            if not parts.scheme and parts.path:
                assert (sheet.parent / parts.path).is_file(), f"{sheet.name} loads {found}"

import json
from pathlib import Path
from typing import Any

import pytest

from labkit.core.errors import BadInput
from labkit.course.glossary import Term
from labkit.course.lessons import course_map, first_uses, lesson, lessons

TERMS = (
    Term("tenant", "says", "00.ipynb", ("tenant", "tenants")),
    Term("Resource Manager", "says", "00.ipynb", ("Resource Manager", "ARM")),
    Term("key set", "says", "01.ipynb", ("key set", "kid")),
)


def write(path: Path, *markdown: str, **declared: Any) -> Path:
    """A notebook with these Markdown cells, and a code cell that is not prose."""
    labkit = {"title": "A title", "minutes": 5, "teaches": [], "requires": []} | declared
    cells = [{"cell_type": "markdown", "source": text.splitlines(keepends=True)} for text in markdown]
    code = {"cell_type": "code", "source": "tenants = 'the key set of a tenant'", "outputs": []}
    path.write_text(json.dumps({"metadata": {"labkit": labkit}, "cells": [*cells, code]}), "utf-8")
    return path


def test_a_notebook_says_what_it_teaches(tmp_path: Path) -> None:
    path = write(tmp_path / "00.ipynb", "# One", "Two", teaches=["tenant"], requires=["ARM"], minutes=45)
    found = lesson(path)
    assert (found.notebook, found.title, found.minutes) == ("00.ipynb", "A title", 45)
    assert (found.teaches, found.requires) == (("tenant",), ("ARM",))
    assert found.prose == "# One\n\nTwo"


def declaring(cells: str = "[]", **changed: str) -> str:
    """A notebook as JSON; values are JSON too."""
    entries = {"title": '"t"', "minutes": "1", "teaches": "[]", "requires": "[]"} | changed
    labkit = ", ".join(f'"{name}": {value}' for name, value in entries.items())
    return f'{{"metadata": {{"labkit": {{{labkit}}}}}, "cells": {cells}}}'


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\x80",
        "[]",
        "{}",
        '{"metadata": {}, "cells": []}',
        '{"metadata": {"labkit": {"title": "t"}}, "cells": []}',
        '{"metadata": {"labkit": []}, "cells": []}',
        declaring(title="1"),
        declaring(minutes="true"),
        declaring(teaches="5"),
        declaring(cells="[1]"),
        declaring(cells='[{"cell_type": "markdown", "source": 5}]'),
    ],
)
def test_what_is_no_notebook_of_the_course(tmp_path: Path, content: str) -> None:
    (tmp_path / "00.ipynb").write_text(content, "latin-1")
    with pytest.raises(BadInput, match=r"presented: 00\.ipynb"):
        lessons(tmp_path)


def test_the_made_up_notebook_is_one(tmp_path: Path) -> None:
    (tmp_path / "00.ipynb").write_text(declaring())
    assert lessons(tmp_path)[0].minutes == 1


def test_a_missing_notebook(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"05\.ipynb"):
        lesson(tmp_path / "05.ipynb")


@pytest.mark.parametrize(
    ("prose", "used"),
    [
        ("A tenant is this.", ["tenant"]),
        ("Tenants are those.", ["tenant"]),
        ("The **key\nset** of it", ["key set"]),
        ("> the key\n> set of it", ["key set"]),
        ("Azure Resource Manager, ARM", ["Resource Manager"]),
        ("`tenant`", ["tenant"]),
        ("[the tenant](there.html)", ["tenant"]),
        ("an arm and a leg, a resource manager", []),
        ("tenanted your-tenant-id tenant_id tenants-are", []),
        ("[there](tenant.html) https://example.org/tenant/kid", []),
        ("kidding, a key\n\na set", []),
        ("", []),
    ],
)
def test_words_are_found_as_whole_words(tmp_path: Path, prose: str, used: list[str]) -> None:
    found = lesson(write(tmp_path / "00.ipynb", prose))
    assert list(first_uses([found], TERMS)) == used


def test_the_first_use_is_the_first_in_reading_order(tmp_path: Path) -> None:
    write(tmp_path / "10.ipynb", "the tenant and its key set")
    write(tmp_path / "02.ipynb", "a tenant")
    assert [each.notebook for each in lessons(tmp_path)] == ["02.ipynb", "10.ipynb"]
    assert first_uses(lessons(tmp_path), TERMS) == {"tenant": "02.ipynb", "key set": "10.ipynb"}


def test_the_map_lists_notebooks_and_what_comes_before(tmp_path: Path) -> None:
    write(tmp_path / "00.ipynb", teaches=["tenant"], title="First", minutes=10)
    write(tmp_path / "01.ipynb", requires=["tenant"], title="Second", minutes=20)
    assert list(course_map(tmp_path).rows) == [("00", "First", 10, "nothing"), ("01", "Second", 20, "00")]


def test_the_map_of_the_course() -> None:
    assert "00-start-here" in repr(course_map())

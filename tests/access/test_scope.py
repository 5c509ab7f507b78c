"""Scopes: which texts are some, what they are called, and what lies above what."""

from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.access.errors import InvalidScope
from labkit.access.scope import LONGEST, Hierarchy, check_scope, label, management_group

GROUP = "/subscriptions/s/resourceGroups/g"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/w"


class Shifty(str):
    """A text that says one thing at one time and another at the next."""

    def lower(self) -> str:
        return "/subscriptions/another"


@pytest.mark.parametrize(
    "scope",
    [
        "/",
        "/subscriptions/s",
        "/subscriptions/s/",
        GROUP,
        GROUP.upper(),
        WORKSPACE,
        f"{WORKSPACE}/computes/c",
        f"{WORKSPACE}/computes/c/providers/N.S/t/n",
        "/subscriptions/s/providers/N.S/t/n",
        management_group("m"),
    ],
)
def test_an_id_is_a_scope(scope: str) -> None:
    assert check_scope(scope) == (scope.rstrip("/") or "/")


@pytest.mark.parametrize(
    "scope",
    [
        *(None, "", 5, b"/", [], {}, Shifty("/subscriptions/s")),
        *("subscriptions/s", "/subscriptions", "/subscriptions/", "//", " /", "/ ", "/subscriptions/s\n"),
        *("/subscriptions//s", "//subscriptions/s", f"{GROUP}//providers/N.S/t/n", "/resourceGroups/g"),
        *(f"{GROUP}/..", f"{GROUP}/../h", f"{GROUP}/.", "/subscriptions/s/../t", f"{GROUP}/%2e%2e/h"),
        *(f"{GROUP}?x", f"{GROUP}#x", f"{GROUP}/*", "/subscriptions/*", "*", "https://example.com/"),
        *(f"{GROUP}/vaults/v", f"{GROUP}/providers/N.S", f"{GROUP}/providers/N.S/t", f"{WORKSPACE}/computes"),
        *(f"{management_group('m')}/x", management_group(""), management_group("a/b")),
        *("/subscriptions/\ud800", "/subscriptions/s\x00", "/subscriptions/-s", "/subscriptions/" + "s" * 91),
        # Letters that are small or capital forms of others in Python, and not in Azure.
        *("/\u017fubscriptions/s", "/subscriptions/\u212a", "/subscriptions/\u0131", "/subscriptions/\u0130"),
        "/subscriptions/s" + "/providers/a/b/c" * LONGEST,
    ],
    ids=lambda scope: repr(scope)[:40],
)
def test_anything_else_is_none(scope: Any) -> None:
    with pytest.raises(InvalidScope) as caught:
        check_scope(scope)
    assert str(caught.value).isprintable() or "\n" in str(caught.value)
    assert len(str(caught.value)) < 1000


@given(st.text("/.*sgp?\ud800\u017f ", max_size=30))
def test_only_clean_texts_pass(text: str) -> None:
    try:
        assert check_scope(text) == "/"
    except InvalidScope:
        assert text != "/"


@pytest.mark.parametrize("tail", ["/providers/a", "/providers/providers", "/providers/a/b"])
def test_no_text_takes_long_to_refuse(tail: str) -> None:
    before = process_time()
    for end in ("", "/", "/!", "//"):
        text = "/subscriptions/s" + tail * ((LONGEST - 20) // len(tail)) + end
        try:
            check_scope(text)
        except InvalidScope:
            continue
    assert process_time() - before < 0.5


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        ("/", "the root"),
        (management_group("m"), "management group m"),
        ("/subscriptions/s", "subscription s"),
        (GROUP, "resource group g"),
        (WORKSPACE, "workspaces/w in g"),
        (f"{WORKSPACE}/computes/c", "computes/c in g"),
        ("/subscriptions/s/providers/N.S/t/n", "t/n"),
        ("/elsewhere", "/elsewhere"),
    ],
)
def test_a_scope_has_a_short_name(scope: str, said: str) -> None:
    assert label(scope) == said


class TestHierarchy:
    def test_what_is_in_no_group_lies_below_the_root(self) -> None:
        found = Hierarchy().ancestors(WORKSPACE.upper() + "/")
        assert found[:3] == ["/", "/subscriptions/s", "/subscriptions/s/resourcegroups"]
        assert GROUP.lower() in found
        assert found[-1] == WORKSPACE.lower()

    def test_groups_lie_between_the_root_and_the_subscription(self) -> None:
        tree = Hierarchy()
        tree.place("/SUBSCRIPTIONS/s/", management_group("Inner"))
        tree.place(management_group("INNER"), management_group("outer"))
        groups = [management_group(name).lower() for name in ("outer", "inner")]
        assert tree.ancestors("/subscriptions/S") == ["/", *groups, "/subscriptions/s"]
        assert tree.ancestors(management_group("inner")) == ["/", *groups]
        assert tree.parent("/subscriptions/S/") == groups[1]
        assert tree.parent("/subscriptions/t") == "/"

    @pytest.mark.parametrize("scope", ["/", "", "/subscriptions", "subscriptions/s"])
    def test_what_is_no_id_has_the_root_above_it_alone(self, scope: str) -> None:
        assert Hierarchy().ancestors(scope) == ["/"]

    def test_no_group_lies_inside_of_itself(self) -> None:
        tree = Hierarchy()
        a, b, c = map(management_group, "abc")
        tree.place(b, a)
        tree.place(c, b)
        before = dict(tree._parents)
        for child, parent in ((a, c), (a, a), (b, c.upper()), (a, b + "/")):
            with pytest.raises(InvalidScope, match="inside of itself"):
                tree.place(child, parent)
        assert tree._parents == before

    def test_a_step_is_taken_back(self) -> None:
        tree = Hierarchy()
        first = tree.place("/subscriptions/s", management_group("a"))
        second = tree.place("/subscriptions/s", management_group("b"))
        second()
        assert tree.parent("/subscriptions/s") == management_group("a").lower()
        first()
        assert tree._parents == {}

    @given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd")), max_size=12))
    def test_whatever_is_placed_the_way_up_ends_at_the_root(self, moves: list[tuple[str, str]]) -> None:
        tree = Hierarchy()
        for child, parent in moves:
            try:
                tree.place(management_group(child), management_group(parent))
            except InvalidScope:
                continue
        for name in "abcd":
            above = tree.ancestors(management_group(name))
            assert above[0] == "/"
            assert len(above) == len(set(above)) <= 5

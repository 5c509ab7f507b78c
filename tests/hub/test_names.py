"""Whatever stands on a class list, nobody becomes an account that was there before."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from labhub.names import LONGEST_LOGIN, PREFIX, Person, login_of, people
from labhub.trouble import Trouble

GOOD = {
    "Anna Müller": "anna-muller",
    "ben": "ben",
    "BEN": "ben",
    "Jean-Luc O'Neil": "jean-luc-oneil",
    "Łukasz Żółw": "lukasz-zolw",
    "Søren Ærø": "soren-aero",
    "Straße": "strasse",
    "  spaces   inside ": "spaces-inside",
    "x.y_z@example.org": "x-y-z-example-org",
    "42": "42",
    "root": "root",
    "../../etc/passwd": "etc-passwd",
    "-rf": "rf",
    "$(reboot)": "reboot",
    "ﬁona": "fiona",
}
# Without letters that a login can have.
NONE = ["李雷", "Иван", "Anna Ж", "---", "", "🙂", "\u202e", "٣"]


@pytest.mark.parametrize("name", GOOD)
def test_a_name_becomes_a_login(name: str) -> None:
    assert login_of(name) == GOOD[name]


@pytest.mark.parametrize("name", NONE)
def test_a_name_that_would_lose_letters_becomes_none(name: str) -> None:
    assert login_of(name) == ""


@given(st.text(max_size=300))
def test_a_login_has_nothing_that_means_something_to_a_shell_or_a_path(name: str) -> None:
    login = login_of(name)
    assert re.fullmatch(r"(?:[a-z0-9]+(?:-[a-z0-9]+)*)?", login)
    assert login_of(login) == login


@pytest.mark.parametrize(
    "prefix", ["", "lab", "-", "Lab-", "1a-", "../-", "a" * 11 + "-", "la b-", "lab-\n", "läb-"]
)
def test_a_prefix_that_could_give_a_strange_account_is_refused(prefix: str) -> None:
    assert not PREFIX.fullmatch(prefix)


def test_a_class_list_has_names_comments_and_logins_of_ones_own() -> None:
    text = "\ufeff# monday\r\n\r\nAnna Müller\r\n  lilei = 李雷  \r\nben\n"
    assert people(text) == [
        Person("anna-muller", "Anna Müller"),
        Person("lilei", "李雷"),
        Person("ben", "ben"),
    ]
    assert people("") == []


BAD = {
    "李雷": "there is no login",
    "Root = x": "there is no login",
    "a b = x": "there is no login",
    "../x = x": "there is no login",
    "x =": "that is no name",
    "= x": "there is no login",
    "a\x1b[2Jb": "that is no name",
    "ab\u202e": "that is no name",
    "a" * 101: "that is no name",
    "a" * (LONGEST_LOGIN + 1): "has more than",
    "Anna Müller\nanna muller": "2 people would sign in as 'anna-muller'",
    "ben\nBen": "2 people would sign in as 'ben'",
}


@pytest.mark.parametrize("text", BAD)
def test_a_name_that_cannot_be_is_told_with_its_line_and_what_to_do(text: str) -> None:
    with pytest.raises(Trouble) as caught:
        people(f"anton\n{text}\nzoe\n")
    told = str(caught.value)
    assert BAD[text] in told
    assert "line 2" in told or "2 people" in told
    assert told.replace("\n", "").isprintable()


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(Trouble) as caught:
        people("李雷\nben\nЖ\nBEN\n")
    assert [line.split(",")[0].strip() for line in str(caught.value).splitlines()[1:3]] == [
        "line 1",
        "line 3",
    ]
    assert "2 people" in str(caught.value)


@given(st.text(max_size=200))
def test_whatever_a_list_holds_it_is_read_or_refused(text: str) -> None:
    try:
        found = people(text)
    except Trouble:
        return
    logins = [one.login for one in found]
    assert len(set(logins)) == len(logins)
    assert all(0 < len(login) <= LONGEST_LOGIN for login in logins)

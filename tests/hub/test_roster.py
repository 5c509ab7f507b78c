"""A code opens for one learner, and nobody reads it again."""

import stat
from pathlib import Path

import pytest
from labhub.authenticator import ClassAuthenticator
from labhub.roster import Learner, hashed, new_code, read, renewed, write
from labhub.trouble import Trouble

CODES = {"anna": new_code(), "ben": new_code()}
LEARNERS = [
    Learner(login, login.title(), f"lab-{login}", 1001 + at, 1001 + at, hashed(code))
    for at, (login, code) in enumerate(CODES.items())
]


def test_a_code_opens_for_its_learner_alone() -> None:
    anna, ben = LEARNERS
    assert anna.opens(CODES["anna"])
    assert anna.opens(CODES["anna"].replace("-", " ").upper() + " ")
    assert not anna.opens(CODES["ben"])
    assert ben.opens(CODES["ben"])


@pytest.mark.parametrize("typed", ["", "-", " ", "\0", "é", "x" * 100_000, "\ud800"])
def test_what_is_no_code_opens_nothing(typed: str) -> None:
    assert not LEARNERS[0].opens(typed)


def test_codes_are_long_and_all_different_and_easy_to_read() -> None:
    codes = {new_code() for _ in range(1000)}
    assert len(codes) == 1000
    assert all(len(code) == 14 and code.count("-") == 2 for code in codes)
    assert not set("".join(codes)) & set("01ilo")


def test_a_new_code_ends_the_one_before() -> None:
    learner, code = renewed(LEARNERS[0])
    assert learner.opens(code)
    assert not learner.opens(CODES["anna"])


def test_the_roster_comes_back_as_it_was_and_holds_no_code(tmp_path: Path) -> None:
    file = tmp_path / "roster.json"
    assert read(file) == {}
    write(file, LEARNERS)
    assert list(read(file).values()) == LEARNERS
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["roster.json"]
    assert not any(code in file.read_text() + repr(LEARNERS) for code in CODES.values())


@pytest.mark.parametrize("text", ["", "{", "{}x", '[{"login": "anna"}]', "[1]", "3"])
def test_a_damaged_roster_is_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "roster.json"
    file.write_text(text)
    with pytest.raises(Trouble, match="The roster is damaged"):
        read(file)


async def knock(name: str, code: str) -> str | None:
    return await ClassAuthenticator().authenticate(None, {"username": name, "password": code})


@pytest.fixture
def class_of_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "secrets"
    folder.mkdir()
    write(folder / "roster.json", LEARNERS)
    # The path of a test is longer than that of a hub may be.
    monkeypatch.setattr("labhub.settings.LONGEST_FOLDER", 1000)
    monkeypatch.setenv("LABHUB_FOLDER", str(tmp_path))
    return folder / "roster.json"


@pytest.mark.parametrize("name", ["anna", "Anna", " ANNA "])
def test_who_types_name_and_code_comes_in(class_of_two: Path, name: str) -> None:
    assert run(knock(name, CODES["anna"])) == "anna"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("anna", "ben"),
        ("zoe", "anna"),
        ("", "anna"),
        ("root", "anna"),
        ("anna\0", ""),
        ("李雷", "anna"),
        ("x" * 10**6, "anna"),
    ],
)
def test_nobody_else_does(class_of_two: Path, name: str, code: str) -> None:
    assert run(knock(name, CODES.get(code, code))) is None


def test_who_is_taken_from_the_roster_is_out_at_once(class_of_two: Path) -> None:
    assert run(knock("anna", CODES["anna"])) == "anna"
    write(class_of_two, LEARNERS[1:])
    assert run(knock("anna", CODES["anna"])) is None


def run(coroutine: object) -> object:
    import asyncio

    return asyncio.run(coroutine)  # type: ignore[arg-type]

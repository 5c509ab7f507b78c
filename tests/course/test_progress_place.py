"""Where progress is kept."""

from pathlib import Path

import pytest

from labkit.course.progress_place import Unkept, data_folder, progress_file

HOME = Path("/home/carl")


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: HOME)


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_the_variable_comes_first(system: str) -> None:
    others = {"XDG_DATA_HOME": "/x", "APPDATA": "/y"}
    assert data_folder({"LABKIT_DATA": "/z", **others}, system) == Path("/z")


@pytest.mark.parametrize(
    ("system", "environment", "folder"),
    [
        ("linux", {}, HOME / ".local/share/labkit"),
        ("linux", {"LABKIT_DATA": ""}, HOME / ".local/share/labkit"),
        ("linux", {"XDG_DATA_HOME": "/x"}, Path("/x/labkit")),
        ("linux", {"XDG_DATA_HOME": ""}, HOME / ".local/share/labkit"),
        ("linux", {"XDG_DATA_HOME": "x"}, HOME / ".local/share/labkit"),
        ("darwin", {"XDG_DATA_HOME": "/x"}, HOME / "Library/Application Support/labkit"),
        ("win32", {"APPDATA": "/roaming"}, Path("/roaming/labkit")),
        ("win32", {}, HOME / "AppData/Roaming/labkit"),
    ],
)
def test_each_system_has_its_folder(system: str, environment: dict[str, str], folder: Path) -> None:
    assert data_folder(environment, system) == folder


def test_a_path_that_depends_on_where_one_stands_is_refused() -> None:
    with pytest.raises(Unkept, match=r"LABKIT_DATA has to be a full path"):
        data_folder({"LABKIT_DATA": "data"}, "linux")


def test_the_home_folder_may_be_written_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(HOME))
    assert data_folder({"LABKIT_DATA": "~/lab"}, "linux") == HOME / "lab"


def test_a_home_that_depends_on_where_one_stands_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: Path("here"))
    with pytest.raises(Unkept, match="your home folder is not known"):
        data_folder({}, "linux")


def test_who_has_no_home_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nowhere)
    with pytest.raises(Unkept, match="your home folder is not known"):
        data_folder({}, "linux")


def test_the_variable_is_read_when_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABKIT_DATA", "/somewhere")
    assert progress_file() == Path("/somewhere/progress.sqlite")


def test_no_test_keeps_anything_where_the_user_does(monkeypatch: pytest.MonkeyPatch) -> None:
    first = progress_file()
    assert "labkit-data-" in str(first)
    assert not first.exists(), "and begins with nothing done"

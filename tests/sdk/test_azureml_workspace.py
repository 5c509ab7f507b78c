"""`azureml.core.Workspace`: by name, by details, and by a file of them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from labkit.azure import ResourceManager
from labkit.lab import Lab
from labkit.services.machine_learning.workspace import TYPE
from tests.sdk.azureml_lab import PLACE, hops, nothing_left_active
from tests.services.ml import GROUP, revoke

DETAILS = ("subscription_id", "resource_group", "workspace_name")


@pytest.fixture(autouse=True)
def _clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    with nothing_left_active():
        yield


@pytest.fixture
def active(lab: Lab) -> Iterator[Lab]:
    with lab.activate():
        yield lab


def sdk() -> Any:
    from azureml.core import Workspace

    return Workspace


def refused(name: str, call: Any) -> Any:
    from azureml import exceptions

    with pytest.raises(getattr(exceptions, name)) as caught:
        call()
    assert type(caught.value).__name__ == name
    return caught.value


def written(folder: Path, name: str = "config.json", **other: Any) -> Path:
    """A file of connection details."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps({**PLACE, **other}))
    return folder / name


class TestByDetails:
    def test_it_is_what_resource_manager_shows(self, active: Lab) -> None:
        ws = sdk()("your-sub-id", "your-resource-group-name", "ml-example")
        assert (ws.name, ws.resource_group, ws.subscription_id) == (
            "ml-example",
            "your-resource-group-name",
            "your-sub-id",
        )
        assert (ws.id, ws.location) == (active.workspace, "eastus")
        assert repr(ws) == (
            "Workspace(name='ml-example', subscription_id='your-sub-id', "
            "resource_group='your-resource-group-name')"
        )

    def test_the_details_have_the_sdks_names(self, active: Lab) -> None:
        details = sdk()(**PLACE).get_details()
        assert details["id"] == active.workspace
        assert (details["type"], details["location"], details["sku"]) == (TYPE, "eastus", "Basic")
        assert (details["keyVault"], details["storageAccount"]) == (active.vault, active.storage)
        assert {"containerRegistry", "applicationInsights", "identityPrincipalId"} <= details.keys()
        assert details["hbiWorkspace"] is False

    def test_it_is_equal_to_itself_in_whatever_spelling(self, active: Lab) -> None:
        one, same = sdk()(**PLACE), sdk()("YOUR-SUB-ID", "Your-Resource-Group-Name", "ML-example")
        other = sdk()("your-sub-id", "your-resource-group-name", "your-workspace-name")
        assert one == same != other
        assert {one, same} == {one}
        assert one != "ml-example"

    @pytest.mark.parametrize("name", DETAILS)
    @pytest.mark.parametrize("value", [None, "", 5, "a/b", b"x", ["x"]])
    def test_what_is_no_name_is_refused_before_anybody_is_asked(
        self, active: Lab, name: str, value: Any
    ) -> None:
        error = refused("UserErrorException", lambda: sdk()(**{**PLACE, name: value}))
        assert error.message.startswith(name)
        assert len(active.trace) == 0

    def test_one_that_is_not_there_is_the_labs_refusal(self, lab: Lab) -> None:
        with lab.activate("olivia"):
            error = refused("ProjectSystemException", lambda: sdk()(**{**PLACE, "workspace_name": "none"}))
        assert str(error) == str(error.inner_exception)
        assert str(error).startswith("404 NotFound: There is no such resource.")

    def test_one_that_may_not_be_read_is_the_labs_refusal(self, active: Lab) -> None:
        revoke(active, "carl@contoso.example", "Contributor", GROUP)
        active.clock.advance("1h")
        error = refused("ProjectSystemException", lambda: sdk()(**PLACE))
        assert str(error).startswith("403 AuthorizationFailed: carl@contoso.example may not do this.")
        assert f"{TYPE}/read on {active.workspace}" in error.required

    def test_what_was_deleted_meanwhile_is_gone(self, active: Lab) -> None:
        ws = sdk()(**PLACE)
        active.ask("olivia", ResourceManager.delete, active.workspace, active.sign_in("olivia").bearer)
        assert refused("ProjectSystemException", ws.get_details).code == "NotFound"


class TestByName:
    def test_it_is_found_wherever_it_is(self, active: Lab) -> None:
        assert sdk().get(name="ml-example").id == active.workspace
        assert sdk().get("ML-Example", subscription_id="your-sub-id").id == active.workspace
        assert sdk().get("ml-example", resource_group="your-resource-group-name").id == active.workspace

    def test_with_everything_named_it_is_the_constructor(self, active: Lab) -> None:
        ws = sdk().get("ml-example", None, "your-sub-id", "your-resource-group-name")
        assert ws == sdk()(**PLACE)
        assert hops(active, "List") == []

    def test_of_several_the_resource_group_says_which(self, active: Lab) -> None:
        error = refused("WorkspaceException", lambda: sdk().get("your-workspace-name"))
        assert error.found_multiple
        assert "your-resource-group-name, your-resource-group-id" in error.presented
        for group in ("your-resource-group-name", "your-resource-group-id"):
            assert sdk().get("your-workspace-name", resource_group=group).resource_group == group

    @pytest.mark.parametrize(
        "where", [{}, {"subscription_id": "your-sub-id"}, {"resource_group": "your-resource-group-id"}]
    )
    def test_where_there_is_none_it_says_which_there_are(self, active: Lab, where: dict[str, str]) -> None:
        error = refused("WorkspaceException", lambda: sdk().get("nothing", **where))
        assert not error.found_multiple
        assert error.required.endswith("your-workspace-name")

    @pytest.mark.parametrize("name", [None, "", 5, "a/b"])
    def test_what_is_no_name_is_refused(self, active: Lab, name: Any) -> None:
        refused("UserErrorException", lambda: sdk().get(name))

    def test_what_may_not_be_read_is_not_found(self, active: Lab) -> None:
        revoke(active, "carl@contoso.example", "Contributor", GROUP)
        active.clock.advance("1h")
        error = refused("WorkspaceException", lambda: sdk().get("ml-example"))
        assert error.required == "your-workspace-name"
        assert set(sdk().list("your-sub-id")) == {"your-workspace-name"}

    def test_all_are_listed_by_name(self, active: Lab) -> None:
        found = sdk().list("your-sub-id")
        assert {name: len(those) for name, those in found.items()} == {
            "ml-example": 1,
            "your-workspace-name": 2,
        }
        in_group = sdk().list("your-sub-id", resource_group="your-resource-group-id")
        assert [ws.id for those in in_group.values() for ws in those] == [
            ws.id for ws in found["your-workspace-name"] if ws.resource_group == "your-resource-group-id"
        ]
        assert sdk().list("another-sub") == {}


class TestByFile:
    @pytest.mark.parametrize("folder", [".", ".azureml", "aml_config", "..", "../.azureml", "../../.."])
    def test_the_file_is_looked_for_here_and_above(
        self, active: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
    ) -> None:
        here = tmp_path / "a" / "b" / "c"
        here.mkdir(parents=True)
        monkeypatch.chdir(here)
        written(here / folder)
        assert sdk().from_config() == sdk()(**PLACE)

    def test_a_file_in_azureml_above_goes_before_one_here(self, active: Lab, tmp_path: Path) -> None:
        written(tmp_path / ".azureml")
        written(tmp_path / "here", workspace_name="your-workspace-name")
        assert sdk().from_config(tmp_path / "here").name == "ml-example"

    def test_it_may_be_named_as_a_file_or_a_folder(self, active: Lab, tmp_path: Path) -> None:
        written(tmp_path / "elsewhere", "mine.json")
        assert sdk().from_config(path=str(tmp_path / "elsewhere" / "mine.json")).name == "ml-example"
        assert sdk().from_config(tmp_path / "elsewhere", _file_name="mine.json").name == "ml-example"

    def test_what_was_written_is_read(self, active: Lab, tmp_path: Path) -> None:
        ws = sdk()(**PLACE)
        assert list(tmp_path.iterdir()) == []
        ws.write_config()
        assert json.loads((tmp_path / ".azureml" / "config.json").read_text()) == PLACE
        assert sdk().from_config() == ws
        ws.write_config(tmp_path / "deep" / "down", "other.json")
        assert sdk().from_config(tmp_path / "deep" / "down" / ".azureml" / "other.json") == ws

    def test_the_file_holds_nothing_that_opens(self, active: Lab, tmp_path: Path) -> None:
        sdk()(**PLACE).write_config(tmp_path)
        assert json.loads((tmp_path / ".azureml" / "config.json").read_text()).keys() == set(DETAILS)

    def test_a_byte_order_mark_is_no_hindrance(self, active: Lab, tmp_path: Path) -> None:
        (tmp_path / "config.json").write_text(json.dumps(PLACE), encoding="utf-8-sig")
        assert sdk().from_config().name == "ml-example"

    def test_without_a_file_it_says_where_it_looked_and_nobody_is_asked(
        self, active: Lab, tmp_path: Path
    ) -> None:
        error = refused("UserErrorException", sdk().from_config)
        assert str(tmp_path) in error.presented
        assert "write_config" in error.advice
        assert len(active.trace) == 0
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        "content",
        [b"", b"{", b"[]", b"null", b"5", b"\xff\xfe", b"[" * 100_000, b'"' + b"x" * 200_000 + b'"'],
        ids=["empty", "cut", "list", "null", "number", "no text", "deep", "long"],
    )
    def test_a_file_that_is_none_is_refused(self, active: Lab, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "config.json").write_bytes(content)
        error = refused("UserErrorException", sdk().from_config)
        assert "config.json" in error.presented
        assert len(active.trace) == 0

    @pytest.mark.parametrize("name", DETAILS)
    @pytest.mark.parametrize("value", [None, "", 5, [], {"a": 1}])
    def test_details_that_are_missing_are_refused(
        self, active: Lab, tmp_path: Path, name: str, value: Any
    ) -> None:
        written(tmp_path, **{name: value})
        assert "is not complete" in str(refused("UserErrorException", sdk().from_config))

    @pytest.mark.parametrize("path", [5, "a\0b", b"x", [], "x" * 5000])
    def test_a_path_that_is_none_is_refused(self, active: Lab, path: Any) -> None:
        refused("UserErrorException", lambda: sdk().from_config(path))
        refused("UserErrorException", lambda: sdk()(**PLACE).write_config(path))

    def test_a_file_in_the_way_of_the_folder_is_refused(self, active: Lab, tmp_path: Path) -> None:
        (tmp_path / ".azureml").write_text("")
        assert "cannot be written" in str(refused("UserErrorException", sdk()(**PLACE).write_config))

"""Activating a lab: the SDK's names lead to it, for as long as it is active and no longer."""

import importlib
import sys
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import labkit
from labkit.core.errors import BadInput
from labkit.lab import Lab
from labkit.sdk.activation import current
from labkit.wire import attached
from tests.sdk.azureml_lab import PLACE, loaded, nothing_left_active


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    with nothing_left_active():
        yield


def core() -> Any:
    """`azureml.core`, imported now."""
    return importlib.import_module("azureml.core")


def lab_of(workspace: Any) -> Lab:
    found: Lab = workspace.auth.session.lab
    return found


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An SDK that is installed beside the lab: `azureml.core` and `azureml.train`."""
    for name in ("core", "train"):
        (tmp_path / "azureml" / name).mkdir(parents=True)
        (tmp_path / "azureml" / name / "__init__.py").write_text(f"MINE = '{name}'\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in loaded():
        del sys.modules[name]


class TestWhileItLasts:
    def test_the_documents_imports_work_inside_and_not_outside(self, lab: Lab) -> None:
        with lab.activate():
            from azureml.core import Workspace
            from azureml.core.authentication import (
                InteractiveLoginAuthentication,
                ServicePrincipalAuthentication,
            )
            from azureml.core.model import InferenceConfig, Model
            from azureml.core.webservice import AciWebservice
            from azureml.exceptions import WebserviceException

            names = (Workspace, InteractiveLoginAuthentication, ServicePrincipalAuthentication, Model)
            assert all(isinstance(one, type) for one in (*names, InferenceConfig, AciWebservice))
            assert issubclass(WebserviceException, Exception)
        assert loaded() == {}
        with pytest.raises(ModuleNotFoundError, match="No module named 'azureml'"):
            core()

    def test_a_plain_call_lasts_until_deactivate(self, lab: Lab) -> None:
        lab.activate()
        assert core().Workspace
        lab.deactivate()
        assert loaded() == {}
        lab.deactivate()

    def test_it_says_who_sits_at_the_keyboard(self, lab: Lab) -> None:
        assert repr(lab.activate("rita")) == (
            "The lab is active until lab.deactivate(). At the keyboard: rita."
        )
        headless = lab.activate(None)
        assert "nobody (headless)" in repr(headless)
        lab.deactivate()
        assert repr(headless) == "An activation of a lab that has ended."

    @pytest.mark.parametrize("person", ["nobody", "", "your-client-id", 1, True, [], b"carl"])
    def test_an_unknown_person_is_bad_input_and_nothing_is_active(self, lab: Lab, person: Any) -> None:
        with pytest.raises(BadInput, match="Nobody of that name") as caught:
            lab.activate(person)
        assert caught.value.required == "olivia, carl, rita, gita"
        with pytest.raises(BadInput, match="No lab is active"):
            current()

    def test_somebody_who_was_hired_may_sit_there(self, lab: Lab) -> None:
        lab.hire("hana")
        with lab.activate("hana"):
            assert current().person == "hana"

    def test_an_exception_inside_ends_it_and_goes_on(self, lab: Lab) -> None:
        def fails() -> None:
            with lab.activate():
                assert core()
                _ = 1 / 0

        with pytest.raises(ZeroDivisionError):
            fails()
        assert loaded() == {}

    def test_with_gives_the_lab(self, lab: Lab) -> None:
        with lab.activate() as given:
            assert given is lab

    def test_one_that_has_ended_is_not_entered_again(self, lab: Lab) -> None:
        ended = lab.activate()
        with ended:
            pass
        with pytest.raises(BadInput, match="has ended"), ended:
            pass

    def test_deactivate_inside_a_with_ends_that_as_well(self, lab: Lab) -> None:
        with lab.activate():
            lab.deactivate()
            assert loaded() == {}

    def test_a_class_that_is_kept_says_that_no_lab_is_active(self, lab: Lab) -> None:
        with lab.activate():
            kept = core().Workspace
        with pytest.raises(BadInput, match="No lab is active"):
            kept(**PLACE)

    def test_a_workspace_that_is_kept_stays_with_its_lab(self, lab: Lab) -> None:
        with lab.activate():
            ws = core().Workspace(**PLACE)
        with labkit.start().activate():
            assert ws.get_details()["name"] == "ml-example"
        assert lab_of(ws) is lab


class TestSeveral:
    def test_one_after_the_other_each_leads_to_its_own_lab(self, lab: Lab) -> None:
        labs, found = [lab, labkit.start()], []
        for one in labs:
            with one.activate():
                found.append(core().Workspace(**PLACE))
        assert [lab_of(ws) for ws in found] == labs
        assert found[0] != found[1]

    def test_the_inner_one_holds_and_the_outer_one_comes_back(self, lab: Lab) -> None:
        other = labkit.start()
        with lab.activate():
            outside = core()
            with other.activate("rita"):
                assert lab_of(core().Workspace(**PLACE)) is other
            assert core() is outside
            assert lab_of(core().Workspace(**PLACE)) is lab

    def test_another_person_of_the_same_lab_may_sit_down_for_a_while(self, lab: Lab) -> None:
        with lab.activate("carl"):
            with lab.activate("rita"):
                assert current().person == "rita"
            assert current().person == "carl"

    def test_they_may_end_in_any_order(self, lab: Lab) -> None:
        other = labkit.start()
        lab.activate()
        other.activate()
        lab.deactivate()
        assert current().lab is other
        assert lab_of(core().Workspace(**PLACE)) is other
        other.deactivate()
        assert loaded() == {}

    def test_deactivate_ends_all_of_its_own_and_no_other(self, lab: Lab) -> None:
        other = labkit.start()
        for one in (lab, other, lab):
            one.activate()
        lab.deactivate()
        assert current().lab is other
        other.deactivate()

    def test_the_real_host_names_lead_where_the_sdks_names_lead(self, lab: Lab) -> None:
        other = labkit.start()
        found = [attached.current()]
        for one in (lab, other, lab):
            one.activate()
            found.append(attached.current())
        other.activate()
        lab.deactivate()
        found.append(attached.current())
        other.deactivate()
        assert found == [None, lab, other, lab, other]
        assert attached.current() is None

    def test_when_the_inner_one_of_a_lab_ends_the_one_around_it_answers(self, lab: Lab) -> None:
        other = labkit.start()
        with lab.activate(), other.activate():
            with lab.activate():
                assert attached.current() is lab
            assert attached.current() is other


class TestBesideARealSdk:
    def test_it_is_hidden_inside_and_comes_back_to_the_very_module(self, lab: Lab, installed: Path) -> None:
        real = core()
        before = loaded()
        with lab.activate():
            assert not hasattr(core(), "MINE")
            with pytest.raises(ImportError, match=r"The lab has no azureml\.train"):
                importlib.import_module("azureml.train")
        assert loaded() == before
        assert core() is real
        assert importlib.import_module("azureml.train").MINE == "train"

    def test_one_that_was_not_loaded_yet_is_found_afterwards(self, lab: Lab, installed: Path) -> None:
        with lab.activate():
            assert core().Workspace
        assert core().MINE == "core"

    def test_it_comes_back_whatever_the_order(self, lab: Lab, installed: Path) -> None:
        real, other = core(), labkit.start()
        lab.activate()
        other.activate()
        lab.deactivate()
        assert core() is not real
        other.deactivate()
        assert core() is real

    def test_modules_of_like_names_are_left_alone(self, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
        like = ModuleType("azureml_extra")
        monkeypatch.setitem(sys.modules, "azureml_extra", like)
        with lab.activate():
            assert importlib.import_module("azureml_extra") is like
        assert sys.modules["azureml_extra"] is like


class TestNames:
    @pytest.mark.parametrize(
        "code",
        [
            "from azureml.core import Dataset",
            "from azureml.core.webservice import LocalWebservice",
            "from azureml.exceptions import TrainingException",
            "from azureml import train",
            "import azureml.core.dataset",
            "import azureml.pipeline.core",
        ],
    )
    def test_a_name_without_counterpart_says_what_there_is(self, lab: Lab, code: str) -> None:
        with lab.activate(), pytest.raises(ImportError, match="The lab has no azureml") as caught:
            exec(code)
        assert "azureml.core: Environment, Model, Webservice, Workspace" in str(caught.value)

    @pytest.mark.parametrize("code", ["azureml.core.Run", "azureml.data", "azureml.core.model.Dataset"])
    def test_so_does_an_attribute(self, lab: Lab, code: str) -> None:
        with lab.activate():
            importlib.import_module("azureml.core.model")
            with pytest.raises(AttributeError, match=r"It covers:\n  azureml\.core: Env"):
                eval(code, {"azureml": importlib.import_module("azureml")})

    def test_the_version_is_the_one_that_the_documents_name(self, lab: Lab) -> None:
        with lab.activate():
            assert core().VERSION == core().__version__ == "1.0.83.1"

    def test_the_module_says_where_it_comes_from(self, lab: Lab) -> None:
        with lab.activate():
            spec = find_spec("azureml.core")
            assert spec is not None
            assert spec.origin == "labkit"
            assert "The lab's azureml.core" in core().__doc__

    def test_everything_named_can_be_imported_by_star(self, lab: Lab) -> None:
        names: dict[str, Any] = {}
        with lab.activate():
            exec("from azureml.core import *", names)
        assert {"Workspace", "Model", "Webservice", "Environment"} <= names.keys()

    def test_reloading_gives_the_same_classes(self, lab: Lab) -> None:
        with lab.activate():
            module = core()
            before = module.Workspace
            del module.Workspace
            assert importlib.reload(module) is module
            assert module.Workspace is before


def test_a_thread_sees_the_activation_of_the_process(lab: Lab) -> None:
    found: list[Any] = []
    with lab.activate():
        thread = threading.Thread(target=lambda: found.append(core().Workspace(**PLACE)))
        thread.start()
        thread.join()
    assert [lab_of(ws) for ws in found] == [lab]

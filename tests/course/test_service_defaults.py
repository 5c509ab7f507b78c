"""What a web service takes by default, found by deploying and trying."""

from importlib import import_module
from typing import Any

import pytest

from labkit.core.errors import Forbidden
from labkit.course.service_defaults import NOT_AVAILABLE, OFF, ON, ServiceDefaults, service_defaults
from labkit.course.service_scene import deploy
from labkit.lab import Lab
from labkit.releases import RELEASES
from labkit.services.machine_learning import service_forms
from labkit.services.machine_learning.web_services import WebService
from tests.course.refusing import said_otherwise

TEXT = """\
                   ACI             AKS
-----------------  --------------  --------------
key                off by default  on by default
token              not available   off by default
let in by default  anybody         key"""


@pytest.fixture(scope="module")
def here() -> ServiceDefaults:
    return service_defaults()


def test_it_is_the_documents_table(here: ServiceDefaults) -> None:
    assert here.found == {
        ("key", "aci"): OFF,
        ("key", "aks"): ON,
        ("token", "aci"): NOT_AVAILABLE,
        ("token", "aks"): OFF,
    }
    assert here.let_in == {"aci": ("anybody",), "aks": ("key",)}
    assert repr(here) == TEXT
    assert here._repr_mimebundle_() == here.as_table()._repr_mimebundle_()
    assert "off by default" in here._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize("release", RELEASES)
def test_every_release_has_the_same(here: ServiceDefaults, release: str) -> None:
    assert repr(service_defaults(release)) == repr(here)


@pytest.mark.parametrize("seed", [7, None])
def test_the_seed_makes_no_difference(here: ServiceDefaults, seed: int | None) -> None:
    assert service_defaults(seed=seed) == here


def test_other_defaults_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(service_forms.FORMS, "aci", ("key", "token"))  # type: ignore[arg-type]
    monkeypatch.setitem(service_forms.FORMS, "aks", ("token", "key", "none"))  # type: ignore[arg-type]
    other = service_defaults()
    assert other.found == {
        ("key", "aci"): ON,
        ("key", "aks"): OFF,
        ("token", "aci"): OFF,
        ("token", "aks"): ON,
    }
    assert other.let_in == {"aci": ("key",), "aks": ("token",)}


def test_what_fails_for_another_reason_is_no_default(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_a_role(lab: Lab, form: str, **options: Any) -> WebService:
        if form:
            raise Forbidden("Not today.")
        return deploy(lab, form, **options)

    monkeypatch.setattr(import_module("labkit.course.service_defaults"), "deploy", without_a_role)
    with pytest.raises(Forbidden, match="Not today"):
        service_defaults()


def test_bad_input_is_told_so() -> None:
    assert said_otherwise(service_defaults) == []

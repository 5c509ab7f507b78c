"""The how-to's samples run as they are printed: their names, their arguments, in their order."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from labkit.azure import CLIENT_ID
from labkit.identity.token import Token
from labkit.lab import Lab
from labkit.sdk import prelude
from tests.sdk import azureml_samples as samples
from tests.sdk.azureml_lab import PLACE, PROMPT, hops, nothing_left_active

VARIABLES = {
    "AML_TENANT_ID": "your-tenant-id",
    "AML_PRINCIPAL_ID": "your-client-id",
    "AML_PRINCIPAL_PASS": "your-client-secret",
}


@pytest.fixture(autouse=True)
def _clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    with nothing_left_active():
        yield


def run(*cells: str, **names: Any) -> dict[str, Any]:
    """The names that are there after these cells of one notebook."""
    for cell in cells:
        exec(cell, names)
    return names


def spelt(sample: str) -> str:
    """A sample with what is wrong in it put right: the misspelt argument."""
    return sample.replace("auth_enable=", "auth_enabled=")


class TestInteractive:
    def test_both_forms_show_the_prompt_and_give_the_same_workspace(
        self, lab: Lab, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with lab.activate():
            explicit = run(samples.FROM_CONFIG.splitlines()[1], samples.EXPLICIT)["ws"]
            explicit.write_config()
        assert capsys.readouterr().out.count(PROMPT) == 1
        with lab.activate():
            from_config = run(samples.FROM_CONFIG)["ws"]
        assert capsys.readouterr().out.count(PROMPT) == 1
        assert from_config == explicit

    def test_the_tenant_is_selected(self, lab: Lab) -> None:
        with lab.activate("gita"):
            auth = run(samples.TENANT)["interactive_auth"]
            assert Token(auth.bearer().token, lab.clock).claims["tid"] == "your-tenant-id"


class TestServicePrincipal:
    @pytest.mark.parametrize("cells", [(), (samples.ENVIRONMENT,)], ids=["literal", "environment"])
    def test_a_headless_session_gets_the_details(self, lab: Lab, cells: tuple[str, ...]) -> None:
        with lab.activate(person=None):
            names = run(samples.PRINCIPAL, *cells, samples.GET)
        assert names["details"]["id"] == lab.workspace
        assert {subject for *_, subject, _ in hops(lab, "Get token")} == {"client secret"}

    @pytest.mark.parametrize("missing", VARIABLES)
    def test_a_variable_that_is_not_set_is_named(self, lab: Lab, missing: str) -> None:
        del os.environ[missing]
        with lab.activate(), pytest.raises(KeyError, match=missing):
            run(samples.PRINCIPAL, samples.ENVIRONMENT)

    def test_the_secret_is_in_nothing_that_is_shown(
        self, lab: Lab, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with lab.activate():
            names = run(samples.PRINCIPAL, samples.ENVIRONMENT, samples.GET)
            shown = " ".join(repr(names[name]) for name in ("sp", "ws", "details"))
        assert CLIENT_ID in shown
        assert VARIABLES["AML_PRINCIPAL_PASS"] not in shown + capsys.readouterr().out + repr(lab.trace)


class TestWebService:
    @pytest.fixture
    def names(self, lab: Lab) -> Iterator[dict[str, Any]]:
        """After the samples before, and the prelude that gives what these ones leave undefined."""
        with lab.activate():
            names = run(samples.PRINCIPAL, samples.GET)
            myenv, model, service = prelude(names["ws"], folder=".")
            yield names | {"myenv": myenv, "model": model, "service": service}

    def test_the_misspelt_argument_is_a_type_error(self, names: dict[str, Any]) -> None:
        with pytest.raises(TypeError, match="unexpected keyword argument 'auth_enable'"):
            run(samples.ACI_CONFIG, **names)

    def test_with_that_put_right_it_is_deployed_and_its_keys_are_regenerated(
        self, names: dict[str, Any], capsys: pytest.CaptureFixture[str]
    ) -> None:
        names = run(spelt(samples.ACI_CONFIG), spelt(samples.DEPLOY), **names)
        assert 'operation "Succeeded"' in capsys.readouterr().out
        before = names["aci_service"].get_keys()
        run(samples.REGENERATE, **names)
        assert not {*before} & {*names["aci_service"].get_keys()}

    def test_the_token_is_printed_with_when_to_ask_again(
        self, lab: Lab, names: dict[str, Any], capsys: pytest.CaptureFixture[str]
    ) -> None:
        names = run(samples.TOKEN, **names)
        assert capsys.readouterr().out.strip() == names["token"]
        assert (
            lab.clock.now < names["refresh_by"].timestamp() <= Token(names["token"], lab.clock).claims["exp"]
        )


def test_nothing_is_written_unasked(lab: Lab, tmp_path: Path) -> None:
    with lab.activate():
        names = run(samples.PRINCIPAL, samples.GET)
        prelude(names["ws"])
    assert list(tmp_path.iterdir()) == []
    assert names["ws"].name == PLACE["workspace_name"]

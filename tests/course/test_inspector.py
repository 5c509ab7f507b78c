"""The token inspector without a browser: the function, and the shell around it."""

from __future__ import annotations

import pytest

from labkit.core.errors import BadInput
from labkit.course.gallery import gallery
from labkit.course.inspector import TAMPERINGS, inspect_token, inspector
from labkit.furniture import CLIENT_ID
from labkit.identity.forgery import ATTACKS
from labkit.lab import Lab, start

REASONS = {
    "61 minutes later": "TokenExpired",
    "another audience": "WrongAudience",
    "another tenant": "WrongTenant",
    "alg none": "UnsignedToken",
    "changed object id": "ContentChanged",
    "own key, real kid": "SignatureInvalid",
    "jku": "ForeignKeyAddress",
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_every_tampering_is_refused_and_none_is_not(tampering: str) -> None:
    inspection = inspect_token(tampering)
    assert inspection.verdict.accepted is (tampering == "nothing")
    if tampering in REASONS:
        assert type(inspection.verdict.refusal).__name__ == REASONS[tampering]


@pytest.mark.parametrize("who", ["rita", CLIENT_ID])
@pytest.mark.parametrize("release", ["2019-08", "2020-01"])
def test_it_inspects_anybodys_token_in_any_release(who: str, release: str) -> None:
    assert inspect_token("nothing", who, release).verdict
    assert not inspect_token("stretched lifetime", who, release).verdict


def test_it_says_what_was_changed_and_nothing_else() -> None:
    [(part, name, before, after)] = inspect_token("changed object id").changes
    assert (part, name) == ("claim", "oid")
    assert before != after
    assert inspect_token("nothing").changes == ()
    assert inspect_token("huge").changes == ()


@pytest.mark.parametrize("tampering", ["nothing", "jku", "another audience"])
def test_it_shows_no_usable_token(tampering: str) -> None:
    lab = start()
    signature = lab.sign_in("carl", second_factor=True).reveal().rpartition(".")[2]
    inspection = inspect_token(tampering)
    assert signature not in repr(inspection) + str(inspection._repr_mimebundle_())


@pytest.mark.parametrize("tampering", [None, 3, "JKU", ["jku"], "x" * 100_000, "\ud800"])
def test_an_unknown_tampering_is_bad_input(tampering: object) -> None:
    with pytest.raises(BadInput, match="no such tampering"):
        inspect_token(tampering)  # type: ignore[arg-type]


def test_text_and_html_end_with_the_same_answer() -> None:
    bundle = inspect_token()._repr_mimebundle_()
    assert bundle["text/plain"].splitlines()[-1] == "ACCEPTED: Resource Manager shows the workspace"
    assert "Resource Manager shows the workspace" in bundle["text/html"].partition("</table>")[2]


def test_the_widget_offers_every_tampering() -> None:
    _, control, _, _ = inspector().box.children
    assert (control.description, tuple(control.options)) == ("Tampering", tuple(TAMPERINGS))


def test_where_there_is_no_widget_its_text_is_that_of_the_first_choice() -> None:
    panel = inspector()
    bundle = panel._repr_mimebundle_()
    assert bundle["text/plain"] == repr(panel) == repr(inspect_token("nothing"))
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_the_gallery_tries_every_attack_and_none_works(lab: Lab) -> None:
    shown = gallery(lab)
    assert [one.attack for one in shown.exhibits] == list(ATTACKS)
    assert shown.worked == ()
    assert "0 of 22 forged tokens were accepted" in repr(shown)


def test_the_gallery_would_say_that_an_attack_worked(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labkit.identity.verifier._check_header", lambda header: None)
    monkeypatch.setattr("labkit.identity.verifier._check_signature", lambda parts, key: None)
    shown = gallery(lab)
    assert "changed object id" in shown.worked
    assert "IT WORKED" in repr(shown)

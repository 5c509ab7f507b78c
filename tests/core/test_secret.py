"""A secret is shown to whoever asks for it by name, and to nobody else."""

from __future__ import annotations

import labkit
from labkit.azure import DataStores
from labkit.core.secret import Secret


def test_a_secret_prints_its_length_and_reveals_its_value_only_when_asked() -> None:
    secret = Secret("hunter2")
    assert "hunter2" not in f"{secret} {secret!r} {[secret]}"
    assert secret.reveal() == "hunter2"
    assert secret == Secret("hunter2") != Secret("hunter3")


def test_a_verdict_on_a_secret_does_not_show_it() -> None:
    lab = labkit.start()
    bearer = lab.sign_in("carl").bearer
    verdict = lab.attempt("carl", DataStores.credential, lab.workspace, bearer, "workspaceblobstore")
    assert verdict.value is not None
    key = verdict.value.reveal().partition("AccountKey=")[2][:20]
    assert len(key) == 20
    assert key not in repr(verdict) + str(verdict._repr_mimebundle_())

"""What somebody types wrong who makes up a client, an authority, or a place for certificates."""

import ssl
from pathlib import Path
from typing import Any

import pytest

from labkit.core.errors import BadInput
from labkit.course.service_scene import deploy
from labkit.lab import Lab
from labkit.wire.capture import Capture
from labkit.wire.certificates import Authority
from labkit.wire.endpoint import Client, on_loopback

AUTHORITY = Authority("tests")
CERTIFICATE = AUTHORITY.certificate("score.contoso.com")
HALF = "\ud800"


@pytest.mark.parametrize(
    "said",
    [
        *({"tls": one} for one in (None, "no", 0)),
        *({"verifies": one} for one in (None, "no", 1)),
        *({"ca_file": one} for one in (5, Path("ca.pem"), b"ca.pem")),
        *({"name": one} for one in (None, 5, b"a", HALF, "a\nb", "a..b", "é.com", "x" * 64, "a." * 130)),
        *({"newest": one} for one in ("TLSv1", 771, ssl.TLSVersion.SSLv3, ssl.TLSVersion.MAXIMUM_SUPPORTED)),
    ],
    ids=repr,
)
def test_a_client_that_there_cannot_be(said: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="No client") as caught:
        Client(**said)
    (name,) = said
    assert caught.value.presented.startswith(f"{name}: ")
    assert name in caught.value.required


@pytest.mark.parametrize("name", ["", "127.0.0.1", "localhost", "score.contoso.com.", "a_b-c.D"])
def test_what_a_host_may_be_called(name: str) -> None:
    assert Client(name=name).name == name


@pytest.mark.parametrize("content", [None, "", "no certificate", "x\0y"])
def test_a_file_without_an_authority(lab: Lab, tmp_path: Path, content: str | None) -> None:
    service = deploy(lab, "none", target="aci", name="secured", certificate=CERTIFICATE)
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with on_loopback(lab, service) as exposed:
        for path in (str(file), f"{file}\0", "x" * 5000, HALF, str(tmp_path)):
            with pytest.raises(BadInput, match="No certificate of an authority"):
                exposed.post("[1]", None, Client(ca_file=path))
        with pytest.raises(BadInput, match="a text"):
            exposed.post(HALF)
    assert exposed.capture.sent == b""


def test_half_a_character_is_looked_for_and_not_found() -> None:
    assert not Capture().holds(HALF)


@pytest.mark.parametrize("name", ["", HALF, "two\nlines", "x" * 61, 5, None])
def test_an_authority_has_a_name_that_can_be_shown(name: Any) -> None:
    with pytest.raises(BadInput, match="has a name"):
        Authority(name)


@pytest.mark.parametrize("folder", [None, 5, b".", "", "not/there", HALF, "x" * 5000, "a\0b", ["."]])
def test_files_go_to_a_folder_that_is_there(folder: Any) -> None:
    for save in (AUTHORITY.save, CERTIFICATE.save):
        with pytest.raises(BadInput, match="a folder that is there"):
            save(folder)


def test_a_key_that_is_saved_is_nobody_elses_whatever_was_there(tmp_path: Path) -> None:
    key, other = tmp_path / "key.pem", tmp_path / "other"
    other.write_text("other")
    key.symlink_to(other)
    CERTIFICATE.save(tmp_path)
    assert (key.read_text(), other.read_text()) == (CERTIFICATE.key.reveal(), "other")
    key.chmod(0o644)
    CERTIFICATE.save(tmp_path)
    assert key.stat().st_mode & 0o777 == 0o600

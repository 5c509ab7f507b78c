"""Signing in over SSH: the right password or the right key, and nothing else."""

from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from labkit.authenticators.ssh import SshKey, SshPassword, by_key, by_password, public_line, shadow
from labkit.core.errors import Unauthenticated
from tests.hostile import Text, Yes

PASSWORD, SALT = "correct horse battery", b"salt"


def text(key: Any, format: PrivateFormat = PrivateFormat.PKCS8, password: bytes = b"") -> str:
    closed = BestAvailableEncryption(password) if password else NoEncryption()
    made: bytes = key.private_bytes(Encoding.PEM, format, closed)
    return made.decode()


KEY, RSA = Ed25519PrivateKey.generate(), rsa.generate_private_key(65537, 2048)


@pytest.fixture
def machine() -> Any:
    return SimpleNamespace(
        name="box",
        passwords={"ann": (SALT, shadow(PASSWORD, SALT))},
        authorized_keys={"ann": (f"{public_line(KEY)} a comment", public_line(RSA)), "bob": ()},
    )


def test_the_password_of_an_account_opens_it(machine: Any) -> None:
    who = by_password(SshPassword("ann", PASSWORD), machine, 0)
    assert (who.kind, who.name, who.object_id) == ("machine account", "ann@box", "")


@pytest.mark.parametrize("format", [PrivateFormat.PKCS8, PrivateFormat.OpenSSH], ids=str)
@pytest.mark.parametrize("key", [KEY, RSA], ids=["ed25519", "rsa"])
def test_an_authorized_key_opens_it(machine: Any, key: Any, format: PrivateFormat) -> None:
    assert by_key(SshKey("ann", text(key, format)), machine, 0).name == "ann@box"


@pytest.mark.parametrize(
    ("username", "password"),
    [
        *(("ann", one) for one in ("", "wrong", PASSWORD + " ", "\ud800", None, 5, PASSWORD.encode(), Yes())),
        *((one, PASSWORD) for one in ("", "bob", "Ann", "root", None, 5, ["ann"], Yes())),
        ("nobody", ""),
    ],
    ids=lambda one: ascii(one) if type(one) is str else type(one).__name__,
)
def test_another_name_or_password_does_not(machine: Any, username: Any, password: Any) -> None:
    with pytest.raises(Unauthenticated, match="Permission denied"):
        by_password(SshPassword(username, password), machine, 0)


def other_keys() -> dict[str, Any]:
    mine = text(KEY)
    return {
        "another": text(Ed25519PrivateKey.generate()),
        "curve": text(ec.generate_private_key(ec.SECP256R1())),
        "public": public_line(KEY),
        "closed": text(KEY, password=b"x"),
        "cut off": mine[:60],
        "empty": "",
        "bytes": mine.encode(),
        "half a character": "\ud800",
        "nothing": None,
        "yes": Yes(),
    }


@pytest.mark.parametrize("case", list(other_keys()))
def test_another_key_does_not(machine: Any, case: str) -> None:
    given = other_keys()[case]
    with pytest.raises(Unauthenticated) as caught:
        by_key(SshKey("ann", given), machine, 0)
    assert caught.value.presented == "SSH key, not shown"


@pytest.mark.parametrize("username", ["bob", "nobody", "", None, ["ann"]])
def test_a_key_opens_the_account_that_has_it_and_no_other(machine: Any, username: Any) -> None:
    with pytest.raises(Unauthenticated):
        by_key(SshKey(username, text(KEY)), machine, 0)


def test_a_text_that_lies_about_itself_opens_nothing(machine: Any) -> None:
    for cred in (SshPassword(Text("ann"), PASSWORD), SshPassword("ann", Text(PASSWORD))):
        with pytest.raises(Unauthenticated):
            by_password(cred, machine, 0)
    for key in (SshKey(Text("ann"), text(KEY)), SshKey("ann", Text(text(KEY)))):
        with pytest.raises(Unauthenticated):
            by_key(key, machine, 0)


def test_neither_prints_what_it_holds(machine: Any) -> None:
    for cred in (SshPassword("ann", "hunter2"), SshKey("ann", text(KEY))):
        assert "hunter2" not in repr(cred)
        assert "PRIVATE" not in repr(cred)
    with pytest.raises(Unauthenticated) as caught:
        by_password(SshPassword("ann", "hunter2"), machine, 0)
    assert "hunter2" not in str(caught.value) + repr(caught.value)


def test_a_password_is_kept_salted() -> None:
    assert shadow(PASSWORD, b"one") != shadow(PASSWORD, b"two")
    assert PASSWORD.encode() not in shadow(PASSWORD, b"one")

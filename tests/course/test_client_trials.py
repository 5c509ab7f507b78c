"""What the trials of a learner's client find out: who was answered, and who could read the key."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import labkit
from labkit.course.client_trials import ANOTHER_AUTHORITY, ANOTHER_NAME, BODY, IN_PLAIN, THE_SERVICE, meet
from labkit.wire.capture import Capture

FOUR = [THE_SERVICE, ANOTHER_AUTHORITY, ANOTHER_NAME, IN_PLAIN]
Send = Callable[[Any, str, str, str], Any]


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def careful(session: Any, address: str, key: str, ca_file: str) -> str:
    if not address.startswith("https://"):
        raise ValueError("not over an open wire")
    return str(session.post(address, data=BODY, headers=bearer(key), verify=ca_file).text)


def trusting(session: Any, address: str, key: str, ca_file: str) -> str:
    return str(session.post(address, data=BODY, headers=bearer(key), verify=False).text)


def read_by(client: Send) -> dict[str, str]:
    """By whom a key was read, at each of the four."""
    with closing(meet(labkit.start(), client)) as found:
        return {
            name: ("everybody " * called.on_wire + "impostor " * called.taken).strip()
            for name, called in found
        }


def test_a_careful_client_is_answered_by_the_service_alone() -> None:
    found = dict(meet(labkit.start(), careful))
    assert list(found) == FOUR
    assert found[THE_SERVICE].ran.value == found[THE_SERVICE].expected
    assert "churn:1" in found[THE_SERVICE].expected
    raised = {name: type(found[name].ran.error).__name__ for name in FOUR[1:]}
    assert raised == {ANOTHER_AUTHORITY: "SSLError", ANOTHER_NAME: "SSLError", IN_PLAIN: "ValueError"}
    assert read_by(careful) == dict.fromkeys(FOUR, "")


def test_a_client_that_takes_any_certificate_is_fooled() -> None:
    both = {ANOTHER_AUTHORITY: "impostor", ANOTHER_NAME: "impostor"}
    assert read_by(trusting) == {THE_SERVICE: "", **both, IN_PLAIN: "everybody"}


# Ways in which a key is carried, each by a client that takes any certificate.
CARRIED: dict[str, Send] = {
    "another method": lambda session, at, key, _: session.get(at, headers=bearer(key), verify=False),
    "another path": lambda session, at, key, _: session.post(
        at.replace("score", "health"), headers=bearer(key), verify=False
    ),
    "the path": lambda session, at, key, _: session.post(f"{at}/{key}/x", verify=False),
    "the query": lambda session, at, key, _: session.post(at, params={"key": key}, verify=False),
    "the body": lambda session, at, key, _: session.post(at, data=f"key={key}", verify=False),
    "another header": lambda session, at, key, _: session.post(at, headers={"X-Key": key}, verify=False),
    **{
        f"Basic, {name}": lambda session, at, key, _, name=name: session.post(  # type: ignore[misc]
            at, auth=(name, key), verify=False
        )
        for name in ("", "u", "us", "user")
    },
}


@pytest.mark.parametrize("way", CARRIED)
def test_a_key_is_found_however_it_is_carried(way: str) -> None:
    both = {ANOTHER_AUTHORITY: "impostor", ANOTHER_NAME: "impostor"}
    assert read_by(CARRIED[way]) == {THE_SERVICE: "", **both, IN_PLAIN: "everybody"}


def test_whoever_asks_without_a_key_gives_none_away() -> None:
    asked = read_by(lambda session, at, key, _: session.get(at, headers=bearer("none"), verify=False))
    assert asked == dict.fromkeys(FOUR, "")


def test_an_open_wire_to_the_service_itself_is_seen() -> None:
    def downgrading(session: Any, address: str, key: str, ca_file: str) -> str:
        try:
            return trusting(session, address.replace("https://", "http://"), key, ca_file)
        except OSError:
            return careful(session, address, key, ca_file)

    assert read_by(downgrading) == dict.fromkeys(FOUR, "everybody")


def test_a_key_that_was_kept_from_another_call_is_seen_too() -> None:
    kept: list[str] = []

    def forgetful(session: Any, address: str, key: str, ca_file: str) -> str:
        kept.append(key)
        return str(session.post(address, headers=bearer(kept[0]), verify=ca_file).text)

    assert read_by(forgetful)[IN_PLAIN] == "everybody"
    assert len(set(kept)) == 2


def test_an_answer_may_be_read_bit_by_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    # The connection is open until it has been read: nobody waits for its end before.
    monkeypatch.setattr(Capture, "settle", lambda self, since, begun=True: begun or pytest.fail("waits"))

    def streaming(session: Any, address: str, key: str, ca_file: str) -> str:
        answer = session.post(
            address, data=BODY, headers=bearer(key), verify=ca_file if "https" in address else "", stream=True
        )
        return "".join(answer.iter_content(5, decode_unicode=True))

    found = dict(meet(labkit.start(), streaming))
    assert found[THE_SERVICE].ran.value == found[THE_SERVICE].expected
    assert found[IN_PLAIN].on_wire


def test_nothing_but_the_address_and_the_key_says_who_is_called() -> None:
    seen: list[tuple[str, str, str]] = []

    def curious(_: Any, address: str, key: str, ca_file: str) -> None:
        assert "BEGIN CERTIFICATE" in Path(ca_file).read_text()
        seen.append((address, key, ca_file))

    assert all(called.ran.error is None for _, called in meet(labkit.start(), curious))
    assert len({address for address, _, _ in seen[:3]}) == len({key for _, key, _ in seen[:3]}) == 1
    assert len({ca_file for _, _, ca_file in seen}) == 1
    assert [urlsplit(address).scheme for address, _, _ in seen] == ["https", "https", "https", "http"]
    assert not Path(seen[0][2]).parent.exists()


def test_what_is_called_is_called_when_it_is_asked_for_and_put_away() -> None:
    places: list[str] = []

    def client(_: Any, address: str, key: str, ca_file: str) -> None:
        places.append(ca_file)

    with closing(meet(labkit.start(), client)) as found:
        assert next(found)[0] == THE_SERVICE
        assert len(places) == 1
    assert not Path(places[0]).exists()


@pytest.mark.parametrize("error", [SystemExit(2), KeyboardInterrupt(), GeneratorExit(), ValueError("no")])
def test_whatever_a_client_raises_is_its_own(error: BaseException) -> None:
    def client(*_: object) -> None:
        raise error

    assert [called.ran.error for _, called in meet(labkit.start(), client)] == [error] * 4


def test_an_endless_client_is_stopped() -> None:
    def client(*_: object) -> None:
        while True:
            pass

    with closing(meet(labkit.start(), client)) as found:
        assert "does not come to an end" in next(found)[1].ran.stopped


def test_what_is_private_stays_so(capsys: pytest.CaptureFixture[str], recwarn: Any) -> None:
    said: list[str] = []

    def client(session: Any, address: str, key: str, ca_file: str) -> str:
        said.extend([key, ca_file])
        return trusting(session, address, key, ca_file)

    for _, called in meet(labkit.start(), client):
        assert set(said) <= {*called.private, said[0]}
        assert not any(one in repr(called) for one in (*called.private, *said))
    assert capsys.readouterr() == ("", "")
    assert not recwarn.list

"""Clients that learners write for the exercise tls-client of 06-network-and-transit."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from labkit.course import exercise
from labkit.course.client_trials import BODY
from tests.course.test_network_exercises import nothing_private
from tests.hostile import Yes


def client(*lines: str) -> Callable[..., Any]:
    """A learner's client, with these lines for a body."""
    names: dict[str, Any] = {"kept": [], "Path": Path, "requests": requests}
    body = "\n".join(f"    {line}" for line in lines)
    exec(f"def answer(session, address, key, ca_file):\n{body}", names)
    return names["answer"]  # type: ignore[no-any-return]


HTTPS = ('if not address.startswith("https://"):', '    raise ValueError("open wire")')
HEADERS = 'headers = {"Authorization": "Bearer " + key}'
POST = f'return session.post(address, data="{BODY}", headers=headers, verify=ca_file).text'
ANY = POST.replace("verify=ca_file", "verify=False")
DOWN = POST.replace("address", 'address.replace("https:", "http:")')
# (lines, what the learner is told, the misconception); "" for a client that passes.
CLIENTS: dict[str, tuple[tuple[str, ...], str, str | None]] = {
    "asserts": (('assert "https" in address', HEADERS, POST), "", None),
    "prints": ((*HTTPS, HEADERS, 'print("calling")', POST), "", None),
    "keeps the key": ((*HTTPS, HEADERS, "kept.append(key)", POST), "", None),
    "reads the certificate": (
        (*HTTPS, 'assert "BEGIN" in Path(ca_file).read_text()', HEADERS, POST),
        "",
        None,
    ),
    "puts https for http": (('address = address.replace("http:", "https:")', HEADERS, POST), "", None),
    "sets the session": (
        (*HTTPS, HEADERS, "session.verify = ca_file", POST.replace(", verify=ca_file", "")),
        "",
        None,
    ),
    "leaves": (('if "https" not in address: raise SystemExit', HEADERS, POST), "", None),
    "looks first": ((*HTTPS, HEADERS, "session.get(address, verify=False)", POST), "", None),
    "reads the certificate alone": (
        ("Path(ca_file).read_text()", HEADERS, POST),
        "without TLS, and a key went",
        "the-address-says-https",
    ),
    "keeps the key for later": (
        (
            "kept.append(key)",
            'if "https" not in address:',
            "    session.post(address, data=kept[0])",
            HEADERS,
            POST,
        ),
        "a key went over the wire in plain",
        "the-address-says-https",
    ),
    "checks afterwards": (
        (HEADERS, POST.replace("return ", "text = "), HTTPS[0], HTTPS[1], "return text"),
        "a key went over the wire in plain",
        "the-address-says-https",
    ),
    "tries again": (
        (*HTTPS, HEADERS, "try:", f"    {POST}", "except requests.exceptions.SSLError:", f"    {ANY}"),
        "it sent a key, encrypted",
        "encrypted-is-enough",
    ),
    "looks with the key": (
        (*HTTPS, HEADERS, "session.get(address, headers=headers, verify=False)", POST),
        "another authority, and it sent a key",
        "encrypted-is-enough",
    ),
    "puts http for https": (
        (HEADERS, DOWN),
        "called the service, and a key went over the wire in plain",
        None,
    ),
    "tries http first": (
        (HEADERS, "try:", f"    {DOWN}", "except OSError:", f"    {POST}"),
        "called the service, and a key went",
        None,
    ),
    "tries http at last": (
        (*HTTPS, HEADERS, "try:", f"    {POST}", "except OSError:", f"    {DOWN}"),
        "another authority, and a key went over the wire in plain",
        None,
    ),
    "knows the answer": (
        (*HTTPS, 'return \'{"model": "churn:1", "checksum": "d3be1670afc473e2"}\''),
        "as if nothing",
        "silence-is-safe",
    ),
    "returns an error": (
        (*HTTPS, HEADERS, "try:", f"    {POST}", "except OSError as error:", "    return error"),
        "another authority was called, and your client returned",
        "silence-is-safe",
    ),
    "is silent on http": (
        ('if "https" not in address: return None', HEADERS, POST),
        "without TLS was called, and",
        "silence-is-safe",
    ),
    "does not say whom it trusts": (
        (*HTTPS, HEADERS, POST.replace(", verify=ca_file", "")),
        "neither did the service",
        "this-machine-knows",
    ),
    "returns the answer itself": (
        (*HTTPS, HEADERS, POST.replace(".text", "")),
        "a value of type Response",
        None,
    ),
    "returns nothing": ((*HTTPS, HEADERS, POST.replace("return ", "")), "It returned None", None),
    "returns the key": (("return key",), "It returned another text.", None),
    "forgets the key": ((*HTTPS, POST.replace("headers=headers, ", "")), "another text, '", None),
    "forgets Bearer": ((*HTTPS, HEADERS.replace('"Bearer " + ', ""), POST), "another text, '", None),
    "has a slip": (("return sesion.post(address)",), "NameError: name 'sesion' is not defined", None),
    "refuses everybody": (
        ('raise ValueError("no")',),
        "neither did the service. Your function raised ValueError: no",
        None,
    ),
    "raises the key": (("raise ValueError(key)",), "Your function raised ValueError.", None),
    "raises half an object": (("raise ValueError(object())",), "Your function raised ValueError.", None),
    "raises the path": (
        ("raise OSError(2, 'no', ca_file)",),
        "Your function raised FileNotFoundError.",
        None,
    ),
    "knows no port": (
        ("return requests.get('http://127.0.0.1:1').text",),
        "Your function raised ConnectionError.",
        None,
    ),
    "leaves everybody": (("raise SystemExit(3)",), "Your function raised SystemExit: 3", None),
    "interrupts": (("raise KeyboardInterrupt",), "Your function raised KeyboardInterrupt.", None),
    "loops": (
        ("while True: pass",),
        "does not come to an end within 500,000 steps. It was called for the service",
        None,
    ),
    "loops on http": (
        ('while "https" not in address: pass', HEADERS, POST),
        "It was called for the same service without TLS",
        None,
    ),
}


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_is_told_what_became_of_it(name: str) -> None:
    lines, said, misconception = CLIENTS[name]
    results = [exercise("tls-client").check(client(*lines)) for _ in range(2)]
    assert results[0].passed is not bool(said), repr(results[0])
    assert said in results[0].message, results[0].message
    assert results[0].misconception == misconception
    assert repr(results[0]) == repr(results[1])
    assert nothing_private(results[0])


@pytest.mark.parametrize("arity", [0, 1, 2, 3, 5, 6])
def test_a_client_of_other_parameters_is_told_so(arity: int) -> None:
    names = ", ".join("abcdef"[:arity])
    result = exercise("tls-client").check(eval(f"lambda {names}: ''"))
    assert "a function of 4 parameters" in result.message
    assert not result.passed


@pytest.mark.parametrize("what", [print, partial(client(POST), None), Callable, "answer", client])
def test_what_is_no_function_of_four_is_told_so(what: Any) -> None:
    assert not exercise("tls-client").check(what).passed


def test_a_client_may_take_any_number_of_parameters() -> None:
    inner = client(*HTTPS, HEADERS, POST)
    assert exercise("tls-client").check(lambda *args: inner(*args)).passed


def test_a_client_prints_what_it_prints_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    lines, *_ = CLIENTS["prints"]
    exercise("tls-client").check(client(*lines))
    assert capsys.readouterr() == ("calling\n" * 3, "")


def test_what_agrees_with_everything_is_no_answer() -> None:
    lines = CLIENTS["asserts"][0]
    calls = client(*lines)
    result = exercise("tls-client").check(lambda *args: (calls(*args), Yes())[1])
    assert "It returned a value of type Yes." in result.message

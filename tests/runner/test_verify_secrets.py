"""What looks like a secret is found wherever it is, and what does not is left alone."""

from __future__ import annotations

import hashlib
import json
import uuid
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import labkit
from labkit.checkout import checkout
from labkit.core.entropy import MARK, Entropy
from labkit.furniture import CLIENT_SECRET
from labkit.identity import lab_keys
from labkit.runner.secret_scan import leaks_in_file, leaks_in_notebook, masked, secrets_in

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
ALNUM = LETTERS + "0123456789"


def base64(length: int) -> st.SearchStrategy[str]:
    return st.integers(0, 2**63 - 1).map(lambda seed: b64encode(Entropy(seed)("x", length)).decode())


def drawn(alphabet: str, length: int) -> st.SearchStrategy[str]:
    """Texts of which no character is rare, as a key has them."""
    return st.integers(0, 2**63 - 1).map(
        lambda seed: "".join(alphabet[byte % len(alphabet)] for byte in Entropy(seed)("y", length - 2)) + "k7"
    )


def jwt(claims: dict[str, Any]) -> str:
    parts = ({"typ": "JWT", "alg": "RS256"}, claims)
    joined = ".".join(urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    return f"{joined}.{urlsafe_b64encode(hashlib.sha256(joined.encode()).digest()).decode().rstrip('=')}"


def pem(label: str) -> Callable[[str], str]:
    def block(body: str) -> str:
        lines = "\n".join(body[start : start + 64] for start in range(0, len(body), 64))
        return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----"

    return block


ACCOUNT = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey={};EndpointSuffix=core.windows.net"
BUS = "Endpoint=sb://a.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey={}"
INSIGHTS = "InstrumentationKey={};IngestionEndpoint=https://eastus.in.example/"
SQL = "Server=tcp:a.database.windows.net,1433;User ID=ann;Password={};Encrypt=True"
KINDS: dict[str, st.SearchStrategy[str]] = {
    "JWT": st.dictionaries(st.text(max_size=5), st.integers(), min_size=1, max_size=3).map(jwt),
    "unsigned JWT": st.integers().map(lambda n: jwt({"n": n}).rpartition(".")[0] + "."),
    "account key": base64(64),
    "connection string of an account": base64(64).map(ACCOUNT.format),
    "connection string of a bus": base64(32).map(BUS.format),
    "connection string of telemetry": st.uuids().map(INSIGHTS.format),
    "connection string of a database": drawn(ALNUM + "!@#%", 12).map(SQL.format),
    "shared access signature": base64(32).map(
        lambda key: f"https://a.blob.core.windows.net/c/b?sv=2019&sig={quote(key, safe='')}"
    ),
    "client secret": drawn(ALNUM + "_.-", 34).map(lambda text: f"aB1{text[0]}8Q~{text}"[:3] + f"8Q~{text}"),
    "older client secret": drawn(ALNUM, 29).map(lambda text: f"aB1~{text}Z"),
    "PKCS 8": base64(400).map(pem("PRIVATE KEY")),
    "PKCS 1": base64(400).map(pem("RSA PRIVATE KEY")),
    "SSH": base64(300).map(pem("OPENSSH PRIVATE KEY")),
    "bearer": drawn(ALNUM, 40).map("Authorization: Bearer {}".format),
    "basic": drawn(ALNUM, 12).map(
        lambda text: f"Authorization: Basic {b64encode(f'ann:{text}'.encode()).decode()}"
    ),
    "password in an address": drawn(ALNUM + "!-_", 10).map("postgresql://ann:{}@db.example:5432/x".format),
    "key in an address": drawn(ALNUM, 40).map("https://a.example/api?code={}".format),
    "service key": drawn(ALNUM, 32).map('"primaryKey": "{}"'.format),
    "service key in words": drawn(ALNUM, 32).map("secondaryKey  {}".format),
    "password": drawn(ALNUM, 12).map('password="{}"'.format),
    "variable": drawn(ALNUM, 20).map("AZURE_CLIENT_SECRET={}".format),
    "Databricks": st.binary(min_size=16, max_size=16).map(lambda raw: f"dapi{raw.hex()}"),
}


def notebook(**of_the_cell: Any) -> dict[str, Any]:
    code = {
        "cell_type": "code",
        "id": "one",
        "metadata": {},
        "source": "x",
        "execution_count": 1,
        "outputs": [],
    }
    return {"cells": [code | of_the_cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def shown(mime: str, value: Any) -> dict[str, Any]:
    return notebook(outputs=[{"output_type": "display_data", "metadata": {}, "data": {mime: value}}])


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")


def in_a_picture(text: str) -> str:
    return b64encode(b"\x89PNG\r\n\x1a\n\0\0\0\x10tEXtComment\0" + text.encode() + b"\0\xff\xfe").decode()


PLACES: dict[str, Callable[[str], dict[str, Any]]] = {
    "source": lambda text: notebook(source=f"x = 1\n{text}\ny = 2"),
    "source in lines": lambda text: notebook(
        source=["x = 1\n", *(text + "\ny = 2").splitlines(keepends=True)]
    ),
    "markdown": lambda text: notebook(cell_type="markdown", source=f"Prose\n\n{text}\n\nmore."),
    "stdout": lambda text: notebook(
        outputs=[{"output_type": "stream", "name": "stdout", "text": f"a\n{text}\n"}]
    ),
    "coloured": lambda text: notebook(
        outputs=[{"output_type": "stream", "name": "stderr", "text": f"\x1b[31m{text[:1]}\x1b[0m{text[1:]}"}]
    ),
    "error": lambda text: notebook(
        outputs=[{"output_type": "error", "ename": "E", "evalue": f"no:\n{text}", "traceback": []}]
    ),
    "traceback": lambda text: notebook(
        outputs=[{"output_type": "error", "ename": "E", "evalue": "", "traceback": ["a", f"b\n{text}\n"]}]
    ),
    "plain": lambda text: shown("text/plain", text),
    "html": lambda text: shown(
        "text/html", f"<table><tr><td>x</td><td>\n{escaped(text)}\n</td></tr></table>"
    ),
    "html in spans": lambda text: shown(
        "text/html", f"<pre>\n{escaped(text[:-2])}<span class='k'>{escaped(text[-2:])}</span>\n</pre>"
    ),
    "svg": lambda text: shown("image/svg+xml", f"<svg><text>\n{escaped(text)}\n</text></svg>"),
    "markdown output": lambda text: shown("text/markdown", f"- one\n{text}\n"),
    "latex": lambda text: shown("text/latex", f"$x$\n{text}\n"),
    "javascript": lambda text: shown("application/javascript", f"a()\n{text}\n"),
    "JSON": lambda text: shown("application/json", {"deep": [{"er": text}]}),
    "own JSON": lambda text: shown("application/vnd.labkit.outcome+json", {"call": text}),
    "picture": lambda text: shown("image/png", in_a_picture(text)),
    "metadata of the cell": lambda text: notebook(metadata={"note": text}),
    "metadata of an output": lambda text: notebook(
        outputs=[{"output_type": "display_data", "data": {}, "metadata": {"x": text}}]
    ),
    "metadata of the notebook": lambda text: {**notebook(), "metadata": {"widgets": {"state": [text]}}},
    "attachment": lambda text: notebook(
        cell_type="markdown", attachments={"a.png": {"image/png": in_a_picture(text)}}
    ),
}
# What a variable of a shell holds is told by its line.
WITHIN_A_LINE = {"JSON", "own JSON", "picture", "coloured", "html in spans", "attachment"}
WITHIN_A_LINE |= {name for name in PLACES if "metadata" in name}

ANY = st.sampled_from(sorted(KINDS)).flatmap(lambda kind: st.tuples(st.just(kind), KINDS[kind]))


@pytest.mark.parametrize("place", PLACES)
@settings(max_examples=120)
@given(drawn_one=ANY)
def test_a_secret_of_any_kind_is_found_in_any_place(place: str, drawn_one: tuple[str, str]) -> None:
    kind, text = drawn_one
    assume(kind != "variable" or place not in WITHIN_A_LINE)
    planted = PLACES[place](text)
    found = leaks_in_notebook(planted)
    assert found
    for leak in found:
        # What is told is not the whole.
        assert leak.seen.value not in f"{leak.seen} {leak}"
        assert str(len(leak.seen.value)) in str(leak.seen)
    assert [leak.seen for leak in leaks_in_file(json.dumps(planted).encode())] == [
        leak.seen for leak in found
    ]


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(max_examples=10)
def test_a_text_is_masked_before_it_is_told(kind: str, data: st.DataObject) -> None:
    text = data.draw(KINDS[kind])
    [value] = [seen.value for seen in secrets_in(text)]
    assert value not in masked(f"before\n{text}\nafter")


@pytest.mark.parametrize("suffix", ["xml", "html", "py", "toml", "txt", "json"])
def test_other_files_are_searched_as_text(suffix: str) -> None:
    [leak] = leaks_in_file(f'<a b="c">{b64encode(bytes(range(64))).decode()}</a>'.encode())
    assert (leak.cell, leak.part) == ("", "")


def test_a_secret_that_is_shown_in_two_forms_is_told_once() -> None:
    key = b64encode(bytes(range(64))).decode()
    both = {
        "output_type": "display_data",
        "metadata": {},
        "data": {"text/plain": key, "text/html": f"<b>{key}</b>"},
    }
    [leak] = leaks_in_notebook(notebook(outputs=[both]))
    assert (leak.cell, leak.part) == ("one", "output 1 (text/plain, text/html)")
    assert str(leak.seen) == "an account key, AAEC…, 88 characters"


# ---- what is none

PROSE = st.text(alphabet=LETTERS + " .,:;=()[]'\"\n-_/", max_size=300)
HASHES = st.binary(min_size=8, max_size=80).flatmap(
    lambda raw: st.sampled_from(
        [
            hashlib.md5(raw).hexdigest(),
            hashlib.sha1(raw).hexdigest(),
            hashlib.sha256(raw).hexdigest(),
            f"sha256:{hashlib.sha256(raw).hexdigest()}",
            f"mcr.example/image@sha256:{hashlib.sha256(raw).hexdigest()}",
            f"sha512-{b64encode(hashlib.sha512(raw).digest()).decode()}",
            hashlib.sha512(raw).hexdigest(),
            b64encode(hashlib.sha256(raw).digest()).decode(),
            b64encode(hashlib.md5(raw).digest()).decode(),
            f'"0x{raw[:8].hex().upper()}"',
            f"key version {raw.hex()[:32]}",
            f"nonce {b64encode(raw[:12]).decode()}",
            str(uuid.uuid5(uuid.NAMESPACE_URL, raw.hex())),
            f"/subscriptions/{uuid.uuid5(uuid.NAMESPACE_DNS, raw.hex())}/resourceGroups/ml",
        ]
    )
)


@given(st.lists(st.one_of(HASHES, PROSE), max_size=6))
def test_ids_hashes_and_prose_are_none(parts: list[str]) -> None:
    text = " ".join(parts)
    assert secrets_in(text) == []
    assert leaks_in_notebook(shown("text/html", f"<td>{escaped(text)}</td>")) == []


@pytest.mark.parametrize(
    "text",
    [
        'password=os.environ["AML_PRINCIPAL_PASS"]',
        'f"AccountKey={account_key};EndpointSuffix=core.windows.net"',
        "AccountKey=<key>;",
        "Authorization: Bearer {token}",
        "bearer tokens, and authentication_with_a_client_secret",
        "https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates?view=latest",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN PUBLIC KEY-----\n" + "A" * 64 + "\n-----END PUBLIC KEY-----",
        "-----BEGIN CERTIFICATE-----\n" + "MIIB" * 16 + "\n-----END CERTIFICATE-----",
        "git@github.com:owner/name.git",
        "https://user:{password}@host/",
        "labkit.course.exercises.web_service_tokens.py",
        "key1: regenerated, key2: as it was",
        "eyJhbGciOiJSUzI1NiJ9",
        'secret = "a text of several words 1"',
    ],
)
def test_what_only_names_a_secret_is_none(text: str) -> None:
    assert secrets_in(text) == []


# ---- what the lab marks as public


def test_keys_that_ship_with_the_package_are_public_and_others_are_not() -> None:
    text = Path(lab_keys.__file__).with_name("lab_keys.pem").read_text("ascii")
    assert "PRIVATE KEY" in text
    assert secrets_in(text) == []
    blocks = text.split("-----BEGIN PRIVATE KEY-----")
    changed = blocks[1].replace("M", "N", 1).replace("A", "B")
    [seen] = secrets_in(f"-----BEGIN PRIVATE KEY-----{changed}")
    assert seen.kind == "a private key"


@pytest.mark.parametrize("kind", ['password="{}"', "https://ann:{}@host/", "Bearer {}", '"primaryKey": "{}"'])
def test_what_a_lab_draws_is_marked(kind: str) -> None:
    drawn_by_a_lab = Entropy(2020).text("anything at all") + Entropy(2020).text("more").removeprefix(MARK)
    assert secrets_in(kind.format(drawn_by_a_lab)) == []
    assert secrets_in(kind.format(drawn_by_a_lab.removeprefix(MARK))) != []


def test_the_documents_placeholders_are_none() -> None:
    assert secrets_in(f'client_secret = "{CLIENT_SECRET}"\npassword="{CLIENT_SECRET}"') == []


def test_a_token_of_a_lab_is_a_secret_all_the_same() -> None:
    [seen] = secrets_in(f"here: {labkit.start().sign_in('carl').reveal()}")
    assert seen.kind == "a token (JWT)"


@pytest.mark.parametrize("path", sorted((checkout() / "notebooks").glob("*")), ids=lambda path: path.name)
def test_the_course_shows_no_secret(path: Path) -> None:
    if path.is_file():
        assert leaks_in_file(path.read_bytes()) == []

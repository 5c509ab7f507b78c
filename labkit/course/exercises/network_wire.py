"""An exercise of 06-network-and-transit: what somebody on the way can read of a call over TLS."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set

from labkit.authenticators.service_key import ServiceKey
from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.naming import as_names
from labkit.course.service_scene import deploy, keys_of
from labkit.course.stepping import uncounted
from labkit.lab import Lab
from labkit.wire.certificates import Authority
from labkit.wire.endpoint import on_loopback

NOTEBOOK = "06-network-and-transit.ipynb"
_HOST, _AUTHORITY, _BODY = "score.contoso.com", "Contoso's certificate authority", "[5.1, 3.5, 1.4]"
# What each of these is in the bytes of the call.
_FACTS: Mapping[str, Callable[[ServiceKey, str], str]] = {
    "host name": lambda key, text: _HOST,
    "path": lambda key, text: "/score",
    "key": lambda key, text: key.key,
    "body": lambda key, text: _BODY,
    "answer": lambda key, text: text,
    "authority": lambda key, text: _AUTHORITY,
}


def _check_wire(answer: object, bench: Bench) -> Result:
    said = set(as_names(answer, _FACTS))
    return uncounted(lambda: _compared(said, readable(bench.lab())))


def readable(lab: Lab) -> Set[str]:
    """Which of the facts stand in the bytes that pass, as they are."""
    authority = Authority(_AUTHORITY)
    service = deploy(lab, "key", target="aci", name="secured", certificate=authority.certificate(_HOST))
    key = keys_of(lab, service)[0]
    with on_loopback(lab, service, trust=authority) as exposed:
        text = exposed.post(_BODY, key).text
        return {name for name, bytes_of in _FACTS.items() if exposed.capture.holds(bytes_of(key, text))}


def _compared(said: Set[str], found: Set[str]) -> Result:
    for name in _FACTS:
        if name in said and name not in found:
            return Result.wrong(
                f"The lab looked for the {name} in all the bytes that passed, and it is not there.",
                "http-headers-stay-open" if name in ("path", "key") else "only-one-way-is-encrypted",
            )
    for name in _FACTS:
        if name in found and name not in said:
            return Result.wrong(
                f"The {name} stands in the bytes that passed, as it is.",
                "tls-hides-everything" if name == "host name" else "certificates-are-secret",
            )
    return Result.right(f"{len(found)} of {len(_FACTS)}, as the lab found in the bytes.")


def _answer(*names: str) -> str:
    return (
        f"answer = {{{', '.join(chr(34) + name + chr(34) for name in names)}}}" if names else "answer = set()"
    )


WIRE = Exercise(
    id="tls-wire",
    notebook=NOTEBOOK,
    title="What is left to read",
    minutes=4,
    prompt="""
A client calls a web service over TLS 1.2, with a key and a body, and gets its answer. Somebody on the way keeps every byte, in both directions. Which of these stand
there, readable as they are?

- `"host name"`: the name of the machine that is called
- `"path"`: the part of the address behind it
- `"key"`: the service's key
- `"body"`: what the client sends to be scored
- `"answer"`: what comes back
- `"authority"`: the name of the authority that signed the service's certificate

Set `answer` to a set of these names. The call is then made, and the bytes are searched.
""",
    starter="answer = set()",
    solution=_answer("host name", "authority"),
    hints=(
        "Encryption begins once both sides have agreed on a key. What do they have to say to each other before?",
        "HTTP begins after TLS has. Everything that HTTP carries (method, path, headers, body) is inside.",
        "The service has to show who it is, and behind one address there may be many services. Each side says one thing in the open.",
    ),
    explanation="Before there is a key the client names the host that it wants, and the service shows its certificate (from TLS 1.3 on that is encrypted too). All "
    "of HTTP comes after. So TLS hides what you say, and not with whom you speak: names of hosts should not be secrets.",
    check=_check_wire,
    wrong=(
        WrongAnswer(
            _answer("host name", "authority", "path"),
            "http-headers-stay-open",
            "What TLS encrypts is HTTP, from its first line on.",
        ),
        WrongAnswer(
            _answer("host name", "authority", "answer"),
            "only-one-way-is-encrypted",
            "Both directions are encrypted, body and answer alike.",
        ),
        WrongAnswer(
            _answer("authority"),
            "tls-hides-everything",
            "One address may serve many names, and the service has to know which certificate to show.",
        ),
        WrongAnswer(
            _answer("host name"),
            "certificates-are-secret",
            "A certificate is made to be shown, and is shown before anything is encrypted.",
        ),
    ),
)

"""An exercise of 06-network-and-transit: a client that an impostor cannot fool."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing

from labkit.course.checking import NotUsable, as_function, text_of
from labkit.course.client_trials import ANOTHER_AUTHORITY, IN_PLAIN, THE_SERVICE, Called, meet
from labkit.course.describing import in_short, type_name
from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.stepping import uncounted

NOTEBOOK = "06-network-and-transit.ipynb"
# What requests raises then.
_UNKNOWN_AUTHORITY = "SSLError"
_BELIEFS: Mapping[str, str] = {
    ANOTHER_AUTHORITY: "encrypted-is-enough",
    IN_PLAIN: "the-address-says-https",
}


def _check_client(answer: object, bench: Bench) -> Result:
    function = as_function(answer, parameters=4)

    def tried() -> Result:
        with closing(meet(bench.lab(), function)) as found:
            return _judged(found)

    return uncounted(tried)


def _judged(found: Iterable[tuple[str, Called]]) -> Result:
    for name, called in found:
        if called.ran.stopped:
            raise NotUsable(f"Your function {called.ran.stopped}. It was called for {name}.")
        if result := _leaked(name, called) or (
            _answered(called) if name == THE_SERVICE else _silent(name, called)
        ):
            return result
    return Result.right("The service answered. Two impostors and an open wire learned nothing.")


def _leaked(name: str, called: Called) -> Result | None:
    if not called.on_wire and not called.taken:
        return None
    how = "a key went over the wire in plain" if called.on_wire else "it sent a key, encrypted"
    message = f"Your client called {name}, and {how}."
    belief = _BELIEFS.get(name) if called.on_wire == (name == IN_PLAIN) else None
    return Result.wrong(message, belief) if belief else Result.not_yet(message)


def _answered(called: Called) -> Result | None:
    if called.ran.error is not None:
        message = f"Nobody got the key, and neither did the service. {_raised(called)}"
        known = type_name(called.ran.error) == _UNKNOWN_AUTHORITY
        return Result.wrong(message, "this-machine-knows") if known else Result.not_yet(message)
    said = called.ran.value
    if type(said) is str and said == called.expected:
        return None
    what = "None" if said is None else f"a value of type {type_name(said)}"
    if type(said) is str:
        what = "another text" if _is_private(said, called) else f"another text, {in_short(said)}"
    return Result.not_yet(
        f"From the service itself your client should return the text of the answer. It returned {what}."
    )


def _silent(name: str, called: Called) -> Result | None:
    if called.ran.error is not None:
        return None
    return Result.wrong(
        f"Nobody got the key. But {name} was called, and your client returned as if nothing had happened.",
        "silence-is-safe",
    )


def _raised(called: Called) -> str:
    """What the function raised; only of what kind where the rest is for nobody to read, or another one each
    time: what is said of connections names ports, and depends on the machine."""
    text, kind = text_of(called.ran.error), type_name(called.ran.error)
    if not text or any(one in text for one in ("Pool(", " at 0x")) or _is_private(text, called):
        return f"Your function raised {kind}."
    return f"Your function raised {kind}: {text}"


def _is_private(text: str, called: Called) -> bool:
    return any(one in text for one in called.private)


def _source(*lines: str) -> str:
    return "\n".join(["def answer(session, address, key, ca_file):", *(f"    {line}" for line in lines)])


_HEADERS = 'headers = {"Authorization": "Bearer " + key}'
_REFUSES = ('if not address.startswith("https://"):', '    raise ValueError("not over an open wire")')
_POST = 'return session.post(address, data="[1, 2, 3]", headers=headers, verify=ca_file).text'

CLIENT = Exercise(
    id="tls-client",
    notebook=NOTEBOOK,
    title="A client that cannot be fooled",
    minutes=10,
    prompt="""
Write a client of a web service: a function of four parameters.

- `session`: a session of the library `requests`, as `requests.Session()` makes them (its names all lead to this machine)
- `address`: the service's address, `key`: its key, which belongs into the header `Authorization` behind the word `Bearer`
- `ca_file`: the path of the certificate of the authority that signed the service's certificate

It posts the body `[1, 2, 3]` and returns the text of the answer. It is then let loose on four addresses: the service; an impostor with a certificate of an
authority that nobody knows; an impostor with a genuine certificate, for another host name; and a service that speaks http only. Nobody but the service
may get to read the key, and where it is not the service your client has to say so by raising an exception.
""",
    starter=_source('return ""'),
    solution=_source(*_REFUSES, _HEADERS, _POST),
    hints=(
        "A certificate is worth something if it is checked, before the key is sent. In requests a parameter of the call says how.",
        "`verify` takes more than True and False. The authority is none of those that this machine knows by itself.",
        "No parameter helps where the address begins with http://. There is nothing to check there, so your function has to look.",
    ),
    explanation="Three things make the way safe: it is encrypted, the certificate is signed by an authority that this client trusts, and the name in it is the "
    "name that was called. `verify` with a path checks the last two, and an address with http:// has none of the three.",
    check=_check_client,
    wrong=(
        WrongAnswer(
            _source(*_REFUSES, _HEADERS, _POST.replace("verify=ca_file", "verify=False")),
            "encrypted-is-enough",
            "Encrypted for whom? With verify=False for whoever answers first.",
        ),
        WrongAnswer(
            _source(
                _HEADERS,
                _POST.replace(", verify=ca_file", ', verify=ca_file if "https" in address else False'),
            ),
            "the-address-says-https",
            "The address came from somewhere, a setting or a deployment without TLS. requests follows it without a word.",
        ),
        WrongAnswer(
            _source(*_REFUSES, _HEADERS, _POST.replace(", verify=ca_file", "")),
            "this-machine-knows",
            "The authorities that this machine knows by itself are others. Say which one signed the service's certificate.",
        ),
        WrongAnswer(
            _source(*_REFUSES, _HEADERS, "try:", f"    {_POST}", "except OSError:", '    return ""'),
            "silence-is-safe",
            "Whoever called your function now takes what it returned for the answer. A warning that nobody sees is none.",
        ),
    ),
)

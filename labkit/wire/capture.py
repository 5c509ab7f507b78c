"""What passed on a wire, as somebody sees it who listens on the way and can do nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from threading import Condition

from labkit.authenticators.service_key import ServiceKey
from labkit.authenticators.service_token import ServiceToken
from labkit.core.errors import BadInput
from labkit.core.secret import Secret
from labkit.core.table import Table, Tabular
from labkit.wire.records import alerts, certificate_names, encrypts, is_tls, server_name

_TO, _FROM = "client to service", "service to client"
_NOTHING, _CIPHERTEXT = "nothing", "ciphertext"
_LONGEST = 60
# Of waiting for what is long over, in practice.
_MOST_SECONDS = 10
# Headers that say something here; others name versions of clients, and times.
_HEADERS = ("Host", "Authorization")


@dataclass(eq=False)
class Conversation:
    """The bytes of one connection, in both directions. They may hold credentials, and are not shown."""

    sent: bytearray = field(default_factory=bytearray, repr=False)
    received: bytearray = field(default_factory=bytearray, repr=False)
    over: bool = False


class Capture(Tabular):
    """All connections of an endpoint, in the order in which they began. Shown without the credentials that
    stand in them: `holds` says whether one is there."""

    def __init__(self) -> None:
        self.conversations: list[Conversation] = []
        self._changed = Condition()

    def begin(self) -> Conversation:
        """A connection has been opened."""
        with self._changed:
            self.conversations.append(Conversation())
            self._changed.notify_all()
            return self.conversations[-1]

    def end(self, one: Conversation) -> None:
        """Both sides of a connection have said all that they had to say."""
        with self._changed:
            one.over = True
            self._changed.notify_all()

    def settle(self, since: int, begun: bool = True) -> None:
        """Returns when the connections from that number on are over, of which there is one at least if it is
        known to have `begun`: the last bytes pass after a client has gone."""

        def over() -> bool:
            later = self.conversations[since:]
            return all(one.over for one in later) and (bool(later) or not begun)

        with self._changed:
            self._changed.wait_for(over, _MOST_SECONDS)

    @property
    def sent(self) -> bytes:
        """Everything from clients to the service."""
        return b"".join(bytes(one.sent) for one in self.conversations)

    @property
    def received(self) -> bytes:
        """Everything from the service to clients."""
        return b"".join(bytes(one.received) for one in self.conversations)

    def holds(self, secret: str | bytes | Secret | ServiceKey | ServiceToken) -> bool:
        """Whether these very bytes passed, for everybody to read. Raises BadInput for nothing at all."""
        wanted = secret if isinstance(secret, bytes) else text_of(secret).encode("utf-8", "surrogatepass")
        if not wanted:
            raise BadInput("What is looked for?", presented="nothing", required="a key, a token or a text")
        return wanted in self.sent or wanted in self.received

    def clear(self) -> None:
        """Forgets what passed."""
        self.conversations.clear()

    def as_table(self) -> Table:
        """A row for each thing that can be read. Statement tls-internal."""
        rows: list[tuple[object, ...]] = []
        for number, one in enumerate(self.conversations, 1):
            for direction, data in ((_TO, bytes(one.sent)), (_FROM, bytes(one.received))):
                rows += [(number, direction, text) for text in _readable(direction, data) or [_NOTHING]]
        headers = ("connection", "direction", "what can be read")
        return Table(headers, rows, caption="What somebody on the way can read")


def text_of(opener: str | Secret | ServiceKey | ServiceToken) -> str:
    """A key or a token as it stands in a request. Raises BadInput for what is none."""
    if isinstance(opener, Secret):
        return opener.reveal()
    if isinstance(opener, ServiceKey):
        return opener.key
    if isinstance(opener, ServiceToken):
        return opener.token
    if not isinstance(opener, str):
        # Only of what kind: there may be credentials inside.
        raise BadInput(
            "That is no key, no token and no text.",
            presented=type(opener).__name__,
            required="a text, or a credential: one key of the two that a web service has, for instance",
        )
    return opener


def _readable(direction: str, data: bytes) -> list[str]:
    if not is_tls(data):
        return _in_plain(data)
    found = [f"TLS, for the host name {name}" for name in [server_name(data)] if name]
    if names := certificate_names(data):
        found.append(f"TLS, with a certificate for {', '.join(names)}")
    found += [f"TLS, alert: {one}" for one in alerts(data) if one != "close_notify"]
    return [*found, _CIPHERTEXT] if encrypts(data) else found


def _in_plain(data: bytes) -> list[str]:
    """A message of HTTP, or of both a question and the next."""
    head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
    lines = head.split("\r\n")
    found = [_cut(lines[0])] if lines[0] else []
    for line in lines[1:]:
        name, _, value = line.partition(":")
        if name in _HEADERS:
            found.append(f"{name}: {_masked(name, value.strip())}")
    return [*found, _cut(body)] if body else found


def _masked(name: str, value: str) -> str:
    if name != "Authorization":
        return _cut(value)
    scheme, _, credential = value.partition(" ")
    return f"{scheme} <{len(credential)} characters, all of them readable, not shown here>"


def _cut(text: str) -> str:
    text = re.sub(r"\s+", " ", text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."

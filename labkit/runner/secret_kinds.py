"""What a secret looks like: one entry for each kind, which a text is searched for."""

from __future__ import annotations

import json
import re
from base64 import b64decode, urlsafe_b64decode
from binascii import Error as NotBase64
from collections.abc import Callable
from dataclasses import dataclass

from labkit.core.entropy import MARK
from labkit.furniture import CLIENT_ID, CLIENT_SECRET, GROUPS, TENANT
from labkit.identity.lab_keys import is_published

_PLACEHOLDERS = {CLIENT_ID, CLIENT_SECRET, TENANT, *GROUPS}
_FEWEST_DIFFERENT = 6


def _mixed(value: str) -> bool:
    """Whether it is neither a word nor a number, nor the same over and over."""
    letter, digit = any(map(str.isalpha, value)), any(map(str.isdigit, value))
    return letter and digit and len(set(value)) >= _FEWEST_DIFFERENT


def _json_web_token(value: str) -> bool:
    header = value.partition(".")[0].rstrip("=")
    try:
        read = json.loads(urlsafe_b64decode(header + "=" * (-len(header) % 4)))
    except (ValueError, RecursionError):
        return False
    return isinstance(read, dict) and "alg" in read


def _name_and_password(value: str) -> bool:
    try:
        read = b64decode(value, validate=True).decode("ascii")
    except (NotBase64, ValueError):
        return False
    return ":" in read and read.isprintable()


def _client_secret(value: str) -> bool:
    return "~" in value.strip("~") and value != value.lower() and value != value.upper() and _mixed(value)


def _body(value: str) -> str:
    """What stands between the lines of a PEM block, also where a literal holds it."""
    return re.sub(r"\\[nrt]|[\s\"'\\,]", "", value.split("-----")[2])


def _private_key(value: str) -> bool:
    long_enough = re.match(r"Proc-Type:|[A-Za-z0-9+/]{40}", _body(value)) is not None
    return long_enough and not is_published(_body(value))


@dataclass(frozen=True)
class Kind:
    """One kind of secret: how it is called, the pattern whose group `value` is the secret, what the value
    must be beyond that, and whether a mark of the lab excuses it."""

    name: str
    pattern: re.Pattern[str]
    holds: Callable[[str], bool]
    markable: bool = True

    def is_one(self, value: str) -> bool:
        """Whether this value, which the pattern has found, is a secret."""
        if self.markable and (value.startswith(MARK) or value in _PLACEHOLDERS):
            return False
        return self.holds(value)


def _always(value: str) -> bool:
    return True


def _kind(name: str, pattern: str, holds: Callable[[str], bool] = _always, markable: bool = True) -> Kind:
    return Kind(name, re.compile(pattern), holds, markable)


_64_BYTES = r"[A-Za-z0-9+/]{85}[AQgw]=="
_32_BYTES = r"(?:[A-Za-z0-9+/_-]|%2[BbFf]){43}(?:=|%3[Dd])?(?![A-Za-z0-9+/_=-])"
_KEY_NAMES = (
    r"(?:(?:primary|secondary|access|account|api|service|subscription|scoring|admin|master|query|storage)"
    r"(?:Master)?[-_ ]?key[12]?|key[12])"
)
_SECRET_NAMES = (
    rf"(?:secret|passw(?:or)?d|pwd|passphrase|(?:access|refresh|sas|auth)?[-_]?token|{_KEY_NAMES})"
)

# A value that is of several kinds is told as the first of them.
KINDS = (
    _kind(
        "a token (JWT)",
        r"(?P<value>e[wy][A-Za-z0-9_-]{6,20000}={0,2}\.[A-Za-z0-9_-]{2,}={0,2}\.[A-Za-z0-9_-]*)",
        _json_web_token,
        markable=False,
    ),
    _kind(
        "a private key",
        r"(?P<value>-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:(?!-----)[\s\S]){40,20000}"
        r"(?:-----END [A-Z0-9 ]+-----)?)",
        _private_key,
        markable=False,
    ),
    _kind(
        "a connection string",
        r"(?i)(?:AccountKey|SharedAccessKey|SharedSecretValue|SharedSecret)\s*=\s*"
        r"(?P<value>(?:[A-Za-z0-9+/_-]|%2[bf]){16,}(?:=|%3d){0,2})",
    ),
    _kind(
        "a connection string",
        r"(?i)InstrumentationKey\s*=\s*(?P<value>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})",
    ),
    _kind(
        "a connection string",
        r"(?i)(?:server|data source|host|user id|uid)\s*=[^\n]{1,300};\s*(?:password|pwd)\s*=\s*"
        r"(?P<value>[^\s;\"'<>{}$]{4,})",
    ),
    _kind("a shared access signature", rf"(?<![A-Za-z0-9_])sig=(?P<value>{_32_BYTES})", _mixed),
    _kind(
        "an account key",
        rf"(?<![A-Za-z0-9+/])(?<!sha512-)(?<!sha512:)(?P<value>{_64_BYTES})(?![A-Za-z0-9+/=])",
        markable=False,
    ),
    _kind("a client secret", r"(?P<value>[A-Za-z0-9_.~-]{3}[0-9]Q~[A-Za-z0-9_.~-]{31,34})"),
    _kind(
        "a client secret",
        r"(?<![A-Za-z0-9_.~/-])(?P<value>[A-Za-z0-9_.~-]{33,43}[A-Za-z0-9_~-])(?![A-Za-z0-9_~/-]|\.[A-Za-z0-9])",
        _client_secret,
    ),
    _kind(
        "a token of another service",
        r"(?<![A-Za-z0-9])(?P<value>dapi[0-9a-f]{32}|gh[oprsu]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60,}"
        r"|AKIA[0-9A-Z]{16}|AIza[A-Za-z0-9_-]{35}|xox[abpr]-[A-Za-z0-9-]{20,})(?![A-Za-z0-9])",
    ),
    _kind("a bearer token", r"(?i)\bbearer[ \t]+(?P<value>[a-z0-9._~+/-]{20,}=*)", _mixed),
    _kind("a name with a password", r"(?i)\bbasic[ \t]+(?P<value>[a-z0-9+/]{8,}={0,2})", _name_and_password),
    _kind(
        "a password in an address",
        r"(?i)\b[a-z][a-z0-9+.-]{1,20}://[^\s/@:\"'<>]*:(?P<value>[^\s/@:\"'<>{}$*]{3,})@[a-z0-9\[]",
    ),
    _kind(
        "a key in an address",
        r"(?i)[?&](?:amp;)?(?:code|token|access_token|api[-_]?key|subscription-key|client_secret|password)="
        r"(?P<value>[a-z0-9%_.~+/-]{16,}=*)",
        _mixed,
    ),
    _kind(
        "a service key",
        rf"(?i)(?<![a-z]){_KEY_NAMES}[\s\"':=,|>\\]{{1,12}}(?P<value>[a-z0-9+/_-]{{32,}}={{0,2}})",
        _mixed,
    ),
    _kind(
        "a password or key that is written out",
        rf"(?i){_SECRET_NAMES}\\?[\"']?\s*(?::|=|,)\s*[brf]?\\?[\"'](?P<value>[^\s\"'<>{{}}$\\]{{8,}})\\?[\"']",
        _mixed,
    ),
    _kind(
        "a password or key that is written out",
        r"(?m)^\s*(?:export |set )?[A-Z][A-Z0-9_]*(?:PASSWORD|PASS|SECRET|TOKEN|KEY)="
        r"(?P<value>[^\s\"'$<{(]{8,})$",
        _mixed,
    ),
)

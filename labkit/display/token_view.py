"""A token: header and claims with what each is for, and its lifetime. Never what makes it usable."""

from __future__ import annotations

import re

from labkit.core.text import plain
from labkit.display.table import table
from labkit.display.text import block, escaped
from labkit.identity.token import Token

# https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference and RFC 7515, RFC 7519.
_HEADER = {
    "typ": "what this is",
    "alg": "how it was signed; the verifier must not take this word for it",
    "kid": "which of the issuer's published keys verifies it",
    "x5t": "the same key by the thumbprint of its certificate",
    "jwk": "a key that the token brings along; trusting it would trust anybody",
    "jku": "an address to fetch keys from; following it would trust anybody",
    "x5c": "a certificate that the token brings along; trusting it would trust anybody",
    "x5u": "an address to fetch certificates from; following it would trust anybody",
    "crit": "extensions that the verifier must understand or refuse",
}
_CLAIMS = {
    "aud": "audience: the resource that it is for; every other one must refuse it",
    "iss": "issuer: who made and signed it",
    "iat": "issued at",
    "nbf": "not valid before",
    "exp": "expires: not valid from this moment on",
    "sub": "subject: whom it speaks for",
    "tid": "the tenant that vouches for the subject",
    "oid": "the subject's object id in the tenant; role assignments name it",
    "appid": "the client that asked for it",
    "azp": "the client that asked for it",
    "appidacr": "how the client proved itself: 0 not at all, 1 by secret, 2 by certificate",
    "azpacr": "how the client proved itself: 0 not at all, 1 by secret, 2 by certificate",
    "scp": "what the user lets the client do",
    "roles": "application roles that the subject has",
    "groups": "object ids of the groups that the subject is in",
    "amr": "how the user signed in: pwd by password, mfa with a second factor",
    "upn": "the user's sign-in name",
    "name": "the user's name, for show",
    "app_displayname": "the application's name, for show",
    "idtyp": "app where an application speaks for itself and no user is involved",
    "xms_mirid": "the resource whose managed identity this is",
    "uti": "the token's own number, for logs",
    "jti": "the token's own number, for logs",
    "ver": "version of the format: the resource decides it",
    "wid": "the identity of the workspace it is for; one that is created again has another",
}
_PURPOSES = {"header": _HEADER, "claim": _CLAIMS}
# A token holds up to 16 KiB, all of which one claim may be.
_LONGEST = 600
_BAR = re.compile(r"(?P<begin>.*) \[(?P<used>#*)(?P<left>\.*)\] (?P<end>.*)\n(?P<state>.*)")


def html(token: Token) -> str:
    """Header, claims and lifetime. The signature is left out, so that nothing usable is shown."""
    rows = [
        (name or part, part if name else "", plain(value, _LONGEST), _PURPOSES.get(part, {}).get(name, ""))
        for part, name, value in token.rows()
    ]
    caption = "Token, decoded and not verified"
    return table(rows, ("name", "part", "value", "what it is for"), caption) + _lifetime(token.lifetime)


def _lifetime(text: str) -> str:
    """The bar and the words of `Token.lifetime`."""
    found = _BAR.fullmatch(text)
    if found is None:
        return block(text)
    begin, end, state = (escaped(found[part]) for part in ("begin", "end", "state"))
    used, length = len(found["used"]), len(found["used"] + found["left"])
    # `optimum` makes browsers turn the bar from green to yellow to red as the end comes near.
    marks = f'low="{length - 4}" high="{length - 1}" optimum="0" aria-label="lifetime used"'
    meter = f'<meter min="0" max="{length}" value="{used}" {marks} style="width:16em"></meter>'
    return f"\n<p>{begin} {meter} {end}<br/>{state}</p>"

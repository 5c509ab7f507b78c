"""What a client is told about the user who signed in: an id_token and client_info.

It is information for the client itself, and opens nothing: no service of the lab takes an id_token. It is not
signed (`alg` none), as those of adal's time were not.  # assumption: unsigned-id-token
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jwt.utils import base64url_encode

from labkit.services.azure_ad import AUTHORITY


def _packed(value: Mapping[str, Any]) -> str:
    return base64url_encode(json.dumps(value, separators=(",", ":")).encode()).decode()


def id_token(claims: Mapping[str, Any], client_id: str, v2: bool, nonce: str = "") -> str:
    """The id_token that goes with an access token of these claims."""
    told: dict[str, Any] = {"aud": client_id, "iss": claims["iss"]}
    told |= {name: claims[name] for name in ("iat", "nbf", "exp", "oid", "sub", "tid")}
    if v2:
        told |= {"iss": issuer_v2(claims["tid"]), "preferred_username": claims["upn"], "ver": "2.0"}
    else:
        told |= {"amr": claims["amr"], "upn": claims["upn"], "unique_name": claims["upn"], "ver": "1.0"}
    if nonce:
        told["nonce"] = nonce
    return f"{_packed({'typ': 'JWT', 'alg': 'none'})}.{_packed(told)}."


def client_info(claims: Mapping[str, Any]) -> str:
    """The account as msal names it: the user's object id and the tenant's id."""
    return _packed({"uid": claims["oid"], "utid": claims["tid"]})


def issuer_v2(tenant_id: str) -> str:
    """The issuer of version 2.0."""
    return f"https://{AUTHORITY}/{tenant_id}/v2.0"

"""Resource Manager over REST: resources, their actions, and how it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from labkit.core.credential import Anonymous, Bearer, Credential
from labkit.core.errors import BadRequest, LabError, UnknownHost, brief
from labkit.core.operation import Op
from labkit.core.secret import Secret
from labkit.services import registry, storage
from labkit.services.azure_ad import AUTHORITY
from labkit.services.machine_learning import workspace
from labkit.services.machine_learning.keys import WorkspaceKeys
from labkit.services.machine_learning.resync import Resync
from labkit.services.machine_learning.web_services import WebServices
from labkit.services.resource_manager import ResourceManager
from labkit.wire import manager_access
from labkit.wire.manager_documents import given, shown
from labkit.wire.message import CALLER, HOST_OF_ARM, Answer, AnyLab, Request, VerbRefused, status_of, told
from labkit.wire.tenants import tenants

_SUBSCRIPTIONS = "Microsoft.Resources/subscriptions"

# Actions that a resource's own service answers, by type and name in lower case.
_OWN_ACTIONS: dict[str, Op[[], Any]] = {
    f"{workspace.TYPE}/listKeys".lower(): WorkspaceKeys.list_keys,
    f"{workspace.TYPE}/resyncKeys".lower(): Resync.resync,
}
# Azure ML has a host of its own for it.  # assumption: service-token-over-rest
_SERVICE_TOKEN = f"{workspace.TYPE}/services/token".lower()

# What has the identity that it is asked to have. A workspace has one anyway.
_KEEP_IDENTITY = (storage.TYPE.lower(), registry.TYPE.lower())


class ApiVersionMissing(BadRequest):
    """Every request says which version of the API it is written for. Any version is taken."""

    status = 400
    code = "MissingApiVersionParameter"


def answer(lab: AnyLab, request: Request) -> Answer:
    """What Resource Manager answers, refusals included."""
    try:
        return _answered(lab, request, _credential(request))
    except LabError as error:
        # A path that nothing answers at is no unknown host here: the host has answered.
        code = "NotFound" if isinstance(error, UnknownHost) else _code(error)
        headers = _challenge(lab) if status_of(error) == 401 else {}
        return Answer.json(status_of(error), {"error": {"code": code, "message": told(error)}}, headers)


def _code(error: LabError) -> str:
    # What was not refused by a service has not been put into its words.
    return error.code or getattr(error, "fixed_code", "") or "BadRequest"


def _credential(request: Request) -> Credential:
    scheme, _, token = request.headers.get("authorization", "").strip().partition(" ")
    return Bearer(token.strip()) if scheme.lower() == "bearer" and token.strip() else Anonymous()


def _challenge(lab: AnyLab) -> dict[str, str]:
    """Tells a client where tokens come from."""
    tenant = next(tenants(lab)).tenant_id
    return {
        "WWW-Authenticate": f'Bearer authorization_uri="https://{AUTHORITY}/{tenant}", error="invalid_token"'
    }


def _answered(lab: AnyLab, request: Request, credential: Credential) -> Answer:
    if isinstance(credential, Bearer) and not parse_qs(request.query).get("api-version"):
        # Somebody without a token hears of that first.
        raise ApiVersionMissing(
            "The api-version query parameter (?api-version=) is required for all requests.",
            presented=request.path[:120],
            required="?api-version=2020-01-01, or any other",
        )
    access = manager_access.route(request)
    if access is not None:
        return access(lab, request, credential)
    if _names_a_resource(request):
        return _resource(lab, request, credential)
    return _beside(lab, request, credential)


def _provider_part(request: Request) -> list[str]:
    """Namespace, type, name, type, name … of the path; nothing where it names no provider."""
    segments = request.segments
    lowered = [one.lower() for one in segments]
    return segments[len(lowered) - lowered[::-1].index("providers") :] if "providers" in lowered else []


def _names_a_resource(request: Request) -> bool:
    """Names and types take turns. A path that ends on a name is a resource; one that ends on a type is a
    list, or the name of an action."""
    inside = _provider_part(request)
    return len(inside) % 2 == 1 if inside else len(request.segments) % 2 == 0


def _resource(lab: AnyLab, request: Request, credential: Credential) -> Answer:
    target = request.at(HOST_OF_ARM, request.path)
    if request.method == "GET":
        document = lab.ask(CALLER, ResourceManager.get, target, credential)
        return Answer.json(200, shown(document))
    if request.method == "PUT":
        new = lab.resources.get(request.path) is None
        keeps_identity = "/".join(_provider_part(request)[:2]).lower() in _KEEP_IDENTITY
        location, properties = given(request.json(), new, keeps_identity)
        document = lab.ask(CALLER, ResourceManager.put, target, credential, location, properties)
        return Answer.json(201 if new else 200, shown(document))
    if request.method == "DELETE":
        lab.ask(CALLER, ResourceManager.delete, target, credential)
        return Answer(200)
    raise VerbRefused("A resource takes GET, PUT and DELETE here.", presented=brief(request.method))


def _beside(lab: AnyLab, request: Request, credential: Credential) -> Answer:
    """A list, or an action."""
    above, _, last = request.path.rpartition("/")
    if request.method == "POST":
        return Answer.json(200, _acted(lab, request, request.at(HOST_OF_ARM, above), last, credential))
    if request.method != "GET":
        raise VerbRefused("A list takes GET, and an action POST.", presented=brief(request.method))
    inside = _provider_part(request)
    if inside:
        # A list of what is in a resource, or of a type somewhere below a scope.
        scope = above if len(inside) > 2 else request.path[: -len("/".join(["/providers", *inside]))]
        type_ = "/".join([inside[0], *inside[1::2]])
    elif len(request.segments) == 1:
        scope, type_ = request.path, _SUBSCRIPTIONS
    else:
        scope, type_ = above, f"{_SUBSCRIPTIONS}/{last}"
    found = lab.ask(CALLER, ResourceManager.collection, request.at(HOST_OF_ARM, scope), credential, type_)
    return Answer.json(200, {"value": [shown(one) for one in found]})


def _acted(lab: AnyLab, request: Request, target: str, action: str, credential: Credential) -> object:
    inside = _provider_part(request)
    kind = "/".join([*inside[:1], *inside[1::2]]).lower()
    if kind in _OWN_ACTIONS and (at := _address(lab, request, 1)):
        return _opened(lab.ask(CALLER, _OWN_ACTIONS[kind], at, credential))
    if kind == _SERVICE_TOKEN and (at := _address(lab, request, 3)):
        token, refresh_by = lab.ask(CALLER, WebServices.get_token, at, credential, inside[4])
        times = {"refreshAfterTimeUtc": refresh_by, "expiryTimeUtc": token.claims["exp"]}
        return {"accessToken": token.reveal(), "tokenType": "Bearer", **times}
    body = request.json() if request.body else None
    return _opened(lab.ask(CALLER, ResourceManager.post, target, credential, action, body))


def _address(lab: AnyLab, request: Request, levels: int) -> str:
    """Where the resource so many levels above answers, with this request's scheme: the door looks at that. ""
    where there is none: Resource Manager says so then, and to nobody who may not hear it."""
    found = lab.resources.get(request.path.rsplit("/", levels)[0])
    return request.at(found.host, "") if found else ""


def _opened(value: object) -> object:
    """What an action answers, with the secrets that it was asked for."""
    if isinstance(value, Mapping) and value and all(isinstance(one, Secret) for one in value.values()):
        return {"keys": [{"keyName": name, "value": one.reveal()} for name, one in value.items()]}
    return {} if value is None else value

"""The course: exercises, predictions, the glossary, and what notebooks need besides the lab itself."""

from __future__ import annotations

# Not loaded lazily: several of these have the name of their module, and a package that has been asked for
# `labkit.course.gallery` would from then on hand out the module in place of the function.
from labkit.course.auth_choice import key_or_token
from labkit.course.explorer import explore, explorer
from labkit.course.gallery import gallery
from labkit.course.glossary import glossary
from labkit.course.incidents import believed_deny
from labkit.course.incidents import incident as rbac_incident
from labkit.course.inspector import inspect_token, inspector
from labkit.course.lessons import course_map
from labkit.course.outcome import outcome
from labkit.course.prediction import predict
from labkit.course.revocations import revocations
from labkit.course.role_matrix import role_matrix
from labkit.course.service_case import service_case
from labkit.course.service_clients import timeline
from labkit.course.service_defaults import service_defaults
from labkit.course.service_incident import leaked_key
from labkit.course.simulator import clients_at, simulator
from labkit.course.token_latency import token_latency
from labkit.course.worksheet import exercise
from labkit.display.heat_map import heat_map

__all__ = [
    "believed_deny",
    "clients_at",
    "course_map",
    "exercise",
    "explore",
    "explorer",
    "gallery",
    "glossary",
    "heat_map",
    "inspect_token",
    "inspector",
    "key_or_token",
    "leaked_key",
    "outcome",
    "predict",
    "rbac_incident",
    "revocations",
    "role_matrix",
    "service_case",
    "service_defaults",
    "simulator",
    "timeline",
    "token_latency",
]

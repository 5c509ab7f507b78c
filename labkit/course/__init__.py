"""The course: exercises, predictions, the glossary, and what notebooks need besides the lab itself."""

from __future__ import annotations

from labkit.course.auth_choice import key_or_token

# Not loaded lazily: several of these have the name of their module, and a package that has been asked for
# `labkit.course.gallery` would from then on hand out the module in place of the function.
from labkit.course.cosmos_steps import cosmos_keys, cosmos_steps
from labkit.course.encryption_choice import encryption_chooser, encryption_for
from labkit.course.explorer import explore, explorer
from labkit.course.gallery import gallery
from labkit.course.glossary import glossary
from labkit.course.hbi_comparison import hbi_comparison
from labkit.course.incidents import believed_deny
from labkit.course.incidents import incident as rbac_incident
from labkit.course.inspector import inspect_token, inspector
from labkit.course.key_timeline import key_timeline
from labkit.course.leaked_string import leaked_string
from labkit.course.lessons import course_map
from labkit.course.outcome import outcome
from labkit.course.own_history import own_history
from labkit.course.prediction import predict
from labkit.course.revocations import revocations
from labkit.course.role_matrix import role_matrix
from labkit.course.secret_places import where_is
from labkit.course.service_case import service_case
from labkit.course.service_clients import timeline
from labkit.course.service_defaults import service_defaults
from labkit.course.service_incident import leaked_key
from labkit.course.seven_secrets import seven_secrets
from labkit.course.simulator import clients_at, simulator
from labkit.course.store_case import store_case
from labkit.course.store_matrix import store_matrix
from labkit.course.token_latency import token_latency
from labkit.course.worksheet import exercise
from labkit.display.heat_map import heat_map

__all__ = [
    "believed_deny",
    "clients_at",
    "cosmos_keys",
    "cosmos_steps",
    "course_map",
    "encryption_chooser",
    "encryption_for",
    "exercise",
    "explore",
    "explorer",
    "gallery",
    "glossary",
    "hbi_comparison",
    "heat_map",
    "inspect_token",
    "inspector",
    "key_or_token",
    "key_timeline",
    "leaked_key",
    "leaked_string",
    "outcome",
    "own_history",
    "predict",
    "rbac_incident",
    "revocations",
    "role_matrix",
    "service_case",
    "service_defaults",
    "seven_secrets",
    "simulator",
    "store_case",
    "store_matrix",
    "timeline",
    "token_latency",
    "where_is",
]

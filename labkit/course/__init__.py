"""The course: exercises, predictions, the glossary, and what notebooks need besides the lab itself."""

from __future__ import annotations

from labkit.course.audit import audit
from labkit.course.auth_choice import key_or_token
from labkit.course.calibration import calibration
from labkit.course.checklist import checklist

# Not loaded lazily: several of these have the name of their module, and a package that has been asked for
# `labkit.course.gallery` would from then on hand out the module in place of the function.
from labkit.course.collected import collected_of
from labkit.course.cosmos_steps import cosmos_keys, cosmos_steps
from labkit.course.data_flows import data_flow
from labkit.course.data_trail import data_trail
from labkit.course.drills import drill
from labkit.course.drills.evidence import which_log_knows
from labkit.course.drills.rehearsal import rehearse
from labkit.course.edition_table import edition_table
from labkit.course.encryption_choice import encryption_chooser, encryption_for
from labkit.course.explorer import explore, explorer
from labkit.course.flow_player import flow_player, flow_step
from labkit.course.gallery import gallery
from labkit.course.glossary import glossary
from labkit.course.hbi_comparison import hbi_comparison
from labkit.course.incidents import believed_deny
from labkit.course.incidents import incident as rbac_incident
from labkit.course.inspector import inspect_token, inspector
from labkit.course.key_timeline import key_timeline
from labkit.course.leaked_string import leaked_string
from labkit.course.leaks import leaks
from labkit.course.lessons import course_map
from labkit.course.network_comparison import network_comparison
from labkit.course.outcome import outcome
from labkit.course.own_history import own_history
from labkit.course.prediction import predict
from labkit.course.progress import begin_anew, progress, progress_explorer, resume
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
from labkit.course.tls_trials import tls_trials
from labkit.course.token_latency import token_latency
from labkit.course.transit import internal_traffic
from labkit.course.watching import watching
from labkit.course.who_did_this import telling_sources, who_did_this
from labkit.course.worksheet import exercise
from labkit.display.crossings import crossings
from labkit.display.heat_map import heat_map

__all__ = [
    "audit",
    "begin_anew",
    "believed_deny",
    "calibration",
    "checklist",
    "clients_at",
    "collected_of",
    "cosmos_keys",
    "cosmos_steps",
    "course_map",
    "crossings",
    "data_flow",
    "data_trail",
    "drill",
    "edition_table",
    "encryption_chooser",
    "encryption_for",
    "exercise",
    "explore",
    "explorer",
    "flow_player",
    "flow_step",
    "gallery",
    "glossary",
    "hbi_comparison",
    "heat_map",
    "inspect_token",
    "inspector",
    "internal_traffic",
    "key_or_token",
    "key_timeline",
    "leaked_key",
    "leaked_string",
    "leaks",
    "network_comparison",
    "outcome",
    "own_history",
    "predict",
    "progress",
    "progress_explorer",
    "rbac_incident",
    "rehearse",
    "resume",
    "revocations",
    "role_matrix",
    "service_case",
    "service_defaults",
    "seven_secrets",
    "simulator",
    "store_case",
    "store_matrix",
    "telling_sources",
    "timeline",
    "tls_trials",
    "token_latency",
    "watching",
    "where_is",
    "which_log_knows",
    "who_did_this",
]

"""Draws what the lab shows: diagrams, tables, boxes. Nothing below imports it."""

from __future__ import annotations

from importlib import import_module

# By name, so that a type is drawn without being imported, and a drawer loads when its first object is shown.
DRAWERS = {
    "labkit.core.trace.Trace": "labkit.display.diagram",
    "labkit.core.verdict.Verdict": "labkit.display.verdict_view",
    "labkit.identity.token.Token": "labkit.display.token_view",
    "labkit.ledger.Statement": "labkit.display.statement_view",
    "labkit.openings.Openings": "labkit.display.openings_view",
    "labkit.core.table.Table": "labkit.display.table",
    "labkit.core.table.Tabular": "labkit.display.table",
    "labkit.core.noted.Noted": "labkit.display.noted_view",
    "labkit.core.listing.Listing": "labkit.display.listing",
    "labkit.course.data_flows.DataFlow": "labkit.display.data_flow_view",
    "labkit.course.flow_player.FlowStep": "labkit.display.flow_step_view",
    "labkit.course.drills.history.History": "labkit.display.picture",
    "labkit.course.key_timeline.KeyTimeline": "labkit.display.picture",
    "labkit.course.service_clients.Timeline": "labkit.display.picture",
    "labkit.course.token_latency.TokenLatency": "labkit.display.picture",
    "labkit.services.metrics.Metrics": "labkit.display.metric_chart",
    "labkit.access.decision.Decision": "labkit.display.decision_view",
    "labkit.access.matrix.Cell": "labkit.display.cell_view",
    "labkit.access.matrix.Matrix": "labkit.display.matrix_view",
    "labkit.display.heat_map.HeatMap": "labkit.display.heat_map",
    "labkit.core.show.Shown": "labkit.display.plain_view",
}


def render(shown: object) -> dict[str, str]:
    """The richer forms of an object by mime type; {} for what has none. Never raises."""
    for kind in type(shown).__mro__:
        drawer = DRAWERS.get(f"{kind.__module__}.{kind.__qualname__}")
        if drawer is not None:
            try:
                return {"text/html": import_module(drawer).html(shown)}
            except Exception:
                # The text form is still to come: a drawing that fails must not take it away.
                return {}
    return {}

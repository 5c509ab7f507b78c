"""A flow one hop at a time: the function, its text, and the widget around it, without a browser."""

import re
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest

from labkit.core.errors import BadInput
from labkit.core.trace import Hop, Trace
from labkit.course.data_flows import DataFlow, data_flow
from labkit.course.flow_player import FlowPlayer, flow_player, flow_step, sentence
from labkit.display.diagram import NOW, arrows, dot, numbers
from labkit.display.flow import flow
from labkit.display.graphviz_svg import document
from tests.course.refusing import taken

HOP = Hop(
    number=1, parent=0, at=0, caller="carl", origin="Client", service="Key Vault", resource="safe",
    boundary="Customer subscription", operation="Get secret", action="", credential="bearer token",
    subject="carl (user)", initiator="carl", encrypted=True, scope="/s", stage="operation",
    outcome="ok", why="the policy lets carl",
)  # fmt: skip
SERVED = data_flow("web service")
STEPS = range(1, len(SERVED.trace) + 1)


@pytest.fixture(scope="module")
def player() -> FlowPlayer:
    return flow_player(SERVED)


# ---- what is said


def test_a_hop_in_words_says_who_asks_whom_with_what_and_why_it_may() -> None:
    assert sentence(HOP) == (
        "carl asks Key Vault [safe]: Get secret (from Client into Customer subscription, encrypted). "
        "Credential: bearer token, which proves carl (user). Allowed: the policy lets carl."
    )


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"encrypted": False}, "NOT ENCRYPTED"),
        ({"origin": "Customer subscription"}, "(inside of Customer subscription, encrypted)"),
        ({"subject": ""}, "which proves nobody"),
        ({"outcome": "403 Forbidden", "stage": "authorization"}, "Refused at authorization: 403 Forbidden."),
        ({"outcome": "0 HostNotFound", "stage": "reach"}, "Refused at reach: HostNotFound."),
        ({"service": "Azure AD", "resource": "Azure AD, contoso"}, "carl asks Azure AD: Get secret"),
    ],
)
def test_what_is_special_about_a_hop_is_said(changed: dict[str, Any], words: str) -> None:
    assert words in sentence(replace(HOP, **changed))
    assert words not in sentence(HOP)
    if "outcome" in changed:
        assert "Allowed" not in sentence(replace(HOP, **changed))


def test_a_step_says_which_it_is_and_during_which_other() -> None:
    assert [flow_step(SERVED, step).heading for step in (1, 2, 3)] == [
        f"Step 1 of {len(STEPS)}",
        f"Step 2 of {len(STEPS)}",
        f"Step 3 of {len(STEPS)}, during step 2",
    ]


def test_a_part_of_a_trace_is_numbered_by_its_own_places() -> None:
    inner = Trace(
        [replace(HOP, number=41), replace(HOP, number=42, parent=41), replace(HOP, number=43, parent=7)]
    )
    headings = [flow_step(inner, step).heading for step in (1, 2, 3)]
    assert headings == ["Step 1 of 3", "Step 2 of 3, during step 1", "Step 3 of 3"]


def test_a_step_says_what_the_documents_say_of_it_and_each_of_theirs_is_said_once() -> None:
    said = [flow_step(SERVED, step).says for step in STEPS]
    assert sorted(one for one in said if one) == sorted(one.says for one in SERVED.steps.steps)
    assert flow_step(SERVED.trace, 2).says == ""


# ---- as text


@pytest.mark.parametrize("step", STEPS)
def test_the_text_is_what_is_shown(player: FlowPlayer, step: int) -> None:
    shown = flow_step(SERVED, step)
    assert player.text(step) == repr(shown) == shown._repr_mimebundle_()["text/plain"]
    lines = player.text(step).split("\n")
    html = ElementTree.fromstring(f"<div>{shown._repr_mimebundle_()['text/html']}</div>")
    assert ["".join(one.itertext()) for one in html.iterfind("p")] == lines
    [image] = html.iter("img")
    assert image.get("alt") == f"Data-flow diagram: up to s{lines[0].removeprefix('S')}"
    assert html.findtext("figure/details/pre") == repr(SERVED.trace[:step])


def test_all_steps_are_the_texts_of_all_steps(player: FlowPlayer) -> None:
    assert player.all_steps() == "\n\n".join(player.text(step) for step in STEPS)
    assert player.all_steps().count("Step ") == len(STEPS)


# ---- as a picture


def parts(kind: str, now: int) -> list[str]:
    return re.findall(rf'<g id="{kind}\d+".*?</g>', document(dot(flow(SERVED.trace), now)), re.DOTALL)


def drawn(now: int) -> list[ElementTree.Element]:
    space = "{http://www.w3.org/2000/svg}"
    found = ElementTree.fromstring(document(dot(flow(SERVED.trace), now)))
    return found.findall(f".//{space}g[@class='edge']")


def label(group: ElementTree.Element) -> str:
    return " ".join(text.strip() for text in group.itertext() if text.strip())


def width(group: ElementTree.Element) -> float:
    path = next(part for part in group if part.tag.endswith("path"))
    return float(path.get("stroke-width", "1"))


@pytest.mark.parametrize("step", STEPS)
def test_the_picture_has_the_arrows_up_to_the_step_and_marks_this_one(step: int) -> None:
    graph, found = flow(SERVED.trace), drawn(step)
    assert len(found) == sum(arrow[0].numbers[0] <= step for arrow in arrows(graph))
    [marked] = [one for one in found if NOW in label(one)]
    [edge] = [one for one in graph.edges if step in one.numbers]
    # The mark stands at the operation of this step, where an arrow has several.
    _, _, after = label(marked).partition(f"{NOW} ")
    assert after.startswith(f"{numbers(edge.numbers)} {edge.hop.operation}")
    # Not by colour: by a sign, and by being the thickest.
    assert width(marked) > max([width(one) for one in found if one is not marked], default=0)


def test_nothing_moves_from_one_step_to_the_next() -> None:
    nodes, frames = parts("node", 1), parts("clust", 1)
    assert nodes
    assert frames
    for step in STEPS:
        assert (parts("node", step), parts("clust", step)) == (nodes, frames)


def test_without_a_step_nothing_is_marked_and_everything_is_drawn() -> None:
    assert len(drawn(0)) == len(arrows(flow(SERVED.trace)))
    assert not any(NOW in label(one) for one in drawn(0))


def test_the_legend_explains_the_mark() -> None:
    shown = flow_step(SERVED, 4)._repr_mimebundle_()["text/html"]
    caption = ElementTree.fromstring(f"<div>{shown}</div>").findtext("figure/figcaption") or ""
    assert f"The arrow with {NOW} is the one that this is about" in caption
    assert NOW not in SERVED._repr_mimebundle_()["text/html"]


# ---- the widget


def test_the_widget_has_a_name_and_every_step(player: FlowPlayer) -> None:
    _, step, _, _ = player.panel.box.children
    assert step.description == f"Step (1 to {len(STEPS)})"
    assert (step.min, step.max, step.step, step.value) == (1, len(STEPS), 1, 1)


def test_what_is_announced_is_the_step_and_its_sentence() -> None:
    shown = flow_step(SERVED, 3)
    assert shown.summary == f"{shown.heading}. {shown.sentence}"


def test_where_there_is_no_widget_the_text_is_that_of_the_first_step(player: FlowPlayer) -> None:
    assert player._repr_mimebundle_()["text/plain"] == repr(player) == player.text(1)


def test_any_trace_can_be_played() -> None:
    assert flow_player(Trace([HOP])).all_steps() == f"Step 1 of 1\n{sentence(HOP)}"


# ---- what is none


@pytest.mark.parametrize("step", [0, -1, len(STEPS) + 1, True, 1.0, "1", None, [1]])
def test_another_step_is_bad_input(player: FlowPlayer, step: Any) -> None:
    for ask in (lambda: flow_step(SERVED, step), lambda: player.text(step)):
        with pytest.raises(BadInput, match="no such step") as caught:
            ask()
        assert caught.value.required == f"1 to {len(STEPS)}"


def test_what_is_no_flow_or_has_no_step_is_bad_input() -> None:
    for nothing in (Trace(), "web service", None):
        with pytest.raises(BadInput, match="nothing to play"):
            flow_player(nothing)  # type: ignore[arg-type]
    assert taken(flow_player) == {}
    assert taken(lambda step: flow_step(SERVED, step), fine=(5, 1, 2, 3)) == {}


def test_a_flow_is_a_flow_of_any_kind() -> None:
    assert isinstance(SERVED, DataFlow)
    assert flow_step(SERVED, 2).trace[1] == SERVED.trace[1]

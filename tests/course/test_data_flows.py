"""The data flows, performed: what is drawn is what happened, from a stated state of caches."""

import re
from typing import Any
from xml.etree import ElementTree

import pytest

from labkit.core.errors import BadInput
from labkit.course.data_flows import CACHES, FLOWS, DataFlow, data_flow
from labkit.course.flow_documents import STEPS
from labkit.display import diagram
from labkit.display.crossings import crossings
from labkit.display.flow import flow
from labkit.releases import RELEASES
from tests.course.refusing import said_otherwise, taken


@pytest.fixture(scope="module", params=[(name, caches) for name in FLOWS for caches in CACHES], ids="-".join)
def performed(request: pytest.FixtureRequest) -> DataFlow:
    return data_flow(*request.param)


def test_all_that_the_documents_say_is_found_in_the_hops_in_their_order(performed: DataFlow) -> None:
    assert [(one.says, one.verdict) for one in performed.steps.steps if one.verdict != "found"] == [
        (one.says, "not needed") for one in performed.steps.steps if one.optional and not one.place
    ]
    assert performed.steps.complete


def test_nothing_is_refused_and_every_hop_is_one_of_the_lab(performed: DataFlow) -> None:
    assert all(hop.ok for hop in performed.trace)
    recorded = list(performed.watch.lab.trace)
    assert list(performed.trace) == recorded[len(recorded) - len(performed.trace) :]


def test_the_picture_is_drawn_from_the_trace_and_has_every_call_with_its_credential(
    performed: DataFlow,
) -> None:
    shown = performed._repr_mimebundle_()["text/html"]
    assert diagram.html(performed.trace) in shown
    graph = flow(performed.trace)
    assert len(graph.edges) <= diagram.LARGEST
    places = sorted(place for edge in graph.edges for place in edge.numbers)
    assert places == list(range(1, len(performed.trace) + 1))
    # A line may be broken between two words.
    source = re.sub(r"(\s|\\n)+", " ", diagram.dot(graph))
    for hop in performed.trace:
        assert hop.credential in source


def test_the_text_says_what_the_picture_says(performed: DataFlow) -> None:
    text = repr(performed)
    assert text.startswith(f"{performed.caption}\n")
    assert repr(performed.trace) in text
    assert repr(performed.steps) in text
    shown = performed._repr_mimebundle_()
    assert shown["text/plain"] == text
    html = ElementTree.fromstring(f"<div>{shown['text/html']}</div>")
    assert html.findtext("p") == performed.caption
    assert html.findtext("figure/details/pre") == repr(performed.trace)


def test_no_credential_is_shown(performed: DataFlow) -> None:
    shown = repr(performed) + performed._repr_mimebundle_()["text/html"]
    for one in performed.watch.sightings:
        secrets = [text for text in vars(one.asked.cred).values() if type(text) is str and len(text) > 40]
        assert not any(text in shown for text in secrets)
    assert not re.search(r"lab-[0-9a-f]{8}|eyJ", shown)


def test_the_state_of_the_caches_is_the_one_that_was_found() -> None:
    cold, warm = (data_flow("training on managed compute", caches) for caches in CACHES)
    assert cold.before == (
        "the user has no access token",
        "ml-example has 1 blob, no files and no images",
        "cpu-cluster has no node",
    )
    assert warm.before == (
        "the user has an access token",
        "ml-example has 1 blob, 1 file and 1 image",
        "cpu-cluster has a node",
    )
    assert cold.caption == (
        "Data flow: training on managed compute. Caches are cold: the user has no access token; "
        "ml-example has 1 blob, no files and no images; cpu-cluster has no node."
    )


@pytest.mark.parametrize("name", FLOWS)
def test_a_warm_flow_leaves_out_what_is_there_and_does_nothing_new(name: str) -> None:
    cold, warm = (
        [(hop.caller, hop.service, hop.operation) for hop in data_flow(name, caches).trace]
        for caches in CACHES
    )
    operations = [[operation for _, _, operation in one] for one in (cold, warm)]
    left_out = [one for one in operations[0] if one not in operations[1]]
    assert len(warm) < len(cold)
    assert set(operations[1]) <= set(operations[0])
    assert set(left_out) <= {"Build image", "Get token"}
    signed_in = ("carl", "Azure AD", "Get token")
    assert (signed_in in cold, signed_in in warm) == (True, False)


def test_the_second_run_in_the_same_environment_builds_no_image() -> None:
    cold, warm = (
        [hop.operation for hop in data_flow("training on managed compute", caches).trace] for caches in CACHES
    )
    assert ("Build image" in cold, "Build image" in warm) == (True, False)


def test_what_is_prepared_is_no_part_of_a_flow() -> None:
    operations = {hop.operation for hop in data_flow("web service").trace}
    assert "PUT" not in operations
    assert data_flow("metrics").trace[0].operation != "Submit run"


def test_the_crossings_are_those_of_the_trace(performed: DataFlow) -> None:
    assert performed.crossings == crossings(performed.trace)


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", FLOWS)
def test_it_is_so_in_every_release_and_with_every_seed(name: str, release: str) -> None:
    assert data_flow(name, release=release).steps.complete
    assert repr(data_flow(name, release=release)) == repr(data_flow(name, release=release))


def test_another_seed_makes_other_names_and_the_same_steps() -> None:
    mine, other = data_flow("create workspace"), data_flow("create workspace", seed=7)
    assert repr(mine) != repr(other)
    assert mine.steps == other.steps == data_flow("create workspace", seed=None).steps


def test_every_flow_has_its_steps() -> None:
    assert STEPS.keys() == FLOWS.keys()
    assert all(len(steps) >= 4 for steps in STEPS.values())


@pytest.mark.parametrize("value", ["create", "Web service", "", None, 3, ["metrics"]])
def test_another_name_is_bad_input_that_says_which_there_are(value: Any) -> None:
    with pytest.raises(BadInput, match="no such data flow") as caught:
        data_flow(value)
    assert caught.value.required == ", ".join(f'"{name}"' for name in FLOWS)


def test_what_is_no_value_is_bad_input() -> None:
    assert taken(data_flow) == {}
    assert taken(lambda caches: data_flow("metrics", caches)) == {}
    assert said_otherwise(lambda **given: data_flow("metrics", **given)) == []

"""The shell around a pure function: each control hands over its value, and the answer stands below."""

from dataclasses import dataclass
from typing import Any

import pytest

from labkit.core.show import Shown
from labkit.course.widget import Panel, chooser


@dataclass(frozen=True, repr=False)
class Said(Shown):
    """What was chosen."""

    chosen: tuple[object, ...]

    def __repr__(self) -> str:
        return f"<{self.chosen}>"


class Heard:
    """A function that remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []

    def __call__(self, *chosen: object) -> Said:
        self.asked.append(chosen)
        return Said(chosen)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def panel(heard: Heard) -> Panel:
    return chooser({"Minute": range(10, 41, 5), "Region": ("up", "down")}, heard)


def test_a_range_is_a_slider_and_names_are_a_list(panel: Panel) -> None:
    slider, names, _ = panel.box.children
    assert type(slider).__name__ == "IntSlider"
    assert (slider.min, slider.max, slider.step, slider.value) == (10, 40, 5, 10)
    assert type(names).__name__ == "Dropdown"
    assert tuple(names.options) == ("up", "down")


def test_a_slider_ends_at_the_last_number_of_the_range(heard: Heard) -> None:
    slider, _ = chooser({"Minute": range(0, 10, 4)}, heard).box.children
    assert (slider.min, slider.max, slider.step) == (0, 8, 4)


def test_values_are_handed_over_in_the_order_of_the_controls(panel: Panel, heard: Heard) -> None:
    slider, names, _ = panel.box.children
    slider.value = 25
    names.value = "down"
    assert heard.asked == [(10, "up"), (25, "up"), (25, "down")]


# In the browser the number beside a slider can be typed over, and keeps within the ends but not to the steps.
@pytest.mark.parametrize(("typed", "nearest"), [(11, 10), (13, 15), (38, 40), (12, 10), (-7, 10), (99, 40)])
def test_a_number_between_two_steps_becomes_the_nearest(
    panel: Panel, heard: Heard, typed: int, nearest: int
) -> None:
    slider, _, below = panel.box.children
    slider.value = 25
    slider.set_state({"value": typed})
    assert slider.value == nearest
    assert f"({nearest}, &#x27;up&#x27;)" in below.value
    assert {minute for minute, _ in heard.asked} == {10, 25, nearest}


def test_every_control_has_a_name_and_a_hint_and_the_answer_is_announced(panel: Panel) -> None:
    slider, names, below = panel.box.children
    assert [one.description for one in (slider, names)] == ["Minute", "Region"]
    assert slider.tooltip == "Minute: move it, the answer below changes"
    assert names.tooltip == "Region: choose one, the answer below changes"
    assert {one.style.description_width for one in (slider, names)} == {"initial"}
    assert below.value.startswith('<div aria-live="polite">')


def test_an_answer_without_a_richer_form_is_shown_as_text_that_stays_text(panel: Panel) -> None:
    *_, below = panel.box.children
    assert below.value == '<div aria-live="polite"><pre>&lt;(10, &#x27;up&#x27;)&gt;</pre></div>'


def test_an_answer_with_a_richer_form_is_shown_by_it(monkeypatch: pytest.MonkeyPatch, heard: Heard) -> None:
    def rich(shown: Said, **_: Any) -> dict[str, str]:
        return {"text/plain": repr(shown), "text/html": f"<b>{shown.chosen[0]}</b>"}

    monkeypatch.setattr(Said, "_repr_mimebundle_", rich)
    slider, below = chooser({"Minute": range(3)}, heard).box.children
    slider.value = 2
    assert below.value == '<div aria-live="polite"><b>2</b></div>'


def test_where_there_is_no_widget_the_text_is_that_of_the_first_values(panel: Panel) -> None:
    panel.box.children[0].value = 40
    bundle = panel._repr_mimebundle_()
    assert bundle["text/plain"] == repr(panel) == "<(10, 'up')>"
    assert "application/vnd.jupyter.widget-view+json" in bundle

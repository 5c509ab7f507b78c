"""The shell around a pure function: each control hands over its value, and the answer stands below."""

from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import pytest

from labkit.core.show import Shown
from labkit.course.widget import Panel, chooser


@dataclass(frozen=True, repr=False)
class Said(Shown):
    """What was chosen."""

    chosen: tuple[object, ...]

    @property
    def summary(self) -> str:
        """In short, with a sign that is none of HTML."""
        return f"< {self.chosen[0]}"

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


def test_a_range_is_a_number_and_names_are_a_list(panel: Panel) -> None:
    _, minute, names, _, _ = panel.box.children
    assert type(minute).__name__ == "BoundedIntText"
    assert (minute.min, minute.max, minute.step, minute.value) == (10, 40, 5, 10)
    assert type(names).__name__ == "Dropdown"
    assert tuple(names.options) == ("up", "down")


def test_a_number_ends_at_the_last_number_of_the_range(heard: Heard) -> None:
    _, number, _, _ = chooser({"Minute": range(0, 10, 4)}, heard).box.children
    assert (number.min, number.max, number.step) == (0, 8, 4)


def test_values_are_handed_over_in_the_order_of_the_controls(panel: Panel, heard: Heard) -> None:
    _, minute, names, _, _ = panel.box.children
    minute.value = 25
    names.value = "down"
    assert heard.asked == [(10, "up"), (25, "up"), (25, "down")]


# What is typed keeps within the ends but not to the steps.
@pytest.mark.parametrize(("typed", "nearest"), [(11, 10), (13, 15), (38, 40), (12, 10), (-7, 10), (99, 40)])
def test_a_number_between_two_steps_becomes_the_nearest(
    panel: Panel, heard: Heard, typed: int, nearest: int
) -> None:
    _, minute, _, announced, below = panel.box.children
    minute.value = 25
    minute.set_state({"value": typed})
    assert minute.value == nearest
    assert f"({nearest}, &#x27;up&#x27;)" in below.value
    assert f"&lt; {nearest}<" in announced.value
    assert {minute for minute, _ in heard.asked} == {10, 25, nearest}


def test_every_control_has_a_label_with_all_that_one_must_know_to_use_it(panel: Panel) -> None:
    hint, minute, names, _, _ = panel.box.children
    assert [one.description for one in (minute, names)] == ["Minute (10 to 40, in steps of 5)", "Region"]
    assert {one.style.description_width for one in (minute, names)} == {"initial"}
    assert minute.tooltip.startswith("Minute (10 to 40, in steps of 5): ")
    assert names.tooltip.startswith("Region: ")
    assert "arrow keys count" in hint.value
    assert "Space opens a list" in hint.value


def test_each_kind_of_control_is_explained_once_and_no_other(heard: Heard) -> None:
    lists = chooser({"A": ("a",), "B": ("b",)}, heard).box.children[0].value
    assert (lists.count("Space opens"), lists.count("count up")) == (1, 0)
    number = chooser({"Step": range(1, 4)}, heard).box.children
    assert (number[0].value.count("Space opens"), number[0].value.count("count up")) == (0, 1)
    assert number[1].description == "Step (1 to 3)"


def test_a_change_is_announced_once_and_in_short(panel: Panel) -> None:
    _, minute, _, announced, below = panel.box.children
    said: list[str] = []
    announced.observe(lambda change: said.append(change["new"]), names="value")
    minute.value = 25
    [alert] = map(ElementTree.fromstring, said)
    assert (alert.get("role"), alert.get("aria-live"), alert.text) == ("alert", "polite", "< 25")
    # The answer itself is no live region: it would be read as a whole.
    assert "aria-live" not in below.value
    assert "role" not in below.value


def test_an_answer_that_cannot_be_drawn_is_shown_as_text_that_stays_text(
    monkeypatch: pytest.MonkeyPatch, heard: Heard
) -> None:
    monkeypatch.setattr(Shown, "renderer", None)
    *_, below = chooser({"Minute": range(10, 41, 5), "Region": ("up", "down")}, heard).box.children
    assert below.value == "<pre>&lt;(10, &#x27;up&#x27;)&gt;</pre>"


def test_an_answer_with_a_richer_form_is_shown_by_it(monkeypatch: pytest.MonkeyPatch, heard: Heard) -> None:
    def rich(shown: Said, **_: Any) -> dict[str, str]:
        return {"text/plain": repr(shown), "text/html": f"<b>{shown.chosen[0]}</b>"}

    monkeypatch.setattr(Said, "_repr_mimebundle_", rich)
    panel = chooser({"Minute": range(3)}, heard)
    _, number, _, below = panel.box.children
    number.value = 2
    assert below.value == "<b>2</b>"
    assert panel._repr_mimebundle_()["text/html"] == "<b>0</b>"


def test_where_there_is_no_widget_the_text_is_that_of_the_first_values(panel: Panel) -> None:
    panel.box.children[1].value = 40
    bundle = panel._repr_mimebundle_()
    assert bundle["text/plain"] == repr(panel) == "<(10, 'up')>"
    assert "application/vnd.jupyter.widget-view+json" in bundle

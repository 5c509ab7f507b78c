"""The plot of metrics: what is in it, and that it is the same each time."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.display import metric_chart, render
from labkit.services.metrics import NAMES, Counted, Metrics, added_up

NOW = 1_584_090_000


class Thing:
    name = "ml-example"

    def __init__(self, *times: tuple[int, str]) -> None:
        self.counted = Counted(list(times))


def shown(*times: tuple[int, str]) -> Metrics:
    return added_up(Thing(*times), NOW, "1h", "6h")


SOME = [(NOW - 7200, "Started Runs")] * 3 + [(NOW, "Started Runs"), (NOW - 60, "Failed Runs")]


def texts(drawn: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", drawn)


def test_each_metric_has_a_strip_and_each_bar_its_number() -> None:
    drawn = texts(metric_chart.picture(shown(*SOME)))
    assert {*NAMES} <= {*drawn}
    assert sorted(one for one in drawn if one.isdigit()) == ["1", "1", "3"]
    assert "Metrics of ml-example from 2020-03-13 03:00:00Z on, by 1h" in drawn
    assert "03-13 03:00" in drawn


def test_the_same_numbers_give_the_same_bytes_and_others_give_others() -> None:
    first = metric_chart.picture(shown(*SOME))
    assert metric_chart.picture(shown(*SOME)) == first
    assert metric_chart.picture(shown(*SOME[1:])) != first


def test_nothing_counted_is_drawn_all_the_same() -> None:
    drawn = texts(metric_chart.picture(shown()))
    assert {*NAMES} <= {*drawn}
    assert not [one for one in drawn if one.isdigit()]


def test_a_notebook_shows_the_plot_with_the_table_below() -> None:
    found = render(shown(*SOME))["text/html"]
    assert found.startswith("<figure")
    assert "Started Runs" in found
    assert found == metric_chart.html(shown(*SOME))


@settings(max_examples=5)
@given(st.lists(st.tuples(st.integers(NOW - 21_600, NOW), st.sampled_from(NAMES)), max_size=20))
def test_the_numbers_of_the_plot_are_those_of_the_table(times: list[tuple[int, str]]) -> None:
    found = shown(*times)
    numbers = sorted(number for row in found.totals.values() for number in row if number)
    assert sorted(int(one) for one in texts(metric_chart.picture(found)) if one.isdigit()) == numbers


@pytest.mark.parametrize("interval", ["1m", "1h"])
def test_the_axis_has_few_labels_however_many_stretches(interval: str) -> None:
    drawn = texts(metric_chart.picture(added_up(Thing(*SOME), NOW, interval, "12h")))
    assert 3 <= len([one for one in drawn if re.fullmatch(r"\d\d-\d\d \d\d:\d\d", one)]) <= 5

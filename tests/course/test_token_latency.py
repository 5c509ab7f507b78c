"""How long fetching a token takes, by region: measured in the trace, not typed in."""

from itertools import product

import pytest

from labkit.course.token_latency import TokenLatency, token_latency
from labkit.network.distance import AT_HOME, latencies
from labkit.network.regions import REGIONS
from labkit.releases import RELEASES
from labkit.services.machine_learning import web_services
from tests.course.refusing import said_otherwise
from tests.display.test_number_grid import fields, image, written

TEXT = """\
Milliseconds (simulated) to fetch a token
workspace in \\ cluster in  eastus  westus2  southcentralus  northeurope  westeurope
-------------------------  ------  -------  --------------  -----------  ----------
eastus                     5       56       34              91           102
westus2                    56      5        46              113          121
southcentralus             34      46       5               119          129
northeurope                91      113      119             5            16
westeurope                 102     121      129             16           5"""


@pytest.fixture(scope="module")
def here() -> TokenLatency:
    return token_latency()


def test_it_is_the_network_s_table_found_by_fetching(here: TokenLatency) -> None:
    assert here.milliseconds == latencies()
    assert repr(here) == TEXT


def test_at_home_it_is_shortest_and_there_and_back_are_the_same(here: TokenLatency) -> None:
    for one, other in product(REGIONS, REGIONS):
        assert here.milliseconds[one, other] == here.milliseconds[other, one]
        assert (here.milliseconds[one, other] == AT_HOME) is (one == other)
    assert min(here.milliseconds.values()) == AT_HOME


def test_another_network_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        web_services, "round_trip", lambda cluster, home: 10 * REGIONS.index(cluster) + REGIONS.index(home)
    )
    found = token_latency()
    assert found.milliseconds == {
        (home, cluster): 10 * column + row
        for row, home in enumerate(REGIONS)
        for column, cluster in enumerate(REGIONS)
    }
    assert found.as_table().rows[1] == ("westus2", 1, 11, 21, 31, 41)


def test_the_picture_has_the_numbers_of_the_text(here: TokenLatency) -> None:
    shown = here._repr_mimebundle_()
    assert list(shown) == ["text/plain", "text/html"]
    assert shown["text/plain"] == TEXT
    picture, alt, text = image(shown["text/html"])
    assert (alt, text) == (
        "Chart: Milliseconds (simulated) to fetch a token. All of it is in the text below.",
        TEXT,
    )
    assert [one for one, *_ in written(picture)][1:3] == ["workspace in", "cluster in"]
    headers = here.as_table().headers
    assert fields(picture, headers[1:]) == {
        (row[0], column): str(number)
        for row in here.as_table().rows
        for column, number in zip(headers[1:], row[1:], strict=True)
    }


@pytest.mark.parametrize(("release", "seed"), [*zip(RELEASES, (7, 2020, None), strict=True)])
def test_neither_release_nor_seed_makes_a_difference(
    here: TokenLatency, release: str, seed: int | None
) -> None:
    assert token_latency(release, seed)._repr_mimebundle_() == here._repr_mimebundle_()


def test_bad_input_is_told_so() -> None:
    assert said_otherwise(token_latency) == []

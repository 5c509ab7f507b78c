"""What the flag of high business impact does, found by trying."""

from functools import cache

import pytest

from labkit.core.errors import BadRequest
from labkit.course.hbi_comparison import Effects, hbi_comparison
from labkit.course.store_matrix import PLAIN, SEALED
from labkit.releases import RELEASES
from tests.course.refusing import said_otherwise

found = cache(lambda release: hbi_comparison(release))
TEXT = """\
                   hbi off                    hbi on                  hbi on, earlier cluster
-----------------  -------------------------  ----------------------  -----------------------
temporary disk     plain text                 ciphertext              plain text
next run finds     rows.csv                   nothing                 nothing
credential in job  yes                        no, a name of a secret  no, a name of a secret
other service      refused at authentication  refused at network      refused at network
changed later      BadRequest                 BadRequest              BadRequest"""


def test_it_is_the_documents_list() -> None:
    assert repr(found("2020-03")) == TEXT
    assert repr(found("2020-03")) == repr(found("2020-03").as_table())


def test_the_disk_is_the_only_effect_that_an_earlier_cluster_takes_away() -> None:
    here = found("2020-03")
    new, old = vars(here.with_it), vars(here.with_earlier_cluster)
    assert [name for name in new if new[name] != old[name]] == ["temporary_disk"]
    assert (here.with_it.temporary_disk, here.with_earlier_cluster.temporary_disk) == (SEALED, PLAIN)


def test_all_effects_but_the_last_are_the_flags() -> None:
    here = found("2020-03")
    without, with_it = vars(here.without), vars(here.with_it)
    assert [name for name in without if without[name] == with_it[name]] == ["changed_later"]
    assert list(without) == list(Effects.__dataclass_fields__)


@pytest.mark.parametrize("seed", [7, None])
def test_the_seed_makes_no_difference(seed: int | None) -> None:
    assert hbi_comparison(seed=seed) == found("2020-03")


@pytest.mark.parametrize("release", RELEASES)
def test_a_release_that_has_the_flag_has_its_effects_and_the_other_one_refuses_it(release: str) -> None:
    if RELEASES[release].hbi:
        assert found(release) == found("2020-03")
        return
    with pytest.raises(BadRequest, match="high business impact"):
        hbi_comparison(release)


def test_the_release_and_the_seed_are_those_of_a_lab() -> None:
    assert said_otherwise(hbi_comparison) == []

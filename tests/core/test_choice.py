"""Names that somebody typed."""

import pytest

from labkit.core.choice import choice
from labkit.core.errors import BadInput


class Liar(str):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = str.__hash__


def test_an_option_is_returned() -> None:
    assert choice("fruit", "pear", ["apple", "pear"]) == "pear"


@pytest.mark.parametrize("value", ["Pear", "", None, 3, ["pear"], Liar("stone"), "x" * 100_000, "\ud800"])
def test_anything_else_is_refused_with_the_options(value: object) -> None:
    with pytest.raises(BadInput, match="no such fruit") as caught:
        choice("fruit", value, ["apple", "pear"])
    assert caught.value.required == '"apple", "pear"'
    assert len(str(caught.value)) < 200

"""What the tests of az share."""

from __future__ import annotations

import json
from typing import Any

import pytest

from labkit.lab import Lab
from labkit.sdk.az import AzError
from tests.services.state import everything

IN_GROUP = "-g your-resource-group-name"


def ask(lab: Lab, line: str) -> Any:
    """What a command answers, read as the JSON that it is."""
    return json.loads(lab.az(line))


def refused(lab: Lab, line: str) -> AzError:
    """The error of a command that has to be refused, and to change nothing."""
    before = everything(lab)
    with pytest.raises(AzError) as caught:
        lab.az(line)
    assert everything(lab) == before
    return caught.value

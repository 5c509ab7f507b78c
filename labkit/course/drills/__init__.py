"""Incident drills: something has happened, and somebody is on call."""

from __future__ import annotations

from functools import lru_cache

from labkit.core.entropy import Entropy
from labkit.core.errors import BadInput, brief
from labkit.core.image import Image
from labkit.course.drills.incident import Incident
from labkit.course.drills.leaked_key import LeakedKey
from labkit.course.drills.revoked_key import RevokedKey
from labkit.course.drills.shown_secret import ShownSecret
from labkit.course.drills.stolen_token import StolenToken
from labkit.course.drills.wide_principal import WidePrincipal
from labkit.course.prepared import prepared
from labkit.lab import start
from labkit.releases import find_release

DRILLS: dict[str, type[Incident]] = {
    one.name: one for one in (LeakedKey, StolenToken, WidePrincipal, RevokedKey, ShownSecret)
}


def drill(name: str, seed: int | None = 2020, release: str = "2020-03") -> Incident:
    """An incident, in a lab of its own: "leaked-key", "stolen-token", "wide-principal", "revoked-key" or
    "shown-secret". The seed decides who, what and when; there has to be one. Raises BadInput."""
    if type(name) is not str or name not in DRILLS:
        raise BadInput("There is no such drill.", presented=brief(name), required=", ".join(DRILLS))
    if seed is None:
        raise BadInput(
            "A drill needs a seed.",
            presented="None",
            required="a whole number: with real entropy nobody could say afterwards which answers are right",
        )
    # Before they are looked up: a list cannot be.
    Entropy(seed)
    return _image(name, seed, find_release(release).name).copy()


# Who looks at a drill, answers it, and tries another answer begins it each time.
@lru_cache(maxsize=16)
def _image(name: str, seed: int, release: str) -> Image[Incident]:
    return prepared(DRILLS[name](start(release, seed)))

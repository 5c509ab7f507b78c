"""How far regions are from one another, and what that costs a call: milliseconds of simulated time."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt

from labkit.network.regions import REGIONS, check_region

# Latitude and longitude in degrees, as Azure's own list of locations has them (`az account list-locations`).
PLACES: dict[str, tuple[float, float]] = {
    "eastus": (37.3719, -79.8164),
    "westus2": (47.233, -119.852),
    "southcentralus": (29.4167, -98.5),
    "northeurope": (53.3478, -6.2597),
    "westeurope": (52.3667, 4.9),
}
EARTH_RADIUS = 6371.0
# What an answer takes when nothing has to travel, and how far light in glass gets there and back in a
# millisecond, along cables that are half as long again as the great circle.  # assumption: token-latency
AT_HOME = 5
KM_PER_MS = 200 / 2 / 1.5


def kilometres(one: str, other: str) -> float:
    """The great-circle distance of two regions. Raises BadInput for a region that the lab does not have."""
    (lat, long), (lat2, long2) = (
        (radians(degrees) for degrees in PLACES[check_region(region)]) for region in (one, other)
    )
    half = sin((lat2 - lat) / 2) ** 2 + cos(lat) * cos(lat2) * sin((long2 - long) / 2) ** 2
    return 2 * EARTH_RADIUS * asin(sqrt(half))


def round_trip(one: str, other: str) -> int:
    """Milliseconds of a request and its answer between two regions; the same there and back, and least
    within one region. Statement svc-token-latency. Raises BadInput."""
    return AT_HOME + round(kilometres(one, other) / KM_PER_MS)


def latencies() -> dict[tuple[str, str], int]:
    """`round_trip` of every pair of regions."""
    return {(one, other): round_trip(one, other) for one in REGIONS for other in REGIONS}

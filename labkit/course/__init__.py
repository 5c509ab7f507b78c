"""The course: exercises, predictions, the glossary, and what notebooks need besides the lab itself."""

from __future__ import annotations

# Not loaded lazily: several of these have the name of their module, and a package that has been asked for
# `labkit.course.gallery` would from then on hand out the module in place of the function.
from labkit.course.gallery import gallery
from labkit.course.glossary import glossary
from labkit.course.inspector import inspect_token, inspector
from labkit.course.lessons import course_map
from labkit.course.outcome import outcome
from labkit.course.prediction import predict
from labkit.course.worksheet import exercise

__all__ = [
    "course_map",
    "exercise",
    "gallery",
    "glossary",
    "inspect_token",
    "inspector",
    "outcome",
    "predict",
]

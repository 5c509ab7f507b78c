"""The exercises of 08-data-collection-and-monitoring, in their order."""

from __future__ import annotations

from labkit.course.exercises.data_find import FIND
from labkit.course.exercises.data_job import JOB
from labkit.course.exercises.mon_alarm import ALARM
from labkit.course.exercises.mon_who import WHO

EXERCISES = (FIND, JOB, WHO, ALARM)

"""Checks the course, several exercises at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from labkit.checkout import checkout
from labkit.core.errors import BadInput
from labkit.course.course_check import chosen, gathered, tried
from labkit.course.exercise_faults import Fault
from labkit.runner.pool import Workers, how_many


def check(only: Sequence[str] = (), jobs: int | None = None, as_json: bool = False) -> int:
    """Tries the exercises and predictions of the course, or those with these ids, in `jobs` processes (None:
    one for each processor), looks into the notebooks, and prints what was found. What is printed does not
    depend on `jobs`. Returns 1 where something is wrong, else 0. Raises BadInput."""
    if jobs is not None and jobs < 1:
        raise BadInput("So many jobs cannot run.", presented=f"{jobs}", required="1 or more")
    tasks = chosen(only)
    ids = [task.id for task in tasks]
    found = [fault for id in ids_tried(ids, jobs) for fault in id]
    report = gathered(tasks, found, checkout() / "notebooks", all_of_it=not only)
    print(json.dumps(report.as_json(), indent=2) if as_json else repr(report))
    return 1 if report.faults else 0


def ids_tried(ids: list[str], jobs: int | None) -> Iterator[list[Fault]]:
    """What is wrong with each, in the order of the ids."""
    count = how_many(len(ids), jobs)
    if count == 1:
        yield from map(tried, ids)
        return
    with Workers(count) as workers:
        for id, outcome in workers.results(tried, ids):
            if isinstance(outcome, Exception):
                said = f"checking it goes wrong: {type(outcome).__name__}: {outcome}"
                yield [Fault(id, said, "mend the exercise so that it can be tried")]
            else:
                yield outcome

"""What Microsoft collects for diagnosis: a store in its own subscription, written by Azure ML, read by its
support engineers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar

from labkit.authenticators.instrumentation_key import InstrumentationKey
from labkit.authenticators.platform import Platform
from labkit.core.choice import choice
from labkit.core.clock import Clock, iso
from labkit.core.entropy import Entropy
from labkit.core.errors import BadInput, BadRequest, Refusal, brief
from labkit.core.operation import Call, Service, operation
from labkit.core.resource import Resource, Resources
from labkit.core.table import Table, Tabular
from labkit.services.encryption import AccountKey, Disk, disk
from labkit.services.machine_learning.nodes import in_place
from labkit.services.machine_learning.workspace import Workspace
from labkit.stores import DIAGNOSTICS, MICROSOFT, MICROSOFT_SUBSCRIPTION

# What a workspace of high business impact means for what is collected. The documents say both: that the flag
# "controls the amount of data" that Microsoft collects, and that with it one opts out of the collection.
OPTS_OUT, COLLECTS_LESS = "opts out", "collects less"
REDACTED = "[redacted]"
# assumption: diagnostic-store
_GROUP = f"{MICROSOFT_SUBSCRIPTION}/resourceGroups/diagnostics/providers/Microsoft.Insights"
# Names and values by what they are: resource names, run ids, the variables of a job.
Fields = Mapping[str, str | list[str] | dict[str, str]]


@dataclass(eq=False)
class DiagnosticStore(Resource):
    """The store of a region. Azure ML has its instrumentation key, and customers have nothing that opens
    it."""

    service: ClassVar[str] = "Diagnostic store"
    instrumentation_key: str = field(repr=False, kw_only=True)
    records: Disk = field(repr=False, kw_only=True)

    def disks(self) -> Iterator[Disk]:
        """All records lie on one."""
        yield self.records


def _check_record(event: str, fields: Fields) -> None:
    if type(fields) is not dict:
        raise BadRequest("That is no record.", presented=brief(fields), required="fields by name")


class Diagnostics(Service):
    """Takes what Azure ML reports, and gives nothing back: reading is Microsoft's own business."""

    name = "Diagnostic store"
    resource = DiagnosticStore

    @operation("Collect diagnostics", accepts=(InstrumentationKey,), parse=_check_record)
    def collect(self, call: Call[DiagnosticStore], event: str, fields: Fields) -> None:
        """Keeps a record under Microsoft's key. Statements data-collected, data-env-vars, data-run-id."""
        kept = call.target.records
        record = {"time": call.now, "event": event, "fields": dict(fields)}
        kept.write(call, f"{len(kept.written) + 1:010}", json.dumps(record).encode())


class Collection:
    """What Azure ML collects, and where it brings that: to the store of the workspace's region, which comes
    with the first record.

    reading  how the documents are read on workspaces of high business impact: OPTS_OUT or COLLECTS_LESS
    """

    def __init__(self, resources: Resources, platform: Platform, entropy: Entropy) -> None:
        self._resources = resources
        self._platform = platform
        self._entropy = entropy
        self._made: dict[str, DiagnosticStore] = {}
        # The passage on collection says that one opts out; the other one is about encryption.
        # assumption: hbi-opts-out
        self.reading = OPTS_OUT

    def report(self, call: Call[Workspace], event: str, fields: Fields) -> None:
        """Writes a record of what was just done in a workspace. Whether it arrives changes nothing for
        anybody. Statement data-hbi-optout."""
        fields = {"workspace": call.target.name, **fields}
        if call.target.hbi:
            if self.reading == OPTS_OUT:
                return
            fields = {name: _redacted(value) for name, value in fields.items()}
        store = self._store(call, call.target.region)
        with suppress(Refusal):
            key = InstrumentationKey(store.instrumentation_key)
            call.ask(Diagnostics.collect, store.id, key, event, fields)

    def _store(self, call: Call[Workspace], region: str) -> DiagnosticStore:
        # One that was taken back comes again as it was: its key counts on, so that no nonce comes twice.
        made = self._made.get(region) or self._made.setdefault(region, self._new(region))
        if self._resources.get(made.id) is None:
            call.undo(lambda: self._resources.remove(made))
            self._resources.add(made)
        return made

    def _new(self, region: str) -> DiagnosticStore:
        name = f"azureml-diagnostics-{region}"
        id = f"{_GROUP}/components/{name}"
        key = AccountKey(DIAGNOSTICS, self._platform)
        key.begin(id.lower(), self._entropy)
        return DiagnosticStore(
            *(id, name, f"{name}.diagnostics.azure.example", region, MICROSOFT),
            instrumentation_key=self._entropy.uuid(f"{id.lower()}/instrumentation key"),
            records=disk(DIAGNOSTICS, f"{name}, records", key),
        )

    def stores(self) -> Iterator[DiagnosticStore]:
        """All that there are."""
        return (one for one in self._resources if isinstance(one, DiagnosticStore))


def _redacted(value: str | list[str] | dict[str, str]) -> Any:
    """That there was something, and how much, without a word of it."""
    # https://learn.microsoft.com/python/api/azureml-core/azureml.core.workspace.workspace
    # assumption: hbi-redacts
    if isinstance(value, dict):
        return {f"{number}": REDACTED for number, _ in enumerate(value, 1)}
    return [REDACTED for _ in value] if isinstance(value, list) else REDACTED


@dataclass(frozen=True)
class Record:
    """What was collected when something happened, at a moment (seconds): values by the name of the field. A
    field that has several is there several times, numbered or by the name of the variable."""

    time: int
    event: str
    region: str
    values: Mapping[str, str]


class SupportView(Tabular):
    """What a support engineer of Microsoft sees: `lab.diagnostics`. No customer has a way to it."""

    def __init__(self, collection: Collection, clock: Clock) -> None:
        self._collection = collection
        self._clock = clock

    @property
    def reading(self) -> str:
        """How the documents are read on workspaces of high business impact from now on: "opts out", or
        "collects less". Raises BadInput for anything else."""
        return self._collection.reading

    @reading.setter
    def reading(self, reading: str) -> None:
        self._collection.reading = choice("reading", reading, (OPTS_OUT, COLLECTS_LESS))

    @property
    def records(self) -> tuple[Record, ...]:
        """All that was collected, by region, oldest first. Raises Damaged for what was changed on the
        disk."""
        return tuple(
            self._opened(store, name) for store in self._collection.stores() for name in store.records.names()
        )

    def _opened(self, store: DiagnosticStore, name: str) -> Record:
        kept = json.loads(store.records.read(in_place(store, self._clock.now), name))
        values: dict[str, str] = {}
        for what, value in kept["fields"].items():
            if isinstance(value, dict):
                values |= {f"{what}: {one}": text for one, text in value.items()}
            elif isinstance(value, list):
                values |= {f"{what}: {number}": text for number, text in enumerate(value, 1)}
            else:
                values[what] = value
        return Record(kept["time"], kept["event"], store.region, values)

    def find(self, text: str) -> Table:
        """Where a text was collected: in which record, and in which field of it, in a name or in a value.
        Raises BadInput."""
        if type(text) is not str or not text:
            raise BadInput("What is looked for?", presented=brief(text), required="a text")
        rows = [
            (number, one.event, field_)
            for number, one in enumerate(self.records, 1)
            for field_, value in one.values.items()
            if text in value or text in field_
        ]
        times = "once" if len(rows) == 1 else f"{len(rows)} times" if rows else "nowhere"
        return Table(("record", "event", "field"), rows, caption=f"collected: {times}")

    def as_table(self) -> Table:
        """One row for each field of each record."""
        rows = [
            (number, iso(one.time), one.event, field_, value)
            for number, one in enumerate(self.records, 1)
            for field_, value in one.values.items()
        ]
        caption = f"what Microsoft has collected, with hbi_workspace read as: {self.reading}"
        return Table(("record", "time", "event", "field", "value"), rows, caption=caption)

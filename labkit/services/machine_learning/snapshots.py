"""Code snapshots: the directory of an experiment, kept in the workspace's Blob storage."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import PurePosixPath

from labkit.authenticators.platform import Platform
from labkit.authenticators.run_token import RunToken
from labkit.core.clock import iso
from labkit.core.credential import Bearer
from labkit.core.entropy import Entropy
from labkit.core.errors import BadRequest, Conflict, NotFound, brief
from labkit.core.operation import Call, operation
from labkit.services.machine_learning.workspace import TYPE, MachineLearning, Snapshot, Workspace

# https://learn.microsoft.com/azure/machine-learning/v1/how-to-save-write-experiment-files
MOST_BYTES, MOST_FILES = 300 * 1024 * 1024, 2000
_LONGEST_PATH = 1024
_SNAPSHOTS = f"{TYPE}/metadata/snapshots"
# The first moment that the format can say: the same files make the same bytes, whenever.
_ALWAYS = (1980, 1, 1, 0, 0, 0)
# All that the standard library raises for archives that somebody has tampered with.
_BROKEN = (
    *(zipfile.BadZipFile, struct.error, ValueError, ArithmeticError, LookupError, NotImplementedError),
    *(RuntimeError, OSError, EOFError, MemoryError, BadRequest),
)


def _check_path(path: object) -> None:
    plain = type(path) is str and 0 < len(path) <= _LONGEST_PATH and path.isprintable() and "\\" not in path
    if not plain or not {"", ".", ".."}.isdisjoint(str(path).split("/")):
        raise BadRequest(
            "That is no path of a file in a snapshot.",
            presented=brief(path),
            required="a relative path with slashes, such as train.py or data/first.csv",
        )


def check_files(files: Mapping[str, bytes]) -> None:
    """Raises BadRequest for what cannot be a snapshot."""
    if type(files) is not dict or not files:
        raise BadRequest(
            "A snapshot is made of files.",
            presented=brief(files),
            required="a dict of bytes by path, with at least one",
        )
    check_size(len(files), 0)
    for path, data in files.items():
        _check_path(path)
        if type(data) is not bytes:
            raise BadRequest("A file is bytes.", presented=f"{path}: {type(data).__name__}", required="bytes")
    for path in files:
        inside = [str(one) for one in PurePosixPath(path).parents if str(one) in files]
        if inside:
            raise BadRequest("A file is no directory.", presented=f"{inside[0]} and {path}")
    check_size(len(files), sum(map(len, files.values())))


def check_size(count: int, size: int) -> None:
    """Raises BadRequest for what is more than a snapshot holds."""
    if count > MOST_FILES or size > MOST_BYTES:
        raise BadRequest(
            "The snapshot is too large.",
            presented=f"{count} files of together {size:,} bytes",
            required=f"{MOST_FILES} files and {MOST_BYTES:,} bytes, or fewer",
            advice="name what the run does not need in .amlignore; data belong in a data store",
        )


def packed(files: Mapping[str, bytes]) -> bytes:
    """The files as one archive, in order of their paths: the same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path, _ALWAYS)
            # As on Linux, wherever the lab runs.
            entry.create_system = 3
            archive.writestr(entry, files[path])
    return buffer.getvalue()


def unpacked(archive: bytes) -> dict[str, bytes]:
    """The files again. Raises Conflict for bytes that are no snapshot."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            entries = opened.infolist()
            # Whoever has the account's key may have put anything there: first what it says of its size.
            check_size(len(entries), sum(entry.file_size for entry in entries))
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
                raise zipfile.BadZipFile("compressed")
            files = {entry.filename: opened.read(entry) for entry in entries}
        check_files(files)
    except _BROKEN as broken:
        raise Conflict(
            "What lies in the snapshot's place is no snapshot.",
            presented=type(broken).__name__,
            required="what was stored there",
            advice="somebody has written over the blob: look at who may write blobs",
        ) from None
    return files


def known_snapshot(workspace: Workspace, snapshot_id: str) -> Snapshot:
    """What the workspace knows of a snapshot. Raises NotFound."""
    found = workspace.snapshots.get(snapshot_id)
    if found is None:
        known = ", ".join(workspace.snapshots) or "none yet"
        raise NotFound(
            "The workspace has no such snapshot.", presented=brief(snapshot_id), required=known[:200]
        )
    return found


class Snapshots(MachineLearning):
    """A snapshot never changes: what a run was is found in it for as long as the workspace is there."""

    def __init__(self, platform: Platform, entropy: Entropy) -> None:
        super().__init__(platform)
        self._entropy = entropy
        self._made: Counter[str] = Counter()

    @operation("Create snapshot", action=f"{_SNAPSHOTS}/write", parse=check_files)
    def create(self, call: Call[Workspace], files: Mapping[str, bytes]) -> Snapshot:
        """Stores the files of an experiment's directory, by path, as the workspace's managed identity. Raises
        BadRequest beyond 300 MB or 2000 files. Statement flow-snapshot."""
        workspace, archive = call.target, packed(files)
        id = self._next_id(call)
        # assumption: snapshot-archive
        snapshot = Snapshot(
            snapshot_id=id,
            files=tuple((path, len(files[path])) for path in sorted(files)),
            size=sum(map(len, files.values())),
            digest=hashlib.sha256(archive).hexdigest(),
            created=iso(call.now),
            created_by=str(call.identity),
            blob=f"snapshotzips/{workspace.own(f'{id}.zip')}",
        )
        self.to_storage(call, snapshot.blob, archive)
        call.undo(partial(workspace.snapshots.pop, id, None))
        workspace.snapshots[id] = snapshot
        return snapshot

    def _next_id(self, call: Call[Workspace]) -> str:
        label = f"snapshot/{call.target.identity_id}"
        call.undo(partial(self._made.update, {label: -1}))
        self._made[label] += 1
        return self._entropy.uuid(f"{label}/{self._made[label]}")

    @operation("Get snapshot", action=f"{_SNAPSHOTS}/read", accepts=(Bearer, RunToken))
    def get(self, call: Call[Workspace], snapshot_id: str) -> dict[str, bytes]:
        """The files, byte for byte. Raises NotFound, and Conflict where somebody has put something else in
        the blob's place that is no snapshot. Statement flow-snapshot."""
        return unpacked(self.from_storage(call, known_snapshot(call.target, snapshot_id).blob))

    @operation("List snapshots", action=f"{_SNAPSHOTS}/read")
    def list_snapshots(self, call: Call[Workspace]) -> list[Snapshot]:
        """What is known of each: names and sizes, and no code."""
        return list(call.target.snapshots.values())

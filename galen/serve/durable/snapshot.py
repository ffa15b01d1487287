"""The log's events as columns in one file, so that a start need not read them one by one.

A snapshot is a convenience: the log is the truth. One that is missing, cut or altered is left
aside and the log is read from its first event; of people whom the log does not know, nothing in it
is read.
"""

import os
import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import structlog

from galen.data.manifest import sha256
from galen.serve.durable import tables

NAME: Final = "snapshot.json"
FORMAT: Final = 3

NOBODY: Final = -1

EVENTS: Final = pa.schema(
    [
        pa.field("sequence", pa.int64()),  # of the log
        pa.field("user", pa.int64()),  # the log's number; -1 where nobody was known
        pa.field("item", pa.int64()),  # the log's number
        pa.field("kind", pa.int8()),
        pa.field("at", pa.int64()),
        pa.field("quantity", pa.float64()),  # null where not told
    ]
)


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    log: str  # the identity of the log it was made from
    file: str
    sha256: str
    sequence: int  # the last event of the log that was looked at
    rows: int


@dataclass(frozen=True, slots=True)
class Restored:
    """What a snapshot holds, and from where on the log must be read."""

    events: pa.Table  # schema EVENTS
    sequence: int  # 0: nothing was restored


class Snapshots:
    """The one snapshot of a folder; each write replaces it whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._fresh = folder / ".snapshot.new"
        self._writing = threading.Lock()
        self._log = structlog.get_logger()

    def restore(self, log: sqlite3.Connection) -> Restored:
        """All events in the log, read from the snapshot as far as it can be trusted."""
        known = _of_known(self._read(log), log)
        columns = list(zip(*tables.events_after(log, known.sequence), strict=True))
        if not columns:
            return known
        later = pa.table(
            [pa.array(column, field.type) for column, field in zip(columns, EVENTS, strict=True)],
            schema=EVENTS,
        )
        return Restored(pa.concat_tables([known.events, later]), int(columns[0][-1]))

    def save(self, log: sqlite3.Connection) -> None:
        """Bring the snapshot up to the log.

        Raises:
            OSError: the disk refused; the old snapshot is still there.
        """
        with self._writing:
            restored = self.restore(log)
            if restored.sequence:
                self._write(restored, tables.identity(log))

    def erase(self, log: sqlite3.Connection) -> None:
        """Leave no event of people whom the log does not know in the folder.

        It finds them itself, so that it may be asked again where it was broken off.
        """
        with self._writing:
            written = self._read(log)
            kept = _of_known(written, log)
            if len(kept.events) < len(written.events):
                try:
                    self._write(kept, tables.identity(log))
                except OSError as error:  # to remove needs no room, and the log has it all
                    self._log.warning("snapshot_removed", why=str(error))
                    self._remove_others(None)
            else:
                manifest = self._manifest() if written.sequence else None
                self._remove_others(None if manifest is None else manifest.file)

    def _read(self, log: sqlite3.Connection) -> Restored:
        nothing = Restored(EVENTS.empty_table(), 0)
        try:
            manifest = self._manifest()
            if manifest is None:
                return nothing
            if manifest.log != tables.identity(log) or manifest.sequence > tables.last(log):
                raise ValueError("it was made from another log")
            path = self._folder / manifest.file
            if sha256(path) != manifest.sha256:
                raise ValueError("its content is not what was written")
            events = pq.read_table(path)
            if events.schema != EVENTS or len(events) != manifest.rows:
                raise ValueError("its columns or rows are not those of its manifest")
        except (OSError, ValueError, msgspec.DecodeError, pa.ArrowException) as error:
            self._log.warning("snapshot_left_aside", folder=str(self._folder), why=str(error))
            return nothing
        return Restored(events, manifest.sequence)

    def _manifest(self) -> _Manifest | None:
        path = self._folder / NAME
        if not path.exists():
            return None
        manifest = msgspec.json.decode(path.read_bytes(), type=_Manifest)
        if manifest.format != FORMAT:
            raise ValueError(f"it has format {manifest.format}; this galen reads {FORMAT}")
        return manifest

    def _write(self, restored: Restored, log: str) -> None:
        """Events first, the manifest last, each renamed only when it is on the disk."""
        self._folder.mkdir(parents=True, exist_ok=True)
        fresh = self._fresh
        pq.write_table(restored.events, fresh, compression="zstd")
        digest = sha256(fresh)
        file = f"snapshot-{restored.sequence}-{digest[:12]}.parquet"
        _put(fresh, self._folder / file)
        manifest = _Manifest(FORMAT, log, file, digest, restored.sequence, len(restored.events))
        fresh.write_bytes(msgspec.json.encode(manifest))
        _put(fresh, self._folder / NAME)
        self._remove_others(file)

    def _remove_others(self, file: str | None) -> None:
        for path in self._folder.glob("snapshot*"):
            if file is None or path.name not in (file, NAME):
                path.unlink()
        self._fresh.unlink(missing_ok=True)


def _of_known(written: Restored, log: sqlite3.Connection) -> Restored:
    """Without people whom the log no longer knows: their erasure may have been broken off."""
    numbers = pa.array([NOBODY, *(number for number, _, _ in tables.users(log))], pa.int64())
    known = pc.is_in(written.events.column("user"), value_set=numbers)
    return Restored(written.events.filter(known), written.sequence)


def _put(fresh: Path, path: Path) -> None:
    """Rename with the bytes and the name on the disk before anything that follows."""
    with fresh.open("rb+") as file:
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

"""The log's events as columns in one file, so that a start need not read them one by one.

A snapshot is a convenience: the log is the truth. One that is missing, cut or altered is left
aside and the log is read from its first event.
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
FORMAT: Final = 2

EVENTS: Final = pa.schema(
    [
        pa.field("sequence", pa.int64()),  # of the log
        pa.field("user", pa.int64()),  # the log's number
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
        self._writing = threading.Lock()
        self._log = structlog.get_logger()

    def restore(self, log: sqlite3.Connection) -> Restored:
        """All events of people in the log, read from the snapshot as far as it can be trusted."""
        known = self._read(log)
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

    def erase(self, log: sqlite3.Connection, user: int) -> None:
        """Leave no event of a user (the log's number) in the folder."""
        with self._writing:
            known = self._read(log)
            if not known.sequence:
                self._remove_others(None)
                return
            kept = known.events.filter(pc.not_equal(known.events.column("user"), user))
            if len(kept) < len(known.events):
                self._write(Restored(kept, known.sequence), tables.identity(log))

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
        fresh = self._folder / ".snapshot.new"
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

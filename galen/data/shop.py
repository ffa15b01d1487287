"""A shop on disk: a folder of Parquet tables with a manifest, replaced as a whole or not at all."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from glob import escape
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from galen.data import manifest as manifests
from galen.data.manifest import Clock, Manifest, ShopError, TableEntry
from galen.data.replacing import alive
from galen.data.schema import TABLES


@dataclass(frozen=True, slots=True)
class Shop:
    """A shop that was opened: its manifest is read, its tables are read when asked for."""

    folder: Path
    manifest: Manifest

    @classmethod
    def open(cls, folder: Path, *, verify: bool = False) -> "Shop":
        """Open a shop's folder; with `verify`, compare every file with its hash.

        Raises:
            ShopError: the manifest or a file is missing, or a file is not the one written.
        """
        _undo_half_a_swap(folder)
        manifest = manifests.read(folder)
        for name, entry in manifest.tables.items():
            for file, digest in zip(entry.files, entry.sha256, strict=True):
                path = folder / file
                if not path.exists():
                    raise ShopError(f"{path} of table {name!r} is missing; import the shop again.")
                if verify and manifests.sha256(path) != digest:
                    raise ShopError(f"{path} is not the file written; import the shop again.")
        return cls(folder, manifest)

    @property
    def clock(self) -> Clock:
        """Whether events have a moment ("time") or only their order within a history ("order")."""
        return self.manifest.clock

    def files(self, table: str) -> list[str]:
        """Paths of a table's Parquet files, for DuckDB or Arrow; empty where it has none."""
        entry = self.manifest.tables.get(table)
        return [] if entry is None else [str(self.folder / file) for file in entry.files]

    def rows(self, table: str) -> int:
        """How many rows the manifest tells of; 0 where the shop has no such table."""
        entry = self.manifest.tables.get(table)
        return 0 if entry is None else entry.rows

    def read(self, table: str, columns: list[str] | None = None) -> pa.Table:
        """A whole table in memory, with the schema of `galen.data.schema`.

        Columns that the schema got after the shop was written are null.

        Raises:
            ShopError: a file cannot be read.
        """
        schema = TABLES[table]
        files = self.files(table)
        wanted = schema if columns is None else pa.schema([schema.field(name) for name in columns])
        if not files:
            return wanted.empty_table()
        try:
            parts = [_read(file, wanted) for file in files]
        except (pa.ArrowInvalid, OSError) as error:
            raise ShopError(f"table {table!r} of {self.folder} cannot be read: {error}") from error
        return pa.concat_tables(_in_schema(part, wanted) for part in parts)


def _read(file: str, wanted: pa.Schema) -> pa.Table:
    """Those of the wanted columns that a file has."""
    with pq.ParquetFile(file) as there:
        known = set(there.schema_arrow.names)
        return there.read([name for name in wanted.names if name in known])


def _in_schema(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The columns of a schema, those that a table lacks as nulls."""
    known = set(table.column_names)
    columns = [
        table[field.name] if field.name in known else pa.nulls(len(table), field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


class ShopWriter:
    """Writes the tables of a new shop into a folder beside the old one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._rows: dict[str, int] = {}

    def write(self, table: str, rows: pa.Table | pa.RecordBatch) -> None:
        """Append rows; columns that are absent are null.

        Raises:
            pa.ArrowInvalid: a value does not fit the schema.
        """
        schema = TABLES[table]
        whole = pa.Table.from_batches([rows]) if isinstance(rows, pa.RecordBatch) else rows
        known = set(whole.column_names)
        columns = [
            whole.column(field.name).cast(field.type)
            if field.name in known
            else pa.nulls(len(whole), field.type)
            for field in schema
        ]
        if table not in self._writers:
            path = self._folder / f"{table}.parquet"
            self._writers[table] = pq.ParquetWriter(path, schema, compression="zstd")
        self._writers[table].write_table(pa.table(columns, schema=schema))
        self._rows[table] = self._rows.get(table, 0) + len(whole)

    def close(self) -> dict[str, TableEntry]:
        """End the files, and say for the manifest what was written of each table."""
        entries = {}
        for table, writer in self._writers.items():
            writer.close()
            file = f"{table}.parquet"
            digest = manifests.sha256(self._folder / file)
            entries[table] = TableEntry((file,), self._rows[table], (digest,))
        return entries


@contextmanager
def new_shop(
    folder: Path, *, name: str, source: str, clock: Clock, assumed: dict[str, str] | None = None
) -> Iterator[ShopWriter]:
    """Write a shop whole: it takes the folder's place only if the block ends without an error.

    Raises:
        ShopError: the folder holds something else than a shop; told before the block begins.
    """
    folder = folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    _undo_half_a_swap(folder)
    _refuse_something_else(folder)
    _sweep(folder)
    fresh = beside(folder, "new")
    fresh.mkdir()
    writer = ShopWriter(fresh)
    try:
        yield writer
        for table in ("items", "users", "events"):
            writer.write(table, TABLES[table].empty_table())
        entries = writer.close()
        manifest = Manifest(
            format=manifests.FORMAT,
            name=name,
            source=source,
            clock=clock,
            tables=entries,
            assumed=assumed or {},
        )
        manifests.write(fresh, manifest)
        _swap(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def beside(folder: Path, what: str) -> Path:
    """A place beside a shop for what this process makes of it; a kill's leftovers are swept."""
    return folder.with_name(f".{folder.name}.{what}-{os.getpid()}")


def _left(folder: Path, what: str) -> list[Path]:
    """Such places of all processes."""
    return sorted(folder.parent.glob(f".{escape(folder.name)}.{what}-*"))


def _undo_half_a_swap(folder: Path) -> None:
    """Put the old shop back where a kill came between the two renames of a swap."""
    if folder.exists():
        return
    for old in _left(folder, "old"):
        if (old / manifests.NAME).exists():
            try:
                old.rename(folder)
            except OSError:  # its writer was alive and went on, or another reader was faster
                if not folder.exists():
                    raise
            return


def _sweep(folder: Path) -> None:
    """Remove what writers that were killed have left beside a shop."""
    # Looked for before the shop is: where both are there, the swap that left it was done.
    replaced = _left(folder, "old")
    if (folder / manifests.NAME).exists():
        for left in replaced:
            shutil.rmtree(left, ignore_errors=True)
    for left in [*_left(folder, "new"), *_left(folder, "rejected")]:
        process = re.search(r"-(\d+)(\.parquet)?$", left.name)
        if process is None or alive(int(process[1])):
            continue
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def _refuse_something_else(folder: Path) -> None:
    if folder.is_file():
        raise ShopError(f"{folder} is a file, not a shop's folder; choose another.")
    if folder.exists() and any(folder.iterdir()) and not (folder / manifests.NAME).exists():
        raise ShopError(f"{folder} is not empty and not a shop; choose another folder.")


def _swap(fresh: Path, folder: Path) -> None:
    """Two renames; after a kill between them, opening puts the old shop back.

    The old shop ends under the name of the fresh one, from which it is never put back.
    """
    if not folder.exists():
        fresh.rename(folder)
        return
    _refuse_something_else(folder)
    old = beside(folder, "old")
    folder.rename(old)
    try:
        fresh.rename(folder)
    except OSError:  # whoever opened the shop between the two took this for a killed swap
        folder.rename(old)
        fresh.rename(folder)
    with suppress(FileNotFoundError):  # another writer may have swept it by now
        old.rename(fresh)

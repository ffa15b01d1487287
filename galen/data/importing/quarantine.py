"""Rejected rows: written as they come, counted by reason, with one of each kept to be shown."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from galen.data.schema import QUARANTINE
from galen.data.shop import beside

_HELD: Final = 20_000  # rows in memory
_LENGTH: Final = 500  # characters of a row's content
_SHOWN: Final = 160  # characters of it that a terminal is shown


class Quarantine:
    """A file of rejected rows beside a shop, until it is known where they belong."""

    def __init__(self, folder: Path) -> None:
        self._path = beside(folder, "rejected")
        self.refused = folder.with_name(f"{folder.name}.rejected.parquet")
        self._writer: pq.ParquetWriter | None = None
        self._rows: list[dict[str, Any]] = []
        self.counts: Counter[tuple[str, str]] = Counter()
        self.examples: dict[tuple[str, str], str] = {}  # the first row of each reason

    def add(self, table: str, file: Path, line: int | None, reason: str, content: str) -> None:
        """Take one row."""
        self.counts[table, reason] += 1
        if (table, reason) not in self.examples:
            start = content[:_SHOWN] + ("…" if len(content) > _SHOWN else "")
            self.examples[table, reason] = f"{file}:{'?' if line is None else line}: {start}"
        self._rows.append(
            {
                "table": table,
                "file": str(file),
                "line": line,
                "reason": reason,
                "content": content[:_LENGTH],
            }
        )
        if len(self._rows) >= _HELD:
            self._flush()

    def count(self, table: str) -> int:
        """Rejected rows of one table."""
        return sum(n for (name, _), n in self.counts.items() if name == table)

    def _flush(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, QUARANTINE, compression="zstd")
        self._writer.write_table(pa.Table.from_pylist(self._rows, schema=QUARANTINE))
        self._rows.clear()

    def _close(self) -> None:
        if self._rows or self._writer is None:
            self._flush()
        if self._writer is not None:
            self._writer.close()

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows, when no more come."""
        self._close()
        with pq.ParquetFile(self._path) as file:
            yield from file.iter_batches()

    def keep(self) -> Path:
        """Leave the rows in a file beside the shop."""
        self._close()
        return self._path.replace(self.refused)

    def discard(self) -> None:
        """Remove what was not kept."""
        if self._writer is not None and self._writer.is_open:
            self._writer.close()
        self._path.unlink(missing_ok=True)

"""Samples from Parquet as mini-batches, in bounded memory however large the file is."""

import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow.parquet as pq

from galen.features.encoding.encoder import Encoder
from galen.features.encoding.samples import Samples, joined
from galen.features.encoding.tables import ROWS
from galen.nn.inputs import SampleLesson
from galen.rank.lessons import lesson_of

AHEAD: Final = 1
"""Buffers that are read while another is learned from."""


@dataclass(frozen=True)
class Streamed:
    """Row groups in an order that the seed decides, shuffled within a buffer of rows.

    The order is the same on every machine, so a position (epoch, mini-batch) names its rows: what
    lies before it is not read again.
    """

    path: Path
    encoder: Encoder
    objectives: Sequence[str]
    batch: int
    seed: int
    buffer: int = 65_536  # rows that are shuffled among each other, rounded up to whole batches

    @property
    def rows(self) -> int:
        return int(pq.ParquetFile(self.path).metadata.num_rows)

    def lessons(self, epoch: int, skip: int) -> Iterator[SampleLesson]:
        """Mini-batches of an epoch from number `skip` on."""
        each = max(1, -(-self.buffer // self.batch))  # batches of a buffer
        first, skip = divmod(skip, each)
        for number, buffer in _ahead(self._buffers(epoch, first, each * self.batch)):
            order = np.random.default_rng((self.seed, epoch, number)).permutation(len(buffer))
            for start in range(skip * self.batch, len(buffer), self.batch):
                rows = order[start : start + self.batch]
                # Batch norm has no spread of one row, which is learned from only where it is alone.
                if len(rows) > 1 or (len(buffer) == 1 and number == 0):
                    yield lesson_of(buffer, rows, self.objectives)
            skip = 0

    def _buffers(self, epoch: int, first: int, size: int) -> Iterator[tuple[int, Samples]]:
        """Buffers of so many rows from number `first` on, the last may be smaller."""
        with pq.ParquetFile(self.path) as file:
            groups = np.random.default_rng((self.seed, epoch)).permutation(
                file.metadata.num_row_groups
            )
            held: list[Samples] = []
            number, passed, rows = first, 0, 0  # passed: rows before the next one read
            for group in groups.tolist():
                here = file.metadata.row_group(group).num_rows
                if passed + here <= first * size:
                    passed += here
                    continue
                for piece in file.iter_batches(min(ROWS, size), row_groups=[group]):
                    skipped = min(max(first * size - passed, 0), piece.num_rows)
                    passed += piece.num_rows
                    if skipped == piece.num_rows:
                        continue
                    held.append(self.encoder.encode(piece.slice(skipped)))
                    rows += len(held[-1])
                    while rows >= size:
                        whole = joined(held)
                        yield number, whole.take(slice(0, size)).compact()
                        held = [whole.take(slice(size, None)).compact()]
                        rows, number = rows - size, number + 1
            if rows:
                yield number, joined(held)


def _ahead(buffers: Iterator[tuple[int, Samples]]) -> Iterator[tuple[int, Samples]]:
    """The same buffers, the next being read by a thread meanwhile; its errors are raised here."""
    waiting: queue.Queue[tuple[int, Samples] | BaseException | None] = queue.Queue(AHEAD)
    stop = threading.Event()

    def put(one: tuple[int, Samples] | BaseException | None) -> None:
        while not stop.is_set():
            try:
                waiting.put(one, timeout=0.1)
                return
            except queue.Full:
                continue

    def read() -> None:
        try:
            for buffer in buffers:
                put(buffer)
                if stop.is_set():
                    return
            put(None)
        except BaseException as error:  # told to the reader, who raises it
            put(error)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    try:
        while (found := waiting.get()) is not None:
            if isinstance(found, BaseException):
                raise found
            yield found
    finally:
        stop.set()
        thread.join()

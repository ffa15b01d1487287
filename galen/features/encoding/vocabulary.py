"""From a column's values to ids: exact, or hashed into a fixed number of them."""

import hashlib
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from galen.data.arrays import Ints
from galen.features.encoding.schema import SchemaError

MERGE: Final = 1_000_000
"""Distinct values of pieces that are held before they are merged."""


@dataclass(frozen=True, eq=False)
class Exact:
    """Id i + 1 stands for the i-th value; 0 for every other one."""

    values: pa.Array  # int64 or string, each once

    @property
    def size(self) -> int:
        """One more than the highest id: rows of the table of embeddings."""
        return len(self.values) + 1

    def ids(self, column: pa.Array) -> Ints:
        """(N,)."""
        found = pc.index_in(plain(column, self.values.type), value_set=self.values, skip_nulls=True)
        return np.asarray(pc.fill_null(found, -1), dtype=np.int64) + 1


class Hashed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="hashed"):
    """Ids 1 … buckets by a hash of the value's text; 0 for a missing one.

    The hash is BLAKE2, the same on every machine; only distinct values are hashed.
    """

    buckets: int
    salt: str = ""

    @property
    def size(self) -> int:
        """One more than the highest id: rows of the table of embeddings."""
        return self.buckets + 1

    def ids(self, column: pa.Array) -> Ints:
        """(N,)."""
        coded = plain(column, pa.string()).dictionary_encode()
        known = [self.id(value) for value in coded.dictionary.to_pylist()]
        table = np.array([*known, 0], np.int64)
        return table[np.asarray(pc.fill_null(coded.indices, len(known)), dtype=np.int64)]

    def id(self, value: str) -> int:
        """1 … buckets, for a value's text; others may share it."""
        digest = hashlib.blake2b(
            value.encode(), digest_size=8, salt=self.salt.encode()[:16]
        ).digest()
        return int.from_bytes(digest, "little") % self.buckets + 1


Vocabulary = Exact | Hashed

FEW: Final = 1_000
"""Of fewer rows than these nobody can say whether a value will come again."""


class Counts:
    """How often each value of a column was seen, in memory of the size of the distinct values."""

    def __init__(self) -> None:
        self._parts: list[pa.Table] = []
        self._rows = 0

    def add(self, column: pa.Array) -> None:
        """Count a piece of the column; missing values are not counted."""
        counted = pc.value_counts(valued(column).drop_null())
        self._parts.append(
            pa.table({"value": counted.field("values"), "count": counted.field("counts")})
        )
        self._rows += len(counted)
        if self._rows > 2 * len(self._parts[0]) + MERGE:
            self._merge()

    @property
    def are_keys(self) -> bool:
        """Whether most rows, of enough, have a value that no other row has."""
        if not self._parts:
            return False
        self._merge()
        counts = self._parts[0]["count"]
        rows = pc.sum(counts).as_py() or 0
        alone = pc.sum(pc.equal(counts, 1)).as_py() or 0
        return bool(rows >= FEW and alone > rows / 2)

    def exact(self, least: int = 1) -> Exact:
        """The values that were seen at least so often, in order."""
        if not self._parts:
            return Exact(pa.array([], pa.int64()))
        self._merge()
        table = self._parts[0]
        kept = table.filter(pc.greater_equal(table["count"], least)).sort_by("value")
        return Exact(kept["value"].combine_chunks())

    def _merge(self) -> None:
        merged = pa.concat_tables(self._parts).group_by("value").aggregate([("count", "sum")])
        self._parts = [merged.rename_columns(["value", "count"])]
        self._rows = len(merged)


def valued(column: pa.Array) -> pa.Array:
    """The column as text where it holds text, else as integers."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    return plain(column, pa.string() if text else pa.int64())


def plain(column: pa.Array, kind: pa.DataType) -> pa.Array:
    """The column in one of the two types that values have.

    Raises:
        SchemaError: a value cannot be read so.
    """
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    try:
        return column.cast(kind)
    except pa.ArrowInvalid as error:
        raise SchemaError(f"a value is not of the vocabulary's kind {kind}: {error}") from error

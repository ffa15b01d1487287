"""From a column's values to ids: exact, or hashed into a fixed number of them."""

import hashlib
from collections.abc import Mapping

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from galen.features.encoding.samples import Ints
from galen.features.encoding.schema import SchemaError

Value = int | str


class Exact(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="exact"):
    """Id i + 1 stands for the i-th value; 0 for every other one."""

    values: tuple[int, ...] | tuple[str, ...]

    @property
    def size(self) -> int:
        return len(self.values) + 1

    def ids(self, column: pa.Array) -> Ints:
        """(N,)."""
        kind = pa.string() if self.values and isinstance(self.values[0], str) else pa.int64()
        found = pc.index_in(plain(column, kind), value_set=pa.array(self.values, kind))
        return np.asarray(pc.fill_null(found, -1), dtype=np.int64) + 1


class Hashed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="hashed"):
    """Ids 1 … buckets by a hash of the value's text; 0 for a missing one.

    The hash is BLAKE2, the same on every machine; only distinct values are hashed.
    """

    buckets: int
    salt: str = ""

    @property
    def size(self) -> int:
        return self.buckets + 1

    def ids(self, column: pa.Array) -> Ints:
        """(N,)."""
        coded = plain(column, pa.string()).dictionary_encode()
        known = [self.id(value) for value in coded.dictionary.to_pylist()]
        table = np.array([*known, 0], np.int64)
        return table[np.asarray(pc.fill_null(coded.indices, len(known)), dtype=np.int64)]

    def id(self, value: str) -> int:
        digest = hashlib.blake2b(
            value.encode(), digest_size=8, salt=self.salt.encode()[:16]
        ).digest()
        return int.from_bytes(digest, "little") % self.buckets + 1


Vocabulary = Exact | Hashed


def exact(counts: Mapping[Value, int], *, least: int = 1) -> Exact:
    """The values that were seen at least so often, in order."""
    kept = [value for value, count in counts.items() if count >= least]
    return Exact(tuple(sorted(kept)))  # type: ignore[arg-type]


def collision_share(vocabulary: Hashed, values: list[str]) -> float:
    """The share of distinct values that share their id with another."""
    ids = [vocabulary.id(value) for value in set(values)]
    if not ids:
        return 0.0
    _, counts = np.unique(ids, return_counts=True)
    return float(counts[counts > 1].sum() / len(ids))


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

"""Learns vocabularies and scales from a table in one pass, and encodes tables with them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from galen.data.arrays import Floats, Ints, Singles
from galen.features.encoding.dynamic import Dynamic
from galen.features.encoding.fields import column_of, floats
from galen.features.encoding.kinds import Kinds, Seen
from galen.features.encoding.lists import are_lists, filled, lengths_of
from galen.features.encoding.samples import Samples, check_weights, joined
from galen.features.encoding.schema import (
    Bag,
    Category,
    Number,
    Schema,
    SchemaError,
    Sequence,
    Vector,
    resized,
    table_of,
)
from galen.features.encoding.tables import TableColumns
from galen.features.encoding.vocabulary import Counts, Exact, Hashed, Vocabulary, valued

NAME: Final = "encoder.json"


class _Saved(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    columns: TableColumns
    schema: Schema
    hashed: dict[str, Hashed]
    exact: dict[str, str]  # table -> file of its values
    days: int = 0
    waiting: dict[str, str] = {}  # table -> file of its values
    keys: tuple[str, ...] | None = None


@dataclass(frozen=True, eq=False)
class Encoder:
    """A schema with the vocabularies that its ids are of; all that encoding needs."""

    columns: TableColumns
    schema: Schema
    vocabularies: dict[str, Vocabulary]  # table -> vocabulary
    days: int = 0  # that came after those it was made of
    waiting: Mapping[str, pa.Table] = field(default_factory=dict)  # table -> not yet let in
    keys: tuple[str, ...] | None = ()  # tables of keys of rows; None of one saved before they were

    def encode(
        self, piece: pa.RecordBatch | pa.Table, *, labelled: bool = True, first: int = 0
    ) -> Samples:
        """Rows of a table as samples; `first` is how many rows of the table come before them.

        Raises:
            SchemaError: a column is missing, or a value cannot be read.
        """
        rows, schema, columns = piece.num_rows, self.schema, self.columns
        history, length = self._history(piece)
        bags = [self._bag(piece, bag) for bag in schema.bags]
        none = np.empty((rows, 0), np.float32)
        categories = np.empty((rows, len(schema.categories)), np.int64)
        for place, category in enumerate(schema.categories):
            categories[:, place] = self._ids(piece, category.name, category.table)
        numbers = np.empty((rows, len(schema.numbers)), np.float32)
        for place, number in enumerate(schema.numbers):
            numbers[:, place] = floats(column_of(piece, number.name))
        vectors = [
            vectors_of(column_of(piece, vector.name), vector.name, vector.size)
            for vector in schema.vectors
        ]
        weight = np.ones(rows, np.float32)
        if columns.weight and labelled:
            weight = floats(column_of(piece, columns.weight))
            check_weights(weight, f"column {columns.weight!r}", first)
        group = first + np.arange(rows)
        if columns.group or columns.user:
            codes = column_of(piece, columns.group or columns.user)
            group = _codes(codes)
        labels = {}
        if labelled:
            labels = {name: floats(column_of(piece, c)) for name, c in columns.labels.items()}
            negative = next(iter(labels.values())) == 0
            weight = np.where(negative, weight / columns.kept_negatives, weight)
        return Samples(
            categories=categories,
            numbers=numbers,
            bags=np.concatenate([b for b, _ in bags], axis=1) if bags else np.empty((rows, 0), int),
            bag_weights=np.concatenate([w for _, w in bags], axis=1) if bags else none,
            vectors=np.concatenate(vectors, axis=1) if vectors else none,
            history=history,
            history_length=length,
            history_row=np.arange(rows) if schema.sequences else np.zeros(rows, np.int64),
            labels=labels,
            weight=weight.astype(np.float32),
            group=group,
        ).checked(schema)

    def grown(self, pieces: Iterator[pa.RecordBatch]) -> "tuple[Encoder, dict[str, Ints]]":
        """The encoder with the values of one more day, and the ids whose meaning changed, by table.

        Scales of numbers stay, and what is a key of rows, so that what was learned keeps its
        meaning. Values that were seen too seldom are counted on, from the first day that came after
        those it was made of.

        Raises:
            SchemaError: a column is missing.
        """
        fields = {field.name: table_of(field) for field in self.schema.tabled}
        known = {t: v for t, v in self.vocabularies.items() if isinstance(v, Exact)}
        # The key of a row never comes again, a person or an item seen once may.
        returning = {fields.get(name) for name in (self.columns.user, self.columns.item)}
        columns: dict[str, list[pa.Array]] = {table: [] for table in known}
        for piece in pieces:
            for name, table in fields.items():
                if table in known:
                    column = column_of(piece, name)
                    if are_lists(column.type):
                        column = pc.list_flatten(column)
                    columns[table].append(valued(column))
        vocabularies, waiting, changed = dict(self.vocabularies), {}, {}
        for table, vocabulary in known.items():
            values = pa.concat_arrays(columns[table])
            keys = self._are_keys(table, vocabulary, values)
            following = Dynamic(vocabulary, _least(self.columns, keys), self.waiting.get(table))
            following, changed[table] = following.advanced(values, self.days + 1)
            vocabularies[table] = following.vocabulary
            if following.waiting and (not keys or table in returning):
                waiting[table] = following.waiting
        sizes = {table: vocabulary.size for table, vocabulary in vocabularies.items()}
        schema = resized(self.schema, sizes)
        days = self.days + 1
        return Encoder(self.columns, schema, vocabularies, days, waiting, self.keys), changed

    def encode_all(self, pieces: Iterator[pa.RecordBatch]) -> Samples:
        """Every piece, in memory."""
        parts, first = [], 0
        for piece in pieces:
            parts.append(self.encode(piece, first=first))
            first += piece.num_rows
        return joined(parts)

    def save(self, folder: Path) -> None:
        """Write the schema, and a file for each vocabulary of values, into a folder."""
        hashed, exact = {}, {}
        for number, (table, vocabulary) in enumerate(self.vocabularies.items()):
            if isinstance(vocabulary, Hashed):
                hashed[table] = vocabulary
            else:
                exact[table] = f"vocabulary-{number}.parquet"
                pq.write_table(pa.table({"value": vocabulary.values}), folder / exact[table])
        waiting = {table: f"waiting-{number}.parquet" for number, table in enumerate(self.waiting)}
        for table, file in waiting.items():
            pq.write_table(self.waiting[table], folder / file)
        saved = _Saved(self.columns, self.schema, hashed, exact, self.days, waiting, self.keys)
        (folder / NAME).write_bytes(msgspec.json.encode(saved))

    @classmethod
    def load(cls, folder: Path) -> "Encoder":
        """Read back what `save` wrote.

        Raises:
            SchemaError: the file is missing or cut short.
        """
        path = folder / NAME
        try:
            saved = msgspec.json.decode(path.read_bytes(), type=_Saved)
            vocabularies: dict[str, Vocabulary] = dict(saved.hashed)
            for table, file in saved.exact.items():
                values = pq.read_table(folder / file)["value"].combine_chunks()
                vocabularies[table] = Exact(values)
            waiting = {table: pq.read_table(folder / file) for table, file in saved.waiting.items()}
            return cls(saved.columns, saved.schema, vocabularies, saved.days, waiting, saved.keys)
        except (OSError, msgspec.DecodeError, pa.ArrowInvalid) as error:
            raise SchemaError(f"{path} cannot be read ({error}); train again.") from error

    def _are_keys(self, table: str, known: Exact, values: pa.Array) -> bool:
        if self.keys is not None:
            return table in self.keys
        # Not told: no value was let in as all were keys, or the day's own rows must tell.
        if self.columns.least < 2 and not len(known.values):
            return True
        counts = Counts()
        counts.add(values)
        return _are_keys(self.columns, table, counts)

    def _ids(self, piece: pa.RecordBatch | pa.Table, name: str, table: str) -> Ints:
        return self.vocabularies[table or name].ids(column_of(piece, name))

    def _bag(self, piece: pa.RecordBatch | pa.Table, bag: Bag) -> tuple[Ints, Singles]:
        column = column_of(piece, bag.name)
        ids = self.vocabularies[bag.table or bag.name].ids(pc.list_flatten(column))
        lengths = lengths_of(column)
        places, _ = filled(ids, lengths, bag.width, newest=False)
        there = (places > 0).astype(np.float32)
        if bag.name not in self.columns.bag_weights:
            return places, there
        name = self.columns.bag_weights[bag.name]
        beside = column_of(piece, name)
        _check_beside(lengths, lengths_of(beside), bag.name, name)
        weights = floats(pc.list_flatten(beside))
        if not (weights >= 0).all():
            raise SchemaError(f"column {name!r} has a weight that is negative or missing; mend it.")
        return places, there * filled(weights, lengths, bag.width, newest=False)[0]

    def _history(self, piece: pa.RecordBatch | pa.Table) -> tuple[Ints, Ints]:
        schema = self.schema
        if not schema.sequences:
            return np.zeros((1, 0, 0), np.int64), np.zeros(1, np.int64)
        parts = []
        lengths = lengths_of(column_of(piece, schema.sequences[0].name))
        for sequence in schema.sequences:
            column = column_of(piece, sequence.name)
            _check_beside(lengths, lengths_of(column), schema.sequences[0].name, sequence.name)
            ids = self.vocabularies[sequence.table or sequence.name].ids(pc.list_flatten(column))
            places, length = filled(ids, lengths, schema.history, newest=True)
            parts.append(places)
        return np.stack(parts, axis=2), length


def fit_encoder(
    columns: TableColumns, types: dict[str, pa.DataType], pieces: Iterator[pa.RecordBatch]
) -> Encoder:
    """Vocabularies and scales from one pass over the rows to learn from.

    Raises:
        SchemaError: a number is infinite, a column is missing, or fields contradict each other.
    """
    kinds, seen = Kinds.of(columns, types), Seen()
    for piece in pieces:
        seen.add(piece, kinds)
    vocabularies: dict[str, Vocabulary] = {}
    keys = tuple(name for name, counts in seen.counts.items() if _are_keys(columns, name, counts))
    for name, counts in seen.counts.items():
        vocabularies[name] = counts.exact(_least(columns, name in keys))
    for name, buckets in columns.hashed.items():
        vocabularies[name] = Hashed(buckets, name)

    def size(name: str) -> int:
        return vocabularies[kinds.table_of(name)].size

    def table(name: str) -> str:
        return "" if kinds.table_of(name) == name else kinds.table_of(name)

    schema = Schema(
        categories=tuple(Category(n, size(n), table(n)) for n in kinds.categories),
        numbers=tuple(_number(n, seen.moments[n], columns) for n in kinds.numbers),
        bags=tuple(
            Bag(n, size(n), max(1, min(columns.width, seen.widths[n])), table(n))
            for n in kinds.lists
            if n not in columns.history
        ),
        sequences=tuple(
            Sequence(n, size(n), table(n), columns.targets.get(n, "")) for n in columns.history
        ),
        vectors=tuple(
            Vector(n, seen.widths[n], columns.adaptors.get(n, "linear")) for n in columns.vectors
        ),
        history=columns.length if columns.history else 0,
        scene=columns.scene,
        position=columns.position,
        user=columns.user,
        item=columns.item,
    )
    return Encoder(columns, schema, vocabularies, keys=keys)


def vectors_of(column: pa.Array, name: str, size: int) -> Singles:
    """(N, size): 0 where there is no vector.

    Raises:
        SchemaError: a vector has another length.
    """
    there = np.asarray(pc.is_valid(column), dtype=bool)
    lengths = lengths_of(column)[there]
    if (lengths != size).any():
        wrong = int(lengths[lengths != size][0])
        raise SchemaError(
            f"column {name!r} has a vector of {wrong} numbers, the schema says {size}."
        )
    found = np.zeros((len(column), size), np.float32)
    found[there] = floats(pc.list_flatten(column)).reshape(-1, size)
    return found


def _are_keys(columns: TableColumns, table: str, counts: Counts) -> bool:
    """Whether a table's values tell rows apart and nothing else, unless they are said to tell."""
    return table not in columns.categories and counts.are_keys


def _least(columns: TableColumns, keys: bool) -> int:
    """Times that a value must be seen to have an id.

    The key of a row is no category: a network would know each row's label by it.
    """
    return max(columns.least, 2) if keys else columns.least


def _check_beside(lengths: Ints, others: Ints, name: str, other: str) -> None:
    if not np.array_equal(lengths, others):
        row = int(np.argmax(lengths != others))
        raise SchemaError(
            f"lists of {other!r} are not as long as those of {name!r}: {others[row]} and "
            f"{lengths[row]} values in row {row} of a piece; write them in step."
        )


def _number(name: str, moments: Floats, columns: TableColumns) -> Number:
    rows, total, squares = moments
    mean = float(total / max(rows, 1))
    spread = float(np.sqrt(max(squares / max(rows, 1) - mean * mean, 0.0)))
    encoding = columns.encodings.get(name, "linear")
    return Number(name, encoding, mean, spread if spread > 1e-6 else 1.0)


def _codes(column: pa.Array) -> Ints:
    """(N,): integers as they are, anything else hashed: alike where alike, in no order."""
    if pa.types.is_integer(column.type):
        return np.asarray(pc.fill_null(column, -1), dtype=np.int64)
    return np.asarray(Hashed(1 << 62, "group").ids(column), dtype=np.int64)

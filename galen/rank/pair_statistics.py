"""How often pairs of values were positive before: ordered target statistics.

Prokhorenkova et al., "CatBoost: unbiased boosting with categorical features", NeurIPS 2018, on why
a row's own label must not leak into its statistics: of the rows learned from, each has those of
the rows before it in a random order. (Folds do leak: one with more positives has fewer outside it.)
"""

from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from safetensors.numpy import load_file, save_file

from galen.data.arrays import Ints, Singles
from galen.data.lookup import places_of
from galen.features.encoding.samples import Samples
from galen.features.encoding.scale import number_of
from galen.features.encoding.schema import Schema, SchemaError

TOLD: Final = 0.5
"""Share of the rows learned from that a row among them is told of on average, and so a new row."""


@dataclass(frozen=True, slots=True)
class PairStatistics:
    """For every field and every pair of fields: smoothed share of positives, and count of rows.

    `fields` are the categories that take part; all of them where none are named. The position of a
    row never does, for it is not known when the row is scored.
    """

    fields: tuple[str, ...] = ()  # categories that take part, alone and in pairs; empty: all
    without: tuple[str, ...] = ()  # categories that take no part
    prior_rows: float = 3.0  # rows that the mean share of positives is worth
    seed: int = 0

    def fit(self, schema: Schema, train: Samples) -> tuple["PairCounts", Samples]:
        objective = next(iter(train.labels))
        weight = train.weight * train.known(objective)[0]
        label = np.nan_to_num(train.labels[objective]).astype(np.float64)
        places = self._places(schema)
        sets = [*((place,) for place in places), *combinations(places, 2)]
        prior = float(np.average(label, weights=weight)) if weight.any() else 0.0
        order = np.random.default_rng(self.seed).permutation(len(train))
        tables, columns = {}, []
        for chosen in sets:
            keys = _keys(schema, train.categories, chosen)
            values, code = np.unique(keys, return_inverse=True)
            good = np.bincount(code, label * weight, len(values))
            rows = np.bincount(code, weight, len(values))
            tables[_name(schema, chosen)] = (chosen, values, good, rows)
            good_before = _sum_before(code, label * weight, order)
            rows_before = _sum_before(code, weight, order)
            columns += _statistics(good_before, rows_before, prior, self.prior_rows)
        counts = PairCounts(
            _extended(schema, list(tables), columns),
            prior,
            self.prior_rows,
            tables,
        )
        return counts, _with_numbers(train, columns)

    def _places(self, schema: Schema) -> list[int]:
        named = self.fields or tuple(field.name for field in schema.categories)
        left_out = {*self.without, schema.position}
        places = [schema.place(name) for name in named if name not in left_out]
        if not places:
            raise SchemaError(
                "pair statistics read categories other than the position, of which there are none; "
                "name some under `fields`, or leave pair statistics out."
            )
        return places

    def load(self, folder: Path) -> "PairCounts":
        saved = msgspec.json.decode((folder / "pairs.json").read_bytes(), type=_Saved)
        tensors = load_file(folder / "pairs.safetensors")
        tables = {
            name: (
                tuple(places),
                tensors[f"{name}/values"],
                tensors[f"{name}/good"],
                tensors[f"{name}/rows"],
            )
            for name, places in saved.places.items()
        }
        return PairCounts(saved.schema, saved.prior, saved.prior_rows, tables)


class _Saved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: Schema
    prior: float
    prior_rows: float
    places: dict[str, tuple[int, ...]]


_Table = tuple[tuple[int, ...], Ints, np.ndarray[Any, Any], np.ndarray[Any, Any]]


@dataclass(frozen=True)
class PairCounts:
    """Counts of what was learned from; a pair that was not there has the prior and no rows."""

    schema: Schema
    prior: float
    prior_rows: float
    tables: dict[str, _Table]

    def extend(self, samples: Samples) -> Samples:
        """The samples with two more numbers for each set of fields."""
        columns: list[Singles] = []
        for places, values, good, rows in self.tables.values():
            keys = _keys(self.schema, samples.categories, places)
            found = places_of(values, keys)
            there = found >= 0
            columns += _statistics(
                np.where(there, good[found], 0.0) * TOLD,
                np.where(there, rows[found], 0.0) * TOLD,
                self.prior,
                self.prior_rows,
            )
        return _with_numbers(samples, columns)

    def save(self, folder: Path) -> None:
        saved = _Saved(
            self.schema,
            self.prior,
            self.prior_rows,
            {name: table[0] for name, table in self.tables.items()},
        )
        (folder / "pairs.json").write_bytes(msgspec.json.encode(saved))
        tensors: dict[str, np.ndarray[Any, Any]] = {}
        for name, (_, values, good, rows) in self.tables.items():
            tensors |= {f"{name}/values": values, f"{name}/good": good, f"{name}/rows": rows}
        save_file(tensors, folder / "pairs.safetensors")


def _sum_before(code: Ints, values: Any, order: Ints) -> np.ndarray[Any, Any]:
    """(N,): of the rows with the same code that stand before a row in `order`, the sum."""
    by_code = order[np.argsort(code[order], kind="stable")]
    summed = np.cumsum(values[by_code], dtype=np.float64)
    starts = np.flatnonzero(np.diff(code[by_code], prepend=-1))
    before = summed - values[by_code]
    found = np.empty(len(code))
    found[by_code] = before - np.repeat(before[starts], np.diff(starts, append=len(code)))
    return found


def _keys(schema: Schema, ids: Ints, places: tuple[int, ...]) -> Ints:
    """(N,): one number for the values of the chosen fields.

    Raises:
        SchemaError: there are more possible pairs than 64 bits can tell apart.
    """
    keys = ids[:, places[0]].copy()
    span = schema.categories[places[0]].size
    for place in places[1:]:
        size = schema.categories[place].size
        span *= size
        if span >= 1 << 62:
            raise SchemaError(f"{schema.categories[place].name!r} has too many ids for pairs.")
        keys *= size
        keys += ids[:, place]
    return keys


def _statistics(
    good: np.ndarray[Any, Any], rows: np.ndarray[Any, Any], prior: float, strength: float
) -> list[Singles]:
    share = (good + strength * prior) / (rows + strength)
    return [share.astype(np.float32), rows.astype(np.float32)]


def _name(schema: Schema, places: tuple[int, ...]) -> str:
    return " x ".join(schema.categories[place].name for place in places)


def _extended(schema: Schema, names: list[str], columns: list[Singles]) -> Schema:
    titles = [f"{what} of {name}" for name in names for what in ("share", "rows")]
    more = [number_of(title, values) for title, values in zip(titles, columns, strict=True)]
    return msgspec.structs.replace(schema, numbers=(*schema.numbers, *more))


def _with_numbers(samples: Samples, columns: list[Singles]) -> Samples:
    more = np.stack(columns, axis=1)
    return replace(samples, numbers=np.concatenate([samples.numbers, more], axis=1))

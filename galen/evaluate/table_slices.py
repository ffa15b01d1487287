"""Slices of a test part that a mean hides: new pairs, cold items, short histories, scenes."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from galen.data.arrays import Bools, Ints
from galen.features.encoding.samples import Samples
from galen.features.encoding.schema import Schema

LENGTHS: Final = ((0, 0), (1, 3), (4, 10), (11, None))
"""Positives of a user in train, from and up to."""


@dataclass(frozen=True)
class TableSlice:
    """Some rows of the test part."""

    name: str
    rows: Bools  # (N,)


def table_slices(schema: Schema, train: Samples, test: Samples) -> list[TableSlice]:
    """Every slice that the roles named by the schema allow; all rows come first."""
    found = [TableSlice("all", np.ones(len(test), bool))]
    user, item = (_ids(schema, name, train, test) for name in (schema.user, schema.item))
    label = np.nan_to_num(next(iter(train.labels.values()))) > 0
    if user is not None and item is not None:
        seen = _seen_pairs(user, item, label)
        found += [
            TableSlice("pair was positive in train", seen),
            TableSlice("pair was not", ~seen),
        ]
    if item is not None:
        cold = ~np.isin(item[1], item[0]) | (item[1] == 0)
        found.append(TableSlice("item not in train", cold))
    if user is not None:
        length = _positives(user, label)
        for low, high in LENGTHS:
            words = f"{low} or more" if high is None else f"{low}" + f" to {high}" * (high > low)
            rows = (length >= low) & (length <= (length.max() if high is None else high))
            found.append(TableSlice(f"user with {words} positives", rows))
    scene = _ids(schema, schema.scene, train, test)
    if scene is not None:
        values = np.unique(scene[1]).tolist()
        found += [TableSlice(f"scene {value}", scene[1] == value) for value in values]
    return [part for part in found if part.rows.any()]


def _ids(schema: Schema, name: str, train: Samples, test: Samples) -> tuple[Ints, Ints] | None:
    if not name:
        return None
    place = schema.place(name)
    return train.categories[:, place], test.categories[:, place]


def _seen_pairs(user: tuple[Ints, Ints], item: tuple[Ints, Ints], label: Bools) -> Bools:
    width = 1 + max(int(part.max(initial=0)) for part in item)
    known, asked = (u * width + i for u, i in zip(user, item, strict=True))
    seen = np.isin(asked, known[label]) & (user[1] > 0) & (item[1] > 0)
    return np.asarray(seen)


def _positives(user: tuple[Ints, Ints], label: Bools) -> Ints:
    count = np.bincount(user[0][label], minlength=1 + max(int(u.max(initial=0)) for u in user))
    count[0] = 0  # users who are not known share an id and have no history
    return np.asarray(count[user[1]], dtype=np.int64)

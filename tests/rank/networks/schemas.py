"""Schemas and samples for the tests of networks: a plain one and one with every kind of field."""

import numpy as np

from galen.features.encoding.samples import Samples, empty_side
from galen.features.encoding.schema import (
    Bag,
    Category,
    Number,
    Schema,
    Sequence,
    Vector,
)

PLAIN = Schema(
    categories=(Category("user", 20), Category("item", 30), Category("scene", 5)),
    user="user",
    item="item",
    scene="scene",
)

RICH = Schema(
    categories=(
        Category("user", 20),
        Category("item", 30),
        Category("brand", 7),
        Category("scene", 5),
        Category("position", 6),
    ),
    numbers=(Number("price"), Number("age", "periodic")),
    bags=(Bag("tags", 9, 3),),
    sequences=(
        Sequence("seen_item", 30, table="item", target="item"),
        Sequence("seen_brand", 7, table="brand", target="brand"),
        Sequence("seen_kind", 4),
    ),
    vectors=(Vector("text", 8),),
    history=6,
    scene="scene",
    position="position",
    user="user",
    item="item",
)


def plain_samples(rows: int, seed: int = 0) -> Samples:
    """Rows of PLAIN: a click is likely where user and item are both even or odd."""
    draw = np.random.default_rng(seed)
    user, item = draw.integers(1, 20, rows), draw.integers(1, 30, rows)
    scene = draw.integers(1, 5, rows)
    chance = np.where((user + item) % 2 == 0, 0.9, 0.1)
    click = (draw.random(rows) < chance).astype(np.float32)
    bought = click * (draw.random(rows) < 0.5)
    return Samples(
        categories=np.stack([user, item, scene], axis=1),
        labels={"click": click, "purchase": bought.astype(np.float32)},
        weight=np.ones(rows, np.float32),
        group=np.sort(user),
        **empty_side(rows),
    ).checked(PLAIN)


def rich_samples(rows: int, seed: int = 0) -> Samples:
    """Rows of RICH: a click is likely where the item's brand stands in the person's history."""
    draw = np.random.default_rng(seed)
    people = max(2, rows // 4)
    length = draw.integers(0, 7, people)
    history = np.stack([draw.integers(1, size, (people, 6)) for size in (30, 7, 4)], axis=2).astype(
        np.int64
    )
    history[np.arange(6) >= length[:, None]] = 0
    row = draw.integers(0, people, rows)
    item = draw.integers(1, 30, rows)
    brand = item % 6 + 1
    met = (history[row, :, 1] == brand[:, None]).any(axis=1)
    click = (draw.random(rows) < np.where(met, 0.9, 0.1)).astype(np.float32)
    numbers = draw.normal(size=(rows, 2)).astype(np.float32)
    numbers[draw.random((rows, 2)) < 0.1] = np.nan
    categories = np.stack(
        [row % 19 + 1, item, brand, draw.integers(1, 5, rows), draw.integers(1, 6, rows)], axis=1
    )
    return Samples(
        categories=categories.astype(np.int64),
        numbers=numbers,
        bags=draw.integers(0, 9, (rows, 3)),
        bag_weights=(draw.random((rows, 3)) < 0.6).astype(np.float32),
        vectors=draw.normal(size=(rows, 8)).astype(np.float32),
        history=history,
        history_length=length.astype(np.int64),
        history_row=row.astype(np.int64),
        labels={"click": click, "purchase": click * (draw.random(rows) < 0.5)},
        weight=np.ones(rows, np.float32),
        group=row.astype(np.int64),
    ).checked(RICH)

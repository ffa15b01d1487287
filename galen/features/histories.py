"""Histories of a shop or of requests as the columns that sequence networks read."""

import numpy as np

from galen.data.dataset import Dataset
from galen.data.schema import TAKEN
from galen.nn.histories import Columns
from galen.nn.judging import HeldOut
from galen.pipeline.candidates import Floats, Histories, Ints


def columns_of(data: Dataset) -> Columns:
    """What people took; those who took fewer than two items teach nothing."""
    taken = data.of(*TAKEN)
    columns = Columns(
        taken.offsets,
        taken.item.astype(np.int64),
        taken.kind.astype(np.int64),
        seconds(taken.at, timed=data.clock == "time"),
        user=np.arange(data.users),
    )
    return columns.of(np.flatnonzero(np.diff(columns.offsets) >= 2))


def seconds(at: Ints, *, timed: bool) -> Floats:
    """Moments of a shop's clock in seconds; 0 where only the order is known."""
    return at / 1e6 if timed else np.zeros(len(at))


def held_out(columns: Columns, people: int, seed: int) -> tuple[Columns, HeldOut]:
    """Columns without the newest event of some people with three events or more, and those.

    No more than a fifth of people is held out, and no fewer than one person. Where nobody has three
    events, those with two are judged and teach nothing.
    """
    lengths = np.diff(columns.offsets)
    able = np.flatnonzero(lengths >= min(3, lengths.max()))
    count = max(1, min(people, len(able), len(lengths) // 5))
    chosen = np.sort(np.random.default_rng(seed).choice(able, count, replace=False))
    newest = columns.offsets[1:][chosen] - 1
    kept = np.ones(len(columns.item), bool)
    kept[newest] = False
    learning = columns.take(kept)
    return learning, HeldOut(learning.of(chosen), columns.item[newest])


def columns_of_requests(history: Histories, items: int, length: int, *, timed: bool) -> Columns:
    """The newest `length` events of each request with items that are among the first `items`."""
    known = history.take(history.item < items).latest(length)
    return Columns(known.offsets, known.item, known.kind, seconds(known.at, timed=timed))

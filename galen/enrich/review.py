"""People look at a sample of what was written; what they say is the precision of the rest."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from galen.data.enriched import PROVENANCE
from galen.enrich.running.journal import Journal, Review

Z: Final = 1.959963984540054
"""Of a two-sided interval of 95 %."""


@dataclass(frozen=True, slots=True)
class Precision:
    """The share of good values, with Wilson's interval (JASA 1927)."""

    good: int
    judged: int
    share: float  # NaN where none was judged
    low: float
    high: float


def wilson(good: int, judged: int) -> Precision:
    """The interval holds for small samples and shares near 1, where the usual one does not."""
    if judged == 0:
        return Precision(0, 0, math.nan, 0.0, 1.0)
    share = good / judged
    weight = 1 + Z**2 / judged
    middle = (share + Z**2 / (2 * judged)) / weight
    half = Z * math.sqrt(share * (1 - share) / judged + Z**2 / (4 * judged**2)) / weight
    return Precision(good, judged, share, max(0.0, middle - half), min(1.0, middle + half))


def queue(table: pa.Table, journal: Journal, task: str, size: int, seed: int) -> pa.Table:
    """A sample of the rows that nobody has judged yet, the same for the same seed.

    The sample is drawn from the whole table, so that what was judged before counts as part of it.
    """
    order = np.random.default_rng(seed).permutation(len(table))[:size]
    judged = {(one.record, one.prompt, one.model) for one in journal.verdicts(task)}
    names = ("key", "prompt", "model")
    seen = zip(*(table[name].to_pylist() for name in names), strict=True)
    open_rows = np.array([row not in judged for row in seen], bool)
    return table.take(pa.array(order[open_rows[order]]))


def precision(table: pa.Table, verdicts: Sequence[Review]) -> Precision:
    """Of the verdicts on values that stand in the table as they were judged."""
    names = ("key", "prompt", "model")
    there = set(zip(*(table[name].to_pylist() for name in names), strict=True))
    counted = [one for one in verdicts if (one.record, one.prompt, one.model) in there]
    return wilson(sum(one.good for one in counted), len(counted))


def values(row: dict[str, Any]) -> dict[str, Any]:
    """What there is to judge of a row: all but its origin and what is empty."""
    skipped = {"key", *PROVENANCE.names}
    return {name: v for name, v in row.items() if name not in skipped and v not in (None, [], "")}

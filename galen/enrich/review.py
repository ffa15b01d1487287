"""People look at a sample of what was written; what they say is the precision of the rest."""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pyarrow as pa

from galen.data.enriched import PROVENANCE
from galen.enrich.running.journal import Journal, Judged, Review

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
    judged = {one.of for one in journal.verdicts(task)}
    names = _known_as(table)
    open_rows = [at for at in order.tolist() if not judged.intersection(names[at])]
    return table.take(pa.array(open_rows, pa.int64()))


def precision(table: pa.Table, verdicts: Sequence[Review]) -> Precision:
    """Of the verdicts on values that stand in the table as they were judged."""
    there = {name for names in _known_as(table) for name in names}
    counted = [one for one in verdicts if one.of in there]
    return wilson(sum(one.good for one in counted), len(counted))


def reviewed(row: Mapping[str, Any], *, good: bool, note: str, at: int) -> Review:
    """What a person said of a row of a table."""
    return Review(_judged(row), good, note, at)


def told(row: Mapping[str, Any]) -> str:
    """What there is to judge of a row, as one line of text."""
    return json.dumps(values(row), ensure_ascii=False, default=str)


def _judged(row: Mapping[str, Any]) -> Judged:
    """Several rows may have one key, and another answer is another value."""
    value = hashlib.sha256(told(row).encode()).hexdigest()[:16]
    return Judged(row["key"], row["prompt"], row["model"], value)


def _known_as(table: pa.Table) -> list[list[Judged]]:
    """How a verdict may name each row: one of before values were told apart, where it is alone."""
    judged = [_judged(row) for row in table.to_pylist()]
    whole = [replace(one, value="") for one in judged]
    rows = Counter(whole)
    return [[one, old] if rows[old] == 1 else [one] for one, old in zip(judged, whole, strict=True)]


def values(row: Mapping[str, Any]) -> dict[str, Any]:
    """What there is to judge of a row: all but its origin and what is empty."""
    skipped = {"key", *PROVENANCE.names}
    return {name: v for name, v in row.items() if name not in skipped and v not in (None, [], "")}

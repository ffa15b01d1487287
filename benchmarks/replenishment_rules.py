"""The rules that replenishment is measured beside: each scores pairs of a household and a good."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from galen.data.arrays import Floats, Ints
from galen.recall.renewal.fitting import fit_renewal
from galen.recall.renewal.model import Outlook, Renewal
from galen.recall.renewal.spells import Spells

SHRINKAGE: Final = 5.0  # pseudo-observations of the score that the renewal process replaced


@dataclass(frozen=True, slots=True)
class Pairs:
    spells: Spells


@dataclass(frozen=True, slots=True)
class Learned:
    """What was known before the first week."""

    renewal: Renewal
    median: Floats  # (goods,) days between two purchases; that of the shop where none was seen
    shrunk: Floats  # (goods,) the same, shrunk to category and shop

    def outlook(self, pairs: Pairs) -> Outlook:
        return self.renewal.outlook(pairs.spells)


def learn(pairs: Pairs, above: Ints) -> Learned:
    """Learn every rule from the pairs of goods with these categories (goods,)."""
    spells = pairs.spells
    shop, goods = float(np.median(spells.gap)), len(above)
    good = spells.good[spells.pair]
    median, count = _medians(good, spells.gap, goods)
    categories = int(above.max()) + 1
    known = above[good] >= 0
    of_category, in_category = _medians(above[good][known], spells.gap[known], categories)
    by_category = _shrunk(of_category, in_category, np.full(categories, shop))
    parent = np.where(above >= 0, by_category[above], shop)
    return Learned(
        fit_renewal(spells, above),
        np.where(count > 0, median, shop),
        _shrunk(median, count, parent),
    )


def _renewal(learned: Learned, pairs: Pairs) -> Floats:
    return learned.outlook(pairs).within(7)


def _fixed(learned: Learned, pairs: Pairs) -> Floats:
    """The nearer to the typical interval of the good, the better."""
    spells = pairs.spells
    return np.asarray(-np.abs(spells.open - learned.median[spells.good]))


def _often(learned: Learned, pairs: Pairs) -> Floats:
    """Times bought; of two alike the newer one."""
    return np.asarray(pairs.spells.repeats - pairs.spells.open / 1e6)


def _newest(learned: Learned, pairs: Pairs) -> Floats:
    return -pairs.spells.open


def _before(learned: Learned, pairs: Pairs) -> Floats:
    """log(1 + times) and a log-normal weight of elapsed/interval, as the channel once scored."""
    spells = pairs.spells
    ratio = np.log(np.maximum(spells.open, 0.5) / np.maximum(learned.shrunk[spells.good], 0.5))
    return np.asarray(np.log1p(1.0 + spells.repeats) - 0.5 * ratio**2)


def _medians(group: Ints, values: Floats, groups: int) -> tuple[Floats, Floats]:
    """(groups,) median and count; the median of none is 0."""
    count = np.bincount(group, minlength=groups).astype(np.float64)
    median = np.zeros(groups)
    order = np.lexsort((values, group))
    for code, part in zip(
        *(np.unique(group), np.split(values[order], np.cumsum(count[count > 0]).astype(int)[:-1])),
        strict=True,
    ):
        median[code] = np.median(part)
    return median, count


def _shrunk(value: Floats, count: Floats, parent: Floats) -> Floats:
    return np.asarray((value * count + parent * SHRINKAGE) / (count + SHRINKAGE))


RULES: Final[Mapping[str, Callable[[Learned, Pairs], Floats]]] = {
    "renewal": _renewal,
    "fixed interval": _fixed,
    "bought most often": _often,
    "bought last": _newest,
    "repurchase before": _before,
}

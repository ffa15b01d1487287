"""Bought before and due again: health goods run out, and a person comes back for the same one."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from galen.data.dataset import Dataset
from galen.data.schema import DAY, Kind
from galen.pipeline.candidates import Candidates, Floats, Ints, Requests, no_candidates


@dataclass(frozen=True, slots=True)
class Repurchase:
    """Items of a person's own purchases, best where the typical interval has just passed.

    The typical interval of a standard product is the median of the observed ones, shrunk towards
    that of its category and of the shop by `shrinkage` pseudo-observations. The score is
    log(1 + times bought) plus a log-normal weight of elapsed/interval with spread `spread`.
    Where the shop has no clock, only the times bought and the newness count.
    """

    shrinkage: float = 5.0
    spread: float = 1.0

    def fit(self, data: Dataset) -> "RepurchaseIndex":
        catalogue = data.catalogue
        product = catalogue.spu.copy()
        if data.clock == "order":
            return RepurchaseIndex(self, product, np.full(len(product), np.nan))
        bought = data.of(Kind.PURCHASE)
        which = product[bought.item]
        order = np.lexsort((bought.at, which, bought.user))
        user, which, at = bought.user[order], which[order], bought.at[order]
        same = (user[1:] == user[:-1]) & (which[1:] == which[:-1]) & (at[1:] - at[:-1] >= DAY)
        days = (at[1:] - at[:-1])[same] / DAY
        product_of_pair = which[1:][same]
        return RepurchaseIndex(self, product, self._intervals(data, days, product_of_pair))

    def _intervals(self, data: Dataset, days: Floats, product: Ints) -> Floats:
        """(items,) days between purchases of the item's standard product; NaN with no evidence."""
        catalogue = data.catalogue
        if not len(days):
            return np.full(len(catalogue), np.nan)
        shop = float(np.median(days))
        category_of_product = np.full(int(catalogue.spu.max()) + 1, -1, np.int64)
        category_of_product[catalogue.spu] = catalogue.category
        categories = max(int(catalogue.category.max()) + 1, 1)
        known = category_of_product[product] >= 0
        median, count = _medians(category_of_product[product][known], days[known], categories)
        by_category = _shrunk(median, count, np.full(categories, shop), self.shrinkage)
        median, count = _medians(product, days, len(category_of_product))
        parent = np.where(
            category_of_product >= 0, by_category[np.maximum(category_of_product, 0)], shop
        )
        return _shrunk(median, count, parent, self.shrinkage)[catalogue.spu]

    def load(self, folder: Path) -> "RepurchaseIndex":
        saved = load_file(folder / "repurchase.safetensors")
        return RepurchaseIndex(self, saved["product"], saved["interval"])


@dataclass(frozen=True, slots=True)
class RepurchaseIndex:
    settings: Repurchase
    product: Ints  # (items,) standard product
    interval: Floats  # (items,) days

    def retrieve(self, requests: Requests, k: int) -> Candidates:
        history = requests.history
        bought = (history.kind == int(Kind.PURCHASE)) & (history.item < len(self.product))
        request, item, at = history.request[bought], history.item[bought], history.at[bought]
        if not len(item):
            return no_candidates(("score",))
        width = int(self.product.max()) + 1
        key = request * width + self.product[item]
        order = np.lexsort((at, key))
        key, item, at = key[order], item[order], at[order]
        last = np.flatnonzero(np.append(key[1:] != key[:-1], True))
        times = np.diff(np.append(-1, last)).astype(np.float64)
        row = key[last] // width
        score = np.log1p(times) + self._due(item[last], (requests.at[row] - at[last]) / DAY)
        return Candidates(row, item[last], {"score": score}).top(k, by="score")

    def _due(self, item: Ints, elapsed: Floats) -> Floats:
        """0 when exactly due, falling on both sides; without an interval, newer is better."""
        interval = self.interval[item]
        ratio = np.log(np.maximum(elapsed, 0.5) / np.maximum(interval, 0.5))
        due = -0.5 * (ratio / self.settings.spread) ** 2
        newness = -np.log1p(np.maximum(elapsed, 0))
        return np.where(np.isnan(interval), newness, due)

    def save(self, folder: Path) -> None:
        tensors = {"product": self.product, "interval": self.interval}
        save_file(tensors, folder / "repurchase.safetensors")


def _medians(group: Ints, values: Floats, groups: int) -> tuple[Floats, Floats]:
    """(groups,) median and count of the values of each group; the median of none is 0."""
    order = np.lexsort((values, group))
    count = np.bincount(group, minlength=groups)
    start = np.cumsum(count) - count
    some = count > 0
    median = np.zeros(groups)
    ordered = values[order]
    low = ordered[(start + (count - 1) // 2)[some]]
    high = ordered[(start + count // 2)[some]]
    median[some] = (low + high) / 2
    return median, count.astype(np.float64)


def _shrunk(value: Floats, count: Floats, parent: Floats, strength: float) -> Floats:
    return np.asarray((value * count + parent * strength) / (count + strength))

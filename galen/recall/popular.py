"""What most people take: overall, within the categories a person looks at, or of late."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from safetensors.numpy import load_file, save_file

from galen.data.arrays import Floats, Ints
from galen.data.dataset import Dataset
from galen.data.schema import DAY, TAKEN
from galen.pipeline.candidates import Candidates, Requests, no_candidates
from galen.recall.seen import unseen


@dataclass(frozen=True, slots=True)
class Popular:
    """`category` counts only in the categories of a person's newest `recent` items.

    `half_life` (days) lets old events fade; where the shop's clock is "order" it counts places
    from the end of each history instead of days.
    """

    by: Literal["overall", "category"] = "overall"  # category: only in those the person looked at
    half_life: float | None = None
    recent: int = 5  # newest items whose categories count
    repeat: bool = False

    def fit(self, data: Dataset) -> "PopularIndex":
        taken = data.of(*TAKEN)
        weight = np.ones(len(taken))
        if self.half_life is not None and len(taken):
            if data.clock == "time":
                age = (int(taken.at.max()) - taken.at) / DAY
            else:
                age = (taken.length[taken.user] - 1 - taken.place).astype(np.float64)
            weight = 0.5 ** (age / self.half_life)
        count = np.bincount(taken.item, weight, minlength=len(data.catalogue)).astype(np.float64)
        return PopularIndex(self, count, data.catalogue.category.copy())

    def load(self, folder: Path) -> "PopularIndex":
        saved = load_file(folder / "popular.safetensors")
        return PopularIndex(self, saved["count"], saved["category"])


@dataclass(frozen=True)
class PopularIndex:
    """`Popular` after learning: how popular each item is."""

    settings: Popular
    count: Floats  # (items,)
    category: Ints  # (items,)

    @cached_property
    def best(self) -> Ints:
        """Items that were taken, the highest count first, equal counts by item."""
        items = np.flatnonzero(self.count > 0)
        return items[np.lexsort((items, -self.count[items]))]

    @cached_property
    def best_by_category(self) -> tuple[Ints, Ints]:
        """`best` grouped by category, and where each starts; items without one are last."""
        category = self.category[self.best]
        known = np.where(category < 0, self.category.max(initial=-1) + 1, category)
        grouped = np.argsort(known, kind="stable")
        starts = np.searchsorted(known[grouped], np.arange(self.category.max(initial=-1) + 2))
        return self.best[grouped], starts

    def answer(self, requests: Requests) -> "PopularAnswer":
        return PopularAnswer(self, requests)

    def retrieve(self, requests: Requests, k: int) -> Candidates:
        if self.settings.by == "category":
            whole = self._in_categories(requests, k)
        else:
            whole = self._overall(requests, k)
        return whole if self.settings.repeat else unseen(requests, whole).top(k, by="score")

    def _overall(self, requests: Requests, k: int) -> Candidates:
        """Enough of the best for everybody to have k left after their history is taken out."""
        longest = 0 if self.settings.repeat else int(requests.history.length.max(initial=0))
        best = self.best[: k + longest]
        request = np.repeat(np.arange(len(requests)), len(best))
        item = np.tile(best, len(requests))
        return Candidates(request, item, {"score": self.count[item]})

    def _in_categories(self, requests: Requests, k: int) -> Candidates:
        pairs = self.looked_at(requests)
        longest = 0 if self.settings.repeat else int(requests.history.length.max(initial=0))
        wanted, place = np.unique(pairs[:, 1], return_inverse=True)
        lists = [self._of_category(int(code), k + longest) for code in wanted]
        if not lists:
            return no_candidates(("score",))
        item = np.concatenate([lists[p] for p in place])
        rows = np.repeat(pairs[:, 0], [len(lists[p]) for p in place])
        return Candidates(rows, item, {"score": self.count[item]}).top(k + longest, by="score")

    def looked_at(self, requests: Requests) -> Ints:
        """(pairs, 2): each request with the categories of its newest items."""
        history = requests.taken.latest(self.settings.recent)
        known = history.item < len(self.category)
        request, category = history.request[known], self.category[history.item[known]]
        return np.unique(np.stack([request, category], axis=1)[category >= 0], axis=0)

    def _of_category(self, code: int, k: int) -> Ints:
        items, starts = self.best_by_category
        return items[starts[code] : starts[code + 1]][:k]

    def save(self, folder: Path) -> None:
        save_file({"count": self.count, "category": self.category}, folder / "popular.safetensors")


@dataclass(frozen=True, slots=True)
class PopularAnswer:
    """How often items were taken, where they are of a category that counts."""

    index: PopularIndex
    requests: Requests

    def best(self, k: int) -> Candidates:
        return self.index.retrieve(self.requests, k)

    def scores(self, candidates: Candidates) -> Floats:
        """(N,): how often each row's item was taken; NaN outside of a person's categories."""
        index = self.index
        known = candidates.item < len(index.count)
        if index.settings.by == "category":
            pairs = index.looked_at(self.requests)
            category = index.category[np.where(known, candidates.item, 0)]
            width = 1 + max(int(category.max(initial=-1)), int(pairs[:, 1].max(initial=-1)))
            wanted = candidates.request * width + category
            known &= (category >= 0) & np.isin(wanted, pairs[:, 0] * width + pairs[:, 1])
        out = np.full(len(candidates), np.nan)
        out[known] = index.count[candidates.item[known]]
        return out

"""A channel to compare with: items drawn from the narrowest category of a person's newest item."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from galen.data.arrays import Ints
from galen.data.dataset import Dataset
from galen.pipeline.candidates import Candidates, Requests


@dataclass(frozen=True, slots=True)
class RandomInCategory:
    """All items of a category are as likely, the item itself left out; by seed and item."""

    seed: int = 0

    def fit(self, data: Dataset) -> "RandomInCategoryIndex":
        return RandomInCategoryIndex(self, data.catalogue.path.copy())

    def load(self, folder: Path) -> "RandomInCategoryIndex":
        return RandomInCategoryIndex(self, load_file(folder / "category.safetensors")["category"])


@dataclass(frozen=True, slots=True)
class RandomInCategoryIndex:
    settings: RandomInCategory
    category: Ints  # (items,) the whole path; -1 where unknown

    def retrieve(self, requests: Requests, k: int) -> Candidates:
        order = np.argsort(self.category, kind="stable")
        sorted_codes = self.category[order]
        newest = requests.taken.latest(1)
        rows, items, scores = [], [], []
        for request, item in zip(newest.request.tolist(), newest.item.tolist(), strict=True):
            code = self.category[item]
            start, stop = np.searchsorted(sorted_codes, [code, code + 1])
            shelf = order[start:stop]
            shelf = shelf[shelf != item] if code >= 0 else shelf[:0]
            random = np.random.default_rng((self.settings.seed, item))
            drawn = random.permutation(shelf)[:k]
            rows.append(np.full(len(drawn), request))
            items.append(drawn)
            scores.append(1.0 / (1 + np.arange(len(drawn))))
        empty = np.empty(0, np.int64)
        return Candidates(
            np.concatenate([empty, *rows]),
            np.concatenate([empty, *items]),
            {"score": np.concatenate([np.empty(0), *scores])},
        )

    def save(self, folder: Path) -> None:
        save_file({"category": self.category}, folder / "category.safetensors")

"""Need chooses the product word, preference the item within it: two scores, weighed apart.

A word (the narrowest category) is needed as the shop's people need it at this time of the year and
at this stage of life, and as this person took it before: a Dirichlet mean of both. An item is
preferred within its word for how often it is taken, for its brand's share of the person's history
over its share of the shop's, and for having been taken by them before. With `level = "word"` and
`level = "item"` as two channels, fusion learns how much each counts by the length of a history.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final, Literal

import numpy as np
from safetensors.numpy import load_file, save_file

from galen.data.arrays import Floats, Ints
from galen.data.dataset import Dataset
from galen.data.lookup import places_in_runs
from galen.pipeline.candidates import Candidates, Requests
from galen.recall.seasonal import Seasonal, SeasonalIndex
from galen.recall.seen import unseen

Level = Literal["word", "item", "both"]
MOST_WORDS: Final = 20  # of a request, from which items are proposed
MOST_ITEMS: Final = 100  # of a word, the most taken


@dataclass(frozen=True, slots=True)
class Words:
    """`strength` is how many events the shop's own shares are worth beside a person's history."""

    level: Level = "both"  # what scores: the need of a word, the item within it, or both
    strength: float = 5.0  # events that the shop's shares are worth beside a history
    half_life: float | None = None
    repeat: bool = False

    def fit(self, data: Dataset) -> "WordsIndex":
        seasonal = Seasonal(half_life=self.half_life, repeat=True).fit(data)
        brand = data.catalogue.brand
        return WordsIndex(self, seasonal, np.where(brand < 0, brand.max(initial=-1) + 1, brand))

    def load(self, folder: Path) -> "WordsIndex":
        saved = load_file(folder / "words.safetensors")
        seasonal = Seasonal(half_life=self.half_life, repeat=True).load(folder)
        return WordsIndex(self, seasonal, saved["brand"])


@dataclass(frozen=True)
class WordsIndex:
    """`Words` after learning."""

    settings: Words
    seasonal: SeasonalIndex  # how often items were taken, and the factors of their words
    brand: Ints  # (items,)

    @cached_property
    def shelf(self) -> tuple[Ints, Ints]:
        """Items that people took by word, the most taken first, and where each word begins."""
        count, word = self.seasonal.count, self.seasonal.word
        by_word = np.lexsort((-count, word))
        by_word = by_word[count[by_word] > 0]
        return by_word, np.searchsorted(word[by_word], np.arange(len(self.seasonal.season) + 1))

    @cached_property
    def of_word(self) -> Floats:
        """(words,): how often things of each word were taken."""
        words = len(self.seasonal.season)
        return np.bincount(self.seasonal.word, self.seasonal.count, words).astype(np.float64)

    @cached_property
    def of_brand(self) -> Floats:
        """(brands,): how often things of each brand were taken."""
        brands = int(self.brand.max(initial=-1)) + 1
        return np.bincount(self.brand, self.seasonal.count, brands).astype(np.float64)

    def answer(self, requests: Requests) -> "WordsAnswer":
        return WordsAnswer(self, requests)

    def retrieve(self, requests: Requests, k: int) -> Candidates:
        return self.answer(requests).best(k)

    def save(self, folder: Path) -> None:
        self.seasonal.save(folder)
        save_file({"brand": self.brand}, folder / "words.safetensors")


@dataclass(frozen=True, slots=True)
class WordsAnswer:
    """What a level says of items, for some requests; NaN where nobody took the item."""

    index: WordsIndex
    requests: Requests

    def best(self, k: int) -> Candidates:
        """The best of the items of the words that are needed most, at the settings' level."""
        repeat = self.index.settings.repeat
        need = self._need()
        by_word, starts = self.index.shelf
        words = np.argsort(-need, axis=1, kind="stable")[:, :MOST_WORDS]
        held = np.minimum(np.diff(starts), MOST_ITEMS)[words]
        request = np.repeat(np.arange(len(need)), held.sum(axis=1))
        item = by_word[places_in_runs(starts[words].ravel(), held.ravel())]
        whole = Candidates(request, item, {})
        whole = whole.with_columns({"score": self._scores(whole, need)})
        return (whole if repeat else unseen(self.requests, whole)).top(k, by="score")

    def scores(self, candidates: Candidates) -> Floats:
        """(N,)"""
        count = self.index.seasonal.count
        known = candidates.item < len(count)
        known &= count[np.where(known, candidates.item, 0)] > 0
        out = np.full(len(candidates), np.nan)
        out[known] = self._scores(candidates.take(known), self._need())
        return out

    def _scores(self, rows: Candidates, need: Floats) -> Floats:
        """(N,) logarithms of chances, of items that people took."""
        level = self.index.settings.level
        word = self.index.seasonal.word[rows.item]
        by_need = np.log(need[rows.request, word])
        if level == "word":
            return np.asarray(by_need)
        preference = self._preference(rows)
        return preference if level == "item" else np.asarray(by_need + preference)

    def _need(self) -> Floats:
        """(R, words): the chance that the next thing taken is of each word."""
        seasonal, strength = self.index.seasonal, self.index.settings.strength
        words = len(seasonal.season)
        share = self.index.of_word / max(self.index.of_word.sum(), 1e-9)
        request = np.repeat(np.arange(len(self.requests)), words)
        places = seasonal.places(self.requests)[request]
        whole = np.tile(np.arange(words), len(self.requests))
        ones = replace(seasonal, count=np.ones(words), word=np.arange(words))
        factor = np.exp(ones.scores(whole, places)).reshape(-1, words)
        shop = share * factor
        shop /= np.maximum(shop.sum(axis=1, keepdims=True), 1e-9)
        own = self._own(seasonal.word, words)
        total = own.sum(axis=1, keepdims=True) + strength
        return np.asarray((own + strength * shop + 1e-12) / total)

    def _own(self, code: Ints, codes: int) -> Floats:
        """(R, codes): how often each person took items of each code."""
        history = self.requests.taken
        known = history.item < len(code)
        key = history.request[known] * codes + code[history.item[known]]
        count = np.bincount(key, minlength=len(self.requests) * codes)
        return count.reshape(-1, codes).astype(np.float64)

    def _preference(self, rows: Candidates) -> Floats:
        """(N,): log of the share of the word times the person's lift of the brand and the item."""
        seasonal, strength = self.index.seasonal, self.index.settings.strength
        count, brand = seasonal.count, self.index.brand
        of_word = self.index.of_word[seasonal.word[rows.item]]
        share = self.index.of_brand / max(count.sum(), 1e-9)
        own = self._own(brand, len(share))
        mine, mean = own[rows.request, brand[rows.item]], share[brand[rows.item]]
        lift = (mine + strength * mean) / (own.sum(axis=1)[rows.request] + strength) / mean
        width = len(count)
        history = self.requests.taken
        known = history.item < width
        taken = np.sort(history.request[known] * width + history.item[known])
        key = rows.request * width + rows.item
        times = np.searchsorted(taken, key, "right") - np.searchsorted(taken, key, "left")
        return np.asarray(np.log(count[rows.item] / of_word) + np.log(lift) + np.log1p(times))

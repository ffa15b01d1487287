"""What a tokenizer reads of each item: who takes it, its attributes, its text; whitened, joined."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.utils.extmath import randomized_svd
from threadpoolctl import threadpool_limits

from galen.data.dataset import Dataset
from galen.data.schema import TAKEN
from galen.generative.semantic_ids import Singles

Source = Literal["taken", "attributes", "text"]


@dataclass(frozen=True, slots=True)
class ItemVectors:
    """`sources` are laid beside each other, each with `size` numbers of equal spread.

    `taken`: which items are taken near each other (positive pointwise mutual information, as in
    Levy and Goldberg, NIPS 2014). `attributes`: brand, category path. `text`: words of the title.
    A source of which an item has nothing gives it the mean, 0.
    """

    sources: tuple[Source, ...] = ("taken", "attributes", "text")
    size: int = 64
    window: int = 5  # places between two items that are near each other
    whiten: float = 0.5  # 1 spreads all directions alike, 0 leaves them as they are

    def fit(self, data: Dataset, seed: int) -> Singles:
        """(items, d) of a catalogue, from what is known in `data`."""
        made = {"taken": self._taken, "attributes": self._attributes, "text": self._text}
        parts = [
            _spread_out(made[name](data), self.size, self.whiten, seed) for name in self.sources
        ]
        parts = [part for part in parts if part.shape[1]]
        if not parts:
            return np.zeros((len(data.catalogue), 1), np.float32)
        return np.concatenate(parts, axis=1)

    def _taken(self, data: Dataset) -> sparse.csr_array:
        taken = data.of(*TAKEN)
        items = len(data.catalogue)
        pairs = sparse.csr_array((items, items), dtype=np.float64)
        for distance in range(1, self.window + 1):
            same = taken.user[distance:] == taken.user[:-distance]
            weight = np.full(int(same.sum()), 1.0 / distance)
            places = (taken.item[:-distance][same], taken.item[distance:][same])
            one = sparse.csr_array((weight, places), shape=(items, items))
            pairs = pairs + one + one.T
        pairs.setdiag(0)
        pairs.eliminate_zeros()
        whole = sparse.coo_array(pairs)
        degree = np.maximum(np.asarray(pairs.sum(axis=1)).ravel(), 1e-12)
        smoothed = degree**0.75  # as in the paper: rare items would else look alike
        row, column = whole.coords
        chance = degree[row] * smoothed[column] / smoothed.sum()
        information = np.maximum(np.log(whole.data / chance), 0)
        return sparse.csr_array((information, (row, column)), shape=(items, items))

    def _attributes(self, data: Dataset) -> sparse.csr_array:
        catalogue = data.catalogue
        columns = (catalogue.brand, catalogue.category, catalogue.department, catalogue.path)
        return sparse.csr_array(sparse.hstack([_one_hot(codes) for codes in columns]))

    def _text(self, data: Dataset) -> sparse.csr_array:
        return _words([title or "" for title in data.catalogue.titles])


def _one_hot(codes: np.ndarray[tuple[int], np.dtype[np.int64]]) -> sparse.csr_array:
    """(items, words) with 1 / √(items of the word) where an item has it."""
    rows = np.flatnonzero(codes >= 0)
    found = codes[rows]
    counts = np.bincount(found, minlength=int(codes.max(initial=0)) + 1)
    weight = 1 / np.sqrt(np.maximum(counts, 1))[found]
    return sparse.csr_array((weight, (rows, found)), shape=(len(codes), len(counts)))


def _words(texts: Sequence[str]) -> sparse.csr_array:
    """TF-IDF of words and of pairs of words; nothing where no text has a word."""
    try:
        found = TfidfVectorizer(
            sublinear_tf=True, min_df=2, ngram_range=(1, 2), max_features=50_000
        ).fit_transform(texts)
    except ValueError:  # of an empty vocabulary
        return sparse.csr_array((len(texts), 0))
    return sparse.csr_array(found)


def _spread_out(matrix: sparse.csr_array, size: int, whiten: float, seed: int) -> Singles:
    """(items, size or fewer): leading directions; rows of length 1 on average, 0 where empty."""
    size = min(size, *(side - 1 for side in matrix.shape))
    if size < 1 or not matrix.nnz:
        return np.zeros((matrix.shape[0], 0), np.float32)
    with threadpool_limits(1, "blas"):
        left, strength, _ = randomized_svd(matrix, size, n_iter=4, random_state=seed)
    there = np.diff(matrix.indptr) > 0
    vectors = left * np.maximum(strength, 1e-12) ** (1 - whiten)
    vectors[there] -= vectors[there].mean(axis=0)
    vectors[~there] = 0
    length = np.sqrt((vectors[there] ** 2).sum(axis=1).mean()) if there.any() else 1.0
    return np.asarray(vectors / max(length, 1e-12), dtype=np.float32)

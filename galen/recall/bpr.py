"""Bayesian personalised ranking: vectors learned from which of two items was taken.

Rendle, Freudenthaler, Gantner, Schmidt-Thieme, "BPR: Bayesian Personalized Ranking from Implicit
Feedback", UAI 2009.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from implicit.cpu.bpr import BayesianPersonalizedRanking
from scipy import sparse

from galen.data.dataset import Dataset
from galen.pipeline.candidates import Candidates, Requests
from galen.recall.factors import (
    FoundVectors,
    VectorAnswer,
    history_matrix,
    learned_items,
    user_items,
)
from galen.recall.search import SearchKind


@dataclass(frozen=True, slots=True)
class Bpr:
    """A person's vector is the decayed mean of the items of their history, so new events count."""

    factors: int = 64
    learning_rate: float = 0.05  # of stochastic gradient descent
    regularisation: float = 0.01
    iterations: int = 100  # passes over the events
    decay: float = 0.7
    repeat: bool = False
    search: SearchKind = "exact"
    seed: int = 0

    def fit(self, data: Dataset) -> "BprIndex":
        matrix = user_items(data, 1.0)
        model = BayesianPersonalizedRanking(
            factors=self.factors,
            learning_rate=self.learning_rate,
            regularization=self.regularisation,
            iterations=self.iterations,
            random_state=self.seed,
            num_threads=1,  # more threads race, and the seed would no longer decide
        )
        model.fit(sparse.csr_matrix(matrix), show_progress=False)
        vectors = np.ascontiguousarray(model.item_factors, dtype=np.float32)
        return BprIndex(self, FoundVectors.by(self.search, vectors, learned_items(matrix)))

    def load(self, folder: Path) -> "BprIndex":
        return BprIndex(self, FoundVectors.load(folder, self.search))


@dataclass(frozen=True, slots=True)
class BprIndex:
    """Item vectors whose last column is the item's bias, as the library lays them out."""

    settings: Bpr
    found: FoundVectors

    def retrieve(self, requests: Requests, k: int) -> Candidates:
        return self.answer(requests).best(k)

    def answer(self, requests: Requests) -> VectorAnswer:
        vectors = self.found.vectors
        history = history_matrix(requests, len(vectors), self.settings.decay)
        total = np.asarray(history.sum(axis=1), dtype=np.float32)
        queries = (history @ vectors) / np.maximum(total, 1e-9)[:, None]
        queries[:, -1] = total > 0
        singles = queries.astype(np.float32)
        return VectorAnswer(self.found, singles, requests, self.settings.repeat)

    def save(self, folder: Path) -> None:
        self.found.save(folder)

"""Collaborative filtering for implicit feedback by alternating least squares.

Hu, Koren, Volinsky, "Collaborative Filtering for Implicit Feedback Datasets", ICDM 2008.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from scipy import sparse
from threadpoolctl import threadpool_limits

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
class Als:
    """A person's vector is solved from their history at request time, so new events count."""

    factors: int = 128
    confidence: float = 40.0  # of what was taken: alpha · r, not the paper's 1 + alpha · r
    regularisation: float = 1.0
    iterations: int = 10  # rounds of solving people, then items
    decay: float = 0.8  # confidence of an older event, per place in the history
    repeat: bool = False
    search: SearchKind = "exact"
    seed: int = 0

    def fit(self, data: Dataset) -> "AlsIndex":
        matrix = user_items(data, 1.0)
        model = self._model()
        with threadpool_limits(1, "blas"):
            model.fit(sparse.csr_matrix(matrix), show_progress=False)
        vectors = np.ascontiguousarray(model.item_factors, dtype=np.float32)
        return AlsIndex(self, FoundVectors.by(self.search, vectors, learned_items(matrix)), model)

    def load(self, folder: Path) -> "AlsIndex":
        found = FoundVectors.load(folder, self.search)
        model = self._model()
        model.item_factors = found.vectors
        return AlsIndex(self, found, model)

    def _model(self) -> AlternatingLeastSquares:
        with threadpool_limits(1, "blas"):  # the library warns of more, and is slower with them
            return AlternatingLeastSquares(
                factors=self.factors,
                regularization=self.regularisation,
                alpha=self.confidence,
                iterations=self.iterations,
                random_state=self.seed,
                num_threads=1,
            )


@dataclass(frozen=True, slots=True)
class AlsIndex:
    """`Als` after learning: vectors of items, from which people are solved."""

    settings: Als
    found: FoundVectors
    model: AlternatingLeastSquares  # solves for a person, given the item vectors

    def retrieve(self, requests: Requests, k: int) -> Candidates:
        return self.answer(requests).best(k)

    def answer(self, requests: Requests) -> VectorAnswer:
        history = history_matrix(requests, len(self.found.vectors), self.settings.decay)
        people = np.arange(len(requests))
        solved = self.model.recalculate_user(people, sparse.csr_matrix(history))
        queries = np.asarray(solved, dtype=np.float32)
        return VectorAnswer(self.found, queries, requests, self.settings.repeat)

    def save(self, folder: Path) -> None:
        self.found.save(folder)

"""Collaborative filtering for implicit feedback by alternating least squares.

Hu, Koren, Volinsky, "Collaborative Filtering for Implicit Feedback Datasets", ICDM 2008.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from scipy import sparse

from galen.data.dataset import Dataset
from galen.pipeline.candidates import Candidates, Requests, Singles
from galen.recall.factors import FoundVectors, history_matrix, learned_items, user_items


@dataclass(frozen=True, slots=True)
class Als:
    """A person's vector is solved from their history at request time, so new events count."""

    factors: int = 128
    confidence: float = 40.0  # alpha of the paper
    regularisation: float = 1.0
    iterations: int = 10
    decay: float = 0.8  # confidence of an older event, per place in the history
    repeat: bool = False
    seed: int = 0

    def fit(self, data: Dataset) -> "AlsIndex":
        matrix = user_items(data, 1.0)
        model = self._model()
        model.fit(sparse.csr_matrix(matrix), show_progress=False)
        vectors = np.ascontiguousarray(model.item_factors, dtype=np.float32)
        return AlsIndex(self, FoundVectors(vectors, learned_items(matrix)))

    def load(self, folder: Path) -> "AlsIndex":
        return AlsIndex(self, FoundVectors.load(folder))

    def _model(self) -> AlternatingLeastSquares:
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
    settings: Als
    found: FoundVectors

    def retrieve(self, requests: Requests, k: int) -> Candidates:
        history = history_matrix(requests, len(self.found.vectors), self.settings.decay)
        queries = self._solve(history)
        return self.found.candidates(queries, requests, k, repeat=self.settings.repeat)

    def _solve(self, history: sparse.csr_array) -> Singles:
        """(R, d): the least-squares vector of each history."""
        model = self.settings._model()
        model.item_factors = self.found.vectors
        solved = model.recalculate_user(np.arange(history.shape[0]), sparse.csr_matrix(history))
        return np.asarray(solved, dtype=np.float32)

    def save(self, folder: Path) -> None:
        self.found.save(folder)

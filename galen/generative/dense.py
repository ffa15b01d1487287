"""A score beside that of codes: how near the vector of an item lies to the state of a history."""

from dataclasses import dataclass

import torch
from torch import Tensor

from galen.nn.cosines import answers, asked


@dataclass(frozen=True)
class Dense:
    """Vectors of items as they are scored; with a temperature of 0 by inner products."""

    answers: Tensor  # (items, width)
    temperature: float

    @classmethod
    def of(cls, vectors: Tensor, temperature: float) -> "Dense":
        """Items' vectors (items, width), made ready once for all requests."""
        return cls(answers(vectors, temperature), temperature)

    def whole(self, states: Tensor) -> Tensor:
        """(R, items) of states (R, width)."""
        return asked(states, self.temperature) @ self.answers.T

    def scores_of_rows(self, states: Tensor, row: Tensor, item: Tensor) -> Tensor:
        """(N,) of items (N,), each for the state that is `row` (N,)."""
        queries = asked(states, self.temperature)
        return torch.einsum("nd,nd->n", queries[row], self.answers[item])

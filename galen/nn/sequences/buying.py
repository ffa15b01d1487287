"""Will what comes next be bought? The probability of a purchase, given a state and the item.

Of two objectives, what comes next and whether it is bought, the probabilities multiply to that of
the item being bought next (Ma et al., "Entire Space Multi-Task Model" (ESMM), SIGIR 2018).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from galen.nn.dense import linear


class Buying(nn.Module):
    """A bilinear logit of state and item, with a part of the item alone."""

    def __init__(self, width: int, kind: int) -> None:
        super().__init__()
        self.kind = kind  # of the events that are purchases
        self.asks, self.tells = linear(width, width), linear(width, width)
        self.alone = linear(width, 1)

    def loss(self, states: Tensor, vectors: Tensor, kind: Tensor) -> Tensor:
        """(T,) log-losses of states and the items that came next (T, width), by kinds (T,)."""
        logits = (self.asks(states) * self.tells(vectors)).sum(-1) + self.alone(vectors)[..., 0]
        bought = (kind == self.kind).to(logits.dtype)
        return functional.binary_cross_entropy_with_logits(logits, bought, reduction="none")

    def log_probabilities(self, states: Tensor, vectors: Tensor) -> Tensor:
        """(R, k) log-probabilities of states (R, width) and items (R, k, width)."""
        logits = torch.einsum("rw,rkw->rk", self.asks(states), self.tells(vectors))
        return functional.logsigmoid(logits + self.alone(vectors)[..., 0])

    def whole(self, states: Tensor, vectors: Tensor) -> Tensor:
        """(R, N) log-probabilities of states (R, width) and each of the items (N, width)."""
        logits = self.asks(states) @ self.tells(vectors).T
        return functional.logsigmoid(logits + self.alone(vectors)[:, 0])

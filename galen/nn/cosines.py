"""States and items as what is multiplied for a score: as they are, or as cosines.

By inner products items with long vectors have high scores; by cosines over a temperature an item
without a vector of its own stands beside those that have one.
"""

from torch import Tensor
from torch.nn import functional


def asked(states: Tensor, temperature: float) -> Tensor:
    """States (…, width) as queries; a temperature of 0 leaves them as they are."""
    return functional.normalize(states, dim=-1) / temperature if temperature else states


def answers(vectors: Tensor, temperature: float) -> Tensor:
    """Vectors (…, width) of items as what queries are multiplied with."""
    return functional.normalize(vectors, dim=-1) if temperature else vectors

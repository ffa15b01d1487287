"""Item vectors through a narrow place and back: what tokenizers that learn by gradient share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from galen.data.arrays import Singles
from galen.nn.dense import tower


@dataclass(frozen=True, slots=True)
class Descent:
    """How an autoencoder learns, by Adam."""

    steps: int
    batch: int
    learning_rate: float


class Autoencoder(nn.Module):
    """(n, d) to (n, width) and back; vectors are centred and brought to spread 1 before."""

    def __init__(self, size: int, hidden: Sequence[int], width: int, *, even: bool = False) -> None:
        """With `even`, each number of the narrow place has mean 0 and spread 1."""
        super().__init__()
        self.width = width
        self.encoder = tower(size, hidden, width)
        if even:
            self.encoder.append(nn.BatchNorm1d(width, affine=False))
        self.decoder = tower(width, tuple(reversed(hidden)), size)
        self.centre: Tensor
        self.scale: Tensor
        self.register_buffer("centre", torch.zeros(size))
        self.register_buffer("scale", torch.ones(()))

    def adapt(self, vectors: Tensor) -> None:
        """Take the centre and the spread of vectors (n, d)."""
        self.centre = vectors.mean(dim=0)
        spread = (vectors - self.centre).square().mean().sqrt()
        self.scale = spread if spread > 1e-6 else torch.ones(())

    def encode(self, vectors: Tensor) -> Tensor:
        """(n, width) of vectors (n, d), which are centred and scaled here."""
        found: Tensor = self.encoder((vectors - self.centre) / self.scale)
        return found

    def error(self, vectors: Tensor, latent: Tensor) -> Tensor:
        """Mean squared error of what is decoded; 1 is that of the mean."""
        return functional.mse_loss(self.decoder(latent), (vectors - self.centre) / self.scale)


def learn(
    network: nn.Module,
    vectors: Tensor,
    descent: Descent,
    draw: torch.Generator,
    loss: Callable[[Tensor], Tensor],
) -> None:
    """Steps of Adam on mini-batches (batch, d), each epoch in another order."""
    network.train()
    optimiser = torch.optim.Adam(network.parameters(), descent.learning_rate)
    left = torch.empty(0, dtype=torch.int64)
    if len(vectors) == 1:
        vectors = vectors.expand(2, -1)  # one has no spread
    batch = min(descent.batch, len(vectors))
    for _ in range(descent.steps):
        if len(left) < batch:
            left = torch.randperm(len(vectors), generator=draw)
        optimiser.zero_grad()
        loss(vectors[left[:batch]]).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        left = left[batch:]


def latents(network: Autoencoder, vectors: Singles, block: int = 8192) -> Tensor:
    """(n, width) of vectors (n, d), without gradients."""
    network.eval()
    with torch.inference_mode():
        found = [
            network.encode(torch.from_numpy(vectors[start : start + block]))
            for start in range(0, len(vectors), block)
        ]
    return torch.cat(found) if found else torch.zeros(0, network.width)


def arrays_of(network: nn.Module) -> dict[str, Singles]:
    """A network's numbers, to be stored."""
    return {name: np.asarray(tensor.numpy()) for name, tensor in network.state_dict().items()}


def fill(network: nn.Module, arrays: dict[str, Singles]) -> None:
    """Put stored numbers back."""
    network.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})
    network.eval()

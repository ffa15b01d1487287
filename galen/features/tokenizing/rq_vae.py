"""Semantic ids by a residual-quantized autoencoder, as TIGER makes them.

Lee et al., "Autoregressive Image Generation using Residual Quantization" (RQ-VAE), CVPR 2022;
Rajput et al., "Recommender Systems with Generative Retrieval" (TIGER), NeurIPS 2023. Code-books
begin at k-means centres, follow by moving averages, and dead codes begin anew (Zeghidour et al.,
"SoundStream", 2021).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from galen.data.arrays import Ints, Singles
from galen.features.tokenizing import stored
from galen.features.tokenizing.autoencoder import (
    Autoencoder,
    Descent,
    arrays_of,
    fill,
    latents,
    learn,
)
from galen.features.tokenizing.clusters import checked, k_means, sampled

FILE: Final = "rq_vae.safetensors"


@dataclass(frozen=True, slots=True)
class RqVae:
    """An encoder to `width` numbers, whose residuals have a code-book a level."""

    sizes: tuple[int, ...] = (256, 256, 256)
    hidden: tuple[int, ...] = (256, 128)
    width: int = 32
    steps: int = 1500
    warm_up: int = 200  # steps before, without code-books
    batch: int = 512
    learning_rate: float = 1e-3
    commitment: float = 0.25
    decay: float = 0.97  # of the moving averages, a step
    dead: float = 0.1  # share of an even use under which a code begins anew
    sample: int = 200_000  # items learned from, drawn where there are more

    def fit(self, vectors: Singles, seed: int) -> "LearnedRqVae":
        """Learn from vectors (items, d).

        Raises:
            SemanticIdError: there are no items, or a vector is NaN or infinite.
        """
        learning = sampled(checked(vectors), self.sample, seed)
        draw = torch.Generator().manual_seed(seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = Autoencoder(vectors.shape[1], self.hidden, self.width)
        whole = torch.from_numpy(learning)
        network.adapt(whole)
        descent = Descent(self.warm_up, self.batch, self.learning_rate)
        learn(network, whole, descent, draw, lambda x: network.error(x, network.encode(x)))
        books = CodeBooks(self, latents(network, learning).numpy(), seed, draw)

        def loss(batch: Tensor) -> Tensor:
            latent = network.encode(batch)
            written, apart = books(latent)
            passed = latent + (written - latent).detach()  # gradients go past the choice
            total: Tensor = network.error(batch, passed) + self.commitment * apart
            return total

        learn(network, whole, Descent(self.steps, self.batch, self.learning_rate), draw, loss)
        return LearnedRqVae(self, network.eval(), books.books())

    def load(self, folder: Path) -> "LearnedRqVae":
        arrays = stored.read(folder / FILE, self)
        books = tuple(
            torch.from_numpy(arrays.pop(f"book_{level}")) for level in range(len(self.sizes))
        )
        network = Autoencoder(len(arrays["centre"]), self.hidden, self.width)
        fill(network, arrays)
        return LearnedRqVae(self, network, books)


class CodeBooks(nn.Module):
    """Latents (n, width) to the sum of their codes' vectors, and how far they lie apart."""

    def __init__(self, settings: RqVae, latent: Singles, seed: int, draw: torch.Generator) -> None:
        """Begin at residual k-means of latents (n, width)."""
        super().__init__()
        self.settings, self.draw = settings, draw
        self.sums: list[Tensor] = []
        self.counts: list[Tensor] = []
        rest = torch.from_numpy(latent).clone()
        for level, size in enumerate(settings.sizes):
            found = torch.from_numpy(k_means(rest.numpy(), size, seed + level, 10))
            book = torch.cat([found, found[:1].expand(size - len(found), -1)])
            self.sums.append(book)
            self.counts.append(torch.ones(size))
            rest = rest - book[_nearest(rest, book)]

    def books(self) -> tuple[Tensor, ...]:
        """(codes, width) of each level."""
        return tuple(s / c[:, None] for s, c in zip(self.sums, self.counts, strict=True))

    def forward(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        rest, apart = latent, torch.zeros(())
        for level, book in enumerate(self.books()):
            code = _nearest(rest.detach(), book)
            self._follow(level, rest.detach(), code)
            apart = apart + functional.mse_loss(rest, book[code])
            rest = rest - book[code]
        return latent - rest, apart

    def _follow(self, level: int, rest: Tensor, code: Tensor) -> None:
        """Move averages of a level; a code that is hardly used becomes a residual of the batch."""
        size, decay = len(self.counts[level]), self.settings.decay
        even = len(rest) / size
        count = torch.bincount(code, minlength=size) / even
        total = torch.zeros_like(self.sums[level]).index_add_(0, code, rest) / even
        counts = decay * self.counts[level] + (1 - decay) * count
        sums = decay * self.sums[level] + (1 - decay) * total
        dead = torch.nonzero(counts < self.settings.dead)[:, 0]
        if len(dead):
            chosen = torch.randint(len(rest), (len(dead),), generator=self.draw)
            counts[dead], sums[dead] = 1.0, rest[chosen]
        self.counts[level], self.sums[level] = counts, sums


@dataclass(frozen=True, slots=True)
class LearnedRqVae:
    """An encoder and its code-books."""

    settings: RqVae
    network: Autoencoder
    books: tuple[Tensor, ...]  # (codes, width) each

    @property
    def sizes(self) -> tuple[int, ...]:
        return self.settings.sizes

    def codes(self, vectors: Singles) -> Ints:
        """(items, levels) of vectors (items, d).

        Raises:
            SemanticIdError: vectors have another width, or one is NaN or infinite.
        """
        rest = latents(self.network, checked(vectors, len(self.network.centre)))
        columns = []
        for book in self.books:
            columns.append(_nearest(rest, book))
            rest = rest - book[columns[-1]]
        return np.asarray(torch.stack(columns, dim=1).numpy())

    def save(self, folder: Path) -> None:
        arrays = arrays_of(self.network)
        arrays |= {f"book_{level}": book.numpy() for level, book in enumerate(self.books)}
        stored.write(folder / FILE, arrays, self.settings)


def _nearest(rest: Tensor, book: Tensor) -> Tensor:
    distance: Tensor = book.square().sum(dim=1) - 2 * rest @ book.T
    return distance.argmin(dim=1)

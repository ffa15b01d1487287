"""Epochs of enough steps: where a pass over the rows is short, an epoch is several of them.

After an epoch people held out are asked, and training stops, or slows down, by what they say. Of a
shop with few people a pass is a handful of steps, after which nothing can be told yet.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from galen.data.arrays import Ints
from galen.nn.learning.training import Lesson, Source

LEAST: Final = 16  # steps of an epoch


class Batched(Source, Protocol):
    """A source that says what a step takes."""

    @property
    def batch(self) -> int:
        """Rows a step."""
        ...


@dataclass(frozen=True, slots=True)
class EnoughSteps:
    """A source whose epochs are as many passes over another one as make at least `LEAST` steps."""

    source: Batched

    @property
    def passes(self) -> int:
        """Of an epoch; one where that is enough."""
        return -(-LEAST // self._steps)

    @property
    def rows(self) -> int:
        return self.source.rows * self.passes

    def lessons(self, epoch: int, skip: int) -> Iterator[Lesson]:
        """Every pass in an order of its own."""
        whole, rest = divmod(skip, self._steps)
        for number in range(whole, self.passes):
            left = rest if number == whole else 0
            yield from self.source.lessons(epoch * self.passes + number, left)

    @property
    def _steps(self) -> int:
        """Of one pass."""
        return max(1, -(-self.source.rows // self.source.batch))


def mixed(
    rows: int, batch: int, seed: int, epoch: int, skip: int
) -> Iterator[tuple[Ints, np.random.Generator]]:
    """Rows of an epoch's mini-batches in an order of its own, but for the first `skip`.

    Each comes with what it draws by, which is the same whether those before it were read or not.
    """
    order = np.random.default_rng((seed, epoch)).permutation(rows)
    for number, start in enumerate(range(0, rows, batch)):
        if number >= skip:
            yield order[start : start + batch], np.random.default_rng((seed, epoch, number))

"""How models of what comes next are taught: judged by the order of what was held out."""

from typing import Protocol

from galen.nn.learning.precision import Precision
from galen.nn.learning.training import Training


class Taught(Protocol):
    """What settings of every such model say of its training."""

    @property
    def epochs(self) -> int:
        """Passes over the histories at most."""
        ...

    @property
    def batch(self) -> int:
        """What a step learns from: histories, or pairs."""
        ...

    @property
    def learning_rate(self) -> float:
        """Of Adam, until `plateau` lowers it."""
        ...

    @property
    def patience(self) -> int:
        """Epochs without gain for people held out before training stops."""
        ...

    @property
    def plateau(self) -> float:
        """Factor on the rate after an epoch that is no better."""
        ...

    @property
    def device(self) -> str:
        """To learn on, as torch names it."""
        ...

    @property
    def seed(self) -> int:
        """Of the order of mini-batches, and of what is drawn in them."""
        ...


def training_of(
    settings: Taught,
    *,
    weight_decay: float = 0.0,
    average: float = 0.0,
    precision: Precision = "float32",
) -> Training:
    """The training that settings ask for; a model passes on what not every one of them has."""
    return Training(
        epochs=settings.epochs,
        batch=settings.batch,
        learning_rate=settings.learning_rate,
        weight_decay=weight_decay,
        average=average,
        patience=settings.patience,
        plateau=settings.plateau,
        monitor="ndcg",
        precision=precision,
        device=settings.device,
        seed=settings.seed,
    )

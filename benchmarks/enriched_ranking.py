"""A ranking network with and without vectors of its items: the same rows for all variants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.enriched_rows import HISTORY, Asked, World, samples_of, schema_of
from benchmarks.rows import Row
from galen.compare.cost import measured
from galen.data.arrays import Bools, Floats, Singles
from galen.evaluate.slices import COLD, head_of
from galen.nn.learning.training import Training
from galen.rank.network import Network, NetworkModel
from galen.rank.networks.deepfm import DeepFm
from galen.rank.score_metrics import auc

SPARSE: Final = 2  # newest events that are known of a person with few
BLOCK: Final = 4096  # moments that are scored at once


@dataclass(frozen=True, slots=True)
class Budget:
    """How a network learns; which of `tries` is taken is chosen on validation, with one seed."""

    hidden: tuple[int, ...] = (64, 32)
    dropout: float = 0.2
    batch: int = 2048
    epochs: int = 10
    patience: int = 1
    tries: tuple[tuple[int, float, float], ...] = ((32, 4e-3, 2e-4), (32, 4e-3, 8e-4))
    """Dimensions and learning rates, each with the L2 of the table of items."""

    def network(self, tried: int, seed: int) -> Network:
        dimension, rate, table_l2 = self.tries[tried]
        training = Training(
            epochs=self.epochs,
            batch=self.batch,
            learning_rate=rate,
            table_l2=table_l2,
            patience=self.patience,
            precision="float32",
            seed=seed,
        )
        return Network(DeepFm(dimension, self.hidden, self.dropout, norm="none"), training)


@dataclass(frozen=True)
class Chosen:
    """The try with the highest AUC on validation, and what it learned with the first seed."""

    tried: int
    model: NetworkModel
    cpu_seconds: float  # of that try alone


def chosen(world: World, vectors: Singles | None, budget: Budget) -> Chosen:
    """Learn each try once, and keep the best."""
    found: list[tuple[float, Chosen]] = []
    for tried in range(len(budget.tries)):
        with measured() as cost:
            model = _learned(world, vectors, budget, tried, 0)
        reached = max(epoch.valid["auc"] for epoch in model.course.epochs)
        found.append((reached, Chosen(tried, model, cost.cpu_seconds)))
    return max(found, key=lambda pair: pair[0])[1]


def measure(
    data: str,
    name: str,
    world: World,
    vectors: Singles | None,
    budget: Budget,
    best: Chosen,
    seed: int,
    *,
    own: bool,
) -> Row:
    """AUC and gAUC by slice of one variant; with `own` the choice was made with these vectors."""
    with measured() as cost:
        known = own and seed == 0
        model = best.model if known else _learned(world, vectors, budget, best.tried, seed)
        metrics = _by_slice(world, _scores(model, world.test, vectors))
        short = _scores(model, world.test.shortened(SPARSE), vectors)
        metrics |= {f"{m}/sparse": v for m, v in _areas(short).items()}
    metrics["tried"] = float(best.tried)
    metrics["epochs"] = float(len(model.course.epochs))
    return Row(
        benchmark="enrichment, ranking",
        data=data,
        model=name,
        protocol=f"last of each person, uniform negatives, {HISTORY} events",
        seed=seed,
        metrics=metrics,
        cpu_seconds=cost.cpu_seconds + (best.cpu_seconds if known else 0),
        wall_seconds=cost.wall_seconds,
        peak_memory_bytes=cost.peak_memory_bytes,
    )


def slices_of(world: World) -> Mapping[str, Bools]:
    """(P,) of the tested moments; `few events` are people of whom so little is known."""
    wanted = world.test.wanted
    cold = world.count[wanted] < COLD
    tail = ~head_of(world.count.astype(np.float64))[wanted]
    every = np.ones(len(wanted), bool)
    few = world.events <= SPARSE
    return {"all": every, "cold": cold, "tail": tail, "warm": ~cold, "few events": few}


def _learned(
    world: World, vectors: Singles | None, budget: Budget, tried: int, seed: int
) -> NetworkModel:
    schema = schema_of(len(world.count), 0 if vectors is None else vectors.shape[1])
    train, valid = samples_of(world.train, vectors), samples_of(world.valid, vectors)
    return budget.network(tried, seed).fit(schema, train, valid)


def _scores(model: NetworkModel, asked: Asked, vectors: Singles | None) -> Floats:
    """(P, 1 + negatives) logits, of the wanted item first."""
    parts = [
        model.logits(samples_of(asked.part(start, start + BLOCK), vectors))[:, 0]
        for start in range(0, len(asked.wanted), BLOCK)
    ]
    return np.concatenate(parts).reshape(len(asked.wanted), -1)


def _by_slice(world: World, scores: Floats) -> dict[str, float]:
    metrics: dict[str, float] = {}
    for name, rows in slices_of(world).items():
        metrics[f"people/{name}"] = float(rows.sum())
        metrics |= {f"{m}/{name}": v for m, v in _areas(scores[rows]).items()}
    return metrics


def _areas(scores: Floats) -> dict[str, float]:
    """AUC over all rows, and the mean over moments of the share of negatives that lie below."""
    if not len(scores):
        return {"auc": float("nan"), "gauc": float("nan")}
    label = np.zeros(scores.shape)
    label[:, 0] = 1
    below = (scores[:, 1:] < scores[:, :1]) + 0.5 * (scores[:, 1:] == scores[:, :1])
    return {"auc": auc(label.ravel(), scores.ravel()), "gauc": float(below.mean())}


def gains(rows: Sequence[Row], name: str, base: str, metric: str) -> Floats:
    """(seeds,) of one variant over another, paired by seed."""
    of = {(row.model, row.seed): row.metrics[metric] for row in rows}
    seeds = sorted(seed for model, seed in of if model == name and (base, seed) in of)
    return np.array([of[name, seed] - of[base, seed] for seed in seeds])

"""One family of networks at several sizes and amounts of data: what each cost and came to."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from galen.assembly.check import check_for_samples
from galen.assembly.parts import model_spec, seeded
from galen.assembly.recipes.recipe import RankPart, Recipe, RecipeError
from galen.assembly.table import learn_encoder, read_parts
from galen.data.replacing import replacing
from galen.features.encoding.samples import Samples
from galen.features.encoding.schema import Schema
from galen.features.encoding.tables import columns_of, digest_of, part, types_of
from galen.nn.tables.embedding import FusedTable
from galen.rank.lessons import inputs_of
from galen.rank.network import Network, NetworkModel
from galen.rank.score_metrics import auc, log_loss

ROWS = 512  # rows of which operations are counted

Progress = Callable[[str], None]


class Point(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One training: a size, a number of rows, and what came of them on `test`."""

    size: int
    rows: int
    epochs: int  # until the best one
    dense_parameters: int
    table_parameters: int
    flops_per_row: float  # forward and backward
    compute: float  # flops_per_row · rows · epochs
    loss: float  # log-loss on test
    auc: float
    cpu_seconds: float


@dataclass(frozen=True)
class Ladder:
    """What is trained: each size with each share of the rows."""

    sizes: tuple[int, ...]
    shares: tuple[float, ...]
    seed: int = 0


@dataclass(frozen=True)
class SizedRecipe:
    """A recipe whose network has the dial `size`, with the rows that it learns from."""

    schema: Schema
    train: Samples
    valid: Samples
    test: Samples
    spec: Callable[[int], Network]
    floor: float | None  # the least possible log-loss on test, where a generator knows it
    folder: Path
    seed: int

    def point(self, size: int, share: float) -> Point:
        """Train one size on a share of the rows; a point that is there already is read."""
        rows = max(2, round(len(self.train) * share))
        file = self.folder / f"{size}-{rows}-{self.seed}.json"
        if file.exists():
            return msgspec.json.decode(file.read_bytes(), type=Point)
        order = np.random.default_rng(self.seed).permutation(len(self.train))[:rows]
        model = self.spec(size).fit(self.schema, self.train.take(np.sort(order)), self.valid)
        point = self._measured(model, size, rows)
        with replacing(file) as fresh:
            fresh.write(msgspec.json.format(msgspec.json.encode(point)))
        return point

    def flops_per_row(self, size: int) -> float:
        """Of a network of a size, untrained: forward and backward."""
        objectives = tuple(self.train.labels)
        return flops_per_row(self.spec(size).spec.build(self.schema, objectives), self.test)

    def _measured(self, model: NetworkModel, size: int, rows: int) -> Point:
        objective = model.objectives[0]
        known, label, weight = self.test.known(objective)
        scores = model.score(self.test)[known, 0]
        tables = [m.weight for m in model.network.modules() if isinstance(m, FusedTable)]
        in_tables = sum(weight.numel() for weight in tables)
        flops = flops_per_row(model.network, self.test)
        epochs = model.course.best + 1
        return Point(
            size=size,
            rows=rows,
            epochs=epochs,
            dense_parameters=sum(p.numel() for p in model.network.parameters()) - in_tables,
            table_parameters=in_tables,
            flops_per_row=flops,
            compute=flops * rows * epochs,
            loss=log_loss(label, scores, weight),
            auc=auc(label, scores),
            cpu_seconds=model.course.epochs[-1].cpu_seconds,
        )


def family_of(recipe: Recipe, table: Path, folder: Path, *, seed: int) -> SizedRecipe:
    """A recipe over a folder of samples, ready to be trained at any size.

    Raises:
        RecipeError: the recipe's model is no network with the dial `size`.
        TableError: a part of the table is missing or cut short.
    """
    check_for_samples(recipe)
    rank = recipe.rank
    assert rank is not None
    _sized(rank, 1)
    encoder = learn_encoder(table)
    parts = read_parts(table, encoder, ("train", "valid", "test"))
    part_seed = seeded(rank, seed)
    facts = [recipe.to_tree(), digest_of(table)]
    digest = hashlib.sha256(msgspec.json.encode(facts)).hexdigest()[:12]
    points = folder / digest
    points.mkdir(parents=True, exist_ok=True)
    return SizedRecipe(
        encoder.schema,
        parts["train"],
        parts["valid"],
        parts["test"],
        lambda size: _sized(part_seed, size),
        floor_of(table, parts["test"]),
        points,
        seed,
    )


def climb(family: SizedRecipe, ladder: Ladder, progress: Progress) -> list[Point]:
    """Every size with every share, the cheapest first."""
    points = []
    for share in sorted(ladder.shares):
        for size in sorted(ladder.sizes):
            progress(f"size {size}, {share:.3g} of the rows")
            points.append(family.point(size, share))
    return points


def floor_of(table: Path, test: Samples) -> float | None:
    """The mean entropy of the probabilities behind the labels of `test`, where it has them.

    Over the rows, and by the weights, of the loss that it is the floor of.
    """
    source = part(table, "test")
    columns = columns_of(table, list(types_of(source)))
    if not columns.truth:
        return None
    chance = np.asarray(source.read([columns.truth])[columns.truth], dtype=np.float64)
    known, _, weight = test.known(next(iter(test.labels)))
    return log_loss(chance[known], chance[known], weight)


def flops_per_row(network: nn.Module, samples: Samples) -> float:
    """Multiplications and additions of a row's forward and backward pass; lookups are none."""
    rows = min(ROWS, len(samples))
    inputs = inputs_of(samples, slice(0, rows))
    network.eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(inputs)
    return float(3 * counter.get_total_flops() / rows)  # a backward pass is two forward ones


def _sized(rank: RankPart, size: int) -> Network:
    try:
        spec = model_spec(replace(rank, settings={**rank.settings, "size": size}))
    except RecipeError as error:
        raise RecipeError(f"{rank.model!r} has no dial `size` ({error}).") from error
    if not isinstance(spec, Network):
        raise RecipeError(f"{rank.model!r} is no network; only networks are scaled.")
    rate = getattr(spec.spec, "learning_rate", None)
    if rate is not None and "learning_rate" not in rank.training:
        spec = replace(spec, training=replace(spec.training, learning_rate=rate))
    return spec


def sizes_and_shares(sizes: Sequence[int], shares: Sequence[float], seed: int) -> Ladder:
    """A ladder, checked.

    Raises:
        RecipeError: a size or a share makes no sense.
    """
    if any(size < 1 for size in sizes) or any(not 0 < share <= 1 for share in shares):
        raise RecipeError("sizes are 1 or more, shares are above 0 and at most 1.")
    return Ladder(tuple(sorted(set(sizes))), tuple(sorted(set(shares))), seed)

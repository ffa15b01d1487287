"""Leaves of boosted trees as categories of a row, for a model that is linear or a network.

He et al., "Practical Lessons from Predicting Clicks on Ads at Facebook", ADKDD 2014.
"""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from galen.data.arrays import Ints
from galen.features.encoding.samples import Samples
from galen.features.encoding.schema import Category, Schema, SchemaError, decoded, encoded
from galen.rank.gbdt import Gbdt, GbdtModel, matrix_of
from galen.rank.xgboost import XGBoost, XGBoostModel, dmatrix

Library = Literal["lightgbm", "xgboost"]


@dataclass(frozen=True, slots=True)
class Leaves:
    """Trees over the first objective; each gives one category, the leaf that a row falls into.

    Trees learn from `share` of the rows. Only the other rows are given back, for where a tree
    splits tells of the labels it saw: rows learned from would look easier than they are.
    """

    # Log-loss on Frappe of a logistic regression over leaves (0.291 without): shares of 0.3, 0.5,
    # 0.7, 0.8 and 0.9 give 0.297, 0.271, 0.258, 0.259 and 0.269. With every row given back 0.7
    # gives 0.255, but then a model finds shuffled labels again among those rows (AUC 0.54 at a
    # share of 0.5, 0.59 at 1; 0.50 as it is), which costs more where values are rarer. Rows are
    # left out instead of weighing 0, because a listwise loss reads no weights.
    share: float = 0.7  # of rows that trees learn from; the model learns from the rest
    library: Library = "lightgbm"  # whose trees grow
    trees: int = 30  # at most; each adds a field
    leaves: int = 31  # of a tree at most, the values of its field
    learning_rate: float = 0.1  # factor on what each tree adds; 1 leaves least to later ones
    name: str = "leaf"  # of the new fields, with the tree's place after it
    threads: int = 1
    seed: int = 0

    def fit(self, schema: Schema, train: Samples) -> tuple["TreeLeaves", Samples]:
        """Trees that have learned, and the rows that they have not seen, extended.

        Raises:
            SchemaError: trees find nothing to read, or there are too few rows for both parts.
        """
        if not schema.categories and not schema.numbers:
            raise SchemaError("trees read categories and numbers, of which there are none.")
        objective = next(iter(train.labels))
        chosen = np.random.default_rng(self.seed).random(len(train)) < self.share
        chosen &= train.known(objective)[0]
        if not chosen.any() or chosen.all():
            raise SchemaError(f"{len(train)} rows are too few to be split between trees and model.")
        learning = train.take(chosen)
        learning = replace(learning, labels={objective: learning.labels[objective]})
        # Trees also "validate" on their own rows: stopping on the others would tell their labels.
        model = self._trees().fit(schema, learning, learning)
        made = TreeLeaves(_extended(schema, self.name, _trees_of(model), self.leaves + 1), model)
        return made, made.extend(train.take(~chosen))

    def load(self, folder: Path) -> "TreeLeaves":
        schema = decoded((folder / "leaves.json").read_bytes())
        return TreeLeaves(schema, self._trees().load(folder))

    def _trees(self) -> Gbdt | XGBoost:
        kind = Gbdt if self.library == "lightgbm" else XGBoost
        return kind(
            trees=self.trees,
            leaves=self.leaves,
            learning_rate=self.learning_rate,
            threads=self.threads,
            seed=self.seed,
        )


@dataclass(frozen=True)
class TreeLeaves:
    """Trees whose leaves are categories: ids 1 … leaves, for every row falls into some leaf."""

    schema: Schema
    model: GbdtModel | XGBoostModel
    numbered: list[Ints] = field(init=False)  # of each XGBoost tree: which leaf each node is

    def __post_init__(self) -> None:
        found = [] if isinstance(self.model, GbdtModel) else _numbered(self.model)
        object.__setattr__(self, "numbered", found)

    def extend(self, samples: Samples) -> Samples:
        """The samples with one more category for each tree."""
        more = np.empty((0, _trees_of(self.model)), np.int64)
        if len(samples):
            more = self._leaves(samples) + 1
        return replace(samples, categories=np.concatenate([samples.categories, more], axis=1))

    def save(self, folder: Path) -> None:
        (folder / "leaves.json").write_bytes(encoded(self.schema))
        self.model.save(folder)

    def _leaves(self, samples: Samples) -> Ints:
        """(N, trees): which leaf of each tree, counted from 0."""
        model = self.model
        if isinstance(model, GbdtModel):
            matrix = matrix_of(samples, model.categories)
            leaves = model.boosters[0].predict(matrix, pred_leaf=True, num_threads=1)
            return np.asarray(leaves, dtype=np.int64).reshape(len(samples), -1)
        matrix = dmatrix(model.schema, samples, model.categories, threads=1)
        nodes = model.boosters[0].predict(matrix, pred_leaf=True, strict_shape=True)
        places = nodes.reshape(len(samples), -1).astype(np.int64)
        return np.stack([leaf[places[:, p]] for p, leaf in enumerate(self.numbered)], axis=1)


def _trees_of(model: GbdtModel | XGBoostModel) -> int:
    booster = model.boosters[0]
    if isinstance(model, GbdtModel):  # it predicts with the trees up to its best one
        return int(booster.best_iteration if booster.best_iteration > 0 else booster.num_trees())
    return int(booster.num_boosted_rounds())


def _numbered(model: XGBoostModel) -> list[Ints]:
    """Of each tree (nodes,): XGBoost numbers leaves among all nodes; here from 0 among leaves."""
    saved = json.loads(model.boosters[0].save_raw("json"))
    trees = saved["learner"]["gradient_booster"]["model"]["trees"]
    return [np.cumsum(np.array(tree["left_children"]) < 0) - 1 for tree in trees]


def _extended(schema: Schema, name: str, trees: int, size: int) -> Schema:
    more = [Category(f"{name} {place}", size) for place in range(trees)]
    return msgspec.structs.replace(schema, categories=(*schema.categories, *more))

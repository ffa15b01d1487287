"""Gradient-boosted trees by LightGBM, one model per objective.

Ke et al., "LightGBM: A Highly Efficient Gradient Boosting Decision Tree", NeurIPS 2017; the
listwise loss is Bruch's XE-NDCG, "An Alternative Cross Entropy Loss for Learning-to-Rank", 2021.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np

from galen.data.arrays import Bools, Floats, Singles
from galen.features.encoding.samples import Samples
from galen.features.encoding.schema import Schema
from galen.rank.calibration import Calibration, Calibrator, Method
from galen.rank.model import at_no_position

if TYPE_CHECKING:
    import lightgbm


@dataclass(frozen=True, slots=True)
class Gbdt:
    """`listwise` orders the rows of a request against each other; `binary` fits each row alone.

    Categories are native ones; their limits keep trees from learning single ids by heart.
    """

    loss: Literal["binary", "listwise"] = "binary"  # listwise orders the rows of each request
    trees: int = 300
    leaves: int = 15
    learning_rate: float = 0.05
    rows_per_leaf: int = 200
    feature_share: float = 0.7
    row_share: float = 0.8
    patience: int = 40
    categories: bool = True
    category_smooth: float = 20.0  # `cat_smooth`: more trusts rare categories less
    category_l2: float = 20.0  # `cat_l2`: L2 penalty in splits by categories
    category_values: int = 32  # of a split at most
    rows_per_category: int = 30  # `min_data_per_group`: rows of a group of categories at least
    weighted: bool = False  # do weights of rows count in a listwise loss? In a binary one they do
    calibration: Method = "platt"
    threads: int = 1
    seed: int = 0

    def fit(self, schema: Schema, train: Samples, valid: Samples) -> "GbdtModel":
        boosters, calibrators = [], []
        served = matrix_of(at_no_position(schema, valid), self.categories)
        for objective in train.labels:
            booster = self._train(schema, train, valid, objective)
            boosters.append(booster)
            raw = booster.predict(served, raw_score=True, num_threads=self.threads)
            rows, label, weight = valid.known(objective)
            calibrators.append(Calibration(self.calibration).fit(raw[rows], label, weight))
        return GbdtModel(schema, tuple(train.labels), self.categories, boosters, tuple(calibrators))

    def _train(
        self, schema: Schema, train: Samples, valid: Samples, objective: str
    ) -> "lightgbm.Booster":
        import lightgbm

        judged = self._rows(valid, objective).any()  # else nothing tells when to stop
        return lightgbm.train(
            self._parameters(int(train.known(objective)[0].sum())),
            self._dataset(schema, train, objective),
            num_boost_round=self.trees,
            valid_sets=[self._dataset(schema, valid, objective)] if judged else [],
            callbacks=[lightgbm.early_stopping(self.patience, verbose=False)] if judged else [],
        )

    def _rows(self, examples: Samples, objective: str) -> Bools:
        """(N,): rows that teach; a list without a positive says nothing."""
        rows, _, _ = examples.known(objective)
        if self.loss == "listwise":
            rows &= np.isin(examples.group, examples.group[examples.labels[objective] > 0])
        return rows

    def _dataset(self, schema: Schema, examples: Samples, objective: str) -> "lightgbm.Dataset":
        import lightgbm

        label = examples.labels[objective]
        numbers, categories = len(schema.numbers), len(schema.categories) * self.categories
        rows, listwise = np.flatnonzero(self._rows(examples, objective)), self.loss == "listwise"
        if listwise:  # LightGBM is told sizes alone: the rows of a list must stand together
            rows = rows[np.argsort(examples.group[rows], kind="stable")]
        _, sizes = np.unique(examples.group[rows], return_counts=True)
        return lightgbm.Dataset(
            matrix_of(examples, self.categories)[rows],
            label[rows],
            weight=None if listwise and not self.weighted else examples.weight[rows],
            group=sizes if listwise else None,
            feature_name=[f"f{p}" for p in range(numbers + categories)],
            categorical_feature=list(range(numbers, numbers + categories)),
            free_raw_data=True,
        )

    def _parameters(self, rows: int) -> dict[str, Any]:
        listwise = self.loss == "listwise"
        return {
            "objective": "rank_xendcg" if listwise else "binary",
            "metric": "ndcg" if listwise else "binary_logloss",
            "eval_at": [10],
            "num_leaves": self.leaves,
            "learning_rate": self.learning_rate,
            "min_data_in_leaf": max(1, min(self.rows_per_leaf, rows // (4 * self.leaves))),
            "feature_fraction": self.feature_share,
            "bagging_fraction": self.row_share,
            "bagging_freq": 1,
            "cat_smooth": self.category_smooth,
            "cat_l2": self.category_l2,
            "max_cat_threshold": self.category_values,
            "min_data_per_group": self.rows_per_category,
            "seed": self.seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": self.threads,
            "verbosity": -1,
        }

    def load(self, folder: Path) -> "GbdtModel":
        import lightgbm

        saved = msgspec.json.decode((folder / "gbdt.json").read_bytes(), type=_Saved)
        boosters = [lightgbm.Booster(model_str=text) for text in saved.boosters]
        return GbdtModel(
            saved.schema, saved.objectives, saved.categories, boosters, saved.calibrators
        )


class _Saved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: Schema
    objectives: tuple[str, ...]
    categories: bool
    boosters: list[str]  # LightGBM's own text format
    calibrators: tuple[Calibrator, ...]


@dataclass(frozen=True, slots=True)
class GbdtModel:
    """`Gbdt` after learning."""

    schema: Schema
    objectives: tuple[str, ...]
    categories: bool
    boosters: "list[lightgbm.Booster]"
    calibrators: tuple[Calibrator, ...]

    def score(self, samples: Samples) -> Floats:
        if not len(samples):
            return np.empty((0, len(self.objectives)))
        matrix = matrix_of(at_no_position(self.schema, samples), self.categories)
        columns = [
            calibrator.probability(
                np.asarray(booster.predict(matrix, raw_score=True, num_threads=1))
            )
            for booster, calibrator in zip(self.boosters, self.calibrators, strict=True)
        ]
        return np.stack(columns, axis=1)

    def save(self, folder: Path) -> None:
        texts = [booster.model_to_string() for booster in self.boosters]
        saved = _Saved(self.schema, self.objectives, self.categories, texts, self.calibrators)
        (folder / "gbdt.json").write_bytes(msgspec.json.encode(saved))


def matrix_of(samples: Samples, categories: bool) -> Singles:
    """(N, numbers + categories if asked for), as trees read it.

    Ids above 2^24 would lose their last bits.

    Raises:
        ValueError: an id is too large.
    """
    if not categories or not samples.categories.shape[1]:
        return samples.numbers
    if samples.categories.max(initial=0) >= 1 << 24:
        raise ValueError("trees take ids below 16,777,216; hash the field to fewer ids.")
    return np.concatenate([samples.numbers, samples.categories.astype(np.float32)], axis=1)

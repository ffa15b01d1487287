"""Gradient-boosted trees by LightGBM, one model per objective.

Ke et al., "LightGBM: A Highly Efficient Gradient Boosting Decision Tree", NeurIPS 2017; the
listwise loss is Bruch's XE-NDCG, "An Alternative Cross Entropy Loss for Learning-to-Rank", 2021.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import lightgbm
import msgspec
import numpy as np

from galen.pipeline.candidates import Batch, Floats
from galen.pipeline.stages import Examples
from galen.rank.calibration import Calibration, Calibrator, Method


@dataclass(frozen=True, slots=True)
class Gbdt:
    """`listwise` orders the rows of a request against each other; `binary` fits each row alone."""

    loss: Literal["binary", "listwise"] = "binary"
    trees: int = 300
    leaves: int = 15
    learning_rate: float = 0.05
    rows_per_leaf: int = 200
    feature_share: float = 0.7
    row_share: float = 0.8
    patience: int = 40  # trees without a better validation loss before training stops
    calibration: Method = "platt"
    threads: int = 1  # more of them wait for each other on a busy machine
    seed: int = 0

    def fit(self, train: Examples, valid: Examples) -> "GbdtModel":
        boosters, calibrators = [], []
        for objective in train.labels:
            booster = self._train(train, valid, objective)
            boosters.append(booster)
            raw = booster.predict(valid.matrix, raw_score=True, num_threads=self.threads)
            calibrators.append(
                Calibration(self.calibration).fit(raw, valid.labels[objective], valid.weight)
            )
        return GbdtModel(tuple(train.labels), train.features, boosters, tuple(calibrators))

    def _train(self, train: Examples, valid: Examples, objective: str) -> lightgbm.Booster:
        learning, held_out = (self._dataset(part, objective) for part in (train, valid))
        return lightgbm.train(
            self._parameters(len(train.group)),
            learning,
            num_boost_round=self.trees,
            valid_sets=[held_out],
            callbacks=[lightgbm.early_stopping(self.patience, verbose=False)],
        )

    def _dataset(self, examples: Examples, objective: str) -> lightgbm.Dataset:
        label = examples.labels[objective]
        rows = np.ones(len(label), bool)
        if self.loss == "listwise":
            hit = np.unique(examples.group[label > 0])  # a list without a positive says nothing
            rows = np.isin(examples.group, hit)
        _, sizes = np.unique(examples.group[rows], return_counts=True)
        return lightgbm.Dataset(
            examples.matrix[rows],
            label[rows],
            weight=None if self.loss == "listwise" else examples.weight[rows],
            group=sizes if self.loss == "listwise" else None,
            feature_name=[f"f{place}" for place in range(len(examples.features))],
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
            "seed": self.seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": self.threads,
            "verbosity": -1,
        }

    def load(self, folder: Path) -> "GbdtModel":
        saved = msgspec.json.decode((folder / "gbdt.json").read_bytes(), type=_Saved)
        boosters = [lightgbm.Booster(model_str=text) for text in saved.boosters]
        return GbdtModel(saved.objectives, saved.features, boosters, saved.calibrators)


class _Saved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    objectives: tuple[str, ...]
    features: tuple[str, ...]
    boosters: list[str]  # LightGBM's own text format
    calibrators: tuple[Calibrator, ...]


@dataclass(frozen=True, slots=True)
class GbdtModel:
    objectives: tuple[str, ...]
    features: tuple[str, ...]
    boosters: list[lightgbm.Booster]
    calibrators: tuple[Calibrator, ...]

    def score(self, batch: Batch) -> Floats:
        matrix = batch.matrix(self.features)
        columns = [
            calibrator.probability(
                np.asarray(booster.predict(matrix, raw_score=True, num_threads=1))
            )
            for booster, calibrator in zip(self.boosters, self.calibrators, strict=True)
        ]
        return np.stack(columns, axis=1)

    def save(self, folder: Path) -> None:
        texts = [booster.model_to_string() for booster in self.boosters]
        saved = _Saved(self.objectives, self.features, texts, self.calibrators)
        (folder / "gbdt.json").write_bytes(msgspec.json.encode(saved))

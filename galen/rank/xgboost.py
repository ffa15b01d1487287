"""Gradient-boosted trees by XGBoost, one model per objective.

Chen, Guestrin, "XGBoost: A Scalable Tree Boosting System", KDD 2016.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from galen.data.arrays import Floats
from galen.features.encoding.samples import Samples
from galen.features.encoding.schema import Schema
from galen.rank.calibration import Calibration, Calibrator, Method
from galen.rank.gbdt import matrix_of
from galen.rank.model import at_no_position

if TYPE_CHECKING:
    import xgboost


@dataclass(frozen=True, slots=True)
class XGBoost:
    """Histogram trees that grow by leaf, with categories as native ones."""

    trees: int = 300
    leaves: int = 31
    learning_rate: float = 0.1
    rows_per_leaf: int = 20
    feature_share: float = 0.7
    row_share: float = 0.8
    patience: int = 40
    categories: bool = True
    category_values: int = 1024  # of a split at most; 32 cost 0.08 of AUC on Frappe's 4,083 apps
    l2: float = 5.0  # lambda: penalty on the squared value of a leaf
    calibration: Method = "platt"
    threads: int = 1
    seed: int = 0

    def fit(self, schema: Schema, train: Samples, valid: Samples) -> "XGBoostModel":
        """Learn one booster per objective; `valid` ends each and calibrates it."""
        boosters, calibrators = [], []
        for objective in train.labels:
            held_out = self._matrix(schema, valid, objective)
            booster = self._train(self._matrix(schema, train, objective), held_out)
            boosters.append(booster)
            served = self._matrix(schema, at_no_position(schema, valid), objective)
            raw = booster.predict(served, output_margin=True).astype(np.float64)
            _, label, weight = valid.known(objective)
            calibrators.append(Calibration(self.calibration).fit(raw, label, weight))
        return XGBoostModel(
            schema, tuple(train.labels), self.categories, boosters, tuple(calibrators)
        )

    def _train(self, learning: "xgboost.DMatrix", held_out: "xgboost.DMatrix") -> "xgboost.Booster":
        import xgboost

        label, weight = learning.get_label(), learning.get_weight()
        share = (float(label @ weight) + 1) / (float(weight.sum()) + 2)
        judged = held_out.num_row() > 0  # else nothing tells when to stop
        booster = xgboost.train(
            self._parameters(len(label), share),
            learning,
            num_boost_round=self.trees,
            evals=[(held_out, "valid")] if judged else [],
            early_stopping_rounds=self.patience if judged else None,
            verbose_eval=False,
        )
        return booster[: booster.best_iteration + 1] if judged else booster

    def _matrix(self, schema: Schema, samples: Samples, objective: str) -> "xgboost.DMatrix":
        rows, label, weight = samples.known(objective)
        return dmatrix(schema, samples.take(rows), self.categories, self.threads, label, weight)

    def _parameters(self, rows: int, share: float) -> dict[str, Any]:
        per_leaf = max(1, min(self.rows_per_leaf, rows // (4 * self.leaves)))
        return {
            "objective": "binary:logistic",
            "eval_metric": "logloss",
            "base_score": share,
            "tree_method": "hist",
            "grow_policy": "lossguide",
            "max_depth": 0,
            "max_leaves": self.leaves,
            "learning_rate": self.learning_rate,
            # XGBoost counts a leaf's second derivatives, of which a row has about this many.
            "min_child_weight": per_leaf * share * (1 - share),
            "colsample_bytree": self.feature_share,
            "subsample": self.row_share,
            "max_cat_threshold": self.category_values,
            "lambda": self.l2,
            "seed": self.seed,
            "nthread": self.threads,
            "verbosity": 0,
        }

    def load(self, folder: Path) -> "XGBoostModel":
        import xgboost

        saved = msgspec.json.decode((folder / "xgboost.json").read_bytes(), type=_Saved)
        boosters = [
            xgboost.Booster({"nthread": 1}, model_file=bytearray(text, "utf-8"))
            for text in saved.boosters
        ]
        return XGBoostModel(
            saved.schema, saved.objectives, saved.categories, boosters, saved.calibrators
        )


class _Saved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: Schema
    objectives: tuple[str, ...]
    categories: bool
    boosters: list[str]  # XGBoost's own JSON
    calibrators: tuple[Calibrator, ...]


@dataclass(frozen=True, slots=True)
class XGBoostModel:
    """`XGBoost` after learning."""

    schema: Schema
    objectives: tuple[str, ...]
    categories: bool
    boosters: "list[xgboost.Booster]"
    calibrators: tuple[Calibrator, ...]

    def score(self, samples: Samples) -> Floats:
        if not len(samples):
            return np.empty((0, len(self.objectives)))
        samples = at_no_position(self.schema, samples)
        matrix = dmatrix(self.schema, samples, self.categories, threads=1)
        columns = [
            calibrator.probability(booster.predict(matrix, output_margin=True).astype(np.float64))
            for booster, calibrator in zip(self.boosters, self.calibrators, strict=True)
        ]
        return np.stack(columns, axis=1)

    def save(self, folder: Path) -> None:
        texts = [booster.save_raw("json").decode() for booster in self.boosters]
        saved = _Saved(self.schema, self.objectives, self.categories, texts, self.calibrators)
        (folder / "xgboost.json").write_bytes(msgspec.json.encode(saved))


def dmatrix(
    schema: Schema,
    samples: Samples,
    categories: bool,
    threads: int,
    label: Floats | None = None,
    weight: Floats | None = None,
) -> "xgboost.DMatrix":
    """Rows as XGBoost reads them: numbers, then categories as native ones."""
    import xgboost

    kinds = ["q"] * len(schema.numbers) + ["c"] * (len(schema.categories) * categories)
    return xgboost.DMatrix(
        matrix_of(samples, categories),
        label,
        weight=weight,
        feature_types=kinds,
        enable_categorical=True,
        nthread=threads,
    )

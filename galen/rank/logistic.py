"""Logistic regression, one head per objective: the ranker that every other has to beat."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from safetensors.numpy import load_file, save_file
from sklearn.linear_model import LogisticRegression

from galen.pipeline.candidates import Batch, Floats, Singles
from galen.pipeline.stages import Examples
from galen.rank.calibration import Calibration, Calibrator, Method


@dataclass(frozen=True, slots=True)
class Logistic:
    """Inputs are signed logarithms, standardised; a missing value is the mean and says so."""

    strength: float = 1.0  # of the penalty, in examples
    calibration: Method = "platt"
    iterations: int = 200

    def fit(self, train: Examples, valid: Examples) -> "LogisticModel":
        scale = Scale.fit(train.matrix)
        inputs, held_out = scale.inputs(train.matrix), scale.inputs(valid.matrix)
        weights = np.zeros((len(train.labels), inputs.shape[1] + 1))
        calibrators = []
        for place, (objective, label) in enumerate(train.labels.items()):
            if label.min(initial=1.0) != label.max(initial=0.0):
                model = LogisticRegression(C=1 / self.strength, max_iter=self.iterations, tol=1e-3)
                model.fit(inputs, label, sample_weight=train.weight)
                weights[place] = np.append(model.coef_[0], model.intercept_[0])
            score = held_out @ weights[place, :-1] + weights[place, -1]
            calibrators.append(
                Calibration(self.calibration).fit(score, valid.labels[objective], valid.weight)
            )
        objectives = tuple(train.labels)
        return LogisticModel(objectives, train.features, scale, weights, tuple(calibrators))

    def load(self, folder: Path) -> "LogisticModel":
        saved = msgspec.json.decode((folder / "logistic.json").read_bytes(), type=_Saved)
        tensors = load_file(folder / "logistic.safetensors")
        scale = Scale(tensors["mean"], tensors["spread"])
        return LogisticModel(
            saved.objectives, saved.features, scale, tensors["weights"], saved.calibrators
        )


class _Saved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    objectives: tuple[str, ...]
    features: tuple[str, ...]
    calibrators: tuple[Calibrator, ...]


@dataclass(frozen=True, slots=True)
class Scale:
    mean: Singles  # (features,)
    spread: Singles  # (features,)

    @classmethod
    def fit(cls, matrix: Singles) -> "Scale":
        bent = _bent(matrix)
        known = ~np.isnan(bent)
        count = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, bent, 0).sum(axis=0) / count
        spread = np.sqrt(np.where(known, (bent - mean) ** 2, 0).sum(axis=0) / count)
        spread[spread < 1e-6] = 1.0
        return cls(mean.astype(np.float32), spread.astype(np.float32))

    def inputs(self, matrix: Singles) -> Singles:
        """(N, 2 × features): standardised values, then 1 where a value is missing."""
        scaled = (_bent(matrix) - self.mean) / self.spread
        missing = np.isnan(scaled)
        scaled[missing] = 0
        return np.concatenate([scaled, missing.astype(np.float32)], axis=1)


def _bent(matrix: Singles) -> Singles:
    return np.asarray(np.sign(matrix) * np.log1p(np.abs(matrix)), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class LogisticModel:
    objectives: tuple[str, ...]
    features: tuple[str, ...]
    scale: Scale
    weights: Floats  # (objectives, 2 × features + 1), the intercept last
    calibrators: tuple[Calibrator, ...]

    def score(self, batch: Batch) -> Floats:
        inputs = self.scale.inputs(batch.matrix(self.features))
        raw = inputs @ self.weights[:, :-1].T + self.weights[:, -1]
        columns = [c.probability(raw[:, place]) for place, c in enumerate(self.calibrators)]
        return np.stack(columns, axis=1)

    def save(self, folder: Path) -> None:
        saved = _Saved(self.objectives, self.features, self.calibrators)
        (folder / "logistic.json").write_bytes(msgspec.json.encode(saved))
        tensors: dict[str, np.ndarray[Any, Any]] = {
            "mean": self.scale.mean,
            "spread": self.scale.spread,
            "weights": self.weights,
        }
        save_file(tensors, folder / "logistic.safetensors")

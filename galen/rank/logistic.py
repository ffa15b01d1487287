"""Logistic regression, one head per objective: the model that every other has to beat.

Fields and hashed pairs of fields are one-hot; Chapelle et al., "Simple and Scalable Response
Prediction for Display Advertising", TIST 2015.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from safetensors.numpy import load_file, save_file
from scipy.sparse import csr_array, hstack

from galen.data.arrays import Floats, Ints
from galen.features.encoding.samples import Samples
from galen.features.encoding.scale import scaled
from galen.features.encoding.schema import Schema
from galen.rank.calibration import Calibration, Calibrator, Method
from galen.rank.model import at_no_position


@dataclass(frozen=True, slots=True)
class Logistic:
    """Numbers are signed logarithms, standardised; a missing one is the mean and says so.

    `crosses` is the number of hashed columns that all pairs of categories share; 0 has none.
    """

    strength: float = 1.0  # of the penalty, in examples
    crosses: int = 0  # hashed columns that all pairs of categories share; 0 has none
    calibration: Method = "platt"
    iterations: int = 200  # of the solver at most, for each objective

    def fit(self, schema: Schema, train: Samples, valid: Samples) -> "LogisticModel":
        from sklearn.linear_model import LogisticRegression

        parts = train, at_no_position(schema, valid)  # a line for scores as they will be served
        inputs, held_out = (_inputs(schema, self.crosses, part) for part in parts)
        weights = np.zeros((len(train.labels), inputs.shape[1] + 1))
        calibrators = []
        for place, objective in enumerate(train.labels):
            rows, label, weight = train.known(objective)
            if label.min(initial=1.0) != label.max(initial=0.0):
                model = LogisticRegression(C=1 / self.strength, max_iter=self.iterations, tol=1e-3)
                model.fit(inputs[rows], label, sample_weight=weight)
                weights[place] = np.append(model.coef_[0], model.intercept_[0])
            score = held_out @ weights[place, :-1] + weights[place, -1]
            rows, label, weight = valid.known(objective)
            calibrators.append(Calibration(self.calibration).fit(score[rows], label, weight))
        return LogisticModel(schema, tuple(train.labels), self.crosses, weights, tuple(calibrators))

    def load(self, folder: Path) -> "LogisticModel":
        saved = msgspec.json.decode((folder / "logistic.json").read_bytes(), type=_Saved)
        weights = load_file(folder / "logistic.safetensors")["weights"]
        return LogisticModel(
            saved.schema, saved.objectives, saved.crosses, weights, saved.calibrators
        )


class _Saved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: Schema
    objectives: tuple[str, ...]
    crosses: int
    calibrators: tuple[Calibrator, ...]


@dataclass(frozen=True, slots=True)
class LogisticModel:
    """`Logistic` after learning."""

    schema: Schema
    objectives: tuple[str, ...]
    crosses: int
    weights: Floats  # (objectives, columns + 1), the intercept last
    calibrators: tuple[Calibrator, ...]

    def score(self, samples: Samples) -> Floats:
        inputs = _inputs(self.schema, self.crosses, at_no_position(self.schema, samples))
        raw = inputs @ self.weights[:, :-1].T + self.weights[:, -1]
        columns = [c.probability(raw[:, place]) for place, c in enumerate(self.calibrators)]
        return np.stack(columns, axis=1)

    def save(self, folder: Path) -> None:
        saved = _Saved(self.schema, self.objectives, self.crosses, self.calibrators)
        (folder / "logistic.json").write_bytes(msgspec.json.encode(saved))
        tensors: dict[str, np.ndarray[Any, Any]] = {"weights": self.weights}
        save_file(tensors, folder / "logistic.safetensors")


def _inputs(schema: Schema, crosses: int, samples: Samples) -> Any:
    """(N, columns): dense where there are numbers only, else sparse."""
    numbers = scaled(schema, samples.numbers)
    if not schema.categories:
        return numbers
    sizes = [field.size for field in schema.categories]
    starts = np.cumsum([0, *sizes])[:-1]
    columns, width = [samples.categories + starts], sum(sizes)
    if crosses:
        columns.append(_hashed_pairs(samples.categories, crosses) + width)
        width += crosses
    places = np.concatenate(columns, axis=1)
    rows, each = places.shape
    pointer = np.arange(0, rows * each + 1, each)
    hot = csr_array((np.ones(rows * each), places.ravel(), pointer), shape=(rows, width))
    return hstack([csr_array(numbers), hot], format="csr") if numbers.shape[1] else hot


def _hashed_pairs(ids: Ints, columns: int) -> Ints:
    """(N, pairs): a column for each pair of fields and values; multiplicative hashing."""
    left, right = np.triu_indices(ids.shape[1], 1)
    pair = (left * ids.shape[1] + right).astype(np.uint64)
    mixed = ids[:, left].astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= ids[:, right].astype(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F)
    mixed ^= pair * np.uint64(0x165667B19E3779F9)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    return ((mixed >> np.uint64(32)) % np.uint64(columns)).astype(np.int64)

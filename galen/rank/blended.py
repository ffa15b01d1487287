"""Several models as one: a logistic regression over their logits, fitted on held-out rows.

Wolpert, "Stacked Generalization", Neural Networks 1992.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from scipy.special import expit, logit

from galen.features.encoding.samples import Samples
from galen.features.encoding.schema import Schema
from galen.pipeline.candidates import Floats
from galen.rank.model import Model, ModelSpec


@dataclass(frozen=True)
class Blended:
    """Members learn on their own; how much each is trusted is learned from `valid`."""

    members: Mapping[str, ModelSpec]

    def fit(self, schema: Schema, train: Samples, valid: Samples) -> "BlendedModel":
        models = {name: spec.fit(schema, train, valid) for name, spec in self.members.items()}
        return blended(models, valid)

    def load(self, folder: Path) -> "BlendedModel":
        saved = msgspec.json.decode((folder / "blend.json").read_bytes(), type=_Saved)
        models = {name: spec.load(folder / name) for name, spec in self.members.items()}
        return BlendedModel(models, saved.weights)


class _Saved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    weights: dict[str, list[float]]  # of each objective: a member's each, then the offset


@dataclass(frozen=True)
class BlendedModel:
    """Models whose scores are blended, after learning."""

    models: Mapping[str, Model]
    weights: dict[str, list[float]]

    @property
    def schema(self) -> Schema:
        return next(iter(self.models.values())).schema

    @property
    def objectives(self) -> tuple[str, ...]:
        return tuple(self.weights)

    def score(self, samples: Samples) -> Floats:
        each = np.stack([logits_of(model, samples) for model in self.models.values()], axis=2)
        columns = [
            expit(each[:, place] @ np.array(weights[:-1]) + weights[-1])
            for place, weights in enumerate(self.weights.values())
        ]
        return np.stack(columns, axis=1)

    def save(self, folder: Path) -> None:
        (folder / "blend.json").write_bytes(msgspec.json.encode(_Saved(self.weights)))
        for name, model in self.models.items():
            (folder / name).mkdir()
            model.save(folder / name)


def blended(models: Mapping[str, Model], valid: Samples) -> BlendedModel:
    """Models that have learned, weighed on rows that none of them learned from.

    A column of one class gives every model the same weight.
    """
    from sklearn.linear_model import LogisticRegression

    objectives = next(iter(models.values())).objectives
    each = np.stack([logits_of(model, valid) for model in models.values()], axis=2)
    weights = {}
    for place, objective in enumerate(objectives):
        label = valid.labels[objective]
        known = ~np.isnan(label)
        if len(np.unique(label[known])) < 2:
            weights[objective] = [1 / len(models)] * len(models) + [0.0]
            continue
        fitted = LogisticRegression(C=1.0, max_iter=1000).fit(
            each[known, place], label[known], sample_weight=valid.weight[known]
        )
        weights[objective] = [*map(float, fitted.coef_[0]), float(fitted.intercept_[0])]
    return BlendedModel(models, weights)


def logits_of(model: Model, samples: Samples) -> Floats:
    """(N, objectives): the log-odds of a model's probabilities."""
    probability = np.clip(model.score(samples), 1e-7, 1 - 1e-7)
    return np.asarray(logit(probability))

"""Several models as one: how far each is trusted is learned from held-out rows.

Wolpert, "Stacked Generalization", Neural Networks 1992.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
from scipy.special import expit, logit

from galen.data.arrays import Floats
from galen.features.encoding.samples import Samples
from galen.features.encoding.schema import Schema
from galen.pipeline.conditional_logit import chosen_by
from galen.rank.model import Model, ModelSpec


@dataclass(frozen=True, slots=True)
class Blending:
    """`binary` trusts members as far as they predict each row, `listwise` as far as they predict
    what is taken of a group; both give probabilities of rows.
    """

    loss: Literal["binary", "listwise"] = "binary"  # what members are trusted by


@dataclass(frozen=True)
class Blended:
    """Members learn on their own; how much each is trusted is learned from `valid`."""

    members: Mapping[str, ModelSpec]
    blending: Blending = Blending()

    def fit(self, schema: Schema, train: Samples, valid: Samples) -> "BlendedModel":
        models = {name: spec.fit(schema, train, valid) for name, spec in self.members.items()}
        return blended(models, valid, self.blending)

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


def blended(models: Mapping[str, Model], valid: Samples, blending: Blending) -> BlendedModel:
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
        said, trust = each[known, place], np.eye(len(models))
        if blending.loss == "listwise":
            taken, alike = label[known] > 0, np.full(len(models), 1 / len(models))
            chosen = chosen_by(
                said, valid.group[known], taken, alike, 1.0, positive=np.ones(len(models), bool)
            )
            trust = chosen[:, None] if chosen.any() else alike[:, None]
        fitted = LogisticRegression(C=1.0, max_iter=1000).fit(
            said @ trust, label[known], sample_weight=valid.weight[known]
        )
        whole = trust @ fitted.coef_[0]
        weights[objective] = [*map(float, whole), float(fitted.intercept_[0])]
    return BlendedModel(models, weights)


def logits_of(model: Model, samples: Samples) -> Floats:
    """(N, objectives): the log-odds of a model's probabilities."""
    probability = np.clip(model.score(samples), 1e-7, 1 - 1e-7)
    return np.asarray(logit(probability))

"""A model whose probabilities hold within every segment: each surface, category or kind of user.

Platt's line for each value of one category; Pan et al., "Field-aware Calibration: A Simple and
Empirically Strong Method for Reliable Probabilistic Predictions", WWW 2020, on why the whole alone
is not enough.
"""

from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from galen.data.arrays import Floats, Ints
from galen.features.encoding.samples import Samples
from galen.features.encoding.schema import Schema
from galen.rank.blended import logits_of
from galen.rank.calibration import Calibration, Calibrator
from galen.rank.model import Model, ModelSpec


@dataclass(frozen=True)
class Segmented:
    """Calibrates the model again for each value of the category `by`.

    A value with fewer than `rows` held-out rows, or with one class only, has the line of all rows:
    a line through rare events says more of chance than of the segment.
    """

    spec: ModelSpec
    by: str
    rows: int = 500

    def fit(self, schema: Schema, train: Samples, valid: Samples) -> "SegmentedModel":
        """Learn the model, then its segments from `valid`.

        Raises:
            SchemaError: the schema has no such category.
        """
        place = schema.place(self.by)
        model = self.spec.fit(schema, train, valid)
        logits = logits_of(model, valid)
        lines = []
        for column, objective in enumerate(model.objectives):
            there, label, weight = valid.known(objective)
            segment, score = valid.categories[there, place], logits[there, column]
            lines.append(self._lines(segment, score, label, weight))
        return SegmentedModel(model, self.by, tuple(lines))

    def _lines(
        self, segment: Ints, score: Floats, label: Floats, weight: Floats
    ) -> "SegmentCalibrators":
        calibration = Calibration("platt")
        found: dict[int, Calibrator] = {}
        values, counts = np.unique(segment, return_counts=True)
        for value in values[counts >= self.rows]:
            inside = segment == value
            if label[inside].min() != label[inside].max():
                found[int(value)] = calibration.fit(score[inside], label[inside], weight[inside])
        return SegmentCalibrators(calibration.fit(score, label, weight), found)

    def load(self, folder: Path) -> "SegmentedModel":
        saved = msgspec.json.decode((folder / "segments.json").read_bytes(), type=_Saved)
        return SegmentedModel(self.spec.load(folder / "model"), saved.by, saved.lines)


class SegmentCalibrators(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of one objective: the calibrator of all rows, and of the segments that have their own."""

    overall: Calibrator
    segments: dict[int, Calibrator]

    def probability(self, segment: Ints, logit: Floats) -> Floats:
        """(N,) from the segments (N,) and log-odds (N,) of rows."""
        found = self.overall.probability(logit)
        for value in np.unique(segment):
            if int(value) in self.segments:
                inside = segment == value
                found[inside] = self.segments[int(value)].probability(logit[inside])
        return found


class _Saved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    by: str
    lines: tuple[SegmentCalibrators, ...]


@dataclass(frozen=True)
class SegmentedModel:
    """A model whose scores are mended by a line for each segment, after learning."""

    model: Model
    by: str
    lines: tuple[SegmentCalibrators, ...]  # of each objective

    @property
    def schema(self) -> Schema:
        return self.model.schema

    @property
    def objectives(self) -> tuple[str, ...]:
        return self.model.objectives

    def score(self, samples: Samples) -> Floats:
        logits = logits_of(self.model, samples)
        segment = samples.categories[:, self.schema.place(self.by)]
        columns = [line.probability(segment, logits[:, p]) for p, line in enumerate(self.lines)]
        return np.stack(columns, axis=1)

    def save(self, folder: Path) -> None:
        (folder / "segments.json").write_bytes(msgspec.json.encode(_Saved(self.by, self.lines)))
        (folder / "model").mkdir()
        self.model.save(folder / "model")

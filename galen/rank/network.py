"""A ranking network as a model: built, taught, calibrated, saved and scored in one way for all."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import msgspec
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from scipy.special import expit
from torch import nn

from galen.data.arrays import Floats, Ints
from galen.features.encoding.samples import Samples
from galen.features.encoding.schema import Schema, SchemaError
from galen.nn.exporting import Session
from galen.nn.learning.course import Course
from galen.nn.learning.losses import ObjectiveLoss
from galen.nn.learning.precision import resolved
from galen.nn.learning.training import Source, Training, Watch, fit
from galen.nn.predicting import predict
from galen.nn.tables.compact import compacted
from galen.rank.calibration import Calibration, Calibrator, Method
from galen.rank.lessons import InMemory, in_order
from galen.rank.networks.spec import NetworkSpec
from galen.rank.score_metrics import auc, log_loss
from galen.rank.serving import FILE, Serving, write_exported
from galen.rank.warm import carried_over


@dataclass(frozen=True)
class Network:
    """Settings of a network with how it learns; `shares` weigh the objectives in the loss."""

    spec: NetworkSpec
    training: Training = field(default_factory=Training)
    shares: dict[str, float] = field(default_factory=dict)
    serving: Serving = field(default_factory=Serving)
    calibration: Method = "platt"
    checkpoints: Path | None = None  # where a training that was broken off goes on from
    watch: Watch | None = None

    def fit(self, schema: Schema, train: Samples, valid: Samples) -> "NetworkModel":
        """Teach the network; the best epoch on `valid` is kept.

        Raises:
            SchemaError: there are no rows, or the model needs fields that the schema lacks.
            TrainingError: training cannot go on.
            CheckpointError: what it was to go on from is not whole.
        """
        objectives = tuple(train.labels)
        source = InMemory(train, objectives, self.training.batch, self.training.seed)
        return self.learn(schema, objectives, source, valid)

    def learn(
        self,
        schema: Schema,
        objectives: tuple[str, ...],
        source: Source,
        valid: Samples,
        *,
        after: "NetworkModel | None" = None,
        changed: Mapping[str, Ints] | None = None,
    ) -> "NetworkModel":
        """As `fit`, from mini-batches that need not be in memory.

        With `after` the network goes on from what that model knows; `changed` are the ids, by
        table, that stand for another value now.
        """
        for name, rows in (("learn from", source.rows), ("choose on", len(valid))):
            if not rows:
                raise SchemaError(f"there are no rows to {name}.")
        if not any(valid.known(name)[0].any() for name in objectives):
            raise SchemaError("no label is known of the rows to choose on; hold older rows out.")
        torch.manual_seed(self.training.seed)
        network = self.spec.build(schema, objectives)
        if after is not None:
            carried_over(after.network, network, changed)
        loss = ObjectiveLoss([self.shares.get(name, 1.0) for name in objectives])
        device = torch.device(self.training.device)
        kind = resolved(self.training.precision, device)

        def validate(taught: nn.Module) -> dict[str, float]:
            logits = predict(taught, in_order(valid), kind).double().numpy()
            return judged(logits, valid, objectives)

        course = fit(
            network,
            loss,
            source,
            validate,
            self.training,
            folder=self.checkpoints,
            watch=self.watch,
        )
        network = network.to("cpu")
        raw = predict(network, in_order(valid), torch.float32).double().numpy()
        calibrators = tuple(
            Calibration(self.calibration).fit(raw[rows, place], label, weight)
            for place, (rows, label, weight) in enumerate(map(valid.known, objectives))
        )
        return NetworkModel(schema, objectives, network, calibrators, course, self.serving)

    def load(self, folder: Path) -> "NetworkModel":
        saved = msgspec.json.decode((folder / "network.json").read_bytes(), type=_Saved)
        network = self.spec.build(saved.schema, saved.objectives)
        network.load_state_dict(load_file(folder / "network.safetensors"))
        network.eval()
        model = NetworkModel(
            saved.schema, saved.objectives, network, saved.calibrators, Course(), self.serving
        )
        if self.serving.engine == "onnx":
            return replace(model, session=Session(folder / FILE, self.serving.threads))
        return replace(model, served=compacted(network, self.serving.tables))


class _Saved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: Schema
    objectives: tuple[str, ...]
    calibrators: tuple[Calibrator, ...]


@dataclass(frozen=True)
class NetworkModel:
    """A network after learning."""

    schema: Schema
    objectives: tuple[str, ...]
    network: nn.Module
    calibrators: tuple[Calibrator, ...]
    course: Course
    serving: Serving = field(default_factory=Serving)
    served: nn.Module | None = None  # what scores in place of `network`, which can go on learning
    session: Session | None = None  # the same as a file of ONNX

    def logits(self, samples: Samples, kind: torch.dtype = torch.float32) -> Floats:
        """(N, objectives), before calibration."""
        if not len(samples):
            return np.empty((0, len(self.objectives)))
        if self.session is not None:
            fitting = samples.checked(self.schema)  # the file itself looks at no id
            parts = [self.session(inputs) for inputs in in_order(fitting)]
            return np.concatenate(parts).astype(np.float64)
        scoring = self.served or self.network
        found: Floats = predict(scoring, in_order(samples), kind).double().numpy()
        return found

    def score(self, samples: Samples) -> Floats:
        raw = self.logits(samples)
        columns = [c.probability(raw[:, place]) for place, c in enumerate(self.calibrators)]
        return np.stack(columns, axis=1)

    def save(self, folder: Path) -> None:
        saved = _Saved(self.schema, self.objectives, self.calibrators)
        (folder / "network.json").write_bytes(msgspec.json.encode(saved))
        tensors = {name: t.contiguous() for name, t in self.network.state_dict().items()}
        save_file(tensors, folder / "network.safetensors")
        (folder / "course.json").write_text(json.dumps(asdict(self.course), indent=1) + "\n")
        if self.serving.engine == "onnx":
            write_exported(self.schema, self.network, self.serving, folder)


def judged(logits: Floats, samples: Samples, objectives: tuple[str, ...]) -> dict[str, float]:
    """Means over the objectives: of AUC where both classes are there, of log-loss where any is."""
    aucs, losses = [], []
    for place, (rows, label, weight) in enumerate(map(samples.known, objectives)):
        if not rows.any():
            continue
        score = logits[rows, place]
        losses.append(log_loss(label, expit(score), weight))
        area = auc(label, score)
        if not np.isnan(area):
            aucs.append(area)
    return {"auc": float(np.mean(aucs)) if aucs else 0.5, "loss": float(np.mean(losses))}

"""Started by torchrun: learns from fixed samples and writes the curve and the weights.

learns_together.py OUT EPOCHS TABLES [CHECKPOINTS]
"""

import json
import sys
from pathlib import Path

import torch
from rank.networks.schemas import PLAIN, plain_samples
from safetensors.torch import save_file

from galen.nn.learning.distributed import joined
from galen.nn.learning.losses import ObjectiveLoss
from galen.nn.learning.training import Training, fit
from galen.nn.predicting import predict
from galen.rank.lessons import InMemory, in_order
from galen.rank.networks.deepfm import DeepFm
from galen.rank.score_metrics import auc


def main(out: Path, epochs: int, tables: str, checkpoints: Path | None) -> None:
    train, valid = plain_samples(1003), plain_samples(301, seed=1)
    label = valid.labels["click"].astype("f8")

    def validate(network):
        logits = predict(network, in_order(valid, 128), torch.float32)[:, 0].double().numpy()
        return {"auc": auc(label, logits), "loss": 0.0}

    with joined() as group:
        torch.manual_seed(0)
        network = DeepFm(hidden=(8,), dropout=0.0, norm="none").build(PLAIN, ("click", "purchase"))
        settings = Training(
            epochs=epochs, batch=100, table_l2=0.01, clip=0.3, tables=tables, precision="float32"
        )
        source = InMemory(train, ("click", "purchase"), settings.batch, seed=0)
        loss = ObjectiveLoss([1.0, 0.5])
        course = fit(network, loss, source, validate, settings, folder=checkpoints)
        if group.leads:
            told = [[epoch.loss, epoch.valid["auc"]] for epoch in course.epochs]
            out.mkdir(exist_ok=True)
            (out / "curve.json").write_text(json.dumps(told))
            save_file(network.state_dict(), out / "weights.safetensors")


if __name__ == "__main__":
    folder = Path(sys.argv[4]) if len(sys.argv) > 4 else None
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], folder)

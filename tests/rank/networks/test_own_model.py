"""The model of the guide learns, so that what the guide says is true."""

import re
import types
from pathlib import Path

import torch
from rank.networks.schemas import PLAIN, plain_samples

from galen.nn.learning.losses import ObjectiveLoss
from galen.nn.learning.training import Training, fit
from galen.nn.predicting import predict
from galen.rank.lessons import InMemory, in_order
from galen.rank.score_metrics import auc

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "own-model.md"


def test_the_model_of_the_guide_learns_a_world_whose_answer_is_known():
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert len([line for line in code.splitlines() if line.strip()]) <= 36
    module = types.ModuleType("two_towers")
    exec(compile(code, str(GUIDE), "exec"), module.__dict__)
    torch.manual_seed(0)
    network = module.TwoTowers().build(PLAIN, ("click",))
    train, valid = plain_samples(4000), plain_samples(1000, seed=1)

    def validate(taught):
        logits = predict(taught, in_order(valid), torch.float32)[:, 0].numpy()
        return {"auc": auc(valid.labels["click"], logits), "loss": 0.0}

    settings = Training(
        epochs=25, batch=128, learning_rate=5e-3, precision="float32", patience=25, plateau=1.0
    )
    source = InMemory(train, ("click",), settings.batch, seed=0)
    course = fit(network, ObjectiveLoss([1.0]), source, validate, settings)
    assert course.epochs[course.best].valid["auc"] > 0.8

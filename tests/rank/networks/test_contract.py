"""What every network of the catalogue must do; a new one is tested by being there."""

import numpy as np
import pytest
import torch
from rank.networks.schemas import PLAIN, RICH, plain_samples, rich_samples
from sklearn.metrics import roc_auc_score

from galen.assembly.catalog import NETWORKS
from galen.nn.inputs import Inputs
from galen.nn.learning.losses import ObjectiveLoss
from galen.nn.learning.training import Training, fit
from galen.nn.predicting import predict
from galen.nn.tables.embedding import IdError
from galen.rank.lessons import InMemory, in_order, inputs_of

BOTH = ("click", "purchase")
NEEDS_HISTORY = {"din", "dien", "bst", "sim", "long_history", "hstu"}
EPOCHS = {"dien": 40}  # interests are learned before what they evolve to


class Learned(Exception):
    """Enough is known; the rest of the epochs would cost time and say nothing."""


every = pytest.mark.parametrize("name", sorted(NETWORKS))


def _small(rows: int, *, seed: int = 0) -> Inputs:
    return inputs_of(rich_samples(rows, seed), slice(0, rows))


@every
def test_gives_one_finite_logit_for_each_row_and_objective(name):
    torch.manual_seed(0)
    network = NETWORKS[name]().build(RICH, BOTH).eval()
    with torch.inference_mode():
        logits = network(_small(11))
    assert logits.shape == (11, 2)
    assert torch.isfinite(logits).all()


@every
def test_scores_a_row_the_same_whoever_stands_beside_it(name):
    torch.manual_seed(0)
    network = NETWORKS[name]().build(RICH, BOTH).eval()
    samples = rich_samples(12)
    with torch.inference_mode():
        together = network(inputs_of(samples, slice(0, 12)))
        alone = torch.cat([network(inputs_of(samples, np.array([row]))) for row in range(12)])
    torch.testing.assert_close(alone, together, atol=2e-5, rtol=1e-4)


@every
def test_every_weight_takes_part_in_learning(name):
    torch.manual_seed(0)
    network = NETWORKS[name]().build(RICH, BOTH).train()
    inputs = _small(64)
    weight = torch.ones(64)
    for _ in range(3):  # a layer that starts at zero lets the gradient through after a step
        network.zero_grad()
        labels = (torch.rand(64, 2) < 0.5).float()
        logits = network(inputs)
        ObjectiveLoss([1.0, 1.0])(logits, labels, weight).backward()
        with torch.no_grad():
            for parameter in network.parameters():
                if parameter.grad is not None:
                    parameter.sub_(0.1 * parameter.grad)
    idle = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert idle == []


@every
def test_learns_a_world_whose_answer_is_known(name):
    history = name in NEEDS_HISTORY
    schema, make = (RICH, rich_samples) if history else (PLAIN, plain_samples)
    torch.manual_seed(0)
    network = NETWORKS[name]().build(schema, BOTH)
    train, test = make(6000), make(1500, seed=1)

    def validate(module):
        logits = predict(module, in_order(test), torch.float32)[:, 0].numpy()
        return {"auc": float(roc_auc_score(test.labels["click"], logits)), "loss": 0.0}

    settings = Training(
        epochs=EPOCHS.get(name, 20),
        batch=256,
        learning_rate=3e-3,
        precision="float32",
        patience=20,
        plateau=1.0,
    )
    source = InMemory(train, BOTH, settings.batch, seed=0)

    def watch(epoch, module):
        if epoch.valid["auc"] > 0.8:  # the most that can be known is .9
            raise Learned

    with pytest.raises(Learned):
        fit(network, ObjectiveLoss([1.0, 1.0]), source, validate, settings, watch=watch)


@every
def test_an_id_beyond_its_table_is_refused_by_name(name):
    network = NETWORKS[name]().build(RICH, BOTH).eval()
    inputs = _small(4)
    wrong = inputs.categories.clone()
    wrong[2, 1] = 31
    with pytest.raises(IdError, match=r"'item' has id 31"):
        network(inputs._replace(categories=wrong))


@every
def test_the_same_seed_builds_the_same_network(name):
    built = []
    for _ in range(2):
        torch.manual_seed(3)
        built.append(NETWORKS[name]().build(RICH, BOTH).eval()(_small(5)))
    torch.testing.assert_close(built[0], built[1], rtol=0, atol=0)

"""A network as a model: what it is taught by, chosen on and calibrated by."""

from dataclasses import replace

import numpy as np
import pytest
from rank.networks.schemas import PLAIN, plain_samples

from galen.features.encoding.samples import Samples
from galen.features.encoding.schema import SchemaError
from galen.nn.learning.training import Training
from galen.rank.network import Network
from galen.rank.networks.deepfm import DeepFm
from galen.rank.score_metrics import auc

NETWORK = Network(DeepFm(hidden=(8,)), Training(epochs=2, batch=128, learning_rate=1e-2))


def unknown(objectives: set[str]) -> Samples:
    """Rows to choose on, of which some objectives have no label yet."""
    valid = plain_samples(400, seed=1)
    nothing = np.full(len(valid), np.nan, np.float32)
    told = {name: nothing if name in objectives else y for name, y in valid.labels.items()}
    return replace(valid, labels=told)


def test_an_objective_without_a_known_label_to_choose_on_keeps_the_order_it_learned():
    model = NETWORK.fit(PLAIN, plain_samples(4000), unknown({"purchase"}))
    later = plain_samples(1000, seed=2)
    scores = model.score(later)
    for place, label in enumerate(later.labels.values()):
        assert auc(label, scores[:, place]) > 0.6


def test_rows_to_choose_on_without_any_known_label_are_refused():
    with pytest.raises(SchemaError, match="no label is known"):
        NETWORK.fit(PLAIN, plain_samples(400), unknown({"click", "purchase"}))

"""A shop that has hardly begun teaches nothing of what comes next, and stops no training."""

from dataclasses import replace

import numpy as np
import pytest
from nn.sequences.device_cases import CASES


@pytest.mark.parametrize("name", ["sequence", "two towers", "tiger", "beam, dense and cold"])
def test_a_shop_in_which_one_person_took_two_items_is_learned_nothing_from(name, world):
    spec = replace(CASES[name], codes=None) if name == "two towers" else CASES[name]
    index = spec.fit(world.data.take(np.arange(len(world.data)) < 2))
    assert index.course.epochs == []
    assert len(index.retrieve(world.requests([[0], [1, 2]]), 5)) == 0

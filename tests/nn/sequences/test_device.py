"""A model of what comes next may learn on another device, and answers on the processor."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from nn.sequences.device_cases import CASES
from torch.utils import backend_registration

from galen.nn.learning.training import TrainingError

TESTS = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["sequence", "two towers", "tiger", "beam"])
def test_a_device_that_is_not_there_is_told_in_words_even_where_nothing_is_to_be_learned(
    name, world
):
    spec, nobody = replace(CASES[name], device="cuda:99"), world.data.take(world.data.item < 0)
    for data in (world.data, nobody):
        with pytest.raises(TrainingError, match="nothing can be learned on device 'cuda:99' here"):
            spec.fit(data)


@pytest.mark.skipif(
    not hasattr(backend_registration, "_setup_privateuseone_for_python_backend"),
    reason="this torch has no devices written in Python",
)
def test_nothing_that_learns_elsewhere_touches_a_tensor_that_is_not_there(tmp_path):
    command = [sys.executable, str(TESTS / "nn" / "sequences" / "elsewhere.py")]
    paths = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, str(tmp_path / "differ.json")],
        env=environment,
        timeout=240,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert json.loads((tmp_path / "differ.json").read_text()) == []


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
@pytest.mark.parametrize("name", sorted(CASES))
def test_what_was_learned_on_a_gpu_answers_on_the_processor(name, world, tmp_path):
    index = replace(CASES[name], device="cuda").fit(world.data)
    asked = world.requests([[0, 1, 2], [7, 8], [13]])
    found = index.retrieve(asked, 5)
    assert len(found)
    index.save(tmp_path)
    assert index.settings.load(tmp_path).retrieve(asked, 5).item.tolist() == found.item.tolist()

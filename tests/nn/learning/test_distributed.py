"""Two processes learn what one learns from the same mini-batches."""

import functools
import json
import operator
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from rank.networks.schemas import plain_samples
from safetensors.torch import load_file

from galen.nn.learning.distributed import Workers, joined, workers
from galen.nn.tables.sharding import block
from galen.rank.lessons import lesson_of

TESTS = Path(__file__).parents[2]


def learned(processes, out, epochs=3, tables="dense", checkpoints=None):
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(processes)]
    command += ["--standalone", str(TESTS / "nn" / "learning" / "learns_together.py")]
    command += [str(out), str(epochs), tables, *([str(checkpoints)] if checkpoints else [])]
    paths = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, env=environment, timeout=240, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads((out / "curve.json").read_text()), load_file(out / "weights.safetensors")


def assert_same(one, two):
    assert [loss for loss, _ in one[0]] == pytest.approx([loss for loss, _ in two[0]], rel=1e-5)
    for name, tensor in one[1].items():
        torch.testing.assert_close(tensor, two[1][name], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("tables", ["dense", "touched"])
def test_two_processes_have_the_curve_and_the_weights_of_one(tmp_path, tables):
    alone = learned(1, tmp_path / "one", tables=tables)
    together = learned(2, tmp_path / "two", tables=tables)
    assert len(alone[0]) == 3
    assert_same(alone, together)


@pytest.mark.parametrize(("first", "then"), [(1, 2), (2, 1)])
def test_a_checkpoint_moves_between_one_and_two_processes(tmp_path, first, then):
    whole = learned(1, tmp_path / "whole", epochs=4)
    checkpoints = tmp_path / "checkpoints"
    learned(first, tmp_path / "half", epochs=2, checkpoints=checkpoints)
    assert_same(whole, learned(then, tmp_path / "rest", epochs=4, checkpoints=checkpoints))


def test_shares_of_a_mini_batch_are_all_of_it_and_fillers_weigh_nothing():
    import numpy as np

    lesson = lesson_of(plain_samples(7), np.arange(7), ("click",))
    shares = [lesson.share(rank, 2) for rank in range(2)]
    assert [len(share.weight) for share in shares] == [4, 4]
    assert sum(float(share.weight.sum()) for share in shares) == 7
    users = torch.cat([share.inputs.categories[share.weight > 0, 0] for share in shares])
    assert users.tolist() == lesson.inputs.categories[:, 0].tolist()


def test_blocks_of_rows_are_all_rows_once():
    for rows in (1, 2, 7, 8):
        held = [list(range(rows))[block(rows, rank, 3)] for rank in range(3)]
        assert functools.reduce(operator.iadd, held, []) == list(range(rows))


def test_without_torchrun_a_process_is_alone():
    with joined() as group:
        assert group.alone
        assert workers() == Workers()

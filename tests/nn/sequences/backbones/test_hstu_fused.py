"""The kernels of fused attention: equal to blocks, and what a GPU's compiler takes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from galen.generative.generator import Generator
from galen.nn.sequences.backbones.backbone import Shape
from galen.nn.sequences.backbones.catalog import backbone
from galen.nn.sequences.backbones.hstu_fused import AttentionError, fusable
from galen.nn.sequences.jagged import layout_of
from galen.recall.sequence import SequenceModel

HERE = Path(__file__).parent
ROOT = HERE.parents[3]
NAMES = ("states", "of queries, keys and values", "of places", "of spans")

with_triton = pytest.mark.skipif(sys.platform != "linux", reason="Triton is for Linux alone")


def run(script, *arguments, **environment):
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    told = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", **environment}
    command = [sys.executable, "-W", "ignore", str(HERE / script), *map(str, arguments)]
    return subprocess.run(command, env=told, check=True, text=True, stdout=subprocess.PIPE).stdout


@with_triton
def test_a_kernel_finds_and_learns_what_blocks_do(tmp_path):
    run("interpreted_hstu.py", tmp_path / "both.pt", TRITON_INTERPRET="1")
    fused, blocks = torch.load(tmp_path / "both.pt", weights_only=True)
    for name, one, other in zip(NAMES, fused, blocks, strict=True):
        assert other.abs().max() > 0.1, name
        torch.testing.assert_close(one, other, atol=2e-5, rtol=1e-4, msg=lambda m, n=name: n + m)


@with_triton
@pytest.mark.parametrize("capability", [80, 90])
def test_the_kernels_are_compiled_for_a_gpu_that_is_not_here(capability, tmp_path):
    told = run("compiled_hstu.py", capability, TRITON_CACHE_DIR=str(tmp_path))
    shared = dict(line.split() for line in told.splitlines())
    assert shared.keys() == {"attend", "attend_backward"}
    assert all(0 < int(size) <= 160 * 1024 for size in shared.values())  # memory of a tile's block


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
@pytest.mark.parametrize("longest", [50, 700])
def test_on_a_gpu_fused_states_are_those_of_blocks(longest):
    states = []
    lengths = torch.tensor([longest, 3, longest // 2])
    events, at = torch.randn(int(lengths.sum()), 32), torch.arange(int(lengths.sum())) * 1e4
    for attention in ("blocks", "fused"):
        torch.manual_seed(0)
        network = backbone(Shape("hstu", 32, 2, 2, 0.0, longest, attention)).to("cuda")
        layout = layout_of(lengths).to(torch.device("cuda"))
        states.append(network(events.cuda(), at.double().cuda(), layout))
        states[-1].square().mean().backward()
    torch.testing.assert_close(*states, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize(
    ("kind", "device", "told"),
    [
        ("ligr", "cuda", 'is of backbone = "hstu", not of "ligr"'),
        ("hstu", "cpu", 'device = "cpu" is none: set device = "cuda", or attention = "blocks"'),
    ],
)
def test_fused_attention_where_it_cannot_be_is_refused_in_words(kind, device, told):
    with pytest.raises(AttentionError, match=told):
        fusable(Shape(kind, attention="fused"), device)
    fusable(Shape(kind), device)


@pytest.mark.parametrize("model", [SequenceModel, Generator])
def test_a_channel_that_cannot_have_fused_attention_says_so_before_it_learns(model, world):
    with pytest.raises(AttentionError, match='set device = "cuda"'):
        model(backbone="hstu", attention="fused").fit(world.data)

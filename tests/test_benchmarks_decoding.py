"""The decoding benchmark runs end to end, and its generator's cache is the whole pass."""

import json

import numpy as np
import torch

from benchmarks import decoding
from galen.generative.decoding import beam, exact
from galen.generative.trie import Trie

SIZES = (8, 8, 8)


def test_every_way_is_timed(tmp_path):
    file = tmp_path / "rows.json"
    small = ["--items", "100", "--codes", "8", "--beam", "5", "--calls", "3"]
    decoding.main([*small, "--json", str(file)])
    rows = json.loads(file.read_text())
    assert {"mask", "transformer_beam", "gru_beam", "parallel_exact"} <= {
        row["model"] for row in rows
    }
    for row in rows:
        assert 0 < row["metrics"]["p50_ms"] <= row["metrics"]["p99_ms"]


@torch.inference_mode()
def test_a_cached_step_is_the_whole_pass():
    torch.manual_seed(0)
    generator, history = decoding.Transformer(SIZES), torch.randn(3, 50, 64)
    written = torch.tensor([[1], [5], [2]])
    state = generator.start(history)
    _, state = generator.step(state, 0, written[:, :0])
    stepped, _ = generator.step(state, 1, written)
    tokens = torch.cat(
        [history, generator.first.expand(3, 1, -1), generator.read[0](written)], dim=1
    )
    for block in generator.blocks:
        tokens, _ = block(tokens)
    whole = generator.write[1](tokens[:, -1]).log_softmax(1)
    assert torch.allclose(stepped, whole, atol=1e-5)


def test_a_batch_finds_what_each_request_finds_alone_and_what_all_scores_say():
    torch.manual_seed(0)
    chosen = np.random.default_rng(0).choice(512, 300, replace=False)
    mask = np.random.default_rng(1).random((3, 300)) < 0.5
    trie = Trie.of(np.stack(np.unravel_index(chosen, SIZES), axis=1), SIZES)
    generator, history = decoding.Transformer(SIZES), torch.randn(3, 50, 64)
    items, _ = beam(generator, history, trie.masked(mask), width=300, k=10)
    assert torch.equal(items, exact(generator, history, trie.masked(mask), k=10, rows=7)[0])
    for request in range(3):
        one = history[request : request + 1]
        alone, _ = beam(generator, one, trie.masked(mask[request]), width=300, k=10)
        assert torch.equal(alone[0], items[request])

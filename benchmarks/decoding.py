"""What one request costs a generator of semantic ids on one core, with eligibility in its trie.

    python -m benchmarks.decoding --items 20000 --levels 3 --codes 256 --beam 50 --json FILE

Weights, codes and masks are random, each request has its own mask. Timed are the mask and the
search over scores of a given generator: `transformer` is two blocks over a history of 50 tokens
whose keys and values all prefixes share, `gru` a recurrent cell, `parallel` independent levels
scored exactly. `_start` is the reading of the history, `_mask` the trie's part before the search.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.latency import clocked, p50_and_p99
from benchmarks.rows import Row, write_rows
from benchmarks.running import file_to_write, run_in_words
from galen.compare.cost import measured
from galen.generative.decoding import beam, exact, exact_parallel
from galen.generative.trie import Trie

WIDTH, HEADS, BLOCKS, HISTORY = 64, 4, 2, 50
K = 10
WARMING = 20  # calls that are not counted


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--levels", type=int, default=3)
    parser.add_argument("--codes", type=int, default=256)
    parser.add_argument("--beam", type=int, default=50)
    parser.add_argument("--eligible", type=float, default=0.7, help="share of items")
    parser.add_argument("--calls", type=int, default=500)
    parser.add_argument("--json", type=file_to_write)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    rows = []
    for name, way in ways(options).items():
        with measured() as cost:
            metrics = _times(way, options.calls if name != "gru_exact" else 20)
        print(f"{name}: p50 {metrics['p50_ms']:.3g} ms, p99 {metrics['p99_ms']:.3g} ms")
        rows.append(
            Row(
                benchmark="decoding",
                data=f"random, {options.items} items, {options.levels} levels of {options.codes}, "
                f"{options.eligible:.0%} eligible",
                model=name,
                protocol=f"one core, beam {options.beam}, k {K}",
                seed=0,
                metrics=metrics,
                cpu_seconds=cost.cpu_seconds,
                wall_seconds=cost.wall_seconds,
                peak_memory_bytes=cost.peak_memory_bytes,
            )
        )
    write_rows(options.json, rows)


def ways(options: argparse.Namespace) -> dict[str, Callable[[int], Any]]:
    """What to time by name; each is called with the number of the call."""
    torch.manual_seed(0)
    random = np.random.default_rng(0)
    sizes = (options.codes,) * options.levels
    ids = random.choice(options.codes**options.levels, options.items, replace=False)
    codes = np.stack(np.unravel_index(ids, sizes), axis=1)
    trie = Trie.of(codes, sizes)
    masks = torch.from_numpy(random.random((64, options.items)) < options.eligible)
    transformer, gru = Transformer(sizes).eval(), Gru(sizes).eval()
    history, table = torch.randn(64, HISTORY, WIDTH), torch.from_numpy(codes.T.copy()).T
    heads = [torch.randn(64, size).log_softmax(1) for size in sizes]
    width = options.beam

    def one(tensor: Tensor, call: int) -> Tensor:
        return tensor[call % 64][None]

    return {
        "mask": lambda call: trie.masked(one(masks, call)),
        "transformer_start": lambda call: transformer.start(one(history, call)),
        "transformer_beam": lambda call: beam(
            transformer, one(history, call), trie.masked(one(masks, call)), width=width, k=K
        ),
        "gru_beam": lambda call: beam(
            gru, one(history, call), trie.masked(one(masks, call)), width=width, k=K
        ),
        "parallel_exact": lambda call: exact_parallel(
            [one(head, call) for head in heads], table, one(masks, call), k=K
        ),
        "gru_exact": lambda call: exact(
            gru, one(history, call), trie.masked(one(masks, call)), k=K
        ),
    }


@dataclass(frozen=True, slots=True)
class Hidden:
    """A recurrent generator's rows."""

    vector: Tensor  # (rows, width)

    def __len__(self) -> int:
        return len(self.vector)

    def take(self, rows: Tensor) -> "Hidden":
        return Hidden(self.vector[rows])


class Gru(nn.Module):
    """A recurrent cell over the codes, from the mean of the history."""

    def __init__(self, sizes: Sequence[int]) -> None:
        super().__init__()
        self.cell = nn.GRUCell(WIDTH, WIDTH)
        self.read = nn.ModuleList(nn.Embedding(size, WIDTH) for size in sizes)
        self.write = nn.ModuleList(nn.Linear(WIDTH, size) for size in sizes)

    def start(self, context: Tensor) -> Hidden:
        return Hidden(context.mean(1))

    def step(self, state: Hidden, level: int, codes: Tensor) -> tuple[Tensor, Hidden]:
        if level:
            state = Hidden(self.cell(self.read[level - 1](codes[:, -1]), state.vector))
        return self.write[level](state.vector).log_softmax(1), state


@dataclass(frozen=True, slots=True)
class Cache:
    """Keys and values: of the history once a request, of the written codes once a row."""

    shared: tuple[Tensor, ...]  # by block: (2, requests, heads, history, width of a head)
    own: tuple[Tensor, ...]  # by block: (2, rows, heads, codes, width of a head)
    request: Tensor  # (rows,)

    def __len__(self) -> int:
        return len(self.request)

    def take(self, rows: Tensor) -> "Cache":
        return Cache(self.shared, tuple(x[:, rows] for x in self.own), self.request[rows])


class Transformer(nn.Module):
    """Two causal blocks over the history, then a start token, then the codes."""

    def __init__(self, sizes: Sequence[int]) -> None:
        super().__init__()
        self.first = nn.Parameter(torch.randn(WIDTH))
        self.blocks = nn.ModuleList(Block() for _ in range(BLOCKS))
        self.read = nn.ModuleList(nn.Embedding(size, WIDTH) for size in sizes)
        self.write = nn.ModuleList(nn.Linear(WIDTH, size) for size in sizes)

    def start(self, context: Tensor) -> Cache:
        shared = []
        for block in self.blocks:
            context, pair = block(context)
            shared.append(pair)
        requests = len(context)
        empty = shared[0].new_zeros(2, requests, HEADS, 0, WIDTH // HEADS)
        return Cache(tuple(shared), (empty,) * BLOCKS, torch.arange(requests))

    def step(self, state: Cache, level: int, codes: Tensor) -> tuple[Tensor, Cache]:
        token = self.read[level - 1](codes[:, -1]) if level else self.first.expand(len(state), -1)
        token, own = token[:, None], []
        for block, shared, written in zip(self.blocks, state.shared, state.own, strict=True):
            token, pair = block(token, shared, written, state.request)
            own.append(pair)
        scores = self.write[level](token[:, 0]).log_softmax(1)
        return scores, Cache(state.shared, tuple(own), state.request)


class Block(nn.Module):
    """Attention and a feed-forward part; keys and values go in and come out longer."""

    def __init__(self) -> None:
        super().__init__()
        self.before = nn.LayerNorm(WIDTH)
        self.between = nn.LayerNorm(WIDTH)
        self.project = nn.Linear(WIDTH, 3 * WIDTH)
        self.mix = nn.Linear(WIDTH, WIDTH)
        self.dense = nn.Sequential(
            nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH)
        )

    def forward(
        self,
        tokens: Tensor,
        shared: Tensor | None = None,
        written: Tensor | None = None,
        request: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        rows, length, _ = tokens.shape
        parts = self.project(self.before(tokens)).view(rows, length, 3, HEADS, WIDTH // HEADS)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        pair = torch.stack([key, value])
        if shared is None or written is None or request is None:
            mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        else:
            pair = torch.cat([written, pair], 3)
            mixed = _attended(query, shared, pair, request)
        tokens = tokens + self.mix(mixed.transpose(1, 2).reshape(rows, length, WIDTH))
        return tokens + self.dense(self.between(tokens)), pair


def _attended(query: Tensor, shared: Tensor, own: Tensor, request: Tensor) -> Tensor:
    """Attention of rows (rows, heads, 1, width) to the history they share and to their own codes.

    Rows of one request are queries beside each other, so that its history is read once.
    """
    if shared.shape[1] == 1:
        beside, history = query[:, :, 0].transpose(0, 1), shared[:, 0]  # (heads, rows, width)
        far = (beside @ history[0].transpose(-1, -2)).transpose(0, 1)[:, :, None]
    else:
        history = shared[:, request]
        far = query @ history[0].transpose(-1, -2)
    near = query @ own[0].transpose(-1, -2)
    weight = (torch.cat([far, near], 3) * query.shape[-1] ** -0.5).softmax(3)
    far, near = weight[..., :HISTORY], weight[..., HISTORY:]
    read: Tensor = near @ own[1]
    if shared.shape[1] == 1:
        read += (far[:, :, 0].transpose(0, 1) @ history[1]).transpose(0, 1)[:, :, None]
    else:
        read += far @ history[1]
    return read


def _times(way: Callable[[int], Any], calls: int) -> dict[str, float]:
    with torch.inference_mode():
        each = [clocked(partial(way, call)) for call in range(calls + WARMING)]
    return p50_and_p99(each[WARMING:])


if __name__ == "__main__":
    run_in_words(main)

"""Histories of a wished length over a wished catalogue, for what one request costs.

    python -m benchmarks.drawn_histories FILE --items 20000 --people 5000 --length 52
    python -m benchmarks.generative --interactions FILE \\
        --models benchmarks/recipes/generator_latency.toml --json FILE

Each person draws from one of many groups of items and, one time in five, from all of them; within
a group some are drawn more often than others (Zipf). So there is something to learn and each item
has events, but nothing of it tells how good a model is.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.running import run_in_words

GROUP = 200  # items
ELSEWHERE = 0.2  # share of events outside a person's group


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--people", type=int, default=5_000)
    parser.add_argument("--length", type=int, default=52, help="events of each person")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    table = drawn(options.items, options.people, options.length, options.seed)
    options.file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, options.file)
    print(f"{len(table):,} events of {options.people:,} people and {options.items:,} items")


def drawn(items: int, people: int, length: int, seed: int) -> pa.Table:
    """Rows user_id, item_id, pos; every item is somebody's, if there are events enough."""
    random = np.random.default_rng(seed)
    size = min(GROUP, items)
    share = 1 / np.arange(1, size + 1)
    place = random.choice(size, (people, length), p=share / share.sum())
    group = random.integers(0, max(items // size, 1), people)
    item = group[:, None] * size + place
    anywhere = random.random(item.shape) < ELSEWHERE
    turn = random.permutation(max(items, int(anywhere.sum()))) % items
    item[anywhere] = turn[: int(anywhere.sum())]
    columns = {
        "user_id": np.repeat(np.arange(people), length),
        "item_id": item.ravel(),
        "pos": np.tile(np.arange(length), people),
    }
    return pa.table(columns)


if __name__ == "__main__":
    run_in_words(main)

"""Semantic ids of every tokenizer: use, collisions, likeness of near items, stability, cost.

    python -m benchmarks.semantic_ids --items 20000 --dimensions 384 --json FILE
    python -m benchmarks.semantic_ids --catalogue ITEMS.parquet --columns brand,text --json FILE

Without a catalogue, vectors are made up: `--clusters` groups of groups, noise, and one item in a
hundred equal to another. Of a catalogue, the text of the named columns becomes vectors by TF-IDF
and leading directions. Each tokenizer is fitted with two seeds, and what is told of cost is the
first's; `unresolved` counts items that share an id after the last digit. One thread.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from benchmarks.rows import Row, write_rows
from benchmarks.running import file_to_write, run_in_words
from galen.compare.cost import measured
from galen.data.arrays import Singles
from galen.features.item_text import text_vectors
from galen.features.tokenizing.code_report import code_report
from galen.features.tokenizing.fsq import Fsq
from galen.features.tokenizing.product_codes import ProductCodes
from galen.features.tokenizing.residual_kmeans import ResidualKMeans
from galen.features.tokenizing.rq_vae import RqVae
from galen.features.tokenizing.semantic_ids import TokenizerSpec, semantic_ids

THREE = (256, 256, 256)
MEASURED: dict[str, TokenizerSpec] = {
    "residual_kmeans": ResidualKMeans(THREE, balance="none"),
    "residual_kmeans, capacity": ResidualKMeans(THREE, balance="capacity"),
    "residual_kmeans, sinkhorn": ResidualKMeans(THREE, balance="sinkhorn"),
    "rq_vae": RqVae(THREE),
    "fsq": Fsq(THREE),
    "product_codes, 3 levels": ProductCodes(THREE),
    "product_codes, 8 levels": ProductCodes((256,) * 8),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print the table and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--dimensions", type=int, default=384)
    parser.add_argument("--clusters", type=int, default=64)
    parser.add_argument("--catalogue", type=Path, help="a Parquet file of items")
    parser.add_argument("--columns", default="text", help="its text columns, comma-separated")
    parser.add_argument("--tokenizers", default=";".join(MEASURED), help="parted by semicolons")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=file_to_write)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    rows: list[Row] = []
    console = Console(width=140)
    with threadpool_limits(limits=1):
        if options.catalogue:
            name = options.catalogue.parent.name
            texts = _texts(pq.read_table(options.catalogue), options.columns.split(","))
            vectors = text_vectors(texts, options.dimensions, options.seed)
        else:
            name = "made up"
            vectors = _made_up(options.items, options.dimensions, options.clusters, options.seed)
        console.print(f"{name}: {len(vectors)} items of {vectors.shape[1]} numbers")
        for tokenizer in options.tokenizers.split(";"):
            rows.append(_measure(name, tokenizer, vectors, options.seed))
            write_rows(options.json, rows)
    console.print(_table(rows))


def _made_up(items: int, dimensions: int, clusters: int, seed: int) -> Singles:
    """(items, dimensions): groups, ten smaller groups in each, noise, some items twice."""
    draw = np.random.default_rng(seed)
    wide = draw.normal(size=(clusters, dimensions))
    narrow = draw.normal(size=(clusters * 10, dimensions))
    group = draw.integers(0, clusters * 10, items)
    vectors = wide[group // 10] + 0.6 * narrow[group]
    vectors += 0.5 * draw.normal(size=(items, dimensions))
    twice = draw.permutation(items)[: items // 50]
    half = len(twice) // 2
    vectors[twice[:half]] = vectors[twice[half : 2 * half]]
    return vectors.astype(np.float32)


def _texts(table: pa.Table, columns: Sequence[str]) -> list[str]:
    """The words of each item's columns; lists are laid end to end."""
    parts = [table.column(name).to_pylist() for name in columns]
    return [
        " ".join(" ".join(cell) if isinstance(cell, list) else cell for cell in row if cell)
        for row in zip(*parts, strict=True)
    ]


def _measure(data: str, name: str, vectors: Singles, seed: int) -> Row:
    spec = MEASURED[name]
    with measured() as cost:
        tokenizer = spec.fit(vectors, seed)
        codes = tokenizer.codes(vectors)
        items = [f"{row:08}" for row in range(len(vectors))]
        ids = semantic_ids(codes, tokenizer.sizes, items, name)
    figures = code_report(ids, vectors, spec, seed=seed).figures()
    return Row(
        benchmark="semantic_ids",
        data=data,
        model=name,
        protocol="-".join(map(str, tokenizer.sizes)),
        seed=seed,
        metrics=figures,
        cpu_seconds=cost.cpu_seconds,
        wall_seconds=cost.wall_seconds,
        peak_memory_bytes=cost.peak_memory_bytes,
    )


def _table(rows: list[Row]) -> Table:
    """One row a tokenizer; figures of levels parted by spaces."""
    table = Table(title=f"{rows[0].data}, levels parted by spaces")
    by_level = ("used", "perplexity", "purity", "stability")
    whole = ("collisions", "crowd", "unresolved")
    for heading in ("tokenizer", *by_level, *whole, "CPU s"):
        table.add_column(heading)
    for row in rows:
        levels = len(row.protocol.split("-"))
        cells = []
        for name in by_level:
            values = [row.metrics[f"{name}_{level}"] for level in range(1, levels + 1)]
            digits = 0 if name == "perplexity" else 2
            cells.append(" ".join(f"{value:.{digits}f}" for value in values))
        cells += [f"{row.metrics['collisions']:.3f}"]
        cells += [f"{row.metrics[name]:.0f}" for name in ("crowd", "unresolved")]
        table.add_row(row.model, *cells, f"{row.cpu_seconds:.0f}")
    return table


if __name__ == "__main__":
    run_in_words(main)

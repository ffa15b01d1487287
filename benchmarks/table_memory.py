"""Encoding and streamed learning of a large table: rows a second, and peak memory.

    python -m benchmarks.table_memory --rows 10000000 --fields 20 --json FILE

A file of random ids is written first, then read in a process of its own, whose peak is told.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from benchmarks.rows import Row, write_rows
from benchmarks.running import file_to_write, run_in_words
from galen.assembly.recipes.recipe import RankPart, RecallPart, Recipe
from galen.assembly.table import learn_encoder, train_table
from galen.compare.cost import measured

PIECE = 200_000


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line; write the file, or measure one that is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--fields", type=int, default=20)
    parser.add_argument("--json", type=file_to_write)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.folder:
        _measure(options.folder, options.rows, options.json)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder / "train.parquet", options.rows, options.fields)
        _write(folder / "valid.parquet", 100_000, options.fields)
        command = [sys.executable, "-m", "benchmarks.table_memory", "--folder", name]
        command += ["--rows", str(options.rows)]
        command += ["--json", str(options.json)] if options.json else []
        subprocess.run(command, check=True)


def _write(path: Path, rows: int, fields: int) -> None:
    draw = np.random.default_rng(0)
    sizes = np.geomspace(4, 400_000, fields).astype(int)
    kinds = {"label": pa.int8(), **{f"field{place}": pa.int32() for place in range(fields)}}
    with pq.ParquetWriter(path, pa.schema(kinds)) as writer:
        for start in range(0, rows, PIECE):
            count = min(PIECE, rows - start)
            columns = [pa.array(draw.integers(0, 2, count), pa.int8())]
            for size in sizes:
                ids = (size * draw.random(count) ** 3).astype(np.int32)  # a few are frequent
                columns.append(pa.array(ids))
            writer.write_table(pa.table(columns, names=list(kinds)))


def _measure(folder: Path, rows: int, json: Path | None) -> None:
    torch.set_num_threads(1)
    recipe = Recipe(
        name="fm",
        recall={"popular": RecallPart("popular")},
        filters=("hidden",),
        rank=RankPart("fm", training={"epochs": 1, "tables": "touched"}),
    )
    with measured() as encoding:
        learn_encoder(folder)
    with measured() as cost:
        run = train_table(recipe, folder, progress=lambda _: None)
    metrics = {
        "fitting_rows_per_cpu_second": rows / encoding.cpu_seconds,
        "all_rows_per_cpu_second": rows / cost.cpu_seconds,
        "fields": float(len(run.encoder.schema.categories)),
    }
    row = Row(
        benchmark="table_memory",
        data=f"random, {rows} rows",
        model="fm",
        protocol="streamed, one epoch",
        seed=0,
        metrics=metrics,
        cpu_seconds=cost.cpu_seconds,
        wall_seconds=cost.wall_seconds,
        peak_memory_bytes=cost.peak_memory_bytes,
    )
    print(f"{row.peak_memory_bytes / 2**30:.2f} GiB, {metrics}, {cost.cpu_seconds:.0f} CPU s")
    write_rows(json, [row])


if __name__ == "__main__":
    run_in_words(main)

"""What vectors of texts add, by slice and beside placebos, on any file with user_id, item_id, pos.

    python -m benchmarks.enrichment --interactions FILE --items FILE --text COLUMNS \\
        --title COLUMNS --facts COLUMNS --category COLUMN --json FILE

`--text` columns of the items are told to MiniLM (or to `--encoder words`, which needs no model);
`--title` are fewer of them, `--facts` those that no one wrote for this purpose. Parts: `ranking` (a
pointwise network on what was taken among items drawn alike, with vectors through an adaptor of
experts), `held_out` (a tenth of items taken out of learning whole) and `begin` (the table that
SASRec's items begin from). All variants have the same rows; base and enriched choose among the same
tries on validation, and the others take what enriched took. `permuted` gives each vector to another
item, `random` draws vectors as long: what they gain too is no gain. `co-taken` turns vectors by
what was taken together in learning. Paired by seed; t-intervals of 95 %.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from rich.console import Console
from rich.table import Table
from scipy.stats import t as student

from benchmarks.cut import cut, shop_of
from benchmarks.enriched_ranking import Budget, chosen, gains, measure
from benchmarks.enriched_recall import (
    content_row,
    held_out,
    laid_beside,
    mean_of,
    plain_rows,
    sequence_row,
)
from benchmarks.enriched_rows import world_of
from benchmarks.item_vectors import ENCODERS, drawn, encoded, item_texts, permuted
from benchmarks.rows import Row, write_rows
from benchmarks.running import at_least_one, file_to_write, run_in_words
from galen.data.arrays import Floats, Ints, Singles
from galen.data.dataset import Dataset
from galen.data.schema import TAKEN
from galen.enrich.co_taken import CoTaken
from galen.features.item_vectors import Encoded, Form, Use, formed, projected
from galen.recall.sequence import SequenceModel

PLACEBOS: Final = ("permuted", "random")
SLICES: Final = ("all", "cold", "tail", "warm", "few events", "sparse")
VARIANTS: Final = ("base", "vectors", *PLACEBOS, "title", "facts", "raw", "whitened", "co-taken")
BEGINNINGS: Final[tuple[Use, ...]] = ("none", "raw", "whitened", "pca", "centred")


@dataclass(frozen=True)
class Texts:
    """Vectors of what is told, of titles alone, and of facts alone."""

    whole: Encoded
    title: Encoded
    facts: Encoded

    def variant(self, name: str, seed: int, learned: Dataset) -> tuple[Encoded, Form]:
        """Vectors of a variant, and their form; `learned` is all that may have been seen."""
        match name:
            case "permuted":
                return permuted(self.whole, seed), "pca"
            case "random":
                return drawn(self.whole, seed), "pca"
            case "co-taken":
                return CoTaken(seed=seed).fit(self.whole, learned), "pca"
            case "title" | "facts":
                return getattr(self, name), "pca"
            case "raw" | "centred" | "whitened":
                return self.whole, name
        return self.whole, "pca"


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print the tables and write the rows."""
    options = _options(arguments)
    torch.set_num_threads(1)
    console, rows = Console(width=150), list[Row]()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = cut(options.interactions, options.items, options.people, 0, folder)
        data = Dataset.read(shop_of(paths, folder / "shop")).of(*TAKEN)
        texts = _texts(data, options)
        parts: dict[str, Callable[[], Iterator[Row]]] = {
            "held_out": lambda: _held_out(data, texts, options, folder),
            "ranking": lambda: _ranking(data, texts, options),
            "begin": lambda: _begin(data, texts, options, folder),
        }
        for part in options.parts.split(","):
            for row in parts[part]():
                told = "  ".join(f"{m} {v:.4f}" for m, v in list(row.metrics.items())[:9])
                console.print(f"{row.model} seed {row.seed}: {told}  {row.cpu_seconds:.0f} CPU s")
                rows.append(row)
                write_rows(options.json, rows)
    for part in options.parts.split(","):
        of = {"held_out": "held-out items", "ranking": "ranking", "begin": "where own"}[part]
        mine = [row for row in rows if row.benchmark.startswith(f"enrichment, {of}")]
        console.print(_gained(mine) if part == "ranking" else _means(part, mine))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interactions", type=Path, required=True)
    parser.add_argument("--items", type=Path, required=True)
    parser.add_argument("--text", required=True, help="columns, comma-separated")
    parser.add_argument("--title", required=True)
    parser.add_argument("--facts", required=True)
    parser.add_argument("--category", default="", help="a column; lists count as one name")
    parser.add_argument("--parts", default="held_out,ranking,begin")
    parser.add_argument(
        "--variants", default=",".join(VARIANTS), help="of ranking and held_out; `centred` too"
    )
    parser.add_argument("--beginnings", default=",".join(BEGINNINGS))
    parser.add_argument("--seeds", type=at_least_one, default=5)
    parser.add_argument("--size", type=int, default=32, help="numbers of a vector in ranking")
    parser.add_argument("--negatives", default="1,3,10", help="in learning, validation and test")
    parser.add_argument("--epochs", type=int, default=10, help="at most, in ranking")
    parser.add_argument("--sequence-epochs", type=int, default=100, help="at most, of SASRec")
    parser.add_argument("--people", type=int, default=0, help="drawn from the file; 0 for all")
    parser.add_argument("--encoder", choices=tuple(ENCODERS), default="minilm")
    parser.add_argument("--cache", type=Path, help="a folder where vectors are kept")
    parser.add_argument("--json", type=file_to_write)
    return parser.parse_args(arguments)


def _texts(data: Dataset, options: argparse.Namespace) -> Texts:
    embedder, ids = ENCODERS[options.encoder](), data.catalogue.ids
    whole, title, facts = (
        encoded(embedder, item_texts(options.items, columns.split(",")), ids, options.cache)
        for columns in (options.text, options.title, options.facts)
    )
    return Texts(whole, title, facts)


def _ranking(data: Dataset, texts: Texts, options: argparse.Namespace) -> Iterator[Row]:
    """Base and enriched choose among the same tries; the other variants take what enriched took."""
    one, two, three = (int(n) for n in options.negatives.split(","))
    world, budget = world_of(data, 0, negatives=(one, two, three)), Budget(epochs=options.epochs)

    def vectors_of(name: str, seed: int) -> Singles | None:
        if name == "base":
            return None
        found, form = texts.variant(name, seed, data.without_last(2))
        made = formed(found, form, options.size, 0)
        return projected(made, options.size, 0)

    best = {name: chosen(world, vectors_of(name, 0), budget) for name in ("base", "vectors")}
    said = _said(options)
    first = [name for name in options.variants.split(",") if name in VARIANTS[:4]]
    rest = [name for name in options.variants.split(",") if name not in first]
    for names in (first, rest):
        for seed in range(options.seeds):
            for name in names:
                own, vectors = name in best, vectors_of(name, seed)
                took = best["base" if name == "base" else "vectors"]
                yield measure(said, name, world, vectors, budget, took, seed, own=own)


def _held_out(
    data: Dataset, texts: Texts, options: argparse.Namespace, folder: Path
) -> Iterator[Row]:
    category = _category(data, options)
    for seed in range(options.seeds):
        world = held_out(data, seed)
        yield from plain_rows(world, category, _said(options), seed)
        yield content_row("words (TF-IDF)", world, data, "none", _said(options), seed)
        for name in [name for name in options.variants.split(",") if name != "base"]:
            found, form = texts.variant(name, seed, world.learning)
            with_table = laid_beside(data, found, folder / "enriched", datetime.now(UTC))
            yield content_row(name, world, with_table, form, _said(options), seed)


def _begin(data: Dataset, texts: Texts, options: argparse.Namespace, folder: Path) -> Iterator[Row]:
    with_table = laid_beside(data, texts.whole, folder / "enriched", datetime.now(UTC))
    for seed in range(options.seeds):
        for form in options.beginnings.split(","):
            spec = SequenceModel(
                backbone="sasrec",
                attributes=(),
                begin_items=form,
                epochs=options.sequence_epochs,
                seed=seed,
            )
            yield sequence_row(form, with_table, spec, _said(options))


def _category(data: Dataset, options: argparse.Namespace) -> Ints:
    """(items,) codes; -1 where there is none."""
    if not options.category:
        return np.full(len(data.catalogue), -1)
    table = pq.read_table(options.items, columns=["item_id", options.category])
    names = {
        item: "|".join(sorted(value)) if isinstance(value, list) else value
        for item, value in zip(
            table["item_id"].cast(pa.string()).to_pylist(),
            table[options.category].to_pylist(),
            strict=True,
        )
    }
    said = [names.get(item) or "" for item in data.catalogue.ids]
    codes = np.unique(said, return_inverse=True)[1]
    return np.where(np.array(said) == "", -1, codes.astype(np.int64))


def _said(options: argparse.Namespace) -> str:
    name = options.interactions.parent.name or options.interactions.stem
    return f"{name}, {options.people} people" if options.people else str(name)


def _gained(rows: Sequence[Row]) -> Table:
    """AUC of the base, and what each variant adds; no gain where a placebo adds as much."""
    table = Table(title="ranking: AUC of base, gain of the others (95 % over seeds)")
    for heading in ("variant", *SLICES, "gAUC, all", "CPU s"):
        table.add_column(heading, justify="right")
    for name in dict.fromkeys(row.model for row in rows):
        metrics = [*(f"auc/{part}" for part in SLICES), "gauc/all"]
        cells = [_cell(rows, name, metric) for metric in metrics]
        seconds = np.mean([row.cpu_seconds for row in rows if row.model == name])
        table.add_row(name, *cells, f"{seconds:.0f}")
    return table


def _cell(rows: Sequence[Row], name: str, metric: str) -> str:
    if name == "base":
        return f"{mean_of(rows, name, metric).mean():.4f}"
    gain = gains(rows, name, "base", metric)
    if not len(gain) or np.isnan(gain).all():
        return ""
    told = f"{gain.mean():+.4f}{_spread(gain)}"
    if name in PLACEBOS:
        return told
    over = [gains(rows, name, placebo, metric) for placebo in PLACEBOS]
    beats = all(len(found) and found.mean() - _half(found) > 0 for found in over)
    return told if beats and gain.mean() - _half(gain) > 0 else f"no gain ({told})"


def _means(part: str, rows: Sequence[Row]) -> Table:
    metric = "recall@50" if part == "held_out" else "ndcg@10"
    table = Table(title=f"{part}: {metric} (95 % over seeds)")
    for heading in ("model", metric, "over the first row", "CPU s"):
        table.add_column(heading, justify="right")
    models = list(dict.fromkeys(row.model for row in rows))
    for name in models:
        found, first = mean_of(rows, name, metric), mean_of(rows, models[0], metric)
        seconds = np.mean([row.cpu_seconds for row in rows if row.model == name])
        ratio = f"{found.mean() / max(first[: len(found)].mean(), 1e-12):.3f}"
        table.add_row(name, f"{found.mean():.4f}{_spread(found)}", ratio, f"{seconds:.0f}")
    return table


def _spread(values: Floats) -> str:
    return f" ± {_half(values):.4f}" if len(values) > 1 else ""


def _half(values: Floats) -> float:
    """Half of the 95 % interval of the mean; 0 of one value, which has none."""
    count = len(values)
    if count < 2:
        return 0.0
    return float(student.ppf(0.975, count - 1) * values.std(ddof=1) / np.sqrt(count))


if __name__ == "__main__":
    run_in_words(main)

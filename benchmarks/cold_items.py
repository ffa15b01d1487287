"""Items that nobody took while a model learned, on any file with user_id, item_id and pos.

    python -m benchmarks.cold_items --interactions FILE --items FILE --json FILE

A share of items, drawn by seed, is held out of learning whole: every event of them is taken out of
the histories that are learned from (as Yang et al., LIGER, 2024). Asked are all people whose last
item is one of them, and as many others at most as `--warm` says. An answer ranks all items, those
of the history excluded; `among_cold` ranks the held-out items alone, ties pessimistic. With
`--part validation` everybody's last item is dropped first, which is what settings are chosen on.
"""

import argparse
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from benchmarks.asking import BLOCK, K, gains_of, places_of_wanted, requests_of, slates_of
from benchmarks.cut import shop_of
from benchmarks.protocol_rows import Terms
from benchmarks.rows import Row, parameters_of_channel, write_rows
from benchmarks.running import at_least_one, file_to_write, run_in_words
from galen.compare.cost import measured
from galen.data.arrays import Bools, Floats, Ints
from galen.data.dataset import Dataset
from galen.data.schema import TAKEN
from galen.evaluate.intervals import mean_interval, paired_interval
from galen.features.tokenizing.coding import Coding
from galen.generative.generator import Generator
from galen.generative.generator_index import GeneratorIndex
from galen.pipeline.candidates import Candidates, Requests
from galen.pipeline.stages import Retriever, RetrieverSpec, Scorer
from galen.recall.content import Content
from galen.recall.popular import Popular
from galen.recall.sequence import SequenceModel
from galen.recall.two_tower import TwoTower

SHOWN: Final = ("cold", "among_cold", "warm")

ALONE: Final = 0.5  # share of own vectors left out in training, where words are to stand alone

SHARE: Final = 0.05  # of items that are held out

HYBRID: Final = Generator(
    dense=True,
    temperature=0.05,
    identity=True,
    attributes=("brand", "category", "department"),
    cold=K,
    cold_share=2 * SHARE,  # of places; people held out cannot tell, for none of them took one
)
"""Codes, own vectors and attributes, with cold items beside what is written."""

SAID: Final = Coding(sources=("attributes", "text"))
"""Codes of what is said of items, whoever takes them."""

MODELS: Final[Mapping[str, Callable[[int], RetrieverSpec]]] = {
    "popular_in_category": lambda seed: Popular(by="category"),
    "content": lambda seed: Content(seed=seed),
    "two_tower": lambda seed: TwoTower(seed=seed),
    "two_tower_text": lambda seed: TwoTower(text=True, identity_dropout=ALONE, seed=seed),
    "two_tower_codes": lambda seed: TwoTower(codes=Coding(), seed=seed),
    "two_tower_said_codes": lambda seed: TwoTower(codes=SAID, seed=seed),
    "sequence": lambda seed: SequenceModel(seed=seed),
    "sequence_codes": lambda seed: SequenceModel(codes=Coding(), seed=seed),
    "sequence_text": lambda seed: SequenceModel(text=True, identity_dropout=ALONE, seed=seed),
    "sequence_words_only": lambda seed: SequenceModel(text=True, identity=False, seed=seed),
    "generator_dense": lambda seed: Generator(dense=True, identity=True, seed=seed),
    "hybrid": lambda seed: replace(HYBRID, seed=seed),
    "hybrid_text": lambda seed: replace(HYBRID, text=True, identity_dropout=ALONE, seed=seed),
}


@dataclass(frozen=True)
class World:
    """What is learned from, which items are not in it, and who is asked."""

    learning: Dataset
    cold: Bools  # (items,)
    requests: Requests
    wanted: Ints  # (R,)

    @property
    def asked_cold(self) -> Bools:
        return self.cold[self.wanted]

    def terms(
        self, options: argparse.Namespace, model: str, spec: RetrieverSpec, parameters: int
    ) -> Terms:
        """On which terms a model is asked."""
        last = 2 if options.part == "validation" else 1
        cold = int(self.asked_cold.sum())
        return Terms(
            f"weights from items[:-{last}] but those held out ({options.share:g} of all, drawn by "
            f"the seed), asked for items[-{last}] after items[:-{last}]",
            f"all {cold:,} whose wanted item is held out, and {len(self.wanted) - cold:,} others",
            len(self.wanted),
            {model: spec},
            parameters,
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print the table and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interactions", type=Path, required=True)
    parser.add_argument("--items", type=Path)
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--share", type=float, default=SHARE, help="of items that are held out")
    parser.add_argument("--people", type=int, help="histories that are drawn; all where not given")
    parser.add_argument("--warm", type=int, default=2000, help="others that are asked")
    parser.add_argument("--part", choices=("test", "validation"), default="test")
    parser.add_argument("--seeds", type=at_least_one, default=1)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--json", type=file_to_write)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    rows: list[Row] = []
    hits: dict[str, list[Floats]] = {}
    console = Console(width=140)
    with tempfile.TemporaryDirectory() as folder:
        paths = {"interactions": options.interactions}
        if options.items:
            paths["items"] = options.items
        data = Dataset.read(shop_of(paths, Path(folder) / "shop")).of(*TAKEN)
    for model in options.models.split(","):
        for seed in range(options.first_seed, options.first_seed + options.seeds):
            row, hit = _measure(world_of(data, options, seed), options, model, seed)
            rows.append(row)
            hits.setdefault(model, []).append(hit)
            console.print(_told(row))
            write_rows(options.json, rows)
    console.print(_table(rows, hits))


def world_of(data: Dataset, options: argparse.Namespace, seed: int) -> World:
    """Hold items out, and choose who is asked."""
    random = np.random.default_rng(seed)
    data = data.without_last(1) if options.part == "validation" else data
    if options.people is not None and options.people < data.users:
        drawn = random.choice(data.users, options.people, replace=False)
        data = data.take(np.isin(data.user, drawn))
    known = np.unique(data.item)
    cold = np.zeros(len(data.catalogue), bool)
    cold[random.choice(known, max(1, round(options.share * len(known))), replace=False)] = True
    last, past = data.nth_last(1), data.without_last(1)
    able = past.length[last.user] > 0
    warm = np.flatnonzero(able & ~cold[last.item])
    chosen = np.sort(random.choice(warm, min(options.warm, len(warm)), replace=False))
    rows = np.concatenate([np.flatnonzero(able & cold[last.item]), chosen])
    learning = past.take(~cold[past.item])
    return World(
        learning, cold, requests_of(past, last.user[rows]), last.item[rows].astype(np.int64)
    )


def _measure(
    world: World, options: argparse.Namespace, model: str, seed: int
) -> tuple[Row, Floats]:
    spec = MODELS[model](seed)
    with measured() as cost:
        index = spec.fit(world.learning)
        found = slates_of(index, world.requests)
        gains = {"all": gains_of(places_of_wanted(found, world.wanted))}
        among = _among_cold(index, world)
    asked = world.asked_cold
    gains["among"] = gains_of(among)
    metrics = {"people_cold": float(asked.sum()), "people_warm": float((~asked).sum())}
    for name, part, rows in (
        ("cold", "all", asked),
        ("among_cold", "among", asked),
        ("warm", "all", ~asked),
    ):
        for metric, values in zip(("recall@10", "ndcg@10"), gains[part], strict=True):
            interval = mean_interval(values[rows], seed=seed)
            metrics[f"{metric}/{name}"] = interval.value
            metrics[f"{metric}/{name}_low"] = interval.low
            metrics[f"{metric}/{name}_high"] = interval.high
    metrics["cold_shown"] = float(world.cold[found.item].mean()) if len(found) else 0.0
    metrics["coverage"] = len(np.unique(found.item)) / len(world.cold)
    metrics["coverage_cold"] = float(np.isin(np.flatnonzero(world.cold), found.item).mean())
    terms = world.terms(options, model, spec, parameters_of_channel(index))
    row = Row(
        benchmark="cold_items",
        data=options.interactions.parent.name or options.interactions.stem,
        model=model,
        protocol=f"{options.part}, {options.share:g} of items held out",
        seed=seed,
        metrics=metrics | terms.numbers(),
        cpu_seconds=cost.cpu_seconds,
        wall_seconds=cost.wall_seconds,
        peak_memory_bytes=cost.peak_memory_bytes,
        facts=terms.facts(),
    )
    return row, gains["all"][0][asked]


def _among_cold(index: Retriever, world: World) -> Ints:
    """(R,) place of what was wanted among the items held out; K where it is not one of them."""
    place = np.full(len(world.wanted), K)
    asked = np.flatnonzero(world.asked_cold)  # these stand first
    for start in range(0, len(asked), BLOCK):
        stop = min(start + BLOCK, len(asked))
        part = world.requests.part(start, stop)
        if isinstance(index, GeneratorIndex):
            found = index.generate(part, K, lambda people, items: _only(world.cold, len(people)))
            found = Candidates(found.request + start, found.item, {})
            place[start:stop] = places_of_wanted(found, world.wanted)[start:stop]
        elif isinstance(index, Scorer):
            place[start:stop] = _by_score(index, part, world, start)
    return place


def _only(cold: Bools, people: int) -> Bools:
    return np.tile(cold, (people, 1))


def _by_score(index: Scorer, part: Requests, world: World, start: int) -> Ints:
    items = np.flatnonzero(world.cold)
    request = np.repeat(np.arange(len(part)), len(items))
    pairs = Candidates(request, np.tile(items, len(part)), {})
    score = index.answer(part).scores(pairs).reshape(len(part), len(items))
    score = np.where(np.isnan(score), -np.inf, score)
    wanted = np.searchsorted(items, world.wanted[start : start + len(part)])
    own = score[np.arange(len(part)), wanted][:, None]
    score[np.arange(len(part)), wanted] = -np.inf
    history = part.history
    there = np.isin(history.item, items)
    score[history.request[there], np.searchsorted(items, history.item[there])] = -np.inf
    place = (score >= own).sum(axis=1)
    return np.where(np.isneginf(own[:, 0]), K, np.minimum(place, K))


def _told(row: Row) -> str:
    known = [f"{name} {row.metrics[f'recall@10/{name}']:.4f}" for name in SHOWN]
    return f"{row.model} seed {row.seed}: recall@10 {'  '.join(known)}  {row.cpu_seconds:.0f} CPU s"


def _table(rows: Sequence[Row], hits: Mapping[str, Sequence[Floats]]) -> Table:
    """Means over seeds; the gain is in recall of cold items over `content`, paired by person."""
    table = Table(
        title="recall@10 / ndcg@10 of people whose next item nobody had taken, and others"
    )
    headings = ("model", *SHOWN, "cold over content", "cold shown", "coverage", "CPU s")
    for heading in headings:
        table.add_column(heading, justify="right")
    for model, found in hits.items():
        mine = [row for row in rows if row.model == model]
        mean = {name: np.mean([row.metrics[name] for row in mine]) for name in mine[0].metrics}
        cells = [f"{mean[f'recall@10/{n}']:.4f} / {mean[f'ndcg@10/{n}']:.4f}" for n in SHOWN]
        gain = ""
        if "content" in hits and model != "content":
            better, worse = np.concatenate(found), np.concatenate(hits["content"])
            gain = str(paired_interval(better, worse, seed=0))
        cells += [gain, f"{mean['cold_shown']:.3f}", f"{mean['coverage']:.3f}"]
        table.add_row(model, *cells, f"{np.mean([row.cpu_seconds for row in mine]):.0f}")
    return table


if __name__ == "__main__":
    run_in_words(main)

"""How often something forbidden is shown, with the gate and without it, under faults.

    python -m benchmarks.eligibility --requests 1000000 --json FILE

Every 1,000 requests have a shelf, people, a pack and a fault of their own, drawn from a seed:
channels (two that propose at random, one that always fails in some worlds, a generator that
learned), a ranker, an explorer of positions, and the fallback of popular items where a slate is
short. What may not be shown is told by `benchmarks.eligibility_oracle`, which shares nothing with
the rules. Without the gate every fiftieth world is asked: were nothing forbidden shown there, the
test would be blind.
"""

import argparse
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import structlog
from rich.progress import track

from benchmarks.eligibility_oracle import Goods, Oracle, Person
from benchmarks.health_world import (
    Words,
    catalogue_of,
    draw_pack,
    draw_people,
    draw_shelf,
    requests_of,
)
from benchmarks.rows import Row, write_rows
from benchmarks.running import file_to_write, run_in_words
from galen.compare.cost import measured
from galen.data.arrays import Floats
from galen.data.catalogue import Catalogue
from galen.data.dataset import Dataset
from galen.data.schema import Kind
from galen.eligibility.gate import Gate, with_placed
from galen.eligibility.rules.stock import InStock
from galen.eligibility.rules.withdrawn import Withdrawals
from galen.features.item_facts import ItemFacts
from galen.generative.generator import Generator
from galen.generative.generator_index import GeneratorIndex
from galen.knowledge.build import built_in
from galen.knowledge.labels.contents import IngredientReader
from galen.knowledge.schema import ConceptKind
from galen.knowledge.texts.concept_words import ConceptWords
from galen.pipeline.candidates import Batch, Candidates, Requests
from galen.pipeline.channels import Channel, ChannelRunner
from galen.pipeline.pipeline import Pipeline
from galen.serve.answering.fallback import popular_pipeline
from galen.serve.answering.wanted import Wanted
from galen.serve.messages import SlateFilter

ITEMS, PEOPLE, SLATE = 150, 1000, 8
FAULTS = ("none", "rule", "channel", "ranker", "fusion", "stale stock", "withdrawn")
WITHOUT = 50
"""One world in so many is asked without the gate too."""
WRITES = 20
"""A generator writes in one world in so many: it costs a hundred times a channel that draws."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, draw worlds, count, print and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=file_to_write)
    options = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    graph = built_in()
    words = Words.of(graph, IngredientReader.of(graph))
    generator = learned_generator(options.seed)
    counts = {"on": Counts(), "off": Counts()}
    with measured() as cost:
        for number in track(range(-(-options.requests // PEOPLE)), "worlds"):
            world = World.draw(
                words, generator, np.random.default_rng([options.seed, number]), number
            )
            world.ask(counts["on"], gated=True)
            if number % WITHOUT == 0:
                world.ask(counts["off"], gated=False)
    rows = []
    for gate, counted in counts.items():
        print(f"gate {gate}: {counted.told()}")
        rows.append(
            Row(
                benchmark="eligibility",
                data=f"random worlds of {ITEMS} items and {PEOPLE} people",
                model=f"gate {gate}",
                protocol=f"slates of {SLATE}, faults: {', '.join(FAULTS)}",
                seed=options.seed,
                metrics=counted.metrics(),
                cpu_seconds=cost.cpu_seconds,
                wall_seconds=cost.wall_seconds,
                peak_memory_bytes=cost.peak_memory_bytes,
            )
        )
    write_rows(options.json, rows)


class Counts:
    """What was shown, and what of it should not have been."""

    def __init__(self) -> None:
        self.requests = self.shown = self.empty = 0
        self.forbidden: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()

    def add(self, fault: str, found: Sequence[Sequence[tuple[str, int]]], shown: int) -> None:
        self.requests += len(found)
        self.shown += shown
        self.faults[fault] += len(found)
        self.forbidden.update(rule for some in found for rule, _ in some)

    def told(self) -> str:
        by_rule = ", ".join(f"{rule} {count:,}" for rule, count in self.forbidden.most_common())
        total = sum(self.forbidden.values())
        return (
            f"{self.requests:,} requests, {self.shown:,} items shown, {total:,} forbidden exposures"
            f"{': ' + by_rule if by_rule else ''}; {self.empty:,} empty slates"
        )

    def metrics(self) -> dict[str, float]:
        return {
            "requests": self.requests,
            "shown": self.shown,
            "empty": self.empty,
            "forbidden_exposures": sum(self.forbidden.values()),
            **{f"forbidden_{rule}": count for rule, count in self.forbidden.items()},
            **{f"requests_{fault}": count for fault, count in self.faults.items()},
        }


@dataclass
class World:
    """One shelf, its people, a pack, a fault."""

    oracle: Oracle
    people: list[Person]
    catalogue: Catalogue
    gate: Gate
    channels: tuple[Channel, ...]
    fault: str
    random: np.random.Generator

    @classmethod
    def draw(
        cls, words: Words, generator: GeneratorIndex, random: np.random.Generator, number: int
    ) -> "World":
        shelf = draw_shelf(words, ITEMS, random)
        catalogue = catalogue_of(shelf, words)
        pack = draw_pack(random)
        namer = ConceptWords.of(words.graph, ConceptKind.PRODUCT_WORD)
        facts = ItemFacts(catalogue, words.reader, namer)
        listed = Withdrawals()
        gate = Gate.of(catalogue, facts, words.graph, pack, listed)
        people = draw_people(words, ITEMS, PEOPLE, random)
        fault = str(random.choice(FAULTS))
        seeds = [int(seed) for seed in random.integers(0, 2**31, 2)]
        channels = [Channel(f"random {n}", Drawn(seed), 60) for n, seed in enumerate(seeds)]
        if number % WRITES == 0:
            channels.append(Channel("generator", generator, 30))
        if fault == "channel":
            channels.append(Channel("broken", Broken(), 60))
        oracle = Oracle(words.graph, pack, list(shelf))
        return cls(oracle, people, catalogue, gate, tuple(channels), fault, random)

    def ask(self, counts: Counts, *, gated: bool) -> None:
        """Slates of all people as a service makes them, each held against the oracle."""
        requests = requests_of(self.people, self.oracle.graph)
        stage = {self.fault: Broken()}
        pipeline = Pipeline(
            recall=ChannelRunner(self.channels),
            filters=(InStock(self.catalogue),),
            fuser=stage.get("fusion", ByRank()),
            rank_limit=60,
            assembler=ById(),
            ranker=stage.get("ranker", ById()),
            blend=(("click", 1.0),),
        )
        if gated:
            pipeline = self.gate.guard(pipeline)
            if self.fault == "rule":
                place = int(self.random.integers(0, len(pipeline.filters)))
                filters = list(pipeline.filters)
                filters[place] = Broken()
                pipeline = replace(pipeline, filters=tuple(filters))
        self._change()
        slates = self._slates(pipeline, requests)
        found = [
            self.oracle.forbidden(person, slate)
            for person, slate in zip(self.people, slates, strict=True)
        ]
        counts.add(self.fault, found, sum(map(len, slates)))
        counts.empty += sum(not slate for slate in slates)

    def _change(self) -> None:
        """What changes after channels learned and gates were compiled: stock, withdrawals."""
        goods = self.oracle.goods
        assert isinstance(goods, list)
        for item in self.random.choice(ITEMS, 10, replace=False).tolist():
            if self.fault == "stale stock":
                self.catalogue.upsert(self.catalogue.record(item) | {"stock": 0})
                goods[item] = replace(goods[item], sellable=False)
            if self.fault == "withdrawn":
                self.gate.withdrawals.put("item", str(item))
                goods[item] = replace(goods[item], withdrawn=True)

    def _slates(self, pipeline: Pipeline, requests: Requests) -> list[list[int]]:
        slate = pipeline.run(requests, SLATE)
        closed = any(part.startswith("eligibility:") for part in slate.degraded)
        slates: list[list[int]] = [[] for _ in range(len(requests))]
        _fill(slates, slate.candidates)
        short = np.array([len(found) < SLATE for found in slates])
        if short.any() and not closed:
            wanted = Wanted(self.catalogue, SlateFilter())
            popular = popular_pipeline(pipeline, np.arange(ITEMS, dtype=np.float64), wanted)
            more = popular.run(with_placed(requests, slate.candidates), SLATE)
            _fill(slates, more.candidates)
        return [found[:SLATE] for found in slates]


def _fill(slates: list[list[int]], rows: Candidates) -> None:
    for request, item in zip(rows.request.tolist(), rows.item.tolist(), strict=True):
        if len(slates[request]) < SLATE and item not in slates[request]:
            slates[request].append(item)


@dataclass(frozen=True)
class Drawn:
    """A channel that proposes items at random."""

    seed: int

    def retrieve(self, requests: Requests, k: int) -> Candidates:
        random = np.random.default_rng(self.seed)
        order = random.random((len(requests), ITEMS)).argsort(axis=1)[:, :k]
        score = np.tile(np.arange(k, 0, -1, dtype=np.float64), len(requests))
        request = np.repeat(np.arange(len(requests)), order.shape[1])
        return Candidates(request, order.ravel(), {"score": score})

    def save(self, folder: Path) -> None:
        """Nothing is kept."""


class ByRank:
    def fuse(
        self, requests: Requests, candidates: Candidates, failed: Sequence[str] = ()
    ) -> Candidates:
        ranks = [v for name, v in candidates.columns.items() if name.endswith("_rank")]
        return candidates.with_columns({"recall_score": -np.fmin.reduce(ranks)})


class ById:
    """Ranks by a hash of the item."""

    objectives = ("click",)

    def assemble(self, requests: Requests, candidates: Candidates) -> Batch:
        odd = (candidates.item * 2654435761 % 1000).astype(np.float32)
        return Batch(candidates.request, {}, {"odd": odd})

    def score(self, batch: Batch) -> Floats:
        return (1 + batch.per_row["odd"].astype(np.float64))[:, None]

    def save(self, folder: Path) -> None:
        """Nothing is kept."""


class Broken:
    """Any part, failing."""

    rule, reason, objectives = "broken", "", ("click",)

    def _fail(self, *_: Any) -> Any:
        raise RuntimeError("broken on purpose")

    retrieve = keep = fuse = score = actions = save = _fail
    findings: Callable[..., Any] = _fail


def learned_generator(seed: int) -> GeneratorIndex:
    """A generator over as many items, which learned random walks; it knows of no rule."""
    random = np.random.default_rng(seed)
    user = np.repeat(np.arange(100), 8)
    item = (random.integers(0, ITEMS, 100)[:, None] + np.arange(8)) % ITEMS
    goods = [Goods((), (), "none", True, ("care",), True, str(n)) for n in range(ITEMS)]
    graph = built_in()
    words = Words.of(graph, IngredientReader.of(graph))
    data = Dataset(
        catalogue=catalogue_of(goods, words),
        clock="order",
        users=100,
        user=user.astype(np.int32),
        item=item.ravel().astype(np.int32),
        kind=np.full(800, int(Kind.PURCHASE), np.int8),
        at=np.tile(np.arange(8), 100),
    )
    return Generator(sizes=(16, 16), width=16, epochs=3, parallel=True, sources=("taken",)).fit(
        data
    )


if __name__ == "__main__":
    run_in_words(main)

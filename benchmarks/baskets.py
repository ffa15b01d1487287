"""Severe pairs in slates beside carts and current medicines: with the gate none, without it many.

    python -m benchmarks.baskets --baskets 100000 --json FILE [--catalogue FILE]

Baskets of people with an age, conditions, 0 to 10 current medicines and 1 to 6 items in the cart
ask for a slate. Half are of a synthetic shop (carts of what one person bought, people as they
declare themselves, recall by the item graph), half of random shelves of what the knowledge knows.
`--catalogue` adds as many as a tenth over a real list of medicines, with classes set to "otc" so
that all may be shown. Counted are pairs of a slate's item with another of the slate, an item of
the cart, a medicine (interacting) or a condition (contraindicated) of severity 3 or 4, straight
from the graph's relations by `benchmarks.eligibility_oracle`, which shares nothing with the rules.
"""

import argparse
import logging
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import structlog
from rich.progress import track

from benchmarks.basket_worlds import Basket, Shelf, draw_baskets, listed, random_shelf, synthetic
from benchmarks.eligibility_oracle import Oracle
from benchmarks.health_world import Words
from benchmarks.rows import Row, write_rows
from benchmarks.running import file_to_write, run_in_words
from galen.compare.cost import measured
from galen.data.schema import Kind, Surface
from galen.eligibility.declarations import RequestWords
from galen.eligibility.guard import Guard
from galen.knowledge.build import built_in
from galen.knowledge.labels.contents import IngredientReader
from galen.knowledge.pack import read_pack
from galen.pipeline.candidates import Candidates, Histories, Requests
from galen.pipeline.channels import Channel, ChannelRunner
from galen.pipeline.circumstances import Bought, Packed
from galen.pipeline.pipeline import Pipeline

BLOCK, SLATE, RECALLED = 500, 8, 40
NOW = 1_780_000_000_000_000


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, draw and ask, print and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--baskets", type=int, default=100_000)
    parser.add_argument("--catalogue", type=Path, help="Parquet with a column Composition")
    parser.add_argument("--pack", default="general")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=file_to_write)
    options = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    graph = built_in()
    words = Words.of(graph, IngredientReader.of(graph))
    random = np.random.default_rng(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        half = -(-options.baskets // 2)
        shelves = [
            (synthetic(Path(folder) / "shop", options.seed), half),
            (random_shelf(words, random), options.baskets - half),
        ]
        if options.catalogue is not None:
            shelves.append((listed(options.catalogue, words), -(-options.baskets // 10)))
        rows: list[Row] = []
        for shelf, count in shelves:
            rows += _measure(shelf, count, words, options.pack, options.seed)
            write_rows(options.json, rows)


def _measure(shelf: Shelf, count: int, words: Words, pack: str, seed: int) -> list[Row]:
    random = np.random.default_rng([seed, len(shelf.goods)])
    counts = {"with": Counts(), "without": Counts()}
    with measured() as cost:
        guard = Guard.over(shelf.catalogue, words.graph, words.reader, read_pack(pack))
        oracle = Oracle(words.graph, read_pack(pack), shelf.goods)
        said, unknown = 0, 0
        for start in track(range(0, count, BLOCK), shelf.name):
            baskets = draw_baskets(shelf, words, min(BLOCK, count - start), random)
            requests = requests_of(baskets, guard)
            said += sum(len(basket.medicines) for basket in baskets)
            unknown += sum(basket.unknown for basket in baskets)
            for gate, counted in counts.items():
                slates = slates_of(shelf, guard, requests, gated=gate == "with")
                for basket, slate in zip(baskets, slates, strict=True):
                    counted.add(oracle, basket, slate)
    facts = guard.gate.premises.items
    told = {
        "medicines_on_the_shelf": float(facts.medicine.sum()),
        "mapping_coverage": float(facts.recognised[facts.medicine].mean()),
        "declared_medicines": float(said + unknown),
        "unknown_share": unknown / max(said + unknown, 1),
    }
    rows = []
    for gate, counted in counts.items():
        metrics = counted.metrics() | told
        print(f"{shelf.name}, {gate} the gate: " + _words(metrics))
        rows.append(
            Row(
                benchmark="baskets",
                data=shelf.name,
                model=f"pack {pack}, {gate} the gate",
                protocol=f"slates of {SLATE} beside carts of 1-6, 0-10 medicines",
                seed=seed,
                metrics=metrics,
                cpu_seconds=cost.cpu_seconds,
                wall_seconds=cost.wall_seconds,
                peak_memory_bytes=cost.peak_memory_bytes,
            )
        )
    return rows


def _words(metrics: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:,.4g}" for name, value in metrics.items())


@dataclass
class Counts:
    """Pairs with at least one item of a slate, by what the other is."""

    baskets: int = 0
    shown: int = 0
    hit: int = 0  # baskets with any such pair
    pairs: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("slate", "cart", "medicine", "condition"), 0)
    )

    def add(self, oracle: Oracle, basket: Basket, slate: Sequence[int]) -> None:
        """Count one slate."""
        holds = [oracle.goods[item].concepts for item in slate]
        cart = [oracle.goods[item].concepts for item in basket.cart]
        before = sum(self.pairs.values())
        for place, mine in enumerate(holds):
            self.pairs["slate"] += sum(_clash(oracle, mine, other) for other in holds[:place])
            self.pairs["cart"] += sum(_clash(oracle, mine, other) for other in cart)
            self.pairs["medicine"] += sum(
                _clash(oracle, mine, (medicine,)) for medicine in basket.medicines
            )
            self.pairs["condition"] += sum(
                any(oracle.wrong(concept, state) for concept in mine) for state in basket.states
            )
        self.baskets += 1
        self.shown += len(slate)
        self.hit += sum(self.pairs.values()) > before

    def metrics(self) -> dict[str, float]:
        return {
            "baskets": float(self.baskets),
            "items_shown": float(self.shown),
            "severe_pairs": float(sum(self.pairs.values())),
            "baskets_with_one": float(self.hit),
            **{f"with_{other}": float(count) for other, count in self.pairs.items()},
        }


def _clash(oracle: Oracle, some: Sequence[str], others: Sequence[str]) -> bool:
    return any(oracle.clash(one, other) for one in some for other in others)


def requests_of(baskets: Sequence[Basket], guard: Guard) -> Requests:
    """The baskets as a service would take them, from words."""
    nothing = Bought(Packed.of([[] for _ in baskets]), np.empty(0, np.int64), np.empty(0))
    ids = guard.gate.premises.catalogue.ids
    asked = [RequestWords(cart=[ids[item] for item in basket.cart]) for basket in baskets]
    records = [
        {"conditions": basket.said_states, "medicines": basket.said_medicines} for basket in baskets
    ]
    count = len(baskets)
    cart = Packed.of([basket.cart for basket in baskets])
    kinds = np.full(len(cart.values), int(Kind.CART))
    history = Histories(cart.offsets, cart.values, kinds, np.full(len(kinds), NOW))
    return Requests(
        user=np.full(count, -1),
        at=np.full(count, NOW),
        history=history,
        surface=np.full(count, int(Surface.CART)),
        age=np.array([basket.age for basket in baskets]),
        region=[None] * count,
        seed=np.arange(count),
        circumstances=guard.declarations.of(asked, records, nothing),
    )


def slates_of(shelf: Shelf, guard: Guard, requests: Requests, *, gated: bool) -> list[list[int]]:
    """What the shelf's channels propose beside each cart, through the gate or not."""
    pipeline = Pipeline(
        recall=ChannelRunner((Channel("beside the cart", shelf.channel, RECALLED),)),
        filters=(),
        fuser=ByScore(),
        rank_limit=RECALLED,
    )
    if gated:
        pipeline = guard.gate.guard(pipeline)
    found = pipeline.run(requests, SLATE)
    if found.degraded:
        raise RuntimeError(f"a stage failed: {found.degraded}")
    rows = found.candidates
    cuts = np.searchsorted(rows.request, np.arange(1, len(requests)))
    return [items.tolist() for items in np.split(rows.item, cuts)]


class ByScore:
    """Keeps the order of the one channel."""

    def fuse(
        self, requests: Requests, candidates: Candidates, failed: Sequence[str] = ()
    ) -> Candidates:
        (score,) = (v for name, v in candidates.columns.items() if name.endswith("_score"))
        return candidates.with_columns({"recall_score": score})


if __name__ == "__main__":
    run_in_words(main)

"""What all rules of health cost one request: 500 candidates, 10 medicines, 100,000 items, one core.

    python -m benchmarks.eligibility_cost --json FILE

Timed are the rules after recall (all candidates), the rules after re-ranking (the same rows again,
the worst case) with the rule about slates, notices and help lines. The shelf and the people are
drawn as in `benchmarks.eligibility`, with more declared; every request is of another person.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from benchmarks.eligibility_oracle import Person
from benchmarks.health_world import Words, catalogue_of, draw_people, draw_shelf, requests_of
from benchmarks.latency import p50_and_p99
from benchmarks.rows import Row, write_rows
from benchmarks.running import file_to_write, run_in_words
from galen.compare.cost import measured
from galen.eligibility.gate import Gate
from galen.features.item_facts import ItemFacts
from galen.knowledge.build import built_in
from galen.knowledge.labels.contents import IngredientReader
from galen.knowledge.pack import read_pack
from galen.knowledge.schema import ConceptKind
from galen.knowledge.texts.concept_words import ConceptWords
from galen.pipeline.candidates import Candidates, Requests

SLATE = 20


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print and write the row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--candidates", type=int, default=500)
    parser.add_argument("--medicines", type=int, default=10)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--pack", default="us")
    parser.add_argument("--json", type=file_to_write)
    options = parser.parse_args(arguments)
    random = np.random.default_rng(0)
    graph = built_in()
    words = Words.of(graph, IngredientReader.of(graph))
    catalogue = catalogue_of(draw_shelf(words, options.items, random), words)
    start = time.perf_counter()
    facts = ItemFacts(catalogue, words.reader, ConceptWords.of(graph, ConceptKind.PRODUCT_WORD))
    read = time.perf_counter() - start
    start = time.perf_counter()
    gate = Gate.of(catalogue, facts, graph, read_pack(options.pack))
    compiled = time.perf_counter() - start
    drugs = [str(drug) for drug in words.drugs]
    people = [
        replace(
            person,
            medicines=tuple(random.choice(drugs, options.medicines, replace=False)),
        )
        for person in draw_people(words, options.items, options.calls, random)
    ]
    with measured() as cost:
        wall, processor = _times(gate, people, options.candidates, random)
    took = p50_and_p99(wall) | p50_and_p99(processor, of="cpu_")
    print(
        f"p50 {took['p50_ms']:.2f} ms, p99 {took['p99_ms']:.2f} ms (of the processor "
        f"{took['cpu_p50_ms']:.2f} and {took['cpu_p99_ms']:.2f}) of "
        f"{options.calls} requests; facts of "
        f"{options.items:,} items in {read:.1f} s, pack compiled in {compiled:.2f} s"
    )
    row = Row(
        benchmark="eligibility_cost",
        data=f"random, {options.items} items",
        model=f"pack {options.pack}",
        protocol=f"{options.candidates} candidates, {options.medicines} medicines, one core",
        seed=0,
        metrics={**took, "facts_s": read, "compile_s": compiled},
        cpu_seconds=cost.cpu_seconds,
        wall_seconds=cost.wall_seconds,
        peak_memory_bytes=cost.peak_memory_bytes,
    )
    write_rows(options.json, [row])


def _times(
    gate: Gate, people: Sequence[Person], candidates: int, random: np.random.Generator
) -> tuple[list[float], list[float]]:
    """Milliseconds of the wall clock and of the processor for each person's request."""
    wall, processor = [], []
    for person in people:
        requests = requests_of([person], gate.premises.graph)
        item = random.choice(len(gate.premises.catalogue), candidates, replace=False)
        rows = Candidates(np.zeros(len(item), np.int64), item)
        start, before = time.perf_counter(), time.thread_time()
        _decide(gate, requests, rows)
        wall.append(1000 * (time.perf_counter() - start))
        processor.append(1000 * (time.thread_time() - before))
    return wall, processor


def _decide(gate: Gate, requests: Requests, rows: Candidates) -> None:
    """All that a pipeline and a reply ask of the gate."""
    for _ in range(2):
        for rule in gate.filters:
            keep = rule.keep(requests, rows)
            rows = rows if keep.all() else rows.take(keep)
    rows = rows.take(gate.together.keep(requests, rows, SLATE))
    gate.notices(requests, rows)
    gate.cards(requests)


if __name__ == "__main__":
    run_in_words(main)

"""What a large graph of knowledge costs to open: seconds and memory of a fresh process.

    python -m benchmarks.knowledge_size --relations 1000000 --json FILE

A random graph is written first, then opened in a process of its own. Memory is the growth of that
process's peak over its size before it opened the graph, with all of galen's and the libraries' code
already loaded. `rules` is what the safety rules take from it: interactions and contraindications as
columns, and the matrix of what is a kind of what.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.rows import Row, write_rows
from benchmarks.running import file_to_write, run_in_words
from galen.knowledge.graph import Graph
from galen.knowledge.schema import CONCEPTS, RELATIONS, ConceptKind, Relation

KINDS = (ConceptKind.INGREDIENT, ConceptKind.DRUG_CLASS, ConceptKind.CONDITION)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line; write a graph and open it, or open one that is there."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--relations", type=int, default=1_000_000)
    parser.add_argument("--concepts", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=file_to_write)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.folder:
        _measure(options)
        return
    with tempfile.TemporaryDirectory() as name:
        made = random_graph(options.concepts, options.relations, options.seed)
        made.save(Path(name), "2026-01-01T00:00:00+00:00")
        command = [sys.executable, "-m", "benchmarks.knowledge_size", "--folder", name]
        command += ["--relations", str(options.relations), "--concepts", str(options.concepts)]
        command += ["--json", str(options.json)] if options.json else []
        subprocess.run(command, check=True)


def random_graph(concepts: int, relations: int, seed: int) -> Graph:
    """Concepts of three kinds, classes a tenth of them; nine tenths of relations are of safety."""
    draw = np.random.default_rng(seed)
    kind = np.array([0] * 6 + [1] + [2] * 3)[np.arange(concepts) % 10]
    kinds = [KINDS[code] for code in kind]
    names = [f"{of.value} number {row}" for row, of in enumerate(kinds)]
    table = {
        "concept_id": [f"{of.value}:{name}" for of, name in zip(kinds, names, strict=True)],
        "kind": [of.value for of in kinds],
        "name": names,
        "synonyms": [[f"{name} by another name", f"{name} again"] for name in names],
        "codes": [[f"code:{row}"] for row in range(concepts)],
        "source": ["random"] * concepts,
        "licence": ["none"] * concepts,
    }
    goods, classes, conditions = (np.flatnonzero(kind == code) for code in range(3))
    part = draw.choice(3, relations, p=[0.6, 0.3, 0.1])
    tails = [draw.choice(rows, relations) for rows in (goods, conditions, classes)]
    words = [Relation.INTERACTS_WITH, Relation.CONTRAINDICATED_FOR, Relation.IS_A]
    columns = {
        "head": draw.choice(goods, relations),
        "relation": pa.array([word.value for word in words]).take(pa.array(part)),
        "tail": np.choose(part, tails),
        "severity": draw.integers(1, 5, relations),
        "confidence": draw.random(relations),
        "source": pa.array([f"source {n}" for n in range(15)]).take(
            pa.array(draw.integers(0, 15, relations))
        ),
        "licence": ["none"] * relations,
        "citation": pa.array([f"citation number {n}" for n in range(20_000)]).take(
            pa.array(draw.integers(0, 20_000, relations))
        ),
        "date": [date(2026, 1, 1)] * relations,
    }
    return Graph(pa.table(table, CONCEPTS), pa.table(columns).cast(RELATIONS))


def _measure(options: argparse.Namespace) -> None:
    before = _peak()
    cpu, started = time.process_time(), time.perf_counter()
    graph = Graph.open(options.folder)
    opened, grown = time.perf_counter() - started, _peak() - before
    for relation in (Relation.INTERACTS_WITH, Relation.CONTRAINDICATED_FOR):
        graph.edges(relation)
    wider = graph.wider
    ruled, whole = time.perf_counter() - started, _peak() - before
    cpu = time.process_time() - cpu
    metrics = {
        "relations": float(graph.relations.num_rows),
        "concepts": float(len(graph)),
        "open_seconds": opened,
        "open_memory_mb": grown / 1e6,
        "rules_seconds": ruled,
        "rules_memory_mb": whole / 1e6,
        "wider_entries": float(wider.nnz),
    }
    print(", ".join(f"{name} {value:,.2f}" for name, value in metrics.items()))
    told = ("knowledge_size", "random graph", "graph", "opened in a fresh process", options.seed)
    write_rows(options.json, [Row(*told, metrics, cpu, ruled, _peak())])


def _peak() -> int:
    """Bytes of this process's largest resident size so far.

    Linux hands the peak of getrusage down from the parent, which made the graph.
    """
    (line,) = (
        line
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        if line.startswith("VmHWM:")
    )
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    run_in_words(main)

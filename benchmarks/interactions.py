"""How far sources of drug interactions agree: each is held out and looked up in all the others.

    python -m benchmarks.interactions --evidence ddi_evidence.parquet --json FILE

A pair counts where both its drugs have an interaction in the others. `found` is the share of such
pairs that the others have too; `found apart` is the same without the sources of the same family,
which partly copy each other; `with rules` adds galen's own rules of classes to the others. Severity
is compared where both grade: the others' worst grade against the source's. Agreement is no proof of
truth, and what only one source has may be right.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.rows import Row, write_rows
from benchmarks.running import file_to_write, run_in_words
from galen.compare.cost import measured
from galen.data.arrays import Bools, Ints
from galen.knowledge.graph import Graph
from galen.knowledge.joining import join
from galen.knowledge.loading.interactions import load_evidence
from galen.knowledge.schema import SEVERITIES, Relation
from galen.knowledge.sources import shipped_sources

FAMILIES: Final = (
    ("FrenchDB", "World-Vista"),  # both are the thesaurus of the French ANSM
    ("DDI-Corpus-2011", "DDI-Corpus-2013"),
    ("ONC-HighPriority", "ONC-NonInteruptive"),
)
SEED: Final = "galen seed"


@dataclass(frozen=True)
class Pairs:
    """Interactions of some sources as columns: one row a pair, with the worst severity."""

    key: Ints  # (P,) lower row * concepts + higher row, sorted
    severity: Ints  # (P,) 0 where no source grades the pair
    size: int  # concepts

    @classmethod
    def of(cls, key: Ints, severity: Ints, size: int) -> "Pairs":
        keys, inverse = np.unique(key, return_inverse=True)
        worst = np.zeros(len(keys), np.int64)
        np.maximum.at(worst, inverse, severity)
        return cls(keys, worst, size)

    def drugs(self) -> Ints:
        return np.unique(np.concatenate([self.key // self.size, self.key % self.size]))

    def graded(self, key: Ints) -> Ints:
        """The severity of each pair asked for; -1 where the pair is not here."""
        at = np.searchsorted(self.key, key).clip(max=max(len(self.key) - 1, 0))
        here = self.key[at] == key if len(self.key) else np.zeros(len(key), bool)
        return np.where(here, self.severity[at], -1) if len(self.key) else np.full(len(key), -1)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, hold out each source, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--evidence", type=Path, required=True)
    parser.add_argument("--json", type=file_to_write)
    options = parser.parse_args(arguments)
    joined = join([*shipped_sources(), load_evidence(options.evidence)])
    graph = Graph(joined.concepts, joined.relations)
    by_source = pairs_by_source(graph)
    rules = ruled(graph)
    rows = []
    for source in by_source:
        with measured() as cost:
            metrics = agreement(source, by_source, rules)
        told = ("interactions", options.evidence.stem, source, "held out by source", 0)
        costs = (cost.cpu_seconds, cost.wall_seconds, cost.peak_memory_bytes)
        rows.append(Row(*told, metrics, *costs))
    console = Console(width=150)
    console.print(overall(rows))
    console.print(by_severity(rows))
    write_rows(options.json, rows)


def pairs_by_source(graph: Graph) -> dict[str, Pairs]:
    """The pairs of every source but galen's own rules, the largest first."""
    relations = graph.relations
    kind = np.asarray(relations["relation"].cast("string").to_pylist(), object)
    source = np.asarray(relations["source"].cast("string").to_pylist(), object)
    key, severity = _keys(graph)
    found = {}
    for name in sorted(set(source[kind == Relation.INTERACTS_WITH.value]) - {SEED}):
        rows = (kind == Relation.INTERACTS_WITH.value) & (source == name)
        found[name] = Pairs.of(key[rows], severity[rows], len(graph))
    return dict(sorted(found.items(), key=lambda item: -len(item[1].key)))


def _keys(graph: Graph) -> tuple[Ints, Ints]:
    ends = np.stack([np.asarray(graph.relations[end], np.int64) for end in ("head", "tail")])
    severity = np.asarray(graph.relations["severity"].fill_null(0), np.int64)
    return ends.min(0) * len(graph) + ends.max(0), severity


def ruled(graph: Graph) -> Pairs:
    """galen's own rules, told of every ingredient that is a kind of what they name."""
    edges = graph.edges(Relation.INTERACTS_WITH)
    sources = np.asarray(graph.relations["source"].cast("string").to_pylist(), object)
    own = sources[edges.row] == SEED
    narrower = graph.wider.T.tocsr()
    keys, severities = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for head, tail, severity in zip(
        edges.head[own], edges.tail[own], edges.severity[own], strict=True
    ):
        ones, others = (np.asarray(narrower[row].indices, np.int64) for row in (head, tail))
        one, other = (side.ravel() for side in np.meshgrid(ones, others))
        keys.append(np.minimum(one, other) * len(graph) + np.maximum(one, other))
        severities.append(np.full(len(one), int(severity)))
    return Pairs.of(np.concatenate(keys), np.concatenate(severities), len(graph))


def agreement(source: str, by_source: dict[str, Pairs], rules: Pairs) -> dict[str, float]:
    """How much of a source the others have, and how alike they grade."""
    held = by_source[source]
    family = {name for names in FAMILIES if source in names for name in names}
    others = _together([pairs for name, pairs in by_source.items() if name != source])
    apart = _together([p for name, p in by_source.items() if name not in family | {source}])
    ruled_too = _together([others, rules])
    known = np.isin(held.key // held.size, others.drugs())
    known &= np.isin(held.key % held.size, others.drugs())
    key, mine = held.key[known], held.severity[known]
    theirs = others.graded(key)
    metrics = {
        "pairs": float(len(held.key)),
        "known": float(len(key)),
        "found": _share(theirs >= 0),
        "found_apart": _share(apart.graded(key) >= 0),
        "found_with_rules": _share(ruled_too.graded(key) >= 0),
    }
    both = (theirs > 0) & (mine > 0)
    metrics |= {
        "graded_by_both": float(both.sum()),
        "equal": _share((theirs == mine)[both]),
        "others_graver": _share((theirs > mine)[both]),
        "others_milder": _share((theirs < mine)[both]),
    }
    for severity, word in SEVERITIES.items():
        at = mine == severity
        metrics[f"known/{word}"] = float(at.sum())
        metrics[f"found/{word}"] = _share((theirs >= 0)[at])
        metrics[f"equal/{word}"] = _share((theirs == mine)[at & both])
        metrics[f"others_milder/{word}"] = _share((theirs < mine)[at & both])
    return metrics


def _together(parts: Sequence[Pairs]) -> Pairs:
    key = np.concatenate([part.key for part in parts])
    return Pairs.of(key, np.concatenate([part.severity for part in parts]), parts[0].size)


def _share(hits: Bools) -> float:
    """The share that is true; not a number where there is nothing."""
    return float(hits.mean()) if len(hits) else float("nan")


def overall(rows: Sequence[Row]) -> Table:
    """A row a source."""
    found = ("pairs", "known", "found", "found_apart", "found_with_rules")
    names = (*found, "graded_by_both", "equal", "others_graver", "others_milder")
    table = Table("held out", *(name.replace("_", " ") for name in names))
    for row in rows:
        table.add_row(row.model, *(_told(name, row.metrics[name]) for name in names))
    return table


def by_severity(rows: Sequence[Row]) -> Table:
    """A row a source and severity that it gives."""
    names = ("known", "found", "equal", "others_milder")
    table = Table("held out", "severity", *(name.replace("_", " ") for name in names))
    for row in rows:
        for word in reversed(SEVERITIES.values()):
            figures = [(name, row.metrics[f"{name}/{word}"]) for name in names]
            if figures[0][1]:
                table.add_row(row.model, word, *(_told(*figure) for figure in figures))
    return table


def _told(name: str, value: float) -> str:
    if np.isnan(value):
        return "-"
    return f"{value:,.0f}" if name in {"pairs", "known", "graded_by_both"} else f"{value:.3f}"


if __name__ == "__main__":
    run_in_words(main)

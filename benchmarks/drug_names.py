"""How many mentions of ingredients in real lists of products are found in a vocabulary.

    python -m benchmarks.drug_names --catalogues DIR --vocabulary FILE [--json FILE] [--queue FILE]

Protocol: every product's composition is cut into parts, every part looked up by its names. Reported
are shares of mentions and of distinct names, by the step that found them. Spellings: 1,500
names of the vocabulary, drawn with a seed, are looked up with themselves left out, by near spelling
alone; `near_right` is the share of such guesses that name the same ingredient.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.rows import Row, write_rows
from benchmarks.running import file_to_write, run_in_words
from galen.compare.cost import Cost, measured
from galen.knowledge.graph import Graph, KnowledgeError
from galen.knowledge.labels.composition import parse_composition
from galen.knowledge.labels.ingredient_names import How, IngredientNames, Matches
from galen.knowledge.labels.name_review import review_queue, write_review
from galen.knowledge.labels.near_names import NearNames
from galen.knowledge.labels.shipped_names import shipped_names
from galen.knowledge.labels.spelling import Spelling
from galen.knowledge.schema import CONCEPTS, RELATIONS, ConceptKind, concept_id

LISTS = {
    "medicines_india_1mg": "Composition",
    "otc_japan_pmda": "ingredient_names",
    "pharmacy_bussma_products": "ingredient_name",
}
HEAD = 25


def vocabulary_graph(file: Path) -> Graph:
    """The ingredients of a copy of the DrugBank open vocabulary, without relations."""
    table = pq.read_table(file, columns=["drugbank_id", "name", "synonyms"]).to_pydict()
    synonyms = [[part for part in (text or "").split(" | ") if part] for text in table["synonyms"]]
    rows = len(synonyms)
    concepts = pa.table(
        {
            "concept_id": [concept_id(ConceptKind.INGREDIENT, name) for name in table["name"]],
            "kind": [ConceptKind.INGREDIENT.value] * rows,
            "name": table["name"],
            "synonyms": synonyms,
            "codes": [[f"drugbank:{code}"] for code in table["drugbank_id"]],
            "source": ["DrugBank open vocabulary"] * rows,
            "licence": ["CC0-1.0"] * rows,
        },
        schema=CONCEPTS,
    )
    return Graph(concepts, RELATIONS.empty_table())


def mentions_of(file: Path, column: str) -> tuple[list[tuple[str, ...]], int]:
    """Names of every ingredient of every product, and how many products cannot be read."""
    found: list[tuple[str, ...]] = []
    unread = 0
    for cell in pq.read_table(file, columns=[column])[column].to_pylist():
        for text in [cell] if isinstance(cell, str) else cell or []:
            try:
                parts = parse_composition(text)
            except KnowledgeError:
                unread += 1
                continue
            found += [(part.name, *part.other_names) for part in parts]
    return [names for names in found if names[0].casefold() != "none"], unread


def shares(mentions: Sequence[tuple[str, ...]], matches: Matches, unread: int) -> dict[str, float]:
    """Coverage by mentions and by distinct names, with the share of each step."""
    how = matches.how
    one_each = list({names: row for row, names in enumerate(mentions)}.values())
    figures = {
        "mentions": float(len(how)),
        "distinct": float(len(one_each)),
        "unreadable": float(unread),
        "mentions_found": float(np.mean(how > 0)),
        "distinct_found": float(np.mean(how[one_each] > 0)),
    }
    for step in How:
        figures[f"mentions_{step.name.lower()}"] = float(np.mean(how == step))
        figures[f"distinct_{step.name.lower()}"] = float(np.mean(how[one_each] == step))
    return figures


def spellings(graph: Graph, spelling: Spelling) -> dict[str, float]:
    """How often a near spelling is right, over synonyms left out one at a time."""
    owners: dict[str, set[int]] = {}
    for row, (name, others) in enumerate(
        zip(graph.names, graph.concepts["synonyms"].to_pylist(), strict=True)
    ):
        for text in {spelling.fold(word).text for word in (name, *others)}:
            owners.setdefault(text, set()).add(row)
    sole = {text: next(iter(rows)) for text, rows in owners.items() if len(rows) == 1}
    near = NearNames.of(sole)
    drawn = np.random.default_rng(0).permutation(len(near.names))[:1500]
    right = wrong = 0
    for place in drawn.tolist():
        kept = np.delete(np.arange(len(near.names)), place)
        rest = NearNames(tuple(near.names[row] for row in kept), near.rows[kept])
        rows, _ = rest.nearest([near.names[place]])
        right += int(rows[0] == near.rows[place])
        wrong += int(rows[0] not in (-1, near.rows[place]))
    guesses = right + wrong
    return {
        "near_asked": float(len(drawn)),
        "near_guessed": float(guesses),
        "near_right": right / guesses if guesses else float("nan"),
    }


def row(data: str, metrics: dict[str, float], cost: Cost) -> Row:
    return Row(
        "drug_names",
        data,
        "names, synonyms, salts, near spellings",
        "each part of each composition looked up by its names",
        0,
        metrics,
        cost.cpu_seconds,
        cost.wall_seconds,
        cost.peak_memory_bytes,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--catalogues", type=Path, required=True)
    parser.add_argument("--vocabulary", type=Path, required=True)
    parser.add_argument("--json", type=file_to_write)
    parser.add_argument("--queue", type=Path, help="where the review queue goes (.tsv, .parquet)")
    asked = parser.parse_args()
    spelling = Spelling.read()
    with measured() as cost:
        graph = vocabulary_graph(asked.vocabulary)
        index = IngredientNames(graph, spelling, shipped_names())
    rows = [row("vocabulary", {"unknown_shipped_names": float(len(index.unknown_names))}, cost)]
    queues = []
    for name, column in LISTS.items():
        with measured() as cost:
            mentions, unread = mentions_of(asked.catalogues / f"{name}.parquet", column)
            matches = index.find_any(mentions)
        rows.append(row(name, shares(mentions, matches, unread), cost))
        queues.append(review_queue([names[0] for names in mentions], matches, graph))
    with measured() as cost:
        near = spellings(graph, spelling)
    rows.append(row("spellings of the vocabulary", near, cost))
    for one in rows:
        figures = ", ".join(f"{key} {value:.4g}" for key, value in one.metrics.items())
        print(f"{one.data} ({one.wall_seconds:.1f} s): {figures}")
    for name, queue in zip(LISTS, queues, strict=True):
        print(f"\nreview queue of {name}: {queue.num_rows} rows")
        for entry in queue.slice(0, HEAD).to_pylist():
            print(f"  {entry['count']:5} {entry['mention']} -> {entry['name'] or 'not found'}")
    if asked.queue is not None:
        write_review(pa.concat_tables(queues), asked.queue)
    write_rows(asked.json, rows)


if __name__ == "__main__":
    run_in_words(main)

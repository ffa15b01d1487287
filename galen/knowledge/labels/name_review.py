"""The queue of guessed names: what a person accepts is a synonym, what they refuse stays out."""

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from galen.knowledge.graph import Graph, KnowledgeError
from galen.knowledge.labels.ingredient_names import Decisions, How, Matches

QUEUE: Final = pa.schema(
    [
        pa.field("mention", pa.string(), nullable=False),
        pa.field("concept_id", pa.string(), nullable=False),  # empty: not found; fill in to accept
        pa.field("name", pa.string(), nullable=False),
        pa.field("score", pa.float32(), nullable=False),
        pa.field("count", pa.int64(), nullable=False),  # mentions in the list
        pa.field("decision", pa.string(), nullable=False),  # "", "accept" or "reject"
    ]
)
"""One row per distinct mention that a person should see."""

WORDS: Final = ("", "accept", "reject")


def review_queue(mentions: Sequence[str], matches: Matches, graph: Graph) -> pa.Table:
    """Guesses and what was not found, the most frequent first; a table of schema QUEUE."""
    counts = Counter(mentions)
    first = {mention: row for row, mention in reversed(list(enumerate(mentions)))}
    rows = []
    for mention, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        row = first[mention]
        if matches.how[row] not in {How.FUZZY, How.NOT_FOUND}:
            continue
        concept = int(matches.concept[row])
        known = (graph.ids[concept], graph.names[concept]) if concept >= 0 else ("", "")
        rows.append((mention, *known, float(matches.score[row]), count, ""))
    columns = list(zip(*rows, strict=True)) or [()] * len(QUEUE)
    return pa.table([list(column) for column in columns], schema=QUEUE)


def write_review(queue: pa.Table, file: Path) -> None:
    """Write a queue as tab-separated text or, by its ending, as Parquet."""
    if file.suffix == ".parquet":
        pq.write_table(queue, file)
        return
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, delimiter="\t", lineterminator="\n")
        writer.writerow(QUEUE.names)
        writer.writerows(zip(*queue.to_pydict().values(), strict=True))


def read_review(file: Path) -> Decisions:
    """What people decided in a queue that `write_review` wrote.

    Raises:
        KnowledgeError: a column is missing, a decision is no known word, one has no concept, or
            one mention was accepted for two concepts.
    """
    accepted: dict[str, str] = {}
    refused = set()
    for number, row in enumerate(_rows(file), start=2):
        word = (row["decision"] or "").strip().lower()
        where = f"{file}, row {number}, {row['mention']!r}"
        if word not in WORDS:
            raise KnowledgeError(f"{where}: decision {word!r} is not accept, reject or empty.")
        concept = (row["concept_id"] or "").strip()
        if word and not concept:
            raise KnowledgeError(f"{where}: {word!r} needs a concept_id; fill it in.")
        if word == "accept" and accepted.setdefault(row["mention"], concept) != concept:
            raise KnowledgeError(f"{where} is accepted for two concepts; keep one.")
        if word == "reject":
            refused.add((row["mention"], concept))
    return Decisions(accepted, frozenset(refused))


def _rows(file: Path) -> list[dict[str, str]]:
    if file.suffix == ".parquet":
        rows: list[dict[str, str]] = pq.read_table(file).to_pylist()
    else:
        with file.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_MINIMAL))
    missing = {"mention", "concept_id", "decision"} - set(rows[0] if rows else QUEUE.names)
    if missing:
        raise KnowledgeError(f"{file} has no column {min(missing)!r}; write the queue again.")
    return rows

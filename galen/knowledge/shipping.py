"""Makes the tables that galen ships from a copy of the merged sources: only rows that may ship.

python -m galen.knowledge.shipping INTERACTIONS VOCABULARY INDICATIONS
"""

import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from galen.knowledge.joining import folded
from galen.knowledge.loading import drugbank, interactions, pharmacotherapydb
from galen.knowledge.loading.own import load_own
from galen.knowledge.loading.reading import read_table, words
from galen.knowledge.sources import SEED, SHIPPED


def write_shipped(evidence: Path, vocabulary: Path, indications: Path, folder: Path) -> None:
    """Write the interactions, the indications, and the drugs that these or the seed name.

    Raises:
        KnowledgeError: a file cannot be read as its source.
    """
    folder.mkdir(parents=True, exist_ok=True)
    columns = ("drugbank_id1", "drugbank_id2", "name1", "name2", "source", "severity_level")
    rows = read_table(evidence, columns, typed=("severity_level",))
    may = pc.is_in(rows["source"], pa.array(list(interactions.LICENCES), rows["source"].type))
    worst = interactions.worst_by_source(rows.filter(may))
    worst = worst.rename_columns({"severity_level_max": "severity_level"}).select(list(columns))
    worst = worst.sort_by([(name, "ascending") for name in ("drugbank_id1", "drugbank_id2")])
    helps = read_table(indications, pharmacotherapydb.COLUMNS)
    drugs = read_table(vocabulary, drugbank.COLUMNS)
    ids = [worst["drugbank_id1"], worst["drugbank_id2"], helps["drugbank_id"]]
    named = pa.concat_arrays([chunk for column in ids for chunk in column.chunks])
    wanted = set(named.to_pylist())
    named = [
        not wanted.isdisjoint([number, *drugbank.former_ids(former)])
        for number, former in zip(
            *(drugs[c].to_pylist() for c in drugbank.COLUMNS[:2]), strict=True
        )
    ]
    known = _names(load_own(SEED).concepts.to_pylist())
    synonyms = [words(text, " | ") for text in drugs["synonyms"].to_pylist()]
    spoken = [
        bool(known & {folded(name), *map(folded, others)})
        for name, others in zip(drugs["name"].to_pylist(), synonyms, strict=True)
    ]
    drugs = drugs.filter(pa.array([n or s for n, s in zip(named, spoken, strict=True)]))
    tables = {"interactions": worst, "indications": helps, "drugs": drugs}
    for name, table in tables.items():
        pq.write_table(table, folder / f"{name}.parquet", compression="zstd")


def _names(concepts: list[dict[str, Any]]) -> set[str]:
    return {folded(name) for row in concepts for name in (row["name"], *row["synonyms"])}


if __name__ == "__main__":
    given = [Path(path) for path in sys.argv[1:]]
    write_shipped(given[0], given[1], given[2], SHIPPED)

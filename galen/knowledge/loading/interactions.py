"""Drug–drug interactions merged from public sources by DrugBank id: by source, or all in one.

Ayvaz et al. 2015, "Toward a complete dataset of drug–drug interaction information from publicly
available sources", https://doi.org/10.1016/j.jbi.2015.04.006
"""

from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from galen.knowledge.loading.loaded import Loaded, SourceDraft
from galen.knowledge.loading.reading import read_table
from galen.knowledge.schema import ConceptKind, Relation

CITATION: Final = "Ayvaz et al. 2015, merged drug-drug interactions"
LICENCES: Final = {
    "NDF-RT": "public domain (US government work)",
    "ONC-HighPriority": "public domain (US government work)",
    "ONC-NonInteruptive": "public domain (US government work)",
    "World-Vista": "ANSM thesaurus as published by World VistA; may be passed on",
}
"""Terms by source; rows of any other source are for a user's own use only."""

OTHER: Final = "mixed; not to be passed on"
_PAIR: Final = ("drugbank_id1", "drugbank_id2")


def load_evidence(path: Path, name: str = "drug interactions") -> Loaded:
    """One relation a pair and source, with the worst severity that the source gives it.

    Raises:
        KnowledgeError: the file cannot be read as this source.
    """
    table = read_table(
        path, (*_PAIR, "name1", "name2", "source", "severity_level"), typed=("severity_level",)
    )
    worst = worst_by_source(table)
    draft = SourceDraft(name, str(path), OTHER, CITATION)
    draft.set_aside("another row of the same pair and source", len(table) - len(worst))
    for row in worst.to_pylist():
        _relate(draft, row, row["first"] + 1, row["severity_level_max"], row["source"])
    return draft.done(len(table))


def load_pairs(path: Path, name: str = "drug interaction pairs") -> Loaded:
    """One relation a pair, with the worst severity of any source.

    Raises:
        KnowledgeError: the file cannot be read as this source.
    """
    table = read_table(
        path, (*_PAIR, "name1", "name2", "max_severity", "sources"), typed=("max_severity",)
    )
    draft = SourceDraft(name, str(path), OTHER, CITATION)
    for at, row in enumerate(table.to_pylist(), 1):
        _relate(draft, row, at, row["max_severity"], None, f"{CITATION} ({row['sources']})")
    return draft.done(len(table))


def worst_by_source(table: pa.Table) -> pa.Table:
    """The rows of evidence by unordered pair and source: the worst severity, the first row."""
    one, two = table["drugbank_id1"], table["drugbank_id2"]
    turned = pc.greater(one, two)
    table = pa.table(
        {
            "drugbank_id1": pc.if_else(turned, two, one),
            "drugbank_id2": pc.if_else(turned, one, two),
            "name1": pc.if_else(turned, table["name2"], table["name1"]),
            "name2": pc.if_else(turned, table["name1"], table["name2"]),
            "source": table["source"],
            "severity_level": table["severity_level"],
            "row": pa.array(range(len(table)), pa.int64()),
        }
    )
    worst = table.group_by([*_PAIR, "source"], use_threads=False).aggregate(
        [("severity_level", "max"), ("row", "min")]
    )
    names = table.select(["name1", "name2"]).take(worst["row_min"])
    worst = worst.append_column("name1", names["name1"]).append_column("name2", names["name2"])
    return worst.rename_columns({"row_min": "first"}).sort_by("first")


def _relate(
    draft: SourceDraft,
    row: dict[str, str],
    at: int,
    severity: int | None,
    source: str | None,
    citation: str | None = None,
) -> None:
    if not row["drugbank_id1"] or not row["drugbank_id2"]:
        draft.set_aside("a drug without an id")
        return
    ends = [
        draft.concept(
            ConceptKind.INGREDIENT,
            (row[f"name{end}"] or "").strip() or row[f"drugbank_id{end}"],
            at,
            key=row[f"drugbank_id{end}"],
            codes=[f"drugbank:{row[f'drugbank_id{end}']}"],
        )
        for end in (1, 2)
    ]
    draft.relate(
        ends[0],
        Relation.INTERACTS_WITH,
        ends[1],
        at,
        severity=severity,
        source=source,
        licence=LICENCES.get(source or "", OTHER),
        citation=citation,
    )

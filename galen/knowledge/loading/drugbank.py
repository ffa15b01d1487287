"""DrugBank's open vocabulary (CC0): names, synonyms and codes of drugs; no relations.

https://go.drugbank.com/releases/latest#open-data
"""

import re
from pathlib import Path
from typing import Final

from galen.knowledge.loading.loaded import Loaded, SourceDraft
from galen.knowledge.loading.reading import read_table, words
from galen.knowledge.schema import ConceptKind

COLUMNS: Final = ("drugbank_id", "accessions", "name", "CAS", "UNII", "synonyms", "inchikey")
_SYSTEMS: Final = {"drugbank_id": "drugbank", "CAS": "cas", "UNII": "unii", "inchikey": "inchikey"}


def load_drugbank(path: Path, name: str = "DrugBank open vocabulary") -> Loaded:
    """Every drug as an ingredient.

    Raises:
        KnowledgeError: the file cannot be read as this source.
    """
    table = read_table(path, COLUMNS)
    draft = SourceDraft(name, str(path), "CC0-1.0")
    for at, row in draft.rows(table, "name"):
        draft.concept(
            ConceptKind.INGREDIENT,
            row["name"],
            at,
            key=row["drugbank_id"],
            synonyms=words(row["synonyms"], " | "),
            codes=[
                *(f"{system}:{row[c]}" for c, system in _SYSTEMS.items() if row[c]),
                *(f"drugbank:{old}" for old in former_ids(row["accessions"])),
            ],
        )
    return draft.done(len(table))


def former_ids(accessions: str | None) -> list[str]:
    """Ids under which the drug was known before; older tables still use them."""
    return [old for old in words(accessions, " | ") if re.fullmatch(r"DB\d{5}", old)]

"""PharmacotherapyDB (CC0): which drugs modify a disease, or relieve it; curated by physicians.

Himmelstein et al. 2017, "Systematic integration of biomedical knowledge prioritizes drugs for
repurposing", https://doi.org/10.7554/eLife.26726
"""

from pathlib import Path
from typing import Final

from galen.knowledge.loading.loaded import Loaded, SourceDraft
from galen.knowledge.loading.reading import read_table
from galen.knowledge.schema import ConceptKind, Relation

COLUMNS: Final = ("doid_id", "drugbank_id", "disease", "drug", "category")
CITATION: Final = "PharmacotherapyDB 1.0, Himmelstein et al. 2017"
_HELPS: Final = {"DM": ("disease-modifying", 0.9), "SYM": ("symptomatic", 0.7)}


def load_pharmacotherapydb(path: Path, name: str = "PharmacotherapyDB") -> Loaded:
    """Indications; pairs that the curators judged no indication are set aside.

    Raises:
        KnowledgeError: the file cannot be read as this source.
    """
    table = read_table(path, COLUMNS)
    draft = SourceDraft(name, str(path), "CC0-1.0")
    for at, row in draft.rows(table, "drug", "disease", "doid_id"):
        if row["category"] not in _HELPS:
            draft.set_aside("judged no indication")
            continue
        how, confidence = _HELPS[row["category"]]
        drug = draft.concept(
            ConceptKind.INGREDIENT,
            row["drug"],
            at,
            key=row["drugbank_id"],
            codes=[f"drugbank:{row['drugbank_id']}"],
        )
        disease = draft.concept(
            ConceptKind.CONDITION,
            row["disease"],
            at,
            key=row["doid_id"],
            codes=[row["doid_id"].lower()],
        )
        citation = f"{CITATION} ({how})"
        draft.relate(
            drug, Relation.INDICATES, disease, at, confidence=confidence, citation=citation
        )
    return draft.done(len(table))

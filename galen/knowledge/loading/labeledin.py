"""Indications that people read out of drug labels: experts of the field, and a crowd.

Khare et al. 2014, "LabeledIn: cataloging labeled indications for human drugs",
https://doi.org/10.1016/j.jbi.2014.08.004; Khare et al. 2015, "Scaling drug indication curation
through crowdsourcing", https://doi.org/10.1093/database/bav016
"""

from pathlib import Path
from typing import Final

from galen.knowledge.loading.loaded import Loaded, SourceDraft
from galen.knowledge.loading.reading import read_table, turned
from galen.knowledge.schema import ConceptKind, Relation

COLUMNS: Final = (
    "rxnorm_id",
    "rxnorm_name",
    "disease_cui",
    "disease_mesh_name",
    "n_labels",
    "expert",
)


def load_labeledin(path: Path, name: str = "LabeledIn") -> Loaded:
    """Indications of single ingredients, with how many labels say so.

    Raises:
        KnowledgeError: the file cannot be read as this source.
    """
    table = read_table(path, COLUMNS)
    draft = SourceDraft(name, str(path), "public domain (US government work)")
    for at, row in draft.rows(table, "rxnorm_id"):
        if ";" in row["rxnorm_id"]:
            draft.set_aside("of a combination")
        elif not row["rxnorm_name"] or not row["disease_mesh_name"]:
            draft.set_aside("a drug or disease without a name")
        else:
            drug = draft.concept(
                ConceptKind.INGREDIENT,
                row["rxnorm_name"],
                at,
                key=row["rxnorm_id"],
                codes=[f"rxcui:{row['rxnorm_id']}"],
            )
            disease = draft.concept(
                ConceptKind.CONDITION,
                row["disease_mesh_name"],
                at,
                key=row["disease_cui"],
                synonyms=turned(row["disease_mesh_name"]),
                codes=[f"umls:{row['disease_cui']}"],
            )
            who, confidence = ("experts", 0.9) if row["expert"] == "1" else ("a crowd", 0.7)
            citation = f"LabeledIn: {row['n_labels']} labels, read by {who}"
            draft.relate(
                drug, Relation.INDICATES, disease, at, confidence=confidence, citation=citation
            )
    return draft.done(len(table))

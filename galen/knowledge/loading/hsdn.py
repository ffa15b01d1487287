"""Symptoms of diseases by how often articles name both: a hint, no clinical finding.

Zhou et al. 2014, "Human symptoms-disease network", https://doi.org/10.1038/ncomms5212
"""

from pathlib import Path
from typing import Final

from galen.knowledge.loading.loaded import Loaded, SourceDraft
from galen.knowledge.loading.reading import read_table, turned
from galen.knowledge.schema import ConceptKind, Relation

COLUMNS: Final = (
    "symptom_id",
    "symptom_name",
    "disease_id",
    "disease_name",
    "doid_code",
    "doid_name",
    "cooccurs",
    "tfidf_score",
)
CITATION: Final = "Zhou et al. 2014, Human symptoms-disease network"


def load_hsdn(path: Path, name: str = "HSDN", fewest: int = 5, half_score: float = 50.0) -> Loaded:
    """Symptoms that at least `fewest` articles name with the disease.

    Confidence is score / (score + half_score), with the score's published TF-IDF.

    Raises:
        KnowledgeError: the file cannot be read as this source.
    """
    table = read_table(path, COLUMNS, typed=("cooccurs", "tfidf_score"))
    draft = SourceDraft(name, str(path), "research, non-commercial", CITATION)
    for at, row in draft.rows(table, "symptom_name", "doid_name", "doid_code"):
        if row["cooccurs"] < fewest:
            draft.set_aside(f"named together in fewer than {fewest} articles")
            continue
        symptom = draft.concept(
            ConceptKind.SYMPTOM,
            row["symptom_name"],
            at,
            key=row["symptom_id"],
            synonyms=turned(row["symptom_name"]),
            codes=[f"mesh:{row['symptom_id']}"],
        )
        disease = draft.concept(
            ConceptKind.CONDITION,
            row["doid_name"],
            at,
            key=row["disease_id"],
            synonyms=[row["disease_name"], *turned(row["disease_name"])],
            codes=[row["doid_code"].lower(), f"mesh:{row['disease_id']}"],
        )
        confidence = row["tfidf_score"] / (row["tfidf_score"] + half_score)
        draft.relate(symptom, Relation.SYMPTOM_OF, disease, at, confidence=confidence)
    return draft.done(len(table))

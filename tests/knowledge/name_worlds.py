"""A small graph of ingredients whose names tempt to be confused."""

import pyarrow as pa

from galen.knowledge.graph import Graph
from galen.knowledge.schema import CONCEPTS, RELATIONS, ConceptKind, concept_id

INGREDIENTS = {
    "Acetaminophen": ["Paracetamol", "Paracetamolum"],
    "Amoxicillin": ["Amoxicilina"],
    "Ampicillin": [],
    "Butylscopolamine": [],
    "Caffeine": [],
    "Cefalexin": [],
    "Chlorphenamine": ["Chlorpheniramine"],
    "Citric acid": ["Citrate"],
    "Clavulanic acid": [],
    "Dexchlorpheniramine": [],
    "Esomeprazole": [],
    "Fusidic acid": ["Fusidate"],
    "Hydralazine": [],
    "Hydroxyzine": [],
    "Ibuprofen": [],
    "Levocetirizine": [],
    "Cetirizine": [],
    "Megestrol acetate": [],
    "Metoprolol": [],
    "Omeprazole": [],
    "Prednisolone": [],
    "Prednisone": [],
    "Pyridoxine": ["Vitamin B6"],
    "Scopolamine": ["Hyoscine"],
    "Sodium chloride": [],
    "Sulfasalazine": [],
    "Tazobactam": [],
    "Zinc": [],
    "Factor one": ["Shared name"],
    "Factor two": ["Shared name"],
}


def small_graph() -> Graph:
    rows = len(INGREDIENTS)
    concepts = pa.table(
        {
            "concept_id": [concept_id(ConceptKind.INGREDIENT, name) for name in INGREDIENTS],
            "kind": [ConceptKind.INGREDIENT.value] * rows,
            "name": list(INGREDIENTS),
            "synonyms": list(INGREDIENTS.values()),
            "codes": [[]] * rows,
            "source": ["test"] * rows,
            "licence": ["CC0-1.0"] * rows,
        },
        schema=CONCEPTS,
    )
    return Graph(concepts, RELATIONS.empty_table())

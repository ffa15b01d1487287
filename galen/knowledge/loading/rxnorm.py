"""RxNorm: its codes and names for drugs that another source knows; no relations.

The file does not say which of its substances is an ingredient and which a brand, so no row makes a
concept of its own. Clinical drugs ("Ibuprofen 200 MG Oral Tablet"), combinations and dose forms are
left out. https://www.nlm.nih.gov/research/umls/rxnorm
"""

from pathlib import Path
from typing import Final

from galen.knowledge.loading.loaded import Loaded, SourceDraft
from galen.knowledge.loading.reading import read_table, words
from galen.knowledge.schema import ConceptKind

COLUMNS: Final = ("rxcui", "name", "synonyms", "umls_cui", "semantic_type")
SUBSTANCES: Final = {
    "T109": "organic chemical",
    "T116": "amino acid, peptide or protein",
    "T121": "pharmacologic substance",
    "T123": "biologically active substance",
    "T125": "hormone",
    "T127": "vitamin",
    "T129": "immunologic factor",
    "T131": "hazardous substance",
    "T168": "food",
    "T195": "antibiotic",
    "T196": "element or ion",
    "T197": "inorganic chemical",
}
"""Semantic types of the UMLS whose rows may be an ingredient."""


def load_rxnorm(path: Path, name: str = "RxNorm") -> Loaded:
    """Codes and names by substance.

    Raises:
        KnowledgeError: the file cannot be read as this source.
    """
    table = read_table(path, COLUMNS)
    draft = SourceDraft(name, str(path), "RxNorm free content (US National Library of Medicine)")
    for at, row in draft.rows(table, "name"):
        if row["semantic_type"] not in SUBSTANCES:
            draft.set_aside("no substance: a clinical drug, a form, a device")
        elif " / " in row["name"]:
            draft.set_aside("a combination")
        else:
            codes = [f"rxcui:{row['rxcui']}"]
            codes += [f"umls:{row['umls_cui']}"] if row["umls_cui"] else []
            draft.concept(
                ConceptKind.INGREDIENT,
                row["name"],
                at,
                key=row["rxcui"],
                synonyms=words(row["synonyms"], "|"),
                codes=codes,
            )
    return draft.done(len(table), adds=False)

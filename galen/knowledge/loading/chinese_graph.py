"""The Chinese graph of diseases: their symptoms, medicines, other names and complications.

Medicines are generic nouns with their form ("布洛芬片"), so they are product words. What the graph
says is gathered from health pages; its confidence is low.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa

from galen.knowledge.loading.loaded import Loaded, SourceDraft
from galen.knowledge.loading.reading import read_table
from galen.knowledge.schema import ConceptKind, Relation

COLUMNS: Final = ("head", "relation", "tail", "tail_truncated")
_CUT: Final = ("...", "…")


def load_chinese_graph(
    path: Path, name: str = "Chinese disease graph", confidence: float = 0.4
) -> Loaded:
    """Relations of diseases; checks, departments and parts of the body are set aside.

    Raises:
        KnowledgeError: the file cannot be read as this source.
    """
    table = read_table(path, COLUMNS, typed=("tail_truncated",))
    draft = SourceDraft(name, str(path), "research", "Chinese disease graph, from health pages")
    for at, head, relation, tail in _whole(draft, table):
        disease = draft.concept(ConceptKind.CONDITION, head, at)
        if relation == "has_alias":
            draft.also_called(disease, tail)
        elif relation == "has_symptom":
            symptom = draft.concept(ConceptKind.SYMPTOM, tail, at)
            draft.relate(symptom, Relation.SYMPTOM_OF, disease, at, confidence=confidence)
        elif relation == "treated_with_drug":
            medicine = draft.concept(ConceptKind.PRODUCT_WORD, tail, at)
            draft.relate(medicine, Relation.INDICATES, disease, at, confidence=confidence)
        else:
            other = draft.concept(ConceptKind.CONDITION, tail, at)
            draft.relate(other, Relation.COMPLICATION_OF, disease, at, confidence=confidence)
    return draft.done(len(table), apart=True)


def _whole(draft: SourceDraft, table: pa.Table) -> Iterator[tuple[int, str, str, str]]:
    """Rows of relations that the graph takes, with both names whole."""
    taken = {"has_alias", "has_symptom", "treated_with_drug", "has_complication"}
    for at, row in draft.rows(table, "head", "tail"):
        head, tail = row["head"].strip(), row["tail"].strip()
        if row["relation"] not in taken:
            draft.set_aside(f"{row['relation']}: no relation of this graph")
        elif row["tail_truncated"] or head.endswith(_CUT) or tail.endswith(_CUT):
            draft.set_aside("a name that is cut short")
        elif not head or not tail:
            draft.set_aside("a name that is empty")
        else:
            yield at, head, row["relation"], tail

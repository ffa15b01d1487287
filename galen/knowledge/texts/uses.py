"""What goods are for, in all the words of a graph: the facts that a text on them may name."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from galen.knowledge.graph import Graph, KnowledgeError
from galen.knowledge.schema import Relation

FOR = (Relation.INDICATES, Relation.TREATS_SYMPTOM)


@dataclass(frozen=True, slots=True)
class Uses:
    """Of every concept what it is for, with what its classes, salts and contents are for."""

    purposes: sparse.csr_matrix  # (concepts, concepts) true from goods to what they are for
    words: tuple[tuple[str, ...], ...]  # of each concept: its name and synonyms

    @classmethod
    def of(cls, graph: Graph) -> "Uses":
        """The indications and treated symptoms of a graph."""
        size = len(graph)
        edges = [graph.edges(relation) for relation in FOR]
        head = np.concatenate([part.head for part in edges])
        tail = np.concatenate([part.tail for part in edges])
        purposes = sparse.csr_matrix((np.ones(len(head), bool), (head, tail)), (size, size))
        held = graph.edges(Relation.CONTAINS)
        contains = sparse.csr_matrix(
            (np.ones(len(held), bool), (held.head, held.tail)), (size,) * 2
        )
        reached = (graph.wider + contains @ graph.wider).astype(bool)
        synonyms = graph.concepts["synonyms"].to_pylist()
        words = tuple(
            (name, *(others or ())) for name, others in zip(graph.names, synonyms, strict=True)
        )
        return cls(sparse.csr_matrix((reached @ purposes).astype(bool)), words)

    def facts(self, concepts: Iterable[int]) -> frozenset[str]:
        """The names and synonyms of all that rows of concepts are for; -1 is no concept."""
        rows = [concept for concept in concepts if concept >= 0]
        if not rows:
            return frozenset()
        purposes = np.unique(self.purposes[rows].indices).tolist()
        return frozenset(word for purpose in purposes for word in self.words[purpose])


def facts_of(graph: Graph, concepts: Iterable[str]) -> frozenset[str]:
    """What a text on goods that hold these concepts may say that they are for.

    Raises:
        KnowledgeError: the graph does not know a concept.
    """
    rows = {concept: graph.row_of.get(concept, -1) for concept in concepts}
    unknown = [concept for concept, row in rows.items() if row < 0]
    if unknown:
        raise KnowledgeError(
            f"the graph knows no {', '.join(unknown)}; give ids as `galen knowledge explain` "
            "prints them."
        )
    return Uses.of(graph).facts(rows.values())

"""What knowledge says of product words: needs that lead to them, and people they are not for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from galen.enrich.tables.items import needs_served
from galen.enrich.tables.word_safety import unsafe_words
from galen.knowledge.graph import Graph
from galen.knowledge.schema import ConceptKind
from galen.knowledge.texts.concept_words import ConceptWords


@dataclass(frozen=True)
class KnownGoods:
    """What answers about groups of people are judged by."""

    served: Mapping[str, frozenset[str]]  # product word -> needs that the graph leads to it from
    unsafe: Mapping[str, frozenset[str]]  # life stage -> words that are not for it
    illnesses: ConceptWords
    names: Sequence[str]  # of each concept

    @classmethod
    def of(cls, graph: Graph) -> "KnownGoods":
        """Read of a graph once, for all answers of a run."""
        illnesses = ConceptWords.of(graph, ConceptKind.CONDITION)
        return cls(needs_served(graph), unsafe_words(graph), illnesses, graph.names)

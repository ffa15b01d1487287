"""Product words that are not for people of a life stage: hard edges of the graph."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from galen.knowledge.graph import Graph
from galen.knowledge.schema import ConceptKind, Relation

HARD: Final = 3  # of galen.knowledge.schema.SEVERITIES; what is ungraded is hard
OF_STAGE: Final = {
    "expecting a baby": ("pregnancy",),
    "pregnancy": ("pregnancy",),
    "trying to conceive": ("trying to conceive", "pregnancy"),
    "parents with a baby": ("infants", "children under 2"),
    "old age": ("elderly",),
    "elderly": ("elderly",),
}
"""The populations that a life stage may buy for."""


def unsafe_words(graph: Graph) -> Mapping[str, frozenset[str]]:
    """By life stage, the words that are, contain, or are of a class that is, contraindicated."""
    edges = graph.edges(Relation.CONTRAINDICATED_FOR)
    hard = (edges.severity >= HARD) | (edges.severity == 0)
    contains = graph.edges(Relation.CONTAINS)
    holds: dict[int, set[int]] = {}
    for word in graph.of_kind(ConceptKind.PRODUCT_WORD).tolist():
        inside = [word, *contains.tail[contains.head == word].tolist()]
        holds[word] = set(graph.wider[inside].indices.tolist())
    names = [name.lower() for name in graph.names]
    found = {}
    for stage, populations in OF_STAGE.items():
        meant = np.array([name in (stage, *populations) for name in names])
        against = set(edges.head[hard & meant[edges.tail]].tolist())
        found[stage] = frozenset(names[word] for word, held in holds.items() if held & against)
    return found

"""What knowledge holds between two product words: what completes, replaces, or must not meet."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import sparse

from galen.data.arrays import Ints
from galen.data.lookup import all_places_of
from galen.knowledge.graph import Graph
from galen.knowledge.schema import Relation

SEVERE: Final = 3
"""Severity from which an interaction or a contraindication keeps two words apart."""


@dataclass(frozen=True, slots=True)
class WordRelations:
    """Tables (words, words), the same either way; an entry that is there is true."""

    complement: sparse.csr_array
    substitute: sparse.csr_array
    unsafe: sparse.csr_array  # entry: 1 + the row of the graph's relation that says so

    @classmethod
    def of(cls, graph: Graph, concept: Ints, holds: sparse.csr_array) -> "WordRelations":
        """`concept` (words,) are rows of the graph or -1; `holds` (words, concepts) ingredients.

        Two words are unsafe together where what they contain, or a class of it, is hazardous
        together, interacts severely, or where one is for people for whom the other is
        contraindicated. A hazard without a grade is one.
        """
        itself = _at(concept, len(graph))
        contained = _contained(graph, itself, holds)
        unsafe: list[tuple[Ints, Ints, Ints]] = []
        for one, other, row in _clashes(graph):
            left, right = contained[:, one], contained[:, other]
            unsafe.append(_pairs(left, right, row))
        complement, substitute = (
            sparse.csr_array(itself @ _edges(graph, relation) @ itself.T)
            for relation in (Relation.COMPLEMENTS, Relation.SUBSTITUTES)
        )
        return cls(complement, substitute, _smallest(unsafe, len(concept)))

    def told(self, graph: Graph, one: int, other: int) -> str | None:
        """Why two words must not meet: "opioid hazardous_with ethanol"; None where they may."""
        entry = self.unsafe[[one], :][:, [other]].toarray()[0, 0]
        if not entry:
            return None
        said = graph.relations.slice(int(entry) - 1, 1).to_pylist()[0]
        names = graph.names[said["head"]], graph.names[said["tail"]]
        return f"{names[0]} {said['relation']} {names[1]}"


def _contained(graph: Graph, itself: sparse.csr_array, holds: sparse.csr_array) -> sparse.csc_array:
    """(words, concepts): what a word is, what it contains, and every class of that."""
    contains = _edges(graph, Relation.CONTAINS)
    whole = itself + itself @ contains + holds
    return sparse.csc_array((whole @ graph.wider.astype(np.float64)) > 0)


def _clashes(graph: Graph) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Concepts of two sides (E,) each, and the relation (E,) that keeps them apart."""
    hazards = graph.edges(Relation.HAZARDOUS_WITH)
    grave = (hazards.severity >= SEVERE) | (hazards.severity == 0)
    yield hazards.head[grave], hazards.tail[grave], hazards.row[grave]
    acting = graph.edges(Relation.INTERACTS_WITH)
    grave = acting.severity >= SEVERE
    yield acting.head[grave], acting.tail[grave], acting.row[grave]
    against = graph.edges(Relation.CONTRAINDICATED_FOR)
    grave = against.severity >= SEVERE
    for relation in (Relation.INDICATES, Relation.TREATS_SYMPTOM):
        for_it = graph.edges(relation)
        order = np.argsort(for_it.tail, kind="stable")
        edge, place = all_places_of(for_it.tail[order], against.tail[grave])
        yield against.head[grave][edge], for_it.head[order][place], against.row[grave][edge]


def _pairs(left: sparse.csc_array, right: sparse.csc_array, row: Ints) -> tuple[Ints, Ints, Ints]:
    """Words (P,) and words (P,) whose columns of two matrices (words, E) both have an entry."""
    many, few = np.diff(left.indptr), np.diff(right.indptr)
    edge = np.flatnonzero((many > 0) & (few > 0))
    one, other, why = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for place in edge.tolist():
        mine = left.indices[left.indptr[place] : left.indptr[place + 1]]
        theirs = right.indices[right.indptr[place] : right.indptr[place + 1]]
        one.append(np.repeat(mine, len(theirs)).astype(np.int64))
        other.append(np.tile(theirs, len(mine)).astype(np.int64))
        why.append(np.full(len(mine) * len(theirs), row[place], np.int64))
    return np.concatenate(one), np.concatenate(other), np.concatenate(why)


def _smallest(found: list[tuple[Ints, Ints, Ints]], words: int) -> sparse.csr_array:
    """(words, words) both ways: 1 + the first relation that keeps a pair apart."""
    one = np.concatenate([part[0] for part in found])
    other = np.concatenate([part[1] for part in found])
    why = np.concatenate([part[2] for part in found])
    one, other, why = np.append(one, other), np.append(other, one), np.append(why, why)
    order = np.lexsort((why, other, one))
    one, other, why = one[order], other[order], why[order]
    first = np.append(True, (np.diff(one) != 0) | (np.diff(other) != 0))[: len(one)]
    places = one[first], other[first]
    return sparse.csr_array((why[first] + 1.0, places), (words, words))


def _edges(graph: Graph, relation: Relation) -> sparse.csr_array:
    edges = graph.edges(relation)
    shape = len(graph), len(graph)
    return sparse.csr_array((np.ones(len(edges)), (edges.head, edges.tail)), shape)


def _at(concept: Ints, concepts: int) -> sparse.csr_array:
    """(words, concepts): 1 at the concept of each word."""
    rows = np.flatnonzero(concept >= 0)
    shape = len(concept), concepts
    return sparse.csr_array((np.ones(len(rows)), (rows, concept[rows])), shape)

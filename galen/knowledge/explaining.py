"""Says in words what a graph of knowledge holds of a concept, or of two, with sources."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
from rapidfuzz import process
from scipy import sparse
from scipy.sparse import csgraph

from galen.data.arrays import Ints
from galen.knowledge.graph import Graph, KnowledgeError
from galen.knowledge.joining import folded
from galen.knowledge.schema import SEVERITIES, ConceptKind, Relation

VERBS: Final = {
    Relation.INDICATES: "is used for",
    Relation.TREATS_SYMPTOM: "relieves",
    Relation.SYMPTOM_OF: "is a symptom of",
    Relation.COMPLICATION_OF: "is a complication of",
    Relation.CONTRAINDICATED_FOR: "should not be used in",
    Relation.INTERACTS_WITH: "interacts with",
    Relation.SAME_INGREDIENT: "is the same ingredient as",
    Relation.IS_A: "is a kind of",
    Relation.CONTAINS: "contains",
    Relation.COMPLEMENTS: "goes with",
    Relation.SUBSTITUTES: "may stand in for",
    Relation.HAZARDOUS_WITH: "is hazardous together with",
    Relation.PEAKS_IN: "is most wanted in",
}
AGAINST: Final = (
    Relation.CONTRAINDICATED_FOR,
    Relation.INTERACTS_WITH,
    Relation.HAZARDOUS_WITH,
)
"""Relations that speak against; a path never goes over one."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One relation in words."""

    sentence: str  # "ibuprofen interacts with warfarin"
    relation: str
    severity: str | None
    confidence: float | None
    source: str
    citation: str | None
    date: str | None

    def __str__(self) -> str:
        severity = f", {self.severity}" if self.severity else ""
        citation = f": {self.citation}" if self.citation else ""
        return f"{self.sentence}{severity} ({self.source}{citation})"


@dataclass(frozen=True, slots=True)
class Path:
    """A way from one concept to another over relations."""

    sentence: str  # "nasal congestion -> saline nasal spray"
    steps: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class ConceptExplanation:
    """What is known of one concept, or of two."""

    concepts: tuple[dict[str, Any], ...]
    statements: tuple[Statement, ...]  # of the concept; of two: what speaks against them together
    paths: tuple[Path, ...] = ()

    def json(self) -> str:
        """Concepts, statements and paths with their sources, for a script."""
        return msgspec.json.format(msgspec.json.encode(asdict(self)), indent=1).decode()


class Explainer:
    """Looks up concepts and relations of one graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    @cached_property
    def _rows_by_name(self) -> dict[str, list[int]]:
        """Rows by folded name and synonym, those of the very name first."""
        names: dict[str, list[int]] = {}
        concepts = self.graph.concepts
        for row, name in enumerate(concepts["name"].to_pylist()):
            names.setdefault(folded(name), []).append(row)
        for row, synonyms in enumerate(concepts["synonyms"].to_pylist()):
            for word in synonyms or ():
                names.setdefault(folded(word), []).append(row)
        return names

    def find(self, word: str) -> int:
        """The row of a concept by its id, name or synonym.

        Raises:
            KnowledgeError: no concept is called so; the message names near ones.
        """
        row = self.graph.row_of.get(word)
        if row is not None:
            return row
        rows = self._rows_by_name.get(folded(word))
        if rows:
            return rows[0]
        near = process.extract(folded(word), self._rows_by_name.keys(), limit=3, score_cutoff=70)
        hint = f"; did you mean {' or '.join(repr(name) for name, *_ in near)}?" if near else ""
        raise KnowledgeError(f"{word!r} is no concept of this knowledge{hint}")

    def one(self, word: str, limit: int = 20) -> ConceptExplanation:
        """All relations of a concept, the most severe first, at most `limit` of each kind."""
        row = self.find(word)
        head, tail = (np.asarray(self.graph.relations[end], np.int64) for end in ("head", "tail"))
        told = [
            self._statement(at) for at in np.flatnonzero((head == row) | (tail == row)).tolist()
        ]
        grades = {grade: rank for rank, grade in SEVERITIES.items()}
        told.sort(key=lambda s: (-grades.get(s.severity or "", 0), s.relation, s.sentence))
        kept = [s for kind in Relation for s in [s for s in told if s.relation == kind][:limit]]
        return ConceptExplanation((self._concept(row),), tuple(kept))

    def two(self, word: str, other: str, paths: int = 3, longest: int = 4) -> ConceptExplanation:
        """What speaks against two concepts together, also by what they contain and are kinds of,
        and the shortest ways of at most `longest` steps over relations that speak for them."""
        rows = self.find(word), self.find(other)
        return ConceptExplanation(
            tuple(self._concept(row) for row in rows),
            tuple(self._against(*rows)),
            tuple(self._path(way) for way in self._ways(*rows, paths, longest)),
        )

    def _against(self, row: int, other: int) -> list[Statement]:
        ones, others = self._told_of(row), self._told_of(other)
        found: set[int] = set()
        for relation in AGAINST:
            edges = self.graph.edges(relation)
            for heads, tails in ((ones, others), (others, ones)):
                hit = np.isin(edges.head, heads) & np.isin(edges.tail, tails)
                found |= set(edges.row[hit].tolist())
        severity = self.graph.relations["severity"]
        order = sorted(found, key=lambda at: (-(severity[at].as_py() or 0), at))
        return [self._statement(at) for at in order]

    def _told_of(self, row: int) -> Ints:
        """Rows whose rules hold for a concept: it, what it contains, what these are kinds of."""
        contains = self.graph.edges(Relation.CONTAINS)
        parts = [row, *contains.tail[contains.head == row].tolist()]
        return np.unique(self.graph.wider[parts].indices).astype(np.int64)

    @cached_property
    def _steps(self) -> tuple[sparse.csr_matrix, dict[tuple[int, int], int]]:
        """(concepts, concepts) of relations that speak for, both ways; their rows by ends."""
        relations = self.graph.relations
        kind = np.asarray(relations["relation"].cast("string").to_pylist(), object)
        kept = np.flatnonzero(~np.isin(kind, [relation.value for relation in AGAINST]))
        head, tail = (np.asarray(relations[end], np.int64)[kept] for end in ("head", "tail"))
        size = len(self.graph)
        ones = np.ones(len(kept), bool)
        steps = sparse.csr_matrix((ones, (head, tail)), (size, size))
        ends = zip(head.tolist(), tail.tolist(), kept.tolist(), strict=True)
        rows: dict[tuple[int, int], int] = {}
        for one, other, at in ends:
            rows.setdefault((one, other), at)
        return sparse.csr_matrix(steps + steps.T), rows

    def _ways(self, row: int, other: int, most: int, longest: int) -> Iterator[list[int]]:
        """The shortest ways from one row to the other, at most so many and so long."""
        steps, _ = self._steps
        far = csgraph.dijkstra(steps, unweighted=True, indices=[other])[0]
        if far[row] > longest:
            return  # also where there is no way at all
        unfinished = [[row]]
        while unfinished and most:
            way = unfinished.pop()
            if way[-1] == other:
                most -= 1
                yield way
                continue
            near: npt.NDArray[np.int32] = steps[way[-1]].indices
            nearer = near[far[near] == far[way[-1]] - 1]
            unfinished += [[*way, int(step)] for step in sorted(nearer.tolist(), reverse=True)]

    def _path(self, way: Sequence[int]) -> Path:
        _, rows = self._steps
        told = []
        for one, other in pairwise(way):
            at = rows.get((one, other), rows.get((other, one), -1))
            told.append(self._statement(at))
        return Path(" -> ".join(self.graph.names[row] for row in way), tuple(told))

    def _statement(self, at: int) -> Statement:
        said = self.graph.relations.slice(at, 1).to_pylist()[0]
        head, tail = (self.graph.names[said[end]] for end in ("head", "tail"))
        return Statement(
            f"{head} {VERBS[Relation(said['relation'])]} {tail}",
            said["relation"],
            SEVERITIES.get(said["severity"]),
            None if said["confidence"] is None else round(said["confidence"], 3),
            said["source"],
            said["citation"],
            None if said["date"] is None else said["date"].isoformat(),
        )

    def _concept(self, row: int) -> dict[str, Any]:
        said: dict[str, Any] = self.graph.concepts.slice(row, 1).to_pylist()[0]
        return {**said, "kind": ConceptKind(said["kind"]).value}

"""Names of ingredients as shops write them, found among the concepts of a graph."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from galen.data.arrays import Ints, Singles
from galen.knowledge.graph import Graph, KnowledgeError
from galen.knowledge.labels.near_names import NearNames
from galen.knowledge.labels.spelling import Mark, Spelling
from galen.knowledge.schema import ConceptKind

Scores = Singles
Small = npt.NDArray[np.int8]

AMBIGUOUS = -2


class How(IntEnum):
    """By which step a mention was found; a later step is tried only where the earlier fail."""

    NOT_FOUND = 0
    EXACT = 1  # the concept's own name
    SYNONYM = 2
    SALT = 3  # a salt, ester or hydrate of it, or the base of one
    FUZZY = 4  # a near spelling, for a person to review
    REVIEWED = 5  # a person accepted it


@dataclass(frozen=True, slots=True)
class Matches:
    """What was found for each mention, in its order."""

    concept: Ints  # (M,) rows of the graph's concepts; -1 is not found
    score: Scores  # (M,) 1 but for near spellings; 0 is not found
    how: Small  # (M,) How

    def __len__(self) -> int:
        return len(self.concept)


@dataclass(frozen=True, slots=True)
class Decisions:
    """What people said of mentions: these are the same, those are not."""

    accepted: Mapping[str, str] = field(default_factory=dict)  # mention -> concept_id
    refused: frozenset[tuple[str, str]] = frozenset()  # (mention, concept_id)


@dataclass(frozen=True, slots=True)
class _Found:
    concept: int
    score: float
    how: How


_NOTHING = _Found(-1, 0.0, How.NOT_FOUND)


class IngredientNames:
    """An index of the names and synonyms of a graph's ingredients; made once, asked often."""

    def __init__(
        self,
        graph: Graph,
        spelling: Spelling,
        more_names: Mapping[str, Sequence[str]] | None = None,
        decisions: Decisions | None = None,
    ) -> None:
        """Index a graph; `more_names` gives other names of ingredients by a name it knows.

        Raises:
            KnowledgeError: a decision accepts a concept that the graph does not have.
        """
        self.spelling = spelling
        rows = graph.of_kind(ConceptKind.INGREDIENT)
        part = graph.concepts.select(["name", "synonyms"]).take(rows).to_pydict()
        names = list(zip(rows.tolist(), part["name"], strict=True))
        self._names = self._unique(names)
        self._synonyms = self._unique(
            (row, other)
            for row, others in zip(rows.tolist(), part["synonyms"], strict=True)
            for other in others or ()
        )
        self._bases = self._unique(
            (row, base)
            for row, name in names
            for base in spelling.bases(spelling.fold(name).text)[:1]
        )
        self.unknown_names = self._add(more_names or {})
        self._accepted, self._refused = self._decided(graph, decisions or Decisions())
        known = {**self._synonyms, **self._names}
        self._near = NearNames.of({n: row for n, row in known.items() if row != AMBIGUOUS})

    def find(self, mentions: Sequence[str]) -> Matches:
        """Find each mention: by name, synonym, base of a salt, then near spelling."""
        return self.find_any([(mention,) for mention in mentions])

    def known(self, mentions: Sequence[str]) -> Matches:
        """Find each mention as `find` does, without near spellings: nothing found is a guess."""
        return _matches([self._by_name((mention,)) for mention in mentions])

    def find_any(self, alternatives: Sequence[Sequence[str]]) -> Matches:
        """Find each ingredient by the first of its names that is known.

        A near spelling is tried only where no name is known, and only of the first.
        """
        distinct = {tuple(names): 0 for names in alternatives}
        found = {names: self._by_name(names) for names in distinct}
        lost = [names[0] for names, one in found.items() if one is _NOTHING and names]
        near = self._by_spelling(list(dict.fromkeys(lost)))
        rows = [
            near.get(names[0], one) if one is _NOTHING and names else one
            for names, one in ((tuple(names), found[tuple(names)]) for names in alternatives)
        ]
        return _matches(rows)

    def _by_name(self, names: Sequence[str]) -> _Found:
        return next((one for name in names if (one := self._known(name)) is not _NOTHING), _NOTHING)

    def _known(self, mention: str) -> _Found:
        whole = self._one_name(mention)
        sides = [side for side in mention.split("/") if side.strip()]
        if whole is not _NOTHING or len(sides) < 2:
            return whole
        found = [self._one_name(side) for side in sides]  # "Lidocaine/Lignocaine" is one thing
        return found[0] if len({one.concept for one in found}) == 1 else _NOTHING

    def _one_name(self, mention: str) -> _Found:
        folded = self.spelling.fold(mention)
        if folded.mark is Mark.REFUSED or not folded.text:
            return _NOTHING
        text = folded.text
        if text in self._accepted:
            return _Found(self._accepted[text], 1.0, How.REVIEWED)
        for index, how in ((self._names, How.EXACT), (self._synonyms, How.SYNONYM)):
            row = index.get(text, -1)
            if row >= 0 and (text, row) not in self._refused:
                return _Found(row, 1.0, how)
        if text in self._names or text in self._synonyms:
            return _NOTHING  # one name of two ingredients: no guess
        for base in [*self.spelling.bases(text), text]:
            for index in (self._names, self._synonyms, self._bases):
                row = index.get(base, -1)
                if row >= 0 and (text, row) not in self._refused:
                    return _Found(row, 1.0, How.SALT)
        return _NOTHING

    def _by_spelling(self, mentions: list[str]) -> dict[str, _Found]:
        folded = [self.spelling.fold(mention) for mention in mentions]
        texts = ["" if one.mark is Mark.REFUSED else one.text for one in folded]
        concepts, scores = self._near.nearest(texts)
        return {
            mention: _Found(int(row), float(score), How.FUZZY)
            for mention, text, row, score in zip(mentions, texts, concepts, scores, strict=True)
            if row >= 0 and (text, int(row)) not in self._refused
        }

    def _unique(self, named: Iterable[tuple[int, str]]) -> dict[str, int]:
        """Rows by folded name; AMBIGUOUS where two concepts share one."""
        index: dict[str, int] = {}
        for row, name in named:
            text = self.spelling.fold(name).text
            if text and index.setdefault(text, row) != row:
                index[text] = AMBIGUOUS
        return index

    def _add(self, more_names: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
        """Add names where none stands yet; return those that name nothing the graph has."""
        unknown = []
        for name, others in more_names.items():
            found = self._one_name_of(name)
            if found < 0:
                unknown.append(name)
                continue
            for other in others:
                text = self.spelling.fold(other).text
                if text not in self._names and self._synonyms.get(text, AMBIGUOUS) == AMBIGUOUS:
                    self._synonyms[text] = found
        return tuple(unknown)

    def _one_name_of(self, name: str) -> int:
        text = self.spelling.fold(name).text
        return self._names.get(text, self._synonyms.get(text, -1))

    def _decided(
        self, graph: Graph, decisions: Decisions
    ) -> tuple[dict[str, int], frozenset[tuple[str, int]]]:
        unknown = set(decisions.accepted.values()) - graph.row_of.keys()
        if unknown:
            raise KnowledgeError(
                f"a review accepts the concept {min(unknown)!r}, which the graph does not have; "
                "correct the concept_id or build the graph with it."
            )
        fold = self.spelling.fold
        accepted = {
            fold(mention).text: graph.row_of[concept]
            for mention, concept in decisions.accepted.items()
        }
        refused = frozenset(
            (fold(mention).text, graph.row_of[concept])
            for mention, concept in decisions.refused
            if concept in graph.row_of
        )
        return accepted, refused


def _matches(rows: Sequence[_Found]) -> Matches:
    return Matches(
        np.array([row.concept for row in rows], np.int64),
        np.array([row.score for row in rows], np.float32),
        np.array([row.how for row in rows], np.int8),
    )

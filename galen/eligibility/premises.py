"""What the rules of health stand on: the graph, the pack in force, the facts of items."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from galen.data.arrays import Bools, Ints
from galen.data.catalogue import Catalogue
from galen.eligibility.class_labels import ClassLabels
from galen.eligibility.notices import NOTICES
from galen.features.item_facts import FactColumns, ItemFacts
from galen.knowledge.graph import Graph
from galen.knowledge.pack import Action, Grades, Pack, PackError
from galen.knowledge.schema import ConceptKind, Relation
from galen.pipeline.candidates import Candidates, Requests
from galen.pipeline.circumstances import Circumstances, nothing_declared

Small = npt.NDArray[np.int8]

NONE, WARN, DROP = 0, 1, 2
"""What a rule says of a row, the stricter the higher."""

FOOD: Final = "drug_class:foodstuff"
"""What may be taken with each other: lactose in tablets is no double dose."""

ACTIONS: Final[dict[str, int]] = {"ignore": NONE, "warn": WARN, "drop": DROP}


@dataclass(frozen=True)
class Premises:
    """Rules made from the same premises speak of the same rows of concepts."""

    catalogue: Catalogue
    graph: Graph
    pack: Pack
    facts: ItemFacts

    def notice(self, family: str) -> str:
        """What a family of rules says beside an item that it warns of."""
        return NOTICES[family][self.pack.language]

    @property
    def items(self) -> FactColumns:
        """What the catalogue's items hold, read anew where an item changed.

        A drug class is told of those alone of which no kind of it is told.
        """
        return self._labels.columns

    @cached_property
    def _labels(self) -> ClassLabels:
        return ClassLabels(self.facts, self.drug_class, self.narrower)

    @cached_property
    def narrower(self) -> sparse.csr_matrix:
        """(concepts, concepts): from a concept to itself and all that is a kind or salt of it."""
        return sparse.csr_matrix(self.graph.wider.T)

    @cached_property
    def kinds_of_classes(self) -> sparse.csr_matrix:
        """(concepts, concepts): all kinds of each drug class but food; no other row has any."""
        chosen = self.drug_class[:-1].astype(np.int8)
        food = self.row(FOOD)
        if food >= 0:
            chosen[food] = 0
        return sparse.csr_matrix(
            sparse.diags(chosen, dtype=np.int8) @ self.narrower.astype(np.int8)
        )

    @cached_property
    def _named(self) -> dict[str, int]:
        rows = dict(self.graph.row_of)
        kinds = self.graph.concepts["kind"].to_pylist()
        synonyms = self.graph.concepts["synonyms"].to_pylist()
        for row, (kind, others) in enumerate(zip(kinds, synonyms, strict=True)):
            for other in others or ():
                rows.setdefault(f"{kind}:{' '.join(other.lower().split())}", row)
        return rows

    def row(self, concept: str) -> int:
        """The row of a concept by its id, or by its kind and another name; -1 where unknown."""
        return self._named.get(concept, -1)

    def rows(self, concepts: Iterable[str], rule: str) -> list[int]:
        """The rows of concepts that a rule of the pack names.

        Raises:
            PackError: one is not in the graph, so the rule could not be kept.
        """
        found = {concept: self.row(concept) for concept in concepts}
        unknown = [concept for concept, row in found.items() if row < 0]
        if unknown:
            raise PackError(
                f"pack {self.pack.name}, rule {rule}: the graph knows no {', '.join(unknown)}. "
                "Mend the name, or build the graph from a source that has it."
            )
        return list(found.values())

    def mask(self, concepts: Iterable[str], rule: str) -> Bools:
        """(concepts + 1,): which are of these, or kinds of them; the last is for no concept."""
        chosen = np.zeros(len(self.graph) + 1, bool)
        rows = self.rows(concepts, rule)
        chosen[self.narrower[rows].indices] = True
        return chosen

    def may_hold(self, concepts: Iterable[str], rule: str) -> Bools:
        """The same with the drug classes that have such a kind: a label may name no more.

        What shuts goods out asks this; what lets them in asks `mask`.
        """
        chosen = self.mask(concepts, rule)
        chosen[:-1] |= self.kinds_of_classes @ chosen[:-1].astype(np.int32) > 0
        return chosen

    def indicated_for(self, concepts: Bools) -> Bools:
        """The same, with the goods that are for a condition or life stage among them."""
        chosen = concepts.copy()
        for relation in (Relation.INDICATES, Relation.TREATS_SYMPTOM):
            edges = self.graph.edges(relation)
            chosen[edges.head[concepts[edges.tail]]] = True
        return chosen

    def having(self, concepts: Bools, rows: Ints | None = None) -> Bools:
        """Which items, all or those of `rows`, are of one of the concepts."""
        told = self.items.concept if rows is None else self.items.concept[rows]
        return np.asarray(concepts[told].any(axis=1))

    @cached_property
    def ingredient(self) -> Bools:
        """(concepts + 1,): which concepts are ingredients."""
        return self._of_kind(ConceptKind.INGREDIENT)

    @cached_property
    def drug_class(self) -> Bools:
        """(concepts + 1,): which concepts are drug classes."""
        return self._of_kind(ConceptKind.DRUG_CLASS)

    def _of_kind(self, kind: ConceptKind) -> Bools:
        chosen = np.zeros(len(self.graph) + 1, bool)
        chosen[self.graph.of_kind(kind)] = True
        return chosen


def declared_of(requests: Requests) -> Circumstances:
    """What is declared of the people of requests; nothing where nobody asked."""
    known = requests.circumstances
    return nothing_declared(len(requests)) if known is None else known


def graded(severity: Small, grades: Grades) -> Small:
    """The actions that a pack takes at severities; 0 is ungraded."""
    action = np.where(severity >= grades.drop, DROP, np.where(severity >= grades.warn, WARN, NONE))
    return np.where(severity == 0, ACTIONS[grades.ungraded], action).astype(np.int8)


def nothing(candidates: Candidates) -> Small:
    """No action on any row."""
    return np.zeros(len(candidates), np.int8)


def action_number(action: Action) -> int:
    """The number that columns hold for an action."""
    return ACTIONS[action]

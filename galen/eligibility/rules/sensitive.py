"""Goods that tell of what people keep to themselves: not where others may look on."""

from dataclasses import dataclass, field

import numpy as np

from galen.data.arrays import Bools, Ints
from galen.data.schema import Surface
from galen.eligibility.finding import Finding
from galen.eligibility.premises import DROP, NONE, Premises, Small, declared_of
from galen.eligibility.private_words import PrivateWords
from galen.knowledge.pack import Sensitive
from galen.knowledge.schema import ConceptKind
from galen.pipeline.candidates import Candidates, Requests


@dataclass(frozen=True, slots=True)
class Discreet:
    """Where a slate is shared, none of these goods is shown on any surface.

    A message shows the title, so its words tell as much as a category does, which may be missing.
    """

    premises: Premises
    concepts: tuple[Bools, ...]  # by rule: (concepts + 1,)
    words: tuple[PrivateWords, ...]  # by rule: within names of category paths and titles
    paths: dict[tuple[int, int], Bools] = field(default_factory=dict)
    rule: str = "sensitive"
    reason: str = "it is not shown where others may look on"

    @classmethod
    def of(cls, premises: Premises) -> "Discreet":
        """The pack's concepts and category words, with the goods that the graph says are for them.

        Raises:
            PackError: a rule names a concept that the graph does not know.
        """
        rules = premises.pack.sensitive
        words = tuple(PrivateWords.of(rule.categories, rule.harmless) for rule in rules)
        concepts = []
        for rule in rules:
            among = {word.lower() for word in rule.categories}
            told = premises.indicated_for(premises.mask(rule.concepts, rule.id))
            for row in premises.graph.of_kind(ConceptKind.PRODUCT_WORD).tolist():
                told[row] |= premises.graph.names[row].lower() in among
            concepts.append(told)
        return cls(premises, tuple(concepts), words)

    def actions(self, requests: Requests, candidates: Candidates) -> Small:
        found = np.zeros(len(candidates), np.int8)
        shared = declared_of(requests).shared
        for place, rule in enumerate(self.premises.pack.sensitive):
            barred = np.isin(requests.surface, _numbers(rule)) | shared
            rows = np.flatnonzero(barred[candidates.request])
            if len(rows):
                told = self._tells(place, candidates.item[rows])
                found[rows[told]] = DROP
        return np.where(found, DROP, NONE).astype(np.int8)

    def _tells(self, place: int, item: Ints) -> Bools:
        """Which items a rule is about, by category path, title or concepts."""
        catalogue = self.premises.catalogue
        told = self._paths(place)[catalogue.path[item]]
        told |= self.premises.having(self.concepts[place], item)
        rest, titles, tell = np.flatnonzero(~told), catalogue.titles, self.words[place].tell
        told[rest] = [tell(titles[row] or "") for row in item[rest].tolist()]
        return np.asarray(told)

    def _paths(self, place: int) -> Bools:
        """(paths + 1,): which category paths a rule is about; paths only ever come to the end."""
        every = self.premises.catalogue.path_words
        key = place, len(every)
        if key not in self.paths:
            tell = self.words[place].tell
            told = [any(tell(name) for name in path) for path in every]
            self.paths[key] = np.array([*told, False])
        return self.paths[key]

    def findings(self, requests: Requests, request: int, item: int) -> list[Finding]:
        shared = bool(declared_of(requests).shared[request])
        return [
            Finding(rule.id, DROP, self.reason, rule.citation)
            for place, rule in enumerate(self.premises.pack.sensitive)
            if (shared or requests.surface[request] in _numbers(rule))
            and self._tells(place, np.array([item]))[0]
        ]


def _numbers(rule: Sensitive) -> list[int]:
    return [int(Surface[name.upper()]) for name in rule.surfaces]

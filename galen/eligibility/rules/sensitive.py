"""Goods that tell of what people keep to themselves: not where others may look on."""

import re
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from galen.data.arrays import Bools, Ints
from galen.data.schema import Surface
from galen.eligibility.finding import Finding
from galen.eligibility.premises import DROP, NONE, Premises, Small, declared_of
from galen.knowledge.labels.spelling import EAST_ASIAN
from galen.knowledge.pack import Sensitive
from galen.knowledge.schema import ConceptKind
from galen.knowledge.texts.concept_words import folded
from galen.pipeline.candidates import Candidates, Requests

_EDGE: Final = re.compile(
    rf"(?<={EAST_ASIAN.pattern})(?=[^\W_])(?!{EAST_ASIAN.pattern})"
    rf"|(?<=[^\W_])(?<!{EAST_ASIAN.pattern})(?={EAST_ASIAN.pattern})"
)


@dataclass(frozen=True, slots=True)
class Discreet:
    """Where a slate is shared, none of these goods is shown on any surface.

    A message shows the title, so its words tell as much as a category does, which may be missing.
    """

    premises: Premises
    concepts: tuple[Bools, ...]  # by rule: (concepts + 1,)
    words: tuple[frozenset[str], ...]  # by rule: words within names of category paths and titles
    paths: dict[tuple[int, int], Bools] = field(default_factory=dict)
    titles: dict[tuple[int, str], bool] = field(default_factory=dict)  # by rule and title
    rule: str = "sensitive"
    reason: str = "it is not shown where others may look on"

    @classmethod
    def of(cls, premises: Premises) -> "Discreet":
        """The pack's concepts and category words, with the goods that the graph says are for them.

        Raises:
            PackError: a rule names a concept that the graph does not know.
        """
        rules = premises.pack.sensitive
        words = tuple(frozenset(word.lower() for word in rule.categories) for rule in rules)
        concepts = []
        for rule, among in zip(rules, words, strict=True):
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
        rest, titles = np.flatnonzero(~told), catalogue.titles
        told[rest] = [self._titled(place, titles[row]) for row in item[rest].tolist()]
        return np.asarray(told)

    def _titled(self, place: int, title: str | None) -> bool:
        key = place, title or ""
        if key not in self.titles:
            self.titles[key] = _stands_in(self.words[place], key[1])
        return self.titles[key]

    def _paths(self, place: int) -> Bools:
        """(paths + 1,): which category paths a rule is about; paths only ever come to the end."""
        every = self.premises.catalogue.path_words
        key = place, len(every)
        if key not in self.paths:
            words = self.words[place]
            told = [any(_stands_in(words, name) for name in path) for path in every]
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


def _stands_in(words: frozenset[str], name: str) -> bool:
    """Whether a category or title holds one of the words: "Condom & Lubricant" has "condoms"."""
    text = f" {_plain(name)} "
    return any(
        word in text if EAST_ASIAN.search(word) else f" {_plain(word)} " in text for word in words
    )


def _plain(name: str) -> str:
    """Words apart; letters that stand in a line of East Asian signs, as in "HIV自检", are one."""
    return folded(_EDGE.sub(" ", name.replace("-", " ")))


def _numbers(rule: Sensitive) -> list[int]:
    return [int(Surface[name.upper()]) for name in rule.surfaces]

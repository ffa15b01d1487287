"""The words that an answer may choose from: the shop's own taxonomy and galen's knowledge."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from galen.data.catalogue import Catalogue
from galen.knowledge.graph import Graph
from galen.knowledge.schema import ConceptKind

OTHER: Final = "other"
"""Stands in every vocabulary: a model that finds no word fit has a way to say so."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Lists of words by the name that a field of an answer gives."""

    words: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, catalogue: Catalogue, graph: Graph) -> "Vocabulary":
        """`product_word`: generic products, of the graph and the shop's narrowest categories.

        `need`: symptoms, life stages and seasons. `form`: how the shop's goods come.
        """
        narrowest = {path[-1].lower() for path in catalogue.path_words if path}
        forms = {form.lower() for form in catalogue.table["form"].unique().to_pylist() if form}
        return cls(
            {
                "product_word": _listed([*_named(graph, ConceptKind.PRODUCT_WORD), *narrowest]),
                "need": _listed(
                    _named(graph, ConceptKind.SYMPTOM, ConceptKind.LIFE_STAGE, ConceptKind.SEASON)
                ),
                "form": _listed(forms),
                "population": (
                    *("everyone", "adults", "children", "infants", "elderly"),
                    *("pregnancy", OTHER),
                ),
            }
        )

    @property
    def version(self) -> str:
        """Twelve hexadecimal digits that change with any word."""
        told = json.dumps({name: list(words) for name, words in sorted(self.words.items())})
        return hashlib.sha256(told.encode()).hexdigest()[:12]


def _named(graph: Graph, *kinds: ConceptKind) -> list[str]:
    return [graph.names[row].lower() for row in graph.of_kind(*kinds).tolist()]


def _listed(words: Iterable[str]) -> tuple[str, ...]:
    return (*sorted({word for word in words if word and word != OTHER}), OTHER)

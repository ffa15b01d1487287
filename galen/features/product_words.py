"""The product word of each item: the generic noun that its title names, or its category."""

from dataclasses import dataclass

import numpy as np

from galen.data.catalogue import Catalogue, Ints
from galen.knowledge.concept_words import ConceptWords, folded
from galen.knowledge.graph import Graph
from galen.knowledge.schema import ConceptKind


@dataclass(frozen=True, slots=True)
class ProductWords:
    """Words as the vocabulary of enrichments spells them, in small letters."""

    names: tuple[str, ...]
    of_item: Ints  # (items,) place in `names`; -1 where an item has no word
    synonyms: dict[str, int]  # every name of a word, folded -> its place

    @classmethod
    def of(cls, catalogue: Catalogue, graph: Graph) -> "ProductWords":
        """A word of the graph where a title has one, else the narrowest category."""
        namer = ConceptWords.of(graph, ConceptKind.PRODUCT_WORD)
        concept = namer.find(catalogue.titles)
        category = np.asarray(catalogue.category)
        categories = [word.lower() for word in catalogue.category_words]
        words = [
            graph.names[row].lower() if row >= 0 else categories[code] if code >= 0 else ""
            for row, code in zip(concept.tolist(), category.tolist(), strict=True)
        ]
        names = tuple(sorted({word for word in words if word}))
        place = {name: code for code, name in enumerate(names)}
        synonyms = {folded(name): code for name, code in place.items()}
        for known, row in namer.rows.items():
            code = place.get(graph.names[row].lower(), -1)
            if code >= 0:
                synonyms.setdefault(known, code)
        synonyms.pop("", None)
        found = np.fromiter((place.get(word, -1) for word in words), np.int64, len(words))
        return cls(names, found, synonyms)

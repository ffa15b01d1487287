"""The product word of each item: what it is, apart from brand, pack and price."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow.compute as pc
from scipy import sparse

from galen.data.arrays import Ints
from galen.data.catalogue import Catalogue
from galen.data.enriched import Extent, read_enriched
from galen.features.item_facts import ItemFacts
from galen.knowledge.graph import Graph
from galen.knowledge.labels.contents import IngredientReader
from galen.knowledge.schema import ConceptKind
from galen.knowledge.texts.concept_words import ConceptWords, folded

TABLE: Final = "items"
"""The table in which a language model said what each item is."""

MOSTLY: Final = 0.5
"""Share of a word's items that hold an ingredient, from which the word is said to hold it."""


@dataclass(frozen=True, slots=True)
class ItemWords:
    """Words, and which of them each item is of."""

    names: tuple[str, ...]
    of_item: Ints  # (items,) place among the names; -1 where an item has no word
    concept: Ints  # (words,) row of the graph; -1 where it does not know the word
    path: tuple[tuple[str, ...], ...]  # of each word: the category path of most of its items

    @classmethod
    def of(
        cls,
        catalogue: Catalogue,
        graph: Graph,
        enriched: Path | None = None,
        known: Extent | None = None,
    ) -> "ItemWords":
        """From the table `items` where the shop has it, else the title, else the category.

        A category is the level of an item's path that the fewest items have: the narrowest one,
        also where a path is in no order.

        Raises:
            EnrichedError: the table is there and cannot be used.
        """
        found = ConceptWords.of(graph, ConceptKind.PRODUCT_WORD)
        given = _words_given(catalogue, enriched, known)
        by_title = found.find(catalogue.titles).tolist()
        narrowest = _narrowest(catalogue)
        said = [
            word
            or (graph.names[row].lower() if row >= 0 else (narrowest[path] if path >= 0 else None))
            for word, row, path in zip(given, by_title, catalogue.path.tolist(), strict=True)
        ]
        names = tuple(sorted({word for word in said if word}))
        place = {word: at for at, word in enumerate(names)} | {None: -1}
        of_item = np.array([place[word] for word in said], np.int64).reshape(-1)
        concept = np.array([found.rows.get(folded(name), -1) for name in names], np.int64)
        return cls(names, of_item, concept, _paths(catalogue, of_item, len(names)))

    def __len__(self) -> int:
        return len(self.names)

    @property
    def items(self) -> sparse.csr_array:
        """(items, words): 1 where an item is of a word."""
        rows = np.flatnonzero(self.of_item >= 0)
        shape = len(self.of_item), len(self.names)
        return sparse.csr_array((np.ones(len(rows)), (rows, self.of_item[rows])), shape)


def spoken(words: ItemWords, graph: Graph) -> dict[str, int]:
    """Every name under which people ask for a word, folded -> its place among the words."""
    place = {name: at for at, name in enumerate(words.names)}
    found = {folded(name): at for name, at in place.items()}
    for known, row in ConceptWords.of(graph, ConceptKind.PRODUCT_WORD).rows.items():
        at = place.get(graph.names[row].lower(), -1)
        if at >= 0:
            found.setdefault(known, at)
    found.pop("", None)
    return found


def holds_of(words: ItemWords, catalogue: Catalogue, graph: Graph) -> sparse.csr_array:
    """(words, concepts): 1 for ingredients that at least half of a word's items hold."""
    namer = ConceptWords.of(graph, ConceptKind.PRODUCT_WORD)
    concept = ItemFacts(catalogue, IngredientReader.of(graph), namer).columns.concept[:, 1:]
    item, column = np.nonzero(concept >= 0)
    shape = len(words.of_item), len(graph)
    held = sparse.csr_array((np.ones(len(item)), (item, concept[item, column])), shape)
    held.data[:] = 1.0
    share = sparse.csr_array(words.items.T @ held)
    size = np.maximum(np.bincount(words.of_item[words.of_item >= 0], minlength=len(words)), 1)
    share.data /= np.repeat(size, np.diff(share.indptr))
    share.data = (share.data >= MOSTLY).astype(np.float64)
    share.eliminate_zeros()
    return share


def _words_given(
    catalogue: Catalogue, enriched: Path | None, known: Extent | None
) -> list[str | None]:
    if enriched is None or not (enriched / f"{TABLE}.parquet").exists():
        return [None] * len(catalogue)
    table = read_enriched(enriched, TABLE, ["key", "product_word"], known=known)
    keys, words = table["key"].to_pylist(), pc.utf8_lower(table["product_word"]).to_pylist()
    word_of = dict(zip(keys, words, strict=True))
    return [word_of.get(item) for item in catalogue.ids]


def _narrowest(catalogue: Catalogue) -> list[str]:
    """Of each category path: the level that the fewest items have, of equals the last."""
    items = np.bincount(
        catalogue.path[catalogue.path >= 0], minlength=len(catalogue.path_words)
    ).tolist()
    count: Counter[str] = Counter()
    for path, size in zip(catalogue.path_words, items, strict=True):
        for level in set(path):
            count[level] += size
    return [
        min(reversed(path), key=lambda level: count[level]).lower() if path else ""
        for path in catalogue.path_words
    ]


def _paths(catalogue: Catalogue, of_item: Ints, words: int) -> tuple[tuple[str, ...], ...]:
    """The path that most items of each word have, of equals the first."""
    there = (of_item >= 0) & (catalogue.path >= 0)
    width = max(len(catalogue.path_words), 1)
    key, count = np.unique(of_item[there] * width + catalogue.path[there], return_counts=True)
    order = np.lexsort((key, -count, key // width))
    word, first = np.unique(key[order] // width, return_index=True)
    path = dict(zip(word.tolist(), (key[order][first] % width).tolist(), strict=True))
    known: Sequence[tuple[str, ...]] = catalogue.path_words
    return tuple(known[path[at]] if at in path else () for at in range(words))

"""How a channel makes the semantic ids that it reads or writes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from galen.data.arrays import Bools
from galen.data.dataset import Dataset
from galen.features.item_vectors import TABLE
from galen.features.tokenizing.item_vectors import ItemVectors, Source
from galen.features.tokenizing.semantic_ids import SemanticIds, semantic_ids
from galen.features.tokenizing.tokenizers import TokenizerName, tokenizer_spec


@dataclass(frozen=True, slots=True)
class Coding:
    """Item vectors of some sources, and the tokenizer that turns them into codes."""

    tokenizer: TokenizerName = "residual_kmeans"
    sizes: tuple[int, ...] = (256, 256, 256)
    sources: tuple[Source, ...] = ("taken", "attributes", "text")
    vector_size: int = 64
    tokenizer_settings: Mapping[str, Any] = field(default_factory=dict)  # besides its sizes

    @property
    def tables(self) -> tuple[str, ...]:
        """The table of vectors, where it is a source."""
        return (TABLE,) if "encoded" in self.sources else ()

    def ids(self, data: Dataset, seed: int) -> SemanticIds:
        """Semantic ids of a shop's catalogue.

        Raises:
            SemanticIdError: the tokenizer has no such settings, or cannot make codes of these sizes
                from these vectors.
            EnrichedError: `encoded` is a source, and its table is missing or cannot be used.
        """
        return self.ids_and_there(data, seed)[0]

    def ids_and_there(self, data: Dataset, seed: int) -> tuple[SemanticIds, Bools]:
        """Semantic ids as `ids` makes them, and (items,) the items that any source tells of."""
        spec = tokenizer_spec(self.tokenizer, self.sizes, self.tokenizer_settings)
        vectors = ItemVectors(self.sources, self.vector_size).fit(data, seed)
        tokenizer = spec.fit(vectors, seed)
        codes = tokenizer.codes(vectors)
        ids = semantic_ids(codes, tokenizer.sizes, data.catalogue.ids, self.tokenizer)
        return ids, (vectors != 0).any(axis=1)

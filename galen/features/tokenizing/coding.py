"""How a channel that writes items makes the ids that it writes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from galen.data.dataset import Dataset
from galen.features.tokenizing.item_vectors import ItemVectors, Source
from galen.features.tokenizing.semantic_ids import SemanticIds, semantic_ids
from galen.features.tokenizing.tokenizers import TokenizerName, tokenizer_spec


@dataclass(frozen=True, slots=True)
class Coding:
    """Item vectors of some sources, and the tokenizer that turns them into codes."""

    tokenizer: TokenizerName
    sizes: tuple[int, ...]
    sources: tuple[Source, ...]
    vector_size: int
    tokenizer_settings: Mapping[str, Any] = field(default_factory=dict)  # besides its sizes

    def ids(self, data: Dataset, seed: int) -> SemanticIds:
        """Semantic ids of a shop's catalogue.

        Raises:
            SemanticIdError: the tokenizer has no such settings, or cannot make codes of these sizes
                from these vectors.
        """
        spec = tokenizer_spec(self.tokenizer, self.sizes, self.tokenizer_settings)
        vectors = ItemVectors(self.sources, self.vector_size).fit(data, seed)
        tokenizer = spec.fit(vectors, seed)
        codes = tokenizer.codes(vectors)
        return semantic_ids(codes, tokenizer.sizes, data.catalogue.ids, self.tokenizer)

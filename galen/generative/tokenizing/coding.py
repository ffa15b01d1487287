"""How a channel that writes items makes the ids that it writes."""

from dataclasses import dataclass

from galen.data.dataset import Dataset
from galen.generative.tokenizing.item_vectors import ItemVectors, Source
from galen.generative.tokenizing.semantic_ids import SemanticIds, semantic_ids
from galen.generative.tokenizing.tokenizers import TOKENIZERS, TokenizerName


@dataclass(frozen=True, slots=True)
class Coding:
    """Item vectors of some sources, and the tokenizer that turns them into codes."""

    tokenizer: TokenizerName
    sizes: tuple[int, ...]
    sources: tuple[Source, ...]
    vector_size: int

    def ids(self, data: Dataset, seed: int) -> SemanticIds:
        """Semantic ids of a shop's catalogue.

        Raises:
            SemanticIdError: the tokenizer cannot make codes of these sizes from these vectors.
        """
        vectors = ItemVectors(self.sources, self.vector_size).fit(data, seed)
        tokenizer = TOKENIZERS[self.tokenizer](self.sizes).fit(vectors, seed)
        codes = tokenizer.codes(vectors)
        return semantic_ids(codes, tokenizer.sizes, data.catalogue.ids, self.tokenizer)

"""Every tokenizer by its name."""

from collections.abc import Callable, Mapping
from typing import Final

from galen.generative.residual_kmeans import ResidualKMeans
from galen.generative.semantic_ids import TokenizerSpec

TOKENIZERS: Final[Mapping[str, Callable[..., TokenizerSpec]]] = {
    "residual_kmeans": ResidualKMeans,
}
